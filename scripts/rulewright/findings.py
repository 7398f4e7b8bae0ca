"""Findings of any command in the formats that other programs show: workflow annotations, SARIF and JUnit."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Final, Literal
from urllib.parse import quote
from xml.etree import ElementTree as ET

from rulewright.errors import EXIT_FAILED, InputError, printable
from rulewright.openapi.document import to_json

Level = Literal["error", "warning", "note"]
_SARIF_SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_COMMANDS: Final = {"error": "error", "warning": "warning", "note": "notice"}
_NOT_XML: Final = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Finding:
    """One finding.

    Args:
        rule: The stable id of what found it.
        level: How bad it is.
        message: What was found; the first line is enough to understand it.
        path: The file it is in, relative to the current directory, if it is in one.
        line: 1-based.
        column: 1-based.
        fingerprint: What the same finding is recognised by in another run.
    """

    rule: str
    level: Level
    message: str
    path: str | None = None
    line: int | None = None
    column: int | None = None
    fingerprint: str = ""

    @property
    def title(self) -> str:
        """The first line of the message."""
        return self.message.partition("\n")[0]


def finding_of(error: InputError, rule: str) -> Finding:
    """Return an error of an input as a finding."""
    return Finding(rule, "error", error.message, error.path, error.line)


def show_findings(form: str, command: str, find: Callable[[], Iterable[Finding]]) -> int:
    """Print what a command finds in one of `FINDING_FORMATS`; what an input got wrong is a finding as well.

    Returns:
        The exit code: 1 if one of them is an error.
    """
    try:
        found = list(find())
    except InputError as error:
        found = [finding_of(each, "input") for each in error.faults or [error]]
    print(FINDING_FORMATS[form](found, command), end="")
    return EXIT_FAILED if any(each.level == "error" for each in found) else 0


def render_github(findings: Sequence[Finding], _: str) -> str:
    """Return findings as workflow commands, which GitHub shows beside the lines they are about."""
    lines = []
    for each in findings:
        properties = {"file": each.path, "line": each.line, "col": each.column, "title": f"{each.rule}: {each.title}"}
        given = ",".join(f"{key}={_property(str(value))}" for key, value in properties.items() if value is not None)
        lines.append(f"::{_COMMANDS[each.level]} {given}::{_data(each.message)}\n")
    return "".join(lines)


def _data(text: str) -> str:
    return printable(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def render_sarif(findings: Sequence[Finding], command: str) -> str:
    """Return findings as SARIF 2.1.0, which code scanning reads."""
    rules = sorted({each.rule for each in findings})
    driver = {
        "name": f"rulewright {command}",
        "version": version("rulewright"),
        "rules": [{"id": each} for each in rules],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(each, rules) for each in findings],
    }
    return to_json({"$schema": _SARIF_SCHEMA, "version": "2.1.0", "runs": [run]})


def _result(finding: Finding, rules: list[str]) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": rules.index(finding.rule),
        "level": finding.level,
        "message": {"text": printable(finding.message)},
    }
    if finding.path is not None:
        region = {"startLine": finding.line, "startColumn": finding.column}
        place: dict[str, Any] = {"artifactLocation": {"uri": quote(finding.path)}}
        if finding.line is not None:
            place["region"] = {key: value for key, value in region.items() if value is not None}
        result["locations"] = [{"physicalLocation": place}]
    if finding.fingerprint:
        result["partialFingerprints"] = {"rulewright/v1": finding.fingerprint}
    return result


def render_junit(findings: Sequence[Finding], command: str) -> str:
    """Return findings as the results of tests: an error is a failure, anything else is noted; none is one success."""
    failures = sum(each.level == "error" for each in findings)
    suite = ET.Element("testsuite", name=f"rulewright {command}", tests=str(len(findings) or 1), failures=str(failures))
    for each in findings:
        case = ET.SubElement(suite, "testcase", classname=_xml(each.rule), name=_xml(each.title))
        if each.path is not None:
            case.set("file", _xml(each.path))
            case.set("line", str(each.line or 1))
        kind = "failure" if each.level == "error" else "system-out"
        ET.SubElement(case, kind, {"message": _xml(each.title)} if kind == "failure" else {}).text = _xml(each.message)
    if not findings:
        ET.SubElement(suite, "testcase", classname=command, name="no findings")
    ET.indent(suite)
    return ET.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def _xml(text: str) -> str:
    return _NOT_XML.sub("?", printable(text))


FINDING_FORMATS: Final[dict[str, Callable[[Sequence[Finding], str], str]]] = {
    "github": render_github,
    "sarif": render_sarif,
    "junit": render_junit,
}
"""Each takes findings and the name of the command that found them."""
