"""Sample valid values of a schema: an example of the document, else the plainest value.

A candidate is made and then validated, so that nothing is returned that the schema itself refuses.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

from rulewright.openapi.references import beside_reference
from rulewright.openapi.schemas import SCHEMAS, Schemas, derived_tags, object_parts, tag_field, union_tags

_MAX_DEPTH: Final = 12
_MAX_WHOLE: Final = 2  # levels of objects whose optional properties are made, of which each may have hundreds
_MAX_REPEAT: Final = 64
_PLAIN: Final = "a0A-_ .:/@"
_CLASSES: Final = {
    "CATEGORY_DIGIT": "0",
    "CATEGORY_WORD": "a",
    "CATEGORY_SPACE": " ",
    "CATEGORY_NOT_DIGIT": "a",
    "CATEGORY_NOT_WORD": "-",
    "CATEGORY_NOT_SPACE": "a",
}
_MAX_COUNT: Final = 1000  # items and characters; a document may ask for more than a machine can hold
_CHOICES: Final = 4  # alternatives that are tried, of oneOf and anyOf for example
_MAX_NUMBER: Final = 2**53  # beyond, floats skip whole numbers; such a bound only means "any int64"
_FORMATS: Final = {
    "date-time": "2026-01-01T00:00:00.000Z",
    "date": "2026-01-01",
    "time": "12:00:00Z",
    "duration": "P1D",
    "uri": "https://example.com/",
    "uri-reference": "https://example.com/",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "email": "someone@example.com",
    "uuid": "00000000-0000-4000-8000-000000000000",
    "byte": "dGV4dA==",
}


def sample(schemas: Schemas, schema: Any, *, shown: bool = True) -> Any:
    """Return a valid value of a schema, with its required properties only; None where none was found.

    Args:
        schemas: The schemas of the document, for references and validators.
        schema: The schema.
        shown: Whether to take an example of the document; the plainest value is often smaller.
    """
    return next(samples(schemas, schema, shown=shown), None)


def likely(schemas: Schemas, schema: Any) -> Any:
    """Return a valid value of a schema, or what comes nearest where none was found: a schema may contradict itself.

    The most frequent such schema is a `oneOf` whose alternatives accept the same values.
    """
    return next(samples(schemas, schema), _Maker(schemas, shown=True, choice=0).make(schema))


def samples(schemas: Schemas, schema: Any, *, shown: bool = True) -> Iterator[Any]:
    """Yield valid values of a schema, the preferred one first: with examples, then without, by each alternative.

    The last one holds the optional properties too, which a condition may ask for.

    Args:
        schemas: The schemas of the document, for references and validators.
        schema: The schema.
        shown: Whether to take examples of the document.

    Raises:
        SchemaError: The schema is invalid.
    """
    validator = schemas.validator(schema)
    with_examples = (True, False) if shown else (False,)
    makers = [_Maker(schemas, each, choice) for each in with_examples for choice in range(_CHOICES)]
    for maker in (*makers, _Maker(schemas, shown, 0, whole=True)):
        made = maker.make(schema)
        if validator.is_valid(made):
            yield made


@dataclass(frozen=True)
class _Maker:
    """Makes candidates.

    Args:
        schemas: The schemas of the document.
        shown: Whether to take examples of the document.
        choice: The index of what to take where there are several: alternatives of a choice, examples, numbers.
        whole: Whether to make the optional properties of an object and of the objects in it too.
    """

    schemas: Schemas
    shown: bool
    choice: int
    whole: bool = False

    def make(self, schema: Any, depth: int = 0) -> Any:
        """Return a candidate for a schema."""
        value = self.schemas.resolve(schema)
        if beside := beside_reference(self.schemas.document, schema):
            value = {**beside, "allOf": [{"$ref": schema["$ref"]}, *beside.get("allOf", ())]}
        if value is True:
            return "text"
        if not isinstance(value, Mapping) or depth > _MAX_DEPTH:
            return None
        given = list(self._documented_values(value))
        if given:
            validator = self.schemas.validator(value)
            if valid := [each for each in given if validator.is_valid(each)]:
                return self._one_of(valid)
        for keyword in ("oneOf", "anyOf"):
            if isinstance(value.get(keyword), list) and value[keyword]:
                return self._alternative(value, value[keyword], depth)
        if tag_field(value) and isinstance(schema, Mapping) and "$ref" in schema:
            reference = str(schema["$ref"])
            base = reference.removeprefix(SCHEMAS)
            components = (self.schemas.document.get("components") or {}).get("schemas") or {}
            known = derived_tags(self.schemas.document, components, base)[1] if base in components else {}
            others = {tag: each for tag, each in known.items() if each["$ref"] != reference}
            tag, member = next(iter((others or known).items()), ("", None))
            made = self.make(member, depth + 1) if others else self._of_type(value, depth)
            if isinstance(made, dict) and known and made.get(tag_field(value)) not in known:
                return {**made, tag_field(value): tag}
            return made
        return self._of_type(value, depth)

    def _one_of(self, alternatives: Sequence[Any]) -> Any:
        return alternatives[min(self.choice, len(alternatives) - 1)]

    def _documented_values(self, value: Mapping[str, Any]) -> Iterator[Any]:
        """Yield the values that a schema holds, the most specific first."""
        keywords = ("example", "const", "default") if self.shown else ("const",)
        yield from (value[keyword] for keyword in keywords if keyword in value)
        for keyword in ("examples", "enum") if self.shown else ("enum",):
            if isinstance(value.get(keyword), list):
                yield from value[keyword]

    def _alternative(self, value: Mapping[str, Any], alternatives: list[Any], depth: int) -> Any:
        """Return a sample of one alternative, with the properties beside the choice and the discriminator."""
        taken = self._one_of(alternatives)
        chosen = self.make(taken, depth + 1)
        if "type" in value and isinstance(taken, Mapping) and not {"type", "$ref"} & set(taken):
            beside = {key: operand for key, operand in value.items() if key not in {"oneOf", "anyOf"}}
            properties = {**(beside.get("properties") or {}), **(taken.get("properties") or {})}
            chosen = self.make({**beside, **taken, **({"properties": properties} if properties else {})}, depth + 1)
        if not isinstance(chosen, dict):
            return chosen
        beside = self._of_type(value, depth) if value.get("properties") or value.get("allOf") else {}
        name, known = union_tags(self.schemas.document, value)
        own = [tag for tag, each in known.items() if each is taken]
        if own and chosen.get(name) not in own:
            chosen = {**chosen, name: own[0]}
        return {**beside, **chosen} if isinstance(beside, dict) else chosen

    def _of_type(self, value: Mapping[str, Any], depth: int) -> Any:
        properties, required = object_parts(self.schemas.resolve, value)
        kind = self._type(value)
        if kind == "object" or properties or required:
            names = [
                name for name in dict.fromkeys([*required, *properties]) if self.schemas.may_hold(properties.get(name))
            ]
            least = len(names) if self.whole and depth < _MAX_WHOLE else _count(value.get("minProperties"))
            asked = [name for index, name in enumerate(names) if name in required or index < least]
            made = {name: self.make(properties.get(name, {}), depth + 1) for name in asked}
            for number in range(len(made), _count(value.get("minProperties"))):
                made[f"field{number}"] = self.make(value.get("additionalProperties", True), depth + 1)
            for member in value.get("allOf") or ():  # of each choice among them, the properties of one alternative
                found = self.schemas.resolve(member)
                if isinstance(found, Mapping) and {"oneOf", "anyOf", "allOf"} & set(found):
                    chosen = self.make(found, depth + 1)
                    made |= chosen if isinstance(chosen, dict) else {}
            return made
        if value.get("allOf"):
            return self.make(self._flatten(value), depth + 1)
        if kind == "array":
            item, count = self.schemas.resolve(value.get("items", {})), _count(value.get("minItems"))
            if value.get("uniqueItems") and isinstance(item, Mapping) and len(item.get("enum") or ()) >= count:
                return list((item.get("enum") or ())[:count])
            items = [self.make(item, depth + 1) for _ in range(count)]
            return [_vary(each, number) for number, each in enumerate(items)] if value.get("uniqueItems") else items
        if kind in {"integer", "number"}:
            return self._one_of(list(_numbers(value, whole=kind == "integer")) or [1])
        if kind in {"boolean", "null"}:
            return False if kind == "boolean" else None
        least, most, pattern = _count(value.get("minLength")), value.get("maxLength"), value.get("pattern")
        text = _FORMATS.get(str(value.get("format")), "text").ljust(least, "x")
        text = text[:most] if isinstance(most, int) else text
        if isinstance(pattern, str) and not _matches(pattern, text):
            found = matching_text(pattern, least)
            return text if found is None else found
        return text

    def _type(self, value: Mapping[str, Any]) -> Any:
        kind = value.get("type")
        if isinstance(kind, list):
            return next((each for each in kind if each != "null"), "null")
        if kind is None and (members := value.get("allOf")):
            parts = (self.schemas.resolve(member) for member in members)
            return next((kind for part in parts if isinstance(part, Mapping) and (kind := self._type(part))), None)
        return kind

    def _flatten(self, value: Mapping[str, Any]) -> dict[str, Any]:
        """Return the keywords of a schema together with those of its allOf members."""
        found = {key: operand for key, operand in value.items() if key != "allOf"}
        for member in value.get("allOf") or ():
            inner = self.schemas.resolve(member)
            found = {**self._flatten(inner), **found} if isinstance(inner, Mapping) else found
        return found


def _vary(value: Any, number: int) -> Any:
    """Return a value that differs from its equals: a text with a number, or a larger number."""
    if isinstance(value, str):
        return f"{value}{number or ''}"
    return value + number if isinstance(value, int | float) and not isinstance(value, bool) else value


def _matches(pattern: str, text: str) -> bool:
    try:
        return re.search(pattern, text) is not None
    except re.error:
        return False


def _count(value: Any) -> int:
    return min(value, _MAX_COUNT) if isinstance(value, int) and not isinstance(value, bool) else 0


def _numbers(value: Mapping[str, Any], *, whole: bool) -> Iterator[int | float]:
    """Yield numbers within the bounds of a schema: its lower bound and beside it, 1, 0, and its upper bound."""
    low, above = _bounds(value.get("minimum"), value.get("exclusiveMinimum"))
    high, below = _bounds(value.get("maximum"), value.get("exclusiveMaximum"))
    step = _finite(value.get("multipleOf"))
    unit = step if step is not None and step > 0 else 1
    for start in (low, above, 1, 0, high, below):
        if start is None:
            continue
        up = -(-start // unit) * unit
        middle = None if low is None or high is None or unit == step else (low + high) / 2
        for made in (up, up + unit, up - unit, start, middle):
            if (
                made is not None
                and (low is None or made >= low)
                and (above is None or made > above)
                and (high is None or made <= high)
                and (below is None or made < below)
                and not (whole and not float(made).is_integer())
            ):
                yield int(made) if float(made).is_integer() else made


def _bounds(bound: Any, exclusive: Any) -> tuple[int | float | None, int | float | None]:
    """Return the included and the excluded bound: in OpenAPI 3.0 `exclusive` is a flag, from 3.1 on a number."""
    if isinstance(exclusive, bool):
        return (None, _finite(bound)) if exclusive else (_finite(bound), None)
    return _finite(bound), _finite(exclusive)


def _finite(value: Any) -> int | float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value if is_number and abs(value) <= _MAX_NUMBER else None


def matching_text(pattern: str, shortest: int = 0) -> str | None:
    """Return a text that contains a match of a pattern, or None where none was found.

    Lookarounds, back-references and Unicode properties are not supported; the result is checked, so that a
    text that is returned always matches.

    Args:
        pattern: As in JSON Schema: not anchored, unless it is written so.
        shortest: How many characters the text must have at least.
    """
    try:
        parsed = import_module("re._parser").parse(pattern)
        texts = [_pattern_text(parsed, more) for more in (0, 1, max(0, shortest - 1), shortest)]
        texts += [text.ljust(shortest, "a") for text in texts]  # right where the pattern has no end
        return next((text for text in texts if len(text) >= shortest and re.search(pattern, text)), None)
    except (re.error, LookupError, RecursionError, OverflowError):
        return None


def _pattern_text(parsed: Any, more: int) -> str:
    """Return a text for a parsed pattern; repeats are `more` times longer than they must be."""
    return "".join(_node_text(str(kind), argument, more) for kind, argument in parsed)


def _node_text(kind: str, argument: Any, more: int) -> str:
    match kind:
        case "LITERAL":
            return chr(argument)
        case "ANY":
            return "a"
        case "NOT_LITERAL":
            return next(char for char in _PLAIN if ord(char) != argument)
        case "IN":
            return _class_member(argument)
        case "BRANCH":
            return _pattern_text(argument[1][0], more)
        case "SUBPATTERN":
            return _pattern_text(argument[-1], more)
        case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
            least, most, inner = int(argument[0]), int(argument[1]), argument[2]
            return _pattern_text(inner, 0) * min(max(least, min(int(most), least + more)), max(least, _MAX_REPEAT))
        case "AT" | "ASSERT" | "ASSERT_NOT":
            return ""
        case _:
            raise LookupError(kind)


def _class_member(members: Any) -> str:
    """Return a character of a class, such as `[a-f0-9]` or `[^/]`."""
    kinds = [(str(kind), argument) for kind, argument in members]
    if kinds[0][0] == "NEGATE":
        return next(char for char in _PLAIN if not any(_is_member(char, *member) for member in kinds[1:]))
    kind, argument = kinds[0]
    if kind == "RANGE":
        return chr(argument[0])
    return chr(argument) if kind == "LITERAL" else _CLASSES[str(argument)]


def _is_member(char: str, kind: str, argument: Any) -> bool:
    if kind == "RANGE":
        return bool(argument[0] <= ord(char) <= argument[1])
    if kind == "LITERAL":
        return bool(argument == ord(char))
    name = str(argument)
    is_word = char.isalnum() or char == "_"
    positive = name.replace("NOT_", "")
    found = char.isdecimal() if positive == "CATEGORY_DIGIT" else char.isspace() if "SPACE" in positive else is_word
    return found is ("NOT_" not in name)
