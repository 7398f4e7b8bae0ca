"""Python source text built from foreign strings without ever letting them become code."""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Mapping
from typing import Any, Final

from rulewright.errors import printable

_OURS: Final = frozenset({"found", "item", "index", "bad", "body", "get", "member", "equals", "re", "self"})
_CONSTANTS: Final = frozenset({"ABSENT", "UNSET", "RULE_SET", "OPERATIONS", "SERVERS", "WAITERS", "SUBMITS"})
_TAKEN: Final = frozenset(dir(builtins)) | _OURS


def literal(value: Any) -> str:
    """Return the Python literal of a JSON value; invisible characters are escaped."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{literal(key)}: {literal(child)}" for key, child in value.items()) + "}"
    if isinstance(value, list | tuple):
        inner = ", ".join(map(literal, value))
        return f"[{inner}]" if isinstance(value, list) else f"({inner}{',' if len(value) == 1 else ''})"
    return repr(value)


def comment(text: str) -> str:
    """Return one comment line, whatever the text holds."""
    return "# " + printable(" ".join(text.split()))


def visible(code: str) -> str:
    """Return generated code with every character that a terminal or an editor would obey written as its escape.

    In a literal the escape means the same; in a comment or docstring it shows what the text holds. A generator that
    copies a description as it is would let it end lines, or show code in another order than it runs.
    """
    return code if code == printable(code) else printable(code)


def docstring(text: str) -> str:
    """Return a docstring literal, whatever the text holds."""
    safe = printable(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"""{safe}"""'


def constant(name: str) -> str:
    """Return a constant's name: `boxes-need-weight` gives BOXES_NEED_WEIGHT."""
    words = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name)
    text = re.sub(r"[^0-9A-Za-z]+", "_", words).strip("_").upper()
    if text in _CONSTANTS:
        return f"{text}_"
    return text if text and not text[0].isdigit() else f"_{text}"


def snake(name: str) -> str:
    """Return a function's or module's name: `getOrder` gives get_order."""
    text = constant(name).lower()
    return f"{text}_" if keyword.iskeyword(text) else text


def variable(attribute: str) -> str:
    """Return a local variable's name for an attribute, clear of builtins and of the module's own names."""
    if not attribute.isidentifier():
        raise ValueError(f"{attribute!r} is not an identifier")
    return f"{attribute}_" if attribute in _TAKEN or keyword.iskeyword(attribute) else attribute


def variables(attributes: Mapping[str, str]) -> dict[str, str]:
    """Return the local variable of each attribute, by the same keys; no two are alike."""
    result: dict[str, str] = {}
    for key, attribute in attributes.items():
        name = variable(attribute)
        while name in result.values():
            name += "_"
        result[key] = name
    return result
