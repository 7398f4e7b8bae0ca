"""The schemas of a document as JSON Schema: validators of them, and their properties with `allOf` included."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, Final, TypeVar

import jsonschema_rs

from rulewright.errors import InputError
from rulewright.openapi.pointer import decode, encode, resolve
from rulewright.openapi.references import follow

_MAPS: Final = ("properties", "patternProperties", "definitions", "$defs", "dependentSchemas")
_LISTS: Final = ("allOf", "anyOf", "oneOf", "prefixItems")
_SINGLES: Final = ("items", "additionalProperties", "not", "if", "then", "else", "propertyNames", "contains")

Modern = jsonschema_rs.Draft202012Validator
Draft4 = jsonschema_rs.Draft4Validator
V = TypeVar("V", Draft4, Modern)
Resolve = Callable[[Any], Any]


class SchemaError(InputError):
    """A schema cannot be compiled."""


class Schemas:
    """Validators for the schemas of one document.

    OpenAPI 3.0 schemas follow JSON Schema draft 4 plus `nullable`; those of 3.1 follow draft 2020-12.

    Args:
        document: The document.
        rules: Whether the schemas keep the members that state rules, which are otherwise checked one by one.
        without: Keywords that are left out.
    """

    def __init__(
        self, document: Mapping[str, Any], *, rules: bool = False, without: Collection[str] = frozenset()
    ) -> None:
        self.document = document
        self._rules_stay = rules
        self._without = without
        self.is_30 = str(document.get("openapi")).startswith("3.0")
        self._targets: dict[tuple[str, ...], Any] = {}

    def resolve(self, value: Any) -> Any:
        """Follow references until a value that is none; None where they lead nowhere."""
        return follow(self.document, value)

    def validator(self, schema: Any, *, formats: bool = True) -> Draft4 | Modern:
        """Return a validator of one schema.

        Args:
            schema: The schema.
            formats: Whether `format` is asserted.

        Raises:
            SchemaError: The schema is invalid; names the reason.
        """
        plain = self._plain(schema)
        root = {"allOf": [plain], **self._reachable(plain)}
        return compile_schema(root, Draft4 if self.is_30 else Modern, formats=formats)

    def _reachable(self, schema: Any) -> dict[str, Any]:
        """Return the parts of the document that a schema refers to, directly or not, where the document has them.

        A validator compiles all it is given, so it is not given the whole document.
        """
        root: dict[str, Any] = {}
        seen: set[tuple[str, ...]] = set()
        waiting = set(_targets(schema))
        while waiting:
            place = waiting.pop()
            if place in seen:
                continue
            seen.add(place)
            if place not in self._targets:
                try:
                    self._targets[place] = self._plain(resolve(self.document, encode(place)))
                except LookupError:
                    continue  # the validator names a dangling reference
            _put(root, place, self._targets[place])
            waiting |= set(_targets(self._targets[place]))
        return root

    def _plain(self, schema: Any) -> Any:
        """Return a schema as JSON Schema, with `nullable` as a type."""
        if not isinstance(schema, Mapping):
            return schema
        if "$ref" in schema:
            self.resolve(schema)  # its error message names the reference; the validator's does not
        plain = {
            key: _map_children(key, value, self._plain) for key, value in schema.items() if key not in self._without
        }
        members = [member for member in plain.get("allOf") or () if self._rules_stay or not is_rule(member)]
        if "allOf" in plain and not members:
            del plain["allOf"]
        elif "allOf" in plain:
            plain["allOf"] = members
        if self.is_30 and plain.pop("nullable", None) is True:
            if not isinstance(plain.get("type"), str) or {"enum", *_LISTS} & set(plain):
                return {"anyOf": [plain, {"type": "null"}]}
            plain["type"] = [plain["type"], "null"]
        return plain


def compile_schema(schema: Mapping[str, Any], kind: type[V], *, formats: bool = True) -> V:
    """Return a validator; it fetches nothing.

    Raises:
        SchemaError: The schema is invalid; names the reason.
    """
    try:
        return kind(dict(schema), validate_formats=formats, offline=True)
    except ValueError as error:
        reason = str(error).partition("\n")[0]
        raise SchemaError(f"a schema of the effective document cannot be compiled: {reason}") from error


def is_rule(member: Any) -> bool:
    """Return whether a member of `allOf` states a rule."""
    return isinstance(member, Mapping) and "x-rule" in member


def object_parts(resolve: Resolve, schema: Any) -> tuple[dict[str, Any], list[str]]:
    """Return properties and required names of an object schema, those of its allOf members included.

    Args:
        resolve: Follows references.
        schema: The schema.
    """
    found = resolve(schema)
    if not isinstance(found, Mapping):
        return {}, []
    properties = dict(found["properties"]) if isinstance(found.get("properties"), Mapping) else {}
    given = found.get("required")
    required = [name for name in given if isinstance(name, str)] if isinstance(given, list) else []
    for member in found.get("allOf") or ():
        more, names = object_parts(resolve, member)
        properties |= more
        required += [name for name in names if name not in required]
    return properties, required


def _targets(value: Any) -> Iterator[tuple[str, ...]]:
    """Yield where the references of a schema lead, a component as a whole; too many do no harm."""
    if isinstance(value, Mapping):
        for keyword in ("$ref", "$dynamicRef"):
            reference = value.get(keyword)
            if isinstance(reference, str) and reference.startswith("#/"):
                with contextlib.suppress(ValueError):
                    place = decode(reference)
                    yield place[:3] if place[:2] == ("components", "schemas") else place
    for child in value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ():
        yield from _targets(child)


def _put(root: dict[str, Any], place: tuple[str, ...], value: Any) -> None:
    """Put a value in its place in a part of a document, beside what is there already."""
    for key in place[:-1]:
        root = root.setdefault(key, {})
        if not isinstance(root, dict):
            return  # within a list that is there as a whole
    beside = root.get(place[-1])
    root[place[-1]] = {**value, **beside} if isinstance(value, dict) and isinstance(beside, dict) else value


def _map_children(keyword: str, value: Any, change: Callable[[Any], Any]) -> Any:
    """Apply a change to the schemas directly under one keyword; examples and defaults are left alone."""
    if keyword in _MAPS and isinstance(value, Mapping):
        return {name: change(child) for name, child in value.items()}
    if keyword in _LISTS and isinstance(value, list):
        return [change(child) for child in value]
    return change(value) if keyword in _SINGLES else value
