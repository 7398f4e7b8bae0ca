"""The skeleton of a rule for a sentence: an overlay action whose target, source and fields are filled in."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from rulewright.errors import InputError
from rulewright.openapi.pointer import Location, at, decode
from rulewright.openapi.references import follow_schema
from rulewright.openapi.sample import samples
from rulewright.openapi.schemas import SchemaError, Schemas
from rulewright.rules.sources import Prose, Sentence, fold

_WORD: Final = re.compile(r"[^\W_]+")
_COUNTS: Final = re.compile(r"(?<![A-Za-z0-9_])(\d+)(?:\s*(?:-|–|~|to|至|到)\s*(\d+))?(?![A-Za-z0-9_])")


def find_sentence(prose: Prose, words: str) -> Sentence:
    """Return the one constraint-like sentence that holds some words.

    Raises:
        InputError: There is none, or more than one.
    """
    wanted = fold(words).casefold()
    found = [each for each in prose.sentences if wanted in fold(each.text).casefold()]
    if len(found) == 1:
        return found[0]
    if found:
        lines = "\n".join(f"  line {each.line}, {each.at}\n    {each.text}" for each in found)
        raise InputError(f"{len(found)} sentences hold these words; give more of one\n{lines}", path=prose.path)
    close = difflib.get_close_matches(words, [each.text for each in prose.sentences], 1, 0.4)
    hint = f"did you mean: {close[0]}" if close else "see rulewright rules list"
    raise InputError(f"no sentence that sounds like a constraint holds {words!r}; {hint}", path=prose.path)


def skeleton(document: Any, sentence: Sentence) -> dict[str, Any]:
    """Return the overlay action of a rule for a sentence.

    What the sentence mentions decides: a listed value of a field goes into `if`, numbers become bounds of the field it
    describes, or of the next one it mentions. The author has to judge all of it, and to write the message.

    Args:
        document: The document with all overlays applied.
        sentence: One sentence of the vendor document.
    """
    owner, described = _owner(document, decode(sentence.at))
    schema = follow_schema(document, at(document, owner))
    fields = {name: follow_schema(document, each) for name, each in (schema.get("properties") or {}).items()}
    mentioned = dict(_mentions(sentence.text, fields))
    subject = described or next(
        iter(name for name in fields if _says(sentence.text, name)), next(iter(fields), "field")
    )
    given = {name: value for name, value in mentioned.items() if name != subject} or dict([*mentioned.items()][:1])
    condition = {"properties": {name: {"const": value} for name, value in given.items()}, "required": [*given]}
    then = {"properties": {subject: _bounds(sentence.text, fields.get(subject, {}))}, "required": [subject]}
    passes = _example(document, {"allOf": [schema, condition, then]}) or _example(document, schema) | given
    breaks = _example(document, {"allOf": [schema, condition, {"not": then}]}) or passes
    return {
        "target": "$" + "".join(f"['{name}']" if not str(name).isidentifier() else f".{name}" for name in owner),
        "description": "Why this rule exists, and its evidence.",
        "update": {
            "x-rules": [
                {
                    "id": "-".join(_WORD.findall(sentence.text.casefold())[:5]) or "name-of-the-rule",
                    "level": "error",
                    "message": f"{subject} must ...",
                    "source": {"at": sentence.at, "quote": sentence.text},
                    "if": condition if given else {},
                    "then": then,
                    "examples": {"passes": passes, "breaks": breaks},
                }
            ]
        },
    }


def _owner(document: Any, location: Location) -> tuple[Location, str | None]:
    """Return the schema, or the operation, whose rule it would be, and the field that the text describes."""
    for end in range(len(location) - 1, 0, -1):
        if location[end - 1] == "properties":
            return location[: end - 1], str(location[end])
    if location[:1] == ("paths",) and len(location) > len(("paths", "path", "method")):
        operation = at(document, location[:3])
        content = follow_schema(document, operation.get("requestBody")).get("content") or {}
        body: dict[str, Any] = next((media["schema"] for media in content.values() if "schema" in media), {})
        if "$ref" in body:
            return decode(body["$ref"].removeprefix("#")), None
        return location[:3], None
    return location[:-1], None


def _mentions(text: str, fields: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, Any]]:
    """Yield each field of which the sentence mentions a listed value, with that value."""
    for name, field in fields.items():
        for value in sorted(map(str, field.get("enum") or ()), key=len, reverse=True):
            if _says(text, value):
                yield name, value
                break


def _says(text: str, name: str) -> bool:
    plain = re.sub(r"[\W_]+", "", name.casefold())
    return re.search(rf"(?<![a-z0-9]){re.escape(plain)}(?![a-z0-9])", text.casefold().replace("_", "")) is not None


def _bounds(text: str, field: Mapping[str, Any]) -> dict[str, Any]:
    kind = field.get("type")
    low, high = {"array": ("minItems", "maxItems"), "string": ("minLength", "maxLength")}.get(
        str(kind), ("minimum", "maximum")
    )
    if isinstance(field.get("enum"), list):
        listed = [value for value in field["enum"] if _says(text, str(value))]
        return {"enum": listed} if listed else {}
    found = _COUNTS.search(text)
    if found is None or kind not in {"array", "string", "integer", "number"}:
        return {}
    return {low: int(found[1]), high: int(found[2])} if found[2] else {high: int(found[1])}


def _example(document: Any, schema: Mapping[str, Any]) -> dict[str, Any]:
    try:
        found: Any = next(iter(samples(Schemas(document), schema)), None)
    except SchemaError:
        return {}
    return dict(found) if isinstance(found, dict) else {}
