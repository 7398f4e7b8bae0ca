"""Submit and wait under every fault of the table, with both clients."""

from __future__ import annotations

import pickle
import traceback
from collections import Counter
from pathlib import Path
from typing import Any

import mountsea_gemini
import pytest
from mountsea_gemini import ApiError, SubmitOutcomeUnknown
from rulewright.testing import FakeClock

from tests.client.faults import FAULTS, NEVER_SENT, Fault
from tests.client.scripted import COMPLETED, PROMPT, SIGNED, TASK, TOKEN, Play, Skin

every_fault = pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
PACKAGE = str(Path(mountsea_gemini.__file__).parent)


def submit_error(skin: Skin, play: Play, **options: Any) -> ApiError:
    """Submit, and return the error."""
    client = skin.client(play, **options)
    with pytest.raises(ApiError) as caught:
        skin.do(client.text_to_video(PROMPT))
    return caught.value


def poll_error(skin: Skin, play: Play) -> ApiError:
    """Wait briefly for an earlier task, and return the error."""
    with pytest.raises(ApiError) as caught:
        skin.do(skin.task(skin.client(play)).wait(timeout=10))
    return caught.value


def test_the_table_names_each_fault_once() -> None:
    """Rows with one name would hide each other in reports."""
    assert [name for name, count in Counter(fault.name for fault in FAULTS).items() if count > 1] == []


@every_fault
def test_a_submit_is_sent_exactly_as_often_as_is_safe(skin: Skin, fault: Fault) -> None:
    """One POST for every ambiguous end; more only if none arrived or the server named a time to retry."""
    play = Play([fault.reply])
    error = submit_error(skin, play)
    assert type(error) is fault.submit
    assert len(play.seen) == len(play.of("submit")) == fault.posts


@every_fault
def test_a_wait_survives_five_in_a_row_or_ends_at_once(skin: Skin, fault: Fault) -> None:
    """Faults without a task state are survived; a plain refusal ends the wait."""
    play = Play(poll=[*[fault.reply] * 5, COMPLETED])
    if fault.poll is None:
        assert skin.do(skin.task(skin.client(play)).wait()).succeeded
        assert len(play.of("poll")) == 6
    else:
        error = poll_error(skin, play)
        assert type(error) is fault.poll
        assert error.task_id == TASK
        assert len(play.of("poll")) == 1
    assert play.of("submit") == []


@every_fault
def test_a_wait_met_by_nothing_but_faults_ends_with_the_task_id(skin: Skin, fault: Fault) -> None:
    """Every error of a wait has the id and how to continue; a wait never submits."""
    play = Play(poll=[fault.reply])
    error = poll_error(skin, play)
    assert error.task_id == TASK
    assert TASK in str(error)
    assert play.of("submit") == []


@every_fault
def test_a_single_poll_reports_the_fault(skin: Skin, fault: Fault) -> None:
    """`result()` sends one request, and its error has the task's id."""
    play = Play(poll=[fault.reply])
    with pytest.raises(ApiError) as caught:
        skin.do(skin.task(skin.client(play)).result())
    assert caught.value.task_id == TASK
    assert len(play.seen) == 1


@every_fault
def test_no_error_or_log_repeats_a_secret(skin: Skin, fault: Fault, caplog: pytest.LogCaptureFixture) -> None:
    """Token: nowhere, not even in pickles and the locals of our frames. Prompt and signature: in no text.

    A poll does not know the prompt, so it cannot recognise one that the server repeats.
    """
    with caplog.at_level(1):
        errors = submit_error(skin, Play([fault.reply])), poll_error(skin, Play(poll=[fault.reply]))
    for error in errors:
        shown = f"{error}{error!r}" + "".join(traceback.format_exception(error))
        private = (TOKEN, SIGNED, PROMPT) if error is errors[0] else (TOKEN, SIGNED)
        assert [secret for secret in private if secret in shown] == []
        assert TOKEN.encode() not in pickle.dumps(error)
        frames = traceback.TracebackException.from_exception(error, capture_locals=True).stack
        ours = [frame for frame in frames if frame.filename.startswith(PACKAGE)]
        assert ours
        assert TOKEN not in "".join(str(frame.locals) for frame in ours)
    assert [secret for secret in (TOKEN, PROMPT, SIGNED) if secret in caplog.text] == []


@every_fault
def test_an_unknown_outcome_names_what_was_sent(skin: Skin, fault: Fault) -> None:
    """It warns of a bill, has the request's hash, and never advises to send again."""
    clock = FakeClock()
    error = submit_error(skin, Play([fault.reply]), clock=clock)
    if isinstance(error, SubmitOutcomeUnknown):
        assert "may have been accepted and billed" in str(error)
        assert error.fingerprint in str(error)
        assert error.sent_at.timestamp() == clock.wall()
    assert "resubmit" not in str(error)
    assert "submit again" not in str(error) or fault in NEVER_SENT


@every_fault
def test_sync_and_async_client_raise_the_same_errors(fault: Fault) -> None:
    """The messages are equal."""
    said = []
    for name in ("sync", "async"):
        skin = Skin(name)
        said.append(str(submit_error(skin, Play([fault.reply]))) + str(poll_error(skin, Play(poll=[fault.reply]))))
        skin.close()
    assert said[0] == said[1]
