"""Recognise a caller's texts inside a server's text, however the server spells them.

Servers echo requests in error messages: escaped for JSON, URLs or HTML, cut, wrapped or in capitals. Replacing
the echo would have to find its exact ends in every spelling, so a text that holds one is withheld as a whole.
"""

from __future__ import annotations

import base64
import html
import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Final
from urllib.parse import unquote

_WINDOW: Final = 8
"""Letters and digits in a row that a text shares with a longer private one only by repeating it."""

_WORD: Final = 2
"""Letters up to which a private ASCII text counts as a word only: "en" is part of most English sentences."""

_LONGEST: Final = 16_384
"""Characters of one private text that are looked for; a picture in base64 has millions."""

_ROUNDS: Final = 8
"""Times a text is decoded; what is escaped more often is withheld unread."""

_ESCAPE: Final = re.compile(
    r"(?:[\\%]u([0-9a-fA-F]{4})|\\u\{([0-9a-fA-F]{1,6})\}|\\U([0-9a-fA-F]{8}))|\\(.)", re.DOTALL
)
_TAG: Final = re.compile(r"<[^<>]*>")
_BYTE: Final = re.compile(r"\\x([0-9a-fA-F]{2})")
_SPACES: Final = frozenset("nrtbfv0")


class PrivateTexts:
    """Texts that no error and no log may repeat.

    Args:
        texts: The texts; blank ones are ignored.
    """

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self._texts = tuple(dict.fromkeys(text for text in texts if text.strip()))

    def __repr__(self) -> str:
        return f"<{len(self._texts)} texts>"

    def appear_in(self, text: str) -> bool:
        """Whether `text` repeats one of them, or a part of one, in any spelling; True where that is unclear."""
        if not self._texts:
            return False
        decoded = _decoded(text)
        if decoded is None:
            return True
        # Also without markup, which may stand in the middle of an echo.
        return any(self._stand_in(_letters(each)) for each in {decoded, _TAG.sub("", decoded)})

    def _stand_in(self, text: str) -> bool:
        words, short, long = self._spelled
        parted, joined = _parted(text), text.replace(" ", "")
        return (
            any(each in parted for each in words)
            or any(each in joined for each in short)
            or any(joined[at : at + _WINDOW] in long for at in range(len(joined) - _WINDOW + 1))
        )

    @cached_property
    def _spelled(self) -> tuple[tuple[str, ...], tuple[str, ...], str]:
        """The spellings to find: words, texts to be found whole, and texts of which any window counts."""
        spelled = {each for text in self._texts for each in _spellings(text[:_LONGEST])}
        joined = {each: each.replace(" ", "") for each in spelled}
        words = [each for each in spelled if 0 < len(joined[each]) <= _WORD and each.isascii()]
        rest = [joined[each] for each in spelled if each not in words]
        return (
            tuple(map(_parted, words)),
            tuple(each for each in rest if len(each) < _WINDOW),
            "\n".join(each for each in rest if len(each) >= _WINDOW),
        )


def _spellings(text: str) -> Iterator[str]:
    """Yield the letters of a text as `appear_in` meets them: plain, in hex and in base64."""
    decoded = _decoded(text)
    yield _letters(text if decoded is None else decoded)
    content = text.encode("utf-8", "replace")
    # Read in another character set than it was written in: by the server, or its bytes by `_decoded`.
    yield _letters(content.decode("latin-1"))
    yield _letters(content.decode("cp1252", "replace"))
    yield _letters(text.encode("latin-1", "replace").decode("utf-8", "replace"))
    encoded = [content.hex()]
    for shift in range(3):  # within a longer text it starts at any of three places of a group
        bits = 8 * (shift + len(content))
        encoded.append(base64.b64encode(bytes(shift) + content).decode()[-(-8 * shift // 6) : bits // 6])
    # Fewer letters stand in any id by chance.
    yield from (_letters(each).replace(" ", "") for each in encoded if len(each) >= 4)


def _decoded(text: str) -> str | None:
    """Return a text without escapes of JSON, URLs and HTML, or None where it has too many layers of them."""
    for _ in range(_ROUNDS):
        plain = _BYTE.sub(r"%\1", text)
        plain = _ESCAPE.sub(_character, plain)
        plain = html.unescape(unquote(plain))
        # Halves of a character outside the basic plane, as JSON escapes them.
        plain = plain.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        if plain == text:
            return plain
        text = plain
    return None


def _character(found: re.Match[str]) -> str:
    code = found[1] or found[2] or found[3]
    if code is None:
        return " " if found[4] in _SPACES else found[4]
    number = int(code, 16)
    return chr(number) if number <= 0x10FFFF else " "


def _parted(text: str) -> str:
    """Return a text with one blank around each of its words."""
    return f" {' '.join(text.split())} "


def _letters(text: str) -> str:
    """Return the letters, digits and pictures of a text in lower case, with blanks in place of all else."""
    return "".join(
        char if unicodedata.category(char)[0] in "LN" or unicodedata.category(char) == "So" else " "
        for char in unicodedata.normalize("NFKC", text).casefold()
    )
