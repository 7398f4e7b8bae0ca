"""A new operation needs one overlay file: method, task, command, sandbox and contract follow."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx
import pytest
from rulewright.contract.client import ClientPackage
from rulewright.contract.contract import Contract
from rulewright.sandbox import Sandbox
from rulewright.testing import FakeApi

from tests.generating import regenerate

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "seventh_client"
OVERLAY = """
overlay: 1.1.0
info: {title: 'An invented operation: dub a video', version: 1.0.0}
actions:
  - target: $.paths
    description: Invented.
    update:
      /gemini/video/dub:
        post:
          tags: [gemini]
          summary: Dub a video
          operationId: dubVideo
          x-certainty: inferred
          x-task: {outputs: [/result/dubbedUrl], deadline: 60}
          parameters: [{name: voice, in: query, required: true, schema: {type: string, enum: [low, high]}}]
          requestBody:
            required: true
            content: {application/json: {schema: {$ref: '#/components/schemas/DubDto'}}}
          responses:
            '201':
              description: Accepted.
              content: {application/json: {schema: {$ref: '#/components/schemas/TaskIdDto'}}}
          security: [{bearerAuth: []}]
  - target: $.components.schemas
    description: Invented.
    update:
      DubDto:
        type: object
        required: [videoId]
        properties:
          videoId: {type: string, description: The video.}
          language: {type: string, description: 'Its language; voice must be low for it.'}
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Build the project with one more overlay file, and return the client."""
    root = tmp_path_factory.mktemp("seventh")
    shutil.copy(ROOT / "openapi.yaml", root)
    shutil.copytree(ROOT / "overlays", root / "overlays", ignore=shutil.ignore_patterns("mountsea_gemini", "*.json"))
    (root / "overlays/90-dub.overlay.yaml").write_text(OVERLAY, encoding="utf-8")
    names = sorted(path.name for path in (root / "overlays").glob("*.overlay.yaml"))
    lines = [
        "[tool.rulewright]",
        'spec = "openapi.yaml"',
        f"overlays = {[f'overlays/{name}' for name in names]}",
        f'package = "{PACKAGE}"',
        'output = "generated"',
    ]
    (root / "pyproject.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    regenerate(root)
    sys.path.insert(0, str(root / "generated"))
    try:
        yield import_module(PACKAGE)
    finally:
        sys.path.remove(str(root / "generated"))


def test_it_is_a_method_that_returns_a_task(package: Any) -> None:
    """Parameters and fields are keywords; the overlay names the result's place."""
    with FakeApi(package.Client, "completed") as api, api.client() as client:
        task = client.dub_video(video_id="v", voice="low", language="fr")
        result = task.wait()
        assert list(result.raw["result"]) == ["dubbedUrl"]
        assert result.urls == (result.raw["result"]["dubbedUrl"],)
        assert package.Task.from_json(task.to_json(), client).result().urls == result.urls


def test_it_is_submitted_at_most_once(package: Any) -> None:
    """An unclear end is an unknown outcome."""
    sent: list[httpx.Request] = []

    def fail(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(500)

    with (
        package.Client("key", transport=httpx.MockTransport(fail)) as client,
        pytest.raises(package.SubmitOutcomeUnknown),
    ):
        client.dub_video(video_id="v", voice="low")
    assert [str(each.url) for each in sent] == ["https://api.mountsea.ai/gemini/video/dub?voice=low"]


def test_it_is_a_record_that_a_command_is_made_of(package: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Inputs with places and choices, the poll, and the certainty."""
    operation = import_module(f"{PACKAGE}.operations").DUB_VIDEO
    assert [(each.keyword, each.place, each.required, each.choices) for each in operation.inputs] == [
        ("voice", "query", True, ("low", "high")),
        ("video_id", "body", True, ()),
        ("language", "body", False, ()),
    ]
    assert (operation.poll, operation.certainty) == ("getTaskResult", "inferred")
    assert import_module(f"{PACKAGE}.cli").run(["dub-video", "--help"]) == 0
    shown = capsys.readouterr().out
    assert "--video-id" in shown
    assert "--voice" in shown


def test_the_sandbox_serves_it_and_the_contract_holds_it(package: Any) -> None:
    """It is a submit of the same poll."""
    assert "dubVideo" in {each.name for each in Sandbox(package.Client).core.spec.operations}
    assert "dubVideo" in {
        each.operation.name for each in Contract(ClientPackage(PACKAGE).document).subjects if each.poll
    }
