"""Write a file whole or not at all: beside the target, flushed to the disk, then renamed over it."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import BinaryIO, Self

from ._errors import ConfigurationError
from ._secrets import printable


def checked_target(path: str | os.PathLike[str]) -> Path:
    """Return `path` if a file can be put there.

    Raises:
        ConfigurationError: It names no file, a directory, or lies in no existing directory.
    """
    try:
        target = Path(path)
        if "\0" in str(target) or target.name in {"", ".."}:
            raise ConfigurationError(f"cannot write to {str(path)!r}: it names no file")
        if target.is_dir():
            raise ConfigurationError(f"cannot write to {printable(str(target))}: it is a directory; name a file in it")
        if not target.parent.is_dir():
            raise ConfigurationError(
                f"cannot write to {printable(str(target))}:"
                f" there is no directory {printable(str(target.parent))}; create it first"
            )
    except (TypeError, ValueError, OSError) as error:
        raise ConfigurationError(f"cannot write to {printable(repr(path))}: {printable(str(error))}") from None
    return target


class Partial:
    """A file on its way to `target`; nobody sees it under that name before `commit`.

    A symbolic link at `target` is replaced by the file, not followed: nothing outside its directory changes.
    """

    def __init__(self, target: Path, path: Path, file: BinaryIO) -> None:
        self._target = target
        self._path = path
        self._file = file

    @classmethod
    def beside(cls, target: Path) -> Self:
        """Create an empty file in the target's directory, with the rights the target has or would get."""
        path = target.parent / f".{os.urandom(8).hex()}.part"
        # "x": never into a file or through a link somebody else put there.
        file = path.open("x+b")
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
        """Put the file under its name; from then on a crash cannot lose it."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._path.replace(self._target)
        sync_directory(self._target.parent)
        return self._target

    def discard(self) -> None:
        """Remove what was written, unless it was committed."""
        with contextlib.suppress(OSError):
            self._file.close()
        with contextlib.suppress(OSError):
            self._path.unlink()


def sync_directory(directory: Path) -> None:
    """Make a rename or a new name in a directory durable, where the system lets one be opened."""
    with contextlib.suppress(OSError):
        handle = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
