"""What an action says about the document it was written for: `x-expect` and `x-was`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from rulewright.overlay.values import canonical, digest

_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True)
class Expect:
    """How many nodes a target must select; without `x-expect` exactly one.

    Written as a number, or as an object with `min`, `max` or both.
    """

    least: int = 1
    most: int | None = 1

    def allows(self, count: int) -> bool:
        """Tell whether a number of selected nodes is as expected."""
        return count >= self.least and (self.most is None or count <= self.most)

    def __str__(self) -> str:
        if self.least == self.most:
            return f"exactly {self.least}"
        if self.most is None:
            return f"at least {self.least}"
        return f"{self.least} to {self.most}" if self.least else f"at most {self.most}"


def parse_expect(value: Any) -> Expect:
    """Read an `x-expect`.

    Raises:
        ValueError: Neither a count nor an object of counts; the message says what would be right.
    """
    if _is_count(value):
        return Expect(value, value)
    if not isinstance(value, dict) or not value or value.keys() - {"min", "max"}:
        raise ValueError("must be a number of nodes, or an object with min, max or both")
    if not all(_is_count(item) for item in value.values()):
        raise ValueError("must count nodes: min and max are whole numbers from 0")
    expect = Expect(value.get("min", 0), value.get("max"))
    if expect.most is not None and expect.most < expect.least:
        raise ValueError(f"can never hold: min is {expect.least} and max is {expect.most}")
    return expect


def check_was(value: Any) -> None:
    """Check the form of an `x-was`.

    Raises:
        ValueError: It looks like a digest and is none.
    """
    if isinstance(value, str) and value.startswith("sha256:") and not _DIGEST.fullmatch(value):
        raise ValueError("must be sha256: and 64 hexadecimal digits in lower case, or the old value itself")


def was(expected: Any, value: Any, *, partial: bool) -> bool:
    """Tell whether a value is the one an `x-was` describes.

    Args:
        expected: The `x-was`: a digest, or the old value.
        value: The value found.
        partial: Whether objects are compared at the expected keys only, at every depth; else wholly.
    """
    if isinstance(expected, str) and expected.startswith("sha256:"):
        return digest(value) == expected
    if partial and isinstance(expected, dict) and isinstance(value, dict):
        return all(key in value and was(old, value[key], partial=True) for key, old in expected.items())
    return canonical(value) == canonical(expected)


def at_keys(expected: Any, value: Any) -> Any:
    """Return the part of a value that a partial `x-was` looks at, for a message."""
    if isinstance(expected, dict) and isinstance(value, dict):
        return {key: at_keys(old, value[key]) for key, old in expected.items() if key in value}
    return value


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
