"""Submit, poll, wait, resume and download in any order, with faults in between."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any, Final

import httpx
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule, run_state_machine_as_test
from mountsea_gemini import ApiError, Client, SubmitOutcomeUnknown, Task, TaskEnded, WaitTimeout
from rulewright.contract.contract import BASE, TOKEN, Contract
from rulewright.sandbox import Sandbox
from rulewright.testing import FakeClock

from tests.contract.conftest import DOCUMENT, LONG, video

SUBMIT = video(Contract(DOCUMENT))
ORDER: Final = [*SUBMIT.waiter.waiting, "end"]
ENDS: Final = st.sampled_from(list(SUBMIT.waiter.ends))
SUBMIT_FAULTS: Final = st.sampled_from(
    ["", "500", "502", "504", "520", "409", "html", "cut-json", "cut", "reset", "drop", "400", "401", "402", "429=1",
     "429=3600", "extra-field", "redirect", "null=/taskId"]
)  # fmt: skip
POLL_FAULTS: Final = st.sampled_from(
    ["", "500@poll:1-3", "html@poll:2", "cut-json@poll:1", "reset@poll:1-2", "drop@poll:1", "429=2@poll:1",
     "unknown-status@poll:1", "extra-field@poll", "404@poll:1", "null=/result@poll:1-2", "absent=/traceId@poll"]
)  # fmt: skip
FILE_FAULTS: Final = st.sampled_from(["", "502@download:1", "cut@download:1", "reset@download:1-2", "html@download:1"])
REFUSED: Final = {"400", "401", "402", "429=1", "429=3600"}


class Lives(RuleBasedStateMachine):
    """A caller with one client, and a server that sometimes fails."""

    tasks = Bundle("tasks")

    def __init__(self) -> None:
        super().__init__()
        self.sandbox = Sandbox(DOCUMENT, token=TOKEN)
        self.clock = FakeClock()
        self.handed: list[str] = []
        self.client = self.fresh_client()
        self.intents = 0
        self.posts = 0
        self.seen: dict[str, int] = {}
        self.folder = tempfile.TemporaryDirectory()

    def fresh_client(self) -> Client:
        """Return a client like that of a new process."""
        door = httpx.MockTransport(self.sandbox.transport().handle_request)
        return Client(TOKEN, base_url=BASE, transport=door, clock=self.clock,
                      on_submitted=lambda task: self.handed.append(task.id))  # fmt: skip

    def demand(self, held: bool, of: object) -> None:
        """Fail with the outcome unless a condition holds."""
        assert held, repr(of)

    def posted(self) -> int:
        """Return how many submits reached the server so far."""
        return sum(each.method == "POST" for each in self.sandbox.requests)

    @rule(
        target=tasks,
        end=ENDS,
        polls=st.integers(1, 2),
        at_submit=SUBMIT_FAULTS,
        at_poll=POLL_FAULTS,
        at_file=FILE_FAULTS,
    )
    def submit(self, end: str, polls: int, at_submit: str, at_poll: str, at_file: str) -> Any:
        """Submit once: it returns an id, starts nothing, or has an unknown outcome."""
        fault = f"{at_submit}@submit" if at_submit else ""
        self.sandbox.core.queue.clear()
        self.sandbox.script(f"{end};polls={polls};{fault};{at_poll};{at_file}")
        before, kept = self.posted(), len(self.sandbox.core.tasks)
        self.intents += 1
        try:
            task = self.client.text_to_video("a cat")
        except SubmitOutcomeUnknown as error:
            sure, told = self.posted() - before == 1, error.fingerprint
            self.demand(sure and bool(told), at_submit)
            return multiple()
        except ApiError:
            assert len(self.sandbox.core.tasks) == kept
            assert self.posted() - before == 1
            return multiple()
        assert self.handed[-1] == task.id
        assert len(self.sandbox.core.tasks) == kept + 1
        assert self.posted() - before == (2 if at_submit == "429=1" else 1)
        return task.id

    @rule(task_id=tasks, fresh=st.booleans())
    def poll(self, task_id: str, fresh: bool) -> None:
        """Poll, perhaps from a new process: the state never goes back."""
        task = (self.fresh_client() if fresh else self.client).task(task_id)
        try:
            result = task.result()
        except ApiError as error:
            self.demand(error.task_id == task_id, error)
            return
        if result.verdict != "unknown":
            place = ORDER.index(result.status if result.status in ORDER else "end")
            assert place >= self.seen.get(task_id, 0)
            self.seen[task_id] = place

    @rule(task_id=tasks, seconds=st.sampled_from([0.0, 1.0, 30.0]))
    def wait_a_little(self, task_id: str, seconds: float) -> None:
        """Wait briefly: what ends the wait has the id."""
        self.wait(self.client.task(task_id), seconds)

    @rule(task_id=tasks)
    def wait_to_the_end(self, task_id: str) -> None:
        """Wait as long as the waiter says: faults never hide the terminal state."""
        self.wait(Task.from_json(self.client.task(task_id).to_json(), self.fresh_client()), None)
        assert self.seen[task_id] == len(ORDER) - 1

    def wait(self, task: Task, seconds: float | None) -> None:
        """Wait, and check what ended the wait."""
        try:
            assert task.wait(timeout=seconds).succeeded
        except TaskEnded as error:
            self.demand(error.task_id == task.id, error)
        except (WaitTimeout, ApiError) as error:
            self.demand(seconds is not None and error.task_id == task.id, error)
            return
        self.seen[task.id] = len(ORDER) - 1

    @rule(task_id=tasks)
    def download(self, task_id: str) -> None:
        """Download the result: the whole file or none."""
        path = Path(self.folder.name) / f"{task_id}.mp4"
        try:
            self.client.task(task_id).download(path)
            assert path.stat().st_size > 1000
        except TaskEnded as error:
            self.demand(error.task_id == task_id and not path.exists(), error)
        self.seen[task_id] = len(ORDER) - 1

    @invariant()
    def only_submits_submit(self) -> None:
        """Waits, polls and downloads never submit, and ids are neither repeated nor lost."""
        assert [name for name, count in Counter(self.handed).items() if count > 1] == []
        assert all(self.sandbox.core.tasks.get(task_id) is not None for task_id in self.handed)
        allowed = self.intents + sum(each.status == 429 for each in self.sandbox.requests if each.method == "POST")
        assert self.posted() <= allowed

    def teardown(self) -> None:
        """Close the client."""
        self.client.close()
        self.folder.cleanup()


def test_no_sequence_submits_twice_or_loses_an_id() -> None:
    """Up to 25 steps; the long profile tries many more."""
    profile = settings(
        max_examples=400 if LONG else 25,
        stateful_step_count=50 if LONG else 25,
        deadline=None,
        derandomize=not LONG,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Lives, settings=profile)


def test_another_client_continues_from_a_handles_json() -> None:
    """The JSON has no secret."""
    sandbox = Sandbox(DOCUMENT, token=TOKEN)
    with Client(TOKEN, base_url=BASE, transport=sandbox.transport(), clock=FakeClock()) as first:
        text = first.text_to_video("a cat").to_json()
    assert TOKEN not in json.dumps(text)
    with Client(TOKEN, base_url=BASE, transport=sandbox.transport(), clock=FakeClock()) as second:
        assert Task.from_json(text, second).wait().succeeded
    assert sum(each.method == "POST" for each in sandbox.requests) == 1
