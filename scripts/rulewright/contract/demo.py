"""A demonstration on this machine: each operation is called, and what breaks a rule is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from rulewright.contract.bench import Bench
from rulewright.contract.contract import Subject
from rulewright.contract.request import ABSENT, Request
from rulewright.errors import printable

_WIDTH: Final = 200


def demonstrate(bench: Bench, most: int | None) -> int:
    """Call each operation through the client and print its answer.

    Args:
        bench: The client and its sandbox.
        most: How many operations are called; None for all.

    Returns:
        How many calls ended otherwise than the document states.
    """
    every = [each for each in bench.contract.subjects if bench.package.has(each.operation.method, each.operation.path)]
    subjects = every[:most]
    failed = sum(not _called(bench, each) for each in subjects)
    if len(subjects) < len(every):
        _print(f"... and {len(every) - len(subjects)} more operations (--all calls them)\n")
    print(f"{len(subjects)} operations called, {failed} answered otherwise than the document states")
    return failed


def _called(bench: Bench, subject: Subject) -> bool:
    operation = subject.operation
    title = f"{operation.method} {operation.path}"
    if subject.untried is not None:
        _print(f"{title}\n  not called: {subject.untried}\n")
        return True
    _print(f"{title}  ({operation.name})")
    request = bench.valid(subject)
    for line in _lines(request):
        _print(f"  {line}")
    outcome = bench.call(request)
    status, content = bench.answered
    if outcome.error is not None:
        _print(f"  -> {outcome.name}: {outcome.error}\n")
        return False
    _print(f"  -> {status} {content[:_WIDTH].decode('utf-8', 'replace')}".rstrip() + "\n")
    return all(_refused(bench, subject, rule_id, body) for rule_id, body in _broken(subject))


def _broken(subject: Subject) -> Iterator[tuple[str, Any]]:
    """Yield the first body that a rule of the operation refuses, if there is one."""
    for part, _ in subject.spaces:
        for rule in part.ruled.rules:
            if rule.level == "error" and not part.path:
                yield rule.id, rule.breaks
                return


def _refused(bench: Bench, subject: Subject, rule_id: str, body: Any) -> bool:
    outcome = bench.call(subject.with_body(body)) if bench.package.expresses(subject.with_body(body)) else None
    if outcome is None:
        return True
    _print(f"  with a body that breaks {rule_id}: {_cut(json.dumps(body, ensure_ascii=False))}")
    _print(f"  -> {outcome.name}: {_cut(str(outcome.error).partition(chr(10))[0])}\n")
    return not bench.sent


def _lines(request: Request) -> Iterator[str]:
    for key, value in request.parameters.items():
        yield _cut(f"{key} = {json.dumps(value, ensure_ascii=False)}")
    if request.body is not ABSENT:
        text = json.dumps(request.body, ensure_ascii=False) if request.has_json else repr(request.body)
        yield _cut(f"{request.media}: {text}")


def _cut(text: str) -> str:
    return text if len(text) <= _WIDTH else text[: _WIDTH - 1] + "…"


def _print(text: str) -> None:
    print(printable(text))
