"""Did you mean: from a query that matched nothing to the closest ones that match."""

from __future__ import annotations

import difflib
import heapq
import itertools
import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from jsonpath_rfc9535.serialize import canonical_string as quoted

from rulewright.openapi.pointer import Location, path_of
from rulewright.overlay.query import Query, QueryError
from rulewright.overlay.values import show

MAX_LOCATIONS: Final = 20_000
MAX_KEYS: Final = 500
MAX_TRIES: Final = 60
BEST: Final = 2
CLOSE: Final = 0.6
RIVAL: Final = 0.03

_WORD: Final = re.compile(r"(?<=[@.])\.?(?P<name>[A-Za-z_]\w*)|(?P<quote>['\"])(?P<text>[^'\"\\]+)(?P=quote)")

Where = Callable[[Location], str]


def explain_miss(query: Query, value: Any, where: Where) -> list[str]:
    """Return the lines that help with a query that matched nothing in a document.

    Args:
        query: The query.
        value: The document's value.
        where: Gives the file and line of a location.
    """
    trail = query.trail(value)
    broken = next(number for number, nodes in enumerate(trail) if not nodes) - 1
    lines = []
    for text in suggestions(query, value):
        found = Query(text).select(value)
        lines.append(f"did you mean {text}? ({where(found[0])})")
    parent = trail[broken][0]
    node = _at(value, parent)
    lines.append(f"nearest existing: {path_of(parent)} ({where(parent)}), {_inside(node)}")
    return lines


def suggestions(query: Query, value: Any) -> list[str]:
    """Return up to two queries close to the one given that do select something, the closest first.

    Each broken name is repaired in place, several in one query if need be; the rest of the query stays as
    written, filters included. For a query of one plain path, every path of the document is compared too.
    """
    found = dict.fromkeys(itertools.islice(_repairs(query, value), BEST))
    if query.singular and not any(_one_slip(query.text, text) for text in found):
        found.update(dict.fromkeys(_near_paths(query.text, value)))
    scores = {text: _closeness(query.text, text) for text in found}
    ranked = sorted(scores, key=lambda text: -scores[text])[:BEST]
    return [text for text in ranked if scores[text] >= max(CLOSE, scores[ranked[0]] - RIVAL)]


def _repairs(query: Query, value: Any) -> Iterator[str]:
    """Search, closest first, through queries in which the first broken segment names an existing key."""
    frontier = [(0.0, query.text)]
    tried = {query.text}
    for _ in range(MAX_TRIES):
        if not frontier:
            return
        _cost, text = heapq.heappop(frontier)
        try:
            candidate = Query(text)
            trail = candidate.trail(value)
        except QueryError:
            continue
        if trail[-1]:
            yield text
            continue
        for changed in _changes(candidate, trail, value):
            if changed not in tried:
                tried.add(changed)
                heapq.heappush(frontier, (-_closeness(query.text, changed), changed))


def _changes(query: Query, trail: list[list[Location]], value: Any) -> Iterator[str]:
    """Yield the query with a name of its first broken segment replaced by a close existing key."""
    broken = next(number for number, nodes in enumerate(trail) if not nodes) - 1
    nodes = [_at(value, location) for location in trail[broken]]
    if query.text.startswith("..", query.span(broken)[0]):
        nodes = [_at(nodes[0], location) for location in _locations(nodes[0])]
    known = list(itertools.islice(dict.fromkeys(key for node in nodes for key in _keys_of(node)), MAX_KEYS))
    for start, end, name in query.names(broken):
        for key in difflib.get_close_matches(name, known, 3, CLOSE):
            yield _with_key(query.text, start, end, key)
    if not query.names(broken):
        yield from _filter_changes(query, broken, nodes)


def _with_key(text: str, start: int, end: int, key: str) -> str:
    step = path_of((key,))[1:]
    if text[start - 1 : start] != ".":  # in brackets there may be several names, so only this one is replaced
        return text[:start] + quoted(key) + text[end:]
    if step.startswith("["):
        return text[: start - 1] + step + text[end:]
    return text[:start] + key + text[end:]


def _filter_changes(query: Query, segment: int, nodes: list[Any]) -> Iterator[str]:
    """Yield the query with a word of a filter replaced by a close key or text of what the filter looks at."""
    keys: dict[str, None] = {}
    texts: dict[str, None] = {}
    for node in nodes[:MAX_KEYS]:
        for item in _children(node)[:MAX_KEYS]:
            keys.update(dict.fromkeys(_keys_of(item)))
            inner = list(item.values()) if isinstance(item, dict) else [item]
            texts.update(dict.fromkeys(text for text in inner if isinstance(text, str)))
    begin, stop = query.span(segment)
    for word in _WORD.finditer(query.text, begin, stop):
        name = word["name"]
        old, known = (name, keys) if name else (word["text"], texts)
        for new in difflib.get_close_matches(old, list(known)[:MAX_KEYS], 2, CLOSE):
            if name:
                yield _with_key(query.text, word.start("name"), word.end("name"), new)
            else:
                yield query.text[: word.start()] + quoted(new) + query.text[word.end() :]


def _near_paths(text: str, value: Any) -> list[str]:
    paths = [path_of(location) for location in _locations(value)]
    return difflib.get_close_matches(text, paths, BEST, CLOSE)


def _locations(value: Any) -> Iterator[Location]:
    """Yield the locations of a document from the top down, at most 20,000 of them."""
    level: list[tuple[Location, Any]] = [((), value)]
    left = MAX_LOCATIONS
    while level and left > 0:
        below: list[tuple[Location, Any]] = []
        for location, node in level[:left]:
            yield location
            if isinstance(node, dict):
                below += [((*location, key), item) for key, item in node.items()]
            elif isinstance(node, list):
                below += [((*location, index), item) for index, item in enumerate(node)]
        left -= len(level)
        level = below


def _inside(node: Any) -> str:
    """Describe what a node has instead of what was looked for."""
    keys = _keys_of(node)
    if keys:
        more = ", …" if len(keys) > 8 else ""
        return "which has " + ", ".join(keys[:8]) + more
    if isinstance(node, list):
        return f"an array of {len(node)}"
    return "an empty object" if isinstance(node, dict) else f"which is {show(node)}"


def _keys_of(node: Any) -> list[str]:
    return list(node) if isinstance(node, dict) else []


def _children(node: Any) -> list[Any]:
    if isinstance(node, dict):
        return list(node.values())
    return node if isinstance(node, list) else []


def _at(value: Any, location: Location) -> Any:
    for key in location:
        value = value[key]
    return value


def _closeness(left: str, right: str) -> float:
    return difflib.SequenceMatcher(None, left, right, autojunk=False).ratio()


def _one_slip(left: str, right: str) -> bool:
    """Return whether two texts differ by about one character; then no other path can be closer."""
    length = len(left) + len(right)
    return (1 - _closeness(left, right)) * length < 2.5
