"""Changed sentences: which became which, word by word, and the rules and overlay actions that quote them."""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rulewright.impact.change import Word
from rulewright.impact.revision import Revision
from rulewright.openapi.pointer import Location, encode
from rulewright.overlay import notes
from rulewright.rules.sources import WAIVED, fold, sentences, sounds_like_a_constraint, texts

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
                for overlay, index, entry in notes(revision.merged.overlays, WAIVED)
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
