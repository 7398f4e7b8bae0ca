"""RFC 9535 queries that return locations instead of values, and the closest ones to a query that matches nothing."""

from __future__ import annotations

import difflib
import heapq
import itertools
import json
import re
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import regex  # type: ignore[import-untyped]
from iregexp_check import check as is_iregexp
from jsonpath_rfc9535 import (
    JSONPathEnvironment,
    JSONPathError,
    JSONPathNode,
    JSONPathNodeList,
    JSONPathQuery,
    JSONPathRecursionError,
    JSONPathSyntaxError,
    Lexer,
    Parser,
)
from jsonpath_rfc9535.filter_expressions import (
    ComparisonExpression,
    Expression,
    FilterContext,
    FloatLiteral,
    IntegerLiteral,
    RelativeFilterQuery,
)
from jsonpath_rfc9535.function_extensions import Match
from jsonpath_rfc9535.lex import RE_PROPERTY
from jsonpath_rfc9535.selectors import NameSelector
from jsonpath_rfc9535.serialize import canonical_string as quoted
from jsonpath_rfc9535.tokens import Token, TokenStream, TokenType

from rulewright.openapi.document import MAX_DEPTH
from rulewright.openapi.pointer import SHORTHAND, Location, at, path_of

MAX_SECONDS: Final = 10.0
_SHOWN: Final = 160
_INTEGER: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,999})")


def canonical(value: Any) -> str:
    """Return one text for each JSON value: sorted keys, no white space, no escapes, 1.0 written as 1."""
    return json.dumps(_plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def show(value: Any) -> str:
    """Return a value as JSON on one line, cut after 160 characters."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + " …"


class OverTimeError(ValueError):
    """A query asks for too much work."""


@dataclass
class Clock:
    """A limit in seconds on one evaluation; filters inside filters can ask for cubic work and more."""

    deadline: float = 0.0

    def start(self) -> None:
        """Begin one evaluation."""
        self.deadline = time.monotonic() + MAX_SECONDS

    def left(self) -> float:
        """Return the seconds left."""
        return self.deadline - time.monotonic()

    def check(self) -> None:
        """Raise OverTimeError when no time is left."""
        if self.left() <= 0:
            raise OverTimeError(f"it took longer than {MAX_SECONDS:g} seconds")


class Environment(JSONPathEnvironment):
    """The library with its departures from RFC 9535 fixed, our depth limit and a clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.parser_class = _Parser
        super().__init__()

    def compile(self, query: str) -> JSONPathQuery:
        """Compile one query; raises the library's JSONPathError and RecursionError."""
        lexer = _Lexer(query)
        lexer.run()
        last = lexer.tokens[-1] if lexer.tokens else None
        if last is not None and last.type_ == TokenType.ERROR:
            raise JSONPathSyntaxError(last.message or "unexpected character", token=last)
        if lexer.bracket_stack:
            bracket, index = lexer.bracket_stack[-1]
            what = "bracket" if bracket == "[" else "parenthesis"
            raise JSONPathSyntaxError(
                f"the {what} is never closed", token=Token(TokenType.ERROR, bracket, index, query)
            )
        segments = tuple(self.parser.parse(TokenStream(lexer.tokens)))
        return JSONPathQuery(env=self, segments=segments)

    @property
    def max_recursion_depth(self) -> int:  # type: ignore[override]
        """The depth limit. The library reads it at each node of a descent: a place to look at the clock."""
        self._clock.check()
        return MAX_DEPTH + 2

    @property
    def nondeterministic(self) -> bool:  # type: ignore[override]
        """Always false; the library reads it for every wildcard and filter it resolves, as above."""
        self._clock.check()
        return False

    def setup_function_extensions(self) -> None:
        """Register the functions of RFC 9535, with a `match` and `search` that cannot run forever."""
        super().setup_function_extensions()
        self.function_extensions["match"] = _Matcher(self._clock, whole=True)
        self.function_extensions["search"] = _Matcher(self._clock, whole=False)


class _Lexer(Lexer):
    def accept_match(self, pattern: re.Pattern[str]) -> bool:
        """Scan as the library does, but names by the grammar: its own pattern stops at U+10FF."""
        return super().accept_match(SHORTHAND if pattern is RE_PROPERTY else pattern)


class _Parser(Parser):
    def parse_relative_query(self, stream: TokenStream) -> Expression:
        found = super().parse_relative_query(stream)
        return _Relative(found.token, found.query) if isinstance(found, RelativeFilterQuery) else found

    def parse_infix_expression(self, stream: TokenStream, left: Expression) -> Expression:
        found = super().parse_infix_expression(stream, left)
        if isinstance(found, ComparisonExpression):
            return _Comparison(found.token, found.left, found.operator, found.right)
        return found

    def parse_integer_literal(self, stream: TokenStream) -> Expression:
        text = stream.current.value
        if _INTEGER.fullmatch(text):
            return IntegerLiteral(stream.current, value=int(text))
        return self.parse_float_literal(stream)

    def parse_float_literal(self, stream: TokenStream) -> Expression:
        text = stream.current.value
        if re.match(r"-?0[0-9]", text):
            raise JSONPathSyntaxError("a number must not begin with a spare zero", token=stream.current)
        return FloatLiteral(stream.current, value=float(text))


class _Relative(RelativeFilterQuery):
    """A query that begins with `@`."""

    __slots__ = ()

    def evaluate(self, context: FilterContext) -> object:
        """Return the nodes, also for a current node that is no container, and under the true root."""
        nodes: Any = [JSONPathNode(value=context.current, location=(), parent=None, root=context.root)]
        for segment in self.query.segments:
            nodes = segment.resolve(nodes)
        return JSONPathNodeList(nodes)


class _Comparison(ComparisonExpression):
    """A comparison in which true and 1 differ at every depth."""

    __slots__ = ()

    def evaluate(self, context: FilterContext) -> bool:
        """Compare two containers by their JSON values; leave every other pair to the library."""
        left, right = _single(self.left.evaluate(context)), _single(self.right.evaluate(context))
        if _is_container(left) and _is_container(right) and self.operator in {"==", "!=", "<=", ">="}:
            return (canonical(left) == canonical(right)) != (self.operator == "!=")
        known = ComparisonExpression(self.token, _Known(left), self.operator, _Known(right))
        return known.evaluate(context)


class _Known(Expression):
    """An operand that has been evaluated already."""

    __slots__ = ("value",)

    def __init__(self, value: object) -> None:
        super().__init__(Token(TokenType.INIT, "", -1, ""))
        self.value = value

    def evaluate(self, context: FilterContext) -> object:  # noqa: ARG002  the library's signature
        return self.value


def _single(operand: object) -> object:
    return operand[0].value if isinstance(operand, JSONPathNodeList) and len(operand) == 1 else operand


def _is_container(value: object) -> bool:
    return isinstance(value, (dict, list)) and not isinstance(value, JSONPathNodeList)


class _Matcher(Match):
    """`match` and `search`: I-Regexp (RFC 9485), stopped at the deadline."""

    def __init__(self, clock: Clock, *, whole: bool) -> None:
        self.clock = clock
        self.find = regex.fullmatch if whole else regex.search

    def __call__(self, string: object, pattern: object) -> bool:
        if not isinstance(string, str) or not isinstance(pattern, str) or not is_iregexp(pattern):
            return False
        try:
            # I-Regexp for the regex module: a dot outside a class stands for anything but \n and \r
            parts: list[str] = []
            escaped = in_class = False
            for char in pattern:
                dot = char == "." and not escaped and not in_class
                parts.append(r"[^\n\r]" if dot else char)
                if not escaped and char in "[]":
                    in_class = char == "["
                escaped = char == "\\" and not escaped
            return self.find("".join(parts), string, timeout=max(self.clock.left(), 0.001)) is not None
        except TimeoutError as error:
            raise OverTimeError(f"the pattern {pattern!r} took longer than {MAX_SECONDS:g} seconds") from error
        except regex.error:  # valid I-Regexp that this engine cannot compile: RFC 9535 demands no match
            return False


MAX_QUERY: Final = 10_000
SHOWN_QUERY: Final = 200


class QueryError(ValueError):
    """A text is not an RFC 9535 query, or the query asks for too much work."""


class Query:
    """One compiled JSONPath query.

    Args:
        text: The query as written.

    Raises:
        QueryError: Not a query of RFC 9535; the message names where.
    """

    def __init__(self, text: str) -> None:
        if len(text) > MAX_QUERY:
            raise QueryError(f"the query is {len(text)} characters long; the limit is {MAX_QUERY}")
        self.text = text
        self._clock = Clock()
        try:
            self._compiled = Environment(self._clock).compile(text)
        except (JSONPathError, RecursionError) as error:
            shown = text if len(text) <= SHOWN_QUERY else text[:SHOWN_QUERY] + " …"
            reason, token = _reason(error), getattr(error, "token", None)
            if token is not None:
                column = len(text) if token.index < 0 else min(token.index, len(text))
                rest = text[column : column + 20]
                reason += f", at character {column + 1}" + (f": {rest}" if rest else ", its end")
            raise QueryError(f"{shown} is not an RFC 9535 query: {reason}") from error

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
        nodes: Iterable[JSONPathNode] = [JSONPathNode(value=value, location=(), parent=None, root=value)]
        steps: list[list[Location]] = [[()]]
        try:
            for segment in self._compiled.segments:
                found: dict[Location, JSONPathNode] = {}
                for node in segment.resolve(nodes):  # each once, or `$..*..*..*` would grow without bound
                    self._clock.check()
                    found.setdefault(node.location, node)
                nodes = found.values()
                steps.append(list(found))
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


def _reason(error: Exception) -> str:
    if isinstance(error, (RecursionError, JSONPathRecursionError)):
        return "nested too deeply"
    return str(error.args[0]) if error.args else type(error).__name__


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
    node = at(value, parent)
    lines.append(f"nearest existing: {path_of(parent)} ({where(parent)}), {_inside(node)}")
    return lines


def suggestions(query: Query, value: Any) -> list[str]:
    """Return up to two queries close to the one given that do select something, the closest first.

    Each broken name is repaired in place, several in one query if need be; the rest of the query stays as
    written, filters included. For a query of one plain path, every path of the document is compared too.
    """
    found = dict.fromkeys(itertools.islice(_repairs(query, value), BEST))
    if query.singular and not any(_one_slip(query.text, text) for text in found):
        paths = [path_of(location) for location in _locations(value)]
        found.update(dict.fromkeys(difflib.get_close_matches(query.text, paths, BEST, CLOSE)))
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
    nodes = [at(value, location) for location in trail[broken]]
    if query.text.startswith("..", query.span(broken)[0]):
        nodes = [at(nodes[0], location) for location in _locations(nodes[0])]
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


def _closeness(left: str, right: str) -> float:
    return difflib.SequenceMatcher(None, left, right, autojunk=False).ratio()


def _one_slip(left: str, right: str) -> bool:
    """Return whether two texts differ by about one character; then no other path can be closer."""
    length = len(left) + len(right)
    return (1 - _closeness(left, right)) * length < 2.5
