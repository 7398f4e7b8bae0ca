"""Distinguish a whole MP4 from a broken one (ISO/IEC 14496-12, section 4.2: a file is a row of boxes)."""

from __future__ import annotations

import struct
from typing import BinaryIO, Final

_HEAD: Final = struct.Struct(">I4s")
_LARGE: Final = struct.Struct(">Q")
_MAX_BOXES: Final = 100_000


def is_mp4(file: BinaryIO) -> bool:
    """Return whether a file begins like an MP4 file, whatever it is called."""
    file.seek(4)
    return file.read(4) == b"ftyp"


def mp4_problem(file: BinaryIO, size: int, *, length_known: bool) -> str | None:
    """Return what is wrong with an MP4 file, or None.

    Its boxes have to fill the file exactly, whatever length the server announced: a server that lost the end of a
    film announces the length of what it has left.

    Args:
        file: The file, open for reading.
        size: Its length in bytes.
        length_known: Whether the transfer proved to be whole. Only then may the last box reach "to the end of the
            file", because nothing in the film says where that end is.
    """
    if not is_mp4(file):
        return "it does not begin like an MP4 file (no ftyp box)"
    position, missing = 0, [b"moov", b"mdat"]
    for _ in range(_MAX_BOXES):
        if position == size:
            return f"it has no {missing[0].decode()} box, so it is cut" if missing else None
        file.seek(position)
        head = file.read(_HEAD.size)
        if len(head) < _HEAD.size:
            return "it ends inside a box header, so it is cut"
        length, name = _HEAD.unpack(head)
        least = _HEAD.size
        if length == 1:
            large, least = file.read(_LARGE.size), _HEAD.size + _LARGE.size
            length = _LARGE.unpack(large)[0] if len(large) == _LARGE.size else 0
        elif length == 0 and length_known:
            length = size - position
        elif length == 0:
            return "its last box names no length, so nobody can tell whether it is whole"
        if length < least or position + length > size:
            return "it ends inside a box, so it is cut"
        if name in missing:
            missing.remove(name)
        position += length
    return "it has too many boxes"
