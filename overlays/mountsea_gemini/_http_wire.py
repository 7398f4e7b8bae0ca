"""What is particular to httpx: build its requests, read its heads, and sort its exceptions.

Only the `_http_*` modules know httpx and httpcore. They speak to transports, not to an `httpx.Client`: no
redirect is followed, no cookie kept, no netrc read and no URL logged behind our back. Exceptions end
there; only what they said goes on, so that no traceback can drag a header along.
"""

from __future__ import annotations

from typing import Final

import httpcore
import httpx

from ._exchange import Failed, Request
from ._http_sockets import AddressRefused, Exchange
from ._particular import DISTRIBUTION
from ._secrets import printable

ERRORS: Final = (
    httpx.HTTPError,
    httpx.StreamError,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.TimeoutException,
    httpcore.ProxyError,
    httpcore.UnsupportedProtocol,
    OSError,
)
_NEVER_SENT: Final = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
    httpcore.ConnectError,
    httpcore.ConnectTimeout,
    httpcore.PoolTimeout,
    httpcore.UnsupportedProtocol,
)
_CONNECTING: Final = (httpx.ConnectError, httpcore.ConnectError, httpx.ProxyError, httpcore.ProxyError)
_TIMEOUTS: Final = (httpx.TimeoutException, httpcore.TimeoutException, TimeoutError)
_PROTOCOL: Final = (httpx.ProtocolError, httpcore.ProtocolError, httpx.DecodingError)


def failed(error: Exception, exchange: Exchange) -> Failed:
    """Return what went wrong as data, and whether the request may have left."""
    detail = printable(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__)[:300]
    if isinstance(error, AddressRefused):
        return Failed("refused", sent=False, detail=str(error))
    # A proxy that refuses CONNECT got bytes, but none of the request.
    tunnel = isinstance(error, httpx.ProxyError | httpcore.ProxyError)
    sent = not tunnel and (exchange.wrote or not isinstance(error, _NEVER_SENT))
    if isinstance(error, _TIMEOUTS):
        return Failed("timeout", sent, detail)
    if isinstance(error, _CONNECTING):
        return Failed("connect", sent, detail)
    return Failed("protocol" if isinstance(error, _PROTOCOL) else "disconnect", sent, detail)


def built(request: Request, carried: tuple[str, dict[str, str]], timeout: float) -> httpx.Request:
    url, extra = carried
    headers = {"Accept-Encoding": "identity", "User-Agent": DISTRIBUTION, **request.headers, **extra}
    every = dict.fromkeys(("connect", "read", "write", "pool"), timeout)
    return httpx.Request(request.method, url, headers=headers, content=request.content, extensions={"timeout": every})


def unbuildable(error: Exception) -> Failed:
    return Failed("refused", sent=False, detail=f"the URL cannot be used: {printable(str(error))[:200]}")


def headers_of(response: httpx.Response) -> dict[str, str]:
    return {name.lower(): value[:4000] for name, value in response.headers.items()}


OVER: Final = "its body was not complete when the time for this exchange was over"
