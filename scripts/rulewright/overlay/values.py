"""JSON values as the overlay engine compares, copies, hashes and shows them."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Final, Literal

Kind = Literal["object", "array", "primitive"]
SHOWN: Final = 160


def kind(value: Any) -> Kind:
    """Return which of the three kinds of the Overlay Specification a value is; null is a primitive."""
    if isinstance(value, dict):
        return "object"
    return "array" if isinstance(value, list) else "primitive"


def a_kind(value: Any) -> str:
    """Return the kind with its article, for a message: "an object", "null", "the string 'x'"."""
    if isinstance(value, (dict, list)):
        return "an object" if isinstance(value, dict) else "an array"
    return f"the primitive {show(value)}"


def clone(value: Any) -> Any:
    """Return a deep copy that shares no container with its original, nor within itself.

    `copy.deepcopy` keeps sharing inside the value: two places of one document would change together.
    """
    if isinstance(value, dict):
        return {key: clone(item) for key, item in value.items()}
    if isinstance(value, list):
        return [clone(item) for item in value]
    return value


def same(left: Any, right: Any) -> bool:
    """Return whether two values are written alike: 1, 1.0 and true differ, the order of keys is nothing."""
    if type(left) is not type(right):
        return False
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(item, right[key]) for key, item in left.items())
    if isinstance(left, list):
        return len(left) == len(right) and all(same(a, b) for a, b in zip(left, right, strict=True))
    return bool(repr(left) == repr(right)) if isinstance(left, float) else bool(left == right)


def canonical(value: Any) -> str:
    """Return one text for each JSON value: sorted keys, no white space, no escapes, 1.0 written as 1."""
    return json.dumps(_plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def digest(value: Any) -> str:
    """Return `sha256:` and the hexadecimal SHA-256 of the canonical text."""
    return "sha256:" + hashlib.sha256(canonical(value).encode("utf-8", "surrogatepass")).hexdigest()


def show(value: Any) -> str:
    """Return a value as JSON on one line, cut after 160 characters."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= SHOWN else text[:SHOWN] + " …"


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
