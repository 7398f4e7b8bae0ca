"""Keep the token in one place, and everything secret out of what people read."""

from __future__ import annotations

import re
import unicodedata
from typing import Any, Final, NoReturn, Self

from ._private import PrivateTexts

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
