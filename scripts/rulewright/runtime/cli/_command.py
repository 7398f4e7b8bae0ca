"""Run a command, report its outcome once, and return its exit code."""

from __future__ import annotations

import copy
import json
import os
import shlex
import subprocess
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar, Final, Literal

from attrs import define, evolve

from .. import _errors as errors
from .._api import PROGRAM, RULES, TOKEN_VARIABLE, WAITERS
from .._rules import Deprecated
from .._tasks import Task
from .._violation import Violation
from .._waiter import TaskResult
from ._exits import exit_code
from ._options import Calling, Connecting, Printing, Reporting, Saving, Waiting
from ._output import OutputLost, ReaderGone, Screen, one_line
from ._signals import Interrupted, Interrupts


class Desk:
    """What a command works with.

    Args:
        options: What the command was given.
        job: The task it is about, if it is about one.
    """

    def __init__(self, options: Reporting, job: Job | None) -> None:
        self.screen = Screen(as_json=options.json, quiet=options.quiet, verbose=options.verbose)
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
    with desk.interrupts.handle(), desk.screen.show_log():
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
            resume = job.resume() if job else None
            if resume is not None or not isinstance(error, ReaderGone):
                # Who closes a pipe wants no message, but the id of a task is what was paid for.
                desk.screen.problem("; ".join([f"error: {error}", *_resume_hint(resume)]))
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
        text = "\n".join(_with_options(each, job.names if job else {}) for each in error.violations)
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
            # Inferred rules refuse by themselves only in strict mode.
            stated = [each for each in error.violations if each.level == "error"]
            rules = dict.fromkeys(each.rule for each in stated or error.violations if each.rule in RULES)
            waive = " ".join(f"--waive {rule}" for rule in rules)
            return [f"if you know that the API accepts this request: {waive}"] if waive else []
        case errors.AuthenticationError():
            return [f"check the token ({TOKEN_VARIABLE} or --token-file) and what it is entitled to"]
        case errors.SubmitOutcomeUnknown() if job and job.id:
            if not job.is_lasting:
                return [error.advice]
            look = job.command("status")
            return [f"the task may have been accepted and billed; before deciding anything, look at it: {look}"]
        case errors.TaskOutputMissing() if job and job.id and job.is_lasting:
            return [f"look at the whole answer: {job.command('status', '--json')}"]
        case errors.TaskEnded() | errors.PaymentRequired() | errors.NotFound():
            return _own_advice(error)
        case errors.DownloadError():
            return [*_own_advice(error), *_resume_hint(resume)]
    if resume is not None:
        return _resume_hint(resume)
    return _own_advice(error)


def warning_text(warning: Warning | str, names: Mapping[str, str]) -> str:
    """Return the text of a warning, with options as in errors."""
    found = warning.args[0] if isinstance(warning, Warning) and warning.args else warning
    return _with_options(found, names) if isinstance(found, Violation | Deprecated) else str(warning)


def _with_options(found: Violation | Deprecated, names: Mapping[str, str]) -> str:
    """Return a finding as text, with the options that were typed in place of the fields they stand for."""

    def name_option(pointer: str) -> str:
        name, slash, rest = pointer.removeprefix("/").partition("/")
        inner = f" item {int(rest) + 1}" if rest.isdecimal() else slash + rest
        return names[name] + inner if name in names else pointer

    if isinstance(found, Deprecated):
        return str(evolve(found, at=name_option(found.at)))
    nearest = tuple(evolve(change, pointer=name_option(change.pointer)) for change in found.nearest)
    return str(evolve(found, pointer=name_option(found.pointer), nearest=nearest))


def _own_advice(error: BaseException) -> list[str]:
    advice = error.way_out if isinstance(error, errors.ApiError) else ""
    advice = advice.replace("allow_private_downloads=True", "--allow-private-downloads")
    advice = advice.replace("max_download_bytes", "--max-download-bytes")
    return [advice] if advice else []


def _resume_hint(resume: str | None) -> list[str]:
    return [f"go on with: {resume}"] if resume else []


def interruption(error: KeyboardInterrupt, job: Job | None, interrupts: Interrupts) -> list[str]:
    """Return what a signal has left behind, a line each."""
    how = f"interrupted by {error}" if isinstance(error, Interrupted) else "interrupted"
    if job is not None and job.id is not None:
        if not job.is_lasting:
            return [f"{how}; task {one_line(job.id)} has ended with its sandbox"]
        return [
            f"{how}; task {one_line(job.id)} is still running",
            *(f"  {line}" for line in _resume_hint(job.resume())),
        ]
    if job is not None and job.stage == "sending" and not interrupts.idle:
        return [f"{how} while the request was under way", f"  {job.advice}"]
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


STATES: Final[Mapping[str, str]] = {
    "retry": "running",
    "success": "succeeded",
    "failure": "failed",
    "cancelled": "cancelled",
    "timeout": "timed_out",
    "unknown": "unknown",
}
"""A task's state in JSON, by the waiter's verdict, whose "retry" a script's author would read as "submit again"."""


STANDARD_OUTPUT: Final = Path("/dev/fd/1")
"""Standard output as a file to write, by the name of its descriptor."""


def output_of(options: Connecting) -> Path | None:
    """Return the file that is to be written, if any; `-` is standard output, by the name of its descriptor."""
    output = options.output if isinstance(options, Printing | Saving | Calling) else None
    return STANDARD_OUTPUT if output == Path("-") else output


@define
class Job:
    """One task of a command.

    Attributes:
        options: What the command was given.
        names: The option of each field of the request, as it was typed.
        stage: How far the submit is.
        id: The task, once there is one.
        polling: The options that polling it needs beside its id.
        result: The last poll's result.
        file: What was downloaded.
    """

    options: Connecting
    names: Mapping[str, str] = {}
    stage: Literal["before", "sending", "sent"] = "before"
    id: str | None = None
    polling: tuple[str, ...] = ()
    result: TaskResult | None = None
    file: Path | None = None
    notice: ClassVar = (
        "waiting for the answer to the submit, which names the task; a second Ctrl-C gives up without its id"
    )

    @property
    def advice(self) -> str:
        """What to do where the answer to the submit was not awaited."""
        return errors.SubmitOutcomeUnknown.advice

    def note_submit(self, task: Task) -> None:
        """Note the task."""
        self.stage, self.id = "sent", task.id
        known = json.loads(task.to_json())
        operation = known["operation"]
        named = ("--operation", operation) if len(WAITERS) > 1 or operation not in WAITERS else ()
        more = known.get("arguments", {}).items()
        self.polling = (*named, *(word for name, value in more for word in ("--argument", f"{name}={value}")))

    def note_poll(self, result: TaskResult) -> None:
        """Note a poll's result."""
        self.result = result

    @property
    def is_lasting(self) -> bool:
        """Whether the task outlives this command; in a sandbox of its own it does not."""
        return not (self.options.sandbox and self.options.base_url is None)

    def document(self) -> dict[str, Any]:
        """Return the job as JSON; every key is always there."""
        return {
            "id": self.id,
            "status": self.result.status if self.result else None,
            "state": STATES[self.result.verdict] if self.result else None,
            "urls": list(self.result.urls) if self.result else [],
            "file": str(self.file) if self.file else None,
        }

    def resume(self) -> str | None:
        """Return the command that resumes the task, or None if there is no task to resume."""
        if self.id is None or not self.is_lasting:
            return None
        output = output_of(self.options)
        if output is None:
            return self.command("wait")
        return self.command("download", "-o", str(output))

    def command(self, verb: str, *more: str) -> str:
        """Return a command about the task, ready to be pasted into a shell."""
        words = [*words_for(self.options, verb), *self.polling]
        if isinstance(self.options, Waiting) and self.options.allow_private_downloads and more:
            words.append("--allow-private-downloads")
        return paste(words, str(self.id), *more)


@define
class Call(Job):
    """One request of a command that starts no task.

    Attributes:
        is_idempotent: Whether it may be sent again.
        answer: The answer as JSON.
    """

    is_idempotent: bool = False
    answer: Any = None
    notice: ClassVar = "waiting for the answer; a second Ctrl-C gives up without it"

    @property
    def advice(self) -> str:
        """What to do where its answer was not awaited."""
        if self.is_idempotent:
            return "it may have been carried out; sending it again changes nothing more"
        return errors.OutcomeUnknown.advice

    def document(self) -> dict[str, Any]:
        """Return the call as JSON; every key is always there."""
        return {"answer": self.answer, "file": str(self.file) if self.file else None}


def words_for(options: Connecting, verb: str) -> list[str]:
    """Return the beginning of a command that connects as these options do."""
    words = [PROGRAM, verb]
    if options.base_url is not None:
        words += ["--base-url", options.base_url]
    if options.token_file is not None:
        words += ["--token-file", str(options.token_file)]
    if options.sandbox:
        words.append("--sandbox")
    return words


def paste(words: list[str], subject: str, *more: str) -> str:
    """Return a command about a task or a file, ready to be pasted into a shell."""
    # A subject may be foreign text: after "--" it cannot be taken for an option.
    whole = [*words, *more, "--", subject] if subject.startswith("-") else [*words, subject, *more]
    return one_line(subprocess.list2cmdline(whole) if os.name == "nt" else shlex.join(whole))
