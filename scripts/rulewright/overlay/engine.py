"""Apply overlays to a document: in order, on a copy, and strictly unless told otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rulewright.openapi.document import Document
from rulewright.overlay.draft import Draft
from rulewright.overlay.extends import check_extends
from rulewright.overlay.fault import OverlayError, place
from rulewright.overlay.ledger import Change
from rulewright.overlay.model import Overlay
from rulewright.overlay.step import Step


@dataclass(frozen=True)
class Absorbed:
    """An action that selected nodes and changed none of them: the vendor's document says so already.

    Args:
        overlay: The overlay file.
        action: Its number, counted from 1.
        line: 1-based line at which it begins.
        target: The query as written.
    """

    overlay: str
    action: int
    line: int | None
    target: str


class AbsorbedError(OverlayError):
    """Actions change nothing any more; all of a run at once.

    Args:
        absorbed: The actions, as data.
    """

    def __init__(self, absorbed: Sequence[Absorbed]) -> None:
        one = len(absorbed) == 1
        super().__init__(
            f"{len(absorbed)} action{'' if one else 's'} changed nothing: absorbed upstream",
            path=absorbed[0].overlay,
            line=absorbed[0].line,
            details=[
                *(f"{place(item.overlay, item.line)}, action {item.action}: {item.target}" for item in absorbed),
                f"the document says so already; delete the action{'' if one else 's'}",
            ],
        )
        self.absorbed = tuple(absorbed)


@dataclass(frozen=True)
class Applied:
    """The outcome of applying overlays.

    Args:
        value: The new JSON value; it shares nothing with the inputs.
        ledger: Every change, in order; see `rulewright.overlay.ledger`.
        absorbed: Actions that selected nodes and changed none; only lenient runs get this far with any.
    """

    value: Any
    ledger: tuple[Change, ...]
    absorbed: tuple[Absorbed, ...] = ()


def apply(document: Document, overlays: Sequence[Overlay], *, lenient: bool = False) -> Applied:
    """Apply overlays to a document, each action on the result of the one before.

    Strict, every action must select as many nodes as it expects (one, unless it says otherwise), find the
    values it expects, and change something. Lenient, only the Overlay Specification itself is enforced:
    selecting nothing is a success, and `x-expect`, `x-was` and `extends` are not looked at.

    A target is evaluated once, before its action changes anything. Where selected nodes lie inside each
    other, outer ones are updated first, and what stands inside a removed node goes with it. An array is
    replaced by removing it in one action and updating its parent in the next.

    Args:
        document: The document to start from; it is not changed.
        overlays: The overlays in order; they are not changed.
        lenient: Whether to apply the specification's own, forgiving semantics.

    Returns:
        The new value and the ledger of changes.

    Raises:
        OverlayError: The first action that cannot be applied; nothing of the result is kept.
        AbsorbedError: Strict, and some actions changed nothing; it names all of them.
    """
    draft = Draft(document.value)
    absorbed: list[Absorbed] = []
    for overlay in overlays:
        if not lenient:
            check_extends(overlay, document.path)
        absorbed += [
            Absorbed(overlay.path, action.number, action.line, action.target.text)
            for action in overlay.actions
            if Step(document, draft, overlay, action, strict=not lenient).run()
        ]
    if absorbed and not lenient:
        raise AbsorbedError(absorbed)
    return Applied(draft.value, tuple(draft.changes), tuple(absorbed))
