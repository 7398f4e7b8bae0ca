"""What one call costs beside raw httpx, and what a large download keeps in memory; `weight.py` prints it."""

from __future__ import annotations

import json
import socket
import statistics
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

from bench.faults.server import Behaviour, Server, reply

ROUNDS: Final = 9
GIBIBYTE: Final = 2**30

CALLS: Final = """
import gc, json, sys, time
import httpx
from mountsea_gemini import Client

rounds, count, url = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
BODY = {"prompt": "a cat", "action": "text2video", "model": "veo31_fast"}
GOING = {"taskId": "t-1", "status": "processing", "createdAt": "2026-01-01T00:00:00Z"}

def answer(request):
    return httpx.Response(201, json={"taskId": "t-1"}) if request.method == "POST" else httpx.Response(200, json=GOING)

played = {} if url else {"transport": httpx.MockTransport(answer)}
base = url or "https://api.example.com"
ours = Client("key", base_url=base, **played)
raw = httpx.Client(base_url=base, headers={"Authorization": "Bearer key"}, **played)
task = ours.task("t-1")
work = {
    "submit": (
        lambda: ours.text_to_video("a cat").id,
        lambda: raw.post("/gemini/video/generate", json=BODY).raise_for_status().json()["taskId"],
    ),
    "poll": (
        lambda: task.result().status,
        lambda: raw.get("/gemini/task/result", params={"taskId": "t-1"}).raise_for_status().json()["status"],
    ),
}

def cpu(call):
    start = time.process_time()
    for _ in range(count):
        call()
    return (time.process_time() - start) / count

found = {}
gc.disable()
for name, (mine, theirs) in work.items():
    cpu(mine), cpu(theirs)
    found[name] = [[cpu(mine), cpu(theirs)] for _ in range(rounds)]
print(json.dumps(found))
"""

PEAK: Final = """
def peak():
    # Of this program alone: what getrusage tells on Linux counts the program that started it as well.
    try:
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024
    except OSError:
        import resource, sys
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
"""
"""Defines `peak`: the most memory the process has had, in MiB."""

DOWNLOAD: Final = f"""{PEAK}
import json, sys, time
from mountsea_gemini import Client

with Client("key", base_url=sys.argv[1], max_download_bytes=2**40) as client:
    task = client.task("t-1")
    task.download(sys.argv[2], index=0)  # the small one: everything a download loads is loaded
    idle = peak()
    start = time.process_time()
    task.download(sys.argv[2], index=1)
    cpu = time.process_time() - start
print(json.dumps([idle, peak(), cpu]))
"""
_HEAD: Final = b"\x00\x00\x00\x10ftypisom\x00\x00\x00\x00" + b"\x00\x00\x00\x08moov"


def calls(python: Path, environment: Mapping[str, str]) -> dict[str, float]:
    """Return the CPU of a submit and a poll as multiples of raw httpx: medians, without a network and over TCP."""
    found = _ratios(python, environment, "", 150)
    accepted = reply(201, {"taskId": "t-1"})
    going = reply(200, {"taskId": "t-1", "status": "processing", "createdAt": "2026-01-01T00:00:00Z"})
    with Server(lambda _: {"submit": [accepted], "poll": [going]}) as server:
        over_tcp = _ratios(python, environment, server.url, 60)
    return {**found, **{f"{name}, over TCP": ratio for name, ratio in over_tcp.items()}}


def _ratios(python: Path, environment: Mapping[str, str], url: str, count: int) -> dict[str, float]:
    asked = [str(python), "-c", CALLS, str(ROUNDS), str(count), url]
    ran = subprocess.run(asked, check=True, capture_output=True, text=True, env=environment)
    rounds: dict[str, list[list[float]]] = json.loads(ran.stdout)
    return {name: statistics.median(ours / raw for ours, raw in pairs) for name, pairs in rounds.items()}


def download(python: Path, environment: Mapping[str, str], folder: Path, size: int = GIBIBYTE) -> dict[str, float]:
    """Return what a download of `size` bytes needs above a small one: mebibytes at the peak, and CPU seconds."""

    def play(url: str) -> dict[str, Sequence[Behaviour]]:
        urls = [f"{url}/file/small.mp4", f"{url}/file/large.mp4"]
        done = {"taskId": "t-1", "status": "completed", "result": {"videoUrls": urls}}
        return {"poll": [reply(200, done)], "file": [film(2**20), film(size)]}

    target = folder / "film.mp4"
    with Server(play) as server:
        asked = [str(python), "-c", DOWNLOAD, server.url, str(target)]
        ran = subprocess.run(asked, check=True, capture_output=True, text=True, env=environment)
    if target.stat().st_size != size:
        raise SystemExit(f"the download has {target.stat().st_size} bytes, not {size}")
    target.unlink()
    idle, peak, cpu = json.loads(ran.stdout)
    return {"idle_mib": idle, "above_idle_mib": peak - idle, "cpu_s": cpu}


def film(size: int) -> Behaviour:
    """Return a behaviour that sends an MP4 of that size, made up as it goes, and closes the connection."""

    def behave(connection: socket.socket) -> None:
        with closing(connection):
            head = b"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
            connection.sendall(head % size + _HEAD)
            left, piece = size - len(_HEAD), bytes(2**16)
            while left > 0:
                connection.sendall(piece[:left])
                left -= len(piece)

    return behave
