"""The forms a report is told in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from rulewright.impact import markdown, page, text
from rulewright.impact.report import Report
from rulewright.openapi.document import to_json

FORMATS: Final[dict[str, Callable[[Report], str]]] = {
    "text": text.render,
    "json": lambda report: to_json(report.data()),
    "markdown": markdown.render,
    "html": page.render,
}
EXIT_CODES: Final = """\
Exit codes: 0 nothing for callers, 10 compatible changes, 20 a sentence or an overlay has to be reviewed,
30 callers break; 1 an input is unusable, a difference is unexplained or an acceptance is stale, 2 wrong usage.
"""
