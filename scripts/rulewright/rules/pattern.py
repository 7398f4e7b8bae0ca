r"""Regular expressions of JSON Schema (ECMA-262) as Python's `re` must write them to mean the same.

`\d`, `\s` and `\w` match other characters in Python than in ECMA-262, `$` also matches before a final line
feed, and `.` stops at other line ends. Everything beyond the part both languages share is refused.
"""

from __future__ import annotations

import re
from typing import Final

_SPACE: Final = r"\t\n\x0b\x0c\r \xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
_CLASSES: Final = {"d": "0-9", "w": "A-Za-z0-9_", "s": _SPACE}
_PLAIN_ESCAPES: Final = frozenset("^$\\.*+?()[]{}|/-tnrfv")
_HEX_ESCAPE: Final = re.compile(r"\\(?:x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4})")
_GROUP: Final = re.compile(r"\((?:\?(?::|=|!))?")
_QUANTIFIER: Final = re.compile(r"(?:[*+?]|\{[0-9]+(?:,[0-9]*)?\})\??")


class PatternError(ValueError):
    """A regular expression uses something the two languages do not share."""


def translate(pattern: str) -> str:
    """Return the Python spelling of an ECMA-262 pattern; use it with `re.search`.

    Raises:
        PatternError: It uses a construct outside the shared part, or is not a regular expression.
    """
    result: list[str] = []
    position = 0
    while position < len(pattern):
        piece, position = _next(pattern, position)
        result.append(piece)
    text = "".join(result)
    try:
        re.compile(text)
    except (re.error, OverflowError, RecursionError) as error:
        raise PatternError(str(error)) from error
    return text


def _next(pattern: str, at: int) -> tuple[str, int]:
    char = pattern[at]
    if char == "\\":
        return _escape(pattern, at)
    if char == "[":
        return _class(pattern, at)
    if char == "$":
        return r"\Z", at + 1
    if char == ".":
        return r"[^\n\r\u2028\u2029]", at + 1
    if char == "(":
        group = _GROUP.match(pattern, at)
        if group is None or pattern[group.end() : group.end() + 1] == "?":
            raise PatternError(f"the group at position {at} is of a kind that is not shared")
        return group.group(), group.end()
    if char == "{" and not _QUANTIFIER.match(pattern, at):
        raise PatternError(f"the brace at position {at} must be escaped")
    if quantifier := _QUANTIFIER.match(pattern, at):
        if pattern[quantifier.end() : quantifier.end() + 1] in {"+", "*"}:
            raise PatternError(f"the quantifier at position {at} is possessive")
        return quantifier.group(), quantifier.end()
    return char, at + 1


def _escape(pattern: str, at: int, *, in_class: bool = False) -> tuple[str, int]:
    if found := _HEX_ESCAPE.match(pattern, at):
        return found.group(), found.end()
    char = pattern[at + 1 : at + 2]
    if char in _CLASSES:
        inner = _CLASSES[char]
        return (inner if in_class else f"[{inner}]"), at + 2
    if char.lower() in _CLASSES and char:
        if in_class:
            raise PatternError(f"the negated class \\{char} inside brackets at position {at} is not shared")
        return f"[^{_CLASSES[char.lower()]}]", at + 2
    if not char or char not in _PLAIN_ESCAPES:
        raise PatternError(f"the escape \\{char} at position {at} is not shared")
    return {"/": "/", "v": r"\x0b"}.get(char, "\\" + char), at + 2


def _class(pattern: str, at: int) -> tuple[str, int]:
    position = at + 1
    result = ["["]
    if pattern[position : position + 1] == "^":
        result.append("^")
        position += 1
    if pattern[position : position + 1] == "]":
        raise PatternError(f"the empty class at position {at} is not shared")
    while position < len(pattern) and pattern[position] != "]":
        if pattern[position] == "\\":
            piece, position = _escape(pattern, position, in_class=True)
        else:
            piece, position = pattern[position], position + 1
            piece = "\\" + piece if piece in "[&~|" else piece
        result.append(piece)
    if position == len(pattern):
        raise PatternError(f"the class at position {at} is not closed")
    return "".join([*result, "]"]), position + 1
