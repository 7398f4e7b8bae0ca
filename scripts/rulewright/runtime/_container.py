"""Distinguish a whole MP4 from a broken one (ISO/IEC 14496-12, section 4.2: a file is a row of boxes)."""

from __future__ import annotations

import struct
from typing import BinaryIO, Final

_HEAD: Final = struct.Struct(">I4s")
_LARGE: Final = struct.Struct(">Q")
_LIST: Final = struct.Struct(">II")
_MAX_BOXES: Final = 100_000
_CONTAINERS: Final = frozenset({b"moov", b"trak", b"mdia", b"minf", b"stbl"})
_OFFSETS: Final = {b"stco": 4, b"co64": 8}
"""The boxes that list where in the file each chunk of media begins, with the bytes of one such place."""


def is_mp4(file: BinaryIO) -> bool:
    """Return whether a file begins like an MP4 file, whatever it is called."""
    file.seek(4)
    return file.read(4) == b"ftyp"


def mp4_problem(file: BinaryIO, size: int, *, length_known: bool) -> str | None:
    """Return what is wrong with an MP4 file, or None.

    Its boxes have to fill the file exactly, and hold all media that its index lists, whatever length the server
    announced: a server that lost the end of a film announces the length of what it has left.

    Args:
        file: The file, open for reading.
        size: Its length in bytes.
        length_known: Whether the transfer proved to be whole. Only then may the last box reach "to the end of the
            file", because nothing in the film says where that end is.
    """
    if not is_mp4(file):
        return "it does not begin like an MP4 file (no ftyp box)"
    position, index = 0, range(0)
    for _ in range(_MAX_BOXES):
        if position == size:
            if not index:
                return "it has no moov box, so it is cut"
            return "its index points behind its end, so it is cut" if _points_behind(file, index, size) else None
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
        if name == b"moov":
            index = range(position, position + length)
        position += length
    return "it has too many boxes"


def _points_behind(file: BinaryIO, index: range, size: int) -> bool:
    """Return whether the index lists media behind the end of the file, as after a cut between two boxes."""
    waiting = [index]
    for _ in range(_MAX_BOXES):
        if not waiting:
            return False
        rest = waiting.pop()
        if len(rest) < _HEAD.size:
            continue
        file.seek(rest.start)
        length, name = _HEAD.unpack(file.read(_HEAD.size))
        if not _HEAD.size <= length <= len(rest):
            continue  # what an index may hold besides is for players to judge
        waiting.append(rest[length:])
        if name in _CONTAINERS:
            waiting.append(rest[_HEAD.size : length])
        elif name in _OFFSETS and length >= _HEAD.size + _LIST.size:
            _, count = _LIST.unpack(file.read(_LIST.size))
            width, first = _OFFSETS[name], _HEAD.size + _LIST.size
            if 0 < count <= (length - first) // width:
                file.seek(rest.start + first + (count - 1) * width)
                if int.from_bytes(file.read(width), "big") >= size:
                    return True
    return False
