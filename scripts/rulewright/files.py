"""Write a file or a tree of files whole or not at all, and ask git about files.

A draft stands beside its target under a name made of the target's. While a process writes one, it holds a lock on
the folder, which the system drops with the process.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from rulewright.errors import InputError

_NAME_PART = 40


def write_whole(path: str | Path, content: str | bytes) -> bool:
    """Give a file exactly this content, in one rename, unless it has it already.

    Readers see the old file or the new one, never a part; after any failure the old one stands.

    Args:
        path: The file; its folder must exist. An existing file keeps its permission bits, a new one gets
            what the process's umask allows.
        content: Text, written as UTF-8 with its line feeds as they are, or bytes.

    Returns:
        Whether the file changed. Equal content is not written again, so its modification time stays.

    Raises:
        InputError: The place cannot be written, or is a symbolic link, a folder or a device. A link is
            refused, not followed: the rename would replace the link and leave the file it names as it was.
    """
    target = Path(path)
    data = _encode(content, target)
    try:
        mode = _existing_mode(target)
        changed = mode is None or target.read_bytes() != data
        if changed:
            _replace(target, data, mode)
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror or error}", path=target.as_posix()) from error
    sweep(target)
    return changed


def _encode(content: str | bytes, target: Path) -> bytes:
    if isinstance(content, bytes):
        return content
    try:
        return content.encode()
    except UnicodeEncodeError as error:
        code = ord(content[error.start])
        message = f"cannot be written as UTF-8: character {error.start} is the lone surrogate U+{code:04X}"
        raise InputError(message, path=target.as_posix()) from error


def _existing_mode(target: Path) -> int | None:
    """Return the permission bits of the file that is there, or None; refuse what is not a plain file."""
    try:
        found = target.lstat()
    except FileNotFoundError:
        return None
    if stat.S_ISLNK(found.st_mode):
        message = f"is a symbolic link to {target.readlink()}; name the file itself"
        raise InputError(message, path=target.as_posix())
    if not stat.S_ISREG(found.st_mode):
        raise InputError("is not a plain file, so it cannot be replaced", path=target.as_posix())
    return stat.S_IMODE(found.st_mode)


def _replace(target: Path, data: bytes, mode: int | None) -> None:
    with hold_drafts(target):
        temporary = draft_name(target)
        try:
            with temporary.open("xb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())  # else a power cut can leave the new name on an empty file
            if mode is not None:
                temporary.chmod(mode)
            _existing_mode(target)  # a link, a pipe or a device that appeared meanwhile is not replaced either
            temporary.replace(target)
        finally:  # also for Ctrl-C; after the rename there is nothing left to remove
            temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def draft_folder(target: Path) -> Iterator[Path]:
    """Yield a new folder beside `target`, to be renamed to it, and remove what is left of it in the end."""
    with hold_drafts(target):
        fresh = draft_name(target)
        try:
            fresh.mkdir()
            yield fresh
        finally:
            shutil.rmtree(fresh, ignore_errors=True)


def draft_name(target: Path) -> Path:
    """Return a new name for a draft of `target`.

    It is in the target's own folder, because a rename is only atomic within one file system, and holds a part of
    its name only, because that may already be as long as the file system allows.
    """
    return target.with_name(f".{target.name[:_NAME_PART]}.{secrets.token_hex(8)}.draft")


def sweep(target: Path) -> None:
    """Remove the drafts of `target` that killed processes left; what cannot be removed is left to the next run.

    Nothing is removed while a process writes a draft into the same folder, nor while `target` is missing: of a
    folder, a draft may then be the only copy.
    """
    pattern = re.compile(rf"\.{re.escape(target.name[:_NAME_PART])}\.[0-9a-f]{{16}}\.draft")
    with contextlib.suppress(OSError), _alone_in(target.parent):
        if target.exists():
            for path in target.parent.iterdir():
                if pattern.fullmatch(path.name):
                    mode = path.lstat().st_mode
                    if stat.S_ISDIR(mode):
                        shutil.rmtree(path, ignore_errors=True)
                    elif stat.S_ISREG(mode):
                        path.unlink()


if sys.platform == "win32":
    # No folder can be locked there, so nothing is removed: who still writes is unknown.

    @contextlib.contextmanager
    def hold_drafts(_target: Path) -> Iterator[None]:
        """Keep other processes from removing drafts."""
        yield

    @contextlib.contextmanager
    def _alone_in(_folder: Path) -> Iterator[None]:
        raise PermissionError
        yield

else:
    import fcntl

    @contextlib.contextmanager
    def hold_drafts(target: Path) -> Iterator[None]:
        """Keep other processes from removing drafts beside `target`, until this ends or the process does."""
        handle = os.open(target.parent, os.O_RDONLY)
        try:
            with contextlib.suppress(OSError):  # a file system without locks refuses them to `sweep` as well
                fcntl.flock(handle, fcntl.LOCK_SH)
            yield
        finally:
            os.close(handle)

    @contextlib.contextmanager
    def _alone_in(folder: Path) -> Iterator[None]:
        handle = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        finally:
            os.close(handle)


def git(folder: Path, *arguments: str) -> bytes | None:
    """Return what git prints about the repository that a folder is in; None where it fails."""
    command = ["git", "-C", str(folder), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=60, stdin=subprocess.DEVNULL)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return None
    return None if done.returncode else done.stdout


Tree = Mapping[str, bytes]
"""Content of each file by its path relative to the root, with slashes."""


@dataclass(frozen=True)
class Difference:
    """How a directory differs from what it should hold; paths relative to it."""

    changed: tuple[str, ...]
    missing: tuple[str, ...]
    extra: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.changed or self.missing or self.extra)

    def __str__(self) -> str:
        kinds = (("differ", self.changed), ("missing", self.missing), ("not generated", self.extra))
        return "\n".join(f"  {kind}: {path}" for kind, paths in kinds for path in paths)


def read_tree(root: Path) -> dict[str, bytes]:
    """Return the files under a directory; bytecode caches are not part of it.

    Raises:
        InputError: Something there is neither a file nor a directory (a link is not followed).
    """
    return dict(_files(root, "")) if root.is_dir() else {}


def _files(folder: Path, prefix: str) -> Iterator[tuple[str, bytes]]:
    with os.scandir(folder) as entries:
        inside = sorted(entries, key=lambda entry: entry.name)
    for entry in inside:
        if entry.is_dir(follow_symlinks=False):
            if entry.name != "__pycache__":
                yield from _files(folder / entry.name, f"{prefix}{entry.name}/")
        elif entry.is_file(follow_symlinks=False):
            yield prefix + entry.name, Path(entry.path).read_bytes()
        else:
            raise InputError("is not a plain file; generated files are", path=Path(entry.path).as_posix())


def compare(actual: Tree, expected: Tree) -> Difference:
    """Return how one tree differs from another, in both directions."""
    return Difference(
        changed=tuple(sorted(path for path in expected if path in actual and actual[path] != expected[path])),
        missing=tuple(sorted(set(expected) - set(actual))),
        extra=tuple(sorted(set(actual) - set(expected))),
    )


def write_tree(root: Path, tree: Tree) -> None:
    """Write a tree into a new directory.

    Raises:
        InputError: A path leads out of the directory.
    """
    inside = root.resolve()
    folders = set()
    for relative, content in tree.items():
        path = root / relative
        if path.parent not in folders:
            if not path.parent.resolve().is_relative_to(inside):
                raise InputError(f"the generated path {relative!r} leads out of its folder")
            path.parent.mkdir(parents=True, exist_ok=True)
            folders.add(path.parent)
        path.write_bytes(content)


def replace_tree(root: Path, tree: Tree) -> None:
    """Give a directory exactly these files: written beside it, then swapped in; on failure the old one stands.

    Raises:
        InputError: The directory is a link or no directory, or its parent cannot be written.
    """
    if root.is_symlink():
        raise InputError("is a symbolic link; name the directory itself", path=root.as_posix())
    if root.exists() and not root.is_dir():
        raise InputError("is not a directory, so it is not replaced by one", path=root.as_posix())
    try:
        with draft_folder(root) as fresh:
            write_tree(fresh, tree)
            old = draft_name(root)
            try:
                if root.exists():
                    root.rename(old)
                fresh.rename(root)
            finally:
                if old.exists() and not root.exists():
                    old.rename(root)
                shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror or error}", path=root.as_posix()) from error
    sweep(root)
