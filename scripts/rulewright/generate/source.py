"""Python source text rendered from templates, in which foreign strings never become code.

Whatever comes from a document passes through `literal`, `docstring` or `comment`, or is made a name; the templates
have these as filters.
"""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from rulewright.errors import printable

_OURS: Final = frozenset(
    {
        "at", "bad", "body", "check_choice", "each", "equals", "fits", "found", "is_file", "is_integer", "is_multiple",
        "is_number", "is_unique", "member", "models", "name", "not_listed", "other", "others", "pointer_token", "re",
        "schema_violation", "self", "to_json", "value", "violated",
    }
)  # fmt: skip
"""The names that the functions of the compiled checks use beside those of fields."""
_LOOPS: Final = re.compile(r"(?:index|item)(?:_\d+)?")
_CONSTANTS: Final = frozenset(
    {
        "ABSENT",
        "FORMATS",
        "WHITE_SPACE",
        "UNSET",
        "BODIES",
        "RULE_SETS",
        "REQUESTS",
        "OPERATIONS",
        "SERVERS",
        "WAITERS",
        "SUBMITS",
        "POLL_ARGUMENTS",
    }
)
_TAKEN: Final = frozenset(dir(builtins)) | _OURS
RAW: Final = "raw"
"""The sub-package that holds the output of openapi-python-client."""


def in_raw(module: str = "") -> str:
    """Return the relative name of a module of openapi-python-client's output."""
    return f".{RAW}.{module}" if module else f".{RAW}"


def render(template: str, **data: Any) -> str:
    """Return the text that a template of this package makes of some data."""
    return _environment().get_template(template).render(**data)


@cache
def _environment() -> Environment:
    found = Environment(  # noqa: S701  it writes Python and Markdown; what is foreign is escaped by the filters below
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    found.filters |= {
        "literal": literal,
        "docstring": docstring,
        "comment": comment,
        "constant": constant,
        "cell": cell,
    }
    found.globals |= {"in_raw": in_raw}
    return found


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


def cell(text: str) -> str:
    """Return text that stays text in a Markdown table: no pipes, no HTML, no line ends."""
    safe = printable(" ".join(str(text).split())).replace("&", "&amp;").replace("<", "&lt;").replace("|", "\\|")
    return safe.replace("`", "'").replace("*", "\\*").replace("[", "\\[")


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
    taken = attribute in _TAKEN or keyword.iskeyword(attribute) or _LOOPS.fullmatch(attribute)
    return f"{attribute}_" if taken else attribute


def variables(attributes: Mapping[str, str]) -> dict[str, str]:
    """Return the local variable of each attribute, by the same keys; no two are alike."""
    result: dict[str, str] = {}
    for key, attribute in attributes.items():
        name = variable(attribute)
        while name in result.values():
            name += "_"
        result[key] = name
    return result
