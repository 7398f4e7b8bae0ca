"""Submit: what is sent, when it is retried, and when it is not sent at all."""

from __future__ import annotations

import json
import warnings
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import product
from typing import Any

import httpx
import pytest
from mountsea_gemini import (
    ApiError,
    ConfigurationError,
    ConnectionFailed,
    RateLimited,
    RequestRefused,
    SubmitContradicted,
    SubmitOutcomeUnknown,
)
from mountsea_gemini.operations import GENERATE_VIDEO
from mountsea_gemini.raw.models.video_generation_dto_action import VIDEO_GENERATION_DTO_ACTION_VALUES as ACTIONS
from mountsea_gemini.raw.models.video_generation_dto_model import VIDEO_GENERATION_DTO_MODEL_VALUES as MODELS
from mountsea_gemini.rules import RuleViolation, RuleWarning, unlisted
from rulewright.testing import FakeClock

from tests.client.scripted import (
    ACCEPTED,
    BASE,
    PROMPT,
    TASK,
    TOKEN,
    Play,
    Skin,
    fails,
    reply,
)

LIMITED: dict[str, Any] = {"message": "slow down"}


def test_a_submit_sends_what_the_caller_gave_and_nothing_else(skin: Skin) -> None:
    """Method, path, token and body; absent fields stay absent, and text is not escaped."""
    play = Play()
    prompt = 'Ein Kätzchen, "süß" 🐈'
    task = skin.do(skin.client(play).text_to_video(prompt, model="veo3_fast", aspect_ratio=None))
    (request,) = play.of("submit")
    assert task.id == TASK
    assert (request.method, str(request.url)) == ("POST", f"{BASE}/gemini/video/generate")
    assert request.headers["authorization"] == f"Bearer {TOKEN}"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["user-agent"] == "mountsea-gemini"
    assert request.headers["accept-encoding"] == "identity"
    assert json.loads(request.content) == {"prompt": prompt, "action": "text2video", "model": "veo3_fast"}
    assert "🐈".encode() in request.content


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_nan_and_infinity_are_not_sent(skin: Skin, value: float) -> None:
    """A server would refuse them or read something else."""
    play = Play()
    with pytest.raises(ConfigurationError, match="nothing was sent"):
        skin.do(
            skin.client(play).generate_video(prompt="p", action="text2video", model="veo3_fast", extra={"x": value})
        )
    assert play.seen == []


@pytest.mark.parametrize("status", [200, 201, 202, 206, 299])
@pytest.mark.parametrize(("given", "read"), [("abc", "abc"), (7, "7"), ("ü/..?&=", "ü/..?&=")])
def test_any_success_that_names_an_id_is_accepted(skin: Skin, status: int, given: Any, read: str) -> None:
    """The document says 201 and a string; another 2xx or a number started a task too."""
    answer = reply(status, {"taskId": given, "extra": True})
    assert skin.do(skin.client(Play([answer])).text_to_video("a cat")).id == read


@pytest.mark.parametrize("field", ["errorMessage", "error", "message"])
def test_a_success_with_an_error_in_its_body_is_an_unknown_outcome(skin: Skin, field: str) -> None:
    """The error shows the body's message; nothing is sent again, and no id is invented."""
    play = Play([reply(201, {"statusCode": 500, field: "out of GPUs", "prompt": PROMPT})])
    with pytest.raises(SubmitContradicted, match="its error message: out of GPUs") as caught:
        skin.do(skin.client(play).text_to_video(PROMPT))
    assert isinstance(caught.value, SubmitOutcomeUnknown)
    assert PROMPT not in str(caught.value)
    assert "may have been accepted and billed" in str(caught.value)
    assert len(play.seen) == 1
    with pytest.raises(SubmitOutcomeUnknown) as plain:
        skin.do(skin.client(Play([reply(201, {"id": "elsewhere"})])).text_to_video(PROMPT))
    assert type(plain.value) is SubmitOutcomeUnknown


@pytest.mark.parametrize("error", [httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout])
def test_a_submit_that_was_never_sent_is_retried(skin: Skin, error: Any) -> None:
    """Nothing was started, so a retry costs nothing."""
    play = Play([fails(error), fails(error), ACCEPTED])
    assert skin.do(skin.client(play).text_to_video("a cat")).id == TASK
    assert len(play.seen) == 3


def test_a_submit_that_never_leaves_is_given_up_after_three_attempts(
    skin: Skin, caplog: pytest.LogCaptureFixture
) -> None:
    """Pauses are random shares of one and two seconds, and logged."""
    clock = FakeClock(chance=0.75)
    play = Play([*[fails(httpx.ConnectError)] * 3, ACCEPTED])
    with caplog.at_level("INFO", "mountsea_gemini"), pytest.raises(ConnectionFailed):
        skin.do(skin.client(play, clock=clock).text_to_video("a cat"))
    assert clock.slept == [0.75, 1.5]
    assert [record.getMessage() for record in caplog.records] == [
        "generateVideo: attempt 1 of 3 was not accepted; the next in 0.8 s",
        "generateVideo: attempt 2 of 3 was not accepted; the next in 1.5 s",
    ]


@pytest.mark.parametrize(("seconds", "attempts"), [(19.0, 2), (20.0, 1)])
def test_retries_have_a_time_budget(skin: Skin, seconds: float, attempts: int) -> None:
    """Attempts take 20 s in all, whatever the clock shows."""
    clock = FakeClock()
    clock.advance(1000.0)

    def slow(request: httpx.Request) -> httpx.Response:
        clock.advance(seconds)
        raise httpx.ConnectTimeout("scripted")

    play = Play([slow])
    words = f"never sent, after {attempts} attempt{'s' if attempts > 1 else ''}:"
    with pytest.raises(ConnectionFailed, match=words):
        skin.do(skin.client(play, clock=clock).text_to_video("a cat"))
    assert len(play.seen) == attempts


def test_a_server_that_stays_busy_is_asked_three_times(skin: Skin) -> None:
    """Retries come a little later than the server asked, so that callers do not return at once."""
    clock = FakeClock(chance=0.25)
    busy = reply(429, LIMITED, {"Retry-After": "7"})
    play = Play([busy, busy, busy, ACCEPTED])
    with pytest.raises(RateLimited) as caught:
        skin.do(skin.client(play, clock=clock).text_to_video("a cat"))
    assert caught.value.retry_after == 7.0
    assert clock.slept == [7.25, 7.25]


def test_an_ambiguous_end_after_a_harmless_one_is_still_final(skin: Skin) -> None:
    """Safe retries do not make an unsafe one safe."""
    play = Play([fails(httpx.ConnectError), fails(httpx.ReadTimeout), ACCEPTED])
    with pytest.raises(SubmitOutcomeUnknown):
        skin.do(skin.client(play).text_to_video("a cat"))
    assert len(play.seen) == 2


def _date(seconds: float) -> str:
    return format_datetime(datetime(2030, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds), usegmt=True)


NOW = {"Date": _date(0)}


@pytest.mark.parametrize(
    ("header", "asked"),
    [
        ("0", 0.0),
        ("7", 7.0),
        ("60", 60.0),
        ("1.5", 1.5),
        (" 7 ", 7.0),
        (_date(30), 30.0),
        (_date(-500), 0.0),
        ("Tuesday, 01-Jan-30 00:00:20 GMT", 20.0),
        ("Tue Jan  1 00:00:20 2030", 20.0),
    ],
)
def test_a_retry_after_within_the_cap_is_never_undercut(skin: Skin, header: str, asked: float) -> None:
    """Seconds, fractions and HTTP dates, read against the server's clock."""
    clock = FakeClock(chance=0.0)
    play = Play([reply(429, LIMITED, {"Retry-After": header, **NOW}), ACCEPTED])
    assert skin.do(skin.client(play, clock=clock).text_to_video("a cat")).id == TASK
    assert clock.slept == [asked]


@pytest.mark.parametrize(
    ("header", "carried"),
    [
        ("61", 61.0),
        ("3600", 3600.0),
        (_date(3600), 3600.0),
        ("9" * 40, 1e40),
        ("-5", None),
        ("soon", None),
        ("", None),
        ("inf", None),
        ("nan", None),
        ("1e3", None),
        ("5, 10", None),
        ("٧", None),
        ("Fri, 99 Foo 2030 99:99:99 GMT", None),
        ("Tue, 01 Jan 99999 00:00:00 GMT", None),
    ],
)
def test_any_other_retry_after_is_given_up_at_once_with_its_value(
    skin: Skin, header: str, carried: float | None
) -> None:
    """Above the cap or unreadable: the caller decides."""
    clock = FakeClock()
    headers = httpx.Headers([(b"Retry-After", header.encode()), (b"Date", NOW["Date"].encode())])
    play = Play([reply(429, LIMITED, headers)])
    with pytest.raises(RateLimited) as caught:
        skin.do(skin.client(play, clock=clock).text_to_video("a cat"))
    assert caught.value.retry_after == carried
    assert (len(play.seen), clock.slept) == (1, [])


@pytest.mark.parametrize(
    ("call", "rule"),
    [
        (lambda client: client.image_to_video(PROMPT, ()), "img2video-needs-images"),
        (lambda client: client.ingredients_to_video(PROMPT, ("https://e.com/1",) * 4), "ingredients-need-images"),
        (
            lambda client: client.ingredients_to_video(PROMPT, ("https://e.com/1",), model="veo3_fast"),
            "ingredients-only-veo31-fast",
        ),
        (
            lambda client: client.text_to_video(PROMPT, model="veo31_fast_ingredients"),
            "veo31-fast-ingredients-needs-images",
        ),
        (lambda client: client.text_to_video(PROMPT, model="veo4"), "schema"),
        (lambda client: client.text_to_video(5), "schema"),
        (lambda client: client.text_to_video(None), "schema"),
    ],
)
def test_a_request_that_breaks_a_rule_is_refused_before_a_byte_is_sent(skin: Skin, call: Any, rule: str) -> None:
    """The error is an ApiError and a RuleViolation, and names the rule."""
    play = Play()
    with pytest.raises(RequestRefused) as caught:
        skin.do(call(skin.client(play)))
    assert isinstance(caught.value, ApiError)
    assert isinstance(caught.value, RuleViolation)
    assert rule in {violation.rule for violation in caught.value.violations}
    assert rule in str(caught.value)
    assert play.seen == []


def test_every_rule_refuses_before_a_byte_is_sent(skin: Skin) -> None:
    """Includes inferred rules in strict mode; a valid request is sent once."""
    play, refused, sent = Play(), set(), 0
    client = skin.client(play, strict=True)
    url = "https://e.com/1.png"
    images = (None, (), (url,), (url,) * 4, ("cat.png",))
    for action, model, image_list, prompt in product(sorted(ACTIONS), sorted(MODELS), images, ("a cat", " ")):
        try:
            skin.do(client.generate_video(prompt=prompt, action=action, model=model, image_list=image_list))
            sent += 1
        except RequestRefused as error:
            refused |= {violation.rule for violation in error.violations}
    assert refused == {*GENERATE_VIDEO.rules}
    assert len(play.seen) == sent > 0


NEEDS, BLANK = "img2video-needs-images", "prompt-not-blank"


@pytest.mark.parametrize(
    ("client", "call", "broken"),
    [
        ({}, {}, {NEEDS, BLANK}),
        ({"waive": [BLANK]}, {}, {NEEDS}),
        ({"strict": True}, {"waive": [NEEDS]}, {BLANK}),
        ({}, {"waive": [NEEDS], "strict": True}, {BLANK}),
        ({}, {"waive": [NEEDS]}, set()),
        ({"strict": True}, {"waive": [NEEDS], "strict": False}, set()),
        ({"waive": [NEEDS], "strict": True}, {"waive": {BLANK}}, set()),
    ],
)
@pytest.mark.filterwarnings("ignore::mountsea_gemini.rules.RuleWarning")
def test_client_and_call_may_waive_rules_and_be_strict(
    skin: Skin, client: dict[str, Any], call: dict[str, Any], broken: set[str]
) -> None:
    """Waivers of both count, and the strictness of the call wins; a request that breaks nothing else is sent."""
    play = Play()
    request = {"prompt": " ", "action": "img2video", "model": "veo3_fast"}
    if not broken:
        assert skin.do(skin.client(play, **client).generate_video(**request, **call)).id == TASK
        assert len(play.seen) == 1
        return
    with pytest.raises(RequestRefused) as caught:
        skin.do(skin.client(play, **client).generate_video(**request, **call))
    assert {violation.rule for violation in caught.value.violations} == broken
    assert caught.value.__cause__ is caught.value.__context__ is None
    assert play.seen == []


@pytest.mark.parametrize("waive", [["img2video-needs-image"], "img2video-needs-images", [7], None])
def test_a_waiver_that_names_no_rule_is_refused(skin: Skin, waive: Any) -> None:
    """A misspelt waiver would silently waive nothing."""
    with pytest.raises(ConfigurationError):
        skin.client(Play(), waive=waive)
    play = Play()
    if waive is not None:
        with pytest.raises(ConfigurationError):
            skin.do(skin.client(play).text_to_video("a cat", waive=waive))
    assert play.seen == []


def test_inferred_rules_warn_where_they_are_broken_and_refuse_when_strict(skin: Skin) -> None:
    """The warning points at the caller's line; client or call may be strict."""
    play = Play()
    with pytest.warns(RuleWarning, match="prompt-not-blank") as caught:
        skin.do(skin.client(play).text_to_video(" "))
    if skin.name == "sync":
        assert caught[0].filename == __file__
    for options, extra in (({"strict": True}, {}), ({}, {"strict": True})):
        with pytest.raises(RequestRefused, match="prompt-not-blank"):
            skin.do(skin.client(play, **options).text_to_video(" ", **extra))
    with warnings.catch_warnings(record=True):
        warnings.simplefilter("always")
        skin.do(skin.client(play, strict=True).text_to_video(" ", strict=False))
    assert len(play.seen) == 2


def test_a_value_the_document_does_not_list_can_be_insisted_on(skin: Skin) -> None:
    """A model published yesterday can be used today."""
    play = Play()
    skin.do(skin.client(play).text_to_video("a cat", model=unlisted("veo4")))
    assert json.loads(play.seen[0][1].content)["model"] == "veo4"


def test_text_that_has_no_utf8_is_refused_before_a_byte_is_sent(skin: Skin) -> None:
    """Half a surrogate pair cannot be encoded."""
    play = Play()
    with pytest.raises(ApiError, match="nothing was sent"):
        skin.do(skin.client(play).text_to_video("cat \ud800"))
    assert play.seen == []


def test_on_submitted_gets_the_id_before_anything_else_happens(skin: Skin) -> None:
    """If the hook fails, its exception has the id in a note."""
    play = Play()
    handed: list[Any] = []
    client = skin.client(play, on_submitted=handed.append)
    task = skin.do(client.text_to_video("a cat"))
    assert handed == [task]
    assert [kind for kind, _ in play.seen] == ["submit"]

    def broken(task: object) -> None:
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full") as caught:
        skin.do(skin.client(Play(), on_submitted=broken).text_to_video("a cat"))
    assert TASK in "".join(caught.value.__notes__)


def test_an_awaitable_hook_is_awaited_by_the_async_client() -> None:
    """The id may be stored in a database before the first poll."""
    skin, kept = Skin("async"), []

    async def keep(task: Any) -> None:
        kept.append(task.id)

    skin.do(skin.client(Play(), on_submitted=keep).text_to_video("a cat"))
    skin.close()
    assert kept == [TASK]
