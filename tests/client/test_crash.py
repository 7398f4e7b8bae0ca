"""Kill a process at the worst moment: no paid task is lost, and no file is incomplete."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest
from mountsea_gemini import Client, Task
from rulewright.sandbox import Sandbox

SUBMIT: str = """
import sys
from mountsea_gemini import Client
with Client("sandbox", base_url=sys.argv[1], on_submitted=lambda task: print(task.to_json(), flush=True)) as client:
    client.text_to_video("a cat").wait()
"""
DOWNLOAD: str = """
import sys
from mountsea_gemini import Client
with Client("sandbox", base_url=sys.argv[1]) as client:
    print("ready", flush=True)
    client.task(sys.argv[2]).download(sys.argv[3])
"""
FULL: str = """
import resource, sys
from mountsea_gemini import Client, DownloadError
with Client("sandbox", base_url=sys.argv[1]) as client:
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
    try:
        client.task(sys.argv[2]).download(sys.argv[3])
    except DownloadError as error:
        print(error.message, flush=True)
"""


@contextmanager
def program(text: str, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], IO[str]]]:
    """Run a Python program in its own process, and yield it with its output."""
    places = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen([sys.executable, "-c", text, *arguments], stdout=subprocess.PIPE, text=True, env=places)
    assert process.stdout is not None
    try:
        yield process, process.stdout
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_killed_between_submit_and_poll_the_task_is_taken_up_by_another_process(tmp_path: Path) -> None:
    """`on_submitted` gets the id before the first poll, so `kill -9` loses only time."""
    sandbox = Sandbox("mountsea_gemini", script="now")
    with sandbox.serve() as running:
        with program(SUBMIT, running.url) as (process, output):
            handle = output.readline()
            process.send_signal(signal.SIGKILL)
            assert process.wait() == -signal.SIGKILL
        with Client("sandbox", base_url=running.url) as client:
            path = Task.from_json(handle, client).download(tmp_path / "cat.mp4")
    assert path.read_bytes()[4:8] == b"ftyp"
    assert [recorded.method for recorded in sandbox.requests].count("POST") == 1


def test_killed_in_the_middle_of_a_download_the_older_file_is_whole(tmp_path: Path) -> None:
    """The part has another name, and the next download removes it."""
    target = tmp_path / "cat.mp4"
    target.write_bytes(b"the older film")
    with Sandbox("mountsea_gemini", script="now drip=0.02@download").serve() as running:
        with Client("sandbox", base_url=running.url) as client:
            task = client.text_to_video("a cat")
        with program(DOWNLOAD, running.url, task.id, str(target)) as (process, output):
            assert output.readline() == "ready\n"
            deadline = time.monotonic() + 20
            while not list(tmp_path.glob(".*.part")) and time.monotonic() < deadline:
                time.sleep(0.01)
            process.send_signal(signal.SIGKILL)
            assert process.wait() == -signal.SIGKILL
    assert target.read_bytes() == b"the older film"
    assert [entry.suffix for entry in tmp_path.iterdir() if entry != target] == [".part"]
    with (
        Sandbox("mountsea_gemini", script="now").serve() as running,
        Client("sandbox", base_url=running.url) as client,
    ):
        other = client.text_to_video("a cat").download(tmp_path / "other.mp4")
    assert sorted(tmp_path.iterdir()) == [target, other]


STDOUT: str = """
import sys
from mountsea_gemini import Client
with Client("sandbox", base_url=sys.argv[1]) as client:
    client.text_to_video("a cat").download("/dev/stdout")
"""


@pytest.mark.skipif(os.name != "posix", reason="/dev/stdout is POSIX")
@pytest.mark.parametrize("mode", ["wb", "ab", None])
def test_standard_output_is_written_into(tmp_path: Path, mode: str | None) -> None:
    """A pipe, or a file that a shell redirected to, from its current position."""
    target = tmp_path / "cat.mp4"
    target.write_bytes(b"before")
    places = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with Sandbox("mountsea_gemini", script="now").serve() as running:
        command = [sys.executable, "-c", STDOUT, running.url]
        if mode is None:
            film = subprocess.run(command, stdout=subprocess.PIPE, env=places, check=True).stdout
        else:
            with target.open(mode) as file:
                inode = target.stat().st_ino
                subprocess.run(command, stdout=file, env=places, check=True)
            assert target.stat().st_ino == inode
            film = target.read_bytes().removeprefix(b"before" if mode == "ab" else b"")
    assert film[4:8] == b"ftyp"
    assert len(film) > 1000
    assert [entry.name for entry in tmp_path.iterdir()] == ["cat.mp4"]


def test_a_full_disk_leaves_the_older_file(tmp_path: Path) -> None:
    """The error has the system's message, and no part remains."""
    target = tmp_path / "cat.mp4"
    target.write_bytes(b"the older film")
    with Sandbox("mountsea_gemini", script="now").serve() as running:
        with Client("sandbox", base_url=running.url) as client:
            task = client.text_to_video("a cat")
        with program(FULL, running.url, task.id, str(target)) as (_, output):
            assert output.readline() == "cannot write cat.mp4: File too large\n"
    assert target.read_bytes() == b"the older film"
    assert list(tmp_path.iterdir()) == [target]
