"""Rule ids are what callers waive, so a rule keeps its id; a renamed one must say what it was called."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from rulewright.errors import InputError
from rulewright.openapi.document import read_written
from rulewright.rules.definition import Rule, RuleDefinitionError, RuledSchema, read_rules

FORMERLY: Final = "x-formerly"


def check_renames(record: Path, ruled: Sequence[RuledSchema]) -> None:
    """Compare the rules with those of the last generated effective spec.

    Args:
        record: The last effective spec; without one there is nothing to compare.
        ruled: The rules now.

    Raises:
        RuleDefinitionError: An id is gone, and a new one says the same or rests on the same words.
    """
    try:
        before = {rule.id: rule for schema in read_rules(read_written(record)) for rule in schema.rules}
    except InputError:
        return  # somebody edited it by hand; drift says so
    now = {rule.id: rule for schema in ruled for rule in schema.rules}
    excused = {old for schema in ruled for entry in schema.schema["x-rules"] for old in entry.get(FORMERLY, [])}
    lines = []
    for old in (rule for name, rule in before.items() if name not in now and name not in excused):
        new = next((rule for name, rule in now.items() if name not in before and _alike(old, rule)), None)
        if new is not None:
            lines.append(
                f"rule {new.id}: it was called {old.id}, and callers waive it by that name\n"
                f"  keep the id, or add {FORMERLY}: [{old.id}] to say that the change is meant"
            )
    if lines:
        raise RuleDefinitionError("\n".join(lines))


def _alike(old: Rule, new: Rule) -> bool:
    def essence(rule: Rule) -> Any:
        return rule.condition, rule.requirement

    return essence(old) == essence(new) or old.source == new.source
