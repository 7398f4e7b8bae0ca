"""A project the pipeline works on: where its vendor document, overlays and outputs are."""

from __future__ import annotations

import re
import threading
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rulewright.errors import InputError

EFFECTIVE: Final = "openapi.effective.json"
TABLE: Final = "[tool.rulewright]"
_KEYS: Final = {
    "impact",
    "spec",
    "overlays",
    "package",
    "output",
    "timeout",
    "program",
    "summary",
    "environment",
    "http",
}
_DOCUMENTS: Final = {".yaml", ".yml", ".json"}
_OVERLAY: Final = re.compile(r"""^(?:\{\s*)?["']?overlay["']?[ \t]*:[ \t]*["']?\d""", re.MULTILINE)
_HEAD: Final = 65_536  # characters in which the version of an overlay is expected
_ENVIRONMENT: Final = re.compile(r"[A-Z][A-Z0-9_]*")
TIMEOUT: Final = 600.0
HTTP_LIBRARIES: Final = ("httpx", "httpx2")


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
    if unknown := sorted(set(table) - _KEYS):
        raise InputError(f"{TABLE} does not know {unknown[0]!r}; it has {sorted(_KEYS)}", path=name)
    package = _text(table, "package", name)
    if not package.isidentifier():
        raise InputError(f"{TABLE} package must be a Python identifier, got {package!r}", path=name)
    overlays = table.get("overlays", [])
    if not isinstance(overlays, list) or not all(isinstance(entry, str) for entry in overlays):
        raise InputError(f"{TABLE} overlays must be a list of paths", path=name)
    listed = tuple(_inside(base, entry, name) for entry in overlays)
    output = _inside(base, _text(table, "output", name), name)
    if output == base:
        raise InputError(f"{TABLE} output must be a directory of its own: regeneration replaces it", path=name)
    project = Project(
        root=base,
        spec=_inside(base, _text(table, "spec", name), name),
        overlays=listed,
        package=package,
        output=output,
        timeout=_seconds(table.get("timeout", TIMEOUT), name),
        program=_text({"program": package.replace("_", "-"), **table}, "program", name),
        summary=_text({"summary": f"Call the operations of {package}.", **table}, "summary", name),
        environment=_environment({"environment": package.upper(), **table}, name),
        http=_library(table.get("http", HTTP_LIBRARIES[0]), name),
    )
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


def _library(value: Any, name: str) -> str:
    if value not in HTTP_LIBRARIES:
        raise InputError(f"{TABLE} http must be one of {', '.join(HTTP_LIBRARIES)}, got {value!r:.60}", path=name)
    return str(value)


def _environment(table: dict[str, Any], name: str) -> str:
    value = _text(table, "environment", name)
    if not _ENVIRONMENT.fullmatch(value):
        raise InputError(f"{TABLE} environment must be capital letters, digits and '_', got {value!r}", path=name)
    return value


def _text(table: dict[str, Any], key: str, name: str) -> str:
    value = table.get(key)
    if not isinstance(value, str) or not value:
        raise InputError(f"{TABLE} {key} must be text, got {value!r}", path=name)
    return value


def _seconds(value: Any, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= threading.TIMEOUT_MAX:
        raise InputError(f"{TABLE} timeout must be a number of seconds above 0, got {value!r:.60}", path=name)
    return float(value)


def _inside(base: Path, entry: str, name: str) -> Path:
    path = (base / entry).resolve()
    if not path.is_relative_to(base):
        raise InputError(f"{TABLE} {entry!r} leads out of the project", path=name)
    return path
