"""Validate an OpenAPI document with the libraries for it, and say where in it a fault is."""

from __future__ import annotations

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
from rulewright.openapi.pointer import Location

VALIDATORS: Final = {
    "3.0": (schema_v30, OpenAPIV30SpecValidator),
    "3.1": (schema_v31, OpenAPIV31SpecValidator),
    "3.2": (schema_v32, OpenAPIV32SpecValidator),
}
_NAMED: Final = frozenset(
    {
        "properties", "patternProperties", "$defs", "schemas", "responses", "parameters", "headers", "requestBodies",
        "securitySchemes", "links", "callbacks", "examples", "content", "encoding", "scopes", "mapping",
    }
)  # fmt: skip
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


def _without_defaults(value: Any, *, names: bool = False) -> Any:
    """Return a copy whose schemas have no defaults; `names` tells that the keys of an object were chosen by somebody.

    A default that does not fit its schema is common (Kubernetes has hundreds) and changes nothing: the client sends
    none, and the sandbox answers with one only where it fits.
    """
    if isinstance(value, list):
        return [_without_defaults(child) for child in value]
    if not isinstance(value, dict):
        return value
    return {
        key: child if key == "servers" and not names else _without_defaults(child, names=key in _NAMED and not names)
        for key, child in value.items()
        if names or key != "default"
    }


def _without_examples(value: Any, *, names: bool = False) -> Any:
    """Return a copy whose schemas have no list of examples; `names` is as above.

    OpenAPI 3.0 knows `example` only, but whole families of documents have the list of 3.1, and it decides nothing.
    """
    if isinstance(value, list):
        return [_without_examples(child) for child in value]
    if not isinstance(value, dict):
        return value
    is_schema = not names and "in" not in value and "schema" not in value
    return {
        key: _without_examples(child, names=key in _NAMED and not names)
        for key, child in value.items()
        if not (is_schema and key == "examples" and isinstance(child, list))
    }


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
