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
from rulewright.openapi.faults import find_faults, refuse_faults, show_value
from rulewright.openapi.pointer import Location
from rulewright.openapi.references import compose_without_circles, objects

VALIDATORS: Final = {
    "3.0": (schema_v30, OpenAPIV30SpecValidator),
    "3.1": (schema_v31, OpenAPIV31SpecValidator),
    "3.2": (schema_v32, OpenAPIV32SpecValidator),
}
_SHOWN: Final = 5
_CUT: Final = 160

_DISLIKED: Final = frozenset(
    {"additionalProperties", "format", "patternProperties", "propertyNames", "unevaluatedProperties", "uniqueItems"}
)
_PROSE: Final = frozenset(
    {"contact", "description", "example", "examples", "externalDocs", "license", "summary", "tags", "termsOfService"}
)
"""Where nothing that a client does depends on the value."""

# What the validator itself stumbles over: found by feeding it some 10,000 damaged documents.
_STUMBLES: Final = (Unresolvable, LookupError, TypeError, ValueError, AttributeError, re.error)


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


def _findings(document: Document, version: str) -> Iterator[tuple[InputError, bool]]:
    """Yield what the validator finds, and whether it merely dislikes it.

    Findings about the meaning come only where the shape is right, as they build on it; `find_faults` has refused
    those that matter.
    """
    schema, validator = VALIDATORS[version]
    # Run by hand: what the library itself runs, and so the words, depend on the packages installed.
    shape = validator_for(schema)(schema)
    try:
        value = _without_examples(document.value) if version == "3.0" else document.value
        errors = [(best_match([error]) or error, error) for error in shape.iter_errors(value)]
        found = [
            (best.message, tuple(best.absolute_path), _is_disliked(error)) for best, error in errors if _is_fault(best)
        ]
        if not found:
            value = compose_without_circles(_without_defaults(value))
            root = SchemaPath.from_dict(value, handlers=_NoFetching())
            others = filter(_is_fault, validator(root).iter_errors())
            found = [(error.message, _locate(value, error), True) for error in others]
    except RecursionError as error:
        message = "cannot be validated: it is nested too deeply, or a schema contains itself without end"
        raise document.error(message) from error
    except _STUMBLES as error:
        message = f"cannot be validated: the validator ends with {type(error).__name__}: {_shorten(str(error))}"
        raise document.error(message) from error
    for text, location, disliked in dict.fromkeys(found):
        yield document.error(_shorten(text), location), disliked


def _is_fault(error: ValidationError) -> bool:
    """Return whether an error is one: of regular expressions the validator knows those of Python, not of ECMA-262."""
    return bool(error.validator_value != "regex")


def _is_disliked(error: ValidationError) -> bool:
    """Return whether a document with this fault of its shape can be used all the same."""
    if error.context:  # of alternatives, such as a schema or a reference to one
        alternatives: dict[Any, list[ValidationError]] = {}
        for each in error.context:
            alternatives.setdefault(each.schema_path[0], []).append(each)
        return any(all(map(_is_disliked, found)) for found in alternatives.values())
    place = tuple(error.absolute_path)
    required: Any = error.validator_value if error.validator == "required" else ()
    given: Any = error.instance
    missing = {name for name in required if name not in given}
    is_null = error.validator == "enum" and place[-1:] == ("type",) and error.instance == "null"
    return error.validator in _DISLIKED or bool(_PROSE & {*place, *missing}) or is_null


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


def _shorten(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _CUT else line[: _CUT // 2] + " ... " + line[-_CUT // 2 :]


def check_document(document: Document, *, strict: bool = False) -> list[InputError]:
    """Refuse what is not one whole, self-contained, valid OpenAPI 3 document.

    Args:
        document: The document.
        strict: Whether to refuse what a validator merely dislikes, too: something stumbled over the document.

    Returns:
        What a validator dislikes although the document can be used.

    Raises:
        InputError: Names all faults, each with its place.
    """
    version = minor_version(document)
    refuse_faults(document, find_faults(document.value))
    findings = [*_findings(document, version)]
    if faults := [finding for finding, disliked in findings if strict or not disliked]:
        raise _summary(faults, version)
    return [finding for finding, _ in findings]


def minor_version(document: Document) -> str:
    """Return `3.0`, `3.1` or `3.2`; refuse everything else."""
    if not isinstance(document.value, dict):
        raise document.error(f"must be an object, got {show_value(document.value)}")
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
    found = re.match(r"(3\.\d+)(?:\.|\Z)", str(version))
    if found is None:
        raise document.error(f"openapi must be a version such as '3.0.3', got {show_value(version)}", "/openapi")
    if found[1] not in VALIDATORS:
        known = ", ".join(VALIDATORS)
        raise document.error(f"OpenAPI {found[1]} is not known here; known are {known}", "/openapi")
    return found[1]
