"""Run a command, report its outcome once, and return its exit code."""

from __future__ import annotations

import copy
import traceback
from collections.abc import Callable
from typing import Any

from .._api import RULES, TOKEN_VARIABLE
from .._violation import Violation
from ._exits import exit_code
from ._job import Job
from ._options import Reporting
from ._output import OutputLost, Screen, one_line
from ._package import errors
from ._signals import Interrupted, Interrupts


class Desk:
    """What a command works with.

    Args:
        options: What the command was given.
        job: The task it is about, if it is about one.
    """

    def __init__(self, options: Reporting, job: Job | None) -> None:
        self.screen = Screen(as_json=options.json, quiet=options.quiet)
        self.interrupts = Interrupts()
        self.job = job


def run_command(options: Reporting, work: Callable[[Desk], int], job: Job | None = None) -> int:
    """Do the work and report what becomes of it.

    Args:
        options: What the command was given.
        work: Prints its own result; whatever it raises is reported here.
        job: The task the command is about, if it is about one.

    Returns:
        The exit code.

    Raises:
        OutputLost: The report of an error cannot be written.
    """
    desk = Desk(options, job)
    with desk.interrupts.handled():
        try:
            return work(desk)
        except KeyboardInterrupt as error:
            desk.interrupts.ignore()
            lines = interruption(error, desk.job, desk.interrupts)
            desk.screen.problem("\n".join(lines))
            return _report(
                desk,
                error,
                {"type": "Interrupted", "message": lines[0], "way_out": [line.strip() for line in lines[1:]]},
            )
        except OutputLost as error:
            desk.interrupts.ignore()
            desk.screen.problem("; ".join([f"error: {error}", *_resuming(job.resume() if job else None)]))
            return exit_code(error)
        except Exception as error:  # noqa: BLE001  (this is where every error ends, shown in full)
            desk.interrupts.ignore()
            if job is not None and job.id is None and isinstance(error, errors.ApiError):
                # The answer to a submit may name a task, though the outcome is unknown.
                job.id = error.task_id
            desk.screen.problem(error_text(error, desk.job))
            return _report(desk, error, {})


def _report(desk: Desk, error: BaseException, instead: dict[str, Any]) -> int:
    code = exit_code(error)
    if desk.screen.as_json:
        document = desk.job.document() if desk.job else {}
        found = {**error_document(error, desk.job), **instead}
        desk.screen.result((), {"exit": code.value, **document, "error": found})
    return code


def error_text(error: BaseException, job: Job | None) -> str:
    """Return what to show on standard error."""
    advice = way_out(error, job)
    if isinstance(error, errors.RequestRefused):
        text = "\n".join(map(str, error.violations))
    elif isinstance(error, errors.ApiError):
        # Its own advice is Python; ours is for a shell.
        without_advice = copy.copy(error)
        without_advice.way_out = ""
        text = str(without_advice)
    else:
        text = f"unexpected {''.join(traceback.format_exception(error)).rstrip()}"
    return "\n".join([f"error: {text}", *(f"  {line}" for line in advice)])


def way_out(error: BaseException, job: Job | None) -> list[str]:
    """Return what to do about an error, a line each."""
    resume = job.resume() if job else None
    match error:
        case errors.RequestRefused():
            waive = " ".join(f"--waive {rule}" for rule in _refusing(error.violations))
            return [f"if you know that the API accepts this request: {waive}"] if waive else []
        case errors.AuthenticationError():
            return [f"check the token ({TOKEN_VARIABLE} or --token-file) and what it is entitled to"]
        case errors.SubmitOutcomeUnknown() if job and job.id:
            if not job.lasting:
                return [error.advice]
            look = job.command("status")
            return [f"the task may have been accepted and billed; before deciding anything, look at it: {look}"]
        case errors.TaskOutputMissing() if job and job.id and job.lasting:
            return [f"look at the whole answer: {job.command('status', '--json')}"]
        case errors.TaskEnded() | errors.PaymentRequired() | errors.NotFound():
            return _own_advice(error)
        case errors.DownloadError():
            return [*_own_advice(error), *_resuming(resume)]
    if resume is not None:
        return _resuming(resume)
    return _own_advice(error)


def _refusing(found: tuple[Violation, ...]) -> list[str]:
    """Return the ids of the rules to waive; inferred ones refuse by themselves only in strict mode."""
    stated = [each for each in found if each.level == "error"]
    return list(dict.fromkeys(each.rule for each in stated or found if each.rule in RULES))


def _own_advice(error: BaseException) -> list[str]:
    advice = error.way_out if isinstance(error, errors.ApiError) else ""
    advice = advice.replace("allow_private_downloads=True", "--allow-private-downloads")
    advice = advice.replace("max_download_bytes", "--max-download-bytes")
    return [advice] if advice else []


def _resuming(resume: str | None) -> list[str]:
    return [f"go on with: {resume}"] if resume else []


def interruption(error: KeyboardInterrupt, job: Job | None, interrupts: Interrupts) -> list[str]:
    """Return what a signal has left behind, a line each."""
    how = f"interrupted by {error}" if isinstance(error, Interrupted) else "interrupted"
    if job is not None and job.id is not None:
        if not job.lasting:
            return [f"{how}; task {one_line(job.id)} has ended with its sandbox"]
        return [f"{how}; task {one_line(job.id)} is still running", *(f"  {line}" for line in _resuming(job.resume()))]
    if job is not None and job.stage == "submitting" and not interrupts.idle:
        return [f"{how} while the submit was under way", f"  {errors.SubmitOutcomeUnknown.advice}"]
    return [f"{how}; nothing was started"]


def error_document(error: BaseException, job: Job | None) -> dict[str, Any]:
    """Return an error as JSON; every key is always there."""
    known = error if isinstance(error, errors.ApiError) else None
    refused = error.violations if isinstance(error, errors.RequestRefused) else ()
    return {
        "type": type(error).__name__,
        "message": known.message if known and not refused else str(error),
        "http_status": known.status if known else None,
        "trace_id": known.trace_id if known else None,
        "way_out": way_out(error, job),
        "violations": [violation_document(violation) for violation in refused],
    }


def violation_document(violation: Violation) -> dict[str, Any]:
    """Return a violation as JSON."""
    source = violation.source
    return {
        "rule": violation.rule,
        "level": violation.level,
        "pointer": violation.pointer,
        "message": violation.message,
        "source": {"at": source.at, "quote": source.quote} if source else None,
        "nearest": [str(change) for change in violation.nearest],
    }
