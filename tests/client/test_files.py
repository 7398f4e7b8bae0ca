"""Files on their way to their names: which names there are, what is left behind, and whose rights they have."""

from __future__ import annotations

import io
import os
import re
from pathlib import Path
from typing import Any

import pytest
from mountsea_gemini import ConfigurationError
from mountsea_gemini._files import Partial, checked_target, sync_directory

POSIX = pytest.mark.skipif(os.name != "posix", reason="rights and open directories are POSIX")


def refused(path: Any) -> str:
    """Return the words with which a path is refused."""
    with pytest.raises(ConfigurationError) as caught:
        checked_target(path)
    return str(caught.value)


def names(folder: Path) -> list[str]:
    """Return what is in a folder."""
    return sorted(entry.name for entry in folder.iterdir())


class Odd:
    """A path that cannot be told."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __fspath__(self) -> str:
        raise self._error

    def __repr__(self) -> str:
        return "odd\x07"


def test_a_file_can_be_put_into_a_directory_that_exists(tmp_path: Path) -> None:
    """Over an older one too; a text is as good as a path."""
    (tmp_path / "old.mp4").write_bytes(b"x")
    for name in ("new.mp4", "old.mp4", "no suffix"):
        assert checked_target(tmp_path / name) == checked_target(str(tmp_path / name)) == tmp_path / name


@pytest.mark.parametrize("path", ["", ".", "a/..", "..", "a\0b"])
def test_a_path_without_a_name_is_refused(path: str) -> None:
    """What would be written there is anybody's guess."""
    assert refused(path) == f"cannot write to {path!r}: it names no file"


def test_a_directory_is_refused(tmp_path: Path) -> None:
    """As the file, or where it is none; neither can make a terminal do anything."""
    folder = tmp_path / "b\u202e"
    folder.mkdir()
    shown = rf"{tmp_path}{os.sep}b\u202e"
    assert refused(folder) == f"cannot write to {shown}: it is a directory; name a file in it"
    missing = folder / "c\u202e" / "d\u202e"
    lost = rf"{shown}{os.sep}c\u202e"
    assert refused(missing) == (
        rf"cannot write to {lost}{os.sep}d\u202e: there is no directory {lost}; create it first"
    )


@pytest.mark.parametrize("error", [TypeError, ValueError, OSError])
def test_what_is_no_path_is_refused(error: type[Exception]) -> None:
    """With the reason Python gives, whatever it holds."""
    assert refused(Odd(error("no\x07"))) == r"cannot write to odd\x07: no\x07"
    with pytest.raises(KeyError):
        checked_target(Odd(KeyError("a mistake of the caller's")))


def test_nobody_sees_a_file_before_it_is_whole(tmp_path: Path) -> None:
    """It has a name of its own, which nobody can foretell; then it has the right one, and no other."""
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
    """Should anybody foretell the name after all."""
    monkeypatch.setattr(os, "urandom", bytes)
    theirs = tmp_path / f".mountsea_gemini-{'00' * 8}.part"
    theirs.write_bytes(b"theirs")
    with pytest.raises(FileExistsError):
        Partial.beside(tmp_path / "cat.mp4")
    assert theirs.read_bytes() == b"theirs"


@POSIX
@pytest.mark.parametrize(("mode", "kept"), [(0o600, 0o600), (0o666, 0o666), (0o751, 0o751), (0o4755, 0o755)])
def test_a_file_has_the_rights_of_the_older_one(tmp_path: Path, mode: int, kept: int) -> None:
    """But never another user's: those are for programs."""
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
    """What the link led to is another file, and stays one."""
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
    """Some file systems know none."""

    def no_rights(*_: object) -> None:
        raise PermissionError

    target = tmp_path / "cat.mp4"
    target.write_bytes(b"old")
    monkeypatch.setattr(Path, "chmod", no_rights)
    partial = Partial.beside(target)
    partial.write(b"new")
    assert partial.commit().read_bytes() == b"new"


def test_what_is_given_up_leaves_nothing(tmp_path: Path) -> None:
    """However often, and whatever the disk says; the older file stays."""
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
    """Windows opens none; what was written is there all the same."""
    sync_directory(tmp_path / "missing")


@POSIX
def test_a_rename_is_made_durable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """First the bytes, then the name: in the directory, which is closed again."""
    synced: list[tuple[int, int]] = []

    def noted(handle: int) -> None:
        found = os.fstat(handle)
        synced.append((found.st_ino, found.st_size if found.st_ino != tmp_path.stat().st_ino else 0))

    monkeypatch.setattr(os, "fsync", noted)
    partial = Partial.beside(tmp_path / "cat.mp4")
    partial.write(b"a cat")
    committed = partial.commit()
    assert synced == [(committed.stat().st_ino, 5), (tmp_path.stat().st_ino, 0)]
