"""A project the pipeline works on: where its vendor document, overlays and outputs are."""

from __future__ import annotations

import re
import threading
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rulewright.errors import InputError

EFFECTIVE: Final = "openapi.effective.json"
TABLE: Final = "[tool.rulewright]"
_DOCUMENTS: Final = {".yaml", ".yml", ".json"}
_OVERLAY: Final = re.compile(r"""^(?:\{\s*)?["']?overlay["']?[ \t]*:[ \t]*["']?\d""", re.MULTILINE)
_HEAD: Final = 65_536  # characters in which the version of an overlay is expected
_ENVIRONMENT: Final = re.compile(r"[A-Z][A-Z0-9_]*")
TIMEOUT: Final = 600.0
HTTP_LIBRARIES: Final = ("httpx", "httpx2")


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def _is_path(value: Any) -> bool:
    return isinstance(value, str)


def _is_timeout(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= threading.TIMEOUT_MAX


_KEYS: Final[dict[str, tuple[Callable[[Any], bool], str]]] = {
    "spec": (_is_text, "text"),
    "overlays": (lambda value: isinstance(value, list) and all(map(_is_path, value)), "a list of paths"),
    "package": (lambda value: _is_text(value) and value.isidentifier(), "a Python identifier"),
    "output": (_is_text, "text"),
    "timeout": (_is_timeout, "a number of seconds above 0"),
    "program": (_is_text, "text"),
    "summary": (_is_text, "text"),
    "environment": (
        lambda value: isinstance(value, str) and _ENVIRONMENT.fullmatch(value) is not None,
        "capital letters, digits and '_'",
    ),
    "http": (lambda value: value in HTTP_LIBRARIES, f"one of {', '.join(HTTP_LIBRARIES)}"),
    "impact": (lambda _: True, "a table"),  # checked where it is read
}
"""The keys of the table, which values fit each, and what they must be."""


@dataclass(frozen=True)
class Project:
    """One project's `[tool.rulewright]` table, with its paths made absolute.

    Args:
        root: The directory that holds `pyproject.toml`.
        spec: The vendor document.
        overlays: The overlay documents, in the order they apply.
        package: Import name of the generated package.
        output: The directory that regeneration owns as a whole.
        timeout: The seconds that the generator, or the formatter, may take.
        program: The name of the client's command.
        summary: What the command is for, in one sentence.
        environment: How the client's environment variables begin: NAME_API_KEY, NAME_BASE_URL.
        http: The HTTP library of the client, one of `HTTP_LIBRARIES`.
    """

    root: Path
    spec: Path
    overlays: tuple[Path, ...]
    package: str
    output: Path
    timeout: float = TIMEOUT
    program: str = "client"
    summary: str = "Call the API."
    environment: str = "CLIENT"
    http: str = HTTP_LIBRARIES[0]

    @property
    def added(self) -> Path:
        """The folder of the modules that the project adds to the package by hand; it need not exist."""
        return self.root / "overlays" / self.package

    @property
    def effective(self) -> Path:
        """The effective document that was generated last; it need not exist."""
        return self.output / EFFECTIVE

    def relative(self, path: Path) -> str:
        """Return a path as it is written in messages and in the manifest: relative, with slashes."""
        return path.relative_to(self.root).as_posix()


def load_project(root: str | Path) -> Project:
    """Read `[tool.rulewright]` of `root/pyproject.toml`.

    Raises:
        InputError: The file or table is missing or wrong, or a path leaves the project.
    """
    base = Path(root).resolve()
    path = base / "pyproject.toml"
    name = (Path(root) / "pyproject.toml").as_posix()
    try:
        table = read_table(path.read_bytes(), name)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", path=name) from error
    if unknown := sorted(table.keys() - _KEYS):
        raise InputError(f"{TABLE} does not know {unknown[0]!r}; it has {sorted(_KEYS)}", path=name)
    word = str(table.get("package"))
    defaults = {
        "overlays": [], "timeout": TIMEOUT, "program": word.replace("_", "-"), "http": HTTP_LIBRARIES[0],
        "summary": f"Call the operations of {word}.", "environment": word.upper(), "impact": {},
    }  # fmt: skip
    values = {key: table.get(key, defaults.get(key)) for key in _KEYS}
    for key, (fits, wanted) in _KEYS.items():
        if not fits(values[key]):
            raise InputError(f"{TABLE} {key} must be {wanted}, got {values[key]!r:.60}", path=name)
    del values["impact"]
    for key in ("spec", "output"):
        values[key] = _inside(base, values[key], name)
    values["overlays"] = listed = tuple(_inside(base, entry, name) for entry in values["overlays"])
    if values["output"] == base:
        raise InputError(f"{TABLE} output must be a directory of its own: regeneration replaces it", path=name)
    project = Project(root=base, **values)
    # an overlay that is not listed would not be applied
    for path in sorted((base / "overlays").glob("*")):
        if path.suffix.lower() not in _DOCUMENTS or path.resolve() in listed or not path.is_file():
            continue
        with path.open(encoding="utf-8", errors="replace") as stream:
            is_overlay = _OVERLAY.search(stream.read(_HEAD))
        if is_overlay:
            file = path.relative_to(base).as_posix()
            message = f"is not listed in overlays of {TABLE} in {name}, so it would not be applied"
            raise InputError(f"{message}; add {file!r} there, or move the file out of overlays/", path=file)
    return project


def read_table(content: bytes, name: str) -> dict[str, Any]:
    """Return the table `[tool.rulewright]` of a pyproject.toml, its values not checked.

    Raises:
        InputError: The content is not TOML, or has no such table.
    """
    try:
        table = tomllib.loads(content.decode()).get("tool", {}).get("rulewright")
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"is not TOML: {error}", path=name) from error
    if not isinstance(table, dict):
        raise InputError(f"has no table {TABLE}; it names spec, overlays, package and output", path=name)
    return table


def _inside(base: Path, entry: str, name: str) -> Path:
    path = (base / entry).resolve()
    if not path.is_relative_to(base):
        raise InputError(f"{TABLE} {entry!r} leads out of the project", path=name)
    return path
