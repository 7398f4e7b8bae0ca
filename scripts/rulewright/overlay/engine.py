"""Apply overlays to a document: in order, on a copy, and strictly unless asked otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from rulewright.openapi.document import MAX_DEPTH, MAX_NODES, Document
from rulewright.openapi.pointer import ABSENT, Location, decode, encode, path_of
from rulewright.overlay.model import (
    Action,
    Overlay,
    OverlayError,
    a_kind,
    at_keys,
    check_extends,
    check_extensions,
    digest,
    is_as_expected,
    place,
)
from rulewright.overlay.query import Query, QueryError, explain_miss, show


@dataclass(frozen=True)
class Change:
    """One change of one value.

    Args:
        overlay: The overlay file.
        action: Number of the action in it, counted from 1.
        pointer: JSON pointer (RFC 6901) of the changed value at that moment.
        kind: `add` and `remove` change a container by one member, `replace` swaps a primitive for another.
        old: The value before; None for `add`.
        new: The value after; None for `remove`.
        position: Where among its siblings an added or removed member stands; None for `replace`.
        within: Where in the update of the action the new value stands; None for `remove`.
    """

    overlay: str
    action: int
    pointer: str
    kind: Literal["add", "remove", "replace"]
    old: Any = None
    new: Any = None
    position: int | None = None
    within: Location | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the change as a JSON object; `old` and `new` are absent where there is none."""
        place = {"overlay": self.overlay, "action": self.action, "pointer": self.pointer}
        record: dict[str, Any] = {**place, "change": self.kind}
        if self.position is not None:
            record["position"] = self.position
        if self.kind != "add":
            record["old"] = self.old
        if self.kind != "remove":
            record["new"] = self.new
        return record


def trace(ledger: Sequence[Change], location: Location) -> tuple[Location, Change | None]:
    """Follow a location of the result back to where its value came from.

    Returns:
        The location in the vendor document and None, or the location when it was added and that change.
    """
    path = list(location)
    for change in reversed(ledger):
        tokens = decode(change.pointer)
        if len(tokens) > len(path) or any(str(key) != token for key, token in zip(path, tokens[:-1], strict=False)):
            continue
        if change.kind != "remove":
            if not tokens or str(path[len(tokens) - 1]) == tokens[-1]:
                return tuple(path), change
            continue
        here = path[len(tokens) - 1]
        if isinstance(here, int) and change.position is not None and here >= change.position:
            path[len(tokens) - 1] = here + 1
    return tuple(path), None


def kind(value: Any) -> Literal["object", "array", "primitive"]:
    """Return which of the three kinds of the Overlay Specification a value is; null is a primitive."""
    if isinstance(value, dict):
        return "object"
    return "array" if isinstance(value, list) else "primitive"


def clone(value: Any) -> Any:
    """Return a deep copy that shares no container with its original, nor within itself.

    `copy.deepcopy` keeps sharing inside the value: two places of one document would change together.
    """
    if isinstance(value, dict):
        return {key: clone(item) for key, item in value.items()}
    return [clone(item) for item in value] if isinstance(value, list) else value


class TooLargeError(ValueError):
    """The result would grow beyond the limits every document has."""


class Draft:
    """A working copy of a document's value and the ledger of what was done to it.

    Args:
        value: The value to start from; it is copied, never changed.
    """

    def __init__(self, value: Any) -> None:
        self._holder = [clone(value)]
        self._written = 0
        self.changes: list[Change] = []
        self.lines: dict[tuple[str, int], int | None] = {}
        self._action = "", 0

    @property
    def value(self) -> Any:
        """The document as it stands."""
        return self._holder[0]

    def begin(self, overlay: str, action: int, line: int | None) -> None:
        """Name the action that makes the changes from here on, and the line at which it begins."""
        self._action = overlay, action
        self.lines[overlay, action] = line

    def at(self, location: Location) -> Any:
        """Return the value at a location, itself and not a copy."""
        value = self.value
        for key in location:
            value = value[key]
        return value

    def add(self, location: Location, value: Any, within: Location) -> None:
        """Insert a new key as the last of its object, or append the next item to its array."""
        container = self.at(location[:-1])
        position = len(container)
        self._weigh(value, len(location))
        if isinstance(container, list):
            container.append(clone(value))
        else:
            container[location[-1]] = clone(value)
        self._record(location, "add", None, clone(value), position, within)

    def replace(self, location: Location, value: Any, within: Location) -> None:
        """Put a primitive in the place of a primitive."""
        container: Any = self.at(location[:-1]) if location else self._holder
        key: Any = location[-1] if location else 0
        old = container[key]
        container[key] = value
        self._record(location, "replace", old, value, None, within)

    def remove(self, location: Location) -> None:
        """Take a member out of its object or array."""
        container = self.at(location[:-1])
        key = location[-1]
        position = key if isinstance(key, int) else list(container).index(key)
        old = container.pop(key)
        self._record(location, "remove", old, None, position, None)

    def _record(self, location: Location, *change: Any) -> None:
        self.changes.append(Change(*self._action, encode(location), *change))

    def _weigh(self, value: Any, depth: int) -> None:
        """Count what is written: a few actions that copy the document into itself would fill any memory."""
        self._written += 1
        if self._written > MAX_NODES:
            raise TooLargeError(f"the overlays write more than {MAX_NODES} values")
        if depth > MAX_DEPTH:
            raise TooLargeError(f"the result would be nested deeper than {MAX_DEPTH} levels")
        if isinstance(value, (dict, list)):
            for item in value.values() if isinstance(value, dict) else value:
                self._weigh(item, depth + 1)


class IncompatibleError(ValueError):
    """Two values that the specification does not allow to be merged.

    Args:
        message: What does not go together.
        location: Where in the target document.
        within: Where in the update value.
    """

    def __init__(self, message: str, location: Location, within: Location) -> None:
        super().__init__(message)
        self.location = location
        self.within = within


def merge(draft: Draft, location: Location, update: Any, within: Location = ()) -> None:
    """Merge an update value into one target node.

    An object takes an object. An array takes an array, whose items it gets, or one item. A primitive takes
    a primitive.

    Args:
        draft: The document.
        location: The target.
        update: The value, or the part of it that stands at `within`.
        within: The place in the whole update, where this is a part of it.

    Raises:
        IncompatibleError: Any other pair, here or deeper inside.
    """
    target = draft.at(location)
    if not within and kind(target) == "array" and kind(update) != "array":
        draft.add((*location, len(target)), update, ())
    elif kind(target) != kind(update):
        raise IncompatibleError(f"cannot merge {a_kind(update)} into {a_kind(target)}", location, within)
    elif isinstance(target, dict):
        for key, value in update.items():
            (merge if key in target else Draft.add)(draft, (*location, key), value, (*within, key))
    elif isinstance(target, list):
        for index, item in enumerate(update):
            draft.add((*location, len(target)), item, (*within, index))
    elif (type(target), repr(target)) != (type(update), repr(update)):  # 1, 1.0 and true are written differently
        draft.replace(location, update, within)


_LISTED: Final = 5


class Step:
    """One action of one overlay on its way into a draft.

    Args:
        document: The document the draft started from, for the lines of its parts.
        draft: The document as the actions before left it.
        overlay: The overlay.
        action: One of its actions.
        strict: Whether expectations are enforced, and not only the specification.
    """

    def __init__(self, document: Document, draft: Draft, overlay: Overlay, action: Action, *, strict: bool) -> None:
        self.document = document
        self.draft = draft
        self.overlay = overlay
        self.action = action
        self.strict = strict

    def run(self) -> bool:
        """Apply the action.

        Returns:
            Whether it was absorbed: it selected nodes and changed none of them.

        Raises:
            OverlayError: It cannot be applied; the draft is then of no use.
        """
        self.draft.begin(self.overlay.path, self.action.number, self.action.line)
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
            if () in targets:
                raise self._fault("cannot remove the document root: it stands in no object or array")
            chosen = set(targets)
            # backwards, so that later items of an array go before earlier ones
            order = sorted(targets, key=lambda keys: [(key, "") if isinstance(key, int) else (0, key) for key in keys])
            for target in reversed(order):
                if any(target[:length] in chosen for length in range(1, len(target))):
                    continue  # goes with the node it stands in
                is_primitive_item = isinstance(target[-1], int) and kind(self.draft.at(target)) == "primitive"
                if self.overlay.version == "1.0" and is_primitive_item:
                    raise self._fault(
                        "cannot remove a single primitive item of an array in Overlay 1.0",
                        f"at {path_of(target)} ({self.where(target)})",
                        "state overlay: 1.1.0, or remove the array and update its parent",
                    )
                self.draft.remove(target)
        else:
            self._update(targets)
        changed = len(self.draft.changes) > before
        if changed and stale is not None:
            raise stale  # only now: a value that is already what the action wants is absorbed, not stale
        return not changed

    def _select(self, query: Query) -> list[Location]:
        try:
            return query.select(self.draft.value)
        except QueryError as error:
            raise self._fault(str(error), query.text) from error

    def _check_count(self, targets: Sequence[Location]) -> None:
        expect = self.action.expect
        if expect.allows(len(targets)):
            return
        if targets:
            raise self._fault(
                f"target matched {_nodes(len(targets))}, expected {expect}",
                self.action.target.text,
                *self._list(targets),
                "narrow the target, or state the number in x-expect",
            )
        hints = explain_miss(self.action.target, self.draft.value, self.where)
        if self.action.remove:
            hints.append("if the vendor removed it, the action is absorbed upstream: delete it")
        raise self._fault("target matched nothing", self.action.target.text, *hints)

    def _stale(self, targets: Sequence[Location]) -> OverlayError | None:
        """Return the error for the first target that differs from `x-was`."""
        expected = self.action.was
        if expected is ABSENT:
            return None
        for target in targets:
            value = self.draft.at(target)
            partial = not self.action.remove and kind(value) == "object"
            if is_as_expected(expected, value, partial=partial):
                continue
            if self.action.remove:
                new = "this action removes the value"
            else:
                new = f"what {self.action.copy.text} holds" if self.action.copy else show(self.action.update)
            return self._fault(
                "the value underneath has changed",
                f"at {path_of(target)} ({self.where(target)})",
                f"found:    {show(at_keys(expected, value) if partial else value)}",
                f"expected: {show(expected)}",
                f"to write: {new}",
                f"whole value now: {digest(value)}",
                "decide whether the action still fits, then correct its x-was",
            )
        return None

    def _update(self, targets: Sequence[Location]) -> None:
        if self.action.idle:
            return
        kinds = {kind(self.draft.at(target)): target for target in reversed(targets)}
        if self.overlay.version == "1.0" and "primitive" in kinds:
            raise self._fault(
                "target selects a primitive, which Overlay 1.0 does not allow",
                *self._list([kinds["primitive"]]),
                "update the object around it, or state overlay: 1.1.0",
            )
        if self.overlay.version != "1.0" and len(kinds) > 1:
            raise self._fault(
                "target selects nodes of different kinds; all must be objects, or arrays, or primitives",
                self.action.target.text,
                *(f"{name}: {self._list([target])[0]}" for name, target in sorted(kinds.items())),
                "make one action for each kind",
            )
        update = self._source(self.action.copy) if self.action.copy else self.action.update
        for target in targets:  # in the order of RFC 9535 a node comes before the nodes inside it
            try:
                merge(self.draft, target, update)
            except IncompatibleError as error:
                raise self._incompatible(error) from error
            except TooLargeError as error:
                raise self._fault(str(error), f"at {path_of(target)}") from error

    def _source(self, query: Query) -> Any:
        """Return a snapshot of the one node that `copy` selects, taken before anything changes."""
        sources = self._select(query)
        if not sources:
            hints = explain_miss(query, self.draft.value, self.where)
            raise self._fault("copy matched nothing", query.text, *hints)
        if len(sources) > 1:
            raise self._fault(
                f"copy matched {_nodes(len(sources))}, it must select exactly one",
                query.text,
                *self._list(sources),
            )
        return clone(self.draft.at(sources[0]))

    def _incompatible(self, error: IncompatibleError) -> OverlayError:
        details = [f"at {path_of(error.location)} ({self.where(error.location)})"]
        if error.within:
            details.append(f"the {'copied' if self.action.copy else 'update'} value has it at {path_of(error.within)}")
        details.append("an object takes an object, an array an array or one item, a primitive a primitive")
        if error.location:
            details.append("to replace it, remove it in one action and update its parent in the next")
        return self._fault(str(error), *details)

    def _list(self, locations: Sequence[Location]) -> list[str]:
        lines = [f"{path_of(location)} ({self.where(location)})" for location in locations[:_LISTED]]
        return lines if len(locations) <= _LISTED else [*lines, f"and {len(locations) - _LISTED} more"]

    def where(self, location: Location) -> str:
        """Return where the value at a location was written: in the document, or by which action."""
        origin, change = trace(self.draft.changes, location)
        if change is None:
            return place(self.document.path, self.document.line(encode(origin)))
        line = self.draft.lines.get((change.overlay, change.action))
        return f"written by {place(change.overlay, line)}, action {change.action}"

    def _fault(self, message: str, *details: str) -> OverlayError:
        return OverlayError(
            message,
            path=self.overlay.path,
            line=self.action.line,
            pointer=f"/actions/{self.action.number - 1}",
            action=self.action.number,
            details=details,
        )


def _nodes(count: int) -> str:
    return "1 node" if count == 1 else f"{count} nodes"


@dataclass(frozen=True)
class Absorbed:
    """An action that selected nodes and changed none of them: the vendor document has it already.

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
                f"the document has this already; delete the action{'' if one else 's'}",
            ],
        )
        self.absorbed = tuple(absorbed)


@dataclass(frozen=True)
class Applied:
    """The outcome of applying overlays.

    Args:
        value: The new JSON value; it shares nothing with the inputs.
        ledger: Every change, in order; see `Change`.
        absorbed: Actions that selected nodes and changed none; only lenient runs get this far with any.
    """

    value: Any
    ledger: tuple[Change, ...]
    absorbed: tuple[Absorbed, ...] = ()


def apply(document: Document, overlays: Sequence[Overlay], *, lenient: bool = False) -> Applied:
    """Apply overlays to a document, each action on the result of the one before.

    Strict, every action must select as many nodes as it expects (one, unless `x-expect` differs), find the
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
            check_extensions(overlay)
        absorbed += [
            Absorbed(overlay.path, action.number, action.line, action.target.text)
            for action in overlay.actions
            if Step(document, draft, overlay, action, strict=not lenient).run()
        ]
    if absorbed and not lenient:
        raise AbsorbedError(absorbed)
    return Applied(draft.value, tuple(draft.changes), tuple(absorbed))
