"""Where the words of a rule stand: every rule quotes the vendor, and the quoted words must still be there.

The other way round, every sentence of the vendor document that sounds like a constraint is claimed by a rule that
quotes it, or by an entry of an overlay's `x-waived-prose` with a reason. An unclaimed sentence is new, or has changed.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rulewright.errors import InputError
from rulewright.openapi.document import Document, read_written
from rulewright.openapi.pointer import Location, encode, resolve
from rulewright.overlay import Overlay, notes
from rulewright.rules.definition import Rule, RuleDefinitionError, RuledSchema

_BULLET: Final = re.compile(r"^\s*(?:[-*•+]|\d+[.)])\s+")
_END: Final = re.compile(r"(?<=[.!?])\s+(?=[^a-z])|(?<=[。！？；])\s*")


def sentences(text: str) -> Iterator[str]:
    """Yield the sentences of a description: list items and paragraphs apart, white space folded."""
    paragraph: list[str] = []
    for line in [*text.splitlines(), ""]:
        starts = not line.strip() or _BULLET.match(line)
        if starts and paragraph:
            yield from (part.strip() for part in _END.split(folded(" ".join(paragraph))) if part.strip())
            paragraph = []
        if line.strip():
            paragraph.append(_BULLET.sub("", line))


def folded(text: str) -> str:
    """Return a text with every run of white space as one space: line breaks do not count."""
    return " ".join(text.split())


def check_quotes(vendor: Document, rules: Sequence[Rule]) -> None:
    """Compare each rule's quoted words with the vendor document, word by word; line breaks do not count.

    Raises:
        RuleDefinitionError: One line for each rule whose words are gone, with what stands there now.
    """
    broken = [message for rule in rules if (message := _mismatch(vendor, rule)) is not None]
    if broken:
        raise RuleDefinitionError("\n".join(broken), path=vendor.path)


def _mismatch(vendor: Document, rule: Rule) -> str | None:
    place = rule.source.pointer
    try:
        text = resolve(vendor.value, place)
    except (LookupError, ValueError) as error:
        return f"rule {rule.id}: its source is gone: {error.args[0]}\n  review the rule, then its source.at"
    if not isinstance(text, str):
        return f"rule {rule.id}: {rule.source.at} is not text; a rule quotes a description"
    if _stands(rule.source.quote, text):
        return None
    return (
        f"rule {rule.id}: the vendor's words have changed at {rule.source.at} (line {vendor.line(place)})\n"
        f"  quoted:  {rule.source.quote}\n"
        f"  now reads: {_closest(text, rule.source.quote)}\n"
        f"  review the rule against the new words, then update its source.quote"
    )


def check_surroundings(record: Path, value: Any, ruled: Sequence[RuledSchema]) -> None:
    """Compare the whole sentences that hold the quoted words with those of the last generated effective spec.

    All quoted words may still stand there and mean something else: `only X` is not `only X and Y`.

    Args:
        record: The last effective spec; without one there is nothing to compare.
        value: The document with all overlays applied.
        ruled: The rules now.

    Raises:
        RuleDefinitionError: The vendor added words to a sentence, and the quote is not the whole of it.
    """
    before = read_written(record)
    rules = [rule for schema in ruled for rule in schema.rules]
    changed = [message for rule in rules if (message := _surrounded(before, value, rule)) is not None]
    if changed:
        raise RuleDefinitionError("\n".join(changed))


def _surrounded(before: Any, value: Any, rule: Rule) -> str | None:
    place = rule.source.pointer
    try:
        old, new = resolve(before, place), resolve(value, place)
    except (LookupError, ValueError):
        return None
    if not isinstance(old, str) or not isinstance(new, str):
        return None
    for words in sentences(rule.source.quote):
        was, stands = _holding(words, old), _holding(words, new)
        if was and stands != was and _bare(words) not in stands:
            return (
                f"rule {rule.id}: the vendor changed the sentence around the quoted words at {rule.source.at}\n"
                f"  quoted:  {rule.source.quote}\n"
                f"  was:     {' / '.join(was)}\n"
                f"  now reads: {' / '.join(stands) or _closest(new, words)}\n"
                f"  review the rule against the whole sentence, then quote all of it in its source.quote"
            )
    return None


def _stands(quote: str, text: str) -> bool:
    """Return whether a quote stands in a text, whole words only: `v3` is no part of `v31`."""
    words = folded(quote)
    start, end = (r"(?<!\w)" if words[:1].isalnum() else ""), (r"(?!\w)" if words[-1:].isalnum() else "")
    if not words.isascii():  # not every script sets words apart
        start = end = ""
    return re.search(f"{start}{re.escape(words)}{end}", folded(text)) is not None


def _holding(words: str, text: str) -> tuple[str, ...]:
    return tuple(_bare(sentence) for sentence in sentences(text) if _stands(_bare(words), sentence))


def _bare(sentence: str) -> str:
    """Return a sentence without its full stop, which a quotation may leave out."""
    return sentence.rstrip(".。 ")


def _closest(text: str, quote: str) -> str:
    lines = [*sentences(text)] or [text]
    return max(lines, key=lambda line: difflib.SequenceMatcher(None, line, quote, autojunk=False).ratio())


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
class Prose:
    """The constraint-like sentences of a vendor document."""

    path: str
    sentences: tuple[Sentence, ...]

    @property
    def unclaimed(self) -> tuple[Sentence, ...]:
        """The sentences that neither a rule nor a waiver quotes."""
        return tuple(sentence for sentence in self.sentences if not sentence.claimed)

    def error_text(self) -> str:
        """Return the message about the unclaimed sentences."""
        lines = [f"{self.path}: {len(self.unclaimed)} sentence(s) sound like a constraint, and no rule claims them"]
        lines += [f"  line {sentence.line}, {sentence.at}\n    {sentence.text}" for sentence in self.unclaimed]
        lines.append(f"  write a rule that quotes the sentence, or waive it with a reason in {WAIVED} of an overlay")
        return "\n".join(lines)

    def text(self) -> str:
        """Return the sentences for people, each with what claims it."""
        lines = []
        for sentence in self.sentences:
            claim = ", ".join(sentence.rules) or (f"waived: {sentence.waiver}" if sentence.waiver else "UNCLAIMED")
            lines += [f"line {sentence.line}, {sentence.at}", f"  {sentence.text}", f"  -> {claim}"]
        return "\n".join(lines) + "\n" if lines else "no sentence sounds like a constraint\n"


def read_prose(vendor: Document, ruled: Sequence[RuledSchema], overlays: Sequence[Overlay]) -> Prose:
    """Return the constraint-like sentences of a vendor document, each with the rules and the waiver that quote it.

    Raises:
        InputError: A waiver is malformed, or quotes words that no longer stand in a constraint-like sentence.
    """
    quotes = [(rule.source.pointer, folded(rule.source.quote), rule.id) for schema in ruled for rule in schema.rules]
    waivers = list(_waivers(overlays))
    used: set[int] = set()
    result = []
    for location, text in _texts(vendor.value, ()):
        pointer = encode(location)
        for sentence in filter(sounds_like_a_constraint, sentences(text)):
            rules = tuple(rule for at, quote, rule in quotes if at == pointer and _overlap(quote, sentence))
            waiver = next((each for each in waivers if each[1] == pointer and each[2] == sentence), None)
            if waiver is not None:
                used.add(waiver[0])
            result.append(Sentence(f"#{pointer}", vendor.line(pointer), sentence, rules, waiver[3] if waiver else None))
    for number, pointer, quote, _ in waivers:
        if number not in used:
            raise InputError(
                f"{WAIVED}: no constraint-like sentence at #{pointer} reads {quote!r}; "
                "the vendor changed it, or the waiver is no longer needed: review it",
                path=vendor.path,
                line=vendor.line(pointer),
            )
    return Prose(vendor.path, tuple(result))


def sounds_like_a_constraint(sentence: str) -> bool:
    """Return whether a sentence may limit what a request can hold; too many are better than too few."""
    return bool(_ENGLISH.search(sentence) or _CHINESE.search(sentence))


def _overlap(quote: str, sentence: str) -> bool:
    """Return whether a quote stands in a sentence, or a sentence in a quote of several."""
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


def _waivers(overlays: Sequence[Overlay]) -> Iterator[tuple[int, str, str, str]]:
    for number, (overlay, index, entry) in enumerate(notes(overlays, WAIVED)):
        keys = ("at", "quote", "reason")
        if not isinstance(entry, dict) or set(entry) != set(keys) or not all(isinstance(entry[k], str) for k in keys):
            raise overlay.document.error(f"a waived sentence has {', '.join(keys)}, each text", (WAIVED, index))
        if not entry["reason"].strip():
            raise overlay.document.error("a waived sentence needs a reason", (WAIVED, index))
        yield number, entry["at"].removeprefix("#"), folded(entry["quote"]), entry["reason"]
