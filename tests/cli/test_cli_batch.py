"""Many tasks from one file: killed anywhere, nothing is paid twice and no id is lost."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mountsea_gemini.cli import _journal
from mountsea_gemini.cli._exits import Exit
from rulewright.sandbox import Sandbox

from tests.cli.running import Ran, Running, environment, seen, started, until

Cli = Callable[..., Ran]
Serve = Callable[[str], Running]


def request(prompt: str, **more: Any) -> dict[str, Any]:
    """Return a valid request."""
    return {"prompt": prompt, "action": "text2video", "model": "veo31_fast", **more}


def written(path: Path, *lines: Any) -> Path:
    """Write a file of requests and return it."""
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return path


def cats(path: Path, count: int) -> Path:
    """Write a file of valid requests and return it."""
    return written(path / "cats.jsonl", *(request(f"cat {number}") for number in range(1, count + 1)))


def posts(sandbox: Sandbox) -> Counter[str]:
    """Return how often each prompt was submitted."""
    return Counter(json.loads(seen.body)["prompt"] for seen in sandbox.requests if seen.method == "POST")


def states(journal: str) -> dict[int, dict[str, Any]]:
    """Return the last of each line's records, with everything that earlier ones said."""
    found: dict[int, dict[str, Any]] = {}
    for row in journal.splitlines()[1:]:
        record = json.loads(row)
        if "line" in record:
            found[record["line"]] = {**found.get(record["line"], {}), **record}
    return found


def test_a_file_of_requests_becomes_files(cli: Cli, serve: Serve, tmp_path: Path) -> None:
    """Each line is a film of its own under the name it gave or its number; standard output is the paths."""
    sandbox = serve("now")
    named = {"output": "dog.mp4", "request": request("a dog")}
    file = written(tmp_path / "pets.jsonl", request("a cat"), named)
    ran = cli("submit", str(file), *sandbox.options)
    assert ran.code == 0
    assert ran.out.splitlines() == [str(tmp_path / "pets" / name) for name in ("line-0001.mp4", "dog.mp4")]
    assert all(Path(path).read_bytes()[4:8] == b"ftyp" for path in ran.out.splitlines())
    assert posts(sandbox.sandbox) == {"a cat": 1, "a dog": 1}


def test_a_finished_journal_asks_nothing(cli: Cli, serve: Serve, tmp_path: Path) -> None:
    """Run again, by either command and without a key, it reports what there is and sends no request."""
    sandbox = serve("now")
    file = cats(tmp_path, 2)
    first = cli("submit", str(file), *sandbox.options)
    asked = len(sandbox.sandbox.requests)
    journal = file.with_name("cats.jsonl.journal")
    size = journal.stat().st_size
    for again in (("submit", str(file)), ("resume", str(journal))):
        ran = cli(*again)
        assert (ran.code, ran.out, ran.err) == (0, first.out, "")
    assert (len(sandbox.sandbox.requests), journal.stat().st_size) == (asked, size)


def test_a_refused_line_does_not_stop_the_others(cli: Cli, serve: Serve, tmp_path: Path) -> None:
    """A rule or the API refuses one line, the vendor fails another: each has its state, the rest their files."""
    sandbox = serve("now")
    sandbox.sandbox.script("now", "422@submit", "failed now", "now")
    lines = [request("one"), request("two", action="img2video"), *(request(name) for name in ("three", "four", "five"))]
    file = written(tmp_path / "five.jsonl", *lines)
    ran = cli("submit", str(file), "--json", "--concurrency", "1", *sandbox.options)
    assert [line["state"] for line in ran.json["lines"]] == ["done", "refused", "refused", "ended", "done"]
    assert ran.json["counts"] == {**dict.fromkeys(("new", *_journal.STATES), 0), "done": 2, "refused": 2, "ended": 1}
    assert (ran.code, ran.json["exit"]) == (Exit.UNREACHABLE, 9)
    assert "img2video-needs-images" in ran.err
    assert ran.json["lines"][3]["error"]["type"] == "TaskFailed"
    assert posts(sandbox.sandbox) == {"one": 1, "three": 1, "four": 1, "five": 1}


def test_a_refused_line_is_tried_again_once_it_is_corrected(cli: Cli, serve: Serve, tmp_path: Path) -> None:
    """Nothing was started by it: put right, or with its rule switched off, the same command submits it."""
    sandbox = serve("now")
    bad = [request(f"bad {number}", action="img2video") for number in (1, 2)]
    file = written(tmp_path / "bad.jsonl", *bad)
    assert cli("submit", str(file), *sandbox.options).code == Exit.REFUSED
    written(file, request("corrected"), bad[1])
    assert cli("submit", str(file), *sandbox.options).code == Exit.REFUSED
    assert posts(sandbox.sandbox) == {"corrected": 1}
    assert "img2video" in cli("resume", f"{file}.journal", "--waive", "img2video-needs-images", *sandbox.options).err
    assert posts(sandbox.sandbox) == {"corrected": 1, "bad 2": 1}


def test_an_unknown_outcome_is_parked_and_never_sent_again(cli: Cli, serve: Serve, tmp_path: Path) -> None:
    """It is listed by its line, in this run and every later one; the other lines go on."""
    sandbox = serve("now")
    sandbox.sandbox.script("now", "drop@submit now", "now")
    file = cats(tmp_path, 3)
    for _ in range(3):
        ran = cli("submit", str(file), "--concurrency", "1", *sandbox.options)
        assert ran.code == Exit.UNKNOWN
        assert "outcome unknown: line 2" in ran.err
        assert "not sent again" in ran.err
        assert len(ran.out.splitlines()) == 2
    assert posts(sandbox.sandbox) == {"cat 1": 1, "cat 2": 1, "cat 3": 1}


def test_a_row_of_unknown_outcomes_stops_the_spending(cli: Cli, serve: Serve, tmp_path: Path) -> None:
    """After three in a row no further line is sent; the rest stays for later."""
    sandbox = serve("500@submit")
    file = cats(tmp_path, 8)
    found = cli("submit", str(file), "--json", "--concurrency", "1", *sandbox.options).json
    assert (found["counts"]["unknown"], found["counts"]["new"]) == (3, 5)
    assert sandbox.sent("POST") == 3


@pytest.mark.parametrize(
    ("script", "code"), [("401@submit", Exit.ACCOUNT), ("402@submit", Exit.ACCOUNT), ("429=3600@submit", 5)]
)
def test_a_refusal_of_the_account_stops_and_goes_on_later(
    cli: Cli, serve: Serve, tmp_path: Path, *, script: str, code: int
) -> None:
    """What would meet every line is met once; when it is corrected, `resume` submits what was left."""
    sandbox = serve("now")
    sandbox.sandbox.script("now", script)
    file = cats(tmp_path, 4)
    ran = cli("submit", str(file), "--concurrency", "1", *sandbox.options)
    assert (ran.code, sandbox.sent("POST")) == (code, 2)
    assert f"mountsea-gemini resume --base-url {sandbox.url} --sandbox {file}.journal" in ran.err
    # The file of requests does as well as its journal: it is what people remember.
    assert cli("resume", str(file), *sandbox.options).code == 0
    assert sandbox.sent("POST") == 5


def test_no_wait_submits_and_resume_does_the_rest(cli: Cli, serve: Serve, tmp_path: Path) -> None:
    """--no-wait prints the ids; `resume` waits and downloads without another submit."""
    sandbox = serve("")
    file = cats(tmp_path, 3)
    ran = cli("submit", str(file), "--no-wait", *sandbox.options)
    assert (ran.code, sandbox.sent("GET"), len(ran.out.splitlines())) == (0, 0, 3)
    done = cli("resume", f"{file}.journal", *sandbox.options)
    assert [Path(path).name for path in done.out.splitlines()] == [f"line-000{number}.mp4" for number in (1, 2, 3)]
    assert sandbox.sent("POST") == 3


def test_a_wait_that_is_over_and_a_broken_download_can_be_taken_up(cli: Cli, serve: Serve, tmp_path: Path) -> None:
    """Neither ends a line: exit 10 or 7, and the next run comes back to the task."""
    sandbox = serve("now")
    sandbox.sandbox.script("now 403@download:1", "now 401@poll:1")
    file = cats(tmp_path, 2)
    assert cli("submit", str(file), *sandbox.options).code == Exit.ACCOUNT
    assert cli("resume", f"{file}.journal", *sandbox.options).code == 0
    slow = serve("never")
    other = written(tmp_path / "slow.jsonl", request("slow"))
    ran = cli("submit", str(other), "--timeout", "0.2", *slow.options)
    assert ran.code == Exit.WAIT_OVER
    assert (sandbox.sent("POST"), slow.sent("POST")) == (2, 1)


def test_not_more_lines_are_under_way_than_allowed(cli: Cli, serve: Serve, tmp_path: Path) -> None:
    """With N allowed, never more than N tasks are between their submit and the end of their download."""
    sandbox = serve("polls=2")
    ran = cli("submit", str(cats(tmp_path, 7)), "--concurrency", "3", *sandbox.options)
    assert ran.code == 0
    under_way, most = set[str](), 0
    for number, asked in enumerate(sandbox.sandbox.requests):
        if asked.method == "POST":
            under_way.add(f"unnamed {number}")
        elif asked.path.endswith(".mp4"):
            under_way.pop()
        most = max(most, len(under_way))
    assert most == 3


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "holds no request"),
        ("\n\n", "holds no request"),
        ('{"prompt": "a"}\n{"prompt": \n', "cats.jsonl:2:12: is not JSON"),
        ('["a"]\n', "cats.jsonl:1: a request is a JSON object, got list"),
        ('{"a": NaN}\n', "there is no NaN in JSON"),
        ('{"output": "../x", "request": {}}\n', "without directories"),
        ('{"output": "..", "request": {}}\n', "without directories"),
        ('{"output": "a\\u001b[0m", "request": {}}\n', "without directories"),
        ('{"output": 7, "request": {}}\n', "without directories"),
        ('{"output": "a", "request": {}}\n{"output": "A", "request": {}}\n', "as line 1 does"),
    ],
)
def test_a_file_that_cannot_be_understood_costs_nothing(
    cli: Cli, serve: Serve, tmp_path: Path, *, content: str, words: str
) -> None:
    """The whole file is read before the first submit; the error names the line, and no journal is begun."""
    sandbox = serve("now")
    file = tmp_path / "cats.jsonl"
    file.write_text(content)
    ran = cli("submit", str(file), *sandbox.options)
    assert (ran.code, sandbox.sent("POST")) == (Exit.USAGE, 0)
    assert words in ran.err
    assert [entry.name for entry in tmp_path.iterdir()] == ["cats.jsonl"]


def test_a_line_that_changed_after_its_submit_is_refused(cli: Cli, serve: Serve, tmp_path: Path) -> None:
    """Otherwise a number would stand for two requests; new lines at the end are welcome."""
    sandbox = serve("now")
    file = cats(tmp_path, 2)
    assert cli("submit", str(file), *sandbox.options).code == 0
    with file.open("a") as more:
        more.write(json.dumps(request("cat 3")) + "\n")
    assert cli("submit", str(file), *sandbox.options).code == 0
    assert posts(sandbox.sandbox) == {"cat 1": 1, "cat 2": 1, "cat 3": 1}
    written(file, request("another"), request("cat 2"))
    ran = cli("submit", str(file), *sandbox.options)
    assert (ran.code, sandbox.sent("POST")) == (Exit.USAGE, 3)
    assert "cats.jsonl:1: this line has changed since it was submitted" in ran.err


def test_a_journal_of_another_server_is_refused(cli: Cli, serve: Serve, tmp_path: Path) -> None:
    """The rest of a trial in the sandbox is not submitted for money by a command without --sandbox."""
    sandbox, other = serve("402@submit"), serve("now")
    file = cats(tmp_path, 2)
    cli("submit", str(file), *sandbox.options)
    ran = cli("submit", str(file), *other.options)
    assert (ran.code, other.sent("POST")) == (Exit.USAGE, 0)
    assert f"its tasks are at {sandbox.url}, not at {other.url}" in ran.err


def test_two_processes_cannot_share_a_journal(cli: Cli, serve: Serve, tmp_path: Path) -> None:
    """The second one gets an error, and submits nothing."""
    sandbox = serve("never")
    file = cats(tmp_path, 1)
    with started("submit", str(file), *sandbox.options) as process:
        seen(process, "submitted task")
        ran = cli("submit", str(file), *sandbox.options)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
    assert ran.code == Exit.USAGE
    assert "another process works with this journal" in ran.err
    assert sandbox.sent("POST") == 1


def test_ctrl_c_waits_for_the_answers_to_submits(serve: Serve, tmp_path: Path) -> None:
    """Pressed while submits are under way: their ids are awaited and kept, no other line is sent, exit 130."""
    sandbox = serve("slow=1@submit")
    file = cats(tmp_path, 5)
    with started("submit", str(file), "--concurrency", "2", "--json", *sandbox.options) as process:
        until(lambda: sandbox.sent("POST") == 2)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert process.returncode == 130
    found = json.loads(out)
    assert (found["exit"], found["counts"]["submitted"], found["counts"]["new"]) == (130, 2, 3)
    assert "waiting for the answers to 2 submits" in err
    assert "go on with: mountsea-gemini resume" in err
    assert sandbox.sent("POST") == 2


def test_ctrl_c_while_waiting_ends_at_once(serve: Serve, tmp_path: Path) -> None:
    """No submit is under way: nothing is waited for, and every task is in the journal."""
    sandbox = serve("never")
    file = cats(tmp_path, 2)
    with started("submit", str(file), *sandbox.options) as process:
        seen(process, "line 2: submitted task")
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=5)
    assert process.returncode == 130
    assert {entry["state"] for entry in states(Path(f"{file}.journal").read_text()).values()} == {"submitted"}


def test_a_second_ctrl_c_parks_what_was_under_way(cli: Cli, serve: Serve, tmp_path: Path) -> None:
    """Broken off before the answer came, a line is unknown from then on, and is not sent again."""
    sandbox = serve("slow=30@submit")
    file = cats(tmp_path, 1)
    with started("submit", str(file), *sandbox.options) as process:
        until(lambda: sandbox.sent("POST") == 1)
        process.send_signal(signal.SIGINT)
        seen(process, "waiting for the answer to 1 submit")
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
    assert process.returncode == 130
    ran = cli("resume", f"{file}.journal", *sandbox.options)
    assert (ran.code, sandbox.sent("POST")) == (Exit.UNKNOWN, 1)


def test_killed_at_any_moment_nothing_is_sent_twice_and_no_id_is_lost(tmp_path: Path) -> None:
    """SIGKILL between intent, submit, record, look, piece and name of a file: the next run ends every line.

    At each moment: no line is submitted twice, none is left out, every id that was on the disk leads to its
    file, and a line is parked as unknown only where its intent was on the disk without an outcome.
    """
    sandbox = Sandbox("mountsea_gemini", script="now")
    with sandbox.serve() as running:
        done = subprocess.run(
            [sys.executable, "-m", "tests.cli.killing", running.url, str(tmp_path)],
            env=environment(),
            capture_output=True,
            check=False,
            text=True,
            timeout=200,
        )
    assert (done.returncode, done.stderr) == (0, "")
    moments = [json.loads(row) for row in done.stdout.splitlines()]
    sent = posts(sandbox)
    assert len(moments) > 30
    assert sum(each["killed"] == -signal.SIGKILL for each in moments) > 30
    for each in moments:
        ended = states(each["journal"])
        left = states(each["left"][: each["left"].rfind("\n") + 1])
        for number, prompt in enumerate(each["prompts"], 1):
            state = ended[number]["state"]
            assert state in {"done", "unknown"}, each["moment"]
            assert sent[prompt] == 1 or (state == "unknown" and sent[prompt] == 0), each["moment"]
            assert (state == "unknown") == (left.get(number, {}).get("state") == "intent"), each["moment"]
            if "task" in left.get(number, {}):
                assert ended[number]["task"] == left[number]["task"]
        parked = any(entry["state"] == "unknown" for entry in ended.values())
        assert each["code"] == (Exit.UNKNOWN if parked else 0), each["moment"]


@pytest.mark.parametrize("full_at", range(2, 9))
def test_a_full_disk_stops_before_the_next_submit(
    cli: Cli, serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, full_at: int
) -> None:
    """An intent that cannot be written is a submit that is not sent; an id that cannot be written is shown."""
    sandbox = serve("now")
    file = cats(tmp_path, 3)
    journal = Path(f"{file}.journal")
    flushes = iter(range(1, 1000))

    def fsync(_: int) -> None:
        if next(flushes) >= full_at:
            raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as full:
        full.setattr(os, "fsync", fsync)
        ran = cli("submit", str(file), "--no-wait", "--concurrency", "1", *sandbox.options)
    assert (ran.code, "No space left" in ran.err) == ((Exit.USAGE, True) if full_at < 9 else (0, False))
    sent = sandbox.sent("POST")
    assert sent == (full_at - 2) // 2
    for task in sandbox.sandbox.core.tasks._tasks:
        assert task in journal.read_text() + ran.err
    cli("submit", str(file), "--no-wait", *sandbox.options)
    assert sum(posts(sandbox.sandbox).values()) == len(posts(sandbox.sandbox))


def test_a_journal_is_a_plain_file(cli: Cli, serve: Serve, tmp_path: Path) -> None:
    """A device under its name is refused and not read: some never end."""
    sandbox = serve("now")
    ran = cli("submit", str(cats(tmp_path, 1)), "--journal", "/dev/zero", *sandbox.options)
    assert (ran.code, sandbox.sent("POST")) == (Exit.USAGE, 0)
    assert "is no plain file" in ran.err


def test_the_journal_holds_neither_prompt_nor_token(
    cli: Cli, serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hashes, numbers, ids, states and names of files are all there is in it."""
    monkeypatch.setenv("MOUNTSEA_API_KEY", "sandbox")
    sandbox = serve("now")
    sandbox.sandbox.script("failed now", "422@submit", "drop@submit")
    file = written(tmp_path / "x.jsonl", *(request("a purple cat nobody thought of") for _ in range(4)))
    cli("submit", str(file), "--base-url", sandbox.url, "--concurrency", "1")
    text = Path(f"{file}.journal").read_text()
    assert "purple" not in text
    assert "sandbox" not in text
