"""Apply overlays to a document: in order, on a copy, and strictly unless told otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from scripts.document import Document
from scripts.overlay.draft import Draft, TooLargeError
from scripts.overlay.expectation import at_keys, was
from scripts.overlay.extends import check_extends
from scripts.overlay.fault import OverlayError
from scripts.overlay.ledger import Change, trace
from scripts.overlay.merge import IncompatibleError, merge
from scripts.overlay.model import ABSENT, Action, Overlay
from scripts.overlay.query import Query, QueryError, path_of
from scripts.overlay.suggest import explain_miss
from scripts.overlay.values import a_kind, clone, digest, kind, show
from scripts.pointer import Location, encode


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
                *(
                    f"{place(item.overlay, item.line)}, action {item.action}: {item.target}"
                    for item in absorbed
                ),
                f"the document says so already; delete the action{'' if one else 's'}",
            ],
        )
        self.absorbed = tuple(absorbed)


@dataclass(frozen=True)
class Applied:
    """The outcome of applying overlays.

    Args:
        value: The new JSON value; it shares nothing with the inputs.
        ledger: Every change, in order; see `scripts.overlay.ledger`.
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
    other, outer ones are updated first, and what stands inside a removed node goes with it.

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
        for action in overlay.actions:
            if _Step(document, draft, overlay, action, lenient).run():
                absorbed.append(Absorbed(overlay.path, action.number, action.line, action.target.text))
    if absorbed and not lenient:
        raise AbsorbedError(absorbed)
    return Applied(draft.value, tuple(draft.changes), tuple(absorbed))


def place(path: str, line: int | None) -> str:
    """Return `file:line`, or the file alone."""
    return path if line is None else f"{path}:{line}"


class _Step:
    """One action on its way."""

    def __init__(
        self, document: Document, draft: Draft, overlay: Overlay, action: Action, lenient: bool
    ) -> None:  # noqa: FBT001  private
        self.document = document
        self.draft = draft
        self.overlay = overlay
        self.action = action
        self.strict = not lenient

    def run(self) -> bool:
        """Apply the action; return whether it was absorbed."""
        self.draft.overlay, self.draft.action = self.overlay.path, self.action.number
        before = len(self.draft.changes)
        targets = self._select(self.action.target)
        if self.strict:
            self._check_count(targets)
        if not targets:
            return False
        if self.strict and self.action.idle:
            raise self._fault("has neither update, copy nor remove: true, so it can never change anything")
        stale = self._stale(targets) if self.strict else None
        if self.action.remove:
            self._remove(targets)
        else:
            self._update(targets)
        changed = len(self.draft.changes) > before
        if changed and stale is not None:
            raise stale
        return not changed

    def _select(self, query: Query) -> list[Location]:
        try:
            return query.select(self.draft.value)
        except QueryError as error:
            raise self._fault(f"{query.text} {error}") from error

    def _check_count(self, targets: Sequence[Location]) -> None:
        expect = self.action.expect
        if expect.allows(len(targets)):
            return
        text = self.action.target.text
        if not targets:
            hints = explain_miss(self.action.target, self.draft.value, self.where)
            raise self._fault("target matched nothing", text, *hints)
        found = [f"{path_of(target)} ({self.where(target)})" for target in targets[:5]]
        more = [f"and {len(targets) - 5} more"] if len(targets) > 5 else []
        raise self._fault(
            f"target matched {len(targets)} nodes, expected {expect}",
            text,
            *found,
            *more,
            f"narrow the target, or state the number: x-expect: {len(targets)}",
        )

    def _stale(self, targets: Sequence[Location]) -> OverlayError | None:
        """Return the error for the first target that is not what `x-was` says; raised if the action matters."""
        expected = self.action.was
        if expected is ABSENT:
            return None
        for target in targets:
            value = self.draft.at(target)
            partial = not self.action.remove and kind(value) == "object"
            if was(expected, value, partial=partial):
                continue
            shown = at_keys(expected, value) if partial else value
            new = (
                "(removed)"
                if self.action.remove
                else "(copied)"
                if self.action.copy
                else show(self.action.update)
            )
            return self._fault(
                "the value underneath has changed",
                f"at {path_of(target)} ({self.where(target)})",
                f"found:    {show(shown)}",
                f"expected: {show(expected)}",
                f"to write: {new}",
                f"decide whether the action still fits, then state the new x-was: {digest(value)} or the value",
            )
        return None

    def _remove(self, targets: Sequence[Location]) -> None:
        if () in targets:
            raise self._fault("cannot remove the document root: it stands in no object or array")
        chosen = set(targets)
        for target in sorted(targets, key=_last_first, reverse=True):
            if any(target[:length] in chosen for length in range(1, len(target))):
                continue  # goes with the node it stands in
            if self.overlay.version == "1.0" and self._is_primitive_item(target):
                raise self._fault(
                    "cannot remove a single primitive item of an array in Overlay 1.0",
                    f"at {path_of(target)} ({self.where(target)})",
                    "state overlay: 1.1.0, or remove the array and update its parent",
                )
            self.draft.remove(target)

    def _update(self, targets: Sequence[Location]) -> None:
        if self.action.idle:
            return
        self._check_kinds(targets)
        update = self._source() if self.action.copy else self.action.update
        for target in sorted(targets, key=len):
            try:
                merge(self.draft, target, update)
            except IncompatibleError as error:
                raise self._incompatible(error, target) from error
            except TooLargeError as error:
                raise self._fault(str(error), f"at {path_of(target)}") from error

    def _check_kinds(self, targets: Sequence[Location]) -> None:
        kinds = {kind(self.draft.at(target)): target for target in reversed(targets)}
        if self.overlay.version == "1.0":
            if "primitive" in kinds:
                raise self._fault(
                    "target selects a primitive, which Overlay 1.0 does not allow",
                    f"at {path_of(kinds['primitive'])} ({self.where(kinds['primitive'])})",
                    "update the object around it, or state overlay: 1.1.0",
                )
            return
        if len(kinds) > 1:
            raise self._fault(
                "target selects nodes of different kinds; all must be objects, or arrays, or primitives",
                *(f"{name}: {path_of(at)} ({self.where(at)})" for name, at in kinds.items()),
                "make one action for each kind",
            )

    def _source(self) -> Any:
        """Return a snapshot of the one node that `copy` selects, taken before anything changes."""
        query = self.action.copy
        assert query is not None  # noqa: S101  for the type checker
        sources = self._select(query)
        if len(sources) == 1:
            return clone(self.draft.at(sources[0]))
        if not sources:
            hints = explain_miss(query, self.draft.value, self.where)
            raise self._fault("copy matched nothing", query.text, *hints)
        found = [f"{path_of(source)} ({self.where(source)})" for source in sources[:5]]
        raise self._fault(
            f"copy matched {len(sources)} nodes, it must select exactly one", query.text, *found
        )

    def _incompatible(self, error: IncompatibleError, target: Location) -> OverlayError:
        source = "copied value" if self.action.copy else "update value"
        inside = f", where the {source} has {path_of(error.within)}" if error.within else ""
        current = self.draft.at(target)
        return self._fault(
            f"{error} at {path_of(error.location)}",
            f"{self.where(error.location)}{inside}",
            "an object takes an object, an array takes an array or one item, a primitive takes a primitive",
            "to replace it: remove it in one action, then update its parent in the next"
            if error.location
            else f"the target is the document itself, {a_kind(current)}",
        )

    def _is_primitive_item(self, target: Location) -> bool:
        return isinstance(target[-1], int) and kind(self.draft.at(target)) == "primitive"

    def where(self, location: Location) -> str:
        """Return where the value at a location was written: in the document, or by which action."""
        origin, change = trace(self.draft.changes, location)
        if change is None:
            return place(self.document.path, self.document.line(encode(origin)))
        return f"written by {change.overlay}, action {change.action}"

    def _fault(self, message: str, *details: str) -> OverlayError:
        return OverlayError(
            message,
            path=self.overlay.path,
            line=self.action.line,
            pointer=f"/actions/{self.action.number - 1}",
            action=self.action.number,
            details=details,
        )


def _last_first(location: Location) -> tuple[tuple[int, str], ...]:
    """Order locations so that, reversed, later items of an array come before earlier ones."""
    return tuple((key, "") if isinstance(key, int) else (0, key) for key in location)
