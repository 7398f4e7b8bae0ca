"""Check requests against compiled schemas and rules, and refuse or warn about what violates them.

The generated package passes its compiled checks as data. A check is a function that takes a value (a model or a JSON
value), its JSON pointer in the request, and a list to which it adds what it finds.
"""

from __future__ import annotations

import difflib
import itertools
import json
import math
import warnings
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache, partial
from typing import Any, Final

from attrs import field, frozen

from ._operation import Content, Operation
from ._values import ABSENT, is_given, is_number, member, pointer_token, to_json
from ._violation import (
    SCHEMA,
    Change,
    Length,
    Rule,
    RuleViolation,
    RuleWarning,
    Violation,
    field_name,
    schema_violation,
)

MAX_CHANGES: Final = 3
Violated = tuple[Rule, str, Any]
"""A rule, where it is violated, and the value there: less than a violation, because a search makes hundreds."""
Domains = Mapping[str, tuple[Any, ...]]


def nearest(
    domains: Domains,
    before: Mapping[str, Any],
    violated: Callable[[Mapping[str, Any]], Collection[Violated]],
    waive: Collection[str],
) -> tuple[Change, ...]:
    """Return the fewest changes to listable fields that make a body valid.

    On a tie, a change that also keeps the inferred rules comes first, then one of the fields that violate a rule,
    then document and enum order. An inferred rule counts only if no stated one is violated.

    Args:
        domains: Every value of each field that can be listed; `ABSENT` if it is optional.
        before: The value of each field that the rules read; `ABSENT` where there is none.
        violated: Returns the rules that fields violate.
        waive: Ids of the rules that are switched off.

    Returns:
        The changes, or nothing if no change of at most three listable fields is enough.
    """
    found = [each for each in violated(_without_absent(before)) if each[0].id not in waive]
    levels = {"error"} if any(rule.level == "error" for rule, _, _ in found) else {"error", "warning"}
    blamed = {pointer.split("/")[1] for _, pointer, _ in found if pointer}
    fields = sorted((name for name in before if name in domains), key=lambda name: name not in blamed)
    for size in range(1, min(MAX_CHANGES, len(fields)) + 1):
        best: tuple[int, tuple[Change, ...]] | None = None
        for chosen in itertools.combinations(fields, size):
            for pairs in itertools.product(*(_alternatives(name, domains[name], before[name]) for name in chosen)):
                after = dict(pairs)
                changed = {**before, **{name: _sample(value, before[name]) for name, value in after.items()}}
                left = [rule for rule, _, _ in violated(_without_absent(changed)) if rule.id not in waive]
                if any(rule.level in levels for rule in left) or (best and best[0] <= len(left)):
                    continue
                changes = (
                    Change(f"/{pointer_token(name)}", _as_length(before[name]), value) for name, value in after.items()
                )
                best = (len(left), tuple(changes))
        if best is not None:
            return best[1]
    return ()


def _without_absent(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not ABSENT}


def _alternatives(name: str, domain: tuple[Any, ...], before: Any) -> Iterator[tuple[str, Any]]:
    now = _as_length(before)
    others = [value for value in domain if value != now or type(value) is not type(now)]
    if isinstance(now, Length):  # a list: the fewest items added or dropped come first
        others.sort(key=lambda value: abs(value.count - now.count) if isinstance(value, Length) else now.count + 1)
    if is_number(now):  # the nearest number comes first, and being left out last
        others.sort(key=lambda value: abs(value - now) if is_number(value) else math.inf)
    return ((name, value) for value in others)


def _as_length(value: Any) -> Any:
    return Length(len(value)) if isinstance(value, (list, tuple)) else value


def _sample(value: Any, before: Any) -> Any:
    """Return a field value to check: a list keeps its items and repeats one where it grows."""
    if not isinstance(value, Length):
        return value
    items = list(before) if isinstance(before, (list, tuple)) else []
    filler = items[-1:] or ["https://example.com/"]
    return (items + filler * value.count)[: value.count]


class Arguments(dict[str, Any]):
    """The arguments of one call by keyword, with the defaults that the call fills in."""


@frozen(eq=False)
class RuleSet:
    """The compiled rules of one schema, or of the parameters of one operation.

    Args:
        rules: The rules, in the order in which their violations are reported.
        domains: Every value of each field that the rules read and that can be listed (`ABSENT` if it is optional).
        check: Checks a value of the schema, or the arguments of the operation.
    """

    rules: tuple[Rule, ...]
    domains: Domains
    check: Check

    def find_violated(self, fields: Any) -> list[Violated]:
        """Return the rules of this set that an object violates."""
        found: Found = []
        self.check(fields, "", found)
        own = [each for each in found if isinstance(each, RuleViolations) and each.rules is self and not each.at]
        return own[0].violated if own else []

    def violations(self, value: Any, waive: Collection[str] = ()) -> tuple[Violation, ...]:
        """Return the violations of rules, other than those waived, by a value and what it holds."""
        found: Found = []
        self.check(value, "", found)
        return _violations(found, {*waive, SCHEMA})


def _snapshot(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _snapshot(child) for name, child in value.items()}
    return [_snapshot(item) for item in value] if isinstance(value, (list, tuple)) else value


@frozen(eq=False)
class RuleViolations:
    """The rules that one object violates.

    Args:
        rules: The rules of the object.
        at: JSON pointer of the object in the request.
        fields: The fields that the rules read; copied, because the caller may change them before a search is made.
        violated: The rules, each with the pointer and the value within the object.
    """

    rules: RuleSet
    at: str
    fields: Mapping[str, Any] = field(converter=_snapshot)
    violated: list[Violated]

    def violations(self, waive: Collection[str]) -> list[Violation]:
        """Return a violation for each rule but those waived; they share one search for the nearest valid request."""
        search = cache(partial(self._nearest, frozenset(waive)))
        return [
            rule.violation(self.at + pointer, value, search)
            for rule, pointer, value in self.violated
            if rule.id not in waive
        ]

    def _nearest(self, waive: Collection[str]) -> tuple[Change, ...]:
        changes = nearest(self.rules.domains, self.fields, self.rules.find_violated, waive)
        return tuple(Change(self.at + each.pointer, each.before, each.after) for each in changes)


@frozen
class Deprecated:
    """A value that the document deprecates.

    Args:
        at: JSON pointer of the value in the request; of an operation, its id.
        message: What to know about it.
    """

    at: str
    message: str

    def __str__(self) -> str:
        return f"{field_name(self.at)} {self.message}"


Found = list[Violation | RuleViolations | Deprecated]
"""What a check finds: violations of the schema, the rules that objects violate, and what is deprecated."""
Check = Callable[[Any, str, Found], None]


def of_text(check: Check) -> Check:
    """Return a check of the value that a text stands for, such as the boolean of `true`."""

    def read(text: Any, at: str, found: Found) -> None:
        try:
            value = json.loads(text, parse_constant=str)
        except (TypeError, ValueError, RecursionError):
            value = text
        check(value, at, found)

    return read


Tags = tuple[str, Mapping[str, int]]
"""The field that distinguishes the alternatives of a choice, and the index of the one of each of its values."""
NO_TAGS: Final[Tags] = ("", {})


@frozen(eq=False)
class Body:
    """A body that operations take.

    Args:
        check: Checks a model of it, or its JSON object.
        schema: The pointer of its schema in the effective document.
        fields: The JSON names of its fields.
        operations: The ids of the operations that send it as JSON; none for a form, or an object within a body.
    """

    check: Check
    schema: str
    fields: tuple[str, ...]
    operations: tuple[str, ...]


@frozen(eq=False)
class RequestChecks:
    """The checks of one operation.

    Args:
        parameters: Checks its arguments, if there is anything to check.
        bodies: For each media type of its body, the class that a value of it may have, and what checks it.
    """

    parameters: Check | None
    bodies: tuple[tuple[str, type[Any] | None, Check], ...]

    def body(self, value: Any, content: Content | None) -> Check | None:
        """Return what checks a body: one of its class, or else of the media type that it is sent in."""
        fitting = [check for _, kind, check in self.bodies if kind is type(value)]
        is_json = content is not None and content.is_json
        sent = [check for media, _, check in self.bodies if content is not None and media == content.type]
        return next(iter(fitting or sent or [check for _, _, check in self.bodies if is_json]), None)


class Rules:
    """Check requests.

    Args:
        bodies: The bodies that are checked, by model class.
        rule_sets: All rules.
        requests: The checks of each operation, by its id.
    """

    def __init__(
        self, bodies: Mapping[type[Any], Body], rule_sets: Iterable[RuleSet], requests: Mapping[str, RequestChecks]
    ) -> None:
        self._bodies = bodies
        self._requests = requests
        self.rules = {rule.id: rule for rules in rule_sets for rule in rules.rules}

    def violations(
        self, body: Any, *, model: type[Any] | None = None, waive: Collection[str] = ()
    ) -> tuple[Violation, ...]:
        """Return everything a request body violates, in a fixed order: its schema first, then the rules.

        Args:
            body: A model, or the JSON object of one.
            model: The model class a JSON object belongs to; needed only where several models have checks.
            waive: Ids of rules to switch off; `schema` switches off the document's own schema.

        Raises:
            ValueError: A waived id does not exist, or it is not clear which model the object belongs to.
        """
        return _violations(self._find(body, model, waive), waive)

    def _find(self, body: Any, model: type[Any] | None, waive: Collection[str]) -> Found:
        if waive:
            self.check_waived(waive)
        if model is None:
            models = [each for each, known in self._bodies.items() if known.operations]
            if isinstance(body, dict) and len(models) != 1:
                names = ", ".join(sorted(each.__name__ for each in models))
                raise ValueError(f"it is not clear which model the object is; pass model=..., one of {names}")
            model = models[0] if isinstance(body, dict) else type(body)
        found: Found = []
        if (checked := self._bodies.get(model)) is not None:
            checked.check(body, "", found)
        return found

    def rule_violations(self, body: Any, *, model: type[Any] | None = None) -> tuple[Violation, ...]:
        """Return the violations of rules by a body, without those of its schema."""
        return self.violations(body, model=model, waive=(SCHEMA,))

    def validate(
        self,
        body: Any,
        *,
        model: type[Any] | None = None,
        waive: Collection[str] = (),
        strict: bool = False,
        stacklevel: int = 2,
    ) -> None:
        """Refuse a request body that violates its schema or a stated rule; warn about inferred rules and deprecation.

        Args:
            body: A model, or the JSON object of one.
            model: The model class a JSON object belongs to; needed only where several models have checks.
            waive: Ids of rules to switch off; `schema` switches off the document's own schema.
            strict: Refuse inferred rules too.
            stacklevel: As in `warnings.warn`: which caller a warning points at.

        Raises:
            RuleViolation: With every violation at once.
            ValueError: A waived id does not exist, or it is not clear which model the object belongs to.
        """
        found = self._find(body, model, waive)
        if violations := _violations(found, waive):
            enforce(violations, strict=strict, stacklevel=stacklevel + 1)
        warn_of_deprecated(found, stacklevel=stacklevel + 1)

    def request_violations(
        self, operation: Operation[..., Any], arguments: Mapping[str, Any], *, waive: Collection[str] = ()
    ) -> tuple[Violation, ...]:
        """Return everything a request violates: the rules of its parameters, then its body as in `violations`.

        Args:
            operation: One of the generated `operations`.
            arguments: Its parameters and its body, by keyword.
            waive: Ids of rules to switch off.

        Raises:
            ValueError: A waived id does not exist.
        """
        parts = self._parts_found(operation, arguments, waive)
        return tuple(each for found in parts for each in _violations(found, waive))

    def _parts_found(
        self, operation: Operation[..., Any], arguments: Mapping[str, Any], waive: Collection[str]
    ) -> tuple[Found, Found]:
        """Return what the parameters of a request are found to be, and its body."""
        if waive:
            self.check_waived(waive)
        parameters: Found = [Deprecated(operation.id, "is deprecated")] if operation.deprecated else []
        body: Found = []
        if (checks := self._requests.get(operation.id)) is None:
            return parameters, body
        if checks.parameters is not None:
            checks.parameters(Arguments(operation.fill_in(arguments)), "", parameters)
        value = arguments.get("body", ABSENT)
        if is_given(value) and (check := checks.body(value, operation.content(value))) is not None:
            check(value if type(value) in self._bodies else to_json(value), "", body)
        return parameters, body

    def validate_request(
        self,
        operation: Operation[..., Any],
        arguments: Mapping[str, Any],
        *,
        waive: Collection[str] = (),
        strict: bool = False,
        stacklevel: int = 2,
    ) -> None:
        """Refuse a request that violates a stated rule or its schemas; warn about inferred rules and deprecation.

        Args:
            operation: One of the generated `operations`.
            arguments: Its parameters and its body, by keyword.
            waive: Ids of rules to switch off; `schema` switches off the document's own schema.
            strict: Refuse inferred rules too.
            stacklevel: As in `warnings.warn`: which caller a warning points at.

        Raises:
            RuleViolation: With every violation at once.
            ValueError: A waived id does not exist.
        """
        parameters, body = self._parts_found(operation, arguments, waive)
        if violations := _violations(parameters, waive) + _violations(body, waive):
            enforce(violations, strict=strict, stacklevel=stacklevel + 1)
        warn_of_deprecated(parameters + body, stacklevel=stacklevel + 1)

    def check_waived(self, waive: Collection[str]) -> None:
        """Refuse the id of a rule that does not exist: a misspelt waiver would silently waive nothing.

        Raises:
            ValueError: It names the id and the closest existing one.
        """
        if isinstance(waive, str):
            message = f"waive must be a collection of rule ids, got the text {waive!r}; write waive={{{waive!r}}}"
            raise ValueError(message)
        known = (*self.rules, SCHEMA)
        for rule in waive:
            if rule not in known:
                close = difflib.get_close_matches(rule, known, cutoff=0)
                raise ValueError(f"there is no rule {rule!r} to waive; did you mean {close[0]!r}?")


def check_choice(
    value: Any, at: str, found: Found, options: Sequence[Check], *, exactly_one: bool, tags: Tags = NO_TAGS
) -> None:
    """Check `anyOf` or `oneOf`; the rules of an alternative apply where it is the only one that fits.

    An alternative with a tag is the one of a value with that tag, whichever others fit.
    """
    name, known = tags
    tag = member(value if isinstance(value, Mapping) or not known else to_json(value), name)
    chosen = known.get(tag) if isinstance(tag, str) else None
    if chosen is not None:
        options[chosen](value, at, found)
        return
    tried: list[Found] = []
    for option in options:
        tried.append([])
        option(value, at, tried[-1])
    fitting = [each for each in tried if _fits(each)]
    if not fitting or (exactly_one and len(fitting) > 1):
        wanted = "exactly one" if exactly_one else "at least one"
        if known and isinstance(value, Mapping):
            found.append(schema_violation(f"{at}/{pointer_token(name)}", tag, f"must be one of {', '.join(known)}"))
        else:
            found.append(
                schema_violation(at, value, f"must fit {wanted} of {len(options)} schemas, fits {len(fitting)}")
            )
    if len(fitting) == 1:
        found += fitting[0]


def fits(value: Any, check: Check) -> bool:
    """Return whether a value fits a schema."""
    found: Found = []
    check(value, "", found)
    return _fits(found)


def _fits(found: Found) -> bool:
    return not any(isinstance(each, Violation) for each in found)


def _violations(found: Found, waive: Collection[str]) -> tuple[Violation, ...]:
    result = [] if SCHEMA in waive else [each for each in found if isinstance(each, Violation)]
    for each in found:
        if isinstance(each, RuleViolations):
            result += each.violations(waive)
    return tuple(result)


def enforce(found: Collection[Violation], *, strict: bool, stacklevel: int) -> None:
    """Raise for what must be refused, warn about the rest.

    Args:
        found: What a request violates.
        strict: Refuse inferred rules too.
        stacklevel: Frames between the caller to blame for a warning and this function.

    Raises:
        RuleViolation: With every violation found, the refused ones first.
    """
    stated = [violation for violation in found if strict or violation.level == "error"]
    if stated:
        raise RuleViolation([*stated, *(each for each in found if not strict and each.level != "error")])
    for violation in found:
        warnings.warn(RuleWarning(violation), stacklevel=stacklevel)


def warn_of_deprecated(found: Found, *, stacklevel: int) -> None:
    """Warn about each value that the document deprecates."""
    for each in found:
        if isinstance(each, Deprecated):
            warnings.warn(DeprecationWarning(each), stacklevel=stacklevel)
