"""Violations are plain data with a lazily computed nearest valid request."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import attrs
import pytest
from mountsea_gemini import rules
from mountsea_gemini._rules import Found, RuleSet, RuleViolations, Violated
from mountsea_gemini.rules import ABSENT, Change, Length, Rule, Source, Violation

from tests.rules import video

SOURCE = Source("#/at", "words")
RULE = Rule("stated", "error", "must", "#/S", SOURCE)


def test_a_rule_cannot_be_changed() -> None:
    """Rules are immutable."""
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        SOURCE.at = "x"  # type: ignore[misc]
    assert repr(SOURCE) == "Source(at='#/at', quote='words')"


def made_up() -> tuple[RuleSet, list[Any]]:
    """Return a rule set whose only rule requires a to be y, and the list of checked values."""
    asked: list[Any] = []

    def check(value: Any, at: str, found: Found) -> None:
        a, images = value.get("a", ABSENT), value.get("images", ABSENT)
        asked.append((a, images))
        violated: list[Violated] = [] if a == "y" else [(RULE, "/a", a), (RULE, "/images", images)]
        if violated:
            found.append(RuleViolations(subject, at, {"a": a, "images": images}, violated))

    subject = RuleSet(rules=(RULE,), domains={"a": ("x", "y")}, check=check)
    return subject, asked


def test_the_nearest_request_is_searched_lazily() -> None:
    """Nothing is searched until `nearest` is read, and then only once."""
    subject, asked = made_up()
    first, second = subject.violations({"a": "x"})
    assert len(asked) == 1
    assert first.nearest == (Change("/a", "x", "y"),)
    paid = len(asked)
    assert paid > 1
    assert first.nearest is first.nearest
    assert len(asked) == paid
    assert second.nearest == first.nearest


@pytest.mark.parametrize("images", [["p"], [["p"]], [{"q": ["p"]}], {"q": ["p"]}])
def test_the_search_sees_the_request_as_it_was(images: Any) -> None:
    """A body changed after the check does not change what was found in it."""
    subject, asked = made_up()
    body = {"a": "x", "images": copy.deepcopy(images)}
    found = subject.violations(body, ())
    innermost: Any = body["images"]
    while innermost != ["p"]:
        innermost = innermost["q"] if "q" in innermost else innermost[0]
    innermost.append("later")
    del asked[:]
    assert found[0].nearest
    assert {str(given) for _, given in asked} == {str(images)}


def test_the_search_keeps_the_waivers_of_the_check() -> None:
    """Changing the set of waived rules afterwards has no effect."""
    waived = {"other"}
    subject, _ = made_up()
    found = subject.violations({"a": "x"}, waived)
    waived.add("stated")
    assert found[0].nearest == (Change("/a", "x", "y"),)
    assert subject.violations({"a": "x"}, waived) == ()


def test_violations_are_plain_data() -> None:
    """They are equal if all their parts are; a copy or a pickle holds the same without a search."""
    subject, asked = made_up()
    found, same = (subject.violations({"a": "x"}) for _ in range(2))
    assert found == same
    assert found[0] != found[1]
    assert found[0] != Violation("stated", "error", "must", "/a", "x", SOURCE)
    assert found[0] == Violation("stated", "error", "must", "/a", "x", SOURCE, (Change("/a", "x", "y"),))
    assert hash(found[0]) == hash(same[0])
    paid = len(asked)
    (real,) = video.violations({"prompt": "a cat", "action": "img2video", "model": "veo3_fast"})
    for twin in (copy.copy(real), copy.deepcopy(real), pickle.loads(pickle.dumps(real))):  # noqa: S301  our own bytes
        assert twin == real
        assert twin.nearest == real.nearest == (Change("/imageList", rules.ABSENT, Length(1)),)
    assert pickle.loads(pickle.dumps(rules.RuleViolation([real]))).violations == (real,)  # noqa: S301  our own bytes
    assert len(asked) == paid
