"""The report for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rulewright.errors import printable
from rulewright.impact.change import Change, Severity, as_text
from rulewright.impact.report import Report
from rulewright.impact.requests import Group, RequestImpact


def render(report: Report) -> str:
    """Return the report as text in which nothing foreign can move a cursor or forge a line."""
    lines = [f"{_line(report.old)} -> {_line(report.new)}", _line(report.headline), ""]
    for each in report.unexplained:
        lines += [f"error: unexplained: no check understands the {each.kind} at {_line(each.pointer)}",
                  f"  was: {_json(each.old)}", f"  is:  {_json(each.new)}"]  # fmt: skip
    lines += [f"error: {_line(each)}" for each in report.expired]
    lines += [""] if report.failed else []
    for impact in report.requests:
        lines += _requests(impact)
    for severity in sorted(Severity, reverse=True):
        found = [each for each in report.changes if each.severity == severity]
        title = "nothing for callers" if severity is Severity.NOTHING else severity.word
        lines += [title, *(line for each in found for line in _change(each)), ""] if found else []
    return "\n".join(lines).rstrip() + "\n"


def _requests(impact: RequestImpact) -> Iterator[str]:
    yield f"requests of {_line(impact.operation)}, {impact.where}"
    if impact.total:
        yield f"  {impact.before} accepted before, {impact.after} now (of {impact.total} combinations)"
    for word, groups in (("stop", impact.stops), ("start", impact.starts)):
        for group in groups:
            yield from _group(word, group)
    yield f"  method: {_line(impact.method)}"
    yield ""


def _group(word: str, group: Group) -> Iterator[str]:
    yield f"  {group.count} {word} being accepted: {_line(group.cause)}"
    yield f"    smallest: {_json(group.witness)}"


def _change(change: Change) -> Iterator[str]:
    yield f"  {change.check}: {_line(change.effect)}"
    if change.accepted:
        yield f"    accepted by {_line(change.accepted)}"
    if change.who:
        yield f"    who: {', '.join(change.who)}"
    yield f"    at:  {_line(change.pointer) or '(both documents)'}"
    if change.uses:
        yield f"    in:  {_line(', '.join(change.uses))}"
    if change.words:
        marks = {"same": "{}", "gone": "[-{}-]", "new": "{{+{}+}}"}
        yield f"    {_line(' '.join(marks[word.kind].format(word.text) for word in change.words))}"
    yield from (f"    {_line(line)}" for line in change.details)
    if change.quoted:
        yield f"    quoted by: {_line(', '.join(change.quoted))}"
    if change.witness is not None:
        yield f"    smallest request: {_json(change.witness)}"
    if change.severity > Severity.NOTHING:
        yield f"    fingerprint: {change.fingerprint}"


def _line(text: str) -> str:
    return printable(" ".join(text.split()))


def _json(value: Any) -> str:
    return printable(as_text(value))
