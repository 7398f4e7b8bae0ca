"""Mutation tests of the rules: every mutant is noticed. No mutant is written to disk."""

from __future__ import annotations

import copy
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

import attrs
import pytest
from mountsea_gemini.raw.models import VideoGenerationDto
from rulewright.generate.checks import checks_module
from rulewright.generate.names import FieldName, ModelName, Names
from rulewright.merged import Merged
from rulewright.rules.definition import RuleDefinitionError, RuledSchema, read_rules
from rulewright.rules.lint import lint

from tests.rules.compiling import run
from tests.rules.expected import ORDER, differences, finite_cases, text_cases
from tests.rules.mutants import KINDS, Mutant, mutants

LOCATION = ("components", "schemas", "VideoGenerationDto")


@pytest.fixture(scope="module")
def names() -> Names:
    """The names of the one model that has rules, as the generator would report them."""
    attributes = [field.name for field in attrs.fields(VideoGenerationDto) if field.init]
    fields = {re.sub("_(.)", lambda found: found[1].upper(), name): FieldName(name, "Any", None) for name in attributes}
    model = ModelName("VideoGenerationDto", "video_generation_dto", ("/" + "/".join(LOCATION),), fields)
    return Names({model.name: model}, frozenset(), ())


def compile_checks(ruled: RuledSchema, names: Names, document: Any) -> Any:
    """Return the rule set of freshly compiled rules, run as a module of the generated package."""
    (rule_set,) = run(checks_module(document, [ruled], names)).RULE_SETS
    return rule_set


def with_rules(document: Any, rules: list[dict[str, Any]]) -> Any:
    """Return the merged document with other rules."""
    schemas = document["components"]["schemas"]
    schema = {**schemas[LOCATION[-1]], "x-rules": rules}
    return {**document, "components": {**document["components"], "schemas": {**schemas, LOCATION[-1]: schema}}}


def find_judges(mutant: Mutant, document: Any, names: Names) -> Iterator[str]:
    """Yield each judge that notices a mutant: reader, linter, examples, table."""
    changed = with_rules(document, mutant.rules)
    try:
        ruled = next(each for each in read_rules(changed) if each.name == "VideoGenerationDto")
    except RuleDefinitionError:
        yield "reader"
        return
    if lint(changed, [ruled]):
        yield "linter"
    rule_set = compile_checks(ruled, names, changed)
    for rule in ruled.rules:
        passes, breaks = (rule_set.violations(body, ()) for body in (rule.passes, rule.breaks))
        if passes or [each.rule for each in breaks] != [rule.id]:
            yield "examples"
            break
    cases = iter([*finite_cases(others=False), *text_cases()])
    by_hand = differences(lambda body: rule_set.violations(body, ()), cases)
    if tuple(rule.id for rule in rule_set.rules) != ORDER or next(by_hand, None):
        yield "table"


@pytest.fixture(scope="module")
def verdicts(merged: Merged, ruled: RuledSchema, names: Names) -> dict[str, dict[str, tuple[str, ...]]]:
    """The judges that notice each mutant, by kind of mistake."""
    schema = copy.deepcopy(dict(ruled.schema))
    result: dict[str, dict[str, tuple[str, ...]]] = defaultdict(dict)
    for mutant in mutants(schema["x-rules"], schema):
        result[mutant.kind][mutant.name] = tuple(find_judges(mutant, merged.value, names))
    return result


def test_the_unchanged_rules_are_accepted_by_every_judge(merged: Merged, ruled: RuledSchema, names: Names) -> None:
    """A judge that notices a mutant therefore notices its change."""
    unchanged = Mutant("none", "none", copy.deepcopy(ruled.schema["x-rules"]))
    assert list(find_judges(unchanged, merged.value, names)) == []


@pytest.mark.parametrize("kind", KINDS)
def test_every_mutant_is_noticed(kind: str, verdicts: dict[str, dict[str, tuple[str, ...]]]) -> None:
    """At least one judge notices each mutant of this kind; `-s` prints how many each noticed."""
    found = verdicts[kind]
    counts = Counter(each for who in found.values() for each in who)
    print(f"\n{kind}: {len(found)} mutants, noticed by {dict(counts)}")
    assert len(found) >= 6
    assert [name for name, who in found.items() if not who] == []


def test_the_table_notices_every_wrong_meaning(verdicts: dict[str, dict[str, tuple[str, ...]]]) -> None:
    """A rule deleted, moved, of another level, or with another bound or value: the table alone is enough."""
    for kind in ("rule deleted", "rule moved", "level flipped", "bound moved", "value changed"):
        for name, who in verdicts[kind].items():
            assert {"table", "reader"} & set(who), (kind, name, who)
