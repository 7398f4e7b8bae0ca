"""Make one document of the documents of several pages, and write it in the style of the pages."""

from __future__ import annotations

import copy
import io
import itertools
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import yaml
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.scalarstring import SingleQuotedScalarString
from ruamel.yaml.util import load_yaml_guess_indent

from rulewright.errors import InputError
from rulewright.importing.page import edition_of
from rulewright.openapi.document import Document, parse, to_yaml
from rulewright.openapi.operations import Operation, operations
from rulewright.openapi.pointer import ABSENT, Location, at, differences

_CUT: Final = 100

# Operations inherit these, so adding one to a document, or to a path, would change operations already there.
_INHERITED: Final = ("openapi", "$self", "info", "servers", "security", "jsonSchemaDialect")
_TEXTS: Final = ("title", "summary", "description", "example")
_INHERITED_BY_PATH: Final = ("$ref", "servers", "parameters")


@dataclass(frozen=True)
class Addition:
    """One part that the documents before lack.

    Args:
        location: The key to set, or, for a tag, the list to append to.
        origin: Where the part stands in its own document.
        source: The index of that document.
    """

    location: Location
    origin: Location
    source: int


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


def plan(documents: Sequence[Document], disagreements: list[Disagreement] | None = None) -> list[Addition]:
    """List what each document adds to those before it, in order; equal parts are unified.

    Paths are joined by method, components by section and name, tags by name. What operations inherit
    (version, info, servers, root security; a path's parameters and servers) must be the same, present or
    absent, in all documents that hold it.

    Args:
        documents: The documents.
        disagreements: Where to put disagreements, instead of raising the first one. A document that inherits
            otherwise belongs to another API, and adds nothing.

    Raises:
        InputError: Two documents disagree about a part (names both places, the first difference and both
            values), or two operations claim one operationId.
    """
    values = [document.value for document in documents]
    merged = copy.deepcopy(values[0])
    additions: list[Addition] = []
    taken = [documents[0]]
    for source in range(1, len(documents)):
        comparison = _Comparison(taken, documents[source], source, disagreements)
        if disagreements is not None and not comparison.is_of_one_api(merged):
            continue
        found = list(comparison.missing(merged, documents[source].value, ()))
        for addition in found:
            _add(merged, values, addition)
        additions += found
        taken.append(documents[source])
    _check_operation_ids(taken)
    return additions


def merge(values: Sequence[Any], additions: Sequence[Addition]) -> Any:
    """Return a copy of the first value with the additions put in; any tree of dicts and lists will do."""
    merged = copy.deepcopy(values[0])
    for addition in additions:
        _add(merged, values, addition)
    return merged


def _add(merged: Any, values: Sequence[Any], addition: Addition) -> None:
    part = copy.deepcopy(at(values[addition.source], addition.origin))
    if addition.location == ("tags",) and len(addition.origin) == 2:
        merged["tags"].append(part)
    else:
        at(merged, addition.location[:-1])[addition.location[-1]] = part


class _Comparison:
    """One document against those before it."""

    def __init__(
        self, earlier: Sequence[Document], document: Document, source: int, disagreements: list[Disagreement] | None
    ) -> None:
        self.earlier = tuple(earlier)
        self.document = document
        self.source = source
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

    def missing(self, merged: Any, value: Any, location: Location) -> Iterator[Addition]:
        """Yield what `merged` lacks of `value`, both at a location where keys are joined."""
        of_path = _INHERITED_BY_PATH if len(location) == 2 and location[0] in {"paths", "webhooks"} else ()
        for key in of_path if location else _INHERITED:
            if (key in merged) != (key in value):
                self._disagree((*location, key), merged.get(key, ABSENT), value.get(key, ABSENT))
        for key, child in value.items():
            here = (*location, key)
            if key not in merged:
                yield Addition(here, here, self.source)
            elif _is_joined(here, merged[key], child):
                yield from self.missing(merged[key], child, here)
            elif here == ("tags",) and _by_name(merged[key]) and _by_name(child):
                yield from self._find_missing_tags(merged[key], child)
            else:
                self._disagree(here, merged[key], child)

    def _find_missing_tags(self, merged: list[Any], tags: list[Any]) -> Iterator[Addition]:
        known = _by_name(merged)
        for name, index in _by_name(tags).items():
            if name not in known:
                yield Addition(("tags",), ("tags", index), self.source)
            else:
                self._disagree(("tags", index), merged[known[name]], tags[index])

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


# A round trip reads in pure Python, about 50 kB a second; above this only the values are kept, not the style.
STYLE_LIMIT: Final = 500_000
_TEXT: Final = "tag:yaml.org,2002:str"
_YAML_1_1: Final[Any] = yaml.SafeLoader("").resolve


def render(documents: Sequence[Document], additions: Sequence[Addition]) -> str:
    """Return the text of the merged document, ended by one line feed.

    Where nothing is added it is the first page's text, byte for byte. Otherwise quotes, block scalars,
    comments and indentation are kept where that gives exactly the merged values, and written anew where not.
    """
    if not additions:
        return documents[0].text
    value = merge([document.value for document in documents], additions)
    styled = _write_in_style(documents, additions)
    return styled if styled is not None and _means(styled, value) else to_yaml(value)


def _write_in_style(documents: Sequence[Document], additions: Sequence[Addition]) -> str | None:
    texts = [document.text for document in documents]
    if sum(map(len, texts)) > STYLE_LIMIT or any(text.lstrip().startswith("{") for text in texts):
        return None
    writer = YAML()
    writer.preserve_quotes = True
    writer.width = 1 << 20  # a plain line of the vendor's is not broken anew
    try:
        first, _, offset = load_yaml_guess_indent(texts[0], yaml=writer)
        used = {addition.source for addition in additions}  # reading one takes long
        trees = [first, *(writer.load(text) if number in used else None for number, text in enumerate(texts[1:], 1))]
        writer.indent(mapping=2, sequence=(offset or 0) + 2, offset=offset or 0)
        stream = io.StringIO()
        writer.dump(_quote(merge(trees, additions), set()), stream)
    except (YAMLError, LookupError, TypeError, ValueError, AttributeError, RecursionError):
        return None
    return stream.getvalue().rstrip("\n") + "\n"


def _quote(value: Any, seen: set[int]) -> Any:
    """Quote plain text that a YAML 1.1 reader would take for something else, such as 16:9 (969)."""
    if type(value) is str:
        is_text = _YAML_1_1(yaml.ScalarNode, value, (True, False)) == _TEXT
        return value if is_text else SingleQuotedScalarString(value)
    if id(value) not in seen:
        seen.add(id(value))
        for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
            value[key] = _quote(value[key], seen)
    return value


def _means(text: str, value: Any) -> bool:
    """Return whether text reads as exactly this value (1 is not 1.0 and not true)."""
    try:
        read = parse(text, "merged").value
    except InputError:
        return False
    return json.dumps(read, sort_keys=True) == json.dumps(value, sort_keys=True)
