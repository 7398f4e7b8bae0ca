"""What openapi-python-client leaves out of a document, and what of it the project has decided to live with."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from rulewright.errors import InputError
from rulewright.generate.operations import credentials
from rulewright.merged import Merged
from rulewright.openapi.operations import is_ignored, operations, parameters
from rulewright.overlay import notes

ACCEPTED: Final = "x-accepted-gaps"
_KEYS: Final = ("at", "reason")
_SHOWN: Final = 20
_PLACE: Final = re.compile(
    r"(?:parsing (?P<operation>[A-Z]+ \S+) within|schema (?P<schema>/components/\S+?):?(?:\s|$))"
)


@dataclass(frozen=True)
class Gap:
    """One thing the generated client lacks.

    Args:
        at: The operation (`GET /things`) or the schema (`/components/schemas/Thing`).
        problem: The generator's message.
        reason: Why the project accepts it; empty if it does not.
    """

    at: str
    problem: str
    reason: str = ""

    def data(self) -> dict[str, str]:
        """Return the gap as JSON."""
        return {"at": self.at, "problem": self.problem, "reason": self.reason}


class UnacceptedGapError(InputError):
    """The generator left something out that the project does not accept.

    Args:
        message: What, and the way out.
        gaps: The same as data.
    """

    def __init__(self, message: str, gaps: Sequence[Gap]) -> None:
        super().__init__(message)
        self.gaps = tuple(gaps)


def accepted_gaps(merged: Merged) -> dict[str, str]:
    """Return the reason of each accepted gap by its place.

    Raises:
        InputError: An entry is malformed.
    """
    result = {}
    for overlay, index, entry in notes(merged.overlays, ACCEPTED):
        fits = isinstance(entry, dict) and set(entry) == set(_KEYS)
        if not fits or not all(isinstance(entry[key], str) and entry[key].strip() for key in _KEYS):
            message = "an accepted gap has at (GET /path, or /components/schemas/Name) and a reason, both text"
            raise overlay.document.error(message, (ACCEPTED, index))
        result[entry["at"]] = entry["reason"]
    return result


def unsupported_parameters(document: Any) -> Iterator[str]:
    """Yield a message for each parameter that is not sent in the style of the document, or not at all.

    Source: OpenAPI 3.0 and 3.1, Parameter Object, `style` and `name`. The generator does not report these.
    """
    for operation in operations(document):
        place = f"parsing {operation.method.upper()} {operation.path} within its parameters"
        for text in _unsupported_styles(operation.parameters):
            yield f"{place}: {text}, which it ignores"
        given = (document["paths"][operation.path].get("parameters"), operation.body.get("parameters"))
        named = {str(each["name"]).lower() for part in given for each in parameters(document, part) if is_ignored(each)}
        if "authorization" in named and not any(
            name.lower() == "authorization" for _, name, _ in credentials(operation)
        ):
            yield (
                f"{place}: the header parameter Authorization has no meaning in OpenAPI 3, "
                "where a security scheme says how to authenticate, and this operation has none for it"
            )


def unsupported_methods(document: Any) -> Iterator[str]:
    """Yield a message for each operation of OpenAPI 3.2 with a method that the generator skips silently."""
    for path, item in document.get("paths", {}).items():
        others = item.get("additionalOperations") if isinstance(item, dict) else None
        methods = [*(["QUERY"] if "query" in item else []), *(others if isinstance(others, dict) else [])]
        for method in methods if str(document.get("openapi")).startswith("3.2.") else ():
            yield f"parsing {method.upper()} {path} within {path}. It knows no such method; the operation is left out"


def read_gaps(errors: Sequence[str], accepted: Mapping[str, str]) -> tuple[Gap, ...]:
    """Return what the generator left out, all of it accepted.

    Args:
        errors: The messages of the generator.
        accepted: Reasons by place.

    Raises:
        UnacceptedGapError: Something was left out that the project does not accept.
        InputError: An accepted gap no longer exists.
    """
    gaps = tuple(_gap(text, accepted) for text in dict.fromkeys(errors))
    if open_ones := [gap for gap in gaps if not gap.reason]:
        shown = [line for gap in open_ones[:_SHOWN] for line in _lines(gap)]
        more = len(open_ones) - _SHOWN
        raise UnacceptedGapError(
            "openapi-python-client cannot express the whole document, and a client with pieces missing is worse "
            "than none; correct these in an overlay:\n  "
            + "\n  ".join([*shown, *([f"... and {more} more"] if more > 0 else [])])
            + f"\n  or accept what is missing, with a reason, in {ACCEPTED} of an overlay: "
            "the client then goes without",
            open_ones,
        )
    if stale := sorted(set(accepted) - {gap.at for gap in gaps}):
        raise InputError(f"{ACCEPTED}: the generator leaves nothing out at {stale[0]!r} (any more); remove the entry")
    return gaps


def _unsupported_styles(given: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the parameter styles that the generated client cannot send."""
    plain = {"query": "form", "cookie": "form", "path": "simple", "header": "simple"}
    for parameter in given:
        if parameter.get("in") == "querystring":
            yield f"the parameter {parameter.get('name')} is a whole query string"
            continue
        style = parameter.get("style", plain.get(parameter.get("in", "")))
        if style != plain.get(parameter.get("in", "")):
            yield f"the {parameter.get('in')} parameter {parameter.get('name')} has the style {style}"


def place_of(text: str) -> str:
    """Return the operation or schema that a message of the generator is about."""
    found = _PLACE.search(text)
    return (found["operation"] or found["schema"]) if found else "the document"


def _gap(text: str, accepted: Mapping[str, str]) -> Gap:
    at = place_of(text)
    return Gap(at, text.strip(), accepted.get(at, ""))


def _lines(gap: Gap) -> list[str]:
    lines = [line for line in gap.problem.splitlines() if line.strip()]
    return lines if gap.at in lines[0] else [f"{gap.at}: {lines[0]}", *lines[1:]]


def dropped(gaps: Sequence[Gap], report: Mapping[str, Any]) -> frozenset[tuple[str, str]]:
    """Return the method and path of each operation that the client lacks altogether."""
    made = {(entry["method"], entry["path"]) for entry in report["operations"]}
    places = {tuple(gap.at.split(" ", 1)) for gap in gaps if " /" in gap.at}
    return frozenset((method.lower(), path) for method, path in places if (method.lower(), path) not in made)
