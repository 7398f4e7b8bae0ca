"""Two tables of calls derived from the rules: those a type checker must accept, and those it must reject.

Every combination of the listable fields that the stated rules restrict, for every variant, is one call on one line.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from rulewright.generate.names import ModelName, Names
from rulewright.generate.source import literal
from rulewright.generate.variants_module import required_beside
from rulewright.rules.domain import Given, Length
from rulewright.rules.space import concretes
from rulewright.rules.variants import ABSENT, Variant, VariantSet
from rulewright.rules.verdict import Verdict

_RIGHT: Final = '"""Calls that keep every stated rule: a type checker accepts each line."""'
_WRONG: Final = '"""Calls that break the rules named: a type checker rejects each line."""'


def typing_tables(sets: Sequence[VariantSet], document: Any, names: Names, package: str) -> tuple[str, str]:
    """Return the source of the accepted and of the rejected calls; they are checked, never run."""
    tables: dict[bool, list[str]] = {True: [_RIGHT, *_head(package)], False: [_WRONG, *_head(package)]}
    for variants in sets:
        writer = _Calls(variants, names.model_at(variants.ruled.location), required_beside(variants, document, names))
        calls = list(writer.calls())
        tables[True] += writer.function("right", [call for call, broken in calls if not broken])
        tables[False] += writer.function(
            "wrong", [f"{call}  # {', '.join(broken)}" for call, broken in calls if broken]
        )
    return "\n".join([*tables[True], ""]), "\n".join([*tables[False], ""])


def _head(package: str) -> list[str]:
    return [
        "from __future__ import annotations",
        "",
        "from typing import Any",
        "",
        f"from {package} import models, variants",
    ]


class _Calls:
    """The calls of one variant set."""

    def __init__(self, variants: VariantSet, model: ModelName, beside: Sequence[str]) -> None:
        self.variants, self.model, self.beside = variants, model, beside
        self.verdict = Verdict(variants.ruled)

    def function(self, name: str, calls: Sequence[str]) -> list[str]:
        """Return a function that makes the calls; what they need is its parameters."""
        suffix = f"_{self.variants.general}"
        lines = [f"def {name}{suffix}({self._parameters()}) -> None:"]
        return ["", "", *lines, *[f"    {call}" for call in calls or ["pass"]]]

    def calls(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yield each call and the rules it breaks whatever stands for what cannot be listed."""
        for variant in self.variants.variants:
            fields = list(dict.fromkeys(name for case in variant.cases for name in case))
            for values in itertools.product(*(self.variants.domains[name] for name in fields)):
                point = dict(zip(fields, values, strict=True))
                yield self._call(variant, point), self._broken(variant, point)

    def _broken(self, variant: Variant, point: Mapping[str, Any]) -> tuple[str, ...]:
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
        return f"variants.{variant.function}({', '.join([*(given[name] for name in leading), *beside, *rest])})"

    def _value(self, name: str, value: Any) -> str:
        if isinstance(value, Given):
            return self._name(name)
        if isinstance(value, Length):
            items = [f"{self._name(name)}_item"] * value.count
            return f"({items[0]},)" if value.count == 1 else f"({', '.join(items)})"
        return literal(value)

    def _parameters(self) -> str:
        texts = [f"{name}: Any" for name in self.beside]
        for name in self.variants.ruled.schema["properties"]:
            domain = self.variants.domains.get(name, ())
            declared = self.model.fields[name].type
            if any(isinstance(value, Length) for value in domain):
                item = declared.removeprefix("list[").removesuffix("]")
                texts.append(f"{self._name(name)}_item: {self._known(item)}")
            elif name not in self.variants.domains or any(isinstance(value, Given) for value in domain):
                texts.append(f"{self._name(name)}: {self._known(declared)}")
        return ", ".join(texts)

    def _known(self, declared: str) -> str:
        return declared if declared in {"str", "int", "float", "bool"} else self._model(declared)

    def _model(self, declared: str) -> str:
        return f"models.{declared}" if declared.isidentifier() and declared != "Any" else "Any"

    def _name(self, name: str) -> str:
        return self.model.fields[name].attribute
