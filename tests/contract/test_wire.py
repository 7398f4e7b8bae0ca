"""Hand-written wire cases: both clients, in process and over TCP, with equal requests and outcomes."""

from __future__ import annotations

import os
import shlex
import warnings
from contextlib import closing, nullcontext
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from mountsea_gemini import ApiError, AsyncTask, RequestRefused, Task, TaskResult
from rulewright.contract.contract import Contract

from tests.client.scripted import BASE, TOKEN, Skin
from tests.contract.blaming import blame, contradictions
from tests.contract.conftest import DOCUMENT, video
from tests.contract.playing import Player
from tests.example import example

CONTRACT: Final = Contract(DOCUMENT)
SUBMIT = video(CONTRACT)
LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the same, ten times as fast where it is there
CASES: Final = yaml.load((Path(__file__).parent / "wire.yaml").read_bytes(), LOADER)  # noqa: S506  both are safe
HEADERS: Final = {"accept": "application/json", "authorization": f"Bearer {TOKEN}"}
ONLY: Final = "CONTRACT_CASE"
"""The variable that names the one case to play, as a failure's line to reproduce it does."""
OUTCOMES: Final = ("error", "rules", "status", "retry_after", "task_id", "id", "state", "verdict", "urls")


def call(skin: Skin, client: Any, case: dict[str, Any]) -> Any:
    """Make the call of a case and return its value or its error."""
    ((name, given),) = case["call"].items()
    try:
        if name in {"result", "wait"}:
            return skin.do(getattr(client.task(given["task_id"]), name)())
        return skin.do(getattr(client, name)(**given))
    except Exception as error:  # noqa: BLE001  one that is not ours is the outcome too, and no case wants it
        return error


def outcome_data(outcome: Any) -> dict[str, Any]:
    """Return an outcome as the data that a case expects."""
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
    """Return what is wrong with a case, and who is at fault, or None."""
    found = difference(case, player, outcome)
    line = f"{ONLY}={shlex.quote(case['name'])} python -m pytest tests/contract/test_wire.py -k every_case"
    return f"{found}\n  at fault: {blame(CONTRACT, case)}\n  reproduce: {line}" if found else None


def difference(case: dict[str, Any], player: Player, outcome: Any) -> str | None:
    """Return the first difference in outcome or requests, or None."""
    got = outcome_data(outcome)
    wanted = case["gives"]
    if {name: got.get(name) for name in wanted} != wanted:
        return f"{case['name']}: got {got}, wanted {wanted}"
    for asked in player.asked:
        headers = HEADERS | ({"content-type": "application/json"} if "body" in asked else {})
        if asked.pop("headers") != headers:
            return f"{case['name']}: other headers than {headers}"
    return None if player.asked == case["sends"] else f"{case['name']}: sent {player.asked}, wanted {case['sends']}"


@pytest.mark.parametrize("door", ["in process", "tcp"])
@pytest.mark.parametrize("name", ["sync", "async"])
def test_every_case(name: str, door: str) -> None:
    """Exact requests, and exact value or typed error."""
    player = Player()
    problems = []
    played = [case for case in CASES if os.environ.get(ONLY, case["name"]) == case["name"]]
    assert played, f"there is no case {os.environ.get(ONLY)!r} in wire.yaml"
    with (
        closing(Skin(name)) as skin,
        player.listening() if door == "tcp" else nullcontext(BASE) as url,
        skin.opened(base_url=url, transport=None if door == "tcp" else player.transport()) as client,
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        for case in played:
            player.take(case["replies"])
            problems.append(problem(case, player, call(skin, client, case)))
    found = [each for each in problems if each]
    assert not found, "\n".join([f"{len(found)} of {len(CASES)} cases", *found[:10]])


def test_there_are_enough_cases_and_each_has_its_own_name() -> None:
    """A run that lost its data must fail."""
    names = [case["name"] for case in CASES]
    assert len(names) == len(set(names)) >= 60
    outcomes = {name for case in CASES for name in case["gives"]}
    assert outcomes <= set(OUTCOMES)


def test_every_enum_value_has_a_case() -> None:
    """For each value of the frozen page; the contract checks try new ones."""
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
    """Paths, parameters, bodies, rules and states are those of the effective document."""
    assert [(case["name"], found) for case in CASES if (found := list(contradictions(CONTRACT, case)))] == []


def test_every_rule_has_a_case() -> None:
    """A rule of the frozen page cannot vanish from every layer."""
    refused = {rule for case in CASES for rule in case["gives"].get("rules", ())}
    assert {rule.id for rule in Contract(example().effective).rules} <= refused


def test_a_failure_names_case_part_and_the_line_to_reproduce_it() -> None:
    """Misjudging rules and a contradicting document are named as at fault."""
    case = next(each for each in CASES if "img2video-needs-images" in each["gives"].get("rules", ()))
    player = Player()
    player.asked.clear()
    text = problem(case, player, ZeroDivisionError())
    assert text is not None
    assert text.startswith(f"{case['name']}: got ")
    assert "\n  at fault: the client\n  reproduce: CONTRACT_CASE=" in text
    misjudged = {**case, "gives": {**case["gives"], "rules": ["ingredients-need-images"]}}
    assert blame(CONTRACT, misjudged) == "the effective document"
    sent = next(each for each in CASES if each["sends"] and "body" in each["sends"][0] and "error" not in each["gives"])
    broken = {**sent["sends"][0], "body": {**sent["sends"][0]["body"], "action": "img2video", "imageList": []}}
    assert blame(CONTRACT, {**sent, "sends": [broken]}) == "the effective document"
