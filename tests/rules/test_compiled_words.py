"""What a compiled rule says of itself is what the effective spec says of it."""

from __future__ import annotations

from mountsea_gemini.rules import RULES
from rulewright.rules.definition import RuledSchema


def test_a_compiled_rule_is_described_as_in_the_document(ruled: RuledSchema) -> None:
    """Id, level, message, schema and the vendor's words with their place: a violation leads back to the page."""
    said = [
        (rule.id, rule.level, rule.message, ruled.pointer, rule.source.at, rule.source.quote) for rule in ruled.rules
    ]
    got = [(r.id, r.level, r.message, r.schema, r.source.at, r.source.quote) for r in RULES.values()]
    assert got == said
