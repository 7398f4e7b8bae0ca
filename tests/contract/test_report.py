"""Reports and the gate: red where it must be red, and nothing foreign in them is obeyed."""

from __future__ import annotations

import copy
import json
import os
import shlex
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import httpx
import pytest
from mountsea_gemini.testing.contract import (
    Bench,
    Check,
    Contract,
    Failure,
    Report,
    Result,
    Waiver,
    WaiverError,
    measured,
    read_waivers,
    run,
    universe,
    write,
)
from mountsea_gemini.testing.contract._bodies import judged, tried
from mountsea_gemini.testing.contract._exchange import Ask, json_ask
from rulewright.testing import FakeClock

TODAY = date(2026, 6, 1)


class Naive(httpx.BaseTransport):
    """A server that accepts everything."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Accept."""
        return httpx.Response(201, json={"taskId": "t", "status": "completed"})


def test_a_server_that_accepts_everything_is_red() -> None:
    """The checks of the server fail, by its fault, and coverage misses every refusal."""
    with Bench(server=Naive()) as bench:
        found = run(bench, checks=["every point", "misfits", "the token is asked for", "wrong parameters"])
        assert not found.passed
        assert [result.passed for result in found.results] == [False] * 4
        assert {failure.blame for failure in found.failures} == {"server"}
        seen = bench.ledger.seen
        assert [line for line in seen if line.startswith("server: ") and line.endswith("refused")] == []


class Crashing(httpx.BaseTransport):
    """A server that falls over."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Crash."""
        raise ZeroDivisionError("division by zero")


def test_a_server_that_crashes_is_a_failure_of_the_server() -> None:
    """Every check comes to a verdict, and names who is at fault."""
    with Bench(server=Crashing()) as bench:
        found = run(bench, checks=["misfits", "answers as documented", "every state in order"])
    assert [result.passed for result in found.results] == [False] * 3
    assert {failure.blame for failure in found.failures} == {"server"}


def test_a_wait_without_end_is_a_failure() -> None:
    """A client that never stops waiting is red after a while, and does not hang the run."""
    clock = FakeClock(patience=2)
    for _ in range(2):
        clock.sleep(0.0)
    with pytest.raises(AssertionError, match="never comes"):
        clock.sleep(0.0)


def test_a_run_without_a_case_is_red() -> None:
    """A check that tries nothing proves nothing, and neither does a report without checks."""
    empty = Result(Check("empty", "Nothing.", lambda _: iter(())), 0, (), 0.0)
    assert not empty.passed
    assert not Report((empty,), None, "", "").passed
    assert not Report((), None, "", "").passed
    assert not measured((), {}, (), TODAY).complete


def test_a_missing_line_is_red_until_it_is_waived_with_a_reason() -> None:
    """A waiver needs a reason, must still excuse something, and is over after its day."""
    lines, counts = ("client: a", "client: b"), {"client: a": 3}
    assert measured(lines, counts, (), TODAY).missed == ("client: b",)
    good = Waiver("client: b", "the server cannot do it yet", date(2026, 7, 1))
    assert measured(lines, counts, [good], TODAY).complete
    over = measured(lines, counts, [good], date(2026, 7, 2))
    assert over.problems == ("the waiver of 'client: b' was over on 2026-07-01: the server cannot do it yet",)
    stale = measured(lines, {**counts, "client: b": 1}, [good], TODAY)
    assert stale.problems == ("the waiver of 'client: b' excuses nothing any more; take it out",)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "cannot be read"),
        ("{}", "wanted a list of waivers, got dict"),
        ('[{"line": "a"}]', "entry 0: wanted an object with line, reason and until"),
        ('[{"line": "a", "reason": " ", "until": "2026-07-01"}]', "entry 0: a waiver needs a reason"),
        ('[{"line": "a", "reason": "b", "until": "soon"}]', "until is a day like 2026-12-31, got 'soon'"),
    ],
)
def test_a_list_of_waivers_that_cannot_be_read_is_said(tmp_path: Path, content: str, message: str) -> None:
    """Which entry, and what would be right."""
    (tmp_path / "waivers.json").write_text(content, encoding="utf-8")
    with pytest.raises(WaiverError, match=message.replace("(", r"\(")):
        read_waivers(tmp_path / "waivers.json")


def changed(change: Callable[[Any], None]) -> Contract:
    """Return the contract of a changed effective spec."""
    document = copy.deepcopy(Contract().document)
    change(document)
    return Contract(document)


def test_a_new_enum_value_is_red_until_the_client_knows_it() -> None:
    """A value the vendor adds: new lines to cover, and a compiled client that still refuses it is found."""

    def add(document: Any) -> None:
        document["components"]["schemas"]["VideoGenerationDto"]["properties"]["model"]["enum"].append("veo4_fast")

    contract = changed(add)
    new = [line for line in universe(contract) if "veo4_fast" in line]
    assert len(new) > 100
    with Bench(contract) as bench:
        body = {**contract.submit.good(), "model": "veo4_fast"}
        failure = judged(bench, "every point", "a new model", body)
        assert failure is not None
        assert failure.blame == "rules"


@pytest.mark.parametrize("rule", [0, 1, 2, 3])
def test_encodings_that_disagree_are_the_documents_fault(rule: int) -> None:
    """An `allOf` member that does not say what its rule says is found, and nobody else is blamed."""

    def change(document: Any) -> None:
        document["components"]["schemas"]["VideoGenerationDto"]["allOf"][rule]["anyOf"] = [{}]

    contract = changed(change)
    assert contract.submit.judge is not None
    body = contract.submit.judge.rules[rule]["examples"]["breaks"]
    with Bench(contract) as bench:
        failure = judged(bench, "exactly one rule", "its own example", body)
    assert failure is not None
    assert failure.blame == "document"


def test_a_failure_is_made_small() -> None:
    """What does not matter is taken out of the body: optional fields, all but the item too many."""
    with Bench(server=Naive()) as bench:
        body = {"prompt": "a very long prompt", "action": "img2video", "model": "veo3_fast", "aspectRatio": "16:9",
                "imageList": ["https://example.com/1.png"] * 9, "x_extra": 1}  # fmt: skip
        (failure,) = tried(bench, "one", iter([("one", body)]))
        assert failure is not None
        assert failure.blame == "server"
        assert failure.body == {}


def test_the_line_to_reproduce_names_the_token_and_never_shows_it() -> None:
    """A shell reads the line as the one request it is, whatever stands in it."""
    ask = json_ask("POST", "/a?b=c&d='e'", {"prompt": 'it\'s $HOME `date` "x" \n \x1b[31m'})
    line = ask.curl("https://api.example.com", "MOUNTSEA_API_KEY")
    words = shlex.split(line)
    assert words[:5] == ["curl", "-i", "-X", "POST", "https://api.example.com/a?b=c&d='e'"]
    assert "Authorization: Bearer $MOUNTSEA_API_KEY" in words
    assert json.loads(words[-1]) == json.loads(ask.content or b"")
    assert "--data-binary @<(printf '\\000\\377')" in Ask("POST", "/", {}, b"\x00\xff").curl("", "T")


HOSTILE = "<script>alert(1)</script>\x1b[31m\u202e|`]]>&"


def test_a_report_replaces_files_only(tmp_path: Path) -> None:
    """A pipe or a link to a device under a report's name stays what it is, and no draft is left behind."""
    report = Report((), measured([], {}, (), TODAY), "http://127.0.0.1:9", "T")
    os.mkfifo(tmp_path / "report.txt")
    with pytest.raises(OSError, match="what is there now is not a regular file"):
        write(report, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["report.txt"]
    assert (tmp_path / "report.txt").is_fifo()
    (tmp_path / "report.txt").unlink()
    write(report, tmp_path)
    (tmp_path / "report.md").unlink()
    (tmp_path / "report.md").symlink_to(os.devnull)
    with pytest.raises(OSError, match="what is there now is not a regular file"):
        write(report, tmp_path)
    assert (tmp_path / "report.md").is_symlink()


def test_nothing_foreign_in_a_report_is_obeyed(tmp_path: Path) -> None:
    """Markup, terminal colours and directions are shown as text in every format."""
    failure = Failure("check", HOSTILE, HOSTILE, HOSTILE, HOSTILE, "server", json_ask("POST", "/", HOSTILE), HOSTILE)
    check = Check(HOSTILE, HOSTILE, lambda _: iter(()))
    covered = measured([f"client: {HOSTILE}"], {}, (), TODAY)
    write(Report((Result(check, 1, (failure,), 0.1),), covered, "http://127.0.0.1:9", "T"), tmp_path)
    for path in tmp_path.iterdir():
        content = path.read_text(encoding="utf-8")
        assert "\x1b" not in content, path.name
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "src=" not in page
    assert "http" not in page.replace("http-equiv", "").replace("http://127.0.0.1:9", "")
    assert ET.parse(tmp_path / "junit.xml").getroot().get("failures") == "2"  # noqa: S314  our own file
    told = json.loads((tmp_path / "report.json").read_bytes())
    assert told["checks"][0]["failures"][0]["blame"] == "server"
