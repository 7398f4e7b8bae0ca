"""The rules agree with a hand-written table of the vendor's published facts."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import jsonschema_rs
from mountsea_gemini import rules
from mountsea_gemini.operations import GENERATE_VIDEO
from mountsea_gemini.raw.models import VideoGenerationDto
from rulewright.merged import Merged

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
