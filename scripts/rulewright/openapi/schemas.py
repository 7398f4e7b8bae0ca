"""The schemas of a document as JSON Schema 2020-12: validators, properties of `allOf` included, and tags."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Literal
from urllib.parse import unquote

import jsonschema_rs

from rulewright.errors import InputError
from rulewright.openapi.pointer import decode, encode, resolve
from rulewright.openapi.references import follow

_MAPS: Final = ("properties", "patternProperties", "definitions", "$defs", "dependentSchemas")
_LISTS: Final = ("allOf", "anyOf", "oneOf", "prefixItems")
_SINGLES: Final = (
    "items", "additionalProperties", "not", "if", "then", "else", "propertyNames", "contains", "unevaluatedProperties",
    "unevaluatedItems",
)  # fmt: skip
FORMATS: Final = ("date", "date-time", "email", "ipv4", "ipv6", "time", "uri", "uuid")
"""The formats that are checked, by clients too; all others are remarks for people."""
_REMARKS: Final[dict[str, Callable[[str], bool]]] = {
    name: lambda _: True
    for name in (
        "duration", "hostname", "idn-email", "idn-hostname", "iri", "iri-reference", "json-pointer", "regex",
        "relative-json-pointer", "uri-reference", "uri-template",
    )
}  # fmt: skip
_DOT: Final = re.compile(r"\\.|\[(?:\\.|[^\]\\])*\]|\.", re.DOTALL)
"""A dot of a pattern that stands for any character, or what may hold another."""
_NO_LINE_END: Final = "[^\n\r\u2028\u2029]"
"""What a dot means in ECMA-262; the validator's own would take three of these four."""
_OTHER_WAY: Final = {"request": "readOnly", "answer": "writeOnly"}

TYPES: Final[Mapping[type, str]] = {
    str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null", list: "array", dict: "object",
}  # fmt: skip
"""The JSON type of each type of value."""
Validator = jsonschema_rs.Draft202012Validator
Resolve = Callable[[Any], Any]
Direction = Literal["request", "answer"]


class SchemaError(InputError):
    """A schema cannot be compiled."""


class Schemas:
    """Validators for the schemas of one document.

    The schemas of OpenAPI 3.0, which follow an early draft of JSON Schema, are rewritten as those of 3.1.

    Args:
        document: The document.
        direction: The direction in which values travel: a request need not hold what is `readOnly`, nor an answer what
            is `writeOnly`.
        rules: Whether the schemas keep the members that state rules, which are otherwise checked one by one.
        tags: Whether the schemas of a direction keep their discriminators, which are otherwise written as conditions.
        leave_out: Whether a keyword of a schema is left out.
    """

    def __init__(
        self,
        document: Mapping[str, Any],
        direction: Direction | None = None,
        *,
        rules: bool = False,
        tags: bool = False,
        leave_out: Callable[[str, Mapping[str, Any]], bool] = lambda _, __: False,
    ) -> None:
        self.document = document
        self._rules_stay = rules
        self._tags_stay = tags
        self._leave_out = leave_out
        self.is_30 = str(document.get("openapi")).startswith("3.0")
        self._other_way = _OTHER_WAY.get(direction or "")
        self._targets: dict[tuple[str, ...], Any] = {}

    def resolve(self, value: Any) -> Any:
        """Follow references until a value that is none; None where they lead nowhere."""
        return follow(self.document, value)

    def validator(self, schema: Any) -> Validator:
        """Return a validator of one schema, its rules left out.

        Raises:
            SchemaError: The schema is invalid; names the reason.
        """
        return compile_schema(self.complete(schema))

    def complete(self, schema: Any) -> dict[str, Any]:
        """Return one schema as JSON Schema 2020-12, its rules left out, with whatever it refers to."""
        plain = self.plain(schema)
        root: dict[str, Any] = {}  # not the whole document: a validator compiles all it is given
        seen: set[tuple[str, ...]] = set()
        waiting = set(_targets(plain))
        while waiting:
            place = waiting.pop()
            if place in seen:
                continue
            seen.add(place)
            if place not in self._targets:
                try:
                    self._targets[place] = self.plain(resolve(self.document, encode(place)))
                except LookupError:
                    continue  # the validator names a dangling reference
            _set_at(root, place, self._targets[place])
            waiting |= set(_targets(self._targets[place]))
        return {"allOf": [plain], **root}

    def plain(self, schema: Any, inherited: Mapping[str, Any] | None = None) -> Any:
        """Return a schema as JSON Schema 2020-12: without the members that state rules, and `nullable` as a type.

        Args:
            schema: The schema.
            inherited: The properties of the schema that this one is a part of.
        """
        if not isinstance(schema, Mapping):
            return schema
        if "$ref" in schema:
            self.resolve(schema)  # its error message names the reference; the validator's does not
            if self.is_30:
                return {"$ref": schema["$ref"]}
        properties = dict(inherited or {})
        if self._other_way and ("required" in schema or "allOf" in schema):
            properties |= object_parts(self.resolve, schema)[0]
        plain = {
            key: _map_children(key, value, lambda child: self.plain(child, properties))
            if key == "allOf"
            else _map_children(key, value, self.plain)
            for key, value in schema.items()
            if key != "examples" and not self._leave_out(key, schema)  # some write them as OpenAPI does beside a schema
        }
        members = [member for member in plain.get("allOf") or () if self._rules_stay or not is_rule(member)]
        if "allOf" in plain and not members:
            del plain["allOf"]
        elif "allOf" in plain:
            plain["allOf"] = members
        if self._other_way and not self._tags_stay:
            self._choose_by_tag(schema, plain)
        if self._other_way and isinstance(plain.get("required"), list):
            plain["required"] = [name for name in plain["required"] if self.may_hold(properties.get(name))]
        if self._other_way == _OTHER_WAY["answer"] and isinstance(plain.get("properties"), dict):
            given = schema["properties"]
            plain["properties"] |= {name: False for name in given if not self.may_hold(given[name])}
        if isinstance(plain.get("pattern"), str):
            plain["pattern"] = _DOT.sub(lambda found: _NO_LINE_END if found[0] == "." else found[0], plain["pattern"])
        _modernize_bounds(plain)
        return _nullable(plain) if plain.pop("nullable", None) is True else plain

    def _choose_by_tag(self, schema: Mapping[str, Any], plain: dict[str, Any]) -> None:
        """Let a value whose tag is known fit the alternative of its tag, whichever others it fits."""
        name, known = union_tags(self.document, schema)
        keyword = "oneOf" if plain.get("oneOf") else "anyOf"
        if not known:
            return
        members = plain.pop(keyword)
        by_member = [[tag for tag, each in known.items() if each is given] for given in schema[keyword]]
        branches = [
            {"if": {"properties": {name: {"enum": words}}}, "then": member}
            for words, member in zip(by_member, members, strict=True)
            if words
        ]
        is_known = {"type": "object", "properties": {name: {"enum": list(known)}}, "required": [name]}
        chosen = {"if": is_known, "then": {"allOf": branches}, "else": {keyword: members}}
        plain["allOf"] = [*plain.get("allOf", ()), chosen]

    def may_hold(self, schema: Any) -> bool:
        """Return whether a property belongs to values of this direction."""
        marked = [schema, self.resolve(schema)] if self._other_way and isinstance(schema, Mapping) else []
        return not any(isinstance(each, Mapping) and each.get(self._other_way) is True for each in marked)


def _modernize_bounds(schema: dict[str, Any]) -> None:
    """Write the exclusion of a bound, which OpenAPI 3.0 writes as a boolean, as a bound of its own."""
    for bound in ("minimum", "maximum"):
        exclusive = f"exclusive{bound.capitalize()}"
        if isinstance(schema.get(exclusive), bool) and schema.pop(exclusive) and bound in schema:
            schema[exclusive] = schema.pop(bound)


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema that also accepts null."""
    if "$ref" in schema or set(_LISTS) & schema.keys() or not isinstance(schema.get("type"), str):
        return {"anyOf": [schema, {"type": "null"}]} if schema.keys() - {"description", "title"} else schema
    values = {"enum": [*schema["enum"], None]} if isinstance(schema.get("enum"), list) else {}
    return {**schema, **values, "type": [schema["type"], "null"]}


def compile_schema(schema: Any) -> Validator:
    """Return a validator; it fetches nothing, and knows the formats that a client checks.

    Raises:
        SchemaError: The schema is invalid; names the reason.
    """
    try:
        whole = schema if isinstance(schema, bool) else dict(schema)
        return Validator(whole, validate_formats=True, offline=True, formats=_REMARKS)
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


def _set_at(root: dict[str, Any], place: tuple[str, ...], value: Any) -> None:
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


SCHEMAS: Final = "#/components/schemas/"
_DEEPEST: Final = 16


def tag_field(schema: Mapping[str, Any]) -> str:
    """Return the field that a schema names as its discriminator; empty where it names none."""
    found = schema.get("discriminator")
    name = found.get("propertyName") if isinstance(found, Mapping) else None
    return name if isinstance(name, str) else ""


def tags(document: Any, schema: Mapping[str, Any], members: list[Any]) -> dict[str, Any]:
    """Return the member that each tag stands for.

    A tag is one of the mapping, else a value that one member alone lists for the field, else the name of a component.

    Args:
        document: The document.
        schema: The schema with the discriminator.
        members: The alternatives: those of a union, or the schemas that are derived from a base.
    """
    name, mapping = tag_field(schema), schema["discriminator"].get("mapping")
    named = {unquote(each["$ref"]): each for each in members if isinstance(each, Mapping) and "$ref" in each}
    by_schema = {id(follow(document, each)): each for each in reversed(members)}
    found: dict[str, Any] = {}
    for tag, target in mapping.items() if isinstance(mapping, Mapping) else ():
        for reference in (SCHEMAS + str(target), str(target)):
            meant = follow(document, {"$ref": reference})
            member = named.get(unquote(reference), by_schema.get(id(meant)) if meant is not None else None)
            found |= {str(tag): member} if member is not None else {}
    listed = [list(dict.fromkeys(_enum_values(document, each, name))) for each in members]
    for member, values in zip(members, listed, strict=True):
        own = [each for each in values if sum(each in others for others in listed) == 1]
        found |= {each: member for each in own if each not in found}
    for reference, member in named.items():
        found.setdefault(reference.rpartition("/")[2], member)
    return found


def union_tags(document: Any, schema: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the field that distinguishes the members of a `oneOf` or `anyOf`, and the member of each of its values."""
    members = schema.get("oneOf") or schema.get("anyOf")
    name = tag_field(schema)
    return (name, tags(document, schema, members)) if name and isinstance(members, list) else ("", {})


def _enum_values(document: Any, schema: Any, name: str, depth: int = 0) -> Iterator[str]:
    """Yield the values that a schema lists for a field, its members of allOf included."""
    found = follow(document, schema)
    if not isinstance(found, Mapping) or depth > _DEEPEST:
        return
    properties = found.get("properties")
    field = follow(document, properties.get(name)) if isinstance(properties, Mapping) else None
    if isinstance(field, Mapping):
        words = [field["const"]] if "const" in field else field.get("enum")
        yield from (each for each in words if isinstance(each, str)) if isinstance(words, list) else ()
    for member in found.get("allOf") or ():
        yield from _enum_values(document, member, name, depth + 1)


def derived_tags(document: Any, schemas: Mapping[str, Any], base: str) -> tuple[list[Any], dict[str, Any]]:
    """Return references to the components that are composed of a base with a discriminator, and that of each tag.

    Args:
        document: The document.
        schemas: The components.
        base: The name of the base; it is the last of its own members.
    """
    mapping = schemas[base]["discriminator"].get("mapping")
    mapped = [str(each).removeprefix(SCHEMAS) for each in (mapping.values() if isinstance(mapping, Mapping) else ())]
    found = [base]
    for each in found:
        found += [
            name
            for name, schema in schemas.items()
            if name not in found and isinstance(schema, Mapping) and {"$ref": SCHEMAS + each} in _parts(schema)
        ]
    names = [name for name in dict.fromkeys([*found, *mapped]) if name in schemas and name != base]
    members = [{"$ref": SCHEMAS + name} for name in [*names, base]]
    return members, tags(document, schemas[base], members)


def _parts(schema: Mapping[str, Any]) -> list[Any]:
    given = schema.get("allOf")
    return given if isinstance(given, list) else []
