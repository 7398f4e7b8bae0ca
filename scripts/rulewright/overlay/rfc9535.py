"""RFC 9535 as the JSONPath library means it, minus the places where it departs from the text.

jsonpath-rfc9535 1.0.1 passes the compliance suite and still, beyond what that suite looks at: takes `@` for
absent where it is false, 0 or empty; reads `$` inside a nested filter as the current node; holds `[1]` equal
to `[true]`; refuses names such as `$.名前`; accepts `-01`; rounds whole numbers; and crashes on `count(@)`
over a number and on `1e999`. Each is mended here and has a test that names it.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import Any, Final

import regex  # type: ignore[import-untyped]
from iregexp_check import check as is_iregexp
from jsonpath_rfc9535 import (
    JSONPathEnvironment,
    JSONPathNode,
    JSONPathNodeList,
    JSONPathQuery,
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
from jsonpath_rfc9535.tokens import Token, TokenStream, TokenType

from rulewright.openapi.document import MAX_DEPTH
from rulewright.overlay.values import canonical

MAX_SECONDS: Final = 10.0
SHORTHAND: Final = re.compile(r"[A-Za-z_\u0080-\uD7FF\uE000-\U0010FFFF][0-9A-Za-z_\u0080-\uD7FF\uE000-\U0010FFFF]*")
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
    """The library with the departures mended, our depth limit and a clock."""

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
