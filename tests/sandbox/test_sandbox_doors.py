"""Every door leads to one core, and gives the same responses."""

from __future__ import annotations

import asyncio
import json
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
import respx
from rulewright.sandbox import Sandbox
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import Mount

from tests.sandbox.asking import (
    AUTH,
    DOORS,
    JSON,
    POLL,
    STATES,
    SUBMIT,
    TEXT,
    Answer,
    Ask,
    Send,
    door,
    life,
    poll,
    start_task,
    submit,
)
from tests.sandbox.test_sandbox_requests import CELLS

ODD = [
    Ask("GET", "/nowhere%20else?x=%ff", AUTH),
    Ask("GET", POLL, AUTH),
    Ask("GET", POLL + "?taskId=%C3%A9&taskId=2", AUTH),
    Ask("GET", POLL + "?taskId=x", {}),
    Ask("PUT", SUBMIT, AUTH | JSON, b"{}"),
    Ask("HEAD", SUBMIT, AUTH),
    Ask("POST", SUBMIT, AUTH | JSON, b"{"),
    Ask("POST", SUBMIT, AUTH | JSON, b"\xff"),
    Ask("POST", SUBMIT, AUTH | JSON),
    Ask("POST", SUBMIT, AUTH | {"content-type": "text/plain"}, b"x"),
    Ask("POST", SUBMIT, AUTH | JSON, b" " * 1_100_000),
    Ask("GET", "/files/x.mp4", {}),
    Ask("GET", "/_sandbox/state", {}),
    Ask("GET", "/_sandbox/provenance", {}),
    Ask("POST", "/_sandbox/script", JSON, b'["failed"]'),
    Ask("POST", "/_sandbox/reset", JSON),
]


def ask_everything(send: Send) -> list[Answer]:
    """Send the whole matrix, odd requests, and a task with its download."""
    answers = [send(submit(body)) for body in CELLS] + [send(ask) for ask in ODD]
    task_id = start_task(send, x_sandbox_script="502@poll:2 no-url")
    answers += [send(poll(task_id)) for _ in range(7)]
    task_id = start_task(send, TEXT | {"aspectRatio": "9:16"})
    answers += [send(poll(task_id)) for _ in range(5)]
    path = f"/files/{task_id}.mp4"
    return answers + [send(Ask(method, path, {"range": "bytes=5-99"})) for method in ("GET", "HEAD", "POST")]


@pytest.fixture(scope="module")
def expected() -> list[Answer]:
    """Return the responses of the in-process transport."""
    with door("transport", Sandbox("mountsea_gemini")) as send:
        return ask_everything(send)


@pytest.mark.parametrize("name", DOORS[1:])
def test_every_door_gives_the_same_answers(name: str, expected: list[Answer]) -> None:
    """Status, headers and bytes are equal."""
    with door(name, Sandbox("mountsea_gemini")) as send:
        answers = ask_everything(send)
    for number, (ours, theirs) in enumerate(zip(answers, expected, strict=True)):
        assert ours == theirs, number


def test_a_sandbox_has_one_state_behind_all_its_doors(sandbox: Sandbox) -> None:
    """A task submitted in process is polled over TCP."""
    with door("transport", sandbox) as inside, door("tcp", sandbox) as outside:
        assert life(outside, start_task(inside), 5) == STATES


def test_respx_routes_of_ones_own_come_first(sandbox: Sandbox) -> None:
    """The sandbox responds only where no earlier route does."""
    with respx.mock() as router:
        router.get("https://a.test/mine").respond(204)
        sandbox.mock(router)
        assert httpx.get("https://a.test/mine").status_code == 204
        assert httpx.get("https://a.test/other").status_code == 404


def test_the_application_can_be_mounted_and_wrapped() -> None:
    """It is a Starlette application, which takes middleware."""
    sandbox = Sandbox("mountsea_gemini")
    app = sandbox.app
    app.add_middleware(GZipMiddleware, minimum_size=10)
    outer = Starlette(routes=[Mount("/", app=app)], middleware=[Middleware(GZipMiddleware, minimum_size=10_000_000)])

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(outer), base_url="http://x.test") as client:
            return await client.get("/_sandbox/provenance")

    response = asyncio.run(ask())
    assert (response.status_code, response.headers["content-encoding"]) == (200, "gzip")


def test_a_body_in_many_pieces_is_put_together(sandbox: Sandbox) -> None:
    """One that exceeds the limit is refused without being kept."""
    body = json.dumps(TEXT).encode()

    with sandbox.serve() as running, httpx.Client(base_url=running.url, headers=AUTH | JSON, trust_env=False) as client:
        assert client.post(SUBMIT, content=(bytes([byte]) for byte in body)).status_code == 201
        assert client.post(SUBMIT, content=(b" " * 65536 for _ in range(40))).status_code == 413
    assert len(sandbox.requests[-1].body) == 1024 * 1024 + 1


def test_eight_threads_at_once_lose_nothing(sandbox: Sandbox) -> None:
    """Each submit has its own id, in process and over TCP."""
    ids: list[str] = []
    with sandbox.serve() as running:

        def work(client: httpx.Client) -> None:
            with client:
                ids.extend(client.post(SUBMIT, json=TEXT, headers=AUTH).json()["taskId"] for _ in range(50))

        clients = [httpx.Client(base_url=running.url, trust_env=False) for _ in range(4)]
        clients += [httpx.Client(base_url=running.url, transport=sandbox.transport()) for _ in range(4)]
        threads = [threading.Thread(target=work, args=(client,)) for client in clients]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(set(ids)) == 400


def test_records_can_be_read_while_requests_arrive(sandbox: Sandbox) -> None:
    """Reading, scripting and resetting wait for the current request."""
    done = threading.Event()
    problems: list[str] = []

    def read() -> None:
        while not done.is_set():
            try:
                sandbox.script("failed")
                problems.extend(record.path for record in sandbox.requests if record.path != SUBMIT)
            except RuntimeError as error:
                problems.append(str(error))

    with ThreadPoolExecutor(2) as pool, door("transport", sandbox) as send:
        reader = pool.submit(read)
        for _ in range(1500):
            send(submit())
        sandbox.reset()
        done.set()
        reader.result()
    assert not problems


def test_a_stopped_server_frees_its_port_and_its_thread(sandbox: Sandbox) -> None:
    """The port can be used again."""
    with sandbox.serve() as running:
        port = running.port
        assert httpx.get(running.url + "/x", trust_env=False).status_code == 404
    assert not [thread for thread in threading.enumerate() if thread.name == "sandbox"]
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{port}/x", trust_env=False)
    with sandbox.serve(port=port) as again:
        assert again.port == port


def test_a_port_in_use_is_an_error_at_once(sandbox: Sandbox) -> None:
    """No thread is left behind."""
    with sandbox.serve() as running, pytest.raises(OSError, match="in use"):
        sandbox.serve(port=running.port)
