"""JSON values: what is absent, what the types of JSON Schema mean, and how Python values become JSON."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Collection, Mapping
from contextvars import ContextVar
from enum import Enum
from fractions import Fraction
from ipaddress import IPv4Address, IPv6Address
from typing import Any, Final, TypeGuard, TypeVar, cast
from uuid import UUID

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


def parse_moment(text: str) -> dt.datetime:
    """Return a text as a moment.

    Raises:
        ValueError: It is none, or a day alone, whose midnight would be made up.
    """
    if _is_day(text):
        raise ValueError(f"{text!r} has no time")
    return dt.datetime.fromisoformat(text)


def parse_text(parse: Callable[[str], T], value: str, place: str) -> T:
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


WHITE_SPACE: Final = (
    "\t\n\v\f\r \xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\ufeff"
)
"""The characters that the regular expression `\\s` of JSON Schema matches."""


class Absent(Enum):
    """The value of a field that was not given; it survives copying and pickling."""

    ABSENT = "absent"

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final = Absent.ABSENT


def is_given(value: Any) -> bool:
    """Return whether an argument was given; the generated code has a value of its own for what was not."""
    return value is not ABSENT and type(value).__name__ != "Unset"


def is_file(value: Any) -> bool:
    """Return whether a value can be sent as bytes: a text, bytes, or a file of the generated code."""
    return isinstance(value, (str, bytes, tuple)) or hasattr(value, "payload") or hasattr(value, "read")


def is_number(value: Any) -> TypeGuard[float]:
    """Return whether a value is a JSON number; in Python `True` is an `int`, in JSON it is not."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def is_integer(value: Any) -> TypeGuard[float]:
    """Return whether a value is a JSON number without a fraction."""
    return is_number(value) and (isinstance(value, int) or value.is_integer())


def equals(value: Any, *accepted: Any) -> bool:
    """Return whether a value is one of those accepted, compared as JSON: `True` is not 1."""
    return any(_same(value, other) for other in accepted)


def _same(left: Any, right: Any) -> bool:
    if left is ABSENT or isinstance(left, bool) != isinstance(right, bool):
        return False
    if isinstance(left, (list, tuple)) and isinstance(right, (list, tuple)):
        return len(left) == len(right) and all(map(_same, left, right))
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(_same(left[key], right[key]) for key in left)
    return bool(left == right)


def is_multiple(value: float, of: float) -> bool:
    """Return whether a number is a multiple of another, both taken as they are written: 0.3 is one of 0.1."""
    return (Fraction(str(value)) / Fraction(str(of))).denominator == 1


def is_unique(items: Any) -> bool:
    """Return whether no two items of a list are equal as JSON."""
    return not any(_same(item, other) for index, item in enumerate(items) for other in items[:index])


_DAY: Final = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_CLOCK: Final = r"([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]+)?([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])"
_TIME: Final = rf"({_CLOCK}|23:59:60(\.[0-9]+)?[Zz])"
_LABEL: Final = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_WORD: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_SIGN: Final = r"(?:[A-Za-z0-9._~:@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})"
_FORMS: Final = {
    "date": re.compile(_DAY),
    "date-time": re.compile(rf"{_DAY}[Tt]{_TIME}"),
    "time": re.compile(_TIME),
    "uuid": re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"),
    "email": re.compile(rf"{_WORD}(\.{_WORD})*@({_LABEL}(\.{_LABEL})*|\[[0-9A-Za-z.:]+\])"),
    "uri": re.compile(
        rf"[A-Za-z][A-Za-z0-9+.-]*:(//{_SIGN}*(\[[0-9A-Fa-f:.]+\](:[0-9]*)?)?)?({_SIGN}|/)*"
        rf"(\?({_SIGN}|[/?])*)?(#({_SIGN}|[/?])*)?"
    ),
}


def _matches(name: str) -> Callable[[str], bool]:
    form = _FORMS[name]

    def matches(text: str) -> bool:
        return form.fullmatch(text) is not None and (not name.startswith("date") or _is_day(text[:10]))

    return matches


def _is_day(text: str) -> bool:
    try:
        dt.date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _is_address(kind: Callable[[str], object]) -> Callable[[str], bool]:
    def is_address(text: str) -> bool:
        try:
            kind(text)
        except ValueError:
            return False
        return "%" not in text

    return is_address


FORMATS: Final[Mapping[str, Callable[[str], bool]]] = {
    **{name: _matches(name) for name in _FORMS},
    "ipv4": _is_address(IPv4Address),
    "ipv6": _is_address(IPv6Address),
}
"""The formats of text that are checked; all others are remarks for people."""


def member(owner: Any, name: str) -> Any:
    """Return a property of a JSON object; `ABSENT` where there is none."""
    return owner.get(name, ABSENT) if isinstance(owner, Mapping) else ABSENT


def to_json(value: Any) -> Any:
    """Return a model, a field of one or an argument of a call as the JSON value that is sent for it."""
    if hasattr(value, "to_dict"):
        return to_json(value.to_dict())
    if isinstance(value, tuple) and len(value) == 3 and hasattr(value[1], "read"):
        return value  # a file, as models have it
    if isinstance(value, (list, tuple)):
        return [to_json(item) for item in value]
    if isinstance(value, Mapping):
        return {name: to_json(child) for name, child in value.items()}
    if isinstance(value, (dt.date, dt.datetime, dt.time)):
        return write_date(value)
    return str(value) if isinstance(value, UUID) else value


def write_date(moment: dt.date | dt.time) -> str:
    """Return a date or a time as RFC 3339 writes it: UTC as `Z`, which every reader of such texts knows.

    What an answer held in place of a date is returned as it was.
    """
    if not isinstance(moment, (dt.date, dt.time)):
        return moment
    text = moment.isoformat()
    return f"{text[:-6]}Z" if text.endswith("+00:00") else text


def pointer_token(name: str) -> str:
    """Return the name of a member as a part of a JSON pointer."""
    return name.replace("~", "~0").replace("/", "~1")
