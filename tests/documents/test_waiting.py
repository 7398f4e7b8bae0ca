"""Each way to run a long job, from the submit to the file: blocking, on asyncio, by its id, on the command line."""

from __future__ import annotations

import asyncio
import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest
from rulewright.commands.new import main as new
from rulewright.openapi.document import to_yaml
from rulewright.sandbox import Sandbox
from rulewright.testing import FakeClock

from tests.documents.conftest import ONE_WORKER
from tests.documents.test_shapes import joined

pytestmark = ONE_WORKER

SUBMITS: dict[str, dict[str, Any]] = {
    "WaitDoneOrError_makeFilm": {"model": "m", "prompt": "a cat"},
    "WaitForContent_makePicture": {"prompt": "a cat"},
    "WaitByPost_makeSong": {"text": "la"},
    "WaitByStatus_startRender": {"scene": "a"},
    "WaitForSecondOperation_cutClip": {"at": 7},
    "WaitForBase64_drawIcons": {"prompt": "a cat"},
}
HOST = "https://waiting.example"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project made of all these shapes, with no edit by hand."""
    folder = tmp_path_factory.mktemp("waiting")
    document = {**joined("3.1.0", "wait-"), "servers": [{"url": HOST}], "security": [{"key": []}]}
    document["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    (folder / "waiting.yaml").write_text(to_yaml(document), encoding="utf-8")
    options = ["--spec", str(folder / "waiting.yaml"), "--package", "waiting_made", "--pipeline", "rulewright"]
    assert new([str(folder / "made"), *options]) == 0
    return folder / "made"


@pytest.fixture(scope="module")
def made(folder: Path) -> Iterator[ModuleType]:
    """Its package."""
    sys.path.insert(0, str(folder / "generated"))
    yield importlib.import_module("waiting_made")
    sys.path.remove(str(folder / "generated"))


@pytest.fixture
def sandbox(folder: Path) -> Sandbox:
    """A server that plays the document."""
    return Sandbox(folder / "generated/openapi.effective.json")


def client(made: ModuleType, transport: httpx.BaseTransport) -> Any:
    """Return a client whose waiting takes no time."""
    return made.Client(token="sandbox", transport=transport, clock=FakeClock(), allow_private_downloads=True)  # noqa: S106


def method(made: ModuleType, operation: str) -> str:
    """Return the name of the method of an operation."""
    return str(importlib.import_module(f"{made.__name__}.operations").OPERATIONS[operation].function)


@pytest.mark.parametrize("operation", SUBMITS)
def test_a_job_is_waited_for_and_its_file_downloaded(
    operation: str, made: ModuleType, sandbox: Sandbox, tmp_path: Path
) -> None:
    """By its handle, on asyncio, and by what the handle is as JSON."""
    api = client(made, sandbox.transport())
    task = getattr(api, method(made, operation))(**SUBMITS[operation])
    assert task.wait().succeeded
    first = task.download(tmp_path / "first").read_bytes()
    assert first
    again = made.Task.from_json(task.to_json(), api)
    assert again == task
    assert again.result().succeeded

    async def later() -> bytes:
        async with made.AsyncClient(
            token="sandbox",  # noqa: S106
            transport=sandbox.transport(),
            clock=FakeClock(),
            allow_private_downloads=True,
        ) as other:
            started = await getattr(other, method(made, operation))(**SUBMITS[operation])
            return (await started.download(tmp_path / "second")).read_bytes()  # type: ignore[no-any-return]

    assert asyncio.run(later()) == first


def test_a_job_that_is_done_with_an_error_has_failed(made: ModuleType, sandbox: Sandbox) -> None:
    """Although its one state of an end is a success."""
    sandbox.script("failure")
    task = client(made, sandbox.transport()).wait_done_or_error_make_film(model="m", prompt="a cat")
    with pytest.raises(made.TaskFailed) as caught:
        task.wait()
    assert caught.value.result.verdict == "failure"


def test_an_id_keeps_its_segments_and_leads_nowhere_else(made: ModuleType, sandbox: Sandbox) -> None:
    """What leads upwards is not sent."""
    api = client(made, sandbox.transport())
    task = api.wait_done_or_error_make_film(model="m", prompt="a cat")
    task.result()
    assert task.id.startswith("operations/films/")
    assert sandbox.requests[-1].path == f"/wait-done-or-error/{task.id}"
    for name in ("operations/../films", "..", "a//b", "/a", "a/."):
        before = len(sandbox.requests)
        with pytest.raises(made.ConfigurationError):
            api.task(name, "WaitDoneOrError_getFilm").result()
        assert len(sandbox.requests) == before


@pytest.mark.parametrize(
    "address",
    [
        "https://elsewhere.example/wait-by-status/renders/7",
        "https://waiting.example@elsewhere.example/wait-by-status/renders/7",
        "//elsewhere.example/wait-by-status/renders/7",
        f"{HOST}/other/7",
        "http://waiting.example/wait-by-status/renders/7",
        "",
    ],
)
def test_an_address_that_is_not_that_of_the_poll_is_no_task(made: ModuleType, address: str) -> None:
    """It is not asked; that the job may have begun is said."""
    sent: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(202, headers={"Location": address})

    with pytest.raises(made.SubmitOutcomeUnknown):
        client(made, httpx.MockTransport(answer)).wait_by_status_start_render(scene="a")
    assert len(sent) == 1


@pytest.mark.parametrize("address", [f"{HOST}/wait-by-status/renders/7", "/wait-by-status/renders/7", "renders/7"])
def test_an_address_may_be_relative(made: ModuleType, address: str) -> None:
    """To that of the submit."""
    transport = httpx.MockTransport(lambda _: httpx.Response(202, headers={"Location": address}))
    assert client(made, transport).wait_by_status_start_render(scene="a").id == "7"


def test_a_file_in_base64_is_not_printed(made: ModuleType, sandbox: Sandbox) -> None:
    """A result shows how long it is."""
    result = client(made, sandbox.transport()).wait_for_base64_draw_icons(prompt="a cat").wait()
    assert result.urls[0].startswith("data:image/png;base64,iVBOR")
    assert "iVBOR" not in repr(result)


def test_the_token_goes_to_the_api_only(made: ModuleType, tmp_path: Path) -> None:
    """Bytes that the API redirects to another server are fetched there without it."""
    sent: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        if request.url.host == "elsewhere.example":
            return httpx.Response(200, content=b"a file", headers={"Content-Type": "image/png"})
        if request.url.path.endswith("/content"):
            return httpx.Response(302, headers={"Location": "https://elsewhere.example/file"})
        return httpx.Response(200, json={"id": "7", "status": "ready"})

    task = client(made, httpx.MockTransport(answer)).wait_for_content_make_picture(prompt="a cat")
    assert task.download(tmp_path / "file").read_bytes() == b"a file"
    assert [(each.url.host, "authorization" in each.headers) for each in sent] == [
        *[("waiting.example", True)] * 3,
        ("elsewhere.example", False),
    ]
