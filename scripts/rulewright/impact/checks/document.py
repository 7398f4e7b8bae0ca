"""Checks of the document: servers, tags, shared parts, references, prose, and what does not affect a client."""

from __future__ import annotations

import dataclasses
import difflib
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rulewright.impact.change import (
    ADD,
    REMOVE,
    RENAME,
    Always,
    Change,
    Check,
    Word,
    breaking,
    compatible,
    nothing,
    review,
)
from rulewright.impact.context import Context, show_value
from rulewright.impact.difference import Difference, Place
from rulewright.impact.normal import ALTERNATIVES, CONTAINERS, EXTENSION, GRAMMAR, at, kind_of, places, resolve, same
from rulewright.impact.revision import Revision
from rulewright.openapi.pointer import Location, encode
from rulewright.overlay import notes
from rulewright.rules.sources import WAIVED, fold, sentences, sounds_like_a_constraint, texts

SERVERS: Final = ("OpenAPI.servers[]", "PathItem.servers[]", "Operation.servers[]")
SHARED: Final = tuple(
    f"Components.{key}[]"
    for key in ("responses", "parameters", "requestBodies", "headers", "links", "pathItems", "securitySchemes")
)
RENAMED: Final = tuple(
    f"Components.{key}[]" for key in GRAMMAR["Components"] if (kind_of("Components", key) or "")[:1] == "{"
)
ORDERED: Final = (*CONTAINERS, *(f"Schema.{key}" for key in ALTERNATIVES), "Schema.enum", "Schema.required")
PARTS: Final = (
    *(f"{place}[]" for place in CONTAINERS),
    *(f"Schema.{key}{entry}" for key in ALTERNATIVES for entry in ("", "[]")),
    *(f"{owner}.{key}" for owner, keys in GRAMMAR.items() for key, kind in keys.items() if kind[0] == "@"),
)
PROSE: Final = tuple(place for place in places("prose") if place not in {"Schema.title", "Info.title"})
DOCUMENTATION: Final = (
    "Info.title", "Tag.name", *places("docs", "example", "examples"), "Schema.$comment", "Components.examples",
)  # fmt: skip
EXTENSIONS: Final = (
    *(f"{owner}.{EXTENSION}" for owner in GRAMMAR), f"OpenAPI.{EXTENSION}[]", f"Operation.{EXTENSION}[]",
)  # fmt: skip


def _server_added(difference: Difference, context: Context) -> Iterator[Change]:
    text = "the server {url} was added"
    had_servers = difference.owner != "OpenAPI" or bool(context.old.value.get("servers"))
    if difference.location[-1] != 0:
        effect = compatible(text)
    else:
        text += "; clients use it by default now"
        effect = breaking(text, "wire") if had_servers else compatible(text)
    yield from Always(effect)(difference, context)


def _schema_removed(difference: Difference, _: Context) -> Iterator[Change]:
    schema = difference.old if isinstance(difference.old, dict) else {}
    name = show_value(difference.entry)
    if difference.owner == "Components" and ("enum" in schema or schema.get("type", "object") == "object"):
        yield breaking(f"{name} is gone: imports of its generated class fail", "source")
    else:
        yield nothing(f"{name} is gone", "docs")


def _check_removed_component(difference: Difference, context: Context) -> Iterator[Change]:
    name = show_value(difference.entry)
    if any(context.usage[1].of(difference.location)):
        yield breaking(f"{name} is gone, and operations still refer to it: they fail", "wire")
    else:
        yield nothing(f"{name} is gone")


def _part_replaced(difference: Difference, _: Context) -> Iterator[Change]:
    text = f"{difference.key} as a whole {'is gone' if difference.kind == 'remove' else 'was added'}"
    if difference.key != "components":
        yield nothing(text, "docs")
    elif difference.kind == "remove" and difference.old:
        yield breaking(f"{text}: operations that refer to it fail", "wire", "source")
    else:
        yield compatible(text, "docs")


def _is_reordered(difference: Difference) -> bool:
    """Whether two lists have the same items."""
    old, new = difference.old, difference.new
    if not isinstance(old, list) or not isinstance(new, list):
        return False
    return difference.kind == "order" or (all(each in new for each in old) and all(each in old for each in new))


def _order_changed(difference: Difference, _: Context) -> Iterator[Change]:
    if difference.key == "servers" and difference.old[:1] != difference.new[:1]:
        yield breaking("another server is first: clients use it by default now", "wire")
    else:
        yield nothing(f"{difference.key}: the same entries in another order")


def _check_renamed_component(difference: Difference, context: Context) -> Iterator[Change]:
    old, new = show_value(difference.old), show_value(difference.new)
    document = context.documents(difference)[0]
    schema = at(document, difference.place.old)
    if isinstance(schema, dict) and ("enum" in schema or schema.get("type", "object") == "object"):
        yield breaking(f"{old} is named {new}: imports of its generated class fail", "source")
    else:
        yield nothing(f"{old} is named {new}, which no request or answer shows")


def _reference_changed(difference: Difference, context: Context) -> Iterator[Change]:
    before, after = context.documents(difference)
    names = [
        show_value(value["$ref"].rpartition("/")[2])
        if isinstance(value, dict) and "$ref" in value
        else "a value of its own"
        for value in (difference.old, difference.new)
    ]
    text = f"{context.field(difference)}: was {names[0]}, is {names[1]}"
    targets = resolve(difference.old, before), resolve(difference.new, after)
    if any("$ref" in each for each in targets if isinstance(each, dict)):
        yield breaking(f"{text}, which leads to nothing or in a circle", "wire", "types")
    elif difference.owner == "Schema" and any("properties" in each or "enum" in each for each in targets):
        alike = "the same values" if same(*targets) else "what differs is reported by itself"
        yield breaking(f"{text}: {alike}, in a generated class with another name", "types")
    else:
        yield nothing(f"{text}; where it is kept makes no difference")


def _sentences(difference: Difference) -> list[Difference]:
    """Return one difference for each changed sentence, or the whole if only white space or list marks changed."""
    found = changed_sentences(difference.old, difference.new)
    return [dataclasses.replace(difference, old=each.old, new=each.new) for each in found] or [difference]


def _prose_changed(difference: Difference, context: Context) -> Iterator[Change]:
    if changed_sentences(difference.old, difference.new):
        what = "was reworded" if difference.old and difference.new else "was added" if difference.new else "is gone"
        yield _sentence(f"a sentence {what}", difference, context)
    else:
        yield nothing("only white space or list marks changed", "docs")


def _sentence(text: str, difference: Difference, context: Context) -> Change:
    change = SentenceChange(difference.old or "", difference.new or "")
    quoted = find_quotes((context.old, context.new), difference.location, change)
    return review(text + "; it is quoted: review the rule or overlay" * bool(quoted), words=change.words, quoted=quoted)


def _constraints(difference: Difference) -> list[Difference]:
    """Return one difference for each sentence of an added or removed part that sounds like a constraint."""
    is_new = difference.kind == "add"
    found = constraint_sentences(difference.new if is_new else difference.old, difference.location)
    return [
        dataclasses.replace(
            difference, place=Place(place, place), old="" if is_new else sentence, new=sentence if is_new else ""
        )
        for place, sentence in found
    ]


def _prose_moved(difference: Difference, context: Context) -> Iterator[Change]:
    states = "an added part states" if difference.kind == "add" else "a removed part stated"
    yield _sentence(f"{states}: {show_value(difference.new or difference.old)}", difference, context)


CHECKS: Final[tuple[Check, ...]] = (
    Check("documentation-changed", "Something that only people read changed: an example, a contact, a link.",
          DOCUMENTATION, Always(nothing("{key} changed", "docs"))),
    Check("version-changed", "The vendor's own version changed, from which nothing is concluded.", ["Info.version"],
          Always(nothing("the vendor's version was {old}, is {new}; nothing is concluded from it", "docs"))),
    Check("dialect-changed", "The document uses another version of OpenAPI, in which keywords may mean something else.",
          ["OpenAPI.jsonSchemaDialect"],
          Always(review("{key} was {old}, is {new}: the same keywords may have another meaning"))),
    Check("openapi-changed", "The document uses another version of OpenAPI; both sides are compared by what they mean.",
          ["OpenAPI.openapi"], Always(nothing("the version of OpenAPI was {old}, is {new}; compared by meaning", "docs"))),
    Check("component-renamed", "A component has another name.", RENAMED, _check_renamed_component, RENAME, cause="rename {old}"),
    Check("server-added", "There is a further server.", SERVERS, _server_added, ADD),
    Check("server-removed", "A server is gone.", SERVERS,
          Always(breaking("the server {url} is gone: clients that use it cannot connect", "wire")), REMOVE),
    Check("server-rewritten", "The address of a server is built differently.", ["Server.url", "Server.variables"],
          Always(breaking("{key} of a server changed: clients that use the old address may not reach it", "wire"))),
    Check("tag-added", "A tag is described.", ["OpenAPI.tags[]"],
          Always(nothing("the tag {entry} is described", "docs")), ADD),
    Check("tag-removed", "A tag is no longer described; its operations remain.", ["OpenAPI.tags[]"],
          Always(nothing("the tag {entry} is no longer described", "docs")), REMOVE),
    Check("schema-added", "There is a further schema.", ["Components.schemas[]", "Schema.$defs[]"],
          Always(compatible("there is a generated class for {entry}")), ADD),
    Check("schema-removed", "A schema is gone, and so is its generated class.",
          ["Components.schemas[]", "Schema.$defs[]"], _schema_removed, REMOVE),
    Check("shared-part-added", "There is a further shared part; its uses are reported in their places.", SHARED,
          Always(nothing("{entry} can be referred to")), ADD),
    Check("shared-part-removed", "A shared part is gone; its uses are reported in their places.", SHARED,
          _check_removed_component, REMOVE),
    Check("part-replaced", "A whole part of the document was added or removed.", ["OpenAPI.info", "OpenAPI.components"],
          _part_replaced, ADD | REMOVE),
    Check("order-changed", "The same entries are in another order.", ORDERED, _order_changed,
          frozenset({"order", "change"}), _is_reordered),
    Check("reference-changed", "A place refers to another part, or defines itself what it referred to.",
          [f"{owner}.$ref" for owner in GRAMMAR], _reference_changed, frozenset({"change"})),
    Check("extension-changed", "An extension field changed, whose meaning is unknown.", EXTENSIONS,
          Always(review("the extension {last} changed: check what it means"))),
    Check("prose-changed", "A sentence changed, was added or removed; a rule may rest on it.", PROSE, _prose_changed,
          parts=_sentences),
    Check("prose-arrived", "An added part has a sentence that sounds like a constraint.", PARTS, _prose_moved, ADD,
          parts=_constraints),
    Check("prose-left", "A removed part had a sentence that sounds like a constraint.", PARTS, _prose_moved, REMOVE,
          parts=_constraints),
)  # fmt: skip


_SHORTEST: Final = 12  # characters; a shorter text inside a sentence is a word, not a quotation
_SIMILAR: Final = 0.4


@dataclass(frozen=True)
class SentenceChange:
    """A sentence before and after; one of them is empty if it was added or removed."""

    old: str
    new: str

    @property
    def words(self) -> tuple[Word, ...]:
        """The word diff."""
        return tuple(_words(self.old.split(), self.new.split()))


def changed_sentences(old: Any, new: Any) -> list[SentenceChange]:
    """Return every sentence that differs between two descriptions; moved line breaks are no change."""
    before, after = (list(sentences(text)) if isinstance(text, str) else [] for text in (old, new))
    result: list[SentenceChange] = []
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    for kind, low, high, start, end in matcher.get_opcodes():
        if kind != "equal":
            result += _pairs(before[low:high], after[start:end])
    return result


def _pairs(old: Sequence[str], new: Sequence[str]) -> Iterator[SentenceChange]:
    """Pair each old sentence with the new one that is most similar, in order."""
    rest = list(new)
    for sentence in old:
        close = max(rest, key=lambda other: _similarity(sentence, other), default=None)
        if close is not None and (_similarity(sentence, close) >= _SIMILAR or len(old) == len(new) == 1):
            rest.remove(close)
            yield SentenceChange(sentence, close)
        else:
            yield SentenceChange(sentence, "")
    yield from (SentenceChange("", sentence) for sentence in rest)


def _similarity(one: str, other: str) -> float:
    return difflib.SequenceMatcher(None, one.split(), other.split(), autojunk=False).ratio()


def _words(old: list[str], new: list[str]) -> Iterator[Word]:
    for kind, low, high, start, end in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            yield Word("same", " ".join(old[low:high]))
        else:
            if low < high:
                yield Word("gone", " ".join(old[low:high]))
            if start < end:
                yield Word("new", " ".join(new[start:end]))


def find_quotes(revisions: Sequence[Revision], place: Location, change: SentenceChange) -> tuple[str, ...]:
    """Return the rules, waivers and overlay actions of either side that quote a sentence at a place."""
    pointer = encode(place)
    found: list[str] = []
    for revision in revisions:
        quotes = [
            *((rule.source.at, rule.source.quote, f"rule {rule.id}") for each in revision.ruled for rule in each.rules),
            *(
                (str(entry.get("at")), str(entry.get("quote")), f"{Path(overlay.path).name}, {WAIVED} {index + 1}")
                for overlay, index, entry in notes(revision.overlays, WAIVED)
                if isinstance(entry, dict)
            ),
        ]
        found += [who for at, quote, who in quotes if at.removeprefix("#") == pointer and _overlaps(quote, change)]
        for overlay in revision.overlays:
            found += [
                f"{Path(overlay.path).name}, action {number + 1}"
                for number, action in enumerate(overlay.document.value["actions"])
                if any(_overlaps(text, change) for text in _every_text(action))
            ]
    return tuple(dict.fromkeys(found))


def _overlaps(quote: str, change: SentenceChange) -> bool:
    words = fold(quote)
    return any(
        words in sentence or sentence in words
        for sentence in (change.old, change.new)
        if all(len(text) >= _SHORTEST and " " in text for text in (words, sentence))
    )


def _every_text(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        children = value.values() if isinstance(value, dict) else value
        yield from itertools.chain.from_iterable(map(_every_text, children))


def constraint_sentences(part: Any, location: Location) -> Iterator[tuple[Location, str]]:
    """Yield the sentences within a part that sound like a constraint, each with its place."""
    for place, text in texts(part, location):
        if place[-1] != "title" and not any(str(key).startswith("x-") for key in place[len(location) :]):
            yield from ((place, sentence) for sentence in sentences(text) if sounds_like_a_constraint(sentence))
