"""Measure the sandbox against a bare ASGI handler on the same uvicorn, and Prism: `python bench/sandbox.py [--json F]`.

All servers run on one core, the load on the other; rounds alternate, so that a busy neighbour slows all.
Prism (npm install @stoplight/prism-cli) is found on PATH or given with --prism; without it that line is missing
and said to be. Only loopback is used. Exit code 1 when a target is missed.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import selectors
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

ROOT: Final = Path(__file__).parents[1]
BODY: Final = json.dumps(
    {
        "prompt": "A fluffy orange cat running through a sunny meadow",
        "action": "img2video",
        "model": "veo3_fast",
        "imageList": ["https://example.com/1.png", "https://example.com/2.png"],
        "aspectRatio": "9:16",
    }
).encode()
DOCUMENT: Final = ROOT / "generated/openapi.effective.json"
CONNECTIONS: Final = 16
MIN_RATIO: Final = 0.7
MIN_PRISM_RATIO: Final = 2.5
STARTS_WITHIN: Final = 60.0
MAX_READY_SECONDS: Final = 0.5
MAX_MEGABYTES: Final = 60.0


class Bare:
    """The least an ASGI handler can do for a submit: token, rules by hand, a new id; no state, no records."""

    def __init__(self) -> None:
        self.count = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        message = await receive()
        body = json.loads(message["body"])
        accepted = dict(scope["headers"])[b"authorization"] == b"Bearer sandbox"
        if body["action"] == "img2video":
            accepted = accepted and 1 <= len(body["imageList"]) <= 2
        elif body["action"] == "ingredients2video":
            accepted = accepted and 1 <= len(body["imageList"]) <= 3 and body["model"] == "veo31_fast"
        if body["model"] == "veo31_fast_ingredients":
            accepted = accepted and 1 <= len(body["imageList"]) <= 3
        self.count += 1
        reply = b'{"taskId":"%032x"}' % self.count
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(reply))]
        await send({"type": "http.response.start", "status": 201 if accepted else 400, "headers": headers})
        await send({"type": "http.response.body", "body": reply})


def serve_bare() -> None:
    """Serve the bare handler on the same server as the sandbox."""
    import uvicorn  # noqa: PLC0415  only the child needs it

    listener = socket.create_server(("127.0.0.1", 0))
    print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    config = uvicorn.Config(Bare(), http="h11", loop="asyncio", lifespan="off", log_config=None, access_log=False)
    uvicorn.Server(config).run(sockets=[listener])


class Server:
    """A server in a process of its own, on the first core."""

    def __init__(self, *command: str, address: str | None = None) -> None:
        path = os.pathsep.join(str(ROOT / name) for name in ("scripts", "overlays", "generated"))
        started = time.perf_counter()
        self.process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "PYTHONPATH": path},
        )
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(self.process.pid, {min(os.sched_getaffinity(0))})
        assert self.process.stdout is not None  # noqa: S101  asked for above
        self.address = urlsplit(address or self.process.stdout.readline().strip())
        while not self._answers():
            if self.process.poll() is not None or time.perf_counter() - started > STARTS_WITHIN:
                raise SystemExit(f"{command[0]} does not listen at {self.address.netloc}")
            time.sleep(0.02)
        load(self, connections=1, requests=1)
        self.ready = time.perf_counter() - started

    def _answers(self) -> bool:
        try:
            socket.create_connection((str(self.address.hostname), int(self.address.port or 0)), 5).close()
        except OSError:
            return False
        return True

    def megabytes(self) -> float:
        """Return its resident memory."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        return int(found[1]) / 1024 if found else 0.0

    def cpu_seconds(self) -> float:
        """Return the processor time it has taken; a busy neighbour changes this less than the rate."""
        threads = Path(f"/proc/{self.process.pid}/task").glob("*/schedstat")
        return sum(int(thread.read_text().split()[0]) for thread in threads) / 1e9

    def stop(self) -> None:
        """End it."""
        self.process.terminate()
        self.process.wait(10)


def load(server: Server, *, connections: int, requests: int) -> list[float]:
    """Send submits over kept-alive connections and return the seconds each took.

    Plain sockets and a selector, because a client made of coroutines is slower than the servers measured.
    """
    place = (str(server.address.hostname), int(server.address.port or 0))
    head = (
        f"POST /gemini/video/generate HTTP/1.1\r\nhost: {place[0]}:{place[1]}\r\n"
        "authorization: Bearer sandbox\r\ncontent-type: application/json\r\n"
        f"content-length: {len(BODY)}\r\nuser-agent: bench\r\n\r\n"
    )
    message = head.encode() + BODY
    taken: list[float] = []
    began: dict[socket.socket, float] = {}
    received: defaultdict[socket.socket, bytes] = defaultdict(bytes)
    with selectors.DefaultSelector() as selector, contextlib.ExitStack() as stack:
        for _ in range(connections):
            connection = stack.enter_context(socket.create_connection(place))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            selector.register(connection, selectors.EVENT_READ, connection)
            began[connection] = time.perf_counter()
            connection.sendall(message)
        while len(taken) < requests:
            for key, _ in selector.select():
                connection = key.data
                received[connection] += connection.recv(4096)
                if not received[connection].endswith(b"}"):  # head and body arrive one after the other
                    continue
                reply, received[connection] = received[connection], b""
                if not reply.startswith(b"HTTP/1.1 201"):
                    raise SystemExit(f"expected 201, got {reply[:200]!r}")
                now = time.perf_counter()
                taken.append(now - began[connection])
                began[connection] = now
                connection.sendall(message)
    return taken


def rate(server: Server, requests: int) -> tuple[float, float]:
    """Return requests per second and the 99th percentile in milliseconds of one round."""
    began = time.perf_counter()
    taken = load(server, connections=CONNECTIONS, requests=requests)
    return len(taken) / (time.perf_counter() - began), sorted(taken)[int(len(taken) * 0.99)] * 1000


def main() -> int:
    """Measure and compare with the targets."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--requests", type=int, default=2000, help="per round and server")
    parser.add_argument("--total", type=int, default=100_000, help="requests before memory is read")
    parser.add_argument("--prism", default=shutil.which("prism"), help="the program; default: the one on PATH, if any")
    parser.add_argument("--json", metavar="FILE", type=Path, help="also write the figures to a file")
    parser.add_argument("--bare", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.bare:
        serve_bare()
        return 0
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    with contextlib.ExitStack() as stack:
        servers = {
            "bare handler": Server(sys.executable, __file__, "--bare"),
            "sandbox": Server(sys.executable, "-m", "rulewright", "sandbox", "mountsea_gemini"),
        }
        if options.prism:
            servers["prism, silent"] = _prism(options.prism)
        else:
            print("prism: not found on PATH nor given with --prism, so not measured")
        for server in servers.values():
            stack.callback(server.stop)
        figures = compare(servers, options.rounds, options.requests, options.total)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return 0 if figures["met"] else 1


def _prism(program: str) -> Server:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = (program, "mock", "-h", "127.0.0.1", "-p", str(port), "-v", "silent", str(DOCUMENT))
    return Server(*command, address=f"http://127.0.0.1:{port}")


def compare(servers: Mapping[str, Server], rounds: int, requests: int, total: int) -> dict[str, Any]:
    """Print the figures and return them."""
    targets = {"bare handler": MIN_RATIO, "prism, silent": MIN_PRISM_RATIO}
    figures: dict[str, Any] = {"servers": {}, "rate_ratio_to": {}, "processor_ratio_to": {}, "least": targets}
    before = {name: server.cpu_seconds() for name, server in servers.items()}
    found = [{name: rate(server, requests) for name, server in servers.items()} for _ in range(rounds)]
    cost = {name: (server.cpu_seconds() - before[name]) / (rounds * requests) for name, server in servers.items()}
    for name, server in servers.items():
        rates, tails = (statistics.median(each) for each in zip(*(each[name] for each in found), strict=True))
        figures["servers"][name] = {
            "requests_per_second": rates, "p99_milliseconds": tails, "processor_microseconds": cost[name] * 1e6,
            "ready_seconds": server.ready,
        }  # fmt: skip
        print(
            f"{name:13} {rates:7.0f} req/s   p99 {tails:5.1f} ms at {CONNECTIONS}"
            f" connections   {cost[name] * 1e6:4.0f} us of processor   ready in {server.ready:.2f} s"
        )
    sandbox, met = servers["sandbox"], True
    for name, least in targets.items():
        if name in servers:
            ratio = statistics.median(each["sandbox"][0] / each[name][0] for each in found)
            met = met and ratio >= least
            by_cpu = cost[name] / cost["sandbox"]
            figures["rate_ratio_to"][name], figures["processor_ratio_to"][name] = ratio, by_cpu
            print(f"ratio to {name}: {ratio:.2f} of the rate (target {least}), {by_cpu:.2f} by processor time")
    if (left := total - rounds * requests) > 0:
        rate(sandbox, left)
    memory = sandbox.megabytes()
    print(f"{memory:.1f} MB after {max(total, rounds * requests)} requests (target {MAX_MEGABYTES:.0f})")
    print(f"ready in {sandbox.ready:.2f} s (target {MAX_READY_SECONDS})")
    met = met and sandbox.ready <= MAX_READY_SECONDS and memory <= MAX_MEGABYTES
    return {**figures, "megabytes": memory, "requests": max(total, rounds * requests), "met": met}


if __name__ == "__main__":
    raise SystemExit(main())
