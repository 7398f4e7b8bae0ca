"""The manifest: hashes of every input and output and the version of every tool, so that drift has a reason."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

from rulewright.errors import InputError
from rulewright.files import Tree, read_tree
from rulewright.generate.generator import PINNED
from rulewright.openapi.document import to_json
from rulewright.project import Project

NAME: Final = "manifest.json"
ORIGIN: Final = "overlays/origin.json"
"""Which pages the vendor document was made of; written by the importer, absent where nothing was imported."""
PIPELINE: Final = "the pipeline"
_PIPELINE: Final = Path(__file__).resolve().parents[1]
_PARTS: Final = (
    "*.py",
    "*.schema.json",
    "openapi/*.py",
    "overlay/*.py",
    "rules/*.py",
    "generate/**/*.py",
    "generate/templates/**/*.jinja",
    "runtime/**/*.py",
)


def sha256(content: bytes) -> str:
    """Return the hexadecimal SHA-256 of some bytes."""
    return hashlib.sha256(content).hexdigest()


def inputs(project: Project) -> dict[str, str]:
    """Return the hash of everything the output depends on, by name.

    Raises:
        InputError: An input cannot be read.
    """
    result = {}
    added = [project.added / path for path in sorted(read_tree(project.added))] if project.added.is_dir() else []
    for path in (project.spec, *project.overlays, *added):
        try:
            result[project.relative(path)] = sha256(path.read_bytes())
        except OSError as error:
            raise InputError(f"cannot be read: {error.strerror}", path=project.relative(path)) from error
    if origin := _origin(project):
        result[ORIGIN] = sha256(origin)
    settings = {"package": project.package, "spec": project.relative(project.spec)}
    settings |= {"program": project.program, "summary": project.summary, "environment": project.environment}
    settings["overlays"] = " ".join(map(project.relative, project.overlays))
    result["pyproject.toml [tool.rulewright]"] = sha256(json.dumps(settings, sort_keys=True).encode())
    result[PIPELINE] = _pipeline()
    return result


def manifest(
    project: Project, outputs: Tree, operations: Mapping[str, int], gaps: Sequence[Mapping[str, str]]
) -> bytes:
    """Return the manifest of a build.

    Args:
        project: What was built.
        outputs: The files it gave.
        operations: How many the document has, and the client.
        gaps: What the client lacks, and why.
    """
    return to_json(
        {
            "generated": f"by rulewright from {project.relative(project.spec)}; do not edit",
            "pages": _pages(project),
            "inputs": inputs(project),
            "tools": PINNED,
            "operations": operations,
            **({"gaps": list(gaps)} if gaps else {}),
            "outputs": {path: sha256(outputs[path]) for path in sorted(outputs)},
        }
    ).encode()


def read_manifest(project: Project) -> dict[str, Any] | None:
    """Return the manifest of the last build, or None if there is none that can be understood."""
    try:
        value = json.loads((project.output / NAME).read_bytes())
    except (OSError, ValueError):
        return None
    keys = ("inputs", "tools", "outputs")
    return value if isinstance(value, dict) and all(isinstance(value.get(key), dict) for key in keys) else None


def _origin(project: Project) -> bytes | None:
    try:
        return (project.root / ORIGIN).read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", path=ORIGIN) from error


def _pages(project: Project) -> list[Any]:
    """Return the origin and hash of each page, as the importer recorded them; none if it imported another document.

    Raises:
        InputError: The record is none.
    """
    content = _origin(project)
    if content is None:
        return []
    try:
        record = json.loads(content)
        pages: list[Any] = record["pages"]
        return pages if record["document"]["sha256"] == sha256(project.spec.read_bytes()) else []
    except (ValueError, LookupError, TypeError) as error:
        raise InputError("is not a record of imported pages; import them again", path=ORIGIN) from error


def is_edited(actual: Tree, recorded: Mapping[str, str]) -> bool:
    """Return whether an output directory differs from what a manifest recorded of it."""
    return {path: sha256(content) for path, content in actual.items() if path != NAME} != recorded


def reasons(recorded: Mapping[str, Any] | None, project: Project) -> list[str]:
    """Return what changed since the recorded build; empty if nothing did."""
    if recorded is None:
        return [f"there is no {NAME}"]
    result = _describe_changes(recorded["inputs"], inputs(project), "changed")
    return result + _describe_changes(recorded["tools"], PINNED, "is another version")


def _describe_changes(before: Mapping[str, str], now: Mapping[str, str], word: str) -> list[str]:
    result = [f"{name} {word}" for name in now if name in before and before[name] != now[name]]
    result += [f"{name} is new" for name in now if name not in before]
    return result + [f"{name} is gone" for name in before if name not in now]


@cache
def _pipeline() -> str:
    """Return one hash over the source that the output depends on, since it decides the bytes too."""
    files = sorted(path for part in _PARTS for path in _PIPELINE.glob(part))
    lines = [f"{path.relative_to(_PIPELINE).as_posix()} {sha256(path.read_bytes())}" for path in files]
    return sha256("\n".join(lines).encode())
