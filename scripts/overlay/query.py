"""RFC 9535 queries: compiled once, run within limits, answering locations instead of values."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import regex
from iregexp_check import check as is_iregexp
from jsonpath_rfc9535 import (
    JSONPathEnvironment,
    JSONPathError,
    JSONPathNode,
    JSONPathQuery,
    JSONPathRecursionError,
)
from jsonpath_rfc9535.function_extensions import ExpressionType, FilterFunction
from jsonpath_rfc9535.lex import RE_PROPERTY
from jsonpath_rfc9535.serialize import canonical_string

from scripts.document import MAX_DEPTH
from scripts.pointer import Location

MAX_QUERY: Final = 10_000
MAX_SECONDS: Final = 10.0


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
        self._clock = _Clock()
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
            QueryError: The query ran longer than 10 seconds, or a filter met a value it cannot take.
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
        except (JSONPathError, RecursionError) as error:
            raise QueryError(f"cannot be evaluated: {_reason(error)}") from error
        return steps

    def names(self) -> Iterator[tuple[int, int, int]]:
        """Yield (segment number, start, end in the text) of every plain name selector outside filters."""
        for number, segment in enumerate(self._compiled.segments):
            for selector in segment.selectors:
                if hasattr(selector, "name"):
                    token = selector.token
                    yield number, token.index, token.index + len(token.value)

    def _once(self, nodes: Iterable[JSONPathNode]) -> Iterator[JSONPathNode]:
        """Drop repeated nodes between segments, or `$..*..*..*` would grow without bound."""
        seen: set[Location] = set()
        for node in nodes:
            self._clock.check()
            if node.location not in seen:
                seen.add(node.location)
                yield node


def path_of(location: Location) -> str:
    """Return a location as a query people write: `$.paths['/a'].get.tags[0]`."""
    text = "$"
    for key in location:
        if isinstance(key, int):
            text += f"[{key}]"
        elif RE_PROPERTY.fullmatch(key):
            text += f".{key}"
        else:
            text += f"[{canonical_string(key)}]"
    return text


def _compile(text: str, clock: _Clock) -> JSONPathQuery:
    if len(text) > MAX_QUERY:
        raise QueryError(f"is {len(text)} characters long; the limit is {MAX_QUERY}")
    try:
        return _Environment(clock).compile(text)
    except (JSONPathError, RecursionError) as error:
        where = ""
        token = getattr(error, "token", None)
        if token is not None:
            column = min(max(token.index, 0), len(text))
            where = f" at character {column + 1}, before {text[column : column + 20]!r}"
            where = where if column < len(text) else f" at character {column + 1}, its end"
        raise QueryError(f"is not an RFC 9535 query: {_reason(error)}{where}") from error


def _reason(error: Exception) -> str:
    if isinstance(error, (RecursionError, JSONPathRecursionError)):
        return "nested too deeply"
    return str(error.args[0]) if error.args else type(error).__name__


@dataclass
class _Clock:
    """A limit in seconds on one evaluation; filters inside filters can ask for cubic work and more."""

    deadline: float = 0.0

    def start(self) -> None:
        self.deadline = time.monotonic() + MAX_SECONDS

    def left(self) -> float:
        return self.deadline - time.monotonic()

    def check(self) -> None:
        if self.left() <= 0:
            raise QueryError(f"cannot be evaluated: it took longer than {MAX_SECONDS:g} seconds")


class _Environment(JSONPathEnvironment):
    """The library's RFC 9535 with our depth limit and clock."""

    def __init__(self, clock: _Clock) -> None:
        self._clock = clock
        super().__init__()

    @property
    def max_recursion_depth(self) -> int:  # type: ignore[override]  # pyright: ignore
        """Return our limit. The library reads it for every node a descent visits: the place to look at the clock."""
        self._clock.check()
        return MAX_DEPTH + 2

    @property
    def nondeterministic(self) -> bool:  # type: ignore[override]  # pyright: ignore
        """Return False. The library reads it once for every wildcard and filter it resolves, as above."""
        self._clock.check()
        return False

    def setup_function_extensions(self) -> None:
        """Register the functions of RFC 9535, with a `match` and `search` that cannot run forever."""
        super().setup_function_extensions()
        self.function_extensions["match"] = _Matcher(self._clock, whole=True)
        self.function_extensions["search"] = _Matcher(self._clock, whole=False)


class _Matcher(FilterFunction):
    """`match` and `search`: I-Regexp (RFC 9485), stopped at the deadline."""

    arg_types = [ExpressionType.VALUE, ExpressionType.VALUE]  # noqa: RUF012  an attribute of the library's
    return_type = ExpressionType.LOGICAL

    def __init__(self, clock: _Clock, *, whole: bool) -> None:
        self.clock = clock
        self.find = regex.fullmatch if whole else regex.search

    def __call__(self, text: object, pattern: object) -> bool:
        if not isinstance(text, str) or not isinstance(pattern, str) or not is_iregexp(pattern):
            return False
        try:
            return self.find(_dialect(pattern), text, timeout=max(self.clock.left(), 0.001)) is not None
        except TimeoutError as error:
            message = f"the pattern {pattern!r} took longer than {MAX_SECONDS:g} seconds"
            raise QueryError(f"cannot be evaluated: {message}") from error
        except regex.error:  # valid I-Regexp that this engine cannot compile: RFC 9535 says no match
            return False


def _dialect(pattern: str) -> str:
    r"""Write I-Regexp for the regex module: a dot outside a class stands for anything but \n and \r."""
    parts: list[str] = []
    escaped = in_class = False
    for char in pattern:
        dot = char == "." and not escaped and not in_class
        parts.append(r"[^\n\r]" if dot else char)
        if not escaped and char in "[]":
            in_class = char == "["
        escaped = char == "\\" and not escaped
    return "".join(parts)
