"""Results and errors of a single call, word for word."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any

import attrs
import pytest
from mountsea_gemini import (
    ApiError,
    BadRequest,
    ConnectionFailed,
    NotFound,
    OutcomeUnknown,
    ProtocolError,
    RateLimited,
    RequestRefused,
    ServerError,
)
from mountsea_gemini._calls import RESULT_LIMIT, call_operation
from mountsea_gemini._exchange import Answer, Failed
from mountsea_gemini._operation import Operation
from mountsea_gemini._request import prepare
from mountsea_gemini._settings import Settings, settings
from mountsea_gemini.operations import GENERATE_VIDEO
from mountsea_gemini.raw.models import VideoGenerationDto

from tests.client.stage import Reader, Stage

PROMPT = "a cat nobody else thought of"
NEEDS, BLANK = "img2video-needs-images", "prompt-not-blank"
PLACE = "http://127.0.0.1:9/x"
TELL: Operation[..., Any] = attrs.evolve(
    GENERATE_VIDEO,
    id="tell",
    path="/x",
    poll="",
    read=Reader(lambda *, response, **_: response.text),
)


def make_settings(**changed: Any) -> Settings:
    """Return the settings of a client."""
    plain: dict[str, Any] = {"base_url": "http://127.0.0.1:9", "waive": (), "strict": False, "timeout": 17}
    plain |= {"has_transport": False, "allow_private_downloads": False, "max_download_bytes": 99}
    return settings("sk-made-up", **{**plain, **changed})


def call(stage: Stage, operation: Operation[..., Any] = TELL, body: Any = None, **client: Any) -> Any:
    """Call an operation, and return what it returns."""
    dto = {"prompt": PROMPT} if body is None else body
    return stage.run(call_operation(prepare(make_settings(**client), operation, {"body": dto})))


def call_error(answer: Answer | Failed, operation: Operation[..., Any] = TELL, times: int = 1) -> Any:
    """Call an operation that must fail, and return the error."""
    stage = Stage(answers=[answer])
    with pytest.raises(ApiError) as caught:
        call(stage, operation)
    assert len(stage.sent) == times
    return caught.value


@pytest.mark.parametrize("status", [200, 201, 299])
def test_a_success_is_read_as_the_document_says(status: int) -> None:
    """One request is sent, with the client's timeout and a large limit."""
    stage = Stage(answers=[Answer(status, {}, b"fine")])
    assert call(stage) == "fine"
    (sent,) = stage.sent
    assert (sent.request.url, sent.timeout, sent.limit) == (PLACE, 17.0, RESULT_LIMIT)
    assert RESULT_LIMIT == 67_108_864


BROKE, UNSENT, REFUSED = (
    Failed(True, "cut"),
    Failed(False, "denied"),
    Failed(True, "no", refused=True),
)
NOTHING = "nothing was carried out; it is safe to send it again"
SOON, LATE = {"retry-after": "3"}, {"retry-after": "61"}
ONCE = {"post": 1, "patch": 1}
OFTEN = {"get": 3, "put": 3, "delete": 3, "head": 3, "options": 3, "trace": 3, "query": 3}


@pytest.mark.parametrize("method", [*ONCE, *OFTEN])
@pytest.mark.parametrize(
    ("answer", "once", "often"),
    [
        (BROKE, OutcomeUnknown, (ConnectionFailed, 3)),
        (REFUSED, OutcomeUnknown, (ConnectionFailed, 1)),
        (Answer(500, {}, b""), OutcomeUnknown, (ServerError, 1)),
        (Answer(503, {}, b""), OutcomeUnknown, (ServerError, 1)),
        (Answer(503, SOON, b""), OutcomeUnknown, (ServerError, 3)),
        (Answer(503, LATE, b""), OutcomeUnknown, (ServerError, 1)),
        (Answer(408, {}, b""), OutcomeUnknown, (BadRequest, 1)),
        (Answer(499, {}, b""), OutcomeUnknown, (BadRequest, 1)),
        (Answer(300, {}, b""), OutcomeUnknown, (ProtocolError, 1)),
        (Answer(303, {"location": "/y"}, b""), OutcomeUnknown, (ProtocolError, 1)),
        (Answer(307, {"location": "/y"}, b""), ProtocolError, (ProtocolError, 1)),
        (Answer(409, {}, b""), BadRequest, (BadRequest, 1)),
        (Answer(404, {}, b""), NotFound, (NotFound, 1)),
        (Answer(429, LATE, b""), RateLimited, (RateLimited, 1)),
    ],
    ids=lambda value: str(getattr(value, "status", getattr(value, "kind", ""))) if not isinstance(value, tuple) else "",
)
def test_a_request_that_is_not_idempotent_is_sent_once(
    method: str, answer: Answer | Failed, once: type[ApiError], often: tuple[type[ApiError], int]
) -> None:
    """Its outcome is unknown, and the error identifies it; an idempotent request may be repeated."""
    kind, times = (once, 1) if method in ONCE else often
    error = call_error(answer, attrs.evolve(TELL, method=method), times)
    assert type(error) is kind
    assert "task" not in str(error)
    if isinstance(error, OutcomeUnknown):
        assert (
            error.fingerprint
            == hashlib.sha256(f'{method.upper()} {PLACE}\n{{"prompt":"{PROMPT}"}}'.encode()).hexdigest()
        )
        assert error.sent_at == datetime(2026, 1, 1, 0, 16, 40, tzinfo=UTC)


@pytest.mark.parametrize("method", [*ONCE, *OFTEN])
@pytest.mark.parametrize("answer", [UNSENT, Answer(429, SOON, b"")], ids=["never sent", "too many"])
def test_a_request_that_was_not_accepted_is_retried_for_any_method(method: str, answer: Answer | Failed) -> None:
    """No byte reached the server, or the server named a time to retry."""
    operation = attrs.evolve(TELL, method=method)
    error = call_error(answer, operation, times=3)
    assert type(error) is (RateLimited if isinstance(answer, Answer) else ConnectionFailed)
    assert call(Stage(answers=[answer, answer, Answer(200, {}, b"fine")]), operation) == "fine"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (
            UNSENT,
            f"tell was never sent, after 3 attempts: denied\n  {NOTHING}",
        ),
        (
            Answer(400, {"x-trace-id": "t-1"}, b'{"message": "no dogs", "see": "page 7"}'),
            f"tell was answered with HTTP 400\n  trace id: t-1\n  vendor's message: no dogs\n  {BadRequest.advice}",
        ),
    ],
    ids=["never sent", "400"],
)
def test_an_error_names_what_happened_and_the_way_out(answer: Answer | Failed, words: str) -> None:
    """The vendor's message and the trace id are shown, other strings of the body are not."""
    assert str(call_error(answer, times=3 if answer is UNSENT else 1)) == words


def test_an_unknown_outcome_names_time_and_request() -> None:
    """It also says to find out what happened before anything else."""
    error = call_error(Answer(500, {}, b'{"message": "no dogs"}'))
    first, sent, *rest = str(error).split("\n")
    assert first == "tell was sent, and whether it was accepted is unknown: HTTP 500"
    assert sent == f"  sent: 2026-01-01T00:16:40+00:00, request sha256 {error.fingerprint}"
    assert rest == ["  vendor's message: no dogs", f"  {OutcomeUnknown.advice}"]


def test_a_retry_date_is_counted_from_the_time_of_sending() -> None:
    """The stage's clock starts a thousand seconds into the year."""
    error = call_error(Answer(429, {"retry-after": "Thu, 01 Jan 2026 00:20:00 GMT"}, b""))
    assert type(error) is RateLimited
    assert str(error) == "tell was answered with HTTP 429, to be tried again in 200 s at the earliest"
    assert error.retry_after == 200.0


TWICE = "it was accepted; sending it again would do it twice"


@pytest.mark.parametrize(("method", "more"), [("post", f"\n  {TWICE}"), ("get", "")])
def test_a_truncated_response_is_an_error(method: str, more: str) -> None:
    """A request that is not idempotent was accepted, and must not be sent again."""
    answer = Answer(200, {"x-trace-id": "t-1"}, PROMPT.encode(), "its body ended early")
    error = call_error(answer, attrs.evolve(TELL, method=method))
    assert type(error) is ProtocolError
    assert str(error) == f"tell was answered with HTTP 200, but its body ended early\n  trace id: t-1{more}"
    assert error.status == 200


@pytest.mark.parametrize("kind", [ValueError, TypeError, KeyError, AttributeError, RecursionError])
def test_an_answer_that_does_not_fit_the_document_is_an_error(kind: type[Exception]) -> None:
    """The message is short, has no chained exception, and repeats neither request nor token."""

    def read(**_: Any) -> Any:
        raise kind("7" * 300)

    said = str(kind("7" * 300))
    error = call_error(Answer(200, {}, b"{}"), attrs.evolve(TELL, read=Reader(read)))
    assert str(error) == (
        f"tell was answered with HTTP 200, but its body is not what the document says ({kind.__name__}:"
        f" {said[:200]}... ({len(said) - 200} more characters))\n  {TWICE}"
    )
    assert error.__cause__ is error.__context__ is None


@pytest.mark.parametrize(
    ("client", "broken"),
    [({"waive": [NEEDS], "strict": True}, {BLANK}), ({"strict": True}, {NEEDS, BLANK}), ({"waive": [BLANK]}, {NEEDS})],
)
def test_a_call_is_held_to_the_rules(client: dict[str, Any], broken: set[str]) -> None:
    """Strictness and waivers are those of the client."""
    body = VideoGenerationDto(prompt=" ", action="img2video", model="veo3_fast")
    stage = Stage(answers=[Answer(201, {}, b'{"taskId": "a"}')])
    with pytest.raises(RequestRefused) as caught:
        call(stage, GENERATE_VIDEO, body, **client)
    assert {violation.rule for violation in caught.value.violations} == broken
    assert stage.sent == []
    assert call(stage, GENERATE_VIDEO, body, waive=[NEEDS, BLANK], strict=True).task_id == "a"


def test_a_model_shows_what_is_unset_by_its_name() -> None:
    """Its repr has no memory address."""
    assert "image_list=UNSET, " in repr(VideoGenerationDto("a cat", "text2video", "veo3_fast"))
