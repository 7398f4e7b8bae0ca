"""JSON values: what is absent, what the types of JSON Schema mean, and how Python values become JSON."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from enum import Enum
from typing import Any, Final, TypeGuard
from uuid import UUID

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


def member(owner: Any, name: str) -> Any:
    """Return a property of a JSON object; `ABSENT` where there is none."""
    return owner.get(name, ABSENT) if isinstance(owner, Mapping) else ABSENT


def to_json(value: Any) -> Any:
    """Return a field of a model, or an argument of a call, as the JSON value that is sent for it."""
    if hasattr(value, "to_dict"):
        return value.to_dict()
    if isinstance(value, (dt.date, dt.datetime)):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, Mapping):
        return {name: to_json(child) for name, child in value.items()}
    return [to_json(item) for item in value] if isinstance(value, (list, tuple)) else value


class Written(dict[str, Any]):
    """A JSON object where the generated functions take a model: it is sent as it is."""

    def to_dict(self) -> dict[str, Any]:
        """Return it as it is: what was checked is what is sent."""
        return dict(self)


def as_written(value: Any) -> Any:
    """Return an argument as the generated functions take it: JSON objects in place of models, lists for tuples."""
    if isinstance(value, dict):
        return Written(to_json(value))
    return [as_written(item) for item in value] if isinstance(value, (list, tuple)) else value


def pointer_token(name: str) -> str:
    """Return the name of a member as a part of a JSON pointer."""
    return name.replace("~", "~0").replace("/", "~1")
