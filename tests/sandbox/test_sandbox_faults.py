"""Every fault at every place, in process and over TCP."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from rulewright.sandbox import FAULT_KINDS, Sandbox
from rulewright.testing import FakeClock

from tests.sandbox.asking import HOST, STATES, Answer, Ask, Send, door, life, poll, start_task, submit

DOORS = ["transport", "async transport", "respx", "tcp"]


@pytest.fixture(scope="module", params=DOORS)
def _opened(request: pytest.FixtureRequest) -> Iterator[tuple[Sandbox, Send]]:
    sandbox = Sandbox("mountsea_gemini")
    with door(request.param, sandbox) as send:
        yield sandbox, send


@pytest.fixture
def opened(_opened: tuple[Sandbox, Send]) -> tuple[Sandbox, Send]:
    """Return a sandbox and one of its doors, kept open because a server takes a while to stop."""
    _opened[0].reset()
    return _opened


def is_json(answer: Answer) -> bool:
    """Return whether a body is complete JSON."""
    try:
        answer.json()
    except ValueError:
        return False
    return True


@dataclass(frozen=True)
class Fault:
    """A fault, and a check that it happened."""

    script: str
    shows: Callable[[Answer], Any]


def has_status(code: int, *headers: tuple[str, str]) -> Callable[[Answer], Any]:
    """Return a check for a JSON error with one status."""
    return lambda answer: (
        answer.status == code and answer.json()["statusCode"] == code and set(headers) <= set(answer.headers)
    )


def is_page(code: int) -> Callable[[Answer], Any]:
    """Return a check for an HTML page with one status."""
    return lambda answer: (
        answer.status == code
        and b"<html>" in answer.body
        and dict(answer.headers)["content-type"].startswith("text/html")
    )


def is_broken(name: str) -> Callable[[Answer], Any]:
    """Return a check for a broken exchange."""
    return lambda answer: answer.broken == name


STATUSES = [
    Fault("401@{}", has_status(401, ("www-authenticate", "Bearer"))),
    Fault("402@{}", has_status(402)),
    Fault("403@{}", has_status(403)),
    Fault("404@{}", has_status(404)),
    Fault("429@{}", has_status(429, ("retry-after", "1"))),
    Fault("429=120@{}", has_status(429, ("retry-after", "120"))),
    Fault("429=soon@{}", has_status(429, ("retry-after", "soon"))),
    Fault("500@{}", has_status(500)),
    Fault("502@{}", is_page(502)),
    Fault("503@{}", has_status(503)),
    Fault("520@{}", is_page(520)),
    Fault("599@{}", has_status(599)),
]
CONNECTIONS = [
    Fault("drop@{}", is_broken("RemoteProtocolError")),
    Fault("cut@{}", is_broken("RemoteProtocolError")),
    Fault("reset@{}", is_broken("ReadError")),
]
JSON_BODIES = [
    Fault("html@{}", lambda a: a.status in {200, 201} and b"<html>" in a.body),
    Fault("cut-json@{}", lambda a: a.status in {200, 201} and a.body and not is_json(a)),
    Fault("extra-field@{}", lambda a: a.json()["x_sandbox_extra"] == {"anything": [1, "two", None]}),
    Fault("absent=/taskId@{}", lambda a: "taskId" not in a.json()),
    Fault("null=/taskId@{}", lambda a: a.json()["taskId"] is None),
    Fault("wrong=/taskId@{}", lambda a: a.json()["taskId"] == 17),
]
POLLS = [
    Fault("unknown-status@{}", lambda a: a.json()["status"] == "undocumented-state"),
    Fault("unknown-status=queued@{}", lambda a: a.json()["status"] == "queued"),
    Fault("absent=/status@{}", lambda a: "status" not in a.json()),
    Fault("wrong=/status@{}", lambda a: a.json()["status"] == 17),
]


@pytest.mark.parametrize("fault", [*STATUSES, *CONNECTIONS, *JSON_BODIES], ids=lambda fault: fault.script)
def test_a_fault_at_the_submit(opened: tuple[Sandbox, Send], fault: Fault) -> None:
    """A status starts no task, any other fault starts one."""
    sandbox, send = opened
    assert fault.shows(send(submit(x_sandbox_script=fault.script.format("submit"))))
    assert len(sandbox.core.tasks) == (0 if fault in STATUSES else 1)
    assert send(submit()).status == 201


@pytest.mark.parametrize("fault", [*STATUSES, *CONNECTIONS, *JSON_BODIES, *POLLS], ids=lambda fault: fault.script)
def test_a_fault_at_the_second_poll(opened: tuple[Sandbox, Send], fault: Fault) -> None:
    """Only that poll is affected; the task continues."""
    _, send = opened
    task_id = start_task(send, x_sandbox_script=fault.script.format("poll:2"))
    assert life(send, task_id, 1) == ["pending"]
    assert fault.shows(send(poll(task_id)))
    assert life(send, task_id, 6)[-1] == "completed"


@pytest.mark.parametrize("fault", [*STATUSES, *CONNECTIONS], ids=lambda fault: fault.script)
def test_a_fault_at_the_first_download(opened: tuple[Sandbox, Send], fault: Fault) -> None:
    """The download succeeds when repeated."""
    _, send = opened
    task_id = start_task(send, x_sandbox_script="now;" + fault.script.format("download:1"))
    send(poll(task_id))
    assert fault.shows(send(Ask("GET", f"/files/{task_id}.mp4", {})))
    again = send(Ask("GET", f"/files/{task_id}.mp4", {}))
    assert (again.status, again.body[4:8]) == (200, b"ftyp")


def test_slow_comes_after_the_time_asked_for(opened: tuple[Sandbox, Send]) -> None:
    """The response is complete, but late."""
    _, send = opened
    before = time.monotonic()
    answer = send(submit(x_sandbox_script="slow=0.05@submit"))
    assert (answer.status, time.monotonic() - before >= 0.05) == (201, True)


@pytest.mark.parametrize("name", DOORS)
def test_slow_beyond_the_read_timeout_times_out(name: str) -> None:
    """The task was started all the same."""
    sandbox = Sandbox("mountsea_gemini")
    with door(name, sandbox, timeout=0.1) as send:
        assert send(submit(x_sandbox_script="slow=0.3@submit")).broken == "ReadTimeout"
        assert len(sandbox.core.tasks) == 1


@pytest.mark.parametrize("name", DOORS)
def test_drip_sends_single_bytes(name: str) -> None:
    """Each byte is within the read timeout, the whole response is not."""
    with door(name, Sandbox("mountsea_gemini"), timeout=0.2) as send:
        before = time.monotonic()
        answer = send(submit(x_sandbox_script="drip=0.005@submit"))
        assert (answer.status, is_json(answer)) == (201, True)
        assert time.monotonic() - before >= 0.2


def test_a_virtual_clock_makes_slow_answers_pass_at_once() -> None:
    """The clock advances by the delay."""
    clock = FakeClock()
    with door("transport", Sandbox("mountsea_gemini", clock=clock), timeout=None) as send:
        assert send(submit(x_sandbox_script="slow=3600@submit")).status == 201
    assert clock.now() == 3600


@pytest.mark.parametrize("state", ["failed", "cancelled", "timeout"])
def test_a_task_that_ends_badly(opened: tuple[Sandbox, Send], state: str) -> None:
    """It passes through the usual states, and its last state has a message."""
    _, send = opened
    task_id = start_task(send, x_sandbox_script=state)
    assert life(send, task_id, 5) == [*STATES[:4], state]
    assert state in send(poll(task_id)).json()["errorMessage"]


def test_flaky_breaks_every_second_poll_in_another_way(opened: tuple[Sandbox, Send]) -> None:
    """A gateway's page, HTML with 200, half of a JSON text, a reset; in between the task continues."""
    _, send = opened
    task_id = start_task(send, x_sandbox_script="flaky")
    answers = [send(poll(task_id)) for _ in range(9)]
    assert [answer.status for answer in answers] == [502, 200, 200, 200, 200, 200, 0, 200, 200]
    assert [is_json(answer) for answer in answers] == [False, True, False, True, False, True, False, True, True]
    assert answers[6].broken == "ReadError"
    # A response whose body was lost still counts as a poll, so the task continued.
    assert [answers[at].json()["status"] for at in (1, 3, 5, 7, 8)][-1] == "completed"


def test_a_download_redirected_to_another_host(opened: tuple[Sandbox, Send]) -> None:
    """The same path on another host, or the given URL."""
    _, send = opened
    task_id = start_task(send, x_sandbox_script="now; redirect@download:1; redirect=https://cdn.test/x@download:2")
    send(poll(task_id))
    answers = [send(Ask("GET", f"/files/{task_id}.mp4", {})) for _ in range(3)]
    assert [answer.status for answer in answers] == [302, 302, 200]
    places = [dict(answer.headers).get("location") for answer in answers]
    assert places == [f"http://elsewhere.{HOST}/files/{task_id}.mp4", "https://cdn.test/x", None]


@pytest.mark.parametrize("script", ["slow=60@submit html@submit", "html@submit slow=60@submit", "slow=60@submit 503"])
def test_delivery_faults_hold_whatever_is_delivered(script: str) -> None:
    """The order of the faults does not matter."""
    clock = FakeClock()
    with door("transport", Sandbox("mountsea_gemini", clock=clock), timeout=None) as send:
        send(submit(x_sandbox_script=script))
    assert clock.now() == 60


def test_every_fault_kind_has_a_test_here() -> None:
    """A new kind must be added to these tables."""
    shown = {fault.script.split("@")[0].split("=")[0] for fault in [*CONNECTIONS, *JSON_BODIES, *POLLS]}
    assert shown | {"slow", "drip", "redirect"} == set(FAULT_KINDS)
