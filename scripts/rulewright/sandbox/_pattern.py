"""Make up a text that a regular expression matches: the shortest, made of the plainest characters."""

from __future__ import annotations

import re
from importlib import import_module
from typing import Any, Final

_PLAIN: Final = "a0A-_ .:/@"
_MAX_REPEAT: Final = 64
_WORDS: Final = {"CATEGORY_DIGIT": "0", "CATEGORY_WORD": "a", "CATEGORY_SPACE": " "}
_OTHERS: Final = {"CATEGORY_NOT_DIGIT": "a", "CATEGORY_NOT_WORD": "-", "CATEGORY_NOT_SPACE": "a"}


def matching(pattern: str, shortest: int = 0) -> str | None:
    """Return a text that holds a match of a pattern, or None where none was found.

    What looks around, refers back or asks for letters of a script is beyond this; the result is checked, so that
    an answer is always right.

    Args:
        pattern: As JSON Schema has it: not anchored, unless it says so.
        shortest: How many characters the text must have.
    """
    try:
        parsed = import_module("re._parser").parse(pattern)
        texts = [_text(parsed, more) for more in (0, 1, max(0, shortest - 1), shortest)]
        texts += [text.ljust(shortest, "a") for text in texts]  # right where the pattern has no end
        return next((text for text in texts if len(text) >= shortest and re.search(pattern, text)), None)
    except (re.error, LookupError, RecursionError, OverflowError):
        return None


def _text(parsed: Any, more: int) -> str:
    """Return a text for a parsed pattern; what may repeat does so `more` times beyond its least."""
    return "".join(_one(str(kind), argument, more) for kind, argument in parsed)


def _one(kind: str, argument: Any, more: int) -> str:
    match kind:
        case "LITERAL":
            return chr(argument)
        case "ANY":
            return "a"
        case "NOT_LITERAL":
            return next(char for char in _PLAIN if ord(char) != argument)
        case "IN":
            return _member(argument)
        case "BRANCH":
            return _text(argument[1][0], more)
        case "SUBPATTERN":
            return _text(argument[-1], more)
        case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
            least, most, inner = int(argument[0]), int(argument[1]), argument[2]
            return _text(inner, 0) * min(max(least, min(int(most), least + more)), max(least, _MAX_REPEAT))
        case "AT" | "ASSERT" | "ASSERT_NOT":
            return ""
        case _:
            raise LookupError(kind)


def _member(members: Any) -> str:
    """Return a character of a class, such as `[a-f0-9]` or `[^/]`."""
    kinds = [(str(kind), argument) for kind, argument in members]
    if kinds[0][0] == "NEGATE":
        return next(char for char in _PLAIN if not any(_holds(char, *member) for member in kinds[1:]))
    kind, argument = kinds[0]
    if kind == "RANGE":
        return chr(argument[0])
    return chr(argument) if kind == "LITERAL" else {**_WORDS, **_OTHERS}[str(argument)]


def _holds(char: str, kind: str, argument: Any) -> bool:
    if kind == "RANGE":
        return bool(argument[0] <= ord(char) <= argument[1])
    if kind == "LITERAL":
        return bool(argument == ord(char))
    word = str(argument).replace("NOT_", "")
    found = {"CATEGORY_DIGIT": str.isdecimal, "CATEGORY_SPACE": str.isspace}.get(word, _is_word)(char)
    return found is ("NOT_" not in str(argument))


def _is_word(char: str) -> bool:
    return char.isalnum() or char == "_"
