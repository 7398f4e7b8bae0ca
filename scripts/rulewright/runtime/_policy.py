"""What a client may do with its token and with files, as data."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from attrs import frozen

from ._addresses import origin
from ._secrets import Secret

if TYPE_CHECKING:
    from ._exchange import Request


@frozen
class Authority:
    """Who may see the token: one origin."""

    secret: Secret
    origin: tuple[str, str, int]

    def carried(self, request: Request) -> tuple[str, dict[str, str]]:
        """Return the URL of a request and the headers added to it, with the token where it has any business."""
        url, added = request.url, dict[str, str]()
        if origin(url) != self.origin:
            return url, added
        token = self.secret.reveal()
        for credential in request.credentials:
            if credential.place == "query":
                url += ("&" if "?" in url else "?") + urlencode({credential.name: token})
            elif credential.place == "cookie":
                others = [request.headers["Cookie"]] if "Cookie" in request.headers else []
                added["Cookie"] = "; ".join([*others, f"{credential.name}={quote(token)}"])
            else:
                added[credential.name] = _worded(token, credential.scheme)
        return url, added


def _worded(token: str, scheme: str) -> str:
    """Return a header's value; a token without a colon is the user of HTTP Basic, with an empty password."""
    if scheme == "basic":
        import base64

        pair = token if ":" in token else f"{token}:"
        return f"Basic {base64.b64encode(pair.encode()).decode()}"
    return f"Bearer {token}" if scheme == "bearer" else token


@frozen(eq=False)
class Policy:
    """Where downloads may go and how much they may be.

    Attributes:
        trusted: The API's own origin, where the caller pointed the client at a machine of their own.
        private: Let every address and plain http pass.
        limit: Bytes accepted.
        idle: Seconds without a byte after which a transfer is given up.
        total: Seconds a transfer may take in all.
    """

    trusted: tuple[str, str, int] | None
    private: bool
    limit: int
    idle: float
    total: float
