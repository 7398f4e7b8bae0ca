"""The prose ledger: every sentence of the vendor document that sounds like a constraint, and what claims it.

A sentence is claimed by a rule that quotes it, or by an entry of an overlay's `x-waived-prose` that quotes it
and says why it needs no rule. A sentence nobody claims is new, or its words have changed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from rulewright.errors import InputError
from rulewright.merged import Merged
from rulewright.openapi.pointer import Location, encode
from rulewright.rules.sentence import folded, sentences

WAIVED: Final = "x-waived-prose"
_TEXTS: Final = ("description", "summary", "title")
_VALUES: Final = frozenset({"example", "examples", "x-example", "x-examples", "default", "enum"})
_ENGLISH: Final = re.compile(
    r"\b(?:only|must|required?|requires|mandatory|cannot|can't|may not|not|unsupported|supports?|at least|at most|"
    r"up to|max(?:imum)?|min(?:imum)?|no more|no less|fewer|less than|more than|between|exactly|limit(?:ed|s)?|either|"
    r"unless|except|without|instead|deprecated|forbidden|ignored|optional|recommended|should|note|always|never|if|when|"
    r"needs?|needed|ha(?:s|ve) to|don't|doesn't|isn't|aren't|allow(?:s|ed)?|disallow(?:s|ed)?|prohibit(?:s|ed)?|"
    r"(?:in)?compatible|(?:in)?valid|exclusive(?:ly)?|together|both|neither|depend(?:s|ing)?|appl(?:y|ies|icable)|"
    r"exceed(?:s|ed|ing)?|range[sd]?|restricted|greater than|longer than|shorter than|or more|or fewer|or less)\b"
    r"|\d\s*[-–~]\s*\d|[≤≥<>]=?\s*\d",
    re.IGNORECASE,
)
_CHINESE: Final = re.compile(
    r"必须|必填|必需|仅|只|不支持|不能|不可|不得|最多|最少|至少|至多|不超过|范围|可选|默认|废弃|弃用|建议|推荐|需要|限制|以内|"
    r"禁止|不允许|无效|应当|应该|须|最大|最小|最长|最短|上限|下限|大于|小于|超过|之间|互斥|同时"
)


@dataclass(frozen=True)
class Sentence:
    """One constraint-like sentence, where it stands, and what claims it."""

    at: str
    line: int | None
    text: str
    rules: tuple[str, ...]
    waiver: str | None

    @property
    def claimed(self) -> bool:
        """Whether a rule or a waiver quotes it."""
        return bool(self.rules) or self.waiver is not None

    def data(self) -> dict[str, Any]:
        """Return the sentence as JSON."""
        return {"at": self.at, "line": self.line, "text": self.text, "rules": list(self.rules), "waived": self.waiver}


@dataclass(frozen=True)
class Ledger:
    """All constraint-like sentences of a vendor document."""

    path: str
    sentences: tuple[Sentence, ...]

    @property
    def unclaimed(self) -> tuple[Sentence, ...]:
        """The sentences that nobody claims."""
        return tuple(sentence for sentence in self.sentences if not sentence.claimed)

    def complaint(self) -> str:
        """Return the message about the unclaimed sentences."""
        lines = [f"{self.path}: {len(self.unclaimed)} sentence(s) sound like a constraint, and no rule claims them"]
        lines += [f"  line {sentence.line}, {sentence.at}\n    {sentence.text}" for sentence in self.unclaimed]
        lines.append(f"  write a rule that quotes the sentence, or waive it with a reason in {WAIVED} of an overlay")
        return "\n".join(lines)

    def text(self) -> str:
        """Return the ledger for people."""
        lines = []
        for sentence in self.sentences:
            claim = ", ".join(sentence.rules) or (f"waived: {sentence.waiver}" if sentence.waiver else "UNCLAIMED")
            lines += [f"line {sentence.line}, {sentence.at}", f"  {sentence.text}", f"  -> {claim}"]
        return "\n".join(lines) + "\n" if lines else "no sentence sounds like a constraint\n"

    def data(self) -> dict[str, Any]:
        """Return the ledger as JSON."""
        return {"document": self.path, "sentences": [sentence.data() for sentence in self.sentences]}


def read_ledger(merged: Merged) -> Ledger:
    """Return the ledger of a project's vendor document.

    Raises:
        InputError: A waiver is malformed, or quotes words that no longer stand in a constraint-like sentence.
    """
    quotes = [
        (rule.source.pointer, folded(rule.source.quote), rule.id) for schema in merged.ruled for rule in schema.rules
    ]
    waivers = list(_waivers(merged))
    used: set[int] = set()
    result = []
    for location, text in _texts(merged.vendor.value, ()):
        pointer = encode(location)
        for sentence in sentences(text):
            if not sounds_like_a_constraint(sentence):
                continue
            rules = tuple(rule for at, quote, rule in quotes if at == pointer and _overlap(quote, sentence))
            waiver = next((each for each in waivers if each[1] == pointer and each[2] == sentence), None)
            if waiver is not None:
                used.add(waiver[0])
            result.append(
                Sentence(f"#{pointer}", merged.vendor.line(pointer), sentence, rules, waiver[3] if waiver else None)
            )
    for number, pointer, quote, _ in waivers:
        if number not in used:
            raise InputError(
                f"{WAIVED}: no constraint-like sentence at #{pointer} reads {quote!r}; "
                "the vendor changed it, or the waiver is no longer needed: review it",
                path=merged.vendor.path,
                line=merged.vendor.line(pointer),
            )
    return Ledger(merged.vendor.path, tuple(result))


def sounds_like_a_constraint(sentence: str) -> bool:
    """Tell whether a sentence may limit what a request can hold; too many are better than too few."""
    return bool(_ENGLISH.search(sentence) or _CHINESE.search(sentence))


def _overlap(quote: str, sentence: str) -> bool:
    """Tell whether a quote stands in a sentence, or a sentence in a quote of several."""
    return quote in sentence or sentence in quote


def _texts(value: Any, location: Location) -> Iterator[tuple[Location, str]]:
    if isinstance(value, dict):
        for key, child in value.items():
            names = location[-1:] == ("properties",)
            if key in _TEXTS and isinstance(child, str) and not names:
                yield (*location, key), child
            elif key not in _VALUES or names:
                yield from _texts(child, (*location, key))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from _texts(child, (*location, index))


def _waivers(merged: Merged) -> Iterator[tuple[int, str, str, str]]:
    for number, (overlay, index, entry) in enumerate(merged.notes(WAIVED)):
        keys = ("at", "quote", "reason")
        if not isinstance(entry, dict) or set(entry) != set(keys) or not all(isinstance(entry[k], str) for k in keys):
            raise overlay.document.error(f"a waived sentence has {', '.join(keys)}, each text", (WAIVED, index))
        if not entry["reason"].strip():
            raise overlay.document.error("a waived sentence needs a reason", (WAIVED, index))
        yield number, entry["at"].removeprefix("#"), folded(entry["quote"]), entry["reason"]
