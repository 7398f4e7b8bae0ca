"""Schemas of an OpenAPI document as JSON Schema, without the rules, which are checked one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeVar
from urllib.parse import unquote

import jsonschema_rs

from rulewright.sandbox._pointer import Location, tokens_of
from rulewright.sandbox._spec import Schema, Spec, SpecError

_MAPS: Final = ("properties", "patternProperties", "definitions", "$defs", "dependentSchemas")
_LISTS: Final = ("allOf", "anyOf", "oneOf", "prefixItems")
_SINGLES: Final = ("items", "additionalProperties", "not", "if", "then", "else", "propertyNames", "contains")

Modern = jsonschema_rs.Draft202012Validator
Draft4 = jsonschema_rs.Draft4Validator
SchemaError = jsonschema_rs.ValidationError
V = TypeVar("V", Draft4, Modern)


class Schemas:
    """Validators for the schemas of one document.

    OpenAPI 3.0 schemas follow JSON Schema draft 4 plus `nullable`; those of 3.1 follow draft 2020-12.
    """

    def __init__(self, spec: Spec) -> None:
        self._spec = spec
        self._branches: dict[int, Draft4 | Modern] = {}
        components = spec.document.get("components") or {}
        self._components = {name: self._plain(schema) for name, schema in (components.get("schemas") or {}).items()}
        self._named = {name: set(_components(schema)) for name, schema in self._components.items()}

    def validator(self, schema: Schema) -> Draft4 | Modern:
        """Return a validator of one schema, its rules left out."""
        plain = self._plain(schema)
        root = {"allOf": [plain], "components": {"schemas": self._reachable(plain)}}
        return compiled(root, Draft4) if self._spec.is_30 else compiled(root, Modern)

    def _reachable(self, schema: Any) -> Mapping[str, Any]:
        """Return the components that a schema refers to, directly or not: a validator compiles all it is given."""
        found: dict[str, Any] = {}
        waiting = set(_components(schema))
        while waiting:
            name = waiting.pop()
            if name in self._components and name not in found:
                found[name] = self._components[name]
                waiting |= self._named[name]
        return found

    def rules(self, schema: Schema) -> Iterator[tuple[bool, Mapping[str, Any]]]:
        """Yield each rule that may bind a value of a schema or a part of it, and whether it always binds the whole."""
        seen: set[str] = set()
        for whole, rule in self._rules(schema, frozenset(), whole=True):
            if rule.get("id") not in seen:
                seen.add(str(rule.get("id")))
                yield whole, rule

    def _rules(self, schema: Any, above: frozenset[int], *, whole: bool) -> Iterator[tuple[bool, Mapping[str, Any]]]:
        value = self._spec.resolve(schema)
        if not isinstance(value, Mapping) or id(value) in above:
            return
        above |= {id(value)}
        yield from ((whole, rule) for rule in value.get("x-rules") or ())
        for member in value.get("allOf") or ():
            if not _is_rule(member):
                yield from self._rules(member, above, whole=whole)
        within = [*(value.get("properties") or {}).values(), value.get("items"), value.get("additionalProperties")]
        for child in (*within, *(value.get("oneOf") or ()), *(value.get("anyOf") or ())):
            yield from self._rules(child, above, whole=False)

    def ruled(
        self, schema: Any, value: Any, at: Location = (), above: frozenset[int] = frozenset()
    ) -> Iterator[tuple[Location, Any, Mapping[str, Any]]]:
        """Yield each part of a value that a rule binds, where it stands, and the rule.

        Of a choice only where it is clear which alternative is meant: the value fits no other.
        """
        schema = self._spec.resolve(schema)
        if not isinstance(schema, Mapping) or id(schema) in above:
            return
        above |= {id(schema)}
        yield from ((at, value, rule) for rule in schema.get("x-rules") or ())
        for member in schema.get("allOf") or ():
            if not _is_rule(member):
                yield from self.ruled(member, value, at, above)
        for keyword in ("oneOf", "anyOf"):
            fitting = [member for member in schema.get(keyword) or () if self._branch(member).is_valid(value)]
            if len(fitting) == 1:
                yield from self.ruled(fitting[0], value, at, above)
        if isinstance(value, dict):
            properties, others = schema.get("properties") or {}, schema.get("additionalProperties")
            for name, child in value.items():
                yield from self.ruled(properties.get(name, others), child, (*at, name))
        elif isinstance(value, list):
            for index, item in enumerate(value):
                yield from self.ruled(schema.get("items"), item, (*at, index))

    def _branch(self, member: Any) -> Draft4 | Modern:
        """Return the validator of an alternative, made when it is first asked."""
        if id(member) not in self._branches:
            self._branches[id(member)] = self.validator(member)
        return self._branches[id(member)]

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
        if self._spec.is_30 and plain.pop("nullable", None) is True:
            if not isinstance(plain.get("type"), str) or {"enum", *_LISTS} & set(plain):
                return {"anyOf": [plain, {"type": "null"}]}
            plain["type"] = [plain["type"], "null"]
        return plain


def _components(value: Any) -> Iterator[str]:
    """Yield the names of the components that a schema refers to or into, wherever in it; too much does no harm."""
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, Mapping):
            waiting += part.values()
            for keyword in ("$ref", "$dynamicRef"):
                if keyword in part:
                    match tokens_of(unquote(str(part[keyword]))):
                        case ["components", "schemas", name, *_]:
                            yield name
        elif isinstance(part, list):
            waiting += part


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
