"""Ids of tasks as a document wants them: numbers, or texts of a pattern and a length."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from ._pattern import matching
from ._spec import Schema

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
    yield str
    yield _bare
    start = matching(str(schema.get("pattern", ""))) or ""
    yield lambda new: start + new
    yield lambda new: start + _bare(new)
    for length in range(schema.get("maxLength") or 32, 3, -1):
        yield lambda new, length=length: (start + _bare(new))[:length]  # type: ignore[misc]
        yield lambda new, length=length: str(int(_bare(new), 16))[:length]  # type: ignore[misc]


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
