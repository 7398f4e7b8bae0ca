"""Calls of the variants' methods that a type checker must accept, and those that it must reject."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from rulewright.generate.methods import method_of
from rulewright.generate.operations import Method
from rulewright.generate.source import in_raw, literal, render
from rulewright.rules.space import Given, Length, concretes
from rulewright.rules.variants import ABSENT, Variant, VariantSet
from rulewright.rules.verdict import Verdict

_RIGHT: Final = "Calls that keep every stated rule: a type checker accepts each line."
_WRONG: Final = "Calls that violate the rules named: a type checker rejects each line."


@dataclass(frozen=True)
class _Call:
    """One call, and the rules it violates whichever sample is taken for a field that cannot be listed."""

    code: str
    violates: str


@dataclass(frozen=True)
class _Table:
    """A function that makes calls; what they need is its parameters."""

    name: str
    parameters: str
    calls: tuple[_Call, ...]


def write_typing_tables(sets: Sequence[VariantSet], methods: Sequence[Method], package: str) -> tuple[str, str]:
    """Return the source of the calls that a type checker must accept, and of those it must reject; none is run.

    Every combination of the listable fields that the stated rules restrict, for every variant, is one call on one line.
    """
    writers = [_Calls(variants, method_of(variants, methods)) for variants in sets]
    raw = (package + in_raw()).rstrip(".")
    right, wrong = (
        render("calls.py.jinja", about=about, package=package, raw=raw, tables=[each.table(name) for each in writers])
        for name, about in (("right", _RIGHT), ("wrong", _WRONG))
    )
    return right, wrong


class _Calls:
    """The calls of one variant set."""

    def __init__(self, variants: VariantSet, method: Method) -> None:
        self.variants, self.method = variants, method
        self.fields = {each.record["name"]: each for each in method.inputs if each.record["place"] == "body"}
        beside = (each for each in method.inputs if each.record["place"] != "body")
        self.beside = [each.keyword for each in beside if each.record["required"]]
        self.verdict = Verdict(variants.ruled)

    def table(self, name: str) -> _Table:
        """Return the calls that violate no rule (`right`), or those that do (`wrong`)."""
        calls = tuple(call for call in self._all() if bool(call.violates) is (name == "wrong"))
        return _Table(f"{name}_{self.method.function}", self._parameters(), calls)

    def _all(self) -> Iterator[_Call]:
        for variant in self.variants.variants:
            fields = list(dict.fromkeys(name for case in variant.cases for name in case))
            for values in itertools.product(*(self.variants.domains[name] for name in fields)):
                point = dict(zip(fields, values, strict=True))
                yield _Call(self._call(variant, point), ", ".join(self._broken_rules(variant, point)))

    def _broken_rules(self, variant: Variant, point: Mapping[str, Any]) -> tuple[str, ...]:
        given = {name: value for name, value in point.items() if value != ABSENT}
        samples = map(concretes, given.values())
        outcomes = [
            self.verdict.broken({self.variants.by: variant.value, **dict(zip(given, values, strict=True))})
            for values in itertools.product(*samples)
        ]
        return min(outcomes, key=len)

    def _call(self, variant: Variant, point: Mapping[str, Any]) -> str:
        schema = self.variants.ruled.schema
        required = [name for name in schema.get("required", []) if name not in point and name != self.variants.by]
        given = {**{name: self._name(name) for name in required}}
        given.update({name: self._value(name, value) for name, value in point.items() if value != ABSENT})
        leading = list(itertools.takewhile(given.__contains__, self.variants.positional))
        rest = [f"{self._name(name)}={text}" for name, text in given.items() if name not in leading]
        beside = [f"{name}={name}" for name in self.beside]
        return f"client.{variant.function}({', '.join([*(given[name] for name in leading), *beside, *rest])})"

    def _value(self, name: str, value: Any) -> str:
        if isinstance(value, Given):
            return self._name(name)
        if isinstance(value, Length):
            items = [f"{self._name(name)}_item"] * value.count
            return f"({items[0]},)" if value.count == 1 else f"({', '.join(items)})"
        return literal(value)

    def _parameters(self) -> str:
        texts = ["client: Client", *(f"{name}: Any" for name in self.beside)]
        for name, each in self.fields.items():
            domain = self.variants.domains.get(name, ())
            if any(isinstance(value, Length) for value in domain):
                item = each.kind.removeprefix("list[").removesuffix("]")
                texts.append(f"{each.keyword}_item: {_importable_type(item)}")
            elif name not in self.variants.domains or any(isinstance(value, Given) for value in domain):
                texts.append(f"{each.keyword}: {_importable_type(each.kind)}")
        return ", ".join(texts)

    def _name(self, name: str) -> str:
        return self.fields[name].keyword


def _importable_type(kind: str) -> str:
    """Return a type that needs no import but that of the models."""
    return kind if kind in {"str", "int", "float", "bool"} or kind.startswith("models.") else "Any"
