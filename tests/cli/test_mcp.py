"""MCP: each operation is a tool, rules hold everywhere, and a repeated call is not billed twice."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import mcp_types as types
import pytest
from mcp.client import Client as Host
from mountsea_gemini import Client
from mountsea_gemini.cli._mcp import Gate, Record, Tools, server
from mountsea_gemini.methods import VARIANTS
from mountsea_gemini.operations import OPERATIONS
from rulewright.merged import merge
from rulewright.project import load_project
from rulewright.rules.definition import Verdict
from rulewright.rules.space import Space
from rulewright.testing import FakeApi

ROOT = Path(__file__).resolve().parents[2]
CAT = {"prompt": "a cat in a meadow"}


@pytest.fixture
def api() -> Iterator[FakeApi[Client]]:
    """Return an API whose submits a test scripts."""
    with FakeApi(Client) as api:
        yield api


class Agent:
    """A host with a server, and the decision of the person using it."""

    def __init__(self, api: FakeApi[Client], folder: Path) -> None:
        self.api = api
        self.folder = folder
        self.asked: list[str] = []
        self.decision = "accept"

    async def _answer(self, context: Any, params: Any) -> types.ElicitResult:
        self.asked.append(params.message)
        return types.ElicitResult(action=self.decision, content={})  # type: ignore[arg-type]

    @asynccontextmanager
    async def host(self, limit: int | None = None, *, can_ask: bool = True, mode: str = "auto") -> AsyncIterator[Host]:
        """Start a server on this test's record, as a host does at each start."""
        with self.api.client() as client:
            made = server(Tools(client, Record(self.folder / "record/submits.sqlite"), self.folder), Gate(limit))
            async with Host(made, elicitation_callback=self._answer if can_ask else None, mode=mode) as host:
                yield host

    def call(self, *calls: tuple[str, dict[str, Any]], **options: Any) -> list[dict[str, Any]]:
        """Start a server, call its tools, and return their results."""

        async def main() -> list[dict[str, Any]]:
            async with self.host(**options) as host:
                return [dict((await host.call_tool(*call)).structured_content or {}) for call in calls]

        return anyio.run(main)


@pytest.fixture
def agent(api: FakeApi[Client], tmp_path: Path) -> Agent:
    """Return a host with its own folder."""
    return Agent(api, tmp_path)


def test_each_operation_and_variant_is_a_tool_with_a_flat_schema(agent: Agent) -> None:
    """Many hosts refuse conditions at the root of a schema."""

    async def main() -> list[types.Tool]:
        async with agent.host() as host:
            return (await host.list_tools()).tools

    tools = {tool.name: tool for tool in anyio.run(main)}
    methods = {operation.function for operation in OPERATIONS.values()}
    variants = {method for methods in VARIANTS.values() for method in methods.values()}
    assert set(tools) == methods | variants | {"task_status", "task_download", "task_list"}
    for tool in tools.values():
        assert set(tool.input_schema) <= {"type", "properties", "required", "additionalProperties"}, tool.name
    assert tools["ingredients_to_video"].input_schema["properties"]["model"]["enum"] == ["veo31_fast"]
    assert "img2video-needs-images" in (tools["image_to_video"].description or "")


def test_the_rules_hold_at_every_point(agent: Agent) -> None:
    """A request is refused exactly where its rules refuse it, before anybody is asked."""
    merged = merge(load_project(ROOT))
    ruled = next(each for each in merged.ruled if each.name == "VideoGenerationDto")
    verdict = Verdict(ruled)
    keywords = {each.name: each.keyword for each in OPERATIONS["generateVideo"].inputs}
    bodies = [*Space(ruled, merged.value).bodies()]
    calls = [("generate_video", {keywords[name]: value for name, value in body.items()}) for body in bodies]
    found = agent.call(*calls, limit=0)
    assert len(found) > 1000
    for body, answer in zip(bodies, found, strict=True):
        refused = {each["rule"] for each in answer.get("violations", [])}
        assert refused == set(verdict.violated_rules(body)), body
        assert answer["error"] == ("RequestRefused" if refused else "NotAllowed")
    assert agent.asked == []
    assert agent.api.submits == []


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_a_task_is_submitted_polled_and_downloaded(agent: Agent, mode: str) -> None:
    """The id is returned at once; status and file are separate calls."""
    agent.api.expect("now")
    (submitted,) = agent.call(("text_to_video", CAT), mode=mode)
    task = submitted["task_id"]
    assert json.dumps(CAT) in agent.asked[0]
    status, file, listed = agent.call(
        ("task_status", {"task_id": task}),
        ("task_download", {"task_id": task, "file": "cat.mp4"}),
        ("task_list", {}),
    )
    assert status["status"] == "completed"
    assert Path(file["file"]).read_bytes()[4:8] == b"ftyp"
    assert [each["task_id"] for each in listed["tasks"]] == [task]
    assert len(agent.asked) == 1


def test_a_repeated_call_is_answered_with_its_task(agent: Agent) -> None:
    """Hosts repeat calls; only another `again` is another request."""
    agent.api.expect("", "")
    first, second = agent.call(("text_to_video", CAT), ("text_to_video", CAT))
    (restarted,) = agent.call(("text_to_video", CAT))
    assert first["task_id"] == second["task_id"] == restarted["task_id"]
    assert len(agent.api.submits) == 1
    once_more, repeated = agent.call(*[("text_to_video", {**CAT, "again": 1})] * 2)
    assert once_more["task_id"] == repeated["task_id"] != first["task_id"]
    assert len(agent.api.submits) == len(agent.asked) == 2


def test_calls_at_the_same_time_are_sent_once(agent: Agent) -> None:
    """The second of two equal calls neither waits nor sends."""
    agent.api.expect("")

    async def main() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []

        async def call(host: Host) -> None:
            found.append(dict((await host.call_tool("text_to_video", CAT)).structured_content or {}))

        async with agent.host(5) as host, anyio.create_task_group() as group:
            for _ in range(5):
                group.start_soon(call, host)
        return found

    found = anyio.run(main)
    assert len(agent.api.submits) == 1
    assert len({each["task_id"] for each in found if "task_id" in each}) == 1


def test_an_unknown_outcome_is_not_sent_again(agent: Agent) -> None:
    """Not even after a restart; the agent is told to ask a person."""
    agent.api.expect("drop@submit")
    (first,) = agent.call(("text_to_video", CAT))
    assert first["error"] == "SubmitOutcomeUnknown"
    (second,) = agent.call(("text_to_video", CAT))
    assert second["state"] == "unknown"
    assert "look at the account first" in second["note"]
    assert len(agent.api.submits) == 1


def test_a_refused_request_may_be_sent_again(agent: Agent) -> None:
    """The API started nothing, so nothing is recorded."""
    agent.api.expect("402", "now")
    first, second = agent.call(("text_to_video", CAT), ("text_to_video", CAT))
    assert first["error"] == "PaymentRequired"
    assert second["task_id"]


def test_nothing_is_billed_without_a_person_or_a_limit(agent: Agent) -> None:
    """A person may decline; a host that cannot ask needs a limit."""
    agent.decision = "decline"
    assert "declined" in agent.call(("text_to_video", CAT))[0]["message"]
    assert "--max-submits" in agent.call(("text_to_video", CAT), can_ask=False)[0]["message"]
    agent.api.expect("")
    one, two = agent.call(("text_to_video", CAT), ("text_to_video", {"prompt": "a dog"}), limit=1, can_ask=False)
    assert one["task_id"]
    assert "limit" in two["message"]
    assert len(agent.api.submits) == 1


@pytest.mark.parametrize("name", ["../cat.mp4", "/tmp/cat.mp4", "", "..", "a\\b.mp4"])  # noqa: S108  refused
def test_a_download_stays_in_its_folder(agent: Agent, name: str) -> None:
    """An agent chooses a file's name, not its folder."""
    (answer,) = agent.call(("task_download", {"task_id": "x", "file": name}))
    assert "without a folder" in answer["message"]


def test_wrong_arguments_name_the_right_ones(agent: Agent) -> None:
    """The agent can correct its call."""
    unknown, missing, none = agent.call(
        ("text_to_video", {"text": "a cat"}), ("text_to_video", {}), ("make_coffee", {})
    )
    assert "has no argument 'text'; it takes prompt" in unknown["message"]
    assert "needs prompt" in missing["message"]
    assert "no tool 'make_coffee'" in none["message"]
