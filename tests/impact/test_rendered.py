"""The rendered comment and page; text of documents has no effect in either."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest
from rulewright.impact.formats import render_html, render_markdown, render_text
from rulewright.impact.report import Report
from rulewright.impact.requests import decisions

from tests.impact.conftest import ROOT, Lab

MODEL = "/components/schemas/VideoGenerationDto/properties/model"
HOSTILE = (
    "<script>alert(1)</script> </td></table><img src=x onerror=alert(1)> @everyone #1 https://evil.example "
    "[x](javascript:alert(1)) `code` | cell **bold** {{7*7}} &lt; \x1b[2J \u202e ]]> --> <!-- \r\n## heading"
)
VOID = {"meta", "br", "link", "img"}


class Page(HTMLParser):
    """Reads a page strictly: every element is closed in order."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.tables: list[list[list[tuple[str, bool]]]] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(source)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag, and where a table grows."""
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self._open.append(tag)
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in {"td", "th"}:
            self.tables[-1][-1].append(("", ("class", "changed") in attrs))

    def handle_endtag(self, tag: str) -> None:
        """Check that it closes what was opened last."""
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Collect what is shown."""
        self.words.append(data)
        if self._open and {"td", "th"} & set(self._open):
            text, changed = self.tables[-1][-1][-1]
            self.tables[-1][-1][-1] = (text + data, changed)


@pytest.fixture(scope="module")
def renamed(seed: Lab) -> Report:
    """One value of a field renamed."""
    values = [
        value if value != "veo3_fast" else "veo3_turbo"
        for value in seed.vendor.value["components"]["schemas"]["VideoGenerationDto"]["properties"]["model"]["enum"]
    ]
    return seed.after({"set": f"{MODEL}/enum", "to": values})  # fmt: skip


@pytest.fixture(scope="module")
def hostile(seed: Lab) -> Report:
    """Hostile text wherever a document can hold some."""
    return seed.after(
        {"set": f"{MODEL}/enum", "to": ["veo2_fast", HOSTILE]},
        {"set": f"{MODEL}/description", "to": f"Only {HOSTILE}."},
        {"set": "/info/version", "to": HOSTILE},
        {"set": "/servers/0/url", "to": HOSTILE},
        {"set": "/components/schemas/VideoGenerationDto/properties/aspectRatio/default", "to": HOSTILE},
        {
            "set": f"/components/schemas/VideoGenerationDto/properties/{HOSTILE.replace('/', '')}",
            "to": {"type": "string"},
        },
        {"set": "/components/schemas/VideoGenerationDto/required", "to": ["prompt", HOSTILE]},
        {"set": "/tags/0/name", "to": HOSTILE},
        {"set": f"/paths/~1gemini~1video~1generate/post/{HOSTILE.replace('/', '')}", "to": HOSTILE},
    )


def test_the_comment_starts_with_the_verdict(renamed: Report) -> None:
    """First line: what breaks on the wire. Then one table, the changed numbers, and the rest folded: one screen."""
    lines = render_markdown(renamed).splitlines()
    assert lines[0].startswith("### Impact on callers: ")
    assert lines[0].startswith("### Impact on callers: 1 breaking on the wire")
    (table,) = [index for index, line in enumerate(lines) if "what a caller notices" in line]
    rows = lines[table + 2 : lines.index("", table)]
    assert len(rows) == sum(change.severity > 0 for change in renamed.changes)
    assert rows[0].startswith("| 🔴 breaking | POST /gemini/video/generate (request body): ")
    assert table == 2
    assert table < lines.index("<details>") < 20
    assert lines.count("<details>") == lines.count("</details>") > 1


def test_the_page_is_self_contained(renamed: Report) -> None:
    """Nothing is fetched, and the one script, which copies fingerprints, is the one that the policy names."""
    source = render_html(renamed)
    read = Page(source)
    assert read.tags.count("script") == 1
    assert not {"link", "img", "iframe", "object"} & set(read.tags)
    assert not [name for name, _ in read.attributes if name in {"src", "href"} or name.startswith("on")]
    assert "url(" not in source
    script = re.search(r"<script>(.*?)</script>", source, re.DOTALL)
    assert script is not None
    allowed = base64.b64encode(hashlib.sha256(script[1].encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{allowed}'"
    assert ("content", policy) in read.attributes


def test_the_page_marks_the_changed_cells(renamed: Report) -> None:
    """One table per request: each changed cell shows old and new, and rows that did not change are folded below it."""
    changed, same = Page(render_html(renamed)).tables
    cells = {row[0][0]: row[1:] for row in changed[1:]}
    assert {name: [mark for _, mark in row] for name, row in cells.items()} == {
        "veo3_fast": [True, True, False], "veo3_turbo": [True, True, False]
    }  # fmt: skip
    assert cells["veo3_fast"][0][0].split() == ["any", "→", "no:", "not", "listed", "●"]
    assert cells["veo3_turbo"][0][0].split() == ["no:", "not", "listed", "→", "any", "●"]
    rows = {row[0][0]: row[1:] for row in same[1:]}
    assert not any(mark for row in rows.values() for _, mark in row)
    assert [words.strip() for words, _ in rows["veo31_fast"]] == ["any", "imageList 1-2", "imageList 1-3"]


def test_the_decision_table_is_the_rules_own(renamed: Report) -> None:
    """A cell has the same text as RULES.md for the same pair of values."""
    (impact,) = renamed.requests
    table = decisions(impact)
    assert table is not None
    published = (ROOT / "generated/RULES.md").read_text(encoding="utf-8").splitlines()
    for row, cells in table.lines:
        if not any(cell.changed for cell in cells):
            (line,) = [each for each in published if each.startswith(f"| `{row}` |")]
            wanted = [cell.strip().replace("`", "").replace("no: ", "no: rule ") for cell in line.split("|")[2:-1]]
            assert [cell.after.replace("imageList ", "") for cell in cells] == wanted
    assert len(table.lines) > table.changed == 2


def test_foreign_text_stays_text_in_a_terminal(hostile: Report) -> None:
    """No escape, no text direction, and no line that the report did not write itself."""
    shown = render_text(hostile)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", shown)
    assert not re.search(r"^## heading", shown, re.MULTILINE)
    assert "unexplained" in shown


def test_foreign_text_stays_text_in_a_comment(hostile: Report) -> None:
    """No tag, link, mention, reference, code span, table cell or heading comes from the document."""
    shown = render_markdown(hostile)
    ours = re.sub(r"</?(?:details|summary|code|del|ins|b)>|<br>", "", shown)
    for sign in ("<", "@everyone", "#1 ", "https://", "`", "](", "\x1b", "\u202e", "{{"):
        assert sign not in ours, sign
    for row in (line for line in shown.splitlines() if line.startswith("| 🔴")):
        assert row.count("|") == 4
    assert [line for line in shown.splitlines() if line.startswith("#")] == [shown.splitlines()[0]]


def test_foreign_text_stays_text_on_the_page(hostile: Report) -> None:
    """The page holds the same elements as ever, all closed in order, and shows the hostile text."""
    read = Page(render_html(hostile))
    assert (read.tags.count("script"), read.tags.count("img")) == (1, 0)
    assert not [name for name, _ in read.attributes if name.startswith("on")]
    shown = "".join(read.words)
    assert "<script>alert(1)</script>" in shown
    assert "\x1b" not in shown
    assert "\u202e" not in shown


def test_a_long_witness_is_cut_for_people(seed: Lab) -> None:
    """A text one longer than a new bound shows its length, not itself; the JSON holds it whole."""
    report = seed.after({"set": "/components/schemas/VideoGenerationDto/properties/prompt/maxLength", "to": 2000})
    for shown in (render_text(report), render_markdown(report), render_html(report)):
        assert "(2001 characters)" in shown
        assert "x" * 100 not in shown
    (witness,) = [each["witness"] for each in report.data()["changes"] if each["witness"]]
    assert len(witness["prompt"]) == 2001
