"""Explain an error by its cause: a name that the vendor changed, or whatever else does not fit."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from rulewright.errors import InputError
from rulewright.openapi.document import Document, load, read_written
from rulewright.openapi.pointer import at, encode
from rulewright.overlay import Overlay, load_overlay
from rulewright.project import Project

_SHOWN: Final = 10
_CUT: Final = 160
_ALIKE: Final = 0.5
_WORDS: Final = ("description", "summary", "title", "example", "examples", "operationId")


def explain(project: Project, error: InputError) -> InputError:
    """Return an error that names the cause of another: names that the vendor changed, or else all that does not fit.

    Applying stops at the first fault, but adapting a project to a changed page needs all of them; a renamed schema, on
    the other hand, is one fault wherever the overlays name it.
    """
    from rulewright.impact.revision import revise  # noqa: PLC0415  only needed here

    try:
        vendor, overlays = load(project.spec), [load_overlay(path) for path in project.overlays]
        if lines := [line for name in renames(project, vendor) for line in _mentions(vendor, overlays, *name)]:
            return InputError("\n".join(lines))
        conflicts = revise("", vendor, overlays).conflicts
    except InputError:
        return error
    message = str(error)
    heads = dict.fromkeys(conflict.reason.partition("\n")[0].strip() for conflict in conflicts)
    new = [head for head in heads if head.partition(": ")[2] not in message]  # the message names the place as well
    others = [head if len(head) <= _CUT else f"{head[:_CUT]}..." for head in new]
    if not others:
        return error
    more = [f"and {len(others) - _SHOWN} more"] if len(others) > _SHOWN else []
    return InputError(
        "\n".join([message, "  these do not fit either:", *(f"    {each}" for each in (*others[:_SHOWN], *more))])
    )


def renames(project: Project, vendor: Document) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """Yield section, old and new name of each component or path that the vendor renamed since the last build."""
    before = read_written(project.effective)
    components = at(vendor.value, ("components",))
    for section in [
        ("paths",),
        *(("components", each) for each in (components if isinstance(components, dict) else ())),
    ]:
        old, new = at(before, section), at(vendor.value, section)
        if not isinstance(old, dict) or not isinstance(new, dict):
            continue
        come = {name: set(_leaves(new[name], ())) for name in new if name not in old}
        for name in (each for each in old if each not in new):
            leaves = set(_leaves(old[name], ()))
            scores = {to: len(leaves & other) / max(len(leaves), len(other), 1) for to, other in come.items()}
            best = max(scores, key=lambda to: scores[to], default=None)
            if best is not None and scores[best] >= _ALIKE:
                del come[best]
                yield section, name, best


def _leaves(value: Any, location: tuple[str | int, ...]) -> Iterator[tuple[str, str]]:
    """Yield what identifies a part of a document: its values and their places, without words and overlays."""
    if isinstance(value, dict | list):
        for key, child in value.items() if isinstance(value, dict) else enumerate(value):
            is_ours = isinstance(child, dict) and "x-rule" in child
            if not is_ours and not (isinstance(key, str) and (key.startswith("x-") or key in _WORDS)):
                yield from _leaves(child, (*location, key))
    else:
        yield encode(location), repr(value)


def _mentions(
    vendor: Document, overlays: Sequence[Overlay], section: tuple[str, ...], old: str, new: str
) -> Iterator[str]:
    """Yield the lines about one new name, if the overlays have the old one: in targets, references or sources."""
    word, pointer = re.escape(old), re.escape(encode((old,)))
    name = re.compile(rf"{section[-1]}(?:\.{word}(?![\w-])|\[(['\"]){word}\1\]|{pointer}(?![\w-]))")
    places = [
        f"  {overlay.path}:{number}: {line.strip()}"
        for overlay in overlays
        for number, line in enumerate(overlay.document.text.splitlines(), 1)
        if name.search(line)
    ]
    if places:
        line = vendor.line((*section, new))
        yield f"{vendor.path}:{line}: {'.'.join(section)}: {old} is called {new} now; rename it in the overlays:"
        yield from places
