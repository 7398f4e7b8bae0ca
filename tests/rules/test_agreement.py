"""Every judge of the rules gives the same verdict: compiled, JSON Schema, and a table written by hand from the page."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping
from typing import Any

import jsonschema_rs
from mountsea_gemini import rules
from mountsea_gemini.operations import GENERATE_VIDEO
from mountsea_gemini.raw.models import VideoGenerationDto
from rulewright.merged import Merged
from rulewright.rules.definition import RuledSchema, Verdict
from rulewright.rules.space import Space

from tests.example import example
from tests.rules import video
from tests.rules.expected import (
    ORDER,
    Case,
    cells,
    differences,
    finite_cases,
    many_images,
    text_cases,
)


def every_case() -> list[Case]:
    """Return the finite part, long lists and free text."""
    return [*finite_cases(), *many_images(), *text_cases()]


def test_the_table_covers_the_whole_finite_part() -> None:
    """3 actions x 7 models x 6 counts, with 3 ratios and 3 translations each: 1,134 requests, no two alike."""
    assert len({(action, model, count) for action, model, count, _ in cells()}) == 3 * 7 * 6
    assert len({str(sorted(case.body.items())) for case in finite_cases()}) == 1134


def test_every_request_gives_what_the_table_lists() -> None:
    """Rule ids, levels and places, in order, for the JSON object and for the model."""

    def as_model(body: Mapping[str, Any]) -> tuple[rules.Violation, ...]:
        return video.rule_violations(VideoGenerationDto.from_dict(body))

    for check in (video.rule_violations, video.violations, as_model):
        assert list(itertools.islice(differences(check, iter(every_case())), 5)) == []


def test_a_violation_holds_the_value_at_its_pointer() -> None:
    """Each violation holds what was found at its place, or that nothing was."""
    for case in every_case():
        for found in video.rule_violations(case.body):
            value: Any = case.body
            for part in found.pointer.split("/")[1:]:
                value = value[int(part)] if isinstance(value, list) else value.get(part, rules.ABSENT)
            assert found.value is value


def test_a_missing_required_field_violates_the_schema_only() -> None:
    """A rule about the value of a required field is not broken where the field is missing."""
    for name in ("prompt", "action", "model"):
        for case in finite_cases(others=False):
            body = {key: value for key, value in case.body.items() if key != name}
            found = [each.rule for each in video.rule_violations(body)]
            assert f"/{name}" not in [each.pointer for each in video.rule_violations(body)]
            assert set(found) <= {each.rule for each in case.expected}
            assert [each.pointer for each in video.violations(body) if each.rule == "schema"] == [f"/{name}"]


def test_rules_are_reported_in_the_order_of_the_table() -> None:
    """The seven rules of the operation exist, no others, in the order in which they are reported."""
    assert GENERATE_VIDEO.rules == ORDER


def test_the_effective_spec_refuses_what_the_table_refuses(merged: Merged) -> None:
    """A body is valid under the effective spec if and only if the table names no error for it."""
    validator = jsonschema_rs.Draft4Validator({**merged.effective, "$ref": "#/components/schemas/VideoGenerationDto"})
    for case in every_case():
        refused = any(each.level == "error" for each in case.expected)
        assert validator.is_valid(case.body) is not refused, case


def test_counts_of_the_table_are_the_known_ones() -> None:
    """504 of the 1,134 requests break no stated rule, 261 none at all; each letter of the table occurs."""
    found = [case.expected for case in finite_cases()]
    assert sum(not any(each.level == "error" for each in expected) for expected in found) == 504
    assert sum(not expected for expected in found) == 261
    assert {each.rule for expected in found for each in expected} == set(ORDER[:5])


def test_the_finite_part_is_the_known_one(ruled: RuledSchema, merged: Merged) -> None:
    """3 actions x 7 models x 6 image counts x 3 ratios x 3 translations; whatever the present page lists is walked."""
    (frozen,) = example().ruled
    assert Space(frozen, example().value).size == 3 * 7 * 6 * 3 * 3 == 1134
    space = Space(ruled, merged.value)
    assert sum(1 for _ in space.bodies()) == space.size


def test_compiled_rules_agree_with_json_schema_everywhere(ruled: RuledSchema, merged: Merged) -> None:
    """Rule ids of the compiled checks equal those of a JSON Schema validator on each point."""
    verdict = Verdict(ruled, levels=("error", "warning"))
    seen: Counter[str] = Counter()
    for body in Space(ruled, merged.value).bodies():
        expected = verdict.violated_rules(body)
        as_json = tuple(violation.rule for violation in video.violations(body))
        as_model = tuple(violation.rule for violation in video.violations(VideoGenerationDto.from_dict(body)))
        assert as_json == as_model == expected
        seen.update(expected)
    assert set(seen) == {rule.id for rule in verdict.rules} - {"images-are-http-urls", "prompt-not-blank"}


def test_the_effective_spec_refuses_exactly_what_error_rules_refuse(ruled: RuledSchema, merged: Merged) -> None:
    """The schema written into the effective spec is valid for a body if and only if no error rule is broken."""
    effective = merged.effective
    validator = jsonschema_rs.Draft4Validator({**effective, "$ref": "#/components/schemas/VideoGenerationDto"})
    verdict = Verdict(ruled)
    refused = 0
    for body in Space(ruled, merged.value).bodies():
        assert validator.is_valid(body) is (not verdict.violated_rules(body))
        refused += bool(verdict.violated_rules(body))
    assert 0 < refused < Space(ruled, merged.value).size


def test_the_nearest_valid_request_is_valid_and_the_smallest(ruled: RuledSchema, merged: Merged) -> None:
    """For every refused point the changes shown lead to an accepted one, and no fewer changes would do."""
    verdict = Verdict(ruled)
    space = Space(ruled, merged.value)
    accepted = [body for body in space.bodies() if not verdict.violated_rules(body)]
    for body in space.bodies():
        found = [violation for violation in video.violations(body) if violation.level == "error"]
        if not found:
            continue
        changes = found[0].nearest
        fixed = dict(body)
        for change in changes:
            name = change.pointer.removeprefix("/")
            if change.after is rules.ABSENT:
                del fixed[name]
            elif isinstance(change.after, rules.Length):
                fixed[name] = ["https://example.com/1.png"] * change.after.count
            else:
                fixed[name] = change.after
        assert not verdict.violated_rules(fixed)
        fewest = min(sum(_differs(body, other, name) for name in {*body, *other}) for other in accepted)
        assert len(changes) == fewest


def _differs(left: dict[str, object], right: dict[str, object], name: str) -> bool:
    """Compare one field as the finite part sees it: lists by their length."""
    a, b = left.get(name), right.get(name)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) != len(b)
    return a != b


def test_a_compiled_rule_is_described_as_in_the_document(ruled: RuledSchema) -> None:
    """Id, level, message, schema and the vendor's words with their place: a violation leads back to the page."""
    said = [
        (rule.id, rule.level, rule.message, ruled.pointer, rule.source.at, rule.source.quote) for rule in ruled.rules
    ]
    compiled = [rule for rule in rules.RULES.values() if rule.schema == ruled.pointer]
    got = [(r.id, r.level, r.message, r.schema, r.source.at, r.source.quote) for r in compiled]
    assert got == said


def with_a_tuple(body: Mapping[str, Any]) -> Any:
    """Check a model whose images are a tuple, whose length a type checker knows."""
    model = VideoGenerationDto.from_dict(body)
    if "imageList" in body:
        model.image_list = tuple(body["imageList"])  # type: ignore[assignment]  # as the typed calls take them
    return video.violations(model)


def test_a_tuple_is_judged_like_a_list() -> None:
    """In a model and in JSON made in Python, for every number of images, and for texts that are no address."""
    for cases in (finite_cases(others=False), text_cases(), many_images()):
        assert list(differences(with_a_tuple, cases)) == []
