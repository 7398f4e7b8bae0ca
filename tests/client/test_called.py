"""What a single call makes of what it was answered with, to the word."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
from mountsea_gemini import (
    ApiError,
    BadRequest,
    ConnectionFailed,
    ProtocolError,
    RateLimited,
    RequestRefused,
    ServerError,
    StatusError,
)
from mountsea_gemini._calling import ANSWER_LIMIT, calling
from mountsea_gemini._exchange import Answer, Failed
from mountsea_gemini._operation import Operation
from mountsea_gemini._settings import Settings, settings
from mountsea_gemini.operations import GENERATE_VIDEO
from mountsea_gemini.raw.models import VideoGenerationDto

from tests.client.stage import Stage

PROMPT = "a cat nobody else thought of"
NEEDS, BLANK = "img2video-needs-images", "prompt-not-blank"
PLACE = "http://127.0.0.1:9/x"
TELL: Operation[..., Any] = attrs.evolve(
    GENERATE_VIDEO,
    id="tell",
    request=lambda **_: {"method": "post", "url": "/x", "json": {"prompt": PROMPT}},
    read=lambda *, response, **_: response.text,
)


def given(**changed: Any) -> Settings:
    """Return the settings of a client."""
    plain: dict[str, Any] = {"base_url": "http://127.0.0.1:9", "waive": (), "strict": False, "timeout": 17}
    plain |= {"has_transport": False, "allow_private_downloads": False, "max_download_bytes": 99}
    return settings("sk-made-up", **{**plain, **changed})


def called(stage: Stage, operation: Operation[..., Any] = TELL, body: Any = None, **client: Any) -> Any:
    """Call an operation, and return what it returns."""
    dto = VideoGenerationDto(prompt="a cat", action="text2video", model="veo3_fast") if body is None else body
    return stage.run(calling(given(**client), operation, {"body": dto}))


def failed(answer: Answer | Failed, operation: Operation[..., Any] = TELL) -> Any:
    """Call an operation in vain, once, and return the error."""
    stage = Stage(answers=[answer])
    with pytest.raises(ApiError) as caught:
        called(stage, operation)
    assert len(stage.sent) == 1
    return caught.value


@pytest.mark.parametrize("status", [200, 201, 299])
def test_a_success_is_read_as_the_document_says(status: int) -> None:
    """It was sent once, for as long as the client says, and much is accepted."""
    stage = Stage(answers=[Answer(status, {}, b"fine")])
    assert called(stage) == "fine"
    (sent,) = stage.sent
    assert (sent.request.url, sent.timeout, sent.limit) == (PLACE, 17.0, ANSWER_LIMIT)
    assert ANSWER_LIMIT == 67_108_864


@pytest.mark.parametrize(
    ("sent", "way_out"),
    [(True, "whether it was carried out is unknown"), (False, "it was never sent, and may be tried again")],
)
def test_no_answer_is_told_apart_from_no_request(sent: bool, way_out: str) -> None:
    """Who repeats a call knows what that may mean."""
    error = failed(Failed("disconnect", sent, "the connection broke"))
    assert type(error) is ConnectionFailed
    assert str(error) == f"tell was not answered: the connection broke\n  {way_out}"


@pytest.mark.parametrize(
    ("status", "kind", "way_out"),
    [
        (400, BadRequest, "\n  the request itself has to change"),
        (499, BadRequest, "\n  the request itself has to change"),
        (500, ServerError, "\n  the task goes on; look at it again later with client.task(id)"),
    ],
)
def test_an_error_of_the_api_is_told(status: int, kind: type[StatusError], way_out: str) -> None:
    """With the vendor's message and with the trace id of the headers; other texts of the body are left out."""
    headers = {"x-trace-id": "t-1"}
    error = failed(Answer(status, headers, b'{"message": "no dogs", "see": "page 7"}'))
    assert type(error) is kind
    assert str(error) == (
        f"tell was answered with HTTP {status}\n  trace id: t-1\n  vendor's message: no dogs{way_out}"
    )


def test_a_date_to_wait_for_is_counted_from_when_it_was_sent() -> None:
    """The stage opens a thousand seconds into the year."""
    error = failed(Answer(429, {"retry-after": "Thu, 01 Jan 2026 00:20:00 GMT"}, b""))
    assert type(error) is RateLimited
    assert str(error) == "tell was answered with HTTP 429, to be tried again in 200 s at the earliest"
    assert error.retry_after == 200.0


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Answer(300, {"x-trace-id": "t-1"}, PROMPT.encode()), "HTTP 300, which is no answer to it"),
        (Answer(399, {"x-trace-id": "t-1"}, PROMPT.encode()), "HTTP 399, which is no answer to it"),
        (Answer(200, {"x-trace-id": "t-1"}, PROMPT.encode(), "its body ended early"), "its body ended early"),
    ],
)
def test_what_is_neither_success_nor_error_is_told(answer: Answer, reason: str) -> None:
    """A redirect, or half an answer."""
    error = failed(answer)
    assert type(error) is ProtocolError
    assert str(error) == f"tell was answered with HTTP {answer.status}, but {reason}\n  trace id: t-1"
    assert error.status == answer.status


@pytest.mark.parametrize("kind", [ValueError, TypeError, KeyError, AttributeError, RecursionError])
def test_what_does_not_fit_the_document_is_told(kind: type[Exception]) -> None:
    """In few words, and with none of the request's or the token's; nor does the error drag another one along."""

    def read(**_: Any) -> Any:
        raise kind("7" * 300)

    said = str(kind("7" * 300))
    error = failed(Answer(200, {}, b"{}"), attrs.evolve(TELL, read=read))
    assert str(error) == (
        f"tell was answered with HTTP 200, but its body is not what the document says ({kind.__name__}:"
        f" {said[:200]}... ({len(said) - 200} more characters))"
    )
    assert error.__cause__ is error.__context__ is None


@pytest.mark.parametrize(
    ("client", "broken"),
    [({"waive": [NEEDS], "strict": True}, {BLANK}), ({"strict": True}, {NEEDS, BLANK}), ({"waive": [BLANK]}, {NEEDS})],
)
def test_a_call_is_held_to_the_rules(client: dict[str, Any], broken: set[str]) -> None:
    """As strictly as the client, and to those it does not waive."""
    body = VideoGenerationDto(prompt=" ", action="img2video", model="veo3_fast")
    stage = Stage(answers=[Answer(201, {}, b'{"taskId": "a"}')])
    with pytest.raises(RequestRefused) as caught:
        called(stage, GENERATE_VIDEO, body, **client)
    assert {violation.rule for violation in caught.value.violations} == broken
    assert stage.sent == []
    assert called(stage, GENERATE_VIDEO, body, waive=[NEEDS, BLANK], strict=True).task_id == "a"
