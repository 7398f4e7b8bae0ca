"""What openapi-python-client leaves out of a document, and what of it the project has decided to live with."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from rulewright.errors import InputError
from rulewright.merged import Merged
from rulewright.openapi.faults import wire_path
from rulewright.openapi.operations import operations
from rulewright.overlay import notes

ACCEPTED: Final = "x-accepted-gaps"
_KEYS: Final = ("at", "problem", "reason")
_SHOWN: Final = 20
_PLACES: Final = 3
_PLACE: Final = re.compile(
    r"(?:parsing (?P<operation>[A-Z]+ \S+) within|schema (?P<schema>/components/\S+?):?(?:\s|$))"
)


@dataclass(frozen=True)
class Gap:
    """One thing the generated client lacks.

    Args:
        at: The operation (`GET /things`) or the schema (`/components/schemas/Thing`).
        problem: The generator's message, on one line.
        reason: Why the project accepts it; empty if it does not.
    """

    at: str
    problem: str
    reason: str = ""


class UnacceptedGapError(InputError):
    """The generator left something out that the project does not accept.

    Args:
        message: What, and the way out.
        gaps: The same as data.
    """

    def __init__(self, message: str, gaps: Sequence[Gap]) -> None:
        super().__init__(message)
        self.gaps = tuple(gaps)


@dataclass(frozen=True)
class Coverage:
    """How much of a document a client has.

    Args:
        documented: How many operations the document has.
        usable: How many of them the client has.
    """

    documented: int
    usable: int

    def __str__(self) -> str:
        return f"{self.usable} of {self.documented} operations usable"


def accepted_gaps(merged: Merged) -> list[Gap]:
    """Return the gaps that the project accepts; of the problem each may name a part.

    Raises:
        InputError: An entry is malformed.
    """
    result = []
    for overlay, index, entry in notes(merged.overlays, ACCEPTED):
        fits = isinstance(entry, dict) and set(entry) == set(_KEYS)
        if not fits or not all(isinstance(entry[key], str) and entry[key].strip() for key in _KEYS):
            message = (
                "an accepted gap has at (GET /path, or /components/schemas/Name), the problem (as the message has it, "
                "or a part of that) and a reason, all text"
            )
            raise overlay.document.error(message, (ACCEPTED, index))
        result.append(Gap(**entry))
    return result


def unsupported_parameters(document: Any) -> Iterator[str]:
    """Yield a message for each parameter of OpenAPI 3.2 that is a whole query string, which is not sent."""
    for operation in operations(document):
        for each in operation.parameters:
            if each.get("in") == "querystring":
                place = f"parsing {operation.method.upper()} {operation.path} within its parameters"
                yield f"{place}: the parameter {each.get('name')} is a whole query string, which it ignores"


def unsupported_methods(document: Any) -> Iterator[str]:
    """Yield a message for each operation of OpenAPI 3.2 with a method that the generator skips silently."""
    for path, item in document.get("paths", {}).items():
        others = item.get("additionalOperations") if isinstance(item, dict) else None
        methods = [*(["QUERY"] if "query" in item else []), *(others if isinstance(others, dict) else [])]
        for method in methods if str(document.get("openapi")).startswith("3.2.") else ():
            yield f"parsing {method.upper()} {path} within {path}. It knows no such method; the operation is left out"


def read_gaps(errors: Sequence[str], accepted: Sequence[Gap], coverage: Coverage) -> tuple[Gap, ...]:
    """Return what the generator left out, all of it accepted.

    Args:
        errors: The messages of the generator.
        accepted: The gaps that are accepted.
        coverage: What of the document the client has.

    Raises:
        UnacceptedGapError: Something was left out that the project does not accept.
        InputError: There is no operation left, or an accepted gap no longer exists.
    """
    gaps = tuple(_gap(text, accepted) for text in dict.fromkeys(errors))
    if not coverage.usable:
        raise InputError("\n  ".join(["the client would have no operation:", *describe(gaps)]))
    if open_ones := [gap for gap in gaps if not gap.reason]:
        raise UnacceptedGapError(
            "openapi-python-client cannot express the whole document, and a client with pieces missing is worse "
            f"than none ({coverage}); correct these in an overlay:\n  "
            + "\n  ".join(describe(open_ones))
            + f"\n  or accept what is missing, with a reason, in {ACCEPTED} of an overlay: "
            "the client then goes without",
            open_ones,
        )
    for each in accepted:
        if not any(_covers(each, gap) for gap in gaps):
            raise InputError(f"{ACCEPTED}: there is no such gap at {each.at!r} (any more); remove the entry")
    return gaps


def describe(gaps: Sequence[Gap]) -> list[str]:
    """Return a line for each problem, with the places that have it."""
    places: dict[str, list[str]] = {}
    for gap in gaps:
        problem = gap.problem.replace(gap.at, "...")
        shown = problem.removeprefix("schema ...: ").removeprefix("parsing ... within its ")
        places.setdefault(shown, []).append(gap.at)
    lines = []
    for problem, found in places.items():
        others = f" and {len(found) - _PLACES} more" if len(found) > _PLACES else ""
        lines.append(f"{', '.join(found[:_PLACES])}{others}: {problem}")
    left = len(lines) - _SHOWN
    return [*lines[:_SHOWN], *([f"... and {left} more problems"] if left > 0 else [])]


def _covers(accepted: Gap, gap: Gap) -> bool:
    return accepted.at == gap.at and " ".join(accepted.problem.split()) in gap.problem


def place_of(text: str) -> str:
    """Return the operation or schema that a message of the generator is about."""
    found = _PLACE.search(text)
    return (found["operation"] or found["schema"]) if found else "the document"


def _gap(text: str, accepted: Sequence[Gap]) -> Gap:
    gap = Gap(place_of(text), " ".join(text.split()))
    reasons = (each.reason for each in accepted if _covers(each, gap))
    return replace(gap, reason=next(reasons, ""))


def find_dropped(gaps: Sequence[Gap], made: Collection[tuple[str, str]]) -> frozenset[tuple[str, str]]:
    """Return the method and path of each operation that the client lacks altogether.

    Args:
        gaps: What the client lacks.
        made: Method and path, as it is sent, of each operation that it has.
    """
    places = (gap.at.split(" ", 1) for gap in gaps if " /" in gap.at)
    return frozenset((method.lower(), path) for method, path in places if (method.lower(), wire_path(path)) not in made)
