"""Fetch a documentation page by its URL, distrusting whoever answers."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final
from urllib.parse import urldefrag

import httpx

from rulewright.errors import InputError, printable

SCHEMES: Final = ("https://", "http://")
MAX_BYTES: Final = 8 * 1024 * 1024
_REDIRECTS: Final = 5
_PORTS: Final = 65_535
# No compression: a small answer must not become a large one.
_HEADERS: Final = {"Accept": "text/markdown, application/yaml, text/plain, */*", "Accept-Encoding": "identity"}


@dataclass(frozen=True)
class Limits:
    """How much of a server is borne.

    Args:
        seconds: For everything together, from the look-up of the name to the last byte.
        size: Bytes of the page.
    """

    seconds: float = 30.0
    size: int = MAX_BYTES


def is_url(source: str) -> bool:
    """Return whether a source is fetched rather than read from a file."""
    return source.lower().startswith(SCHEMES)


def origin_of(url: str) -> str:
    """Return a URL as it is recorded and shown: without fragment.

    Raises:
        InputError: It is no URL, or holds a user name or password, which would be recorded with it.
    """
    try:
        parsed = httpx.URL(urldefrag(url).url)
    except (httpx.InvalidURL, ValueError) as error:
        raise InputError(f"is not a URL: {error}", path=url) from error
    if parsed.userinfo:
        message = "holds credentials, which do not belong into a record; fetch the page yourself"
        raise InputError(message, path=_bare(parsed))
    if not parsed.host:
        raise InputError("is not a URL: it has no host", path=url)
    if parsed.port is not None and not 0 < parsed.port <= _PORTS:
        raise InputError(f"is not a URL: there is no port {parsed.port}", path=url)
    return str(parsed)


def fetch(url: str, limits: Limits | None = None) -> bytes:
    """Return the bytes of a page.

    Redirects are followed on the same host only, and never from https to http. What the server calls the content
    does not matter; the reader of the page decides.

    Args:
        url: http or https.
        limits: How long and how much; None for 30 s and 8 MiB.

    Raises:
        InputError: It took too long, was too large, led elsewhere, or did not answer 200.
    """
    limits = limits or Limits()
    origin = origin_of(url)
    try:
        return asyncio.run(_within(origin, limits))
    except TimeoutError as error:
        raise InputError(f"did not answer in whole within {limits.seconds:g} s", path=origin) from error
    except (httpx.HTTPError, OSError, UnicodeError) as error:
        raise InputError(f"cannot be fetched: {printable(str(error)) or type(error).__name__}", path=origin) from error


async def _within(url: str, limits: Limits) -> bytes:
    # httpx has time-outs for each step only, and a server may take many small ones.
    async with asyncio.timeout(limits.seconds), httpx.AsyncClient(headers=_HEADERS, timeout=limits.seconds) as client:
        place = httpx.URL(url)
        for _ in range(_REDIRECTS + 1):
            async with client.stream("GET", place) as answer:
                if answer.has_redirect_location:
                    place = _next(place, answer, url)
                else:
                    return await _content(answer, url, limits)
        raise InputError(f"redirects more than {_REDIRECTS} times", path=url)


def _next(place: httpx.URL, answer: httpx.Response, url: str) -> httpx.URL:
    """Return where a redirect leads, if that is the same host."""
    try:
        target = place.join(answer.headers["Location"])
    except (httpx.InvalidURL, ValueError) as error:
        raise InputError(f"redirects to what is not a URL: {error}", path=url) from error
    upgraded = (place.scheme, target.scheme) == ("http", "https") and target.port is None
    same = target.host == place.host and (upgraded or (target.scheme, target.port) == (place.scheme, place.port))
    if not same or target.userinfo:
        message = f"redirects to {_bare(target)}, which is another place; name it yourself if you trust it"
        raise InputError(message, path=url)
    return target


async def _content(answer: httpx.Response, url: str, limits: Limits) -> bytes:
    if answer.status_code != httpx.codes.OK:
        raise InputError(f"answered {answer.status_code} instead of 200", path=url)
    coding = answer.headers.get("Content-Encoding", "identity")
    if coding != "identity":
        raise InputError(f"answered compressed ({coding!r:.40}), although asked not to", path=url)
    content = bytearray()
    async for chunk in answer.aiter_raw():
        content += chunk
        if len(content) > limits.size:
            raise InputError(f"is larger than {limits.size} bytes", path=url)
    return bytes(content)


def _bare(url: httpx.URL) -> str:
    """Return a URL without credentials."""
    return str(url.copy_with(userinfo=b""))
