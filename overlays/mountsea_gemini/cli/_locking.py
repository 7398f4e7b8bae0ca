"""Keep a second process away from a file; the system itself forgets the lock of one that was killed."""

from __future__ import annotations

import sys
from io import FileIO
from pathlib import Path

from ._package import ConfigurationError


def lock(file: FileIO, path: Path) -> None:
    """Lock an open file for this process until it is closed.

    Raises:
        ConfigurationError: Another process has it.
    """
    try:
        if sys.platform == "win32":
            import msvcrt  # noqa: PLC0415  (there on Windows only)

            # A byte far behind the end: locked bytes cannot be read by others, and nobody reads that one.
            file.seek(2**40)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
            file.seek(0)
        else:
            import fcntl  # noqa: PLC0415  (there everywhere else)

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise ConfigurationError(
            f"{path}: another process works with this journal", way_out="wait for it, or end it"
        ) from None
