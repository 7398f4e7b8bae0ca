"""Write a file whole or not at all."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

from rulewright.errors import InputError


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
        if mode is not None and target.read_bytes() == data:
            return False
        _replace(target, data, mode)
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror or error}", path=target.as_posix()) from error
    return True


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
    # In the target's own folder, because a rename is only atomic within one file system; a short name of
    # its own, because the target's may already be as long as the file system allows.
    temporary = target.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        with temporary.open("xb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())  # else a power cut can leave the new name on an empty file
        if mode is not None:
            temporary.chmod(mode)
        temporary.replace(target)
    finally:  # also for Ctrl-C; after the rename there is nothing left to remove
        temporary.unlink(missing_ok=True)
