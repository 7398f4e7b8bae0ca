"""Pins: every rule quotes the vendor, and the words must still stand where the rule says they do."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rulewright.openapi.document import Document, read_written
from rulewright.openapi.pointer import resolve
from rulewright.rules.definition import Rule, RuleDefinitionError, RuledSchema
from rulewright.rules.sentence import folded, sentences


def check_pins(vendor: Document, rules: Sequence[Rule]) -> None:
    """Compare each rule's quoted words with the vendor document, word by word; where a line breaks says nothing.

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
        f"  stands:  {_closest(text, rule.source.quote)}\n"
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
                f"  stands:  {' / '.join(stands) or _closest(new, words)}\n"
                f"  review the rule against the whole sentence, then quote all of it in its source.quote"
            )
    return None


def _stands(quote: str, text: str) -> bool:
    """Tell whether a quote stands in a text, whole words only: `v3` is no part of `v31`."""
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
