"""Pins: every rule quotes the vendor, and the words must still stand where the rule says they do."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from scripts.document import Document
from scripts.pointer import resolve
from scripts.rules.definition import Rule, RuleDefinitionError
from scripts.rules.sentence import folded, sentences


def check_pins(vendor: Document, rules: Sequence[Rule]) -> None:
    """Compare each rule's quoted words with the vendor document, character by character but for white space.

    Raises:
        RuleDefinitionError: One line for each rule whose words are gone, with what stands there now.
    """
    broken = [message for rule in rules if (message := _mismatch(vendor, rule)) is not None]
    if broken:
        raise RuleDefinitionError("\n".join(broken), path=vendor.path)


def _mismatch(vendor: Document, rule: Rule) -> str | None:
    place = rule.source.at.removeprefix("#")
    try:
        text = resolve(vendor.value, place)
    except (LookupError, ValueError) as error:
        return f"rule {rule.id}: its source is gone: {error.args[0]}\n  review the rule, then its source.at"
    if not isinstance(text, str):
        return f"rule {rule.id}: {rule.source.at} is not text; a rule quotes a description"
    standing = {_bare(sentence) for sentence in sentences(text)}
    if all(_bare(sentence) in standing for sentence in sentences(rule.source.quote)):
        return None  # whole sentences only: words added to one may turn its meaning
    partly = folded(rule.source.quote) in folded(text)
    what = (
        "only a part of a sentence is quoted, or the vendor added to it,"
        if partly
        else "the vendor's words have changed"
    )
    return (
        f"rule {rule.id}: {what} at {rule.source.at} (line {vendor.line(place)})\n"
        f"  quoted:  {rule.source.quote}\n"
        f"  stands:  {_closest(text, rule.source.quote)}\n"
        f"  review the rule against {'the whole sentence' if partly else 'the new words'}, then update its source.quote"
    )


def _bare(sentence: str) -> str:
    """Return a sentence without its full stop, which a quotation may leave out."""
    return sentence.rstrip(".。 ")


def _closest(text: str, quote: str) -> str:
    lines = [*sentences(text)] or [text]
    return max(lines, key=lambda line: difflib.SequenceMatcher(None, line, quote, autojunk=False).ratio())
