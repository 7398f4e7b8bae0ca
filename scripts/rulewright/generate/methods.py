"""The typed methods of a client: one for each operation, and one for each variant, narrowed by the rules.

Also the tables of calls by which type checkers prove the narrowing.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from rulewright.errors import InputError
from rulewright.generate.names import Names
from rulewright.generate.operations import TAKEN, Input, Method, one_line, type_imports
from rulewright.generate.source import in_raw, literal, render
from rulewright.openapi.operations import has_items
from rulewright.rules.definition import Rule, RuledSchema, Verdict
from rulewright.rules.space import Given, Length, concretes
from rulewright.rules.variants import ABSENT, Allowed, Variant, VariantSet, takes

_OPTIONS: Final = ("waive: Collection[str] = ()", "strict: bool | None = None")
_EXTRA: Final = "extra: Mapping[str, Any] | None = None"
_OPTION_TEXTS: Final = (
    ("waive", "Ids of rules to switch off for this call."),
    ("strict", "Refuse inferred rules too; where it is not given, the client's own setting holds."),
)
_TASK_ERRORS: Final = (
    ("SubmitOutcomeUnknown", "It may have been accepted and billed; it is not sent again."),
    ("StatusError", "It was refused; nothing was started."),
)
_ONCE_ERRORS: Final = (
    ("OutcomeUnknown", "It may have been carried out; it is not sent again."),
    ("StatusError", "It was refused."),
)
_ERRORS: Final = (("StatusError", "It was answered with an error."),)


@dataclass(frozen=True)
class VariantMethod:
    """The method of one variant, as source text.

    Args:
        function: Its name.
        overloads: Its parameters, for each case that a signature can tell from others.
        parameters: The parameters of the method itself.
        passed: The arguments it passes on to the method of the operation.
        about: Its docstring.
        short: The docstring of its coroutine.
    """

    function: str
    overloads: tuple[str, ...]
    parameters: str
    passed: str
    about: str
    short: str


@dataclass(frozen=True)
class MethodText:
    """The method of one operation, as source text; `task` instead of an answer where it starts one."""

    constant: str
    function: str
    answer: str
    task: bool
    has_items: bool
    deprecated: bool
    parameters: str
    given: str
    extra: str
    about: str
    short: str
    variants: tuple[VariantMethod, ...]


def methods_module(
    methods: Sequence[Method], sets: Sequence[VariantSet], ruled: Sequence[RuledSchema], names: Names
) -> str:
    """Return the source of `methods.py`.

    Raises:
        InputError: Two methods would share one name.
    """
    rules = {rule.id: rule for schema in ruled for rule in schema.rules}
    owned = [(variants, method_of(variants, methods)) for variants in sets]
    texts = [
        _method(each, [_Narrowed(variants, each, rules) for variants, owner in owned if owner is each], rules)
        for each in methods
    ]
    owners: dict[str, str] = {}
    for text, method in zip(texts, methods, strict=True):
        for name in (text.function, *(variant.function for variant in text.variants)):
            if name in owners or name in TAKEN:
                other = f"the operation {owners[name]!r}" if name in owners else "every client"
                raise InputError(
                    f"the operation {method.operation.id!r} would have a method named {name}, as {other} has; "
                    "give it another operationId, or another name in x-variants, in an overlay",
                    pointer=method.operation.pointer,
                )
            owners[name] = method.operation.id
    kinds = [each.answer for each in methods] + [each.kind for method in methods for each in method.inputs]
    imports = [line for line in type_imports(kinds, names) if "Literal" not in line]
    table = {  # the method of each value of a discriminating field; a value that is no text has the method's name
        variants.by: {
            each.value if isinstance(each.value, str) else each.function: each.function for each in variants.variants
        }
        for variants in sets
    }
    return render("methods.py.jinja", methods=texts, imports=imports, table=table)


def literal_types(methods: Sequence[Method], sets: Sequence[VariantSet], names: Names) -> dict[str, str]:
    """Return the types of arguments with listed values that the package exports, by exported name.

    Each has the name the generator gave it; those of a body with variants also have a short one, such as `Model`.
    """

    def types(method: Method) -> Iterator[tuple[str, str]]:
        for each in method.inputs:
            yield from ((each.keyword, word) for word in re.findall(r"\w+", each.kind) if word in names.enums)

    short = {
        keyword.title().replace("_", ""): name
        for variants in reversed(sets)
        for keyword, name in types(method_of(variants, methods))
    }
    full = {name: name for method in methods for _, name in types(method)}
    return dict(sorted({**short, **full}.items()))


def method_of(variants: VariantSet, methods: Sequence[Method]) -> Method:
    """Return the method that a variant set narrows.

    Raises:
        InputError: Not exactly one operation takes the schema as its body.
    """
    pointer = variants.ruled.pointer
    users = [each for each in methods if pointer in each.bodies]
    if len(users) != 1:
        found = [each.operation.id for each in users]
        raise InputError(
            f"has x-variants, so exactly one operation must take it as its body, got {found}", pointer=pointer
        )
    return users[0]


def _method(method: Method, narrowed: Sequence[_Narrowed], rules: Mapping[str, Rule]) -> MethodText:
    inputs = sorted(method.inputs, key=lambda each: not each.record["required"])
    parameters = [_parameter(each) for each in inputs] + [_EXTRA] * method.is_open
    summary = one_line(method.operation.body.get("summary")) or f"Call {method.operation.title}."
    description = str(method.operation.body.get("description") or "").strip()
    if method.operation.body.get("deprecated") is True:
        summary = f"Deprecated. {summary}"
    first = [summary, *(["", *description.splitlines()] if description and description != summary else [])]
    return MethodText(
        constant=method.constant,
        function=method.function,
        answer=method.answer,
        task=bool(method.poll),
        has_items=has_items(method.operation),
        deprecated=method.operation.body.get("deprecated") is True,
        parameters=", ".join(["*", *parameters, *_OPTIONS]),
        given=", ".join(f"{literal(each.keyword)}: {each.keyword}" for each in method.inputs),
        extra=", extra" if method.is_open else "",
        about=_about(method, first, _texts(inputs, is_open=method.is_open), method.rules, rules),
        short=f"{summary}\n\n        See `Client.{method.function}`.\n        ",
        variants=tuple(each.method(variant) for each in narrowed for variant in each.variants.variants),
    )


def _parameter(each: Input) -> str:
    if each.record["required"]:
        return f"{each.keyword}: {widen(each.kind)}"
    if each.is_nullable:
        return f"{each.keyword}: {widen(each.kind)} | Absent = ABSENT"
    return f"{each.keyword}: {widen(each.kind)} | None = None"


def widen(kind: str) -> str:
    """Return the type of an argument: a list may also be given as a tuple, whose type knows its length."""
    found = re.fullmatch(r"list\[([^\[\]]*)\]", kind)
    return f"list[{found[1]}] | tuple[{found[1]}, ...]" if found else kind


def _texts(inputs: Sequence[Input], *, is_open: bool) -> list[tuple[str, str]]:
    """Return keyword and text of each argument that the document describes."""
    found = [(each.keyword, text) for each in inputs if (text := _describe(each))]
    return [*found, *([("extra", "Fields the document does not list, sent as they are.")] if is_open else [])]


def _describe(each: Input) -> str:
    text = each.record["description"] or ""
    return f"Deprecated. {text}".rstrip() if each.record["deprecated"] else text


def _about(
    method: Method,
    first: Sequence[str],
    texts: Sequence[tuple[str, str]],
    judged: Sequence[str],
    rules: Mapping[str, Rule],
) -> str:
    """Return a docstring: what it does, the arguments, what comes back, what may go wrong, the rules."""
    lines = [*first, "", "Args:", *(line for name, text in [*texts, *_OPTION_TEXTS] for line in _entry(name, text))]
    stream = "The items of the stream; a context manager that closes it." if has_items(method.operation) else ""
    result = "The handle of the task." if method.poll else stream or "What the API answers."
    lines += ["", "Returns:", f"    {result}", "", "Raises:"]
    lines += _entry("RequestRefused", "The request breaks a rule or its schema; nothing was sent.")
    errors = _TASK_ERRORS if method.poll else _ERRORS if method.is_idempotent else _ONCE_ERRORS
    lines += [line for name, text in errors for line in _entry(name, text)]
    lines += _entry("ApiError", "It was not answered, or not as the document says.")
    if judged:
        lines += ["", "Rules:"]
        lines += [f"    {each} ({rules[each].level}): {one_line(rules[each].message)}" for each in judged]
    return "\n".join([lines[0], *(f"        {line}".rstrip() for line in lines[1:]), "        "])


def _entry(name: str, text: str) -> Iterator[str]:
    """Yield an entry of a docstring; the lists of a text stay lists."""
    first, *rest = text.splitlines() or [""]
    yield f"    {name}: {first}"
    yield from (f"        {line}".rstrip() for line in rest)


class _Narrowed:
    """The methods of one variant set."""

    def __init__(self, variants: VariantSet, method: Method, rules: Mapping[str, Rule]) -> None:
        self.variants, self._owner, self._rules = variants, method, rules
        self._fields = {each.record["name"]: each for each in method.inputs if each.record["place"] == "body"}
        self._beside = [each for each in method.inputs if each.record["place"] != "body"]

    def method(self, variant: Variant) -> VariantMethod:
        """Return the method of a variant."""
        by = self.variants.by
        inputs = [*self._beside, *(each for name, each in self._fields.items() if name != by)]
        values = {each.keyword: each.keyword for each in self._owner.inputs}
        values[self._fields[by].keyword] = literal(variant.value)
        judged = [rule.id for rule in self.variants.ruled.rules if _is_about(rule.condition, self.variants.by, variant)]
        summary = f"Submit a request with {by} {variant.value}."
        return VariantMethod(
            function=variant.function,
            overloads=tuple(map(self._parameters, variant.cases)) if len(variant.cases) > 1 else (),
            parameters=self._parameters(_union(variant.cases)),
            passed=", ".join([*(f"{name}={value}" for name, value in values.items()), "waive=waive", "strict=strict"]),
            about=_about(self._owner, [summary], _texts(inputs, is_open=False), judged, self._rules),
            short=f"{summary}\n\n        See `Client.{variant.function}`.\n        ",
        )

    def leading(self, case: Allowed) -> list[str]:
        """Return the fields that are taken by position: one without a default cannot follow one with a default."""
        names = [name for name in self.variants.positional if name in self._fields and name != self.variants.by]
        has_default = [" = " in self._parameter(name, case) for name in names]
        return [name for index, name in enumerate(names) if has_default[index] or not any(has_default[:index])]

    def _parameters(self, case: Allowed) -> str:
        names = [name for name in self._fields if name != self.variants.by]
        leading = self.leading(case)
        stray = [name for name in self.variants.positional if name in names and name not in leading]
        rest = [name for name in names if name not in self.variants.positional]
        ordered, stray, rest = ([self._parameter(name, case) for name in each] for each in (leading, stray, rest))
        beside = [_parameter(each) for each in sorted(self._beside, key=lambda each: not each.record["required"])]
        return ", ".join([*ordered, "*", *stray, *beside, *rest, *_OPTIONS])

    def _parameter(self, name: str, case: Allowed) -> str:
        each = self._fields[name]
        text = f"{each.keyword}: {self._type(name, case)}"
        default = self.variants.defaults.get(name, ABSENT)
        allowed = case.get(name)
        if default is not ABSENT and (allowed is None or takes(allowed, default)):
            return f"{text} = {literal(default)}"
        optional = ABSENT in allowed if allowed is not None else not each.record["required"]
        if not optional:
            return text
        if each.is_nullable:
            return f"{text} | Absent = ABSENT"
        return f"{text} = None" if text.endswith(": None") else f"{text} | None = None"

    def _type(self, name: str, case: Allowed) -> str:
        declared = self._fields[name].kind
        allowed = case.get(name)
        if allowed is None or all(value in allowed for value in self.variants.domains[name] if value != ABSENT):
            return widen(declared)
        values = [value for value in allowed if value != ABSENT]
        if not values:
            return "None"
        if isinstance(values[0], Given):
            return declared
        if isinstance(values[0], Length):
            return _tuples(declared.removeprefix("list[").removesuffix("]"), values, self.variants.domains[name])
        return f"Literal[{', '.join(map(literal, values))}]"


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
        self.narrowed = _Narrowed(variants, method, {})
        self.required = [name for name in variants.ruled.schema.get("required", ()) if name != variants.by]

    def table(self, name: str) -> _Table:
        """Return the calls that violate no rule (`right`), or those that do (`wrong`)."""
        calls = tuple(call for call in self._all() if bool(call.violates) is (name == "wrong"))
        return _Table(f"{name}_{self.method.function}", self._parameters(), calls)

    def _all(self) -> Iterator[_Call]:
        for variant in self.variants.variants:
            fields = list(_union(variant.cases))
            for values in itertools.product(*(self.variants.domains[name] for name in fields)):
                point = dict(zip(fields, values, strict=True))
                yield _Call(self._call(variant, point), ", ".join(self._broken_rules(variant, point)))

    def _broken_rules(self, variant: Variant, point: Mapping[str, Any]) -> tuple[str, ...]:
        given = {name: value for name, value in point.items() if value != ABSENT}
        samples = map(concretes, given.values())
        outcomes = [
            self.verdict.violated_rules({self.variants.by: variant.value, **dict(zip(given, values, strict=True))})
            for values in itertools.product(*samples)
        ]
        return min(outcomes, key=len)

    def _call(self, variant: Variant, point: Mapping[str, Any]) -> str:
        given = {name: self._name(name) for name in self.required if name not in point}
        given.update({name: self._value(name, value) for name, value in point.items() if value != ABSENT})
        leading = list(itertools.takewhile(given.__contains__, self.narrowed.leading(_union(variant.cases))))
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
        unrestricted = {name for each in self.variants.variants for name in {*self.required} - {*_union(each.cases)}}
        for name, each in self.fields.items():
            domain = self.variants.domains.get(name, ())
            if any(isinstance(value, Length) for value in domain):
                item = each.kind.removeprefix("list[").removesuffix("]")
                texts.append(f"{each.keyword}_item: {_importable_type(item)}")
            if name in unrestricted or not domain or any(isinstance(value, Given) for value in domain):
                texts.append(f"{each.keyword}: {_importable_type(each.kind)}")
        return ", ".join(texts)

    def _name(self, name: str) -> str:
        return self.fields[name].keyword


def _importable_type(kind: str) -> str:
    """Return a type that needs no import but that of the models."""
    return kind if kind in {"str", "int", "float", "bool"} or kind.startswith("models.") else "Any"
