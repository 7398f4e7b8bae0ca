"""Scripts: their words, and what is wrong with others."""

from __future__ import annotations

import pytest
from mountsea_gemini.sandbox import FAULT_KINDS, Fault, Outcome, Sandbox, Script, ScriptError, Timing

from tests.sandbox.asking import AUTH, Ask, Send, life, poll, started, submit


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("", Script()),
        ("failed", Script("failed")),
        ("  flaky ; polls=3 ", Script("flaky", Timing("polls", 3))),
        ("now", Script(timing=Timing("now"))),
        ("seconds=0.5", Script(timing=Timing("seconds", 0.5))),
        ("429", Script(faults=(Fault("429"),))),
        ("429=3@submit:1", Script(faults=(Fault("429", "submit", 1, 1, "3"),))),
        ("502@poll:2-4; cut@download", Script(faults=(Fault("502", "poll", 2, 4), Fault("cut", "download")))),
        ("404@poll:3-", Script(faults=(Fault("404", "poll", 3),))),
        (
            "redirect=https://a.test:8/b@download",
            Script(faults=(Fault("redirect", "download", argument="https://a.test:8/b"),)),
        ),
        (
            '{"outcome":"failed","timing":"polls=2","faults":["null=/a@poll"]}',
            Script("failed", Timing("polls", 2), (Fault("null", "poll", argument="/a"),)),
        ),
        ('{"faults":"500"}', Script(faults=(Fault("500"),))),
    ],
)
def test_a_script_is_read_as_written(text: str, script: Script) -> None:
    """Words and JSON mean the same things."""
    assert Script.parse(text) == script


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("failed completed", "one outcome"),
        ("polls=1 now", "one timing"),
        ("polls=0", "positive number of polls"),
        ("polls=1.5", "positive number of polls"),
        ("seconds=0", "positive number of seconds"),
        ("399@poll", "'399' is no fault"),
        ("gremlin@poll", "'gremlin' is no fault: write a status from 400 to 599 or one of html, cut-json"),
        ("500@lunch", "'lunch' is no place for a fault: write one of submit, poll, download"),
        ("500@poll:x", "is no fault: write KIND"),
        ("absent@poll", "needs a field's JSON pointer"),
        ("slow=x@poll", "number of seconds"),
        ("slow=1e9@poll", "number of seconds"),
        ('{"faults":["429=1\\r\\nx-evil: 1@poll"]}', "no control characters"),
        ("{", "starts like JSON"),
        ('{"outcome":1}', "are text"),
        ('{"faults":[1]}', "are text"),
        ('{"color":"red"}', "outcome, timing and faults"),
        ("sideways", "'sideways' is no outcome: write one of cancelled, completed, failed, failure, flaky"),
    ],
)
def test_a_script_that_is_not_understood_says_so(sandbox: Sandbox, send: Send, text: str, message: str) -> None:
    """In Python as an error, over HTTP as a 400; either names the word and what would be right."""
    with pytest.raises(ScriptError, match=message.replace("(", r"\(")):
        sandbox.script(text)
    answer = send(submit(x_sandbox_script=text))
    assert answer.status == 400
    assert message in answer.json()["message"]
    assert not sandbox.core.queue


def test_the_header_goes_before_the_queue_and_the_queue_before_the_default() -> None:
    """Each submit uses one queued script up, unless its own header speaks for it."""
    from tests.sandbox.asking import door

    sandbox = Sandbox(script="cancelled now")
    sandbox.script("failed now", Script("timeout", Timing("now")))
    with door("transport", sandbox) as send:
        headers = [{"x_sandbox_script": "now"}, {}, {}, {}]
        assert [life(send, started(send, **header), 1) for header in headers] == [
            ["completed"],
            ["failed"],
            ["timeout"],
            ["cancelled"],
        ]


def test_a_refused_submit_uses_no_script_up(sandbox: Sandbox, send: Send) -> None:
    """A script waits for the first submit that is in order."""
    sandbox.script("failed now")
    assert send(submit({})).status == 400
    assert life(send, started(send), 1) == ["failed"]


def test_one_wrong_script_of_several_queues_none(sandbox: Sandbox) -> None:
    """Queueing is whole or not at all."""
    with pytest.raises(ScriptError):
        sandbox.script("failed", "sideways")
    assert not sandbox.core.queue


def test_a_script_belongs_to_the_submit(send: Send) -> None:
    """On a poll the header is refused, not ignored."""
    task_id = started(send)
    ask = poll(task_id)
    answer = send(Ask(ask.method, ask.path, AUTH | {"x-sandbox-script": "failed"}))
    assert (answer.status, "belongs to the submit" in answer.json()["message"]) == (400, True)


def test_a_default_script_must_fit_the_spec() -> None:
    """A sandbox with an outcome nobody knows is not built."""
    with pytest.raises(ScriptError, match="sideways"):
        Sandbox(script="sideways")


def test_every_kind_and_outcome_is_explained() -> None:
    """The tables people read name what the code knows, in words that fit on a line."""
    assert all(0 < len(text) < 90 for text in FAULT_KINDS.values())
    assert {str(outcome) for outcome in Outcome} >= {"success", "failure", "slow", "flaky", "never", "no-url"}
