"""What JSON Schema means by its types, asked of model attributes and of JSON values alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeGuard

from ..types import UNSET, Unset

_ATTRIBUTES: Final = "__attrs_attrs__"
WHITE_SPACE: Final = (
    "\t\n\v\f\r \xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\ufeff"
)
"""The characters that the regular expression `\\s` of JSON Schema matches."""


def is_object(value: Any) -> bool:
    """Tell whether a value is a JSON object, or a model that becomes one."""
    return isinstance(value, Mapping) or hasattr(value, _ATTRIBUTES)


def is_array(value: Any) -> bool:
    """Tell whether a value is a JSON array."""
    return isinstance(value, (list, tuple))


def is_string(value: Any) -> bool:
    """Tell whether a value is a JSON string."""
    return isinstance(value, str)


def is_boolean(value: Any) -> bool:
    """Tell whether a value is a JSON boolean."""
    return isinstance(value, bool)


def is_null(value: Any) -> bool:
    """Tell whether a value is null."""
    return value is None


def is_number(value: Any) -> TypeGuard[float]:
    """Tell whether a value is a JSON number; in Python `True` is an `int`, in JSON it is not."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def is_integer(value: Any) -> TypeGuard[float]:
    """Tell whether a value is a JSON number without a fraction."""
    return is_number(value) and value == int(value)


def equals(value: Any, *accepted: Any) -> bool:
    """Tell whether a value is one of those accepted, as JSON compares: `True` is not 1."""
    return any(_same(value, other) for other in accepted)


def member(owner: Any, name: str) -> Any:
    """Return a property of an object or of a nested model; `UNSET` where there is none."""
    if isinstance(owner, Mapping):
        return owner.get(name, UNSET)
    if hasattr(owner, _ATTRIBUTES):
        return owner.to_dict().get(name, UNSET)
    return UNSET


def _same(left: Any, right: Any) -> bool:
    if isinstance(left, Unset) or isinstance(left, bool) != isinstance(right, bool):
        return False
    if isinstance(left, (list, tuple)) and isinstance(right, (list, tuple)):
        return len(left) == len(right) and all(map(_same, left, right))
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(_same(left[key], right[key]) for key in left)
    return bool(left == right)


def as_list(value: Any) -> Any:
    """Return a tuple as a list, which is what JSON has; leave everything else for the checks to judge."""
    return list(value) if isinstance(value, tuple) else value
