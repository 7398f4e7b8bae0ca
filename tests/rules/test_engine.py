"""Violations: data, messages, levels, waivers and the nearest valid request."""

from __future__ import annotations

import copy
import pickle
import warnings
from collections.abc import Mapping
from typing import Any

import attrs
import pytest
from mountsea_gemini import _rules as engine
from mountsea_gemini import rules
from mountsea_gemini._rules import Found, RuleSet, RuleViolations, Violated
from mountsea_gemini._rules import nearest as search
from mountsea_gemini._violation import describe
from mountsea_gemini.raw.models import VideoGenerationDto
from mountsea_gemini.rules import (
    ABSENT,
    Change,
    Length,
    Rule,
    RuleViolation,
    RuleWarning,
    Source,
    Violation,
)

from tests.rules import video


class Odd:
    """A value outside JSON whose repr is a bidirectional control character."""

    def __repr__(self) -> str:
        return "\u202e"


ONE = "https://example.com/1.png"
IMAGE = {"prompt": "a cat", "action": "img2video", "model": "veo3_fast", "imageList": [ONE]}
NO_IMAGE = {name: value for name, value in IMAGE.items() if name != "imageList"}
BOTH = {"prompt": " ", "action": "img2video", "model": "veo3_fast"}
WARNED = {**IMAGE, "prompt": " "}


def ids(found: Any) -> list[str]:
    """Return the rules of some violations."""
    return [each.rule for each in found]


def changes(body: Mapping[str, Any], **options: Any) -> list[str]:
    """Return the changes of the nearest valid request as text; all violations share it."""
    found = [violation for violation in video.violations(body, **options) if violation.rule != "schema"]
    assert len({violation.nearest for violation in found}) == 1
    return [str(change) for change in found[0].nearest]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (NO_IMAGE, ["give 1 item in imageList"]),
        ({**IMAGE, "imageList": []}, ["add 1 item in imageList"]),
        ({**IMAGE, "imageList": [ONE] * 3}, ["drop the last item of imageList"]),
        ({**IMAGE, "imageList": [ONE] * 9}, ["drop the last 7 items of imageList"]),
        ({**IMAGE, "action": "ingredients2video"}, ['model="veo31_fast"']),
        ({**NO_IMAGE, "action": "ingredients2video"}, ['action="text2video"']),
        ({**NO_IMAGE, "action": "ingredients2video", "model": "veo31_fast"}, ["give 1 item in imageList"]),
        ({**NO_IMAGE, "action": "text2video", "model": "veo31_fast_ingredients"}, ['model="veo2_fast"']),
        ({**IMAGE, "action": "text2video"}, ["drop the last item of imageList"]),
        ({**IMAGE, "action": "text2video", "imageList": [ONE] * 3}, ["drop the last 3 items of imageList"]),
        (WARNED, []),
        ({**IMAGE, "imageList": ["1.png"]}, ["drop the last item of imageList", 'action="text2video"']),
    ],
)
def test_the_nearest_valid_request(body: dict[str, Any], expected: list[str]) -> None:
    """Fewest changes win; ties go to requests without warnings, then the violated field, then order."""
    assert changes(body) == expected
    if expected:
        as_model = video.rule_violations(VideoGenerationDto.from_dict(body))
        assert [str(change) for change in as_model[0].nearest] == expected


def test_the_nearest_request_ignores_waived_rules() -> None:
    """A waiver can make a nearer request valid."""
    body = {**IMAGE, "action": "ingredients2video", "imageList": [ONE] * 4}
    assert changes(body) == ['action="text2video"']
    assert changes(body, waive={"ingredients-only-veo31-fast"}) == ["drop the last item of imageList"]


def nearest(violated: Any, domains: Mapping[str, Any], body: Mapping[str, Any], waive: Any = ()) -> tuple[Change, ...]:
    """Return the nearest valid request, given a check of the fields in order."""
    before = {name: body.get(name, ABSENT) for name in domains}
    return search(domains, before, lambda fields: violated(*(fields.get(name, ABSENT) for name in domains)), waive)


SOURCE = Source("#/at", "words")
ERROR = Rule("stated", "error", "must", "#/S", SOURCE)
WARNING = Rule("inferred", "warning", "should", "#/S", SOURCE)
TWO = ("x", "y")


def test_several_changes_at_once() -> None:
    """Up to three changes are tried."""

    def differ(*values: str) -> list[Violated]:
        return [] if all(value == "y" for value in values) else [(ERROR, "/a", values[0])]

    names = ("a", "b", "c", "d")
    for wrong in range(1, 5):
        body: dict[str, Any] = dict(zip(names, ["x"] * wrong + ["y"] * 4, strict=False))
        expected = [Change(f"/{name}", "x", "y") for name in names[:wrong]]
        assert list(nearest(differ, dict.fromkeys(names, TWO), body)) == (expected if wrong <= 3 else [])


@pytest.mark.parametrize(("pointer", "changed"), [("/b", "/b"), ("", "/a"), ("/b/0", "/b")])
def test_a_tie_goes_to_the_violated_field(pointer: str, changed: str) -> None:
    """Of two fields that could be changed, the one a violation points at comes first; otherwise document order."""

    def both(a: str, b: str) -> list[Violated]:
        return [] if "y" in (a, b) else [(ERROR, pointer, b)]

    assert nearest(both, {"a": TWO, "b": TWO}, {"a": "x", "b": "x"}) == (Change(changed, "x", "y"),)


def test_errors_are_repaired_before_warnings() -> None:
    """A change that also satisfies warnings is preferred."""

    def check(a: str) -> list[Violated]:
        return {"w": [(WARNING, "/a", a)], "e": [(ERROR, "/a", a)]}.get(a, [])

    worse, better = {"a": ("e", "w")}, {"a": ("e", "w", "z")}
    assert nearest(check, worse, {"a": "e"}) == (Change("/a", "e", "w"),)
    assert nearest(check, worse, {"a": "w"}) == ()
    assert nearest(check, better, {"a": "e"}) == (Change("/a", "e", "z"),)
    assert nearest(check, better, {"a": "w"}) == (Change("/a", "w", "z"),)
    assert nearest(check, better, {"a": "e"}, {"inferred"}) == (Change("/a", "e", "w"),)


def test_lists_change_as_little_as_possible() -> None:
    """Fewest items added or dropped first, then leaving the list out; its items are kept and the last repeated."""
    seen: list[Any] = []

    def never(a: Any) -> list[Violated]:
        seen.append(a)
        return [(ERROR, "/a", a)]

    domains = {"a": (ABSENT, *map(Length, range(5)))}
    filler = [["https://example.com/"] * count for count in range(5)]
    for body, tried in (
        ({"a": ["p", "q"]}, [["p"], ["p", "q", "q"], [], ["p", "q", "q", "q"], ABSENT]),
        ({"a": ["p", "q", "r"]}, [["p", "q"], ["p", "q", "r", "r"], ["p"], [], ABSENT]),
        ({}, filler),
        ({"a": ()}, [ABSENT, *filler[1:]]),
    ):
        del seen[:]
        assert nearest(never, domains, body) == ()
        assert seen[1:] == tried


def test_true_and_one_are_different_values() -> None:
    """`True` is not 1: a field that holds one may become the other."""
    found = nearest(lambda a: [] if a is True else [(ERROR, "/a", a)], {"a": (1, True)}, {"a": 1})
    assert found == (Change("/a", 1, True),)


def test_pointers_of_changes_are_escaped() -> None:
    """A field whose name holds a slash or a tilde is still found by its pointer."""
    (change,) = nearest(lambda a: [] if a == "y" else [(ERROR, "", a)], {"~a/b": TWO}, {"~a/b": "x"})
    assert (change.pointer, str(change)) == ("/~0a~1b", '~a/b="y"')


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (Change("/a", "x", ABSENT), "leave out a"),
        (Change("/a/b", ABSENT, "é"), 'b="é"'),
        (Change("/a", ABSENT, None), "a=null"),
        (Change("/a", Length(3), Length(2)), "drop the last item of a"),
        (Change("/a", Length(3), Length(1)), "drop the last 2 items of a"),
        (Change("/a", Length(1), Length(2)), "add 1 item in a"),
        (Change("/a", Length(1), Length(3)), "add 2 items in a"),
        (Change("/a", ABSENT, Length(1)), "give 1 item in a"),
        (Change("/a", ABSENT, Length(0)), "give 0 items in a"),
    ],
)
def test_a_change_as_text(change: Change, text: str) -> None:
    """The text names the action and the field."""
    assert str(change) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (ABSENT, "nothing"),
        ([], "0 items"),
        ([1], "1 item"),
        ((1, 2), "2 items"),
        ({"a": 1}, "an object"),
        ("x", '"x"'),
        ("é猫", '"é猫"'),
        ('"', r'"\""'),
        ("a\x1b[1m", r"'a\x1b[1m'"),
        ("\u202eé", r"'\u202e\xe9'"),
        ("x" * 40, f'"{"x" * 40}"'),
        ("x" * 41, f'"{"x" * 40}…"'),
        ("https://h/?sig=secret", '"https://h/…"'),
        ("a?b?c", '"a…"'),
        (None, "null"),
        (True, "true"),
        (1.5, "1.5"),
        (10**50, "1" + "0" * 39),
        (b"x", "\"b'x'\""),
        (Odd(), '"\\u202e"'),
    ],
)
def test_a_value_as_text(value: Any, text: str) -> None:
    """Texts are cut, escapes and query strings removed, and lists shown by their length."""
    assert describe(value) == text


def test_a_violation_as_text() -> None:
    """The text has id, requirement, pointer, value and the nearest valid request, if any."""
    violation = ERROR.violation("/a", "x")
    assert violation == Violation("stated", "error", "must", "/a", "x", SOURCE, ())
    assert str(violation) == 'stated: must\n  at /a, got "x"'
    assert str(ERROR.violation("", ABSENT)) == "stated: must\n  at /, got nothing"
    changes = (Change("/a", "x", "y"), Change("/b", ABSENT, "z"))
    known = Violation("stated", "error", "must", "/a", "x", SOURCE, changes)
    assert str(known) == 'stated: must\n  at /a, got "x"\n  nearest valid request: a="y", b="z"'
    assert violation.nearest == ()
    assert repr(Violation("r", "error", "m", "/a", "xxx")) == "Violation(rule='r', level='error', pointer='/a')"
    assert repr(ABSENT) == "ABSENT"


def test_a_refusal_as_text() -> None:
    """Every violation is shown, then a waiver to paste that names each rule once."""
    error = RuleViolation([ERROR.violation("/a", 1), WARNING.violation("/b", 2), ERROR.violation("/c", 3)])
    assert str(error).splitlines() == [
        "stated: must",
        "  at /a, got 1",
        "inferred: should",
        "  at /b, got 2",
        "stated: must",
        "  at /c, got 3",
        ("if you know that the API accepts this request, switch off what refuses it: "
        'waive={"stated", "inferred"}'),
    ]  # fmt: skip
    assert ids(error.violations) == ["stated", "inferred", "stated"]
    assert error.args == (error.violations,)


def test_errors_are_refused_and_warnings_warned_about() -> None:
    """`validate` raises for a stated rule with everything that is broken, warns for an inferred one, or neither."""
    video.validate(IMAGE)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(RuleViolation) as caught:
            video.validate({**BOTH, "imageList": ["1.png"] * 3})
        assert ids(caught.value.violations) == ["img2video-needs-images", "images-are-http-urls", "prompt-not-blank"]
    with pytest.warns(RuleWarning) as warned:
        video.validate(WARNED)
    assert [str(each.message).splitlines()[0] for each in warned] == [
        "prompt-not-blank: prompt must hold at least one character that is not white space"
    ]
    with pytest.raises(RuleViolation) as caught:
        video.validate(WARNED, strict=True)
    assert ids(caught.value.violations) == ["prompt-not-blank"]


def test_errors_come_before_warnings() -> None:
    """Errors lead the violations of a refusal; strict mode keeps the order of the rules."""
    found = [WARNING.violation("/a", 1), ERROR.violation("/b", 2), WARNING.violation("/c", 3)]
    for strict, expected in ((False, ["/b", "/a", "/c"]), (True, ["/a", "/b", "/c"])):
        with pytest.raises(RuleViolation) as caught:
            engine.enforce(found, strict=strict, stacklevel=1)
        assert [each.pointer for each in caught.value.violations] == expected


def test_a_warning_points_at_the_caller() -> None:
    """`stacklevel` counts frames from the check."""

    def deep() -> None:
        video.validate(WARNED, stacklevel=3)

    for call in (
        deep,
        lambda: video.validate(WARNED),
        lambda: engine.enforce([WARNING.violation("/a", 1)], strict=False, stacklevel=2),
    ):
        with pytest.warns(RuleWarning) as warned:
            call()
        assert warned[0].filename == __file__
    with pytest.warns(RuleWarning) as warned:
        engine.enforce([WARNING.violation("/a", 1)], strict=False, stacklevel=1)
    assert warned[0].filename == engine.__file__


def test_the_frames_between_caller_and_warning_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each function adds one frame, so that the warning points at the caller."""
    seen: list[int] = []

    def warn(message: Warning, stacklevel: int = 0) -> None:
        assert isinstance(message, RuleWarning)
        assert str(message).startswith(("prompt-not-blank: ", "inferred: "))
        seen.append(stacklevel)

    monkeypatch.setattr(warnings, "warn", warn)
    engine.enforce([WARNING.violation("/a", 1)], strict=False, stacklevel=7)
    video.validate(WARNED)
    video.validate(WARNED, stacklevel=9)
    assert seen == [7, 3, 10]


def test_rules_are_switched_off_by_id() -> None:
    """Waive rules in any collection; other rules and the schema are still checked."""
    assert ids(video.violations(BOTH)) == ["img2video-needs-images", "prompt-not-blank"]
    assert ids(video.violations(BOTH, waive={"prompt-not-blank"})) == ["img2video-needs-images"]
    assert ids(video.violations(BOTH, waive=["img2video-needs-images", "prompt-not-blank"])) == []
    video.validate(NO_IMAGE, waive={"img2video-needs-images"})
    unknown = {**IMAGE, "model": "veo9"}
    assert ids(video.violations(unknown)) == ["schema"]
    assert video.violations(unknown, waive={"schema"}) == ()
    assert video.violations({**IMAGE, "model": rules.unlisted("veo9")}) == ()
    assert rules.unlisted("veo9") == "veo9"


@pytest.mark.parametrize(
    ("waive", "message"),
    [
        ("prompt-not-blank", ("waive must be a collection of rule ids, got the text 'prompt-not-blank'; write "
                             "waive={'prompt-not-blank'}")),
        ({"prompt-not-blanc"}, "there is no rule 'prompt-not-blanc' to waive; did you mean 'prompt-not-blank'?"),
        (["prompt-not-blank", "zzz"], "there is no rule 'zzz' to waive; did you mean '"),
        ({"shema"}, "there is no rule 'shema' to waive; did you mean 'schema'?"),
    ],
)  # fmt: skip
def test_a_misspelt_waiver_is_an_error(waive: Any, message: str) -> None:
    """An id that does not exist would silently waive nothing."""
    for body in (IMAGE, NO_IMAGE):
        with pytest.raises(ValueError, match="waive") as caught:
            video.violations(body, waive=waive)
        assert str(caught.value).startswith(message)
        with pytest.raises(ValueError, match="waive"):
            video.validate(body, waive=waive)


def test_json_objects_and_models_are_judged_alike() -> None:
    """A body may be a model, or a JSON object with `model=`."""
    for body in (IMAGE, NO_IMAGE, BOTH, WARNED):
        model = VideoGenerationDto.from_dict(body)
        for check in (rules.violations, rules.rule_violations):
            assert check(model) == check(body, model=VideoGenerationDto)
    assert ids(video.violations({})) == ["schema"] * 3
    assert video.rule_violations({}) == ()
    with pytest.raises(RuleViolation):
        video.validate(NO_IMAGE, model=VideoGenerationDto)


def test_a_class_derived_from_a_model_is_checked_as_that_model_where_it_is_named() -> None:
    """`model=` names the class that was derived from; the body is still read as a model, not as an object."""

    class Derived(VideoGenerationDto):
        pass

    body = Derived(prompt="a cat", action="img2video", model="veo3_fast")
    assert ids(video.rule_violations(body, model=VideoGenerationDto)) == ["img2video-needs-images"]
    assert rules.rule_violations(body) == ()


def test_a_model_of_another_class_is_not_checked_by_these_rules() -> None:
    """Which rules apply is decided by the class of a model, or by the class that is named."""

    class Other:
        def to_dict(self) -> dict[str, Any]:
            return {}

    assert rules.violations(Other()) == ()
    assert video.rule_violations(NO_IMAGE, model=Other) == ()
    video.validate(NO_IMAGE, model=Other)


def test_an_ambiguous_object_needs_its_model() -> None:
    """With checks for several models, a JSON object needs `model=`."""
    body = rules.BODIES[VideoGenerationDto]
    form = engine.Body(body.check, body.schema, body.fields, operations=())
    several = engine.Rules({VideoGenerationDto: body, Change: body, Length: form}, (), {})
    with pytest.raises(ValueError, match="model") as caught:
        several.violations(NO_IMAGE)
    assert str(caught.value) == (
        "it is not clear which model the object is; pass model=..., one of Change, VideoGenerationDto"
    )
    assert ids(several.violations(NO_IMAGE, model=VideoGenerationDto)) == ["img2video-needs-images"]
    assert ids(engine.Rules({VideoGenerationDto: body, Length: form}, (), {}).violations(NO_IMAGE)) == [
        "img2video-needs-images"
    ]


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
