"""Edge cases of states, broken responses, ids and labels."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable

import httpx
import pytest
from mountsea_gemini.rules import RULES
from rulewright.sandbox import Sandbox, Timing
from rulewright.testing import FakeClock

from tests.sandbox.asking import AUTH, HOST, JSON, STATES, SUBMIT, door, life, poll, start_task, submit
from tests.sandbox.test_sandbox_generic import BASE, KEY, SPEC


def test_a_state_lasts_to_its_last_moment() -> None:
    """It is shown just before its time is over, and the next one at that moment."""
    clock = FakeClock()
    with door("transport", Sandbox("mountsea_gemini", timing=Timing("seconds", 10), clock=clock)) as send:
        task_id, seen = start_task(send), []
        for _ in STATES[1:]:
            clock.advance(9.75)
            seen += life(send, task_id, 1)
            clock.advance(0.25)
            seen += life(send, task_id, 1)
    assert seen == [state for pair in itertools.pairwise(STATES) for state in pair]


@pytest.mark.parametrize(("script", "heads"), [("drop@submit", 0), ("cut@submit", 1), ("reset@submit", 1)])
@pytest.mark.parametrize("name", ["in process", "tcp"])
def test_a_dropped_answer_has_no_head_and_a_cut_one_has(name: str, script: str, heads: int) -> None:
    """Whether a status arrived decides what a client may assume."""
    sandbox = Sandbox("mountsea_gemini")
    seen: list[httpx.Response] = []
    headers = AUTH | JSON | {"x-sandbox-script": script}
    with sandbox.serve() as running:
        transport = sandbox.transport() if name == "in process" else httpx.HTTPTransport()
        base = f"http://{HOST}" if name == "in process" else running.url
        client = httpx.Client(transport=transport, event_hooks={"response": [seen.append]})
        with client, pytest.raises(httpx.TransportError):
            client.post(base + SUBMIT, headers=headers, content=submit().body)
    assert [response.status_code for response in seen] == [201] * heads


@pytest.mark.parametrize("kind", ["failure", "cancelled", "timeout", "success"])
def test_an_outcome_is_looked_up_in_the_documents_own_words(kind: str) -> None:
    """The waiter maps `cancelled` to the vendor's state."""
    words = {"failure": "burnt", "cancelled": "eaten", "timeout": "forgotten", "success": "done"}
    spec = copy.deepcopy(SPEC)
    waiter = spec["paths"]["/jobs/{job}"]["get"]["x-waiter"]
    waiter["acceptors"] = {"queued": "retry", **{word: name for name, word in words.items()}}
    with httpx.Client(transport=Sandbox(spec).transport(), base_url=BASE) as client:
        headers = KEY | {"x-sandbox-script": f"{kind} now"}
        job = client.post("/ovens/3/jobs", json={}, headers=headers).json()["data"]["job_id"]
        phase = client.get(f"/jobs/{job}", headers=KEY).json()["data"]["phase"]
    assert phase == words[kind]


@pytest.mark.parametrize(
    "other", [str.upper, "{0} ".format, "{0}0".format, "{0:.35}".format, "{0}%00".format, "".format]
)
def test_an_id_that_differs_at_all_is_another_id(other: Callable[[str], str]) -> None:
    """Other case, blanks, longer, shorter or empty: no task is found."""
    with door("transport", Sandbox("mountsea_gemini")) as send:
        task_id = start_task(send)
        assert send(poll(task_id)).status == 200
        assert send(poll(other(task_id))).status in {400, 404}


def test_an_empty_part_of_a_path_is_no_value() -> None:
    """`/jobs/` is not the path of a job with an empty id."""
    with httpx.Client(transport=Sandbox(SPEC).transport(), base_url=BASE) as client:
        answer = client.get("/jobs/", headers=KEY)
    assert answer.status_code == 404
    assert answer.json()["message"].startswith("the document has no path /v2/jobs/; did you mean /v2/jobs")


def test_an_inferred_rule_is_not_called_published() -> None:
    """Each rule is labelled by its own level."""
    labels = {
        label.text.partition(" ")[0]: label.provenance
        for label in Sandbox("mountsea_gemini").core.provenance()
        if label.kind == "rule"
    }
    inferred = {rule.id for rule in RULES.values() if rule.level == "warning"}
    assert {name for name, provenance in labels.items() if provenance == "inferred"} == inferred
    assert set(labels.values()) == {"inferred", "published"}
