"""Run many tasks while workers are killed and stopped at random moments, and count submits at the server."""

from __future__ import annotations

import contextlib
import json
import math
import os
import pwd
import random
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Self

import pytest
from attrs import define, field
from rulewright.sandbox import Sandbox
from rulewright.sandbox.exchange import Request, Response, error_answer

from tests.cli.running import command, environment

IN_FLIGHT = 4
"""Submits in flight of each worker, and so the most that a kill can make unknown."""


@define
class Chaos:
    """Workers on one store, and the server that they submit to.

    Attributes:
        place: The store.
        folder: Where the requests and the files are.
        tasks: How many requests.
        script: What the server does with each.
        options: More options of the workers.
        in_flight: Submits in flight of each worker.
        limit: How many submits the server accepts in a second; the others get a 429.
        kills: How many workers were killed.
        refused: How many submits were answered with 429, and started nothing.
        ledger: How often the server accepted each request.
    """

    place: str
    folder: Path
    tasks: int
    script: str
    options: tuple[str, ...] = ()
    limit: float = math.inf
    in_flight: int = IN_FLIGHT
    kills: int = 0
    refused: int = 0
    ledger: Counter[str] = field(factory=Counter)
    sandbox: Sandbox = field(init=False)
    _lock: threading.Lock = field(factory=threading.Lock)
    _accepted: list[float] = field(factory=list)
    _url: str = ""
    _workers: list[subprocess.Popen[bytes]] = field(factory=list)
    _stack: ExitStack = field(factory=ExitStack)

    def __enter__(self) -> Self:
        self.sandbox = Sandbox("mountsea_gemini", script=self.script)
        answer = self.sandbox.core.handle

        def handle(request: Request) -> Response:
            if request.method != "POST":
                return answer(request)
            with self._lock:
                self.ledger[json.loads(request.body)["prompt"]] += 1
                now = time.monotonic()
                self._accepted = [moment for moment in self._accepted if now - moment < 1]
                if len(self._accepted) >= self.limit:
                    self.ledger[json.loads(request.body)["prompt"]] -= 1
                    self.refused += 1
                    return error_answer(429, "too many requests", (b"retry-after", b"1"))
                self._accepted.append(now)
            return answer(request)

        self.sandbox.core.handle = handle  # type: ignore[method-assign]
        self._url = self._stack.enter_context(self.sandbox.serve()).url
        file = self.folder / "tasks.jsonl"
        rows = ({"prompt": str(n), "action": "text2video", "model": "veo31_fast"} for n in range(1, self.tasks + 1))
        file.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
        ran = self.run("submit", str(file), "--no-wait", "--concurrency", str(self.in_flight), *self.options)
        assert ran.returncode == 0, ran.stderr
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.kill()
            worker.wait()
        self._stack.close()

    @property
    def way(self) -> tuple[str, ...]:
        """Return the options for this server and this store."""
        return ("--sandbox", "--base-url", self._url, "--store", self.place)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run one command until it ends."""
        return subprocess.run(
            command(*arguments, *self.way), env=environment(), capture_output=True, text=True, check=False, timeout=600
        )

    def start(self, *options: str) -> subprocess.Popen[bytes]:
        """Start a worker."""
        with (self.folder / f"worker-{len(self._workers)}.log").open("wb") as log:
            worker = subprocess.Popen(
                command("worker", *options, *self.options, *self.way), env=environment(), stdout=log, stderr=log
            )
        self._workers.append(worker)
        return worker

    def kill(self, worker: subprocess.Popen[bytes]) -> None:
        """Kill a worker, so that it cleans up and flushes nothing."""
        worker.kill()
        worker.wait()
        self.kills += 1

    def sent(self) -> int:
        """Return how many submits the server received."""
        with self._lock:
            return sum(self.ledger.values())

    def files(self) -> int:
        """Return how many files exist."""
        return len(list((self.folder / "tasks").glob("line-*.mp4")))

    def until(self, *, sent: int = 0, files: int = 0, seconds: float = 120) -> None:
        """Wait for a number of submits and of files."""
        deadline = time.monotonic() + seconds
        while self.sent() < sent or self.files() < files:
            assert time.monotonic() < deadline, f"{self.sent()} submits, {self.files()} files"
            time.sleep(0.01)

    def over(self) -> bool:
        """Return whether no line is left for a worker."""
        counts = self.counts()
        return not any(counts[state] for state in ("queued", "submitting", "waiting"))

    def counts(self) -> Counter[str]:
        """Return how many lines are in each state."""
        listed = subprocess.run(
            command("list", "--json", "--store", self.place), env=environment(), capture_output=True, text=True,
            check=True, timeout=300,
        )  # fmt: skip
        return Counter(line["state"] for line in json.loads(listed.stdout)["lines"])

    def report(self) -> dict[str, int]:
        """Return the counts of tasks by what happened to them."""
        counts = self.counts()
        twice = sum(count > 1 for count in self.ledger.values())
        lost = self.tasks - counts["done"] - counts["unknown"]
        partial = len(list((self.folder / "tasks").glob(".*")))
        return {
            "tasks": self.tasks,
            "kills": self.kills,
            "accepted": sum(self.ledger.values()),
            "answered 429": self.refused,
            "twice": twice,
            "lost": lost,
            "unknown": counts["unknown"],
            "done": counts["done"],
            "partial files": partial,
        }


def check(report: dict[str, int]) -> None:
    """Fail if a report shows a lost task, a double submit or a partial file."""
    assert (report["twice"], report["lost"]) == (0, 0), report
    assert report["unknown"] <= IN_FLIGHT * report["kills"], report
    assert report["partial files"] == 0, report
    print(report)


def storm(chaos: Chaos, kills: int, seed: int) -> None:
    """Kill one of two workers at random moments and replace it, until every line is done."""
    dice = random.Random(seed)  # noqa: S311  (moments, no secrets)
    workers = [chaos.start(), chaos.start()]
    deadline = time.monotonic() + 1500
    while chaos.kills < kills:
        time.sleep(dice.uniform(1.0, 5.0))
        victim = dice.randrange(2)
        chaos.kill(workers[victim])
        workers[victim] = chaos.start()
    while not chaos.over():
        assert time.monotonic() < deadline
        time.sleep(1)
    for worker in workers:
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(60) == 143


def processor_time(process: subprocess.Popen[bytes]) -> float:
    """Return the processor seconds that a process has used (Linux)."""
    fields = Path(f"/proc/{process.pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident(process: subprocess.Popen[bytes]) -> int:
    """Return the resident bytes of a process (Linux)."""
    return int(Path(f"/proc/{process.pid}/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


@contextmanager
def postgresql() -> Iterator[str]:
    """Run a PostgreSQL server, and yield the URL of an empty database; skip where none is installed."""
    found = shutil.which("initdb") or next(map(str, sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))), None)
    if found is None:
        pytest.skip("PostgreSQL is not installed: no initdb is found")
    user = None
    if os.geteuid() == 0:
        try:
            user = pwd.getpwnam("postgres").pw_name
        except KeyError:
            pytest.skip("PostgreSQL does not run as root, and there is no user postgres")
    home = Path(tempfile.mkdtemp(prefix="pg-"))
    binaries = Path(found).resolve().parent
    if user is not None:
        shutil.chown(home, user)
    try:
        initdb = [str(binaries / "initdb"), "-D", str(home / "data"), "-A", "trust", "-U", "tester", "--no-sync"]
        subprocess.run(initdb, user=user, check=True, capture_output=True, cwd=home)
        server = [str(binaries / "postgres"), "-D", str(home / "data"), "-k", str(home), "-c", "listen_addresses="]
        with subprocess.Popen(
            server, user=user, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=home
        ) as running:
            ready = [str(binaries / "pg_isready"), "-h", str(home)]
            while subprocess.run(ready, check=False, capture_output=True).returncode != 0:
                assert running.poll() is None
                time.sleep(0.1)
            yield f"postgresql://tester@/postgres?host={home}"
            running.send_signal(signal.SIGINT)
    finally:
        with contextlib.suppress(OSError):
            shutil.rmtree(home)
