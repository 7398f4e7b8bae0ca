"""Typed variants: the rules as Python signatures, so that a type checker refuses what the API would refuse."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from rulewright.errors import InputError
from rulewright.generate.names import ModelName, Names
from rulewright.generate.operations import Operation, descriptions, operation_constants, operations, type_text
from rulewright.generate.shapes import body_schemas
from rulewright.generate.source import docstring, literal
from rulewright.rules.domain import Given, Length
from rulewright.rules.variants import ABSENT, Allowed, Variant, VariantSet, takes

_OPTIONS: Final = "waive: Collection[str] = (), strict: bool | None = None"
_SUBMIT: Final = (
    "    def _submit(self, operation: Operation[..., Any], arguments: Mapping[str, Any], *, waive: Collection[str], "
    "strict: bool | None) -> {}:"
)
_OPTION_DOCS: Final = (
    "waive: Ids of rules to switch off for this call.",
    "strict: Refuse inferred rules too; where it is not given, the client's own setting holds.",
)
_IMPORTS: Final = {"datetime.": "import datetime", "UUID": "from uuid import UUID", "File": "from .types import File"}


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
class _Writer:
    """Writes the functions of one variant set."""

    variants: VariantSet
    model: ModelName
    operation: str
    place: _Place

    def functions(self) -> Iterable[str]:
        yield self._general()
        for variant in self.variants.variants:
            for case in variant.cases if len(variant.cases) > 1 else ():
                yield f"    @overload\n    def {variant.function}(self, {self._parameters(case)}) -> R: ..."
            parameters = self._parameters(_union(variant.cases))
            yield "\n".join(
                [
                    f"    def {variant.function}(self, {parameters}) -> R:",
                    f"        {docstring(self._about(variant))}",
                    f"        return self.{self.variants.general}({self._arguments(variant)})",
                ]
            )

    def _general(self) -> str:
        fields = self._fields()
        required = [f"{self._name(name)}: {self._type(name, {})}" for name in fields if self._required(name)]
        optional = [
            f"{self._name(name)}: {self._type(name, {})} | None = None" for name in fields if not self._required(name)
        ]
        place, is_open = self.place, self.variants.ruled.schema.get("additionalProperties") is not False
        parameters = ", ".join(
            [
                *place.required(),
                *required,
                *optional,
                *place.optional(),
                *(["extra: Mapping[str, Any] | None = None"] if is_open else []),
                _OPTIONS,
            ]
        )
        given = ", ".join(f"{self._name(name)}={self._value(name)}" for name in fields)
        about = "Submit any request of this operation; the rules are checked at run time only.\n\nArgs:\n" + "\n".join(
            f"    {line}"
            for line in [
                *place.described(),
                *[f"{self._name(name)}: {self._describe(name)}" for name in fields],
                *(["extra: Fields the document does not list, sent as they are."] if is_open else []),
                *_OPTION_DOCS,
            ]
        )
        return "\n".join(
            [
                f"    def {self.variants.general}(self, *, {parameters}) -> R:",
                f"        {docstring(_indented(about))}",
                f"        body = {self.model.name}({given})",
                *(["        body.additional_properties.update(extra or {})"] if is_open else []),
                f"        return self._submit({self.operation}, {place.values()}, waive=waive, strict=strict)",
            ]
        )

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
        rules = [rule for rule in self.variants.ruled.rules if _speaks_of(rule.condition, self.variants.by, variant)]
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
    writers = [_writer(variants, document, names) for variants in sets]
    body = [text for writer in writers for text in writer.functions()]
    text = "\n\n".join(body)
    used = sorted({*names.enums, *names.models}.intersection(re.findall(r"(?<!models\.)\b\w+\b", text)))
    constants = sorted({writer.operation for writer in writers})
    functions = [name for writer in writers for name in _functions(writer.variants)]
    return "\n".join(
        [
            docstring("One typed call for each variant of an operation, narrowed by the rules."),
            "from __future__ import annotations",
            "from abc import ABC, abstractmethod",
            "from collections.abc import Collection, Mapping",
            "from typing import Any, Generic, Literal, TypeVar, overload",
            *[line for word, line in _IMPORTS.items() if re.search(rf"\b{re.escape(word)}", text)],
            *(["from . import models"] if "models." in text else []),
            *([f"from .models import {', '.join(used)}"] if used else []),
            "from ._operation import Operation",
            *[f"from .operations import {name}" for name in constants],
            "from .rules import validate_request",
            "from .rules._values import as_list",
            "from .types import UNSET",
            "",
            'R = TypeVar("R", covariant=True)',
            "",
            "class Variants(ABC, Generic[R]):",
            f"    {docstring('Every variant as a method; a subclass decides what submitting means and returns.')}",
            "    @abstractmethod",
            _SUBMIT.format("R"),
            f"        {docstring('Do what this class does with a request.')}",
            "",
            text,
            "",
            "class Bodies(Variants[Any]):",
            f"    {docstring('Builds and checks the request body, and sends nothing.')}",
            _SUBMIT.format("Any"),
            "        validate_request(operation, arguments, waive=waive, strict=bool(strict), stacklevel=4)",
            "        return arguments['body']",
            "",
            "_BODIES = Bodies()",
            *[f"{name} = _BODIES.{name}" for name in functions],
            f"VARIANTS: Mapping[str, Mapping[str, str]] = {literal(_table(writers))}",
            "",
        ]
    )


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
    return _Writer(
        variants, model, operation_constants(document)[users[0].id], _place(users[0], model, document, names)
    )


def _place(operation: Operation, model: ModelName, document: Any, names: Names) -> _Place:
    """Return the parameters beside the body.

    Raises:
        InputError: One of them has the name of a field of the body.
    """
    named = names.operation(operation.method, operation.path)
    texts = descriptions(document, operation)
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


def _functions(variants: VariantSet) -> list[str]:
    return [variants.general, *[variant.function for variant in variants.variants]]


def _table(writers: Sequence[_Writer]) -> dict[str, dict[str, str]]:
    """Return, for each discriminating field, the function of each of its values; one that is no text has its name."""
    return {
        writer.variants.by: {
            each.value if isinstance(each.value, str) else each.function: each.function
            for each in writer.variants.variants
        }
        for writer in writers
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


def _speaks_of(condition: Mapping[str, Any], by: str, variant: Variant) -> bool:
    field = condition.get("properties", {}).get(by) if isinstance(condition, dict) else None
    return field is None or field.get("const", variant.value) == variant.value


def _indented(text: str) -> str:
    first, *rest = text.split("\n")
    return "\n".join([first, *[f"        {line}" if line else "" for line in rest], "        "])
