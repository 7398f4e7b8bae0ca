"""Wire cases written by hand: sync and async, in process and over TCP, the same requests and the same outcomes."""

from __future__ import annotations

import asyncio
import inspect
import os
import shlex
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from mountsea_gemini import ApiError, AsyncClient, AsyncTask, Client, RequestRefused, Task, TaskResult
from rulewright.contract.contract import Contract
from rulewright.testing import FakeClock

from tests.contract.blaming import blamed, contradictions
from tests.contract.conftest import DOCUMENT, video
from tests.contract.playing import Player
from tests.example import example

CONTRACT: Final = Contract(DOCUMENT)
SUBMIT = video(CONTRACT)
LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the same, ten times as fast where it is there
CASES: Final = yaml.load((Path(__file__).parent / "wire.yaml").read_bytes(), LOADER)  # noqa: S506  both are safe
TOKEN: Final = "a-token"  # noqa: S105  made up
HEADERS: Final = {"accept": "application/json", "authorization": f"Bearer {TOKEN}"}
ONLY: Final = "CONTRACT_CASE"
"""The variable that names the one case to play, as a failure's line to reproduce it does."""
OUTCOMES: Final = ("error", "rules", "status", "retry_after", "task_id", "id", "state", "verdict", "urls")


class Caller:
    """One client, sync or async, whose every call is made the same way."""

    def __init__(self, skin: str, base: str, transport: Any) -> None:
        kind: Any = Client if skin == "sync" else AsyncClient
        self.client = kind(TOKEN, base_url=base, transport=transport, clock=FakeClock())
        self.runner = asyncio.Runner()

    def done(self, outcome: Any) -> Any:
        """Return what a call returned, awaited if it has to be."""
        return self.runner.run(outcome) if inspect.iscoroutine(outcome) else outcome

    def call(self, case: dict[str, Any]) -> Any:
        """Make the call of a case and return its value or its error."""
        ((name, given),) = case["call"].items()
        try:
            if name in {"result", "wait"}:
                return self.done(getattr(self.client.task(given["task_id"]), name)())
            return self.done(getattr(self.client, name)(**given))
        except Exception as error:  # noqa: BLE001  one that is not ours is the outcome too, and no case wants it
            return error

    def close(self) -> None:
        """Close the client."""
        if isinstance(self.client, Client):
            self.client.close()
        else:
            self.done(self.client.aclose())
        self.runner.close()


@contextmanager
def caller(skin: str, door: str, player: Player) -> Iterator[Caller]:
    """Return a caller whose server is the player."""
    if door == "in process":
        made = Caller(skin, "http://127.0.0.1:9", player.transport())
        yield made
        made.close()
        return
    with player.listening() as url:
        made = Caller(skin, url, None)
        yield made
        made.close()


def told(outcome: Any) -> dict[str, Any]:
    """Return an outcome as the data a case expects."""
    if isinstance(outcome, RequestRefused):
        return {"error": "RequestRefused", "rules": [each.rule for each in outcome.violations]}
    if isinstance(outcome, ApiError):
        return {"error": type(outcome).__name__, **{name: getattr(outcome, name, None) for name in OUTCOMES[2:5]}}
    if isinstance(outcome, Exception):
        return {"error": type(outcome).__name__}
    if isinstance(outcome, Task | AsyncTask):
        return {"id": outcome.id}
    assert isinstance(outcome, TaskResult)
    return {"state": outcome.status, "verdict": outcome.verdict, "urls": list(outcome.urls)}


def problem(case: dict[str, Any], player: Player, outcome: Any) -> str | None:
    """Return what is wrong with a case, and who is at fault."""
    found = difference(case, player, outcome)
    line = f"{ONLY}={shlex.quote(case['name'])} python -m pytest tests/contract/test_wire.py -k every_case"
    return f"{found}\n  at fault: {blamed(CONTRACT, case)}\n  reproduce: {line}" if found else None


def difference(case: dict[str, Any], player: Player, outcome: Any) -> str | None:
    """Return what is wrong with the outcome of a case, or with what was sent for it."""
    got = told(outcome)
    wanted = case["gives"]
    if {name: got.get(name) for name in wanted} != wanted:
        return f"{case['name']}: got {got}, wanted {wanted}"
    for asked in player.asked:
        headers = HEADERS | ({"content-type": "application/json"} if "body" in asked else {})
        if asked.pop("headers") != headers:
            return f"{case['name']}: other headers than {headers}"
    return None if player.asked == case["sends"] else f"{case['name']}: sent {player.asked}, wanted {case['sends']}"


@pytest.mark.parametrize("door", ["in process", "tcp"])
@pytest.mark.parametrize("skin", ["sync", "async"])
def test_every_case(skin: str, door: str) -> None:
    """Exact method, path, headers and body; exact value or typed error. No case may be left out."""
    player = Player()
    problems = []
    played = [case for case in CASES if os.environ.get(ONLY, case["name"]) == case["name"]]
    assert played, f"there is no case {os.environ.get(ONLY)!r} in wire.yaml"
    with caller(skin, door, player) as made, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for case in played:
            player.take(case["replies"])
            problems.append(problem(case, player, made.call(case)))
    found = [each for each in problems if each]
    assert not found, "\n".join([f"{len(found)} of {len(CASES)} cases", *found[:10]])


@pytest.mark.parametrize("skin", ["sync", "async"])
@pytest.mark.parametrize("call", [{"text_to_video": {"prompt": "a cat"}}, {"result": {"task_id": "t-1"}}])
@pytest.mark.parametrize("status", [400, 503])
def test_an_error_names_what_support_asks_for(skin: str, call: dict[str, Any], status: int) -> None:
    """Status, the server's words, and the id of the exchange: the body's, or else the header's."""
    player = Player()
    with caller(skin, "in process", player) as made:
        for body, trace in (({"message": "no luck"}, "from-header"), ({"message": "no luck", "traceId": "b-1"}, "b-1")):
            player.take([{"status": status, "headers": {"X-Request-Id": "from-header"}, "body": body}])
            error = made.call({"call": call})
            assert (error.status, error.trace_id) == (status, trace)
            assert "no luck" in error.vendor_message


def test_there_are_enough_cases_and_each_has_its_own_name() -> None:
    """At least sixty, so that a run that lost its data is red."""
    names = [case["name"] for case in CASES]
    assert len(names) == len(set(names)) >= 60
    outcomes = {name for case in CASES for name in case["gives"]}
    assert outcomes <= set(OUTCOMES)


def test_every_enum_value_has_a_case() -> None:
    """For each value of the frozen page somebody has written down what goes over the wire; the checks try new ones."""
    accepted = [
        asked["body"] for case in CASES for asked in case["sends"] if "error" not in case["gives"] and "body" in asked
    ]
    missing = [
        f"{name}={value}"
        for name, schema in video(Contract(example().effective)).fields.items()
        for value in schema.get("enum", ())
        if not any(body.get(name) == value for body in accepted)
    ]
    states = {reply["body"].get("status") for case in CASES for reply in case["replies"] if "body" in reply}
    missing += [f"state {state}" for state in SUBMIT.states if state not in states]
    assert missing == []


def test_the_document_contradicts_no_case() -> None:
    """Paths, parameters, bodies, rules and states written by hand are those of the effective spec."""
    assert [(case["name"], found) for case in CASES if (found := list(contradictions(CONTRACT, case)))] == []


def test_every_rule_has_a_case() -> None:
    """Each rule of the frozen page is named by a refusal written by hand, so that none vanishes from every layer."""
    refused = {rule for case in CASES for rule in case["gives"].get("rules", ())}
    assert {rule.id for rule in Contract(example().effective).rules} <= refused


def test_a_failure_names_case_part_and_the_line_to_reproduce_it() -> None:
    """Rules that misjudge are not the client's fault, nor is a case the document contradicts."""
    case = next(each for each in CASES if "img2video-needs-images" in each["gives"].get("rules", ()))
    player = Player()
    player.asked.clear()
    told = problem(case, player, ZeroDivisionError())
    assert told is not None
    assert told.startswith(f"{case['name']}: got ")
    assert "\n  at fault: the client\n  reproduce: CONTRACT_CASE=" in told
    misjudged = {**case, "gives": {**case["gives"], "rules": ["ingredients-need-images"]}}
    assert blamed(CONTRACT, misjudged) == "the effective document"
    sent = next(each for each in CASES if each["sends"] and "body" in each["sends"][0] and "error" not in each["gives"])
    broken = {**sent["sends"][0], "body": {**sent["sends"][0]["body"], "action": "img2video", "imageList": []}}
    assert blamed(CONTRACT, {**sent, "sends": [broken]}) == "the effective document"
