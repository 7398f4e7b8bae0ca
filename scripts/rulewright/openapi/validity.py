"""Decide whether a document is one whole, self-contained, valid OpenAPI document."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from typing import Any, Final

from jsonschema.exceptions import ValidationError, best_match
from jsonschema.validators import validator_for
from jsonschema_path import SchemaPath
from openapi_spec_validator import OpenAPIV30SpecValidator, OpenAPIV31SpecValidator, OpenAPIV32SpecValidator
from openapi_spec_validator.schemas import schema_v30, schema_v31, schema_v32
from referencing.exceptions import Unresolvable

from rulewright.errors import InputError
from rulewright.openapi.document import Document
from rulewright.openapi.operations import operations, with_path_items
from rulewright.openapi.pointer import Location, encode, resolve
from rulewright.openapi.references import check_references, objects

VALIDATORS: Final = {
    "3.0": (schema_v30, OpenAPIV30SpecValidator),
    "3.1": (schema_v31, OpenAPIV31SpecValidator),
    "3.2": (schema_v32, OpenAPIV32SpecValidator),
}
_SHOWN: Final = 5
_CUT: Final = 160

# What the validator itself stumbles over: found by feeding it some 10,000 damaged documents.
_STUMBLES: Final = (Unresolvable, LookupError, TypeError, ValueError, AttributeError, re.error)


def check_validity(document: Document, version: str) -> None:
    """Refuse a document that breaks the rules of its OpenAPI version.

    Args:
        document: One whose references all lead somewhere in it.
        version: A key of `VALIDATORS`.

    Raises:
        InputError: Shows up to five faults, each with line and JSON pointer where they can be found out.
    """
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


def _findings(document: Document, version: str) -> Iterator[InputError]:
    """Yield each distinct fault; those of meaning only where the shape is right, as they build on it."""
    schema, validator = VALIDATORS[version]
    # Run by hand: what the library itself runs, and so the words, depend on the packages installed.
    shape = validator_for(schema)(schema)
    try:
        value = _without_examples(document.value) if version == "3.0" else document.value
        errors = [best_match([error]) or error for error in shape.iter_errors(value)]
        found = [(error.message, tuple(error.absolute_path)) for error in errors]
        if not found:
            value = _without_defaults(value)
            root = SchemaPath.from_dict(value, handlers=_NoFetching())
            found = [(error.message, _locate(value, error)) for error in validator(root).iter_errors()]
    except RecursionError as error:
        message = "cannot be validated: it is nested too deeply, or a schema contains itself without end"
        raise document.error(message) from error
    except _STUMBLES as error:
        message = f"cannot be validated: the validator ends with {type(error).__name__}: {_cut(str(error))}"
        raise document.error(message) from error
    for text, location in dict.fromkeys(found):
        yield document.error(_cut(text), location)


def _without_defaults(value: Any) -> Any:
    """Return a copy whose schemas have no defaults; those of server variables are required, and stay.

    A default that does not fit its schema is common (Kubernetes has hundreds) and changes nothing: the client sends
    none, and the sandbox answers with one only where it fits.
    """
    value = copy.deepcopy(value)
    for location, found in objects(value):
        if location[-2:-1] != ("variables",):
            found.pop("default", None)
    return value


def _without_examples(value: Any) -> Any:
    """Return a copy whose schemas have no list of examples.

    OpenAPI 3.0 has `example` only, but many of its documents use the list of 3.1, which decides nothing.
    """
    value = copy.deepcopy(value)
    for _, found in objects(value):
        if isinstance(found.get("examples"), list) and "in" not in found and "schema" not in found:
            del found["examples"]
    return value


def _locate(value: Any, error: ValidationError) -> Location:
    """Return where a fault is, whose path counts from a schema or a default the library does not name.

    The offending value is still the very object of the document, and its path is the end of the location.
    """
    end = tuple(error.absolute_path)
    places = list(_places(value, ()))
    for wanted in (error.instance, error.schema):
        for location, child in places:
            is_container = isinstance(child, (dict, list))
            if child is wanted and (end or is_container) and location[len(location) - len(end) :] == end:
                return location
        end = ()
    return ()


def _places(value: Any, location: Location) -> Iterator[tuple[Location, Any]]:
    yield location, value
    for key, child in value.items() if isinstance(value, dict) else enumerate(value if isinstance(value, list) else ()):
        yield from _places(child, (*location, key))


class _NoFetching(dict[str, Any]):
    """Handlers for every URI scheme there is: each refuses, so a document cannot make us open anything."""

    def __contains__(self, key: object) -> bool:
        return True

    def __getitem__(self, key: str) -> Any:
        return _refuse_to_fetch


def _refuse_to_fetch(uri: str) -> Any:
    raise LookupError(f"{uri!r} is not read: the document must be complete in itself")


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _CUT else line[: _CUT // 2] + " ... " + line[-_CUT // 2 :]


def check_security(document: Document) -> None:
    """Refuse a security requirement whose scheme the document does not define.

    Raises:
        InputError: Names the file, the line and the JSON pointer of the requirement.
    """
    value = document.value
    schemes = value.get("components", {}).get("securitySchemes", {})
    for location in ((), *(operation.location for operation in operations(value))):
        requirements = resolve(value, encode(location)).get("security", [])
        for index, requirement in enumerate(requirements if isinstance(requirements, list) else []):
            for name in requirement if isinstance(requirement, dict) else {}:
                if name not in schemes:
                    message = f"the security scheme {name!r} is used but not defined, so a part is missing"
                    raise document.error(message, (*location, "security", index, name))


def check_document(document: Document) -> None:
    """Refuse what is not one whole, self-contained, valid OpenAPI 3 document.

    Raises:
        InputError: Names the file, the line and the JSON pointer of the first fault.
    """
    version = minor_version(document)
    check_shape(document)
    check_references(document)
    check_security(document)
    check_validity(document, version)


def minor_version(document: Document) -> str:
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


def check_shape(document: Document) -> None:
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
    if not any(operations(with_path_items(value))):
        raise document.error("has no operation, so a part of the document is missing", "/paths")


def _shown(value: Any) -> str:
    text = "nothing" if value is None else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
