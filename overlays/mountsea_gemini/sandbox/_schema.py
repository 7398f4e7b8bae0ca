"""Schemas of an OpenAPI document as JSON Schema, without the rules, which are checked one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from ._extra import missing
from ._spec import Schema, Spec, SpecError

try:
    import jsonschema_rs
except ImportError as error:
    raise missing(error) from error

_MAPS: Final = ("properties", "patternProperties", "definitions", "$defs", "dependentSchemas")
_LISTS: Final = ("allOf", "anyOf", "oneOf", "prefixItems")
_SINGLES: Final = ("items", "additionalProperties", "not", "if", "then", "else", "propertyNames", "contains")

Modern = jsonschema_rs.Draft202012Validator
Draft4 = jsonschema_rs.Draft4Validator
SchemaError = jsonschema_rs.ValidationError
V = TypeVar("V", Draft4, Modern)
Location = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Only:
    """One of several alternatives: what fits it alone must keep its rules.

    Args:
        alternative: The one.
        others: The others; what fits one of them too may keep the rules of that.
    """

    alternative: Draft4 | Modern
    others: tuple[Draft4 | Modern, ...]

    def fits(self, value: Any) -> bool:
        """Tell whether a value fits this alternative and no other."""
        return self.alternative.is_valid(value) and not any(other.is_valid(value) for other in self.others)


Pattern = tuple[str | Only | None, ...]


class Schemas:
    """Validators for the schemas of one document.

    OpenAPI 3.0 schemas follow JSON Schema draft 4 plus `nullable`; those of 3.1 follow draft 2020-12.
    """

    def __init__(self, spec: Spec) -> None:
        self._spec = spec
        components = spec.document.get("components") or {}
        self._components = {
            "schemas": {name: self._plain(schema) for name, schema in (components.get("schemas") or {}).items()}
        }

    def validator(self, schema: Schema) -> Draft4 | Modern:
        """Return a validator of one schema, its rules left out."""
        root = {"allOf": [self._plain(schema)], "components": self._components}
        return compiled(root, Draft4) if self._spec.is_30 else compiled(root, Modern)

    def rules(self, schema: Schema) -> Iterator[tuple[Pattern, Mapping[str, Any]]]:
        """Yield each rule that binds instances of a schema, and where in them; None stands for any item.

        Rules below anyOf or oneOf bind what fits no other of the alternatives.
        """
        yield from self._rules(schema, (), frozenset())

    def _rules(self, schema: Any, where: Pattern, above: frozenset[int]) -> Iterator[tuple[Pattern, Mapping[str, Any]]]:
        value = self._spec.resolve(schema)
        if not isinstance(value, Mapping) or id(value) in above:
            return
        above |= {id(value)}
        for rule in value.get("x-rules") or ():
            yield where, rule
        for member in value.get("allOf") or ():
            yield from self._rules(member, where, above)
        for keyword in ("anyOf", "oneOf"):
            for index, member in enumerate(value.get(keyword) or ()):
                yield from self._alternative(value[keyword], index, member, where, above)
        for name, child in (value.get("properties") or {}).items():
            yield from self._rules(child, (*where, name), above)
        yield from self._rules(value.get("items"), (*where, None), above)

    def _alternative(
        self, members: list[Any], index: int, member: Any, where: Pattern, above: frozenset[int]
    ) -> Iterator[tuple[Pattern, Mapping[str, Any]]]:
        if found := list(self._rules(member, (), above)):
            others = tuple(self.validator(other) for at, other in enumerate(members) if at != index)
            only = Only(self.validator(member), others)
            yield from (((*where, only, *inner), rule) for inner, rule in found)

    def _plain(self, schema: Any) -> Any:
        if not isinstance(schema, Mapping):
            return schema
        if "$ref" in schema:
            self._spec.resolve(schema)  # says what is wrong with it better than the validator would
        plain = {key: _map_children(key, value, self._plain) for key, value in schema.items()}
        members = [member for member in plain.get("allOf", ()) if not _is_rule(member)]
        if "allOf" in plain and not members:
            del plain["allOf"]
        elif "allOf" in plain:
            plain["allOf"] = members
        if self._spec.is_30 and plain.pop("nullable", False) is True:
            if not isinstance(plain.get("type"), str) or {"enum", *_LISTS} & set(plain):
                return {"anyOf": [plain, {"type": "null"}]}
            plain["type"] = [plain["type"], "null"]
        return plain


def compiled(schema: Mapping[str, Any], kind: type[V]) -> V:
    """Return a validator.

    Raises:
        SpecError: The schema is none; says why.
    """
    try:
        return kind(dict(schema), validate_formats=True, offline=True)
    except ValueError as error:
        reason = str(error).partition("\n")[0]
        raise SpecError(f"a schema of the effective spec cannot be compiled: {reason}") from error


def _map_children(keyword: str, value: Any, change: Callable[[Any], Any]) -> Any:
    """Apply a change to the schemas directly under one keyword; examples and defaults are left alone."""
    if keyword in _MAPS and isinstance(value, Mapping):
        return {name: change(child) for name, child in value.items()}
    if keyword in _LISTS and isinstance(value, list):
        return [change(child) for child in value]
    return change(value) if keyword in _SINGLES else value


def _is_rule(member: Any) -> bool:
    return isinstance(member, Mapping) and "x-rule" in member


def instances(value: Any, pattern: Pattern, at: Location = ()) -> Iterator[tuple[Location, Any]]:
    """Yield the parts of a value that a pattern names, with their locations."""
    if not pattern:
        yield at, value
    elif isinstance(pattern[0], Only):
        yield from instances(value, pattern[1:], at) if pattern[0].fits(value) else ()
    elif pattern[0] is None:
        for index, item in enumerate(value if isinstance(value, list) else ()):
            yield from instances(item, pattern[1:], (*at, index))
    elif isinstance(value, dict) and pattern[0] in value:
        yield from instances(value[pattern[0]], pattern[1:], (*at, pattern[0]))


def pointer(location: Location) -> str:
    """Return the JSON pointer of a location."""
    return "".join("/" + str(key).replace("~", "~0").replace("/", "~1") for key in location)
