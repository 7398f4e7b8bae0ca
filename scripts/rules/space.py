"""The finite part of a schema's request space, enumerated: every combination of listable field values."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from typing import Any, Final

from scripts.pointer import resolve
from scripts.rules.definition import RuledSchema
from scripts.rules.domain import Given, Length, schema_domains

FILLER: Final = "https://example.com/{}.png"


class Space:
    """Every point of the finite part, in order: fields as the document lists them, absent before present.

    Args:
        ruled: The schema.
        document: The merged document, for references.
    """

    def __init__(self, ruled: RuledSchema, document: Any) -> None:
        self._required = set(ruled.schema.get("required", []))
        self.domains = {
            name: tuple(each for value in values for each in (value.samples if isinstance(value, Given) else (value,)))
            for name, values in schema_domains(ruled.schema, document).items()
        }
        self._fixed = {
            name: concrete(self.domains[name][0]) if self.domains.get(name) else _sample(schema, document)
            for name, schema in ruled.schema.get("properties", {}).items()
            if name in self._required
        }

    def alternatives(self, name: str) -> tuple[tuple[Any, ...], ...]:
        """Return what a field may be: `()` for absent, if it may be, then `(value,)` for each value."""
        absent = () if name in self._required else ((),)
        return (*absent, *((value,) for value in self.domains[name]))

    @property
    def size(self) -> int:
        """How many points there are."""
        return math.prod(len(self.alternatives(name)) for name in self.domains)

    def with_required(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return a body of given fields, with the first value or a plain sample in every other required field."""
        return {**self._fixed, **given}

    def bodies(self) -> Iterator[dict[str, Any]]:
        """Yield the body of each point."""
        for point in itertools.product(*map(self.alternatives, self.domains)):
            given = {name: concrete(value[0]) for name, value in zip(self.domains, point, strict=True) if value}
            yield self.with_required(given)


def concrete(value: Any) -> Any:
    """Return a JSON value for a listed one: a `Length` becomes a list of that many invented items."""
    return [FILLER.format(index + 1) for index in range(value.count)] if isinstance(value, Length) else value


def _sample(schema: Mapping[str, Any], document: Any) -> Any:
    while "$ref" in schema:
        schema = resolve(document, schema["$ref"])
    samples = {"integer": 1, "number": 1, "array": [], "object": {}}
    if "example" in schema:
        return schema["example"]
    return samples.get(str(schema.get("type")), "text")
