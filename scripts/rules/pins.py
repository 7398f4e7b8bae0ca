"""Pins: every rule quotes the vendor, and the words must still stand where the rule says they do."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from scripts.document import Document
from scripts.pointer import resolve
from scripts.rules.definition import Rule, RuleDefinitionError


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
    if folded(rule.source.quote) in folded(text):
        return None
    return (
        f"rule {rule.id}: the vendor's words have changed at {rule.source.at} (line {vendor.line(place)})\n"
        f"  quoted:  {rule.source.quote}\n"
        f"  stands:  {_closest(text, rule.source.quote)}\n"
        f"  review the rule against the new words, then update its source.quote"
    )


def _closest(text: str, quote: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()] or [text]
    return max(lines, key=lambda line: difflib.SequenceMatcher(None, line, quote, autojunk=False).ratio())


def folded(text: str) -> str:
    """Return a text with every run of white space as one space: where a line was broken says nothing."""
    return " ".join(text.split())
