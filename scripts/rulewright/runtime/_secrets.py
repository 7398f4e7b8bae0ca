"""Keep the token in one place, and everything secret out of what people read."""

from __future__ import annotations

import base64
import html
import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any, Final, NoReturn, Self
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
        decoded = _decode(text)
        if decoded is None:
            return True
        # Also without markup, which may stand in the middle of an echo.
        words, short, long = self._spelled
        for each in {decoded, _TAG.sub("", decoded)}:
            letters = _letters(each)
            parted, joined = _separate_words(letters), letters.replace(" ", "")
            if (
                any(word in parted for word in words)
                or any(text in joined for text in short)
                or any(joined[at : at + _WINDOW] in long for at in range(len(joined) - _WINDOW + 1))
            ):
                return True
        return False

    @cached_property
    def _spelled(self) -> tuple[tuple[str, ...], tuple[str, ...], str]:
        """The spellings to find: words, texts to be found whole, and texts of which any window counts."""
        spelled = {each for text in self._texts for each in _spellings(text[:_LONGEST])}
        joined = {each: each.replace(" ", "") for each in spelled}
        words = [each for each in spelled if 0 < len(joined[each]) <= _WORD and each.isascii()]
        rest = [joined[each] for each in spelled if each not in words]
        return (
            tuple(map(_separate_words, words)),
            tuple(each for each in rest if len(each) < _WINDOW),
            "\n".join(each for each in rest if len(each) >= _WINDOW),
        )


def _spellings(text: str) -> Iterator[str]:
    """Yield the letters of a text as `appear_in` meets them: plain, in hex and in base64."""
    decoded = _decode(text)
    yield _letters(text if decoded is None else decoded)
    content = text.encode("utf-8", "replace")
    # Read in another character set than it was written in: by the server, or its bytes by `_decode`.
    yield _letters(content.decode("latin-1"))
    yield _letters(content.decode("cp1252", "replace"))
    yield _letters(text.encode("latin-1", "replace").decode("utf-8", "replace"))
    encoded = [content.hex()]
    for shift in range(3):  # within a longer text it starts at any of three places of a group
        bits = 8 * (shift + len(content))
        encoded.append(base64.b64encode(bytes(shift) + content).decode()[-(-8 * shift // 6) : bits // 6])
    # Fewer letters stand in any id by chance.
    yield from (_letters(each).replace(" ", "") for each in encoded if len(each) >= 4)


def _decode(text: str) -> str | None:
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


def _separate_words(text: str) -> str:
    """Return a text with one blank around each of its words."""
    return f" {' '.join(text.split())} "


def _letters(text: str) -> str:
    """Return the letters, digits and pictures of a text in lower case, with blanks in place of all else."""
    return "".join(
        char if unicodedata.category(char)[0] in "LN" or unicodedata.category(char) == "So" else " "
        for char in unicodedata.normalize("NFKC", text).casefold()
    )


SHOWN_LENGTH: Final = 500
"""Characters of a server's text that an error shows; a page of HTML helps nobody."""

_URL_TAIL: Final = re.compile(r"""(https?:\\?/\\?/[^\s"'<>?#\\]*(?:\\/[^\s"'<>?#\\]*)*)[?#][^\s"'<>]*""", re.IGNORECASE)
_URL_USER: Final = re.compile(r"(https?://)[^\s/@?#]+@", re.IGNORECASE)
_SIGNED: Final = re.compile(
    r"""(?i)\b((?:[\w-]*(?:signature|credential|security-token|api[_-]?key)|sig|token)(?:["']?\s*[=:]\s*["']?|%3d))[^\s&"'<>,;]+"""
)
_BEARER: Final = re.compile(r"(?i)\b(bearer\s+)[\w.~+/=-]+")
WITHHELD: Final = "[withheld: it repeats the request or the token]"
"""What stands in place of a server's text that holds what it was sent."""

NOTHING: Final = PrivateTexts()
_UNPRINTABLE: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


class Secret:
    """Hold a token so that nothing prints, copies into text or pickles it by accident."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the token itself; called where the Authorization header is written and nowhere else."""
        return self._value

    def __repr__(self) -> str:
        return "<token>"

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a token is never pickled; build the client anew where it is needed")


def printable(text: str) -> str:
    r"""Return `text` with control, format and bidirectional characters escaped, so no terminal obeys it."""
    return "".join(
        char
        if char in "\n\t" or unicodedata.category(char) not in _UNPRINTABLE
        else char.encode("unicode_escape").decode("ascii")
        for char in text
    )


class Redactor:
    """Make foreign text fit to be shown: without token, request, signed query or control character, and cut.

    Args:
        secrets: The tokens that no text may repeat.
    """

    def __init__(self, *secrets: Secret | None) -> None:
        texts = tuple(secret.reveal() for secret in secrets if secret is not None)
        self._token = PrivateTexts(texts) if texts else NOTHING

    def __call__(self, text: str, *, limit: int = SHOWN_LENGTH, private: PrivateTexts = NOTHING) -> str:
        """Return `text` redacted, or `WITHHELD` where it repeats the token or the request.

        Args:
            text: A text of a server or a transport.
            limit: Characters kept.
            private: The texts of the caller's own request.
        """
        # Cut late, so that the cut cannot hide the end of a repeated text, but bound the work on a large page first.
        text = text[: limit * 20]
        if self._token.appear_in(text) or private.appear_in(text):
            return WITHHELD
        text = _BEARER.sub(r"\1[token]", text)
        text = _URL_USER.sub(r"\1[user]@", text)
        text = _URL_TAIL.sub(r"\1?[cut]", text)
        text = _SIGNED.sub(r"\1[cut]", text)
        text = printable(text)
        return text if len(text) <= limit else f"{text[:limit]}... ({len(text) - limit} more characters)"


def without_query(url: str) -> str:
    """Return `url` without what may be a signature: user, query and fragment."""
    return _URL_USER.sub(r"\1", url.partition("?")[0].partition("#")[0])
