"""Writes are atomic: a file is complete or unchanged."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from rulewright.errors import InputError
from rulewright.files import replace_tree, write_whole


def names(folder: Path) -> list[str]:
    """Return what is in a folder; a temporary file left behind would show."""
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize(
    ("content", "written"), [("视频\n\r\nend", "视频\n\r\nend".encode()), (b"\xff\x00", b"\xff\x00"), ("", b"")]
)
@pytest.mark.parametrize("kind", [Path, str])
def test_writes_text_as_utf_8_and_bytes_unchanged(
    tmp_path: Path, content: str | bytes, written: bytes, kind: type[Path | str]
) -> None:
    """Line feeds are kept on every platform; an empty file is content too, and equal content is not written again."""
    target = tmp_path / "a.txt"
    assert write_whole(kind(target), content)
    assert target.read_bytes() == written
    assert not write_whole(kind(target), content)
    assert names(tmp_path) == ["a.txt"]


def test_equal_content_is_not_written_again(tmp_path: Path) -> None:
    """The modification time stays, and the caller is told."""
    target = tmp_path / "a.txt"
    write_whole(target, "same")
    os.utime(target, ns=(1, 1))
    assert not write_whole(target, b"same")
    assert target.stat().st_mtime_ns == 1
    assert write_whole(target, "other")


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o755, 0o444])
def test_an_existing_file_keeps_its_permission_bits(tmp_path: Path, mode: int) -> None:
    """A script stays executable, a private file private."""
    target = tmp_path / "a.txt"
    target.write_text("old", encoding="utf-8")
    target.chmod(mode)
    write_whole(target, "new")
    assert stat.S_IMODE(target.stat().st_mode) == mode


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600)])
def test_a_new_file_gets_what_the_umask_allows(tmp_path: Path, umask: int, mode: int) -> None:
    """As any other program's new file would, and not the private mode of a temporary one."""
    before = os.umask(umask)
    try:
        write_whole(tmp_path / "a.txt", "new")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a.txt").stat().st_mode) == mode


@pytest.mark.parametrize("step", ["fsync", "chmod", "replace"])
@pytest.mark.parametrize("failure", [OSError(28, "No space left on device"), KeyboardInterrupt()], ids=repr)
def test_a_failure_at_any_step_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, failure: BaseException
) -> None:
    """A full disk or Ctrl-C costs nothing: the old content stands and no temporary file stays."""
    target = tmp_path / "a.txt"
    target.write_text("old", encoding="utf-8")

    def fail(*_: object, **__: object) -> None:
        raise failure

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", fail) if step == "fsync" else patched.setattr(Path, step, fail)
        with pytest.raises((InputError, KeyboardInterrupt)) as caught:
            write_whole(target, "new")
    if isinstance(failure, OSError):
        assert str(caught.value) == f"{target.as_posix()}: cannot be written: No space left on device"
    assert target.read_text(encoding="utf-8") == "old"
    assert names(tmp_path) == ["a.txt"]


def test_a_reader_never_sees_a_part(tmp_path: Path) -> None:
    """While a file is replaced again and again, every reading of it is one of the whole contents."""
    target = tmp_path / "a.txt"
    contents = [letter * 200_000 for letter in "abcd"]
    write_whole(target, contents[0])
    seen: set[str] = set()
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            seen.add(target.read_text(encoding="utf-8"))

    reader = threading.Thread(target=read)
    reader.start()
    for turn in range(60):
        write_whole(target, contents[turn % 4])
    stop.set()
    reader.join()
    assert seen
    assert seen <= set(contents)


def test_a_link_is_refused_and_its_file_untouched(tmp_path: Path) -> None:
    """Replacing the link would leave the file it names as it was; following it would write elsewhere."""
    outside = tmp_path / "outside"
    outside.write_text("mine", encoding="utf-8")
    link = tmp_path / "link"
    link.symlink_to(outside)
    with pytest.raises(InputError, match=r"is a symbolic link to .*outside; name the file itself"):
        write_whole(link, "new")
    link.unlink()
    link.symlink_to(tmp_path / "nowhere")
    with pytest.raises(InputError, match="is a symbolic link"):
        write_whole(link, "new")
    assert outside.read_text(encoding="utf-8") == "mine"
    assert names(tmp_path) == ["link", "outside"]


def test_a_linked_folder_is_a_folder(tmp_path: Path) -> None:
    """Only the file itself must not be a link; its folder may be one."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert write_whole(tmp_path / "link/a.txt", "x")
    assert (tmp_path / "real/a.txt").read_text(encoding="utf-8") == "x"


def test_a_folder_or_pipe_is_not_replaced(tmp_path: Path) -> None:
    """Only regular files are replaced."""
    os.mkfifo(tmp_path / "pipe")
    for target in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(InputError, match="is not a plain file"):
            write_whole(target, "x")
    assert names(tmp_path) == ["pipe"]


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    """The folder is the caller's to make: a misspelt path must not create a tree."""
    with pytest.raises(InputError, match=r"gone/a\.txt: cannot be written: No such file or directory"):
        write_whole(tmp_path / "gone/a.txt", "x")
    assert names(tmp_path) == []


def test_a_name_as_long_as_the_file_system_allows(tmp_path: Path) -> None:
    """The temporary name is short, whatever the file's own is."""
    assert write_whole(tmp_path / ("a" * 255), "x")


def test_text_that_is_no_unicode_is_refused(tmp_path: Path) -> None:
    """A lone surrogate cannot be written as UTF-8; the message says which one and where."""
    with pytest.raises(InputError, match=r"character 2 is the lone surrogate U\+D800"):
        write_whole(tmp_path / "a.txt", "ab\ud800")
    assert names(tmp_path) == []


KILLED = """
import os, signal, sys
from pathlib import Path
from rulewright import files
from rulewright.files import replace_tree
def kill(*_):
    if sys.argv[2] == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    print("ready", flush=True)
    sys.stdin.readline()
target = Path(sys.argv[1])
if target.suffix:
    os.fsync = kill
    files.write_whole(target, "new")
else:
    Path.rename = kill
    replace_tree(target, {"a": b"new"})
"""


@pytest.mark.parametrize("name", ["a.txt", "folder"])
def test_the_next_run_removes_what_a_killed_one_left(tmp_path: Path, name: str) -> None:
    """Remove drafts of this target only, and never those of a running process."""
    target = tmp_path / name
    stranger = tmp_path / f".{name}.{'0' * 15}.draft"
    stranger.write_bytes(b"theirs")

    def write() -> None:
        if target.suffix:
            write_whole(target, "new")
        else:
            replace_tree(target, {"a": b"new"})

    write()
    command = [sys.executable, "-c", KILLED.replace('"new"', '"newer"'), str(target)]
    assert subprocess.run([*command, "kill"], check=False).returncode == -signal.SIGKILL
    assert len(names(tmp_path)) == 3
    with subprocess.Popen([*command, "wait"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as living:
        assert living.stdout is not None
        assert living.stdout.readline() == "ready\n"
        write()
        assert len(names(tmp_path)) == 4
        living.kill()
    write()
    assert names(tmp_path) == sorted([name, stranger.name])


def test_replace_tree_keeps_files_and_pipes(tmp_path: Path) -> None:
    """A file or pipe at the target's path is neither moved nor removed."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "file").write_bytes(b"mine")
    for name in ("pipe", "file"):
        with pytest.raises(InputError, match="is not a directory, so it is not replaced by one"):
            replace_tree(tmp_path / name, {"a": b"x"})
    assert names(tmp_path) == ["file", "pipe"]


def test_the_target_is_checked_again_before_the_rename(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipe that appears during the write is not replaced."""
    target = tmp_path / "pipe"
    monkeypatch.setattr(os, "fsync", lambda _: os.mkfifo(target))
    with pytest.raises(InputError, match="is not a plain file"):
        write_whole(target, "x")
    assert target.is_fifo()
    assert names(tmp_path) == ["pipe"]
