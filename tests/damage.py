"""Damaged inputs: a project's document, overlays and pages with a few things wrong, deterministic by number.

Structural damage acts on the parsed value (a key dropped, a type swapped, a reference to itself), textual damage on the
lines and characters.
"""

from __future__ import annotations

import copy
import json
import random
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml
from rulewright.openapi.pointer import Location, encode

ROOT: Final = Path(__file__).resolve().parents[1]
DOCUMENTS: Final = ("codehost", "leads", "messaging", "objectstore", "payments", "petstore", "predictions", "weather")
SEEDS: Final = (
    ROOT,
    ROOT,
    ROOT / "tests/projects/parcels",
    ROOT / "tests/projects/parcels",
    *(ROOT / "tests/documents" / name for name in DOCUMENTS),
)
PAGES: Final = ROOT / "tests/import_page/pages"
_RAW: Final = re.compile(r'"@raw ([^"]*)"')


def raw(text: str) -> str:
    """Return a value that is written as this text, without quotes."""
    return f"@raw {text}"


def _nested(depth: int, inside: Any) -> Any:
    for _ in range(depth):
        inside = [inside]
    return inside


ODD: Final[tuple[Any, ...]] = (
    *(None, True, False, 0, -1, 1.5, 10**30, raw("1e400"), raw("-1e400"), raw(".nan"), raw(".inf"), raw("1e308")),
    *("", "x", "\u202e", "\u0000", "\ud800", "a\nb", "(", "[z-a]", "#", "/", "~", "x" * 3000, "__proto__", "0", "１"),
    *([], {}, [[]], [{}], [None], ["x", "x"], [1, "a", None, [1], {"a": 1}], {"": {}}, {"a": {"b": [1]}}),
    *(
        _nested(60, 1),
        _nested(400, 1),
        {"x": _nested(90, {})},
        list(range(300)),
        {str(each): each for each in range(300)},
    ),
    *(
        {"$ref": each}
        for each in ("#/nowhere", "#", "", "other.yaml#/x", "https://example.com/x", "#/paths/~2", 5, None)
    ),
)
WORDS: Final[tuple[tuple[str, tuple[Any, ...]], ...]] = (
    ("type", (5, "unknown", ["string", "unknown"], [["string"]], {}, [], None, ["null"], "array", "object")),
    ("required", (["x", "x"], [["x"]], [5], "x", {}, True, ["kind"])),
    ("enum", ("a", [], [[1], [2]], [{"a": 1}, {"a": 1}], [1, 1.0, True], [None], {}, [raw("1e400")], ["a", 1, [1]])),
    ("const", ([1], {"a": [1]}, raw("1e400"), None)),
    ("minimum", (raw("1e400"), 10**30, "1", None, [], -(10**300), raw(".nan"), True)),
    ("exclusiveMaximum", (True, raw("-1e400"), "x", 10**30)),
    ("multipleOf", (0, -1, raw("1e-400"), "x", 10**30)),
    ("maxLength", (10**30, -1, 1.5, "x", None)),
    ("minLength", (10**12, 10**30, True)),
    ("minItems", (10**9, 10**30, -1, "1", None)),
    ("maxItems", (10**9, 10**30, 1.0, [])),
    ("minProperties", (10**9, "x")),
    ("pattern", ("(", "(a+)+$", "[", 5, "\\p{Nope}", "(?<=a)b", "^" + "(a?){200}" + "a" * 200 + "$")),
    ("format", (5, "date-time", [], "uri-reference")),
    ("default", (raw("1e400"), [1], {}, "x")),
    ("properties", ([], None, {"a": 5}, {"a": []}, {"": {}}, {"a b": True}, {"x": {"$ref": "#/nowhere"}})),
    ("items", ([], None, 5, [{}], True, {"$ref": "#/components/schemas"})),
    ("additionalProperties", (5, "x", [], None, {"type": 5})),
    ("allOf", ([], {}, [5], [None], [{}], [{"type": "string"}, {"type": "integer"}], "x")),
    ("anyOf", ([], [None], [{"type": 5}], [{"enum": [[1]]}])),
    ("oneOf", ([], [{}], {"a": {}})),
    ("not", ({}, [], True, {"not": {"not": {}}})),
    ("discriminator", (5, {}, {"propertyName": 5}, {"propertyName": "x", "mapping": {"a": 5, "b": "#/nowhere"}})),
    ("nullable", ("x", [], True)),
    ("parameters", ({}, [5], [{}], [{"name": 5, "in": 5}], [{"name": "a", "in": "query"}] * 2, [[{}]])),
    (
        "responses",
        ([], {}, {"200": 5}, {"x": {}}, {"200": {"content": []}}, {"200": {"links": [1], "description": "x"}}),
    ),
    ("content", ([], {"": {}}, {"x": 5}, {"application/json": {"schema": 5}}, {"application/json": []})),
    ("security", ({}, [5], [{"x": []}], [{"x": 5}], "x")),
    ("operationId", ("", 5, "class", "a" * 400, "x\ny", "../x", None)),
    ("tags", ("x", [5], [[]], [{}], ["../.."])),
    ("servers", ([], {}, [5], [{"url": 5}], [{"url": "https://{a}.b"}], [{"url": "x", "variables": {"a": 5}}])),
    ("openapi", ("3.1.0", "3.0.0", "3.9.9", 3.1, [], "2.0")),
    ("info", ([], {}, {"title": 5, "version": []})),
    ("components", ([], {"schemas": []}, {"schemas": {"A": 5}}, {"securitySchemes": {"a": 5}})),
    ("paths", ([], {"x": {}}, {"/": 5}, {"/{a": {"get": {}}})),
    ("x-rules", ({}, 5, [5], [{}], [[]], [{"id": []}], None)),
    (
        "x-variants",
        ([], 5, {}, {"by": [], "names": [], "general": {}}, {"by": "kind", "names": {}, "general": "x"}, None),
    ),
    (
        "x-waiter",
        ([], 5, {}, None, "x", {"name": [], "id": [], "state": [], "acceptors": [], "delay": [], "deadline": []}),
    ),
    ("x-accepted-gaps", (5, {}, [5], [{}], None, [{"gap": [], "reason": 5}])),
    ("x-accepted-findings", (5, {}, [5], [{}], [{"findings": [[]], "reason": "x"}], None)),
    ("x-vendor-ledger", (5, {}, [5], [{}], None)),
    ("actions", ({}, [], [5], [{}], [{"target": "$"}], [{"target": "$..*", "remove": True}])),
    (
        "target",
        ("", "$", "$..*", "$[?@.a==1e400]", "$.nowhere", "$['a", "$" + "[0]" * 500, 5, "$..[?search(@,'(a+)+$')]"),
    ),
    ("update", (None, 5, [], {}, {"x-rules": 5}, "x")),
    ("remove", ("yes", 1, None, True)),
    ("extends", (5, "", "../nowhere.yaml", "https://example.com", "\u0000")),
    ("x-expect", (5, -1, "x", {}, {"min": 2, "max": 1}, 10**30, None)),
    ("x-was", (5, {}, [], "sha256:", "sha256:zz", None)),
)
"""Keywords of the inputs, each with values that are wrong there, or right and extreme."""
NAMES: Final = (
    "",
    "x",
    "a b",
    "é",
    "e\u0301",
    "\u202e",
    "class",
    "$ref",
    "x-rules",
    "~1",
    "/",
    "a\nb",
    "0",
    "K",
    "kind",
)


@dataclass(frozen=True)
class Damaged:
    """A project with something wrong.

    Args:
        seed: The project it was made of.
        root: The damaged copy.
        file: The damaged file.
        what: What was done to it.
    """

    seed: Path
    root: Path
    file: Path
    what: str


def write_damaged(number: str, folder: Path) -> Damaged:
    """Write the damaged project of a number, or a folder of pages of which one is damaged."""
    chance = random.Random(number)  # noqa: S311  it need not be secret, but the same again
    seed = chance.choice((*SEEDS, PAGES))
    root = folder / "project"
    _copy(seed, root)
    files = sorted(path for path in root.rglob("*") if path.suffix in {".yaml", ".md"})
    file = chance.choice(files)
    if file.suffix == ".md" or chance.random() < 0.2:
        text, what = _textual(file.read_text(encoding="utf-8"), chance)
    else:
        text, what = _structural(yaml.safe_load(file.read_text(encoding="utf-8")), chance)
    file.write_bytes(text.encode("utf-8", "surrogatepass"))
    return Damaged(seed, root, file, f"{seed.name}/{file.name}: {what}")


def _copy(seed: Path, root: Path) -> None:
    root.mkdir(parents=True)
    for path in (*seed.glob("*.md"), *seed.glob("openapi.yaml"), *seed.glob("pyproject.toml")):
        if seed == PAGES or path.suffix != ".md":
            shutil.copy(path, root)
    if (seed / "overlays").is_dir():
        (root / "overlays").mkdir()
        for path in seed.glob("overlays/*.yaml"):
            shutil.copy(path, root / "overlays")


def _structural(value: Any, chance: random.Random) -> tuple[str, str]:
    done = []
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        place = chance.choice(_places(value))
        change = chance.choice(_CHANGES)
        value = copy.deepcopy(value)  # what YAML anchors share is changed in one place only
        done.append(f"{change(value, place, chance)} at {encode(place) or 'the root'}")
    return written(value), "; ".join(done)


def written(value: Any) -> str:
    """Return a value as JSON, which is YAML as well; it may hold what JSON does not know."""
    text = json.dumps(value, indent=1, ensure_ascii=True, default=str)
    return _RAW.sub(r"\1", text)


def _places(value: Any, place: Location = ()) -> list[Location]:
    found = [place]
    for key, child in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        found += _places(child, (*place, key))
    return found


def _at(value: Any, place: Location) -> Any:
    for key in place:
        value = value[key]
    return value


def _drop(value: Any, place: Location, chance: random.Random) -> str:
    if place:
        del _at(value, place[:-1])[place[-1]]
    return "drop"


def _replace(value: Any, place: Location, chance: random.Random) -> str:
    odd = chance.choice((*ODD, {"$ref": "#" + encode(place)}, _at(value, chance.choice(_places(value)))))
    if place:
        _at(value, place[:-1])[place[-1]] = copy.deepcopy(odd)
    return f"replace by {odd!r:.80}"


def _add_word(value: Any, place: Location, chance: random.Random) -> str:
    """Give an object a keyword with an odd operand, the nearest object above the place."""
    while not isinstance(_at(value, place), dict):
        place = place[:-1]
    word, operands = chance.choice(WORDS)
    operand = chance.choice(operands)
    _at(value, place)[word] = copy.deepcopy(operand)
    return f"set {word} to {operand!r:.80} in {encode(place) or 'the root'}"


def _change_word(value: Any, place: Location, chance: random.Random) -> str:
    """Give a keyword that is there an odd operand."""
    known: dict[str, Any] = dict(WORDS)
    places = [each for each in _places(value) if each and each[-1] in known]
    if not places:
        return _add_word(value, place, chance)
    place = chance.choice(places)
    operand = chance.choice(known[str(place[-1])])
    _at(value, place[:-1])[place[-1]] = copy.deepcopy(operand)
    return f"set {encode(place)} to {operand!r:.80}"


def _rename(value: Any, place: Location, chance: random.Random) -> str:
    name = chance.choice(NAMES)
    holder = _at(value, place[:-1]) if place else None
    if isinstance(holder, dict):
        holder[name] = holder.pop(place[-1])
    return f"rename to {name!r}"


def _wrap(value: Any, place: Location, chance: random.Random) -> str:
    wrapped = chance.choice((lambda each: [each], lambda each: {"x": each}, str, lambda each: [each, each]))
    if place:
        holder = _at(value, place[:-1])
        holder[place[-1]] = wrapped(holder[place[-1]])
    return "wrap"


def _refer_round(value: Any, place: Location, chance: random.Random) -> str:
    """Let two places refer to each other, or a component to itself."""
    schemas = value.get("components", {}).get("schemas") if isinstance(value, dict) else None
    name = chance.choice(list(schemas)) if isinstance(schemas, dict) and schemas else "A"
    reference = {"$ref": f"#/components/schemas/{name}"}
    odd = chance.choice((reference, {"allOf": [reference]}, {"oneOf": [reference, reference]}, {"items": reference}))
    if isinstance(schemas, dict) and schemas:
        schemas[chance.choice(list(schemas))] = odd
    return f"refer by {odd!r}"


_CHANGES: Final[tuple[Callable[[Any, Location, random.Random], str], ...]] = (
    *(_drop, _replace, _replace, _add_word, _add_word, _change_word, _change_word, _rename, _wrap, _refer_round),
)


def _textual(text: str, chance: random.Random) -> tuple[str, str]:
    lines = text.split("\n")
    index = chance.randrange(len(lines))
    other = chance.randrange(len(lines))
    column = chance.randrange(len(lines[index]) + 1)
    line = lines[index]
    odd = chance.choice(ODD_TEXT)
    changes: tuple[tuple[str, list[str]], ...] = (
        ("drop line", lines[:index] + lines[index + 1 :]),
        ("repeat line", [*lines[: index + 1], *lines[index:]]),
        ("move line", [*lines[:index], *lines[index + 1 : other + 1], line, *lines[max(index, other) + 1 :]]),
        ("cut off", [*lines[:index], line[:column]]),
        ("indent", [*lines[:index], "  " + line, *lines[index + 1 :]]),
        ("outdent", [*lines[:index], line.removeprefix("  "), *lines[index + 1 :]]),
        (f"insert {odd!r:.40}", [*lines[:index], line[:column] + odd + line[column:], *lines[index + 1 :]]),
        (f"insert {odd!r:.40}", [*lines[:index], line[:column] + odd + line[column:], *lines[index + 1 :]]),
        ("drop character", [*lines[:index], line[:column] + line[column + 1 :], *lines[index + 1 :]]),
        (f"value {odd!r:.40}", [*lines[:index], re.sub(r": .*", lambda _: f": {odd}", line), *lines[index + 1 :]]),
    )
    what, result = chance.choice(changes)
    return "\n".join(result), f"{what} at line {index + 1}"


ODD_TEXT: Final = (
    *("\t", "\u0000", "\u2028", "\ufeff", "\u202e", "é", "'", '"', "{", "}", "[", "]", ":", ": ", "- ", "#", "|", ">"),
    *("&a ", "*a", "&a [*a]", "<<: ", "!!python/object:os.system ", "!!int x", "!!binary x", "? ", "---", "...", "```"),
    *("1e400", ".nan", "0x" + "f" * 400, "9" * 2000, "[" * 300, "{a: " * 150, "x" * 5000, "\r", "\ud800", "%YAML 9.9"),
)
