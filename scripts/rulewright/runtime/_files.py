"""Write a file whole or not at all: beside the target, flushed to the disk, then renamed over it.

Only a regular file, or nothing, is replaced. A pipe, a character device and an open descriptor such as
`/dev/stdout` are written into instead, once the whole file is there.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import select
import stat
import sys
import tempfile
import time
from pathlib import Path
from typing import BinaryIO, Final, Self

from ._api import LOGGER
from ._errors import ConfigurationError
from ._secrets import printable

_PARTIAL: Final = re.compile(rf"\.{re.escape(LOGGER)}-[0-9a-f]{{16}}\.part")
"""The names of files that are being written; nobody else's look like this."""

_DESCRIPTOR: Final = re.compile(r"/(?:dev|proc/self(?:/task/[0-9]+)?)/fd/([0-9]{1,9})")
_MAX_LINKS: Final = 40
_PIECE: Final = 4096
"""Bytes written into a pipe at a time: so many never block where the system says that it takes any."""

_TURN: Final = 0.5
"""Seconds for which one `commit` keeps writing into a stream before its caller may look at the clock."""

_STALL: Final = 0.1
"""Seconds for which one `commit` waits until a stream takes more."""


def checked_target(path: str | os.PathLike[str]) -> Path:
    """Return `path` if a file can be put there: over a regular file or nothing, or into a stream.

    The directory is tried out by creating a file in it and removing that again, because neither rights nor flags
    predict what a file system does.

    Raises:
        ConfigurationError: It names no file, a directory, a socket or a block device, lies in no existing
            directory, or cannot be written.
    """
    try:
        target = Path(path)
        if "\0" in str(target) or target.name in {"", ".."}:
            raise ConfigurationError(f"cannot write to {str(path)!r}: it names no file")
        problem = _target_problem(target)
    except (TypeError, ValueError) as error:
        raise ConfigurationError(f"cannot write to {printable(repr(path))}: {printable(str(error))}") from None
    except OSError as error:
        raise ConfigurationError(f"cannot write to {_absolute(path)}: {_reason(error)}") from None
    if problem is not None:
        raise ConfigurationError(f"cannot write to {_absolute(target)}: {problem}")
    return target


def _absolute(path: str | os.PathLike[str]) -> str:
    """Return the whole path, from the root."""
    return printable(str(Path(path).absolute())) if isinstance(path, str | Path) else printable(repr(path))


def _reason(error: OSError) -> str:
    return printable(error.strerror or str(error))


def _target_problem(target: Path) -> str | None:
    """Return why no file can be put at `target`, or None."""
    if target.is_dir():
        return "it is a directory; name a file in it"
    if not target.parent.is_dir():
        return f"there is no directory {_absolute(target.parent)}; create it first"
    mode = _mode(target)
    if is_stream(target):
        descriptor = _descriptor(target)
        if descriptor is None or sys.platform == "win32":
            takes_bytes = _may_write(target)
        else:
            import fcntl

            takes_bytes = fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE != os.O_RDONLY
        return None if takes_bytes else "it is not open for writing"
    if mode is not None and not stat.S_ISREG(mode):
        kind = "a socket" if stat.S_ISSOCK(mode) else "a block device" if stat.S_ISBLK(mode) else "not a regular file"
        return f"it is {kind}; name a regular file, a pipe or a character device"
    with contextlib.suppress(FileNotFoundError):
        found, directory = target.lstat(), target.parent.stat()
        is_protected = stat.S_ISREG(found.st_mode) and not (found.st_mode & 0o222 and _may_write(target))
        if sys.platform != "win32" and directory.st_mode & stat.S_ISVTX:
            # In a directory such as /tmp only the owner of a file, or of the directory, may rename another over it.
            is_protected = is_protected or os.geteuid() not in {0, found.st_uid, directory.st_uid}
        if is_protected:
            return "it is write-protected; change its rights, or name another file"
    try:
        Partial.beside(target).discard()
    except OSError as error:
        return f"no file can be created in {_absolute(target.parent)}: {_reason(error)}"
    return None


def is_stream(target: Path) -> bool:
    """Return whether bytes are written into `target`, rather than a file put in its place.

    True for a pipe, a character device, a link to either, and every name of an open descriptor: what a shell
    redirected to a file is that shell's, and renaming another file over it would cut it off.
    """
    mode = _mode(target)
    if mode is None or stat.S_ISDIR(mode) or stat.S_ISBLK(mode):
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISCHR(mode) or _descriptor(target) is not None


def is_standard_output(target: Path) -> bool:
    """Return whether `target` is a stream, and the one to which this process prints."""
    found = _status(target) if is_stream(target) else None
    with contextlib.suppress(OSError, ValueError):  # there may be no standard output, or one without a descriptor
        return found is not None and os.path.samestat(found, os.fstat(sys.stdout.fileno()))
    return False


def _mode(target: Path) -> int | None:
    """Return the type and the rights of what `target` leads to, links followed; None if that is nothing."""
    found = _status(target)
    return None if found is None else found.st_mode


def _status(target: Path) -> os.stat_result | None:
    descriptor = _descriptor(target)
    if descriptor is not None:
        return os.fstat(descriptor)
    try:
        return target.stat()
    except OSError as error:
        if error.errno in {errno.ENOENT, errno.ELOOP}:
            return None
        raise


def _descriptor(target: Path) -> int | None:
    """Return the descriptor that a name such as /dev/stdout stands for.

    Opened by that name, a regular file would be written from its beginning; the descriptor knows where its owner is.
    """
    path = target
    for _ in range(_MAX_LINKS):
        # All links but the last, which in /proc names no path: it is followed one step at a time.
        path = Path(os.path.realpath(path.parent), path.name)
        found = _DESCRIPTOR.fullmatch(path.as_posix().replace(f"/proc/{os.getpid()}/", "/proc/self/"))
        if found:
            return int(found[1])
        try:
            path = path.parent / path.readlink()
        except OSError:
            return None
    return None


def _may_write(target: Path) -> bool:
    return os.access(target, os.W_OK, effective_ids=os.access in os.supports_effective_ids)


class Partial:
    """A file on its way to `target`; nobody sees it under that name before `commit`.

    A symbolic link at `target` is replaced by the file, not followed: nothing outside its directory changes.
    While a process writes it, it holds a lock on it, so that `sweep` can tell it from one whose writer was killed.
    """

    def __init__(self, target: Path, path: Path, file: BinaryIO) -> None:
        self._target = target
        self._path = path
        self._file = file

    @classmethod
    def beside(cls, target: Path) -> Self:
        """Create an empty file in the target's directory, with the rights the target has or would get."""
        while True:
            path = target.parent / f".{LOGGER}-{os.urandom(8).hex()}.part"
            # "x": never into a file or through a link somebody else put there.
            file = path.open("x+b")
            if _lock(file.fileno()) and path.exists():
                break
            file.close()  # a sweep of another process took it between its creation and its lock
        with contextlib.suppress(OSError):
            if not target.is_symlink():
                path.chmod(target.stat().st_mode & 0o777)
        return cls(target, path, file)

    @property
    def file(self) -> BinaryIO:
        """The file, for a look at what was written."""
        return self._file

    def write(self, chunk: bytes) -> None:
        """Append `chunk`."""
        self._file.write(chunk)

    def commit(self) -> Path:
        """Put the file under its name; from then on a crash cannot lose it.

        Raises:
            OSError: It cannot be put there, or something else than a regular file has appeared there meanwhile.
        """
        self._file.flush()
        os.fsync(self._file.fileno())
        if sys.platform == "win32":
            self._file.close()  # Windows renames no file that is open; elsewhere its lock is kept to the end
        mode = _mode(self._target)
        if mode is not None and (not stat.S_ISREG(mode) or is_stream(self._target)):
            raise OSError(errno.EEXIST, "what is there now is not a regular file")
        self._path.replace(self._target)
        self._file.close()
        sync_directory(self._target.parent)
        return self._target

    def discard(self) -> None:
        """Remove what was written, unless it was committed."""
        with contextlib.suppress(OSError):
            self._file.close()
        with contextlib.suppress(OSError):
            self._path.unlink()


class Spooled:
    """A file on its way into `target`, a stream, which gets no byte before `commit`.

    Until then it is a nameless file in the system's directory for temporary files: a reader of a pipe could not
    give back what turns out to be cut.
    """

    def __init__(self, target: Path) -> None:
        self._target = target
        self._file: BinaryIO = tempfile.TemporaryFile()  # noqa: SIM115  (closed by `discard`)
        self._sink: int | None = None
        self._rest: bytes | None = None

    @property
    def file(self) -> BinaryIO:
        """The file, for a look at what was written."""
        return self._file

    def write(self, chunk: bytes) -> None:
        """Append `chunk`."""
        self._file.write(chunk)

    def commit(self) -> Path | float:
        """Write into the stream what it takes, without waiting long.

        Returns:
            The stream's path once all is written; until then the seconds to wait before the next call.

        Raises:
            OSError: The stream refuses, or its reader is gone.
        """
        if self._sink is None:
            self._sink = _open_stream(self._target)
            if self._sink is None:
                return _TURN
            self._file.seek(0)
            self._rest = self._file.read(_PIECE)
        end = time.monotonic() + _TURN
        while self._rest:
            if time.monotonic() >= end:
                return 0.0
            try:
                if sys.platform != "win32":
                    poll = select.poll()
                    poll.register(self._sink, select.POLLOUT)
                    if not poll.poll(_STALL * 1000):
                        return _STALL
                self._rest = self._rest[os.write(self._sink, self._rest) :]
            except BlockingIOError:
                return _STALL
            self._rest = self._rest or self._file.read(_PIECE)
        return self._target

    def discard(self) -> None:
        """Forget what was written, and let go of the stream."""
        with contextlib.suppress(OSError):
            self._file.close()
        if self._sink is not None:
            with contextlib.suppress(OSError):
                os.close(self._sink)
            self._sink = None


def begin(target: Path) -> Partial | Spooled:
    """Create an empty file on its way to `target`."""
    return Spooled(target) if is_stream(target) else Partial.beside(target)


def _open_stream(target: Path) -> int | None:
    """Open a stream for writing; None for a pipe that nobody reads yet."""
    descriptor = _descriptor(target)
    if descriptor is not None:
        return os.dup(descriptor)
    flags = os.O_WRONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_BINARY", 0)
    try:
        sink = os.open(target, flags)
    except OSError as error:
        if error.errno == errno.ENXIO and target.is_fifo():
            return None
        raise
    mode = os.fstat(sink).st_mode
    if stat.S_ISFIFO(mode) or stat.S_ISCHR(mode):
        return sink
    os.close(sink)
    raise OSError(errno.EEXIST, "what is there now is neither a pipe nor a character device")


def sweep(directory: Path) -> None:
    """Remove the partial files that killed processes left in `directory`, and no others.

    Files of another name stay, as do those that a living process is writing. What cannot be removed is left to the
    next run.
    """
    names: list[str] = []
    with contextlib.suppress(OSError), os.scandir(directory) as entries:
        names += [entry.name for entry in entries if _PARTIAL.fullmatch(entry.name)]
    for name in names:
        with contextlib.suppress(OSError):
            _remove_abandoned(directory / name)


if sys.platform == "win32":

    def _lock(_handle: int) -> bool:
        return True

    def _remove_abandoned(path: Path) -> None:
        # Windows removes no file that is open; the minute spares one between its last byte and its rename.
        if time.time() - path.lstat().st_mtime > 60:
            path.unlink()

else:

    def _lock(handle: int) -> bool:
        """Lock an open file until it is closed; False if another process has it."""
        import fcntl

        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:
            return True  # a file system without locks, on which `sweep` cannot have one either
        return True

    def _remove_abandoned(path: Path) -> None:
        import fcntl

        # Neither through a link nor into a pipe that somebody gave such a name.
        handle = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            found = os.fstat(handle)
            # Its writer may have renamed it since it was opened; then this lock is on the finished file.
            if stat.S_ISREG(found.st_mode) and os.path.samestat(found, path.lstat()):
                path.unlink()
        finally:
            os.close(handle)


def sync_directory(directory: Path) -> None:
    """Make a rename or a new name in a directory durable, where the system lets one be opened."""
    with contextlib.suppress(OSError):
        handle = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
