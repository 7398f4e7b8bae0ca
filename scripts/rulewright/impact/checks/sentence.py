"""Checks of sentences: what changed in prose, where the vendor's rules are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from rulewright.impact.change import Change, Severity
from rulewright.impact.checks.registry import Check, Registry
from rulewright.impact.context import Context, shown
from rulewright.impact.grammar import ALTERNATIVES, CONTAINERS, GRAMMAR, places
from rulewright.impact.prose import SentenceChange, changed_sentences, quoting
from rulewright.impact.structure import Difference
from rulewright.openapi.pointer import Location, encode
from rulewright.rules.sources import sentences, sounds_like_a_constraint

REGISTRY: Final = Registry()
check = REGISTRY.check
_CHANGES: Final = ("add", "remove", "change")
_TITLES: Final = {"Schema.title", "Info.title"}


@check("prose-changed", [place for place in places("prose") if place not in _TITLES], _CHANGES, mirror="prose-changed")
def prose_changed(this: Check, difference: Difference, context: Context) -> Iterator[Change]:
    """A sentence changed, came or went; a rule may rest on it."""
    found = changed_sentences(difference.old, difference.new)
    for each in found:
        quoted = quoting((context.old, context.new), difference.location, each)
        what = "was reworded" if each.old and each.new else "is new" if each.new else "is gone"
        effect = f"a sentence {what}" + ("; it is quoted, so a rule or an overlay has to be reviewed" if quoted else "")
        change = context.change(this.id, difference, effect, Severity.REVIEW, "docs")
        yield Change(**{**vars(change), "old": each.old, "new": each.new, "words": each.words, "quoted": quoted})
    if not found:
        yield context.change(this.id, difference, "only white space or list marks changed", Severity.NOTHING, "docs")


_PARTS: Final = [
    *(f"{place}[]" for place in CONTAINERS),
    *(f"Schema.{key}{entry}" for key in ALTERNATIVES for entry in ("", "[]")),
    *(f"{owner}.{key}" for owner, keys in GRAMMAR.items() for key, kind in keys.items() if kind[0] == "@"),
]


@check("prose-arrived", _PARTS, ["add"], mirror="prose-left")
def prose_arrived(this: Check, difference: Difference, context: Context) -> Iterator[Change]:
    """A part that came brings a sentence that sounds like a constraint."""
    yield from _within(this, difference, context, difference.new, "a new part says")


@check("prose-left", _PARTS, ["remove"], mirror="prose-arrived")
def prose_left(this: Check, difference: Difference, context: Context) -> Iterator[Change]:
    """A part that is gone takes a sentence with it that sounded like a constraint."""
    yield from _within(this, difference, context, difference.old, "gone with its part")


def _within(this: Check, difference: Difference, context: Context, part: Any, text: str) -> Iterator[Change]:
    for at, words in _texts(part, difference.location):
        for sentence in filter(sounds_like_a_constraint, sentences(words)):
            both = ("", sentence) if this.id == "prose-arrived" else (sentence, "")
            each = SentenceChange(*both)
            quoted = quoting((context.old, context.new), at, each)
            yield Change(
                this.id, encode(at), f"{text}: {shown(sentence)}", Severity.REVIEW, ("docs",), *both,
                words=each.words, quoted=quoted,
            )  # fmt: skip


def _texts(value: Any, location: Location) -> Iterator[tuple[Location, str]]:
    if isinstance(value, dict):
        names = location[-1:] == ("properties",)
        for key, child in value.items():
            if key in {"description", "summary"} and isinstance(child, str) and not names:
                yield (*location, key), child
            elif names or not (key.startswith("x-") or key in {"example", "examples", "default", "enum"}):
                yield from _texts(child, (*location, key))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from _texts(child, (*location, index))
