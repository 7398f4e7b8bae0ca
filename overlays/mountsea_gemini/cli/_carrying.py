"""Carry a command out: its result or its error reported once, its exit code returned."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from ._exits import Exit, exit_code
from ._failure import error_document, error_text, interruption
from ._interrupts import Interrupts
from ._job import Job
from ._options import Reporting
from ._screen import Screen, abandon_output

HELD: Final = "waiting for the answer to the submit, which names the task; Ctrl-C again breaks off without knowing it"


class Desk:
    """What a command works with.

    Args:
        options: What the command was given.
        job: The task it is about, if it is about one.
    """

    def __init__(self, options: Reporting, job: Job | None) -> None:
        self.screen = Screen(as_json=options.json, quiet=options.quiet)
        self.interrupts = Interrupts(lambda: self.screen.problem(HELD))
        self.job = job


def carry_out(options: Reporting, work: Callable[[Desk], int], job: Job | None = None) -> int:
    """Do the work and report what becomes of it.

    Args:
        options: What the command was given.
        work: Prints its own result; whatever it raises is reported here.
        job: The task the command is about, if it is about one.

    Returns:
        The exit code.
    """
    desk = Desk(options, job)
    try:
        return work(desk)
    except KeyboardInterrupt as error:
        lines = interruption(desk.job, desk.interrupts)
        desk.screen.problem("\n".join(lines))
        return _reported(desk, error, {"type": "Interrupted", "message": lines[0], "way_out": lines[1:]})
    except BrokenPipeError:
        abandon_output()
        resume = job.resume() if job else None
        desk.screen.problem("nobody reads standard output" + (f"; go on with: {resume}" if resume else ""))
        return Exit.UNEXPECTED
    except Exception as error:  # noqa: BLE001  (this is where every error ends, shown in full)
        desk.screen.problem(error_text(error, desk.job))
        return _reported(desk, error, {})


def _reported(desk: Desk, error: BaseException, instead: dict[str, Any]) -> int:
    code = exit_code(error)
    if desk.screen.as_json:
        document = desk.job.document() if desk.job else {}
        found = {**error_document(error, desk.job), **instead}
        desk.screen.result((), {"exit": code.value, **document, "error": found})
    return code
