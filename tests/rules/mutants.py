"""Mutants of rules: each differs by one mistake that an author could make."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

BOUNDS: Final = ("minItems", "maxItems", "minLength", "maxLength", "minimum", "maximum")
Path = tuple[str | int, ...]
Rules = list[dict[str, Any]]


class Mutant(NamedTuple):
    """A list of rules with one mistake, its kind and its description."""

    kind: str
    name: str
    rules: Rules


def mutants(rules: Rules, schema: dict[str, Any]) -> Iterator[Mutant]:
    """Yield every mutant of the rules of a schema."""
    for kind, make in KINDS.items():
        for index, rule in enumerate(rules):
            for change, result in make(index, rules, schema):
                yield Mutant(kind, f"{rule['id']}: {change}", result)


Made = Iterator[tuple[str, Rules]]


def _deleted(index: int, rules: Rules, schema: dict[str, Any]) -> Made:
    yield "deleted", rules[:index] + rules[index + 1 :]


def _moved(index: int, rules: Rules, schema: dict[str, Any]) -> Made:
    if index:
        yield "one place earlier", [*rules[: index - 1], rules[index], rules[index - 1], *rules[index + 1 :]]


def _level(index: int, rules: Rules, schema: dict[str, Any]) -> Made:
    other = {"error": "warning", "warning": "error"}[rules[index]["level"]]
    yield f"level {other}", _with(rules, (index, "level"), other)


def _swapped(index: int, rules: Rules, schema: dict[str, Any]) -> Made:
    rule = rules[index]
    yield "if and then swapped", _with(rules, (index,), {**rule, "if": rule["then"], "then": rule["if"]})


def _bounds(index: int, rules: Rules, schema: dict[str, Any]) -> Made:
    for path, value in _parts(rules, index, BOUNDS):
        for moved in (value - 1, value + 1):
            yield f"{_text(path)} {value} -> {moved}", _with(rules, path, moved)


def _values(index: int, rules: Rules, schema: dict[str, Any]) -> Made:
    for path, value in _parts(rules, index, ("const",)):
        for sibling in schema["properties"][path[-2]]["enum"]:
            if sibling != value:
                yield f"{_text(path)} {value} -> {sibling}", _with(rules, path, sibling)
    for path, listed in _parts(rules, index, ("enum",)):
        for value in listed:
            yield f"{_text(path)} without {value}", _with(rules, path, [each for each in listed if each != value])


def _required(index: int, rules: Rules, schema: dict[str, Any]) -> Made:
    for path, names in _parts(rules, index, ("required",)):
        for name in names:
            yield f"{_text(path)} without {name}", _with(rules, path, [each for each in names if each != name])
        for name in schema["properties"]:
            if name not in {*names, *schema["required"]}:  # a field that the schema requires anyway adds nothing
                yield f"{_text(path)} with {name}", _with(rules, path, [*names, name])


def _keywords(index: int, rules: Rules, schema: dict[str, Any]) -> Made:
    for part in ("if", "then"):
        for path, value in _walk(rules[index][part], (index, part)):
            if path[-1] not in {"if", "then"} and not isinstance(path[-1], int):
                yield f"without {_text(path)}", _without(rules, path)
            if isinstance(value, dict):
                yield f"{_text(path)} negated", _with(rules, path, {"not": value})


def _patterns(index: int, rules: Rules, schema: dict[str, Any]) -> Made:
    for path, text in _parts(rules, index, ("pattern",)):
        for at, char in enumerate(text):
            yield f"{_text(path)} without {char!r} at {at}", _with(rules, path, text[:at] + text[at + 1 :])
        yield f"{_text(path)} + $", _with(rules, path, text + "$")


KINDS: Final[dict[str, Callable[[int, Rules, dict[str, Any]], Made]]] = {
    "rule deleted": _deleted,
    "rule moved": _moved,
    "level flipped": _level,
    "if and then swapped": _swapped,
    "bound moved": _bounds,
    "value changed": _values,
    "required changed": _required,
    "keyword dropped or negated": _keywords,
    "pattern changed": _patterns,
}


def _parts(rules: Rules, index: int, keywords: tuple[str, ...]) -> Iterator[tuple[Path, Any]]:
    for part in ("if", "then"):
        for path, value in _walk(rules[index][part], (index, part)):
            if path[-1] in keywords:
                yield path, value


def _walk(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    yield path, value
    if isinstance(value, dict):
        for key, child in value.items():
            if key == "properties":
                for name, schema in child.items():
                    yield from _walk(schema, (*path, key, name))
            else:
                yield from _walk(child, (*path, key))


def _with(rules: Rules, path: Path, value: Any) -> Rules:
    result: Any = copy.deepcopy(rules)
    at = result
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = copy.deepcopy(value)
    return list(result)


def _without(rules: Rules, path: Path) -> Rules:
    result: Any = copy.deepcopy(rules)
    at = result
    for key in path[:-1]:
        at = at[key]
    del at[path[-1]]
    return list(result)


def _text(path: Path) -> str:
    return "/".join(map(str, path[1:]))
