"""Say what went wrong, for people and as JSON, in the words of the command line."""

from __future__ import annotations

import copy
import traceback
from typing import Any

from mountsea_gemini_api.rules import RULES, Violation

from .._particular import TOKEN_VARIABLE
from ._interrupts import Interrupts
from ._job import Job
from ._package import errors
from ._screen import one_line


def error_text(error: BaseException, job: Job | None) -> str:
    """Return what to show on standard error."""
    advice = way_out(error, job)
    if isinstance(error, errors.RequestRefused):
        text = "\n".join(map(str, error.violations))
    elif isinstance(error, errors.ApiError):
        # Its own way out speaks Python; ours speaks shell.
        silent = copy.copy(error)
        silent.way_out = ""
        text = str(silent)
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
        case errors.TaskOutputMissing() if job and job.id and job.lasting:
            return [f"look at the whole answer: {job.command('status', '--json')}"]
        case errors.TaskEnded() | errors.PaymentRequired() | errors.NotFound():
            return _own(error)
        case errors.DownloadError():
            return [*_own(error), *_going_on(resume)]
    if resume is not None:
        return _going_on(resume)
    return _own(error)


def _refusing(found: tuple[Violation, ...]) -> list[str]:
    """Return the ids of the rules to waive; inferred ones refuse by themselves only in strict mode."""
    stated = [each for each in found if each.level == "error"]
    return list(dict.fromkeys(each.rule for each in stated or found if each.rule in RULES))


def _own(error: BaseException) -> list[str]:
    advice = error.way_out if isinstance(error, errors.ApiError) else ""
    advice = advice.replace("allow_private_downloads=True", "--allow-private-downloads")
    advice = advice.replace("max_download_bytes", "--max-download-bytes")
    return [advice] if advice else []


def _going_on(resume: str | None) -> list[str]:
    return [f"go on with: {resume}"] if resume else []


def interruption(job: Job | None, interrupts: Interrupts) -> list[str]:
    """Return what Ctrl-C has left behind, a line each."""
    if job is not None and job.id is not None:
        if not job.lasting:
            return [f"interrupted; task {one_line(job.id)} has ended with its sandbox"]
        return [f"interrupted; task {one_line(job.id)} goes on", f"  go on with: {job.resume()}"]
    if job is not None and job.stage == "submitting" and not interrupts.idle:
        return [
            "interrupted while the submit was under way",
            f"  {errors.SubmitOutcomeUnknown.advice}",
        ]
    return ["interrupted; nothing was started"]


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
