"""The error classes: one tree, picklable with all fields, and one order of lines."""

from __future__ import annotations

import copy
import pickle
from datetime import UTC, datetime
from typing import Any

import mountsea_gemini
import pytest
from mountsea_gemini import (
    ApiError,
    OutcomeUnknown,
    RateLimited,
    RequestRefused,
    SubmitOutcomeUnknown,
    TaskEnded,
    TaskResult,
    WaitTimeout,
    _errors,
)
from mountsea_gemini.raw.models import VideoGenerationDto
from mountsea_gemini.rules import ABSENT, RuleViolation, violations

BROKEN = {"prompt": "a cat", "action": "img2video", "model": "veo3_fast"}


def family(root: type[ApiError]) -> list[type[ApiError]]:
    """Return a class and all its subclasses."""
    return [root, *(below for child in root.__subclasses__() for below in family(child))]


def specimen(kind: type[ApiError]) -> ApiError:
    """Return an error of that class with every field filled."""
    fields: dict[str, Any] = {"status": 418, "trace_id": "trace-1", "vendor_message": "no"}
    if kind is RequestRefused:
        return RequestRefused(RuleViolation(violations(BROKEN, model=VideoGenerationDto)))
    if issubclass(kind, OutcomeUnknown):
        when = datetime(2030, 1, 1, tzinfo=UTC)
        return kind("sent", reason="cut", fingerprint="ab", sent_at=when, **fields)
    result = TaskResult("t", "failed", "failure", raw={"a": [1]})
    if issubclass(kind, TaskEnded):
        return kind("ended", result=result, task_id="t", **fields)
    if kind is WaitTimeout:
        return WaitTimeout("over", last=result, retry_after=3.0, fault=ApiError("no"), task_id="t", **fields)
    if kind is RateLimited:
        return RateLimited("slow down", retry_after=3.0, **fields)
    return kind("wrong", task_id="t", way_out="do this", **fields)


@pytest.mark.parametrize("kind", family(ApiError), ids=lambda kind: kind.__name__)
def test_every_class_can_be_pickled_and_copied_with_all_fields(kind: type[ApiError]) -> None:
    """Every pickle protocol, shallow and deep copies, notes included."""
    error = specimen(kind)
    error.add_note("seen on the way")
    journeys = [pickle.loads(pickle.dumps(error, protocol)) for protocol in range(6)]  # noqa: S301  our own bytes
    for twin in (*journeys, copy.copy(error), copy.deepcopy(error)):
        assert type(twin) is kind
        assert str(twin) == str(error)
        assert twin.args == error.args
        assert vars(twin).keys() == vars(error).keys()
        assert [name for name in vars(error) if str(vars(twin)[name]) != str(vars(error)[name])] == []


def test_every_class_is_exported_and_drawn_in_the_tree() -> None:
    """Every class can be imported, and is listed in the module's docstring."""
    drawn = [word.strip("├└│─ ").split()[0] for word in (_errors.__doc__ or "").splitlines() if word.strip("├└│─ ")]
    for kind in family(ApiError):
        assert kind.__name__ in mountsea_gemini.__all__
        assert kind.__name__ in drawn


def test_errors_inherit_from_standard_exceptions() -> None:
    """Code that knows only TimeoutError and ValueError catches them."""
    assert isinstance(specimen(WaitTimeout), TimeoutError)
    refused = specimen(RequestRefused)
    assert isinstance(refused, ValueError)
    assert isinstance(refused, RequestRefused)
    assert [violation.value for violation in refused.violations] == [ABSENT]


TOLD = "status: 418", "trace id: trace-1", "vendor's message: no"
BILLED = (
    "the task may have been accepted and billed. Look at the account's tasks or ask the vendor's support"
    " before deciding anything; this client sends it once and never again by itself"
)
AGAIN = "it is not submitted again, because that may be billed twice"
RAW = "look for the file in error.result.raw, or look at the task again with client.task(id).result()"
SENT = "sent: 2030-01-01T00:00:00+00:00, request sha256 ab"


@pytest.mark.parametrize(
    ("kind", "lines"),
    [
        (_errors.PaymentRequired, ["wrong", TOLD[0], "task: t", *TOLD[1:], "do this"]),
        (SubmitOutcomeUnknown, ["sent", SENT, *TOLD, BILLED]),
        (_errors.SubmitContradicted, ["sent", SENT, *TOLD, BILLED]),
        (RateLimited, ["slow down", *TOLD]),
        (_errors.TaskFailed, ["ended", TOLD[0], "task: t", *TOLD[1:], AGAIN]),
        (_errors.TaskOutputMissing, ["ended", TOLD[0], "task: t", *TOLD[1:], RAW]),
        (WaitTimeout, ["over", TOLD[0], "task: t", *TOLD[1:]]),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else "",
)
def test_an_error_is_printed_in_one_order(kind: type[ApiError], lines: list[str]) -> None:
    """Message; time of sending; status, task and trace id; the vendor's message; advice."""
    assert str(specimen(kind)) == "\n  ".join(lines)


@pytest.mark.parametrize(
    ("message", "fields", "lines"),
    [
        ("no", {}, ["no"]),
        ("HTTP 404", {"status": 404, "task_id": "7f3c"}, ["HTTP 404", "task: 7f3c"]),
        ("task 7f3c", {"status": 404, "task_id": "7f3c"}, ["task 7f3c", "status: 404"]),
        ("no", {"vendor_message": "", "way_out": ""}, ["no"]),
    ],
)
def test_nothing_is_printed_twice(message: str, fields: dict[str, Any], lines: list[str]) -> None:
    """Empty fields are not printed at all."""
    assert str(ApiError(message, **fields)) == "\n  ".join(lines)


@pytest.mark.parametrize("kind", family(ApiError), ids=lambda kind: kind.__name__)
def test_an_error_keeps_its_fields(kind: type[ApiError]) -> None:
    """Fields that were not given are None."""
    error = specimen(kind)
    fields = {name: getattr(error, name) for name in ("status", "trace_id", "vendor_message")}
    assert fields == ({"status": 418, "trace_id": "trace-1", "vendor_message": "no"} if kind is not RequestRefused else
                      dict.fromkeys(fields))  # fmt: skip
    assert error.args == (error.message,)
    assert repr(error) == f"{kind.__name__}({error.message!r})"
    bare = ApiError("no")
    assert vars(bare) == {"message": "no", "task_id": None, **dict.fromkeys(fields), "way_out": ""}


def test_some_errors_have_more_fields() -> None:
    """The last result, the time to retry, and the reason."""
    result = TaskResult("t", "failed", "failure")
    ended, over, limited, unknown = map(specimen, (TaskEnded, WaitTimeout, RateLimited, SubmitOutcomeUnknown))
    assert isinstance(ended, TaskEnded)
    assert ended.result == result
    assert isinstance(over, WaitTimeout)
    assert (over.last, over.retry_after, str(over.fault)) == (result, 3.0, "no")
    assert isinstance(limited, RateLimited)
    assert limited.retry_after == 3.0
    assert isinstance(unknown, SubmitOutcomeUnknown)
    assert (unknown.reason, unknown.fingerprint) == ("cut", "ab")
    assert unknown.sent_at == datetime(2030, 1, 1, tzinfo=UTC)


def test_a_refused_request_names_its_rules() -> None:
    """The message is the violation's, and the violations are kept as data."""
    broken = RuleViolation(violations(BROKEN, model=VideoGenerationDto))
    refused = RequestRefused(broken)
    assert str(refused) == refused.message == str(broken)
    assert refused.violations == broken.violations
