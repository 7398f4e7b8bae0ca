"""The finite part of a schema's request space, enumerated: every combination of listable field values."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from rulewright.rules.definition import RuledSchema
from rulewright.rules.domain import Given, Length, Sample, schema_domains
from rulewright.rules.sample import sample

MOST: Final = 10**300
"""Combinations up to which they are counted; some more, and Python refuses to print the number."""
FILLER: Final = "https://example.com/{}.png"


def product(counts: Iterable[int]) -> int:
    """Return how many combinations there are; no number beyond `MOST` is counted."""
    result = 1
    for count in counts:
        result = min(result * count, MOST)
    return result


class Space:
    """Every point of the finite part, in order: fields as the document lists them, absent before present.

    Args:
        ruled: The schema.
        document: The merged document, for references.

    Attributes:
        domains: The values of each field.
        sampled: The fields whose values are samples of many.
    """

    def __init__(self, ruled: RuledSchema, document: Any) -> None:
        self._required = set(ruled.schema.get("required", []))
        found = schema_domains(ruled.schema, document)
        self.domains = {
            name: tuple(each for value in values for each in _alternatives(value)) for name, values in found.items()
        }
        self.sampled = frozenset(
            name for name, values in found.items() if any(isinstance(each, Given) for each in values)
        )
        self._fixed = {
            name: concrete(self.domains[name][0]) if self.domains.get(name) else sample(schema, document)
            for name, schema in ruled.schema.get("properties", {}).items()
            if name in self._required
        }

    def alternatives(self, name: str) -> tuple[tuple[Any, ...], ...]:
        """Return what a field may be: `()` for absent, if it may be, then `(value,)` for each value."""
        absent = () if name in self._required else ((),)
        return (*absent, *((value,) for value in self.domains[name]))

    @property
    def size(self) -> int:
        """How many points there are; a field that is sampled counts as given, whichever sample stands for it."""
        return product(
            1 + (name not in self._required) if name in self.sampled else len(self.alternatives(name))
            for name in self.domains
        )

    def with_required(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return a body of given fields, with the first value or a plain sample in every other required field."""
        return {**self._fixed, **given}

    def bodies(self, limit: int | None = None) -> Iterator[dict[str, Any]]:
        """Yield the body of each point.

        Args:
            limit: Where there are more points than this, yield about as many, spread evenly.
        """
        columns = [self.alternatives(name) for name in self.domains]
        total = math.prod(map(len, columns))
        for number in range(0, total, _step(total, limit or total, [len(column) for column in columns])):
            given, rest = {}, number
            for name, column in zip(reversed(self.domains), reversed(columns), strict=True):
                rest, place = divmod(rest, len(column))
                if column[place]:
                    given[name] = concrete(column[place][0])
            yield self.with_required({name: given[name] for name in self.domains if name in given})

    def cell(self, body: Any) -> str | None:
        """Return the name of the point that a body is at, or None if it is at none.

        A field that is not finite does not count.
        """
        if not isinstance(body, Mapping):
            return None
        labels = [(name, self._label(name, body)) for name in self.domains]
        return None if any(label is None for _, label in labels) else " ".join(f"{n}={label}" for n, label in labels)

    def _label(self, name: str, body: Mapping[str, Any]) -> str | None:
        if name not in body:
            return None if name in self._required else "absent"
        value = body[name]
        for (listed,) in filter(None, self.alternatives(name)):
            if isinstance(listed, Length):
                if isinstance(value, list) and len(value) == listed.count:
                    return str(listed.count)
            elif _text(concrete(listed)) == _text(value):
                return value if isinstance(value, str) else _text(value)
        return None


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _step(total: int, limit: int, sizes: list[int]) -> int:
    """Return a step that passes about `limit` of the points, and no field at the same few of its values."""
    step = -(-total // max(1, limit))
    while step > 1 and any(math.gcd(step, size) > 1 for size in sizes):
        step += 1
    return max(1, step)


def _alternatives(value: Any) -> tuple[Any, ...]:
    """Return what a listed value counts as in a point: texts as they are, since points are looked up."""
    if not isinstance(value, Given):
        return (value,)
    return tuple(each.value if isinstance(each.value, str) else each for each in value.samples)


def concretes(value: Any) -> tuple[Any, ...]:
    """Return the JSON values that a listed one stands for: one, or each sample of what cannot be listed."""
    return tuple(each.value for each in value.samples) if isinstance(value, Given) else (concrete(value),)


def concrete(value: Any) -> Any:
    """Return a JSON value for a listed one: a `Length` becomes a list of that many invented items."""
    if isinstance(value, Sample):
        return value.value
    return [FILLER.format(index + 1) for index in range(value.count)] if isinstance(value, Length) else value
