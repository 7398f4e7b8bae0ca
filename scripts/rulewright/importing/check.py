"""Decide whether the OpenAPI text of a page is one whole, valid document."""

from __future__ import annotations

import difflib
import re
from typing import Any, Final

from rulewright.errors import InputError
from rulewright.importing.fragment import Fragment
from rulewright.importing.reference import check_references, check_security, operations
from rulewright.importing.validity import VALIDATORS, check_validity
from rulewright.openapi.document import Document, parse
from rulewright.openapi.path_items import with_path_items
from rulewright.openapi.pointer import encode, resolve

_CUT: Final = 160


def read_fragment(fragment: Fragment, *, whole: bool = True) -> Document:
    """Read and check the document of one fragment.

    Args:
        fragment: The fragment.
        whole: Whether it must be valid as it stands; else only what reading it relies on is checked.

    Raises:
        InputError: It is not whole or not valid, or lacks the operation its fence announces; names the
            page and the line on the page.
    """
    document = parse(fragment.text, fragment.page, first_line=fragment.first_line)
    if whole:
        check_document(document)
    else:
        _minor_version(document)
        _check_shape(document)
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
    check_validity(document, version)


def _minor_version(document: Document) -> str:
    """Return `3.0`, `3.1` or `3.2`; refuse everything else."""
    if not isinstance(document.value, dict):
        raise document.error(f"must be an object, got {_shown(document.value)}")
    if "swagger" in document.value:
        raise document.error(
            "is Swagger 2.0; OpenAPI 3 is needed: convert it first, with swagger2openapi for example", "/swagger"
        )
    paths = document.value.get("paths")
    if "openapi" not in document.value and isinstance(paths, dict) and isinstance(paths.get("path"), str):
        raise document.error(
            "is one operation as a documentation tool renders it (path, method, request beside each other), and no "
            "OpenAPI document; the vendor's own document, which such a page is made of, is needed",
            "/paths",
        )
    version = document.value.get("openapi")
    found = re.fullmatch(r"(3\.\d+)\.\d+(?:-\S+)?", version) if isinstance(version, str) else None
    if found is None:
        raise document.error(f"openapi must be a version such as '3.0.3', got {_shown(version)}", "/openapi")
    if found[1] not in VALIDATORS:
        known = ", ".join(VALIDATORS)
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
        if not isinstance(text, str):  # an empty one is one: tools that publish a page at a time leave it so
            raise document.error(f"info.{key} must be text, got {_shown(text)}", f"/info/{key}")
    for keys in (("components",), ("components", "securitySchemes")):
        found = resolve(value, encode(keys[:-1])).get(keys[-1], {})
        if not isinstance(found, dict):
            raise document.error(f"{'.'.join(keys)} must be an object, got {_shown(found)}", keys)
        if not found:
            break
    if not operations(with_path_items(value)):
        raise document.error("has no operation, so a part of the document is missing", "/paths")


def _check_announced(document: Document, fragment: Fragment, announced: tuple[str, str]) -> None:
    names = [f"{method.upper()} {path}" for _, path, method in operations(document.value)]
    wanted = f"{announced[0].upper()} {announced[1]}"
    if wanted not in names:
        near = difflib.get_close_matches(wanted, names, n=1)
        hint = f"did you mean {near[0]}?" if near else f"it has {', '.join(names)[:_CUT]}"
        message = f"the block announces {wanted}, but its document has no such operation; {hint}"
        raise InputError(message, path=fragment.page, line=fragment.line)


def _shown(value: Any) -> str:
    text = "nothing" if value is None else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
