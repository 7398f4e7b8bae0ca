"""The fields of a request body: what each may be, what it must not be, and every combination of the first."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from typing import Any, Final

from attrs import frozen

ITEM: Final = "https://example.com/{}.png"
TEXT: Final = "a cat"
UNLISTED: Final = "a-value-nobody-listed"

# One value of each JSON type, to be given where another type is wanted.
OF_TYPE: Final[Mapping[str, Any]] = {
    "null": None,
    "boolean": True,
    "integer": 7,
    "number": 1.5,
    "string": TEXT,
    "array": [1],
    "object": {"a": 1},
}


@frozen
class Field:
    """One field of a body.

    Attributes:
        name: Its JSON name.
        schema: Its schema, references followed.
        required: Whether it must be given.
        listed: Every value whose difference the schema or a rule can see; empty if they cannot be listed.
    """

    name: str
    schema: Mapping[str, Any]
    required: bool
    listed: tuple[Any, ...]

    @property
    def sample(self) -> Any:
        """One right value."""
        if self.listed:
            return self.listed[0]
        if "example" in self.schema:
            return self.schema["example"]
        return OF_TYPE.get(str(self.schema.get("type", "string")))

    def label(self, body: Mapping[str, Any]) -> str | None:
        """Return the word for what a body holds here, or None if it is not one of the listed values."""
        if self.name not in body:
            return "absent"
        value = body[self.name]
        for listed in self.listed:
            if isinstance(listed, list) and isinstance(value, list) and len(listed) == len(value):
                return str(len(value))
            if type(listed) is type(value) and listed == value and not isinstance(listed, list):
                return str(value).lower() if isinstance(value, bool) else str(value)
        return None

    def wrong(self) -> Iterator[Any]:
        """Yield a value of each type the field must not have, and a list with such an item."""
        kinds = _kinds(self.schema)
        for kind, value in OF_TYPE.items():
            if kinds and kind not in kinds and not (kind == "integer" and "number" in kinds):
                yield value
        items = self.schema.get("items")
        if "array" in kinds and isinstance(items, Mapping):
            for kind, value in OF_TYPE.items():
                if kind not in _kinds(items) and _kinds(items):
                    yield [ITEM.format(1), value]

    def unlisted(self) -> Any:
        """Return a value of the right type that the document does not list."""
        return UNLISTED if "enum" in self.schema else None


class Space:
    """Every combination of the listable fields of a body.

    Args:
        schema: The body's schema, references followed.
        fields: The schemas of its properties, references followed.
    """

    def __init__(self, schema: Mapping[str, Any], fields: Mapping[str, Mapping[str, Any]]) -> None:
        required = set(schema.get("required", ()))
        largest = _largest(schema)
        self.fields = tuple(
            Field(name, child, name in required, tuple(_listed(child, largest.get(name))))
            for name, child in fields.items()
        )
        self.finite = tuple(field for field in self.fields if field.listed)

    @property
    def size(self) -> int:
        """How many combinations there are."""
        return math.prod(len(field.listed) + (not field.required) for field in self.finite)

    def named(self, name: str) -> Field:
        """Return the field of that name."""
        return next(field for field in self.fields if field.name == name)

    def base(self) -> dict[str, Any]:
        """Return a sample of each required field that cannot be listed."""
        return {field.name: field.sample for field in self.fields if field.required and not field.listed}

    def bodies(self) -> Iterator[dict[str, Any]]:
        """Yield a body for each combination, in the document's order, absent before present."""
        columns = [
            [*([()] if not field.required else []), *((value,) for value in field.listed)] for field in self.finite
        ]
        for point in itertools.product(*columns):
            given = {field.name: value[0] for field, value in zip(self.finite, point, strict=True) if value}
            yield {**self.base(), **given}

    def cell(self, body: Any) -> str | None:
        """Return the name of the combination a body is, or None if it is none of them."""
        if not isinstance(body, Mapping):
            return None
        labels = [(field.name, field.label(body)) for field in self.finite]
        if any(label is None for _, label in labels):
            return None
        return " ".join(f"{name}={label}" for name, label in labels)


def _kinds(schema: Mapping[str, Any]) -> tuple[str, ...]:
    kind = schema.get("type")
    kinds = (kind,) if isinstance(kind, str) else tuple(kind or ())
    return (*kinds, "null") if schema.get("nullable") else kinds


def _listed(schema: Mapping[str, Any], largest: int | None) -> Iterator[Any]:
    if isinstance(schema.get("enum"), list):
        yield from schema["enum"]
    elif schema.get("type") == "boolean":
        yield from (False, True)
    elif schema.get("type") == "array" and largest is not None:
        for count in range(largest + 2):
            yield [ITEM.format(number + 1) for number in range(count)]


def _largest(schema: Mapping[str, Any]) -> dict[str, int]:
    """Return, for each array field, the largest number of items that the schema or a rule speaks of."""
    found: dict[str, int] = {}
    for part in (schema, *(rule[key] for rule in schema.get("x-rules", ()) for key in ("if", "then"))):
        for name, _, bound in bounds(part):
            found[name] = max(bound, found.get(name, 0))
    return found


def bounds(schema: Any) -> Iterator[tuple[str, str, int]]:
    """Yield the fields of a schema whose number of items is bounded: field, keyword, bound."""
    if not isinstance(schema, Mapping):
        return
    for name, child in (schema.get("properties") or {}).items():
        for keyword in ("minItems", "maxItems"):
            if isinstance(child, Mapping) and isinstance(child.get(keyword), int):
                yield name, keyword, child[keyword]
    for part in (*schema.get("allOf", ()), *schema.get("anyOf", ()), schema.get("not")):
        yield from bounds(part)
