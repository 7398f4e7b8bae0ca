"""Which connection each request uses, and what closing a client does to requests in flight."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from mountsea_gemini import ApiError, AsyncClient, Client, ConnectionFailed, WaitTimeout
from mountsea_gemini._clock import SystemClock
from mountsea_gemini._http_async import AsyncHttp

from tests.client.scripted import TASK, Skin
from tests.client.test_sockets import RawServer, answer, client_of, never_answer

PENDING = b'{"status": "processing"}'


def answer_numbered(connection: socket.socket, number: int) -> None:
    """Respond to a submit with the request's number, and to a poll with a pending task."""
    body = b'{"taskId": "t-%d", "status": "processing"}' % number
    answer(201, body)(connection, number)


def answer_twice(connection: socket.socket, number: int) -> None:
    """Send each response twice."""
    body = b'{"taskId": "t-%d", "status": "step %d"}' % (number, number)
    connection.sendall(2 * (b"HTTP/1.1 200 X\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)))


def answer_twice_late(connection: socket.socket, number: int) -> None:
    """Send each response again after the first one was read."""
    body = b'{"taskId": "t-%d", "status": "step %d"}' % (number, number)
    whole = b"HTTP/1.1 200 X\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    connection.sendall(whole)
    time.sleep(0.05)
    connection.sendall(whole)


def answer_twice_chunked(connection: socket.socket, number: int) -> None:
    """Send each response twice, in chunks."""
    body = b'{"taskId": "t-%d", "status": "step %d"}' % (number, number)
    chunks = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    connection.sendall(2 * (b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks))


@pytest.mark.parametrize("behave", [answer_numbered, answer_twice, answer_twice_late, answer_twice_chunked])
def test_a_submit_goes_out_on_a_connection_of_its_own(skin: Skin, behave: Callable[[socket.socket, int], None]) -> None:
    """A used connection might deliver a surplus response with another task's id."""
    with RawServer(behave) as server, client_of(skin, server.url) as client:
        skin.do(client.task(TASK).result())
        assert skin.do(client.text_to_video("a cat")).id == "t-2"
        assert skin.do(client.text_to_video("a cat")).id == "t-3"
        assert server.connections == 3


@pytest.mark.parametrize("behave", [answer_twice, answer_twice_late, answer_twice_chunked])
def test_a_poll_takes_no_surplus_answer(skin: Skin, behave: Callable[[socket.socket, int], None]) -> None:
    """Surplus responses are dropped, whether read already or still in the socket."""
    with RawServer(behave) as server, client_of(skin, server.url) as client:
        for number in (1, 2, 3):
            assert skin.do(client.task(TASK).result()).status == f"step {number}"
            time.sleep(0.3)


def _child(work: Callable[[], Any]) -> bytes:
    """Run some work in a forked process, and return its result as text."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(write, str(work()).encode())
        except (AssertionError, ApiError, OSError, RuntimeError) as error:
            os.write(write, repr(error).encode())
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as found:
        text = found.read()
    os.waitpid(child, 0)
    return text


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_process_has_connections_of_its_own() -> None:
    """Two processes on one connection would read each other's responses."""
    with RawServer(answer_numbered) as server, Client("k", base_url=server.url) as client:
        client.task(TASK).result()
        pool = client._open().http.pool()
        (line,) = pool._idle

        def work() -> Any:
            status = client.task(TASK).result().status
            assert line.socket is not None
            assert line.socket.fileno() == -1, "the parent's connection is open in the child"
            return status, client.text_to_video("a cat").id

        found = [_child(work) for _ in range(3)]
        assert found == [b"('processing', 't-%d')" % number for number in (3, 5, 7)]
        # The parent's own connection is still open.
        before = server.connections
        client.task(TASK).result()
        assert server.connections == before


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_an_async_client_can_be_used_after_a_fork() -> None:
    """The child opens connections on its own event loop."""
    with RawServer(answer_numbered) as server:
        client = AsyncClient("k", base_url=server.url)
        asyncio.run(_poll(client))
        assert _child(lambda: asyncio.run(_submit(client))) == b"t-2"
        assert asyncio.run(_submit(client)) == "t-3"


async def _poll(client: AsyncClient) -> str:
    return (await client.task(TASK).result()).status


async def _submit(client: AsyncClient) -> str:
    return (await client.text_to_video("a cat")).id


def test_a_client_can_be_used_on_one_event_loop_after_the_other() -> None:
    """Connections of ended event loops are closed, those of running ones are kept."""
    with RawServer(answer_numbered) as server:
        client = AsyncClient("k", base_url=server.url)
        for number in (1, 3, 5):
            assert asyncio.run(_poll(client)) == "processing"
            assert asyncio.run(_submit(client)) == f"t-{number + 1}"
        with asyncio.Runner() as one, asyncio.Runner() as other:
            for runner in (one, other, one, other):
                assert runner.run(_poll(client)) == "processing"
            one.run(client.aclose())
            gc.collect()
        _settle(lambda: server.open == 0)


def test_event_loops_of_many_threads_share_a_client() -> None:
    """Each has its own connections; any of them closes those of ended event loops."""
    failures: list[BaseException] = []

    def work(client: AsyncClient) -> None:
        for _ in range(20):
            try:
                asyncio.run(_poll(client))
            except Exception as error:  # noqa: BLE001  (it is what the test is about)
                failures.append(error)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with RawServer(answer_numbered) as server:
            client = AsyncClient("k", base_url=server.url)
            asyncio.run(_poll(client))
            threads = [threading.Thread(target=work, args=(client,)) for _ in range(16)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            asyncio.run(client.aclose())
    finally:
        sys.setswitchinterval(interval)
    assert not failures


def _settle(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert condition()


@pytest.mark.parametrize("where", ["asleep", "asking"])
def test_closing_a_client_ends_a_wait_in_another_thread(where: str) -> None:
    """The error names the task; no thread or connection remains."""
    threads = {*threading.enumerate()}
    with RawServer(answer(200, PENDING) if where == "asleep" else never_answer) as server:
        client = Client("k", base_url=server.url)
        ended: list[BaseException] = []

        def work() -> None:
            try:
                client.task(TASK).wait()
            except ApiError as error:
                ended.append(error)

        waiting = threading.Thread(target=work)
        waiting.start()
        _settle(lambda: len(server.requests) >= 1)
        time.sleep(0.1)
        client.close()
        waiting.join(10)
        assert not waiting.is_alive()
        assert type(ended[0]) is ConnectionFailed
        assert "the client was closed" in str(ended[0])
        assert getattr(ended[0], "task_id", None) == TASK
        _settle(lambda: server.open == 0)
    assert {thread for thread in threading.enumerate() if "process_request" not in thread.name} <= threads


@pytest.mark.parametrize("where", ["asleep", "asking", "queued"])
def test_closing_a_client_ends_waits_in_other_tasks(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits that are queued for a connection end too."""
    monkeypatch.setattr(AsyncHttp, "max_exchanges", 1 if where == "queued" else 100)

    async def work(url: str) -> list[Any]:
        client = AsyncClient("k", base_url=url)
        waits = [asyncio.create_task(client.task(f"{TASK}-{n}").wait()) for n in range(5)]
        await asyncio.sleep(0.3)
        await client.aclose()
        return await asyncio.wait_for(asyncio.gather(*waits, return_exceptions=True), 10)

    with RawServer(answer(200, PENDING) if where == "asleep" else never_answer) as server:
        ended = asyncio.run(work(server.url))
        assert [(type(error), error.task_id) for error in ended] == [
            (ConnectionFailed, f"{TASK}-{n}") for n in range(5)
        ]
        assert all("the client was closed" in str(error) for error in ended)
        _settle(lambda: server.open == 0)


def test_closing_a_client_awaits_a_submit(skin: Skin) -> None:
    """Its response was paid for, so it is not cut off."""
    asked, closed = threading.Event(), threading.Event()

    def slow(connection: socket.socket, number: int) -> None:
        asked.set()
        closed.wait(10)
        answer_numbered(connection, number)

    with RawServer(slow) as server:
        client = skin.client(base_url=server.url)
        if skin.name == "sync":
            ids: list[str] = []
            thread = threading.Thread(target=lambda: ids.append(client.text_to_video("a cat").id))
            thread.start()
            assert asked.wait(10)
            client.close()
            closed.set()
            thread.join()
        else:

            async def work() -> list[str]:
                submit = asyncio.create_task(client.text_to_video("a cat"))
                while not asked.is_set():
                    await asyncio.sleep(0.01)
                await client.aclose()
                closed.set()
                return [(await submit).id]

            ids = skin.do(work())
        assert ids == ["t-1"]


def test_no_cancellation_at_any_step_costs_a_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a single connection, each leak would block the client for good."""
    monkeypatch.setattr(AsyncHttp, "max_exchanges", 1)

    async def work(url: str) -> None:
        async with AsyncClient("k", base_url=url, timeout=20) as client:
            for step in range(40):
                made = [*(_submit(client) for _ in range(3)), *(_poll(client) for _ in range(2))]
                calls = [asyncio.create_task(call) for call in made]
                for _ in range(step):
                    await asyncio.sleep(0)
                for call in calls[step % 2 :]:
                    call.cancel()
                await asyncio.gather(*calls, return_exceptions=True)
            assert await asyncio.wait_for(_poll(client), 10) == "processing"
            pool = client._open().http.pool()
            assert (pool.exchanges._free, len(pool._busy)) == (1, 0)
            assert len(asyncio.all_tasks()) == 1

    with RawServer(answer_numbered) as server:
        asyncio.run(work(server.url))


def test_waiting_for_a_connection_is_not_sending(monkeypatch: pytest.MonkeyPatch) -> None:
    """Queued requests were never sent, and time out."""
    monkeypatch.setattr(AsyncHttp, "max_exchanges", 3)

    async def work(url: str) -> Counter[str]:
        async with AsyncClient("k", base_url=url, timeout=0.5) as client:
            calls = (client.text_to_video("a cat") for _ in range(10))
            ended = await asyncio.gather(*calls, return_exceptions=True)
        return Counter(type(error).__name__ for error in ended)

    with RawServer(never_answer) as server:
        ends = asyncio.run(work(server.url))
        assert ends["SubmitOutcomeUnknown"] == len(server.requests)
        assert ends["SubmitOutcomeUnknown"] + ends["ConnectionFailed"] == 10


async def _crowd(url: str, count: int, seconds: float) -> tuple[Counter[str], float]:
    """Submit and wait `count` times at once; return the outcomes, and the longest blocking of the event loop.

    It is a share of the whole: seconds would measure the machine and the garbage of other tests.
    """
    longest = 0.0

    async def beat() -> None:
        nonlocal longest
        while True:
            # Measured for this thread alone, so that other load on the machine does not count.
            before = time.thread_time()
            await asyncio.sleep(0.01)
            longest = max(longest, time.thread_time() - before)

    async def end(call: Any) -> str:
        try:
            await call
        except ApiError as error:
            return type(error).__name__
        return "fine"

    heart = asyncio.create_task(beat())
    async with AsyncClient("k", base_url=url) as client:
        await client.text_to_video("the first call loads what all need")
        longest, begin = 0.0, time.thread_time()
        submits = await asyncio.gather(*(end(client.text_to_video("a cat")) for _ in range(count)))
        waits = await asyncio.gather(*(end(client.task(f"t-{n}").wait(seconds)) for n in range(count)))
    heart.cancel()
    outcomes = Counter([f"submit {kind}" for kind in submits] + [f"wait {kind}" for kind in waits])
    return outcomes, longest / (time.thread_time() - begin)


async def _serve_and_crowd(count: int, seconds: float) -> tuple[Counter[str], float]:
    body = b'{"taskId": "t", "status": "completed", "result": {"videoUrls": ["https://cdn.example.com/a.mp4"]}}'
    whole = b"HTTP/1.1 200 X\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)

    class Server(asyncio.Protocol):
        def connection_made(self, transport: Any) -> None:
            self.transport = transport

        def data_received(self, data: bytes) -> None:
            # This client sends a head and its short body in one piece.
            self.transport.write(whole)

    server = await asyncio.get_running_loop().create_server(Server, "127.0.0.1", 0, backlog=1024)
    async with server:
        return await _crowd(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", count, seconds)


@pytest.mark.parametrize(
    ("calls", "seconds"), [(600, 60.0), pytest.param(10_000, 600.0, marks=pytest.mark.heavy)], ids=["600", "10,000"]
)
def test_many_calls_at_a_time_succeed(calls: int, seconds: float) -> None:
    """One client serves them all without blocking the event loop."""
    ends, longest = asyncio.run(_serve_and_crowd(calls, seconds))
    assert ends == {"submit fine": calls, "wait fine": calls}
    assert longest < 1 / 2


def test_many_waits_end_at_their_deadline() -> None:
    """The number of polls due at that moment does not matter."""

    async def work(url: str) -> list[float]:
        async with AsyncClient("k", base_url=url, clock=SystemClock()) as client:

            async def overshoot(number: int) -> float:
                start = time.monotonic()
                with pytest.raises(WaitTimeout):
                    await client.task(f"t-{number}").wait(timeout=1.0)
                return time.monotonic() - start - 1.0

            return await asyncio.gather(*(overshoot(number) for number in range(300)))

    with RawServer(never_answer) as server:
        found = asyncio.run(work(server.url))
    assert min(found) >= 0
    assert max(found) < 5
