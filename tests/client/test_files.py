"""Write files: valid targets, permissions, atomic renames, and what is left behind."""

from __future__ import annotations

import errno
import io
import os
import re
import socket
import stat
import tempfile
from pathlib import Path
from typing import Any

import pytest
from mountsea_gemini import ConfigurationError
from mountsea_gemini._files import Partial, begin, checked_target, sweep, sync_directory

from tests.client.test_crash import program

POSIX = pytest.mark.skipif(os.name != "posix", reason="rights and open directories are POSIX")


def target_error(path: Any) -> str:
    """Return the message with which a path is refused."""
    with pytest.raises(ConfigurationError) as caught:
        checked_target(path)
    return str(caught.value)


def names(folder: Path) -> list[str]:
    """Return the names in a folder."""
    return sorted(entry.name for entry in folder.iterdir())


class Odd:
    """A path that cannot be converted."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __fspath__(self) -> str:
        raise self._error

    def __repr__(self) -> str:
        return "odd\x07"


def test_a_file_can_be_put_into_a_directory_that_exists(tmp_path: Path) -> None:
    """An existing file may be replaced; a string works like a Path."""
    (tmp_path / "old.mp4").write_bytes(b"x")
    for name in ("new.mp4", "old.mp4", "no suffix"):
        assert checked_target(tmp_path / name) == checked_target(str(tmp_path / name)) == tmp_path / name


@pytest.mark.parametrize("path", ["", ".", "a/..", "..", "a\0b"])
def test_a_path_without_a_name_is_refused(path: str) -> None:
    """It is not clear which file would be written."""
    assert target_error(path) == f"cannot write to {path!r}: it names no file"


def test_a_directory_is_refused(tmp_path: Path) -> None:
    """So is a missing parent directory; messages escape control characters."""
    folder = tmp_path / "b\u202e"
    folder.mkdir()
    shown = rf"{tmp_path}{os.sep}b\u202e"
    assert target_error(folder) == f"cannot write to {shown}: it is a directory; name a file in it"
    missing = folder / "c\u202e" / "d\u202e"
    lost = rf"{shown}{os.sep}c\u202e"
    assert target_error(missing) == (
        rf"cannot write to {lost}{os.sep}d\u202e: there is no directory {lost}; create it first"
    )


@POSIX
@pytest.mark.parametrize("error", [errno.EACCES, errno.EROFS, errno.ENOSPC])
def test_a_directory_in_which_no_file_can_be_created_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: int
) -> None:
    """The check creates a file; the message has the system's reason and the whole path."""

    def no_file(*_: object) -> None:
        raise OSError(error, os.strerror(error))

    monkeypatch.chdir(tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr(Path, "open", no_file)
        words = target_error("cat.mp4")
    assert words == (f"cannot write to {tmp_path}/cat.mp4: no file can be created in {tmp_path}: {os.strerror(error)}")


@POSIX
def test_proc_is_refused() -> None:
    """Not even root can create files there."""
    assert target_error("/proc/cat.mp4").startswith("cannot write to /proc/cat.mp4: no file can be created in /proc: ")


def test_a_name_that_is_too_long_is_refused(tmp_path: Path) -> None:
    """The message has the whole name, and nothing is created."""
    name = "x" * 300
    assert target_error(tmp_path / name).startswith(f"cannot write to {tmp_path / name}: ")
    assert names(tmp_path) == []


def test_a_write_protected_file_is_refused(tmp_path: Path) -> None:
    """A rename would ignore the protection."""
    target = tmp_path / "cat.mp4"
    target.write_bytes(b"old")
    target.chmod(0o444)
    assert target_error(target) == (
        f"cannot write to {target}: it is write-protected; change its rights, or name another file"
    )
    target.chmod(0o644)
    assert checked_target(target) == target


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root makes files for others")
def test_a_file_of_somebody_else_in_a_shared_directory_is_refused() -> None:
    """In a sticky directory such as /tmp the rename would fail after the task was paid for."""
    with tempfile.TemporaryDirectory() as shared:
        Path(shared).chmod(0o1777)
        target = Path(shared) / "cat.mp4"
        target.write_bytes(b"theirs")
        target.chmod(0o666)
        assert checked_target(target) == target
        os.chown(shared, 1, 1)
        os.seteuid(65534)
        try:
            words = target_error(target)
        finally:
            os.seteuid(0)
    assert words.endswith("cat.mp4: it is write-protected; change its rights, or name another file")


@POSIX
def test_pipes_and_devices_are_targets(tmp_path: Path) -> None:
    """They are written into, by name or through a link; sockets are refused."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    (tmp_path / "link").symlink_to(pipe)
    for target in (pipe, tmp_path / "link", Path("/dev/null"), Path("/dev/stdout")):
        assert checked_target(target) == target
    with socket.socket(socket.AF_UNIX) as service:
        service.bind(str(tmp_path / "s"))
        for target in (tmp_path / "s", tmp_path / "t"):
            if target.name == "t":
                target.symlink_to(tmp_path / "s")
            assert target_error(target) == (
                f"cannot write to {target}: it is a socket; name a regular file, a pipe or a character device"
            )


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root makes devices")
def test_a_block_device_is_refused(tmp_path: Path) -> None:
    """It is neither opened nor replaced."""
    disk = tmp_path / "disk"
    os.mknod(disk, stat.S_IFBLK | 0o600, os.makedev(7, 250))
    assert "it is a block device" in target_error(disk)
    assert stat.S_ISBLK(disk.lstat().st_mode)


@POSIX
def test_an_open_descriptor_is_written_into_where_it_stands(tmp_path: Path) -> None:
    """The file keeps its inode and content; closed and read-only descriptors are refused."""
    behind = tmp_path / "cat.mp4"
    behind.write_bytes(b"before ")
    (tmp_path / "link").symlink_to("/dev/fd")
    with behind.open("ab") as open_file:
        was = behind.stat().st_ino
        for number, prefix in enumerate(("/dev/fd", "/proc/self/fd", f"/proc/{os.getpid()}/fd", tmp_path / "link")):
            target = checked_target(f"{prefix}/{open_file.fileno()}")
            film = begin(target)
            film.write(b"%d" % number)
            assert film.commit() == target
            film.discard()
    assert (behind.read_bytes(), behind.stat().st_ino) == (b"before 0123", was)
    with behind.open("rb") as read_only:
        assert "it is not open for writing" in target_error(f"/dev/fd/{read_only.fileno()}")
        closed = read_only.fileno()
    assert target_error(f"/dev/fd/{closed}").endswith(": Bad file descriptor")


@pytest.mark.parametrize("error", [TypeError, ValueError, OSError])
def test_an_object_that_is_not_a_path_is_refused(error: type[Exception]) -> None:
    """The message has Python's reason."""
    assert target_error(Odd(error("no\x07"))) == r"cannot write to odd\x07: no\x07"
    with pytest.raises(KeyError):
        checked_target(Odd(KeyError("a mistake of the caller's")))


def test_nobody_sees_a_file_before_it_is_whole(tmp_path: Path) -> None:
    """The part has an unpredictable name until it is renamed."""
    target = tmp_path / "cat.mp4"
    partial = Partial.beside(target)
    (name,) = names(tmp_path)
    assert re.fullmatch(r"\.mountsea_gemini-[0-9a-f]{16}\.part", name)
    partial.write(b"a cat")
    partial.write(b" and another")
    assert partial.file.seek(0) == 0
    assert partial.file.read() == b"a cat and another"
    assert partial.commit() == target
    partial.discard()
    assert names(tmp_path) == ["cat.mp4"]
    assert target.read_bytes() == b"a cat and another"


def test_no_file_and_no_link_of_somebody_else_is_written_into(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The part is created exclusively, even if its name was predicted."""
    monkeypatch.setattr(os, "urandom", bytes)
    theirs = tmp_path / f".mountsea_gemini-{'00' * 8}.part"
    theirs.write_bytes(b"theirs")
    with pytest.raises(FileExistsError):
        Partial.beside(tmp_path / "cat.mp4")
    assert theirs.read_bytes() == b"theirs"


@POSIX
@pytest.mark.parametrize(("mode", "kept"), [(0o600, 0o600), (0o666, 0o666), (0o751, 0o751), (0o4755, 0o755)])
def test_a_file_has_the_rights_of_the_older_one(tmp_path: Path, mode: int, kept: int) -> None:
    """Except set-user-id bits, which are for programs."""
    target = tmp_path / "cat.mp4"
    target.write_bytes(b"old")
    target.chmod(mode)
    partial = Partial.beside(target)
    (name,) = set(names(tmp_path)) - {"cat.mp4"}
    assert (tmp_path / name).stat().st_mode & 0o7777 == kept
    partial.commit()
    assert target.stat().st_mode & 0o7777 == kept


@POSIX
def test_a_file_in_place_of_a_link_has_the_rights_of_a_new_one(tmp_path: Path) -> None:
    """The link's target is not changed."""
    theirs, link, new = (tmp_path / name for name in ("theirs", "link", "new"))
    theirs.write_bytes(b"theirs")
    theirs.chmod(0o600)
    link.symlink_to(theirs)
    for target in (link, new):
        Partial.beside(target).commit()
    assert not link.is_symlink()
    assert link.stat().st_mode == new.stat().st_mode != theirs.stat().st_mode
    assert theirs.read_bytes() == b"theirs"


@POSIX
def test_rights_that_cannot_be_given_are_no_reason_to_stop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some file systems have no permissions."""

    def no_rights(*_: object) -> None:
        raise PermissionError

    target = tmp_path / "cat.mp4"
    target.write_bytes(b"old")
    monkeypatch.setattr(Path, "chmod", no_rights)
    partial = Partial.beside(target)
    partial.write(b"new")
    assert partial.commit().read_bytes() == b"new"


def test_a_discarded_part_leaves_nothing(tmp_path: Path) -> None:
    """Discarding twice or on a full disk is harmless; the older file stays."""
    target = tmp_path / "cat.mp4"
    target.write_bytes(b"old")
    partial = Partial.beside(target)
    partial.write(b"new")
    partial.discard()
    partial.discard()
    assert names(tmp_path) == ["cat.mp4"]
    assert target.read_bytes() == b"old"
    assert partial.file.closed

    class Stuck(io.BytesIO):
        def close(self) -> None:
            super().close()
            raise OSError(28, "No space left on device")

    rest = tmp_path / ".rest.part"
    rest.write_bytes(b"")
    Partial(target, rest, Stuck()).discard()
    assert names(tmp_path) == ["cat.mp4"]


def test_a_directory_that_cannot_be_opened_is_left_alone(tmp_path: Path) -> None:
    """Windows opens no directories; the file is written all the same."""
    sync_directory(tmp_path / "missing")


@POSIX
def test_a_rename_is_made_durable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bytes are synced first, then the directory."""
    synced: list[tuple[int, int]] = []

    def noted(handle: int) -> None:
        found = os.fstat(handle)
        synced.append((found.st_ino, found.st_size if found.st_ino != tmp_path.stat().st_ino else 0))

    monkeypatch.setattr(os, "fsync", noted)
    partial = Partial.beside(tmp_path / "cat.mp4")
    partial.write(b"a cat")
    committed = partial.commit()
    assert synced == [(committed.stat().st_ino, 5), (tmp_path.stat().st_ino, 0)]


HOLDER = """
import sys, time
from pathlib import Path
from mountsea_gemini._files import Partial
partial = Partial.beside(Path(sys.argv[1]))
partial.write(b"x" * 99)
print("ready", flush=True)
time.sleep(60)
"""


@POSIX
def test_only_parts_of_dead_processes_are_removed(tmp_path: Path) -> None:
    """Parts of this process and of other living ones stay."""
    with program(HOLDER, str(tmp_path / "a.mp4")) as (_, living):
        assert living.readline() == "ready\n"
        with program(HOLDER, str(tmp_path / "b.mp4")) as (_, killed):
            assert killed.readline() == "ready\n"
            own = Partial.beside(tmp_path / "c.mp4")
            sweep(tmp_path)
            assert len(names(tmp_path)) == 3
        sweep(tmp_path)
        assert len(names(tmp_path)) == 2
        own.commit()
        sweep(tmp_path)
        assert len(names(tmp_path)) == 2
    sweep(tmp_path)
    assert names(tmp_path) == ["c.mp4"]


@POSIX
def test_files_of_others_are_never_removed(tmp_path: Path) -> None:
    """Similar names, and pipes, links and folders with our name, stay."""
    digits = "0" * 16
    other = [f".{digits}.part", f".mountsea_gemini-{digits}.part~", f"mountsea_gemini-{digits}.part", "cat.mp4.part",
             f".mountsea_gemini-{digits}0.part", f".mountsea_gemini_-{digits}.part"]  # fmt: skip
    for name in other:
        (tmp_path / name).write_bytes(b"theirs")
    pipe, link, folder = (tmp_path / f".mountsea_gemini-{digits[1:]}{number}.part" for number in range(3))
    os.mkfifo(pipe)
    link.symlink_to(tmp_path / other[0])
    folder.mkdir()
    sweep(tmp_path)
    assert names(tmp_path) == sorted([*other, pipe.name, link.name, folder.name])
    sweep(tmp_path / "missing")
