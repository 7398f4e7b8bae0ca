"""The files of a new project, but for its document and what is generated from it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rulewright.errors import InputError
from rulewright.new.layer import layer
from rulewright.new.name import API

_TEMPLATES: Final = Path(__file__).resolve().parent / "templates"
_SUFFIX: Final = ".txt"
SPEC: Final = "openapi.yaml"
EXECUTABLE: Final = (".ci/run",)


def scaffold(name: str, requirement: str, overlays: Sequence[Path] = ()) -> dict[str, bytes]:
    """Return every file by its path, with slashes.

    Args:
        name: Import name of the package people will import.
        requirement: What installs the pipeline.
        overlays: Overlay documents to begin with, applied in this order.

    Raises:
        InputError: An overlay cannot be read, or its name is no overlay's.
    """
    given = {f"overlays/{_overlay_name(path)}": _read(path) for path in overlays}
    words = {
        "package": name,
        "program": name.replace("_", "-"),
        "PREFIX": name.upper(),
        "generated": name + API,
        "requirement": json.dumps(requirement, ensure_ascii=False),
        "overlays": "".join(f"    {json.dumps(path, ensure_ascii=False)},\n" for path in given),
    }
    files = {_place(path, name): _filled(path, words) for path in sorted(_TEMPLATES.rglob(f"*{_SUFFIX}"))}
    if taken := sorted(set(files) & set(given)):
        raise InputError(f"every new project has a file {taken[0]}; give the overlay another name")
    carried = {f"overlays/{name}/{path}": content for path, content in layer(name).items()}
    return {**carried, **given, **files}


def _place(path: Path, name: str) -> str:
    """Return where a template belongs; `dot_` stands for a leading point, which packaging would leave out."""
    relative = path.relative_to(_TEMPLATES).as_posix().removesuffix(_SUFFIX)
    return relative.replace("dot_", ".").replace("PACKAGE", name)


def _filled(path: Path, words: dict[str, str]) -> bytes:
    text = path.read_text(encoding="utf-8")
    for word, value in words.items():
        text = text.replace(f"@{word}@", value)
    return text.encode()


def _overlay_name(path: Path) -> str:
    if not path.name.endswith((".yaml", ".yml", ".json")) or not path.name.isprintable():
        raise InputError("is not the name of an overlay; it ends in .yaml, .yml or .json", path=path.as_posix())
    return path.name


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", path=path.as_posix()) from error
