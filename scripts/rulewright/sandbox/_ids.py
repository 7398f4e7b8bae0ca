"""Ids of tasks as a document wants them: numbers, or texts of a pattern and a length."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from rulewright.sandbox._pattern import matching
from rulewright.sandbox._spec import Schema

_TRIED: Final = ("e3e70682-c209-4cac-a29f-6fbed82c07cd", "f728b4fa-4248-4e3a-aa5d-2f346baa9455")


def form_of(schema: Schema) -> Callable[[str], str]:
    """Return what makes an id that fits a schema of a UUID; the UUID itself where nothing else does."""
    if is_number(schema):
        return lambda new: str(int(new[:8], 16))
    return next((form for form in _forms(schema) if _works(form, schema)), str)


def is_number(schema: Schema) -> bool:
    """Tell whether ids are numbers."""
    return schema.get("type") in {"integer", "number"}


def _forms(schema: Schema) -> Iterator[Callable[[str], str]]:
    """Yield ways to make an id: after more and more of the plainest text of the pattern, whole or cut."""
    plain = matching(str(schema.get("pattern", ""))) or ""
    lengths = {1000, schema.get("maxLength") or 1000, len(plain) or 1000}
    for kept in range(len(plain) + 1):
        for length in sorted(lengths, reverse=True):
            for write in (str, _bare, _digits):
                yield (
                    lambda new, kept=kept, length=length, write=write: (  # type: ignore[misc]
                        (plain[:kept] + write(new))[:length]
                    )
                )


def _digits(new: str) -> str:
    return str(int(_bare(new), 16))


def _works(form: Callable[[str], str], schema: Schema) -> bool:
    made = {form(new) for new in _TRIED}
    return len(made) == len(_TRIED) and all(_fits(schema, text) for text in made)


def _bare(new: str) -> str:
    return new.replace("-", "")


def _fits(schema: Schema, text: str) -> bool:
    pattern: Any = schema.get("pattern")
    try:
        found = pattern is None or re.search(pattern, text) is not None
    except re.error:
        found = True
    return found and schema.get("minLength", 0) <= len(text) <= schema.get("maxLength", 1000)
