"""The report as a comment on a pull request: the answer first, one table, the rest folded."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator, Sequence
from typing import Any, Final

from rulewright.errors import printable
from rulewright.impact.change import Change, Severity, Word, as_text
from rulewright.impact.report import Report
from rulewright.impact.requests import RequestImpact

_PLAIN: Final = frozenset(string.ascii_letters + string.digits + " ,.-/()='%?;:\"")
_CUT: Final = 40


def render(report: Report) -> str:
    """Return the report in GitHub's Markdown; foreign text stays text, and mentions nobody."""
    lines = [f"### Impact on callers: {escape(report.headline)}", ""]
    lines += [f"{code(report.old)} → {code(report.new)}", ""]
    for each in report.unexplained:
        lines.append(f"- **unexplained**: no check understands the {each.kind} at {code(each.pointer)}")
    lines += [f"- **expired**: {escape(each)}" for each in report.expired]
    lines += [""] if report.failed else []
    lines += _counts(report.requests)
    lines += _table([each for each in report.changes if each.severity > Severity.NOTHING and each.accepted is None])
    lines += _prose([each for each in report.changes if each.words])
    lines += _folded("Witnesses: the smallest requests", list(_witnesses(report)))
    lines += _folded("Rules and overlay actions that no longer fit", list(_misfits(report.changes)))
    lines += _folded(
        "Accepted", [f"- {escape(each.effect)}: {escape(each.accepted)}" for each in report.changes if each.accepted]
    )
    quiet = [each for each in report.changes if each.severity is Severity.NOTHING and each.accepted is None]
    lines += _folded(
        f"Nothing for callers ({len(quiet)})", [f"- {escape(each.effect)} ({code(each.pointer)})" for each in quiet]
    )
    lines += _folded(
        "How this was counted",
        [f"- {escape(each.operation)}, {each.where}: {escape(each.method)}" for each in report.requests],
    )
    return "\n".join(lines).rstrip() + "\n"


def _counts(requests: Sequence[RequestImpact]) -> list[str]:
    changed = [each for each in requests if each.stops or each.starts]
    if not changed:
        return []
    lines = ["| request | accepted before | now | stop | start |", "|---|--:|--:|--:|--:|"]
    for each in changed:
        stops, starts = (sum(group.count for group in groups) for groups in (each.stops, each.starts))
        lines.append(f"| {escape(each.operation)}, {each.where} | {each.before} | {each.after} | {stops} | {starts} |")
    return [*lines, ""]


def _table(changes: Sequence[Change]) -> list[str]:
    if not changes:
        return []
    lines = ["| | what a caller notices | who breaks | accept by |", "|---|---|---|---|"]
    marks = {Severity.BREAKING: "🔴 breaking", Severity.REVIEW: "🟡 review", Severity.COMPATIBLE: "🟢 compatible"}
    for each in changes[:_CUT]:
        who = ", ".join(each.who) or "nobody"
        lines.append(f"| {marks[each.severity]} | {escape(each.effect)} | {who} | {code(each.fingerprint)} |")
    if len(changes) > _CUT:
        lines.append(f"| | and {len(changes) - _CUT} more: run the command | | |")
    return [*lines, ""]


def _prose(changes: Sequence[Change]) -> list[str]:
    lines: list[str] = []
    for each in changes:
        lines.append(f"- {_words(each.words)}")
        lines.append(
            f"  <br>{code(each.pointer)}" + (f", quoted by {escape(', '.join(each.quoted))}" if each.quoted else "")
        )
    return ["**Changed sentences**", "", *lines, ""] if lines else []


def _words(words: Sequence[Word]) -> str:
    marks = {"same": "{}", "gone": "<del>{}</del>", "new": "<ins><b>{}</b></ins>"}
    return " ".join(marks[word.kind].format(escape(word.text)) for word in words)


def _witnesses(report: Report) -> Iterator[str]:
    for impact in report.requests:
        for word, groups in (("stop", impact.stops), ("start", impact.starts)):
            for group in groups:
                yield f"- {group.count} {word}: {escape(group.cause)}<br>{code(_json(group.witness))}"
    for change in report.changes:
        if change.witness is not None:
            yield f"- {escape(change.effect)}<br>{code(_json(change.witness))}"


def _misfits(changes: Sequence[Change]) -> Iterator[str]:
    for change in changes:
        if change.details:
            yield "- " + "<br>".join(escape(line) for line in change.details)


def _folded(title: str, lines: Sequence[str]) -> list[str]:
    return ["<details>", f"<summary>{title}</summary>", "", *lines, "", "</details>", ""] if lines else []


def escape(text: str | None) -> str:
    """Return foreign text as Markdown that shows it and does nothing: no tags, links, mentions or cells."""
    words = printable(" ".join((text or "").split()))
    safe = "".join(char if char in _PLAIN or char > "\x7f" else f"&#{ord(char)};" for char in words)
    # a colon before a word may begin an address or an :emoji:
    return re.sub(r":(?! |$)", "&#58;", safe).replace("www.", "www&#46;")


def code(text: str) -> str:
    """Return foreign text as inline code."""
    return f"<code>{escape(text)}</code>"


def _json(value: Any) -> str:
    return as_text(value)
