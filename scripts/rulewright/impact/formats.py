"""The formats of a report: text for a terminal, Markdown for a pull request, an HTML page, and JSON.

Text of the documents is foreign: none of it may move a cursor, forge a line, or become markup.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from rulewright.errors import printable
from rulewright.impact.change import WHO, Change, Severity, Word, as_text
from rulewright.impact.report import Report
from rulewright.impact.requests import RequestImpact, decisions
from rulewright.openapi.document import to_json

EXIT_CODES: Final = """\
Exit codes: 0 nothing for callers, 10 compatible changes, 20 a sentence or an overlay has to be reviewed,
30 callers break; 1 an input is unusable, a difference is unexplained or an acceptance is stale, 2 wrong usage.
"""
_TEXT_MARKS: Final = {"same": "{}", "gone": "[-{}-]", "new": "{{+{}+}}"}
_MARKDOWN_MARKS: Final = {"same": "{}", "gone": "<del>{}</del>", "new": "<ins><b>{}</b></ins>"}
_SEVERITY_MARKS: Final = {
    Severity.BREAKING: "🔴 breaking", Severity.REVIEW: "🟡 review", Severity.COMPATIBLE: "🟢 compatible",
}  # fmt: skip
_MARKDOWN_PLAIN: Final = frozenset(string.ascii_letters + string.digits + " ,.-/()='%?;:\"")
_MOST_ROWS: Final = 40


def render_text(report: Report) -> str:
    """Return the report for a terminal."""
    lines = [f"{_line(report.old)} -> {_line(report.new)}", _line(report.headline), ""]
    for each in report.unexplained:
        lines.append(f"error: unexplained: no check understands the {each.kind} at {_line(each.pointer)}")
        lines += [f"  was: {_json(each.old)}", f"  is:  {_json(each.new)}"]
    lines += [f"error: {_line(each)}" for each in report.expired]
    lines += [""] if report.failed else []
    for impact in report.requests:
        lines += _text_requests(impact)
    for severity, changes in _by_severity(report):
        lines += [severity.title, *(line for each in changes for line in _text_change(each)), ""]
    return "\n".join(lines).rstrip() + "\n"


def _text_requests(impact: RequestImpact) -> Iterator[str]:
    yield f"requests of {_line(impact.operation)}, {impact.where}"
    if impact.total:
        yield f"  {impact.before} accepted before, {impact.after} now (of {impact.total} combinations)"
    for verb, group in impact.groups:
        yield f"  {group.count} {verb} being accepted: {_line(group.cause)}"
        yield f"    smallest: {_json(group.witness)}"
    yield f"  method: {_line(impact.method)}"
    yield ""


def _text_change(change: Change) -> Iterator[str]:
    yield f"  {change.check}: {_line(change.effect)}"
    if change.accepted:
        yield f"    accepted by {_line(change.accepted)}"
    if change.who:
        yield f"    who: {', '.join(change.who)}"
    yield f"    at:  {_line(change.pointer) or '(both documents)'}"
    if change.uses:
        yield f"    in:  {_line(', '.join(change.uses))}"
    if change.words:
        yield f"    {_line(_marked(change.words, _TEXT_MARKS, str))}"
    yield from (f"    {_line(line)}" for line in change.details)
    if change.quoted:
        yield f"    quoted by: {_line(', '.join(change.quoted))}"
    if change.witness is not None:
        yield f"    smallest request: {_json(change.witness)}"
    if change.severity > Severity.NOTHING:
        yield f"    fingerprint: {change.fingerprint}"


def _line(text: str) -> str:
    """Return foreign text as one printable line."""
    return printable(" ".join(text.split()))


def _json(value: Any) -> str:
    return printable(as_text(value))


def _marked(words: Sequence[Word], marks: dict[str, str], escape: Callable[[str], str]) -> str:
    return " ".join(marks[word.kind].format(escape(word.text)) for word in words)


def _by_severity(report: Report) -> Iterator[tuple[Severity, list[Change]]]:
    """Yield each severity that the report has changes of, worst first."""
    for severity in sorted(Severity, reverse=True):
        if changes := [each for each in report.changes if each.severity == severity]:
            yield severity, changes


def render_markdown(report: Report) -> str:
    """Return the report as a comment on a pull request: the verdict first, one table, the rest folded."""
    open_changes = [each for each in report.changes if each.accepted is None]
    quiet = [each for each in open_changes if each.severity is Severity.NOTHING]
    accepted = [each for each in report.changes if each.accepted]
    lines = [f"### Impact on callers: {_escape(report.headline)}", ""]
    lines += [f"{_code(report.old)} → {_code(report.new)}", ""]
    for each in report.unexplained:
        lines.append(f"- **unexplained**: no check understands the {each.kind} at {_code(each.pointer)}")
    lines += [f"- **expired**: {_escape(message)}" for message in report.expired]
    lines += [""] if report.failed else []
    lines += _markdown_counts(report.requests)
    lines += _markdown_changes([each for each in open_changes if each.severity > Severity.NOTHING])
    lines += _markdown_sentences([each for each in report.changes if each.words])
    folded = {
        "Witnesses: the smallest requests": _markdown_witnesses(report),
        "Rules and overlay actions that no longer fit": (
            "- " + "<br>".join(map(_escape, each.details)) for each in report.changes if each.details
        ),
        "Accepted": (f"- {_escape(each.effect)}: {_escape(each.accepted or '')}" for each in accepted),
        f"Nothing for callers ({len(quiet)})": (f"- {_escape(each.effect)} ({_code(each.pointer)})" for each in quiet),
        "How this was counted": (
            f"- {_escape(each.operation)}, {each.where}: {_escape(each.method)}" for each in report.requests
        ),
    }
    for title, entries in folded.items():
        if found := list(entries):
            lines += ["<details>", f"<summary>{title}</summary>", "", *found, "", "</details>", ""]
    return "\n".join(lines).rstrip() + "\n"


def _markdown_counts(requests: Sequence[RequestImpact]) -> list[str]:
    changed = [each for each in requests if each.stops or each.starts]
    if not changed:
        return []
    lines = ["| request | accepted before | now | stop | start |", "|---|--:|--:|--:|--:|"]
    for each in changed:
        stops, starts = (sum(group.count for group in groups) for groups in (each.stops, each.starts))
        lines.append(f"| {_escape(each.operation)}, {each.where} | {each.before} | {each.after} | {stops} | {starts} |")
    return [*lines, ""]


def _markdown_changes(changes: Sequence[Change]) -> list[str]:
    if not changes:
        return []
    lines = ["| | what a caller notices | who breaks | accept by |", "|---|---|---|---|"]
    for each in changes[:_MOST_ROWS]:
        who = ", ".join(each.who) or "nobody"
        lines.append(
            f"| {_SEVERITY_MARKS[each.severity]} | {_escape(each.effect)} | {who} | {_code(each.fingerprint)} |"
        )
    if len(changes) > _MOST_ROWS:
        lines.append(f"| | and {len(changes) - _MOST_ROWS} more: run the command | | |")
    return [*lines, ""]


def _markdown_sentences(changes: Sequence[Change]) -> list[str]:
    lines: list[str] = []
    for each in changes:
        quoted = f", quoted by {_escape(', '.join(each.quoted))}" if each.quoted else ""
        lines += [f"- {_marked(each.words, _MARKDOWN_MARKS, _escape)}", f"  <br>{_code(each.pointer)}{quoted}"]
    return ["**Changed sentences**", "", *lines, ""] if lines else []


def _markdown_witnesses(report: Report) -> Iterator[str]:
    for impact in report.requests:
        for verb, group in impact.groups:
            yield f"- {group.count} {verb}: {_escape(group.cause)}<br>{_code(as_text(group.witness))}"
    for change in report.changes:
        if change.witness is not None:
            yield f"- {_escape(change.effect)}<br>{_code(as_text(change.witness))}"


def _escape(text: str) -> str:
    """Return foreign text as Markdown without effect: no tags, links, mentions or table cells."""
    safe = "".join(char if char in _MARKDOWN_PLAIN or char > "\x7f" else f"&#{ord(char)};" for char in _line(text))
    # a colon before a word may begin an address or an :emoji:
    return re.sub(r":(?! |$)", "&#58;", safe).replace("www.", "www&#46;")


def _code(text: str) -> str:
    return f"<code>{_escape(text)}</code>"


def render_html(report: Report) -> str:
    """Return the report as one page, without scripts and without anything to fetch."""
    changed = [each for each in report.requests if each.stops or each.starts]
    tables = [table for each in changed if (table := decisions(each)) is not None]
    page = _environment().get_template("page.html.jinja")
    return page.render(report=report, tables=tables, by_severity=list(_by_severity(report)), who=WHO.items())


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        # every expression becomes one printable line, and is escaped after that
        finalize=lambda value: _line(value) if isinstance(value, str) else value,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"json": as_text, "listed": ", ".join}  # not Jinja's join: it escapes before the line above
    return environment


FORMATS: Final[dict[str, Callable[[Report], str]]] = {
    "text": render_text,
    "json": lambda report: to_json(report.data()),
    "markdown": render_markdown,
    "html": render_html,
}
