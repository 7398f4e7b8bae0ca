"""Tell a whole MP4 from a broken one (ISO/IEC 14496-12, section 4.2: a file is a row of boxes)."""

from __future__ import annotations

import struct
from typing import BinaryIO, Final

_HEAD: Final = struct.Struct(">I4s")
_LARGE: Final = struct.Struct(">Q")
_MAX_BOXES: Final = 100_000


def mp4_problem(file: BinaryIO, size: int, *, length_known: bool) -> str | None:
    """Return what is wrong with an MP4 file, or None.

    Args:
        file: The file, open for reading.
        size: Its length in bytes.
        length_known: Whether the transfer proved to be whole. If not, the boxes have to fill the file
            exactly; if so, bytes behind the last box are the vendor's business.
    """
    file.seek(4)
    if file.read(4) != b"ftyp":
        return "it does not begin like an MP4 file (no ftyp box)"
    return None if length_known else _row_problem(file, size)


def _row_problem(file: BinaryIO, size: int) -> str | None:
    position, names = 0, set()
    for _ in range(_MAX_BOXES):
        if position == size:
            return None if b"moov" in names else "it has no moov box, so it is cut"
        file.seek(position)
        head = file.read(_HEAD.size)
        if len(head) < _HEAD.size:
            return "it ends inside a box header, so it is cut"
        length, name = _HEAD.unpack(head)
        names.add(name)
        if length == 1:
            large = file.read(_LARGE.size)
            length = _LARGE.unpack(large)[0] if len(large) == _LARGE.size else 0
        elif length == 0:
            # "To the end of the file": then nothing says where that end is.
            return "its last box names no length, so nobody can tell whether it is whole"
        if length < _HEAD.size or position + length > size:
            return "it ends inside a box, so it is cut"
        position += length
    return "it has too many boxes"
