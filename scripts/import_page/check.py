"""Decide whether the OpenAPI text of a page is one whole, valid document."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from typing import Any, Final

from jsonschema.exceptions import best_match
from jsonschema.validators import validator_for
from jsonschema_path import SchemaPath
from openapi_spec_validator import OpenAPIV30SpecValidator, OpenAPIV31SpecValidator, OpenAPIV32SpecValidator
from openapi_spec_validator.schemas import schema_v30, schema_v31, schema_v32
from referencing.exceptions import Unresolvable

from scripts.document import Document, parse
from scripts.errors import InputError
from scripts.import_page.fragment import Fragment
from scripts.import_page.reference import check_references, check_security, operations
from scripts.pointer import encode, resolve

_VALIDATORS: Final = {
    "3.0": (schema_v30, OpenAPIV30SpecValidator),
    "3.1": (schema_v31, OpenAPIV31SpecValidator),
    "3.2": (schema_v32, OpenAPIV32SpecValidator),
}
_SHOWN: Final = 5
_CUT: Final = 160


def read_fragment(fragment: Fragment) -> Document:
    """Read and check the document of one fragment.

    Raises:
        InputError: It is not whole or not valid, or lacks the operation its fence announces; names the
            page and the line on the page.
    """
    document = parse(fragment.text, fragment.page, first_line=fragment.first_line)
    check_document(document)
    if fragment.announced is not None:
        _check_announced(document, fragment, fragment.announced)
    return document


def check_document(document: Document) -> None:
    """Refuse what is not one whole, self-contained, valid OpenAPI 3 document.

    Raises:
        InputError: Names the file, the line and the JSON pointer of the first fault.
    """
    version = _minor_version(document)
    _check_shape(document)
    check_references(document)
    check_security(document)
    if findings := list(_findings(document, version)):
        raise _summary(findings, version)


def _summary(findings: list[InputError], version: str) -> InputError:
    first, *rest = findings
    message = f"is not valid OpenAPI {version}: {first.message}"
    if not rest:
        return InputError(message, path=first.path, line=first.line, pointer=first.pointer)
    lines = [message, f"  at {first.pointer or '(document root)'}"]
    lines += [f"  also {finding}".replace("\n", "\n  ") for finding in rest[: _SHOWN - 1]]
    if len(findings) > _SHOWN:
        lines.append(f"  and {len(findings) - _SHOWN} more")
    return InputError("\n".join(lines), path=first.path, line=first.line)


def _minor_version(document: Document) -> str:
    """Return `3.0`, `3.1` or `3.2`; refuse everything else."""
    if not isinstance(document.value, dict):
        raise document.error(f"must be an object, got {_shown(document.value)}")
    if "swagger" in document.value:
        raise document.error("is Swagger 2.0; OpenAPI 3 is needed: convert it first", "/swagger")
    version = document.value.get("openapi")
    found = re.fullmatch(r"(3\.\d+)\.\d+(?:-\S+)?", version) if isinstance(version, str) else None
    if found is None:
        raise document.error(f"openapi must be a version such as '3.0.3', got {_shown(version)}", "/openapi")
    if found[1] not in _VALIDATORS:
        known = ", ".join(_VALIDATORS)
        raise document.error(f"OpenAPI {found[1]} is not known here; known are {known}", "/openapi")
    return found[1]


def _check_shape(document: Document) -> None:
    """Refuse a document that lacks what every later step relies on."""
    value = document.value
    for key in ("info", "paths"):
        if not isinstance(value.get(key), dict):
            raise document.error(f"{key} must be an object, got {_shown(value.get(key))}", f"/{key}")
    for key in ("title", "version"):
        text = value["info"].get(key)
        if not isinstance(text, str) or not text.strip():
            raise document.error(f"info.{key} must be text, got {_shown(text)}", f"/info/{key}")
    for keys in (("components",), ("components", "securitySchemes")):
        found = resolve(value, encode(keys[:-1])).get(keys[-1], {})
        if not isinstance(found, dict):
            raise document.error(f"{'.'.join(keys)} must be an object, got {_shown(found)}", keys)
        if not found:
            break
    if not operations(value):
        raise document.error("has no operation, so a part of the document is missing", "/paths")


def _check_announced(document: Document, fragment: Fragment, announced: tuple[str, str]) -> None:
    names = [f"{method.upper()} {path}" for _, path, method in operations(document.value)]
    wanted = f"{announced[0].upper()} {announced[1]}"
    if wanted not in names:
        near = difflib.get_close_matches(wanted, names, n=1)
        hint = f"did you mean {near[0]}?" if near else f"it has {', '.join(names)[:_CUT]}"
        message = f"the block announces {wanted}, but its document has no such operation; {hint}"
        raise InputError(message, path=fragment.page, line=fragment.line)


class _NoFetching(dict[str, Any]):
    """Handlers for every URI scheme there is: each refuses, so a document cannot make us open anything."""

    def __contains__(self, key: object) -> bool:
        return True

    def __getitem__(self, key: str) -> Any:
        return _refuse_to_fetch


def _refuse_to_fetch(uri: str) -> Any:
    raise InputError(f"the document asks to read {uri!r}; it must be complete in itself")


def _findings(document: Document, version: str) -> Iterator[InputError]:
    """Yield each distinct fault; those of meaning only where the shape is right, as they build on it."""
    schema, validator = _VALIDATORS[version]
    # Run by hand: what the library itself runs, and so the words, depend on the packages installed.
    shape = validator_for(schema)(schema)
    root = SchemaPath.from_dict(document.value, handlers=_NoFetching())
    try:
        errors = [best_match([error]) or error for error in shape.iter_errors(document.value)]
        found = [
            (_cut(error.message), tuple(error.absolute_path))
            for error in errors or validator(root).iter_errors()
        ]
    except RecursionError as error:
        message = "cannot be validated: it is nested too deeply, or a schema contains itself without end"
        raise document.error(message) from error
    except Unresolvable as error:
        raise document.error(f"cannot be validated: {_cut(str(error))}") from error
    for message, location in dict.fromkeys(found):
        yield document.error(message, location)


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _CUT else line[: _CUT // 2] + " ... " + line[-_CUT // 2 :]


def _shown(value: Any) -> str:
    text = "nothing" if value is None else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
