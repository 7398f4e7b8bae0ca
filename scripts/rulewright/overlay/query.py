"""RFC 9535 queries that return locations instead of values."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator
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
from jsonpath_rfc9535.tokens import Token, TokenStream, TokenType

from rulewright.openapi.document import MAX_DEPTH
from rulewright.openapi.pointer import SHORTHAND, Location
from rulewright.overlay.values import canonical

MAX_SECONDS: Final = 10.0
_INTEGER: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,999})")


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
            return self.find(_dialect(pattern), string, timeout=max(self.clock.left(), 0.001)) is not None
        except TimeoutError as error:
            raise OverTimeError(f"the pattern {pattern!r} took longer than {MAX_SECONDS:g} seconds") from error
        except regex.error:  # valid I-Regexp that this engine cannot compile: RFC 9535 demands no match
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
