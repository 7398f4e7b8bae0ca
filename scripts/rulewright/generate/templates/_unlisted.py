"""Values that an answer holds although the document does not list them.

A vendor adds a state or a model without notice, and an answer that holds it was paid for. So a value that is not
listed is read as it is, but only where nothing else of the document fits: the generated models read an answer
strictly first, because listed values are what distinguishes the members of a union.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextvars import ContextVar
from typing import Final, TypeVar, cast

R = TypeVar("R")
T = TypeVar("T")


class UnlistedValueError(TypeError):
    """A value is none of those that the document lists for it.

    Args:
        value: The value.
        listed: The values listed.
        place: The module of the list.
    """

    def __init__(self, value: object, listed: Collection[object], place: str) -> None:
        super().__init__(f"Unexpected value {value!r}. Expected one of {listed!r}")
        self.place = place


class _Reading:
    """One answer being read: the lists that are open by now, and those that refused a value."""

    def __init__(self) -> None:
        self.open: set[str] = set()
        self.refused: set[str] = set()


_READING: Final[ContextVar[_Reading | None]] = ContextVar("reading", default=None)


def unlisted(value: object, listed: Collection[T], place: str) -> T:
    """Return a value that is not listed, if the answer being read is known to hold such values of this list.

    Raises:
        UnlistedValueError: It is not, or the value is of another type than those listed.
    """
    reading = _READING.get()
    if reading is not None and type(value) in {type(each) for each in listed}:
        if place in reading.open:
            return cast(T, value)
        reading.refused.add(place)
    raise UnlistedValueError(value, listed, place)


def tolerantly(read: Callable[[], R]) -> R:
    """Return what `read` returns; where a value that is not listed is in its way, the list is opened to any value.

    Args:
        read: Makes a value of an answer; called again after each list that was opened.
    """
    reading = _Reading()
    mark = _READING.set(reading)
    try:
        while True:
            reading.refused.clear()
            try:
                return read()
            except (TypeError, ValueError, LookupError, AttributeError) as error:
                # A union hides which of its members was refused, and fails with the error of the last one.
                refused = {error.place} if isinstance(error, UnlistedValueError) else set(reading.refused)
                if refused <= reading.open:
                    raise
                reading.open |= refused
    finally:
        _READING.reset(mark)
