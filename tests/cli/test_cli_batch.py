"""Many tasks from one file: nothing is paid for twice, no id is lost, and unknown outcomes wait for a person."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import shutil
import signal
import stat
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from mountsea_gemini.cli._exits import Exit

from tests.cli.running import ROOT, Cli, Running, Serve, command, environment, read_until, start, until
from tests.generating import regenerate


def request(prompt: str, **more: Any) -> dict[str, Any]:
    """Return a valid request."""
    return {"prompt": prompt, "action": "text2video", "model": "veo31_fast", **more}


def write_requests(path: Path, *lines: Any) -> Path:
    """Write a file of requests, and return its path."""
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return path


def write_cats(path: Path, count: int) -> Path:
    """Write a file of valid requests, and return its path."""
    return write_requests(path / "cats.jsonl", *(request(f"cat {number}") for number in range(1, count + 1)))


def posts(sandbox: Running) -> Counter[str]:
    """Return how often each prompt was submitted."""
    return Counter(json.loads(seen.body)["prompt"] for seen in sandbox.sandbox.requests if seen.method == "POST")


def line_states(cli: Cli) -> dict[int, str]:
    """Return the state of each line."""
    return {line["line"]: line["state"] for line in cli("list", "--json").json["lines"]}


def test_each_line_becomes_a_file(cli: Cli, serve: Serve, tmp_path: Path) -> None:
    """Named by `output` or number; the same command again needs no key and sends nothing."""
    sandbox = serve("now")
    named = {"output": "dog.mp4", "operation": "generateVideo", "request": request("a dog")}
    file = write_requests(tmp_path / "pets.jsonl", request("a cat"), named)
    ran = cli("submit", str(file), *sandbox.options)
    assert (ran.code, ran.err.splitlines()[-1]) == (0, "2 done")
    assert ran.out.splitlines() == [str(tmp_path / "pets" / name) for name in ("line-0001.mp4", "dog.mp4")]
    assert all(Path(path).read_bytes()[4:8] == b"ftyp" for path in ran.out.splitlines())
    asked = len(sandbox.sandbox.requests)
    copied = write_requests(tmp_path / "copied.jsonl", request("a cat"), named)
    for again in (("submit", str(file)), ("submit", str(copied)), ("resume",)):
        ran_again = cli(*again)
        assert (ran_again.code, ran_again.out) == (0, ran.out)
    assert len(sandbox.sandbox.requests) == asked
    assert posts(sandbox) == {"a cat": 1, "a dog": 1}


def test_lines_can_be_appended_only(cli: Cli, serve: Serve, tmp_path: Path) -> None:
    """A file with a changed beginning is refused, because its line numbers mean other tasks."""
    sandbox = serve("now")
    file = write_cats(tmp_path, 2)
    assert cli("submit", str(file), *sandbox.options).code == 0
    with file.open("a") as more:
        more.write("\n" + json.dumps(request("cat 3")))
    assert cli("submit", str(file), *sandbox.options).code == 0
    assert posts(sandbox) == {"cat 1": 1, "cat 2": 1, "cat 3": 1}
    write_requests(file, request("another"), request("cat 2"))
    ran = cli("submit", str(file), *sandbox.options)
    assert (ran.code, sandbox.sent("POST")) == (Exit.USAGE, 3)
    assert "has changed since its lines were submitted" in ran.err


def test_each_line_has_the_state_of_its_task(cli: Cli, serve: Serve, tmp_path: Path) -> None:
    """Refused, failed and undelivered lines do not stop the others."""
    sandbox = serve("now")
    sandbox.sandbox.script("now", "422@submit", "failed now", "now 403@download:1", "now")
    ran = cli("submit", str(write_cats(tmp_path, 5)), "--json", "--concurrency", "1", *sandbox.options)
    states = {line["line"]: (line["state"], line["error"]["type"]) for line in ran.json["lines"]}
    assert states == {2: ("refused", "BadRequest"), 3: ("failed", "TaskFailed"), 4: ("undelivered", "DownloadError")}
    assert {state: count for state, count in ran.json["counts"].items() if count} == {
        "done": 2,
        "failed": 1,
        "refused": 1,
        "undelivered": 1,
    }
    assert ran.code == ran.json["exit"] == Exit.UNREACHABLE
    assert cli("retry-download").out.splitlines() == [f"{ran.json['lines'][2]['batch']}:4"]
    assert cli("resume", *sandbox.options).code == Exit.UNREACHABLE
    assert cli("list", "--state", "done").out.count("line-0004.mp4") == 1
    assert sandbox.sent("POST") == 5


def test_an_unknown_outcome_is_parked_until_it_is_settled(cli: Cli, serve: Serve, tmp_path: Path) -> None:
    """It is never sent again unless a person names its task or says that there is none."""
    sandbox = serve("now")
    sandbox.sandbox.script("now", "drop@submit now", "drop@submit now")
    file = write_cats(tmp_path, 3)
    ran = cli("submit", str(file), "--concurrency", "1", *sandbox.options)
    assert (ran.code, len(ran.out.splitlines())) == (Exit.UNKNOWN, 1)
    assert "unknown: lines 2, 3" in ran.err
    assert "not sent again" in ran.err
    assert cli("resume", *sandbox.options).code == Exit.UNKNOWN
    assert sandbox.sent("POST") == 3
    for wrong in (
        ("2",),
        ("2", "--task", "x", "--nothing"),
        ("1", "--nothing"),
        ("9", "--nothing"),
        ("x", "--nothing"),
    ):
        assert cli("settle", *wrong).code == Exit.USAGE
    assert cli("settle", "2", "--task", sandbox.submit()).code == 0
    assert cli("settle", "3", "--nothing").code == 0
    assert line_states(cli) == {1: "done", 2: "waiting", 3: "queued"}
    assert cli("resume", *sandbox.options).code == 0
    assert posts(sandbox) == {"cat 1": 1, "cat 2": 1, "cat 3": 2, "a cat": 1}


def test_three_unknown_outcomes_in_a_row_stop_the_batch(cli: Cli, serve: Serve, tmp_path: Path) -> None:
    """No worker sends another line until somebody resumes."""
    sandbox = serve("500@submit")
    file = write_cats(tmp_path, 5)
    found = cli("submit", str(file), "--json", "--concurrency", "1", *sandbox.options).json
    assert (found["counts"]["unknown"], found["error"]["type"]) == (3, "SubmitOutcomeUnknown")
    assert found["exit"] == Exit.UNKNOWN
    assert cli("submit", str(file), *sandbox.options).code == Exit.UNKNOWN
    assert sandbox.sent("POST") == 3
    assert cli("cancel").code == 0
    assert cli("resume").code == Exit.UNKNOWN
    assert cli("list", "--json").json["stopped"] is None


@pytest.mark.parametrize("script", ["401@submit", "402@submit"])
def test_a_refused_account_stops_the_batch_until_resume(cli: Cli, serve: Serve, tmp_path: Path, *, script: str) -> None:
    """It would affect every line; `resume` submits the rest."""
    sandbox = serve("now")
    sandbox.sandbox.script("now", script)
    ran = cli("submit", str(write_cats(tmp_path, 4)), "--concurrency", "1", *sandbox.options)
    assert (ran.code, sandbox.sent("POST")) == (Exit.ACCOUNT, 2)
    assert "nothing further is submitted" in ran.err
    assert f"go on with: mountsea-gemini resume --base-url {sandbox.url} --sandbox" in ran.err
    assert cli("resume", *sandbox.options).code == 0
    assert posts(sandbox) == {f"cat {number}": 1 + (number == 2) for number in (1, 2, 3, 4)}


def test_too_many_requests_pause_the_queue(cli: Cli, serve: Serve, tmp_path: Path) -> None:
    """After a 429 the line is sent again at the time that it names."""
    sandbox = serve("now")
    sandbox.sandbox.script("now", "429=1@submit now")
    ran = cli("submit", str(write_cats(tmp_path, 4)), "--concurrency", "1", *sandbox.options)
    assert (ran.code, sandbox.sent("POST")) == (0, 5)
    assert "no worker submits for" in ran.err


def test_spending_needs_consent(cli: Cli, serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a terminal an option must say so; lines beyond --max-submits are held."""
    monkeypatch.setenv("MOUNTSEA_API_KEY", "sandbox")
    sandbox = serve("now")
    file, way = write_cats(tmp_path, 3), ("--base-url", sandbox.url, "--allow-private-downloads")
    ran = cli("submit", str(file), *way)
    assert (ran.code, sandbox.sent("POST")) == (Exit.USAGE, 0)
    assert "to submit: 3 requests, each of which may be billed\n  generateVideo: action text2video (3)\n" in ran.err
    assert "--yes, or --max-submits N" in ran.err
    assert cli("submit", str(file), "--max-submits", "1", *way).code == 0
    assert line_states(cli) == {1: "done", 2: "held", 3: "held"}
    assert "they stay held" in cli("resume", *way).err
    assert cli("resume", "--max-submits", "1", *way).code == 0
    assert sandbox.sent("POST") == 2
    assert cli("resume", "--yes", *way).code == 0
    assert posts(sandbox) == {"cat 1": 1, "cat 2": 1, "cat 3": 1}


@pytest.mark.parametrize(("answer", "sent"), [("n", 0), ("y", 1)])
def test_a_person_is_asked(serve: Serve, tmp_path: Path, *, answer: str, sent: int) -> None:
    """The question shows how many requests of which kind; only yes sends them."""
    sandbox = serve("now")
    terminal, side = pty.openpty()
    way = ("--base-url", sandbox.url, "--allow-private-downloads")
    process = subprocess.Popen(
        command("submit", str(write_cats(tmp_path, 1)), *way), env=environment(MOUNTSEA_API_KEY="sandbox"), stdin=side,
        stdout=subprocess.DEVNULL, stderr=side,
    )  # fmt: skip
    os.close(side)
    shown = b""
    while b"submit 1? [y/N]" not in shown:
        shown += os.read(terminal, 1000)
    os.write(terminal, f"{answer}\n".encode())
    with contextlib.suppress(OSError):  # at the end of the other side
        while os.read(terminal, 1000):
            pass
    os.close(terminal)
    process.wait(60)
    assert b"model veo31_fast (1)" in shown
    assert (process.returncode, sandbox.sent("POST")) == (0 if sent else Exit.USAGE, sent)


def test_all_bad_lines_are_listed_at_once(cli: Cli, serve: Serve, tmp_path: Path) -> None:
    """Each with its place; good lines are not sent either."""
    sandbox = serve("now")
    file = tmp_path / "cats.jsonl"
    rows = (
        '{"prompt": "a", "action": "text2video", "model": "veo31_fast"}',
        '{"prompt": ',
        '["a"]',
        '{"prompt": NaN}',
        '{"output": "../x", "request": {"prompt": "a", "action": "text2video", "model": "veo31_fast"}}',
        '{"output": "..", "request": {"prompt": "a", "action": "text2video", "model": "veo31_fast"}}',
        '{"output": "a\\u001b[0m", "request": {"prompt": "a", "action": "text2video", "model": "veo31_fast"}}',
        '{"output": "line-0001.mp4", "request": {"prompt": "b", "action": "text2video", "model": "veo31_fast"}}',
        '{"prompt": "a", "action": "img2video", "model": "veo31_fast"}',
        '{"operation": "generateVido", "request": {"prompt": "a"}}',
        '{"output": "there.mp4", "request": {"prompt": "a", "action": "text2video", "model": "veo31_fast"}}',
    )
    file.write_text("\n".join(rows))
    (tmp_path / "cats").mkdir()
    (tmp_path / "cats" / "there.mp4").touch()
    ran = cli("submit", str(file), *sandbox.options)
    assert (ran.code, sandbox.sent("POST")) == (Exit.USAGE, 0)
    for words in (
        "cats.jsonl:2:11: is not JSON",
        "cats.jsonl:3: a request is a JSON object, got list",
        "there is no NaN in JSON",
        "cats.jsonl:5: output must be the name of a file, without directories",
        "cats.jsonl:6: output must be",
        "cats.jsonl:7: output must be",
        "cats.jsonl:8: line-0001.mp4 is the name of another line's file",
        "cats.jsonl:9: img2video-needs-images",
        "did you mean generateVideo?",
        "there.mp4, which exists already",
        "nothing was sent: 10 of 11 lines cannot be submitted",
    ):
        assert words in ran.err
    write_requests(file, request("a", action="img2video"))
    assert cli("submit", str(file), *sandbox.options).code == Exit.REFUSED
    ran = cli("submit", str(file), "--waive", "img2video-needs-images", *sandbox.options)
    assert (ran.code, sandbox.sent("POST")) == (Exit.UNREACHABLE, 1)
    assert cli("submit", str(write_requests(tmp_path / "empty.jsonl")), *sandbox.options).code == Exit.USAGE


def test_two_lines_cannot_name_one_file(cli: Cli, serve: Serve, tmp_path: Path) -> None:
    """Many file systems ignore case."""
    pair = ({"output": "a.mp4", "request": request("a")}, {"output": "A.mp4", "request": request("b")})
    ran = cli("submit", str(write_requests(tmp_path / "pair.jsonl", *pair)), *serve("now").options)
    assert (ran.code, "as line 1 does" in ran.err) == (Exit.USAGE, True)


def test_a_store_belongs_to_one_server(cli: Cli, serve: Serve, tmp_path: Path) -> None:
    """Lines left from a trial in the sandbox must not be submitted for money."""
    sandbox, other = serve("402@submit"), serve("now")
    file = write_cats(tmp_path, 2)
    cli("submit", str(file), *sandbox.options)
    ran = cli("submit", str(file), *other.options)
    assert (ran.code, other.sent("POST")) == (Exit.USAGE, 0)
    assert f"its tasks are at {sandbox.url}, not at {other.url}" in ran.err


def test_the_store_is_private_and_holds_no_token(
    cli: Cli, serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It holds requests in clear, so a store that others can read is refused."""
    monkeypatch.setenv("MOUNTSEA_API_KEY", "the-very-secret-token")
    sandbox, store = serve("401@submit"), tmp_path / "store.sqlite"
    file = write_requests(tmp_path / "x.jsonl", request("a purple cat"))
    cli("submit", str(file), "--base-url", sandbox.url, "--yes")
    assert stat.S_IMODE(store.stat().st_mode) == 0o600
    held = b"".join(path.read_bytes() for path in tmp_path.glob("store.sqlite*") if path.is_file())
    assert b'"prompt":"a purple cat"' in held
    assert b"secret-token" not in held
    (exported,) = [json.loads(row) for row in cli("export").out.splitlines()]
    assert (exported["body"]["prompt"], exported["state"]) == ("a purple cat", "queued")
    store.chmod(0o644)
    ran = cli("list")
    assert (ran.code, "other accounts can read this store" in ran.err) == (Exit.USAGE, True)


def test_lines_that_are_not_submitted_can_be_cancelled(cli: Cli, serve: Serve, tmp_path: Path) -> None:
    """Submitted lines continue to their file."""
    sandbox = serve("now")
    file = write_cats(tmp_path, 3)
    assert cli("submit", str(file), "--no-wait", "--max-submits", "2", *sandbox.options).code == 0
    assert (sandbox.sent("POST"), line_states(cli)) == (0, {1: "queued", 2: "queued", 3: "held"})
    assert cli("cancel", "2").code == 0
    assert cli("resume", "--max-submits", "0", *sandbox.options).code == 0
    assert cli("cancel").code == 0
    assert line_states(cli) == {1: "done", 2: "cancelled", 3: "cancelled"}
    assert posts(sandbox) == {"cat 1": 1}


def test_a_store_from_a_backup_does_not_pay_again(cli: Cli, serve: Serve, tmp_path: Path) -> None:
    """A queued line whose file exists is not submitted until somebody decides."""
    sandbox, store = serve("now"), tmp_path / "store.sqlite"
    file = write_cats(tmp_path, 2)
    cli("submit", str(file), "--no-wait", *sandbox.options)
    backup = store.read_bytes()
    assert cli("resume", *sandbox.options).code == 0
    store.write_bytes(backup)
    ran = cli("resume", *sandbox.options)
    assert (ran.code, sandbox.sent("POST")) == (Exit.USAGE, 2)
    assert "on_disk: lines 1, 2" in ran.err
    (tmp_path / "cats" / "line-0002.mp4").unlink()
    assert cli("settle", "2", "--nothing").code == 0
    cli("resume", *sandbox.options)
    assert posts(sandbox) == {"cat 1": 1, "cat 2": 2}


def test_requests_come_from_standard_input(program: Cli, serve: Serve, tmp_path: Path) -> None:
    """Results go into the directory that is named."""
    sandbox = serve("now")
    rows = "".join(json.dumps(request(f"cat {number}")) + "\n" for number in range(2))
    ran = program("submit", "-", "-o", str(tmp_path / "films"), *sandbox.options, stdin=rows)
    assert (ran.code, len(ran.out.splitlines()), sandbox.sent("POST")) == (0, 2, 2)


def test_a_signal_waits_for_the_answers_to_submits(cli: Cli, serve: Serve, tmp_path: Path) -> None:
    """Their ids are recorded, no other line is sent, and another worker continues."""
    sandbox = serve("slow=1@submit now")
    file = write_cats(tmp_path, 5)
    with start("submit", str(file), "--concurrency", "2", "--json", *sandbox.options) as process:
        until(lambda: sandbox.sent("POST") == 2)
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, json.loads(out)["exit"]) == (143, 143)
    assert "waiting for the answers to 2 submits" in err
    assert "interrupted by SIGTERM; submitted and not finished:" in err
    assert all(task in err for task in sandbox.sandbox.core.tasks._tasks)
    assert (sandbox.sent("POST"), Counter(line_states(cli).values())) == (2, {"waiting": 2, "queued": 3})
    assert cli("resume", *sandbox.options).code == 0
    assert set(posts(sandbox).values()) == {1}


def test_a_task_of_a_line_that_was_cancelled_in_flight_is_kept(cli: Cli, serve: Serve, tmp_path: Path) -> None:
    """Its response still leads to a file."""
    from mountsea_gemini.cli import _store

    sandbox = serve("slow=2@submit now")
    with start("submit", str(write_cats(tmp_path, 1)), *sandbox.options) as process:
        until(lambda: sandbox.sent("POST") == 1)
        with _store.open_store(str(tmp_path / "store.sqlite"), create=False) as store:
            store.cancel(f"{heading.batch}:1" for heading in store.headings())
        process.communicate(timeout=60)
    assert cli("resume", *sandbox.options).code == 0
    assert (line_states(cli), sandbox.sent("POST")) == ({1: "done"}, 1)


def test_a_second_ctrl_c_makes_lines_in_flight_unknown(cli: Cli, serve: Serve, tmp_path: Path) -> None:
    """They are not sent again."""
    sandbox = serve("slow=30@submit")
    with start("submit", str(write_cats(tmp_path, 1)), *sandbox.options) as process:
        until(lambda: sandbox.sent("POST") == 1)
        process.send_signal(signal.SIGINT)
        read_until(process, "waiting for the answer to 1 submit")
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert process.returncode == 130
    ran = cli("resume", *sandbox.options)
    assert (ran.code, sandbox.sent("POST")) == (Exit.UNKNOWN, 1)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--concurrency", "0"), "--concurrency must be a number from 1 to 1000, got 0"),
        (("--rate", "fast"), "--rate must be a number of submits such as 20/s"),
        (("--rate", "0/s"), "--rate must be a number"),
        (("--lease", "0"), "--lease"),
        (("--operation", "generateVido"), "did you mean generateVideo?"),
        (("--store", "mysql://x/y"), "--store must be a SQLite file or a PostgreSQL database"),
        (("--store", "/nosuch/store.sqlite"), "/nosuch/store.sqlite: the store cannot be opened: No such file"),
        (("--store", "postgresql://me:hidden@127.0.0.1:1/x"), "postgresql+psycopg://me:***@127.0.0.1:1/x"),
        (("--waive", "nosuch"), "there is no rule 'nosuch' to waive"),
    ],
)
def test_wrong_options_cost_nothing(
    cli: Cli, serve: Serve, tmp_path: Path, *, options: tuple[str, ...], words: str
) -> None:
    """The message says what would be right, without a password."""
    sandbox = serve("now")
    ran = cli("submit", str(write_cats(tmp_path, 1)), *options, *sandbox.options)
    assert (ran.code, sandbox.sent("POST")) == (Exit.USAGE, 0)
    assert words in ran.err
    assert "hidden" not in ran.err


def test_without_the_engine_the_command_names_it(tmp_path: Path) -> None:
    """One sentence has the command that installs it."""
    file = write_cats(tmp_path, 1)
    source = (
        "import sys, mountsea_gemini.cli as cli\n"
        "sys.modules['dbos'] = None\n"
        f"sys.exit(cli.run(['submit', {str(file)!r}, '--sandbox']))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", source], env=environment(), capture_output=True, text=True, check=False, timeout=60
    )
    assert (ran.returncode, "Traceback" in ran.stderr) == (Exit.USAGE, False)
    assert 'python -m pip install "dbos==3.4.0"' in ran.stderr


def test_no_other_command_loads_the_engine() -> None:
    """Its import takes a second."""
    source = (
        "import sys, mountsea_gemini.cli as cli, mountsea_gemini.cli._batch_commands\n"
        "cli.run(['rules', '--json'])\n"
        "sys.exit(any(name in sys.modules for name in ('dbos', 'sqlalchemy', 'psycopg')))"
    )
    assert subprocess.run([sys.executable, "-c", source], env=environment(), check=False, timeout=60).returncode == 0


def test_a_line_names_its_operation_and_parameters(tmp_path: Path) -> None:
    """In a client with two submits and a path parameter; without a file, the response is saved."""
    project = shutil.copytree(ROOT / "tests/projects/parcels", tmp_path / "parcels")
    document = (project / "openapi.yaml").read_text("utf-8")
    begin, end = document.index("  /parcels/{parcelId}/labels:"), document.index("  /jobs/{jobId}:")
    another = document[begin:end].replace("/labels:", "/returns:").replace("orderLabel", "orderReturn")
    another = another.replace(
        "{$ref: '#/components/schemas/LabelOrder'}", "{type: object, properties: {kind: {}, size: {}}}"
    )
    (project / "openapi.yaml").write_text(document[:end] + another + document[end:], encoding="utf-8")
    regenerate(project)
    box, letter = {"kind": "box", "size": {"width": 1}, "weight": 1}, {"kind": "letter", "size": {"width": 1}}
    rows = [
        {"operation": "orderReturn", "parameters": {"parcelId": "p1"}, "request": letter},
        {"parameters": {"parcel_id": "p2"}, "request": box},
        {"operation": "orderLabel", "parameters": {"parcelID": "p3"}, "request": box},
        {"parameters": {"parcelId": "p4"}, "request": letter},
        {"operation": "orderLabel", "request": box},
    ]
    paths = os.pathsep.join(map(str, (project / "generated", ROOT / "scripts")))

    def submit(file: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "parcels_api", "submit", str(file), "--sandbox"], text=True, capture_output=True,
            env={**environment(), "PYTHONPATH": paths}, check=False, timeout=120,
        )  # fmt: skip

    ran = submit(write_requests(tmp_path / "jobs.jsonl", *rows))
    assert ran.returncode == Exit.USAGE
    assert "jobs.jsonl:3: orderLabel has no parameter 'parcelID'; did you mean parcelId?" in ran.stderr
    assert "jobs.jsonl:4: must name its operation, because 2 of orderLabel, orderReturn would take it" in ran.stderr
    assert "jobs.jsonl:5: orderLabel needs parcelId" in ran.stderr
    ran = submit(write_requests(tmp_path / "jobs.jsonl", *rows[:2]))
    assert (ran.returncode, len(ran.stdout.splitlines())) == (0, 2), ran.stderr
    assert "\n  orderLabel: kind box (1)\n" in ran.stderr
    assert json.loads(Path(ran.stdout.splitlines()[0]).read_text())["ticket"]["phase"] == "printed"
