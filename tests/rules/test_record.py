"""Records: plain data that cannot be changed, and violations, which search for the nearest request when asked."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from mountsea_gemini_api import rules
from mountsea_gemini_api.rules import Change, Length, Rule, Source, Violation
from mountsea_gemini_api.rules._engine import RuleSet
from mountsea_gemini_api.rules._record import Record
from mountsea_gemini_api.rules._violation import Broken
from mountsea_gemini_api.types import UNSET

SOURCE = Source("#/at", "words")
RULE = Rule("stated", "error", "must", "#/S", SOURCE)


def test_a_record_is_made_by_place_or_by_name() -> None:
    """Fields may be given in order, by name, or both; each exactly once."""
    assert Change("/a", 1, 2) == Change(pointer="/a", before=1, after=2) == Change("/a", after=2, before=1)
    wrong: list[Callable[[], Any]] = [
        lambda: Source("#/at"),  # type: ignore[call-arg]
        lambda: Source("#/at", "words", "more"),  # type: ignore[call-arg]
        lambda: Source("#/at", at="#/at"),  # type: ignore[misc,call-arg]
        lambda: Source("#/at", words="x"),  # type: ignore[call-arg]
        lambda: Source("#/at", "words", quote="words"),  # type: ignore[misc]
    ]
    for make in wrong:
        with pytest.raises(TypeError) as caught:
            make()
        assert str(caught.value) == "Source takes at, quote, each once"


def test_a_record_may_name_its_fields_itself() -> None:
    """Where one of them is no plain attribute; otherwise they are those that are annotated."""

    class Named(Record):
        a: int
        _fields = ("b",)

    class Plain(Record):
        a: int

    assert repr(Plain(1)) == "Plain(a=1)"
    assert Named._fields == ("b",)
    assert repr(Violation("r", "error", "m", "/a", 1, SOURCE).source) == repr(SOURCE)


def test_what_is_seen_at_a_glance_is_not_looked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a glance finds is what there is; without it, and where the class is named, the rules are asked."""
    subject, asked = made_up()
    monkeypatch.setattr(rules, "_BY_MODEL", {dict: subject})
    monkeypatch.setattr(rules, "SHAPES", {dict: {}})
    glances: list[Any] = []
    for seen, found, more in ((), 0, 0), ([(RULE, "/a", "x")], 1, 0), (None, 2, 1):

        def look(body: Any, seen: Any = seen) -> Any:
            glances.append(body)
            return seen

        monkeypatch.setattr(rules, "_LOOKS", {dict: look})
        for check in (rules.violations, rules.rule_violations):
            del asked[:], glances[:]
            assert len(check({"a": "x"})) == found
            assert (len(glances), len(asked)) == (1, more)
            assert len(check({"a": "x"}, model=dict)) == 2
            assert (len(glances), len(asked)) == (1, more + 1)


def test_records_are_compared_and_hashed_by_their_fields() -> None:
    """Two of the same class and values are the same; another class never is, whatever it holds."""

    class Other(Length):
        count: int

    assert Length(1) == Length(1) != Length(2)
    assert Length(1) != Other(1)
    assert Length(1) != 1
    assert len({Length(1), Length(1), Length(2), Other(1)}) == 3
    assert hash(Length(1)) != hash(Other(1))
    assert Source("a", "b") != Source("a", "c")
    assert Source("a", "b") != Source("c", "b")


def test_a_record_shows_its_fields() -> None:
    """What it is and what it holds."""
    assert repr(SOURCE) == "Source(at='#/at', quote='words')"


def test_a_record_cannot_be_changed() -> None:
    """Neither set nor deleted: whoever holds a rule can rely on it."""
    with pytest.raises(AttributeError, match=r"^Source cannot be changed: at stays as it is$"):
        SOURCE.at = "x"  # type: ignore[misc]
    with pytest.raises(AttributeError, match=r"^Source cannot be changed: quote stays as it is$"):
        delattr(SOURCE, "quote")
    assert repr(SOURCE) == "Source(at='#/at', quote='words')"


def made_up() -> tuple[RuleSet, list[Any]]:
    """Return a rule set whose only rule wants a to be y and at most one image, and what it was asked."""
    asked: list[Any] = []

    def broken(a: Any, images: Any = UNSET) -> list[Broken]:
        asked.append((a, images))
        return [] if a == "y" else [(RULE, "/a", a), (RULE, "/images", images)]

    def values(body: Any) -> tuple[Any, ...]:
        return body.get("a", UNSET), body.get("images", UNSET)

    domains = {"a": ("x", "y")}
    subject = RuleSet(
        model=list, rules=(RULE,), fields=("a", "images"), domains=domains, look=lambda _: None,
        model_values=values, json_values=values, broken=broken,
    )  # fmt: skip
    return subject, asked


def test_the_nearest_request_is_searched_when_first_asked_for() -> None:
    """Who only wants to know what is broken does not pay for the search; who asks a violation twice pays once."""
    subject, asked = made_up()
    first, second = subject.violations({"a": "x"}, ())
    assert len(asked) == 1
    assert first.nearest == (Change("/a", "x", "y"),)
    paid = len(asked)
    assert paid > 1
    assert first.nearest is first.nearest
    assert len(asked) == paid
    assert second.nearest == first.nearest


def test_values_that_are_not_those_of_the_fields_are_an_error() -> None:
    """A rule set that returns too few values for its fields is wrong, and no search is made with it."""
    subject, _ = made_up()
    short = RuleSet(**{**vars(subject), "json_values": lambda _: ("x",)})
    found = short.violations({"a": "x"}, ())
    with pytest.raises(ValueError, match="shorter"):
        _ = found[0].nearest


def test_what_is_found_already_is_not_looked_for_again() -> None:
    """What a glance found is told as it is, without what is waived; each says the nearest valid request."""
    subject, asked = made_up()
    (told,) = subject.violations({"a": "x"}, (), [(RULE, "/images", UNSET)])
    assert asked == []
    assert told == Violation("stated", "error", "must", "/images", rules.ABSENT, SOURCE, (Change("/a", "x", "y"),))
    assert subject.violations({"a": "x"}, {"stated"}, [(RULE, "/a", "x")]) == ()


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


def test_what_was_waived_is_not_searched_for() -> None:
    """The set of waived rules may be changed afterwards; the search remembers what it was."""
    waived = {"other"}
    subject, _ = made_up()
    found = subject.violations({"a": "x"}, waived)
    waived.add("stated")
    assert found[0].nearest == (Change("/a", "x", "y"),)
    assert subject.violations({"a": "x"}, waived) == ()


def test_violations_are_plain_data() -> None:
    """They are equal if all they say is, and a copy or a pickle of them says the same without any search."""
    subject, asked = made_up()
    found, same = (subject.violations({"a": "x"}, ()) for _ in range(2))
    assert found == same
    assert found[0] != found[1]
    assert found[0] != Violation("stated", "error", "must", "/a", "x", SOURCE)
    assert found[0] == Violation("stated", "error", "must", "/a", "x", SOURCE, (Change("/a", "x", "y"),))
    assert hash(found[0]) == hash(same[0])
    paid = len(asked)
    (real,) = rules.violations({"prompt": "a cat", "action": "img2video", "model": "veo3_fast"})
    for twin in (copy.copy(real), copy.deepcopy(real), pickle.loads(pickle.dumps(real))):  # noqa: S301  our own bytes
        assert twin == real
        assert twin.nearest == real.nearest == (Change("/imageList", rules.ABSENT, Length(1)),)
    assert pickle.loads(pickle.dumps(rules.RuleViolation([real]))).violations == (real,)  # noqa: S301  our own bytes
    assert len(asked) == paid
