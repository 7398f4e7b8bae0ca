"""Values that an answer holds although the document does not list them.

A vendor adds a state or a model without notice, and an answer that holds it was paid for. So a value that is not
listed is read as it is. An answer is read strictly first, because listed values distinguish the members of a union;
a list is opened to other values only where it was in the way, and one of a single value, which names a member of a
union, only where no other was.
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
        self.refused: dict[str, bool] = {}
        """Whether the list has more than one value, by its place."""

    def to_open(self, error: Exception) -> set[str]:
        """Return the lists to open after an error; a union hides which of its members failed, and why."""
        places = {place for place, is_choice in self.refused.items() if is_choice} or set(self.refused)
        last = {error.place} if isinstance(error, UnlistedValueError) else set()
        return (last & places) or places


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
        reading.refused[place] = len(listed) > 1
    raise UnlistedValueError(value, listed, place)


def parsed(parse: Callable[[str], T], value: str, place: str) -> T:
    """Return a text as a date or the like; as it is, if the answer being read is known to hold others there.

    Raises:
        ValueError: It is none, and no answer is being read.
    """
    try:
        return parse(value)
    except (TypeError, ValueError, AttributeError):
        reading = _READING.get()
        if reading is None or not isinstance(value, (str, int, float)):
            raise
        if place in reading.open:
            return cast(T, value)
        reading.refused[place] = True
        raise


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
                if not reading.refused:
                    raise
                reading.open |= reading.to_open(error)
    finally:
        _READING.reset(mark)
