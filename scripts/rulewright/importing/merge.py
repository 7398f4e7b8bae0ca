"""Make one document of the documents of several pages."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from rulewright.errors import InputError
from rulewright.importing.page import edition_of
from rulewright.openapi.document import Document
from rulewright.openapi.operations import Operation, operations
from rulewright.openapi.pointer import ABSENT, Location, at, differences

_CUT: Final = 100

# Operations inherit these, so adding one to a document, or to a path, would change operations already there.
_INHERITED: Final = ("openapi", "$self", "info", "servers", "security", "jsonSchemaDialect")
_TEXTS: Final = ("title", "summary", "description", "example")
_INHERITED_BY_PATH: Final = ("$ref", "servers", "parameters")


@dataclass(frozen=True)
class Disagreement:
    """A part that a document has otherwise than one before it; the earlier one is kept.

    Args:
        document: The name of the later document.
        error: What differs, with both places and values.
        kind: `text` where only texts differ, as between two languages, `api` where the documents are of different
            APIs, so that nothing of the later one is taken, else `part`.
    """

    document: str
    error: InputError
    kind: Literal["text", "part", "api"]


def merge(documents: Sequence[Document], disagreements: list[Disagreement] | None = None) -> Any:
    """Return one document of several; the first one itself where the others add nothing.

    Paths are joined by method, components by section and name, tags by name; equal parts are unified. What operations
    inherit (version, info, servers, root security; a path's parameters and servers) must be the same, present or
    absent, in all documents that hold it.

    Args:
        documents: The documents.
        disagreements: Where to put disagreements, instead of raising the first one. A document that inherits
            otherwise belongs to another API, and adds nothing.

    Raises:
        InputError: Two documents disagree about a part (names both places, the first difference and both
            values), or two operations claim one operationId.
    """
    merged = copy.deepcopy(documents[0].value)
    taken = [documents[0]]
    is_larger = False
    for document in documents[1:]:
        comparison = _Comparison(taken, document, disagreements)
        if disagreements is None or comparison.is_of_one_api(merged):
            is_larger |= comparison.add(merged, document.value, ())
            taken.append(document)
    _check_operation_ids(taken)
    return merged if is_larger else documents[0].value


class _Comparison:
    """One document against those before it."""

    def __init__(
        self, earlier: Sequence[Document], document: Document, disagreements: list[Disagreement] | None
    ) -> None:
        self.earlier = tuple(earlier)
        self.document = document
        self.disagreements = disagreements

    def is_of_one_api(self, merged: Any) -> bool:
        """Return whether a document inherits what the first one does and has its title; note it if not.

        In another language the title may be another one.
        """
        titles = (("info", "title"),) * (edition_of(self.earlier[0].path) == edition_of(self.document.path))
        for location in (*((key,) for key in _INHERITED if key != "info"), *titles):
            ours, theirs = (at(value, location, ABSENT) for value in (merged, self.document.value))
            if next(differences(ours, theirs), None):
                self._disagree(location, ours, theirs, is_api=True)
                return False
        return True

    def add(self, merged: Any, value: Any, location: Location) -> bool:
        """Add to `merged` what it lacks of `value`, both at a place where keys are joined; return whether it grew."""
        of_path = _INHERITED_BY_PATH if len(location) == 2 and location[0] in {"paths", "webhooks"} else ()
        for key in of_path if location else _INHERITED:
            if (key in merged) != (key in value):
                self._disagree((*location, key), merged.get(key, ABSENT), value.get(key, ABSENT))
        is_larger = False
        for key, child in value.items():
            here = (*location, key)
            if key not in merged:
                merged[key] = copy.deepcopy(child)
                is_larger = True
            elif _is_joined(here, merged[key], child):
                is_larger |= self.add(merged[key], child, here)
            elif here == ("tags",) and _by_name(merged[key]) and _by_name(child):
                known = _by_name(merged[key])
                for name, index in _by_name(child).items():
                    if name in known:
                        self._disagree(("tags", index), merged[key][known[name]], child[index])
                    else:
                        merged[key].append(copy.deepcopy(child[index]))
                        is_larger = True
            else:
                self._disagree(here, merged[key], child)
        return is_larger

    def _disagree(self, location: Location, ours: Any, theirs: Any, *, is_api: bool = False) -> None:
        """Note or raise the first difference of two parts, if there is one."""
        found = list(differences(ours, theirs))
        if not found:
            return
        first = min(found, key=lambda each: _is_text((*location, *each[0])))  # what is more than a text, if anything is
        place, ours, theirs = (*location, *first[0]), *first[1:]
        other = _place(*self._first_with(place))
        pairs = zip(ours, theirs, strict=False) if isinstance(ours, str) and isinstance(theirs, str) else ()
        # how much is the same, so that the message shows the part that is not
        start = sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], pairs))
        lines = [
            f"disagrees with {other}",
            f"{other} has {_excerpt(ours, start)}",
            f"{_place(self.document, place)} has {_excerpt(theirs, start)}",
            "pages of one API must agree: fetch both again, or leave one out",
        ]
        error = self.document.error("\n  ".join(lines), place)
        if self.disagreements is None:
            raise error
        kind: Literal["text", "part", "api"] = "api" if is_api else "text" if _is_text(place) else "part"
        self.disagreements.append(Disagreement(self.document.path, error, kind))

    def _first_with(self, location: Location) -> tuple[Document, Location]:
        """Return the earlier document that brought the part, and where the part stands there."""
        if location[0] == "tags" and len(location) > 1:
            name = self.document.value["tags"][location[1]]["name"]
            for document in self.earlier:
                index = _by_name(document.value.get("tags")).get(name)
                if index is not None:
                    return document, ("tags", index, *location[2:])
        for depth in (3, 2, 1):  # the part itself, or what ought to hold it
            for document in self.earlier:
                if at(document.value, location[:depth], ABSENT) is not ABSENT:
                    return document, location
        return self.earlier[0], location


def _is_joined(location: Location, one: Any, other: Any) -> bool:
    """Return whether the keys found here are joined; elsewhere a part is taken whole."""
    head, *rest = location
    if head not in {"paths", "webhooks", "components"} or len(rest) > 1:
        return False
    return not str(*rest).startswith("x-") and isinstance(one, dict) and isinstance(other, dict)


def _by_name(tags: Any) -> dict[str, int]:
    """Return the index of each tag, or nothing where a name is missing or stands twice."""
    entries = tags if isinstance(tags, list) else []
    names = [tag.get("name") for tag in entries if isinstance(tag, dict)]
    indexes = {name: index for index, name in enumerate(names) if isinstance(name, str)}
    return indexes if len(indexes) == len(entries) else {}


def _check_operation_ids(documents: Sequence[Document]) -> None:
    claimed: dict[str, tuple[Document, Operation]] = {}
    for document in documents:
        for operation in operations(document.value):
            name = operation.body.get("operationId")
            if not isinstance(name, str):
                continue
            first, taken = claimed.setdefault(name, (document, operation))
            if first is not document and taken.location != operation.location:
                owner = f"{taken.title} ({_place(first, (*taken.location, 'operationId'))})"
                message = f"the operationId {name!r} is taken by {owner}; it must be unique"
                raise document.error(message, (*operation.location, "operationId"))


def _place(document: Document, location: Location) -> str:
    line = document.line(location)
    return document.path if line is None else f"{document.path}:{line}"


def _excerpt(value: Any, start: int) -> str:
    if value is ABSENT:
        return "nothing"
    head = ""
    if isinstance(value, str) and start > _CUT // 2:
        head, value = "...", value[start - _CUT // 4 :]
    text = repr(value)
    return head + (text if len(text) <= _CUT else text[: _CUT - 3] + "...")


def _is_text(location: Location) -> bool:
    """Return whether a place holds words for people, which two languages write differently."""
    return bool(location) and location[-1] in _TEXTS and location[-2:-1] != ("properties",)
