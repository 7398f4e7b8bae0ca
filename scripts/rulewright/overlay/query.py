"""RFC 9535 queries that answer locations instead of values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from jsonpath_rfc9535 import JSONPathError, JSONPathNode, JSONPathQuery, JSONPathRecursionError
from jsonpath_rfc9535.selectors import NameSelector
from jsonpath_rfc9535.serialize import canonical_string as quoted

from rulewright.openapi.pointer import Location
from rulewright.overlay.rfc9535 import SHORTHAND, Clock, Environment, OverTimeError

MAX_QUERY: Final = 10_000
SHOWN_QUERY: Final = 200

__all__ = ["Query", "QueryError", "path_of", "quoted"]


class QueryError(ValueError):
    """A text is not an RFC 9535 query, or the query asks for too much work."""


class Query:
    """One compiled JSONPath query.

    Args:
        text: The query as written.

    Raises:
        QueryError: Not a query of RFC 9535; the message says where.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._clock = Clock()
        self._compiled = _compile(text, self._clock)

    def __repr__(self) -> str:
        return f"Query({self.text!r})"

    @property
    def singular(self) -> bool:
        """Whether the query can select one node at most, by its form."""
        return self._compiled.singular_query()

    def select(self, value: Any) -> list[Location]:
        """Return the locations the query selects, each once, in the order of RFC 9535.

        A query may select a node twice (`$['a','a']`). An overlay acts on nodes, so twice is once.

        Raises:
            QueryError: The query took longer than 10 seconds, or is nested too deeply.
        """
        return self.trail(value)[-1]

    def trail(self, value: Any) -> list[list[Location]]:
        """Return what is selected after each segment, the root first: where a miss went wrong."""
        self._clock.start()
        nodes = [JSONPathNode(value=value, location=(), parent=None, root=value)]
        steps: list[list[Location]] = [[()]]
        try:
            for segment in self._compiled.segments:
                nodes = list(self._once(segment.resolve(nodes)))
                steps.append([node.location for node in nodes])
        except (JSONPathError, RecursionError, OverTimeError) as error:
            raise QueryError(f"cannot be evaluated: {_reason(error)}") from error
        return steps

    def names(self, segment: int) -> list[tuple[int, int, str]]:
        """Return (start, end, name) in the text of each name that one segment selects, quotes included."""
        found = []
        for selector in self._compiled.segments[segment].selectors:
            if isinstance(selector, NameSelector):
                start = selector.token.index
                end = start + len(selector.token.value)
                quoted = self.text[start - 1 : start] in {"'", '"'}
                found.append((start - quoted, end + quoted, selector.name))
        return found

    def span(self, segment: int) -> tuple[int, int]:
        """Return where in the text one segment begins and ends."""
        starts = [part.token.index for part in self._compiled.segments]
        return starts[segment], (*starts, len(self.text))[segment + 1]

    def _once(self, nodes: Iterable[JSONPathNode]) -> Iterator[JSONPathNode]:
        """Drop repeated nodes between segments, or `$..*..*..*` would grow without bound."""
        seen: set[Location] = set()
        for node in nodes:
            self._clock.check()
            if node.location not in seen:
                seen.add(node.location)
                yield node


def path_of(location: Location) -> str:
    """Return a location as people write queries: `$.paths['/a'].get.tags[0]`."""
    text = "$"
    for key in location:
        if isinstance(key, int):
            text += f"[{key}]"
        elif SHORTHAND.fullmatch(key):
            text += f".{key}"
        else:
            text += f"[{quoted(key)}]"
    return text


def _compile(text: str, clock: Clock) -> JSONPathQuery:
    if len(text) > MAX_QUERY:
        raise QueryError(f"the query is {len(text)} characters long; the limit is {MAX_QUERY}")
    shown = text if len(text) <= SHOWN_QUERY else text[:SHOWN_QUERY] + " …"
    try:
        return Environment(clock).compile(text)
    except (JSONPathError, RecursionError) as error:
        reason = _reason(error) + _where(error, text)
        raise QueryError(f"{shown} is not an RFC 9535 query: {reason}") from error


def _where(error: Exception, text: str) -> str:
    token = getattr(error, "token", None)
    if token is None:
        return ""
    column = len(text) if token.index < 0 else min(token.index, len(text))
    rest = text[column : column + 20]
    return f", at character {column + 1}" + (f": {rest}" if rest else ", its end")


def _reason(error: Exception) -> str:
    if isinstance(error, (RecursionError, JSONPathRecursionError)):
        return "nested too deeply"
    return str(error.args[0]) if error.args else type(error).__name__
