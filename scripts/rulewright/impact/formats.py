"""The formats of a report: text, Markdown for a pull request, an HTML page, JSON, and findings for other programs.

All show the same in the same order: the verdict, the findings with the worst first, the numbers that changed, the rest.
Text of the documents is foreign: none of it may move a cursor, forge a line, or become markup.
"""

from __future__ import annotations

import re
import string
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from rulewright.errors import printable
from rulewright.findings import FINDING_FORMATS, Finding
from rulewright.impact.change import WHO, Change, Severity, as_text
from rulewright.impact.report import Report
from rulewright.impact.requests import RequestImpact, decisions
from rulewright.impact.revision import Revision
from rulewright.openapi.document import to_json

EXIT_CODES: Final = """\
Exit codes: 0 nothing for callers, 10 compatible changes, 20 something has to be reviewed, 30 something fails that
callers rely on (--fail-on); 1 an input is unusable, a difference is unexplained or an acceptance is stale, 2 wrong usage.
"""
_TEXT_MARKS: Final = {"same": "{}", "gone": "[-{}-]", "new": "{{+{}+}}"}
_SEVERITY_MARKS: Final = {
    Severity.BREAKING: "🔴 breaking", Severity.REVIEW: "🟡 review", Severity.COMPATIBLE: "🟢 compatible",
}  # fmt: skip
_MARKDOWN_PLAIN: Final = frozenset(string.ascii_letters + string.digits + " ,.-/()='%?;:\"")
_SCRIPT: Final = """\
document.documentElement.classList.add("script");
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  getSelection().selectAllChildren(button.previousElementSibling);
  document.execCommand("copy");
  button.textContent = "copied";
});
"""
"""Copies a fingerprint; nothing else on the page needs a script."""
_MOST_OPERATIONS: Final = 2


def operations_of(change: Change) -> list[str]:
    """Return the operations of a finding, each once with the parts of it that use the place."""
    found: dict[str, list[str]] = {}
    for use in change.uses:
        operation, _, where = use.removesuffix(")").rpartition(" (")
        found.setdefault(operation, []).append(where)
    return [f"{operation} ({', '.join(where)})" for operation, where in found.items()]


def subject(change: Change) -> str:
    """Return whom a finding is about: its operations, or the document."""
    found = operations_of(change)
    if not found:
        return "the document"
    more = len(found) - _MOST_OPERATIONS
    if more <= 1:
        return ", ".join(found)
    plain = [each.rpartition(" (")[0] for each in found]
    return f"{len(found)} operations ({', '.join(plain[:_MOST_OPERATIONS])}, …)"


def _places(change: Change) -> list[str]:
    """Return the lines of a finding: old and new, or the one of them that there is."""
    return [str(old) if str(old) == str(new) else f"{old} -> {new}" for old, new in change.spots]


def _counts(changes: Sequence[Change]) -> str:
    found = Counter(each.check for each in changes)
    return ", ".join(name if count == 1 else f"{count} {name}" for name, count in found.items())


def identity(revision: Revision) -> str:
    """Return in words what one side can be recognised by."""
    found = revision.identity
    words = [f"version {found['version']}"] if found["version"] else []
    words += [f"commit {found['commit']}"] if found["commit"] else []
    return ", ".join([found["path"], *words, f"sha256 {found['sha256'][:12]}"])


def _numbers(impact: RequestImpact) -> str:
    """Return what the numbers of an operation count, and how they changed."""
    if not impact.total:
        return impact.method
    return f"{impact.before} of {impact.total} combinations were accepted, {impact.after} are now"


def _facts(change: Change) -> str:
    """Return who breaks, the check, the first place, and what to accept a finding by."""
    places = _places(change)
    more = f" and {len(places) - 1} more" if len(places) > 1 else ""
    facts = [", ".join(change.who), change.check, *(f"{each}{more}" for each in places[:1])]
    return " · ".join([*filter(None, facts), f"fingerprint {change.fingerprint}"])


def _more(change: Change, most: int | None = None) -> Iterator[str]:
    """Yield what else there is to say about a finding, without markup; `most` limits the details."""
    if change.words:
        yield " ".join(_TEXT_MARKS[word.kind].format(word.text) for word in change.words)
    yield from change.details[:most]
    if most is not None and len(change.details) > most:
        yield f"and {len(change.details) - most} more lines; --format json lists them"
    if change.quoted:
        yield f"quoted by: {', '.join(change.quoted)}"
    if change.witness is not None:
        yield f"smallest request: {as_text(change.witness)}"
    yield from (f"also: {each.effect}" for each in change.parts)


def _line(text: str) -> str:
    """Return foreign text as one printable line."""
    return printable(" ".join(text.split()))


def _markdown(text: str) -> str:
    """Return foreign text as Markdown without effect: no tags, links, mentions or table cells."""
    safe = "".join(char if char in _MARKDOWN_PLAIN or char > "\x7f" else f"&#{ord(char)};" for char in _line(text))
    # a colon before a word may begin an address or an :emoji:
    return re.sub(r":(?! |$)", "&#58;", safe).replace("www.", "www&#46;")


def render_text(report: Report) -> str:
    """Return the report for a terminal."""
    return _render("report.txt.jinja", report, _line)


def render_markdown(report: Report) -> str:
    """Return the report as a comment on a pull request: the verdict, one table, changed numbers, the rest folded."""
    return _render("comment.md.jinja", report, _markdown)


def render_html(report: Report) -> str:
    """Return the report as one page, without anything to fetch, which needs no script to be read."""
    return _render("page.html.jinja", report, _line)


def _render(name: str, report: Report, clean: Callable[[str], str]) -> str:
    found = [each for each in report.changes if each.accepted is None and each.severity > Severity.NOTHING]
    page = _environment(clean, autoescape=name.endswith(".html.jinja")).get_template(name)
    text = page.render(
        report=report, found=found, by_severity=list(_by_severity(found)),
        counted=[each for each in report.requests if each.stops or each.starts],
        accepted=[each for each in report.changes if each.accepted],
        quiet=[each for each in report.changes if each.accepted is None and each.severity is Severity.NOTHING],
        tables={(each.operation, each.where): table for each in report.requests if (table := decisions(each))},
        marks=_SEVERITY_MARKS, who=WHO.items(), version=version("rulewright"),
        script=Markup(_SCRIPT),  # noqa: S704  ours, and in it nothing of a document
        script_hash=f"sha256-{b64encode(sha256(_SCRIPT.encode()).digest()).decode()}",
    )  # fmt: skip
    return text.rstrip() + "\n"


def _by_severity(changes: Sequence[Change]) -> Iterator[tuple[Severity, list[Change]]]:
    """Yield each severity that there are changes of, worst first."""
    for severity in sorted(Severity, reverse=True):
        if found := [each for each in changes if each.severity == severity]:
            yield severity, found


@cache
def _environment(clean: Callable[[str], str], *, autoescape: bool) -> Environment:
    """Return an environment in which every expression is cleaned, and in a page escaped after that."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=autoescape,  # noqa: S701  what is no page has an escape of its own
        # what a macro wrote is clean already
        finalize=lambda value: clean(value) if isinstance(value, str) and not isinstance(value, Markup) else value,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    # not Jinja's join: it escapes before the line above
    environment.filters |= {
        "json": as_text, "listed": ", ".join, "subject": subject, "places": _places, "identity": identity,
        "operations": operations_of, "numbers": _numbers, "facts": _facts, "more": _more, "counts": _counts,
        "code": lambda text: Markup(f"<code>{clean(text)}</code>"),  # noqa: S704  cleaned
    }  # fmt: skip
    return environment


def findings_of(report: Report) -> list[Finding]:
    """Return the report as findings for other programs, in the lines of the new document where they have some."""
    found = [
        Finding("unexplained", "error", f"no check understands the {each.kind} at {each.pointer}", report.new.vendor.path,
                report.new.vendor.line(each.pointer))
        for each in report.unexplained
    ]  # fmt: skip
    found += [Finding("expired", "error", message) for message in report.expired]
    levels = {Severity.BREAKING: "error", Severity.REVIEW: "warning", Severity.COMPATIBLE: "note"}
    for each in report.changes:
        if each.accepted is not None or each.severity is Severity.NOTHING:
            continue
        lines = [f"{subject(each)}: {each.effect}", *_more(each), f"accept by {each.fingerprint}"]
        spot = each.spots[0][1] if each.spots else None
        place = (spot.path, spot.line, spot.column) if spot else (report.new.vendor.path, None, None)
        found.append(Finding(each.check, levels[each.severity], "\n".join(lines), *place, each.fingerprint))  # type: ignore[arg-type]
    return found


FORMATS: Final[dict[str, Callable[[Report], str]]] = {
    "text": render_text,
    "json": lambda report: to_json(report.data()),
    "markdown": render_markdown,
    "html": render_html,
    "github": lambda report: FINDING_FORMATS["github"](findings_of(report), "impact"),
    "sarif": lambda report: FINDING_FORMATS["sarif"](findings_of(report), "impact"),
    "junit": lambda report: FINDING_FORMATS["junit"](findings_of(report), "impact"),
}
