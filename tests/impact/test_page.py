"""The page in a browser at the widths of a phone, a tablet and a desktop: nothing overflows, and breaks come first."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import Any

import pytest
from rulewright.impact.formats import render_html

from tests.browser import BROWSER, dump_dom
from tests.impact.conftest import Lab
from tests.impact.test_rendered import HOSTILE, MODEL

WIDTHS = (360, 800, 1280)
MEASURE = """
addEventListener("load", () => {
  const seen = [...document.querySelectorAll("iframe")].map((frame) => {
    const page = frame.contentDocument, root = page.documentElement, view = frame.contentWindow;
    const top = (what) => page.querySelector(what)?.getBoundingClientRect().top ?? null;
    const shown = [...page.body.querySelectorAll("*")].filter((each) => each.checkVisibility());
    const right = Math.max(...shown.map((each) => each.getBoundingClientRect().right));
    const style = (what) => view.getComputedStyle(page.querySelector(what));
    const button = page.querySelector("[data-copy]");
    button.click();
    return {
      width: root.clientWidth, outer: view.innerWidth, overflow: root.scrollWidth - root.clientWidth, right,
      verdict: top("h1"), breaking: top("article.breaking"), numbers: top("section"),
      cell: style("tbody td").display, changed: style("td.changed").backgroundColor, page: style("body").backgroundColor,
      button: style("[data-copy]").display, copied: button.textContent, selected: String(view.getSelection()),
      folded: [...page.querySelectorAll("details")].filter((each) => !each.open).length, font: style("p").fontSize,
    };
  });
  document.body.textContent = "MEASURED" + JSON.stringify(seen) + "MEASURED";
});
"""
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no browser: install chromium")


def measure(source: str, folder: Path) -> list[dict[str, Any]]:
    """Return what a browser shows of a page at each width."""
    frames = "".join(
        f'<iframe style="width:{width}px;height:900px;border:0" srcdoc="{html.escape(source)}"></iframe>'
        for width in WIDTHS
    )
    (folder / "outer.html").write_text(
        f'<!DOCTYPE html><meta charset="utf-8"><body>{frames}<script>{MEASURE}</script>', encoding="utf-8"
    )
    shown = dump_dom(f"file://{folder / 'outer.html'}", folder / "profile")
    found = re.search("MEASURED(.*)MEASURED", shown, re.DOTALL)
    assert found is not None, shown[-2000:]
    result: list[dict[str, Any]] = json.loads(html.unescape(found[1]))
    return result


def test_the_page_reads_at_every_width(seed: Lab, tmp_path: Path) -> None:
    """Verdict, then what breaks, then the numbers; no overflow; on a phone each cell of a table is a line of its own."""
    values = seed.vendor.value["components"]["schemas"]["VideoGenerationDto"]["properties"]["model"]["enum"]
    renamed = ["veo3_turbo" if value == "veo3_fast" else value for value in values]
    report = seed.after({"set": f"{MODEL}/enum", "to": renamed}, {"set": "/info/title", "to": "Long" * 60})
    seen = measure(render_html(report), tmp_path)
    assert [each["outer"] for each in seen] == list(WIDTHS)
    for each in seen:
        assert each["overflow"] <= 0
        assert each["right"] <= each["width"]
        assert 0 <= each["verdict"] < each["breaking"] < each["numbers"]
        assert each["breaking"] < 450, "the first finding is on the first screen"
        assert each["changed"] != each["page"]
        assert each["font"] == "16px"
        assert each["folded"] >= 3
        assert (each["button"], each["copied"]) == ("inline-block", "copied")
        assert re.fullmatch("[0-9a-f]{16}", each["selected"].strip())
    assert [each["cell"] for each in seen] == ["block", "table-cell", "table-cell"]


def test_hostile_text_breaks_no_layout(seed: Lab, tmp_path: Path) -> None:
    """A long name without a space, or markup in a name, widens nothing."""
    name = HOSTILE.replace("/", "") + "x" * 300
    report = seed.after(
        {"set": f"{MODEL}/enum", "to": ["veo2_fast", name]},
        {"set": "/components/schemas/VideoGenerationDto/required", "to": ["prompt", name]},
    )
    for each in measure(render_html(report), tmp_path):
        assert each["overflow"] <= 0
        assert each["right"] <= each["width"]
