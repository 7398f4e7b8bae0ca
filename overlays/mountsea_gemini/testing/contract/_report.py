"""A report as text, Markdown, HTML, JSON and JUnit; everything foreign in it is escaped."""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET

from ..._files import Partial, sweep
from ..._secrets import printable
from ._run import Report, Result

MAX_SHOWN: Final = 20
"""Failures of one check, or missed lines, that are spelt out for people; JSON and JUnit have all."""


def text(report: Report) -> str:
    """Return the report for a terminal."""
    lines = [_line(result) for result in report.results]
    for result in report.results:
        for failure in result.failures[:MAX_SHOWN]:
            lines += ["", *failure.lines(report.base, report.variable)]
        if len(result.failures) > MAX_SHOWN:
            lines.append(f"... and {len(result.failures) - MAX_SHOWN} more failures of {result.check.name!r}")
    lines += ["", *_coverage(report)]
    lines.append(f"{'passed' if report.passed else 'FAILED'}: {report.cases} cases, {len(report.failures)} failures")
    return "\n".join(lines) + "\n"


def _line(result: Result) -> str:
    word = "ok  " if result.passed else "FAIL"
    empty = "" if result.cases else "  (a check that tries nothing proves nothing)"
    return f"{word} {printable(result.check.name)}: {result.cases} cases, {len(result.failures)} failures{empty}"


def _coverage(report: Report) -> Iterator[str]:
    covered = report.coverage
    if covered is None:
        return
    yield f"coverage: {covered.share:.1%} of {len(covered.lines)} lines, {len(covered.waived)} waived"
    for word, (seen, total) in covered.groups().items():
        yield printable(f"  {word}: {seen} of {total}")
    for line in covered.missed[:MAX_SHOWN]:
        yield printable(f"  not exercised: {line}")
    if len(covered.missed) > MAX_SHOWN:
        yield f"  ... and {len(covered.missed) - MAX_SHOWN} more"
    yield from (printable(f"  {problem}") for problem in covered.problems)


def markdown(report: Report) -> str:
    """Return the report as one Markdown page."""
    lines = ["# Contract checks", "", f"{'Passed' if report.passed else 'Failed'}: {report.cases} cases.", ""]
    lines += ["| check | what holds | cases | failures |", "|---|---|---|---|"]
    for each in report.results:
        name, purpose = _cell(each.check.name), _cell(each.check.purpose)
        lines.append(f"| {name} | {purpose} | {each.cases} | {len(each.failures)} |")
    lines += ["", "## Rules", "", "| rule and sense | bodies |", "|---|---|"]
    lines += [f"| {_cell(rule)} | {count} |" for rule, count in report.rules.items()]
    if report.coverage is not None:
        lines += ["", "## Coverage", "", "| kind | seen | all |", "|---|---|---|"]
        lines += [f"| {_cell(word)} | {seen} | {total} |" for word, (seen, total) in report.coverage.groups().items()]
        lines += [f"- not exercised: `{_cell(line)}`" for line in report.coverage.missed]
        lines += [f"- waived: `{_cell(line)}`: {_cell(reason)}" for line, reason in report.coverage.waived.items()]
    if report.failures:
        lines += ["", "## Failures"]
        for failure in report.failures[: 5 * MAX_SHOWN]:
            shown = "\n".join(failure.lines(report.base, report.variable)).replace("```", "'''")
            lines += ["", "```text", shown, "```"]
    return "\n".join(lines) + "\n"


def _cell(value: str) -> str:
    return html.escape(printable(value), quote=False).replace("|", "\\|").replace("\n", " ")


def page(report: Report) -> str:
    """Return the report as one HTML page that needs no other file."""
    rows = "".join(
        f"<tr class={'ok' if each.passed else 'bad'}><td>{_html(each.check.name)}<td>{_html(each.check.purpose)}"
        f"<td>{each.cases}<td>{len(each.failures)}</tr>\n"
        for each in report.results
    )
    failures = "".join(
        f"<pre>{_html(chr(10).join(each.lines(report.base, report.variable)))}</pre>\n" for each in report.failures
    )
    covered = report.coverage
    lines = "" if covered is None else "".join(_row(line, covered.counts, covered.waived) for line in covered.lines)
    share = "" if covered is None else f"<h2>Coverage: {covered.share:.1%}</h2>\n"
    return (
        '<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>Contract checks</title>\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        "<style>body{font:14px sans-serif}td,th{padding:2px 8px;text-align:left;border-bottom:1px solid #ddd}"
        ".bad{background:#fdd}.ok{background:#efe}pre{background:#f6f6f6;padding:8px;white-space:pre-wrap}</style>\n"
        f"<h1>Contract checks: {'passed' if report.passed else 'failed'}</h1>\n"
        f"<table><tr><th>check<th>what holds<th>cases<th>failures</tr>\n{rows}</table>\n{failures}"
        f"{share}<table><tr><th>line<th>times</tr>\n{lines}</table>\n</html>\n"
    )


def _row(line: str, counts: Mapping[str, int], waived: Mapping[str, str]) -> str:
    count = counts.get(line, 0)
    word = str(count) if count or line not in waived else f"waived: {waived[line]}"
    return f"<tr class={'ok' if count or line in waived else 'bad'}><td>{_html(line)}<td>{_html(word)}</tr>\n"


def _html(value: str) -> str:
    return html.escape(printable(value))


def junit(report: Report) -> str:
    """Return the report as JUnit XML: one test case for each check, and one for the gate of coverage."""
    failed = sum(not result.passed for result in report.results)
    suite = ET.Element("testsuite", name="contract", tests=str(len(report.results)), failures=str(failed))
    for result in report.results:
        case = ET.SubElement(
            suite, "testcase", classname="contract", name=printable(result.check.name), time=f"{result.seconds:.3f}"
        )
        if not result.passed:
            told = ["\n".join(failure.lines(report.base, report.variable)) for failure in result.failures]
            ET.SubElement(case, "failure", message=printable(_line(result))).text = "\n\n".join(told)
    if report.coverage is not None:
        case = ET.SubElement(suite, "testcase", classname="contract", name="coverage")
        suite.set("tests", str(len(report.results) + 1))
        if not report.coverage.complete:
            suite.set("failures", str(failed + 1))
            ET.SubElement(case, "failure", message="not everything was exercised").text = "\n".join(_coverage(report))
    ET.indent(suite)
    return ET.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


FORMATS: Final[Mapping[str, Callable[[Report], str]]] = {
    "report.txt": text,
    "report.md": markdown,
    "report.html": page,
    "report.json": lambda report: json.dumps(report.as_json(), ensure_ascii=False, indent=1) + "\n",
    "junit.xml": junit,
}


def write(report: Report, folder: Path) -> None:
    """Write the report in every format.

    Raises:
        OSError: The folder cannot be written to, or holds something else than a file under a report's name.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, form in FORMATS.items():
        draft = Partial.beside(folder / name)
        try:
            draft.write(form(report).encode("utf-8", "backslashreplace"))
            draft.commit()
        finally:
            draft.discard()
    sweep(folder)
