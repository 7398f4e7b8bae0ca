"""Add to an error whatever else does not fit."""

from __future__ import annotations

from typing import Final

from rulewright.errors import InputError
from rulewright.openapi.document import load
from rulewright.overlay import load_overlay
from rulewright.project import Project

_SHOWN: Final = 10
_CUT: Final = 160


def with_others(project: Project, error: InputError) -> InputError:
    """Return an error with whatever else of the overlays and rules does not fit the vendor document either.

    Applying stops at the first fault, but adapting a project to a changed page needs all of them.
    """
    from rulewright.impact.revision import revise  # noqa: PLC0415  only needed here

    try:
        conflicts = revise("", load(project.spec), [load_overlay(path) for path in project.overlays]).conflicts
    except InputError:
        return error
    message = str(error)
    heads = dict.fromkeys(conflict.reason.partition("\n")[0].strip() for conflict in conflicts)
    new = [head for head in heads if head.partition(": ")[2] not in message]  # the message names the place as well
    others = [head if len(head) <= _CUT else f"{head[:_CUT]}..." for head in new]
    if not others:
        return error
    more = [f"and {len(others) - _SHOWN} more"] if len(others) > _SHOWN else []
    return InputError(
        "\n".join([message, "  these do not fit either:", *(f"    {each}" for each in (*others[:_SHOWN], *more))])
    )
