"""Errors as a family: one root, one short tree, whole after a journey, and printed in one order."""

from __future__ import annotations

import copy
import pickle
from datetime import UTC, datetime
from typing import Any

import mountsea_gemini
import pytest
from mountsea_gemini import (
    ApiError,
    RateLimited,
    RequestRefused,
    SubmitOutcomeUnknown,
    TaskEnded,
    TaskResult,
    WaitTimeout,
    _errors,
)
from mountsea_gemini_api.rules import ABSENT, RuleViolation, violations


def family(root: type[ApiError]) -> list[type[ApiError]]:
    """Return a class and everything below it."""
    return [root, *(below for child in root.__subclasses__() for below in family(child))]


def specimen(kind: type[ApiError]) -> ApiError:
    """Return an error of that class with every field filled."""
    fields: dict[str, Any] = {"status": 418, "trace_id": "trace-1", "body": "{}"}
    if kind is RequestRefused:
        broken = {"prompt": "a cat", "action": "img2video", "model": "veo3_fast"}
        return RequestRefused(RuleViolation(violations(broken)))
    if issubclass(kind, SubmitOutcomeUnknown):
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
def test_every_class_survives_a_journey_with_all_its_fields(kind: type[ApiError]) -> None:
    """Pickled with every protocol, copied shallow and deep, and raised and noted before that."""
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
    """A class nobody can import or find is none."""
    drawn = [word.strip("├└│─ ").split()[0] for word in (_errors.__doc__ or "").splitlines() if word.strip("├└│─ ")]
    for kind in family(ApiError):
        assert kind.__name__ in mountsea_gemini.__all__
        assert kind.__name__ in drawn


def test_a_time_out_and_a_broken_rule_are_also_what_python_calls_them() -> None:
    """Code that knows only the standard types catches them."""
    assert isinstance(specimen(WaitTimeout), TimeoutError)
    refused = specimen(RequestRefused)
    assert isinstance(refused, ValueError)
    assert isinstance(refused, RequestRefused)
    assert [violation.value for violation in refused.violations] == [ABSENT]


def test_an_error_is_printed_in_one_order() -> None:
    """What happened; status, task and trace id; the body; and what to do."""
    assert str(specimen(_errors.PaymentRequired)) == (
        "wrong\n  status: 418\n  task: t\n  trace id: trace-1\n  body: {}\n  do this"
    )
    assert "may have been accepted and billed" in str(specimen(SubmitOutcomeUnknown))
    assert "sent: 2030-01-01T00:00:00+00:00, body sha256 ab" in str(specimen(SubmitOutcomeUnknown))
