"""An action that stands twice is a slip: the second changes nothing, or changes twice what was meant once."""

from __future__ import annotations

import pytest
from rulewright.openapi.document import parse
from rulewright.overlay import OverlayError, parse_overlay

HEAD = "overlay: 1.1.0\ninfo: {title: t, version: '1'}\nactions:\n"
ACTION = "- {target: $.tags, update: [{name: a}]}\n"


def test_an_action_that_repeats_another_is_refused_with_both_numbers() -> None:
    """Word for word, whatever stands between the two and in whichever order their keys are written."""
    other = "- {target: $.info, update: {title: x}}\n"
    for again in (ACTION, "- {update: [{name: a}], target: $.tags}\n"):
        with pytest.raises(OverlayError, match="action 3 repeats action 1 word for word"):
            parse_overlay(parse(HEAD + ACTION + other + again, "a.overlay.yaml"))


def test_actions_that_differ_at_all_are_two() -> None:
    """One target may be updated by several actions."""
    document = parse(HEAD + ACTION + ACTION.replace("name: a", "name: b"), "a.overlay.yaml")
    assert len(parse_overlay(document).actions) == 2
