"""Typed variants: the rules as Python signatures, so that a type checker refuses what the API would refuse."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from rulewright.errors import InputError
from rulewright.generate.names import ModelName, Names
from rulewright.generate.operations import descriptions, operation_constants, type_text
from rulewright.generate.schemas import body_schemas
from rulewright.generate.source import in_raw, literal, render
from rulewright.openapi.operations import Operation, operations
from rulewright.rules.space import Given, Length, concretes
from rulewright.rules.variants import ABSENT, Allowed, Variant, VariantSet, takes
from rulewright.rules.verdict import Verdict

_OPTIONS: Final = "waive: Collection[str] = (), strict: bool | None = None"
_OPTION_DOCS: Final = (
    "waive: Ids of rules to switch off for this call.",
    "strict: Refuse inferred rules too; where it is not given, the client's own setting holds.",
)
_IMPORTS: Final = {
    "datetime.": "import datetime",
    "UUID": "from uuid import UUID",
    "File": f"from {in_raw('types')} import File",
}


@dataclass(frozen=True)
class _Place:
    """The parameters of an operation beside its body: keyword, type and description, the required ones first."""

    parameters: tuple[tuple[str, str, bool, str], ...]

    def required(self) -> list[str]:
        return [f"{name}: {kind}" for name, kind, required, _ in self.parameters if required]

    def optional(self) -> list[str]:
        return [f"{name}: {kind} | None = None" for name, kind, required, _ in self.parameters if not required]

    def passed_on(self) -> list[str]:
        return [f"{name}={name}" for name, _, _, _ in self.parameters]

    def values(self) -> str:
        given = [
            f"{literal(name)}: {name if required else f'UNSET if {name} is None else {name}'}"
            for name, _, required, _ in self.parameters
        ]
        return "{" + ", ".join([*given, "'body': body"]) + "}"

    def described(self) -> list[str]:
        return [f"{name}: {text}" for name, _, _, text in self.parameters]


@dataclass(frozen=True)
class _Method:
    """The method of one variant: its parameters and what it passes on, as source text."""

    function: str
    overloads: tuple[str, ...]
    parameters: str
    about: str
    arguments: str


@dataclass(frozen=True)
class _Set:
    """The methods of one variant set; the general one takes any request of the operation."""

    general: str
    parameters: str
    about: str
    model: str
    fields: str
    is_open: bool
    operation: str
    arguments: str
    variants: tuple[_Method, ...]


@dataclass(frozen=True)
class _Writer:
    """Prepares the methods of one variant set for the template."""

    variants: VariantSet
    model: ModelName
    operation: str
    place: _Place

    def methods(self) -> _Set:
        """Return what the template needs."""
        fields, variants = self._fields(), self.variants
        is_open = variants.ruled.schema.get("additionalProperties") is not False
        return _Set(
            general=variants.general,
            parameters=self._general_parameters(is_open=is_open),
            about=self._general_about(is_open=is_open),
            model=self.model.name,
            fields=", ".join(f"{self._name(name)}={self._value(name)}" for name in fields),
            is_open=is_open,
            operation=self.operation,
            arguments=self.place.values(),
            variants=tuple(map(self._variant, variants.variants)),
        )

    def _variant(self, variant: Variant) -> _Method:
        return _Method(
            function=variant.function,
            overloads=tuple(map(self._parameters, variant.cases)) if len(variant.cases) > 1 else (),
            parameters=self._parameters(_union(variant.cases)),
            about=self._about(variant),
            arguments=self._arguments(variant),
        )

    def _general_parameters(self, *, is_open: bool) -> str:
        typed = {name: f"{self._name(name)}: {self._type(name, {})}" for name in self._fields()}
        required = [text for name, text in typed.items() if self._required(name)]
        optional = [f"{text} | None = None" for name, text in typed.items() if not self._required(name)]
        extra = ["extra: Mapping[str, Any] | None = None"] if is_open else []
        beside = self.place
        return ", ".join(["*", *beside.required(), *required, *optional, *beside.optional(), *extra, _OPTIONS])

    def _general_about(self, *, is_open: bool) -> str:
        lines = [
            *self.place.described(),
            *[f"{self._name(name)}: {self._describe(name)}" for name in self._fields()],
            *(["extra: Fields the document does not list, sent as they are."] if is_open else []),
            *_OPTION_DOCS,
        ]
        about = "Submit any request of this operation; the rules are checked at run time only.\n\nArgs:\n"
        return _indented(about + "\n".join(f"    {line}" for line in lines))

    def _parameters(self, case: Allowed) -> str:
        names = [name for name in self._fields() if name != self.variants.by]
        leading = [name for name in self.variants.positional if name in names]
        ordered = [self._parameter(name, case) for name in leading]
        # a parameter without a default cannot follow one with a default, unless it is keyword-only
        cut = next((index for index, text in enumerate(ordered) if " = " in text), len(ordered))
        stray = [text for text in ordered[cut:] if " = " not in text]
        ordered = [text for text in ordered if text not in stray]
        rest = [self._parameter(name, case) for name in names if name not in leading]
        beside = [*self.place.required(), *stray, *rest, *self.place.optional()]
        return ", ".join([*ordered, "*", *beside, _OPTIONS])

    def _parameter(self, name: str, case: Allowed) -> str:
        text = f"{self._name(name)}: {self._type(name, case)}"
        default = self.variants.defaults.get(name, ABSENT)
        allowed = case.get(name)
        if default is not ABSENT and (allowed is None or takes(allowed, default)):
            return f"{text} = {literal(default)}"
        optional = ABSENT in allowed if allowed is not None else not self._required(name)
        if optional and text.endswith(": None"):
            return f"{text} = None"
        return f"{text} | None = None" if optional else text

    def _type(self, name: str, case: Allowed) -> str:
        declared = self.model.fields[name].type
        allowed = case.get(name)
        if allowed is None or all(value in allowed for value in self.variants.domains[name] if value != ABSENT):
            found = re.fullmatch(r"list\[(.*)\]", declared)
            return f"list[{found[1]}] | tuple[{found[1]}, ...]" if found else declared
        values = [value for value in allowed if value != ABSENT]
        if not values:
            return "None"
        if isinstance(values[0], Given):
            return declared
        if isinstance(values[0], Length):
            return _tuples(declared.removeprefix("list[").removesuffix("]"), values, self.variants.domains[name])
        return f"Literal[{', '.join(map(literal, values))}]"

    def _arguments(self, variant: Variant) -> str:
        texts = []
        for name in self._fields():
            value = literal(variant.value) if name == self.variants.by else self._name(name)
            texts.append(f"{self._name(name)}={value}")
        return ", ".join([*self.place.passed_on(), *texts, "waive=waive", "strict=strict"])

    def _about(self, variant: Variant) -> str:
        rules = [rule for rule in self.variants.ruled.rules if _is_about(rule.condition, self.variants.by, variant)]
        lines = [f"Submit a request with {self.variants.by} {variant.value}.", "", "Args:"]
        lines += [f"    {line}" for line in self.place.described()]
        lines += [
            f"    {self._name(name)}: {self._describe(name)}" for name in self._fields() if name != self.variants.by
        ]
        lines += [f"    {line}" for line in _OPTION_DOCS]
        lines += ["", "Rules:", *[f"    {rule.id} ({rule.level}): {rule.message}" for rule in rules]] if rules else []
        return _indented("\n".join(lines))

    def _describe(self, name: str) -> str:
        field = self.variants.ruled.schema["properties"][name]
        text = " ".join(str(field.get("description", "See the vendor's documentation.")).split())
        return f"Deprecated. {text}" if field.get("deprecated") else text

    def _value(self, name: str) -> str:
        variable = self._name(name)
        converted = f"as_list({variable})" if self.model.fields[name].type.startswith("list[") else variable
        return converted if self._required(name) else f"UNSET if {variable} is None else {converted}"

    def _fields(self) -> Sequence[str]:
        return [name for name in self.variants.ruled.schema["properties"] if name in self.model.fields]

    def _required(self, name: str) -> bool:
        return name in self.variants.ruled.schema.get("required", [])

    def _name(self, name: str) -> str:
        return self.model.fields[name].attribute


def variants_module(sets: Sequence[VariantSet], document: Any, names: Names) -> str:
    """Return the source of `variants.py`: one class with a method per variant, and the same as functions."""
    made = [_writer(variants, document, names).methods() for variants in sets]
    text = " ".join(
        part
        for each in made
        for part in (
            each.model,
            each.parameters,
            *(text for one in each.variants for text in (one.parameters, *one.overloads)),
        )
    )
    used = sorted({*names.enums, *names.models}.intersection(re.findall(r"(?<!models\.)\b\w+\b", text)))
    imports = [line for word, line in _IMPORTS.items() if re.search(rf"\b{re.escape(word)}", text)]
    imports += [f"from {in_raw()} import models"] if "models." in text else []
    imports += [f"from {in_raw('models')} import {', '.join(used)}"] if used else []
    return render("variants.py.jinja", imports=imports, sets=made, table=_table(sets))


def _writer(variants: VariantSet, document: Any, names: Names) -> _Writer:
    pointer = variants.ruled.pointer
    users = [
        operation
        for operation in operations(document)
        if pointer in {reference for _, reference in body_schemas(document, operation)}
    ]
    if len(users) != 1:
        found = [operation.id for operation in users]
        raise InputError(
            f"has x-variants, so exactly one operation must take it as its body, got {found}", pointer=pointer
        )
    model = names.model_at(variants.ruled.location)
    return _Writer(variants, model, operation_constants(document)[users[0].id], _place(users[0], model, names))


def _place(operation: Operation, model: ModelName, names: Names) -> _Place:
    """Return the parameters beside the body.

    Raises:
        InputError: One of them has the name of a field of the body.
    """
    named = names.operation(operation.method, operation.path)
    texts = descriptions(operation)
    fields = {field.attribute for field in model.fields.values()} | {"extra", "waive", "strict", "self", "body"}
    found = []
    for key, keyword in named.arguments.items():
        if keyword in fields:
            raise InputError(
                f"the parameter {key!r} and a field of the body would both be the argument {keyword}; "
                "x-variants cannot tell them apart",
                pointer=operation.pointer,
            )
        kind, required = named.types[key]
        found.append((keyword, type_text(kind, names), required, texts.get(key, "See the vendor's documentation.")))
    return _Place(tuple(found))


def required_beside(variants: VariantSet, document: Any, names: Names) -> list[str]:
    """Return the arguments that every call needs beside the fields of the body."""
    place = _writer(variants, document, names).place
    return [name for name, _, required, _ in place.parameters if required]


def _table(sets: Sequence[VariantSet]) -> dict[str, dict[str, str]]:
    """Return, for each discriminating field, the function of each of its values; one that is no text has its name."""
    return {
        variants.by: {
            each.value if isinstance(each.value, str) else each.function: each.function for each in variants.variants
        }
        for variants in sets
    }


def _union(cases: Sequence[Allowed]) -> Allowed:
    """Return the cases' fields with everything any case allows."""
    result: dict[str, tuple[Any, ...]] = {}
    for case in cases:
        for name, values in case.items():
            result[name] = tuple(dict.fromkeys((*result.get(name, ()), *values)))
    return result


def _tuples(item: str, lengths: Sequence[Length], domain: Sequence[Any]) -> str:
    """Return the type of a list of the given lengths; the domain's largest length means "and more"."""
    largest = max(value.count for value in domain if isinstance(value, Length))
    texts = []
    for length in lengths:
        if length.count == largest:
            texts.append(f"tuple[{', '.join([item] * length.count)}, *tuple[{item}, ...]]")
        elif length.count:
            texts.append(f"tuple[{', '.join([item] * length.count)}]")
        else:
            texts.append("tuple[()]")
    return " | ".join(texts)


def _is_about(condition: Mapping[str, Any], by: str, variant: Variant) -> bool:
    field = condition.get("properties", {}).get(by) if isinstance(condition, dict) else None
    return field is None or field.get("const", variant.value) == variant.value


def _indented(text: str) -> str:
    first, *rest = text.split("\n")
    return "\n".join([first, *[f"        {line}" if line else "" for line in rest], "        "])


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


def typing_tables(sets: Sequence[VariantSet], document: Any, names: Names, package: str) -> tuple[str, str]:
    """Return the source of the calls that a type checker must accept, and of those it must reject; none is run.

    Every combination of the listable fields that the stated rules restrict, for every variant, is one call on one line.
    """
    writers = [
        _Calls(variants, names.model_at(variants.ruled.location), required_beside(variants, document, names))
        for variants in sets
    ]
    raw = (package + in_raw()).rstrip(".")
    right, wrong = (
        render("calls.py.jinja", about=about, package=package, raw=raw, tables=[each.table(name) for each in writers])
        for name, about in (("right", _RIGHT), ("wrong", _WRONG))
    )
    return right, wrong


class _Calls:
    """The calls of one variant set."""

    def __init__(self, variants: VariantSet, model: ModelName, beside: Sequence[str]) -> None:
        self.variants, self.model, self.beside = variants, model, beside
        self.verdict = Verdict(variants.ruled)

    def table(self, name: str) -> _Table:
        """Return the calls that violate no rule (`right`), or those that do (`wrong`)."""
        calls = tuple(call for call in self._all() if bool(call.violates) is (name == "wrong"))
        return _Table(f"{name}_{self.variants.general}", self._parameters(), calls)

    def _all(self) -> Iterator[_Call]:
        for variant in self.variants.variants:
            fields = list(dict.fromkeys(name for case in variant.cases for name in case))
            for values in itertools.product(*(self.variants.domains[name] for name in fields)):
                point = dict(zip(fields, values, strict=True))
                yield _Call(self._call(variant, point), ", ".join(self._broken(variant, point)))

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
