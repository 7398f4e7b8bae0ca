"""What a client may do with its token and with files, as data."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from attrs import field, frozen

from ._addresses import origin
from ._secrets import Secret

if TYPE_CHECKING:
    from ._exchange import Request
    from ._operation import Credential


@frozen
class Authority:
    """Who may see the tokens: the origin of the API.

    Attributes:
        secret: The token for whatever has none of its own.
        origin: The origin.
        named: The tokens of single security schemes.
        is_shared: Whether one token may stand for several schemes at once, as it does for a sandbox.
        others: The origins of the operations that the document places elsewhere.
    """

    secret: Secret | None
    origin: tuple[str, str, int]
    named: Mapping[str, Secret] = field(factory=dict)
    is_shared: bool = False
    others: frozenset[tuple[str, str, int]] = frozenset()

    def holds(self, credentials: Collection[Credential]) -> bool:
        """Return whether there is a token for each of some credentials."""
        missing = {each.key for each in credentials} - self.named.keys()
        return not missing or (self.secret is not None and (self.is_shared or len(missing) == len(credentials) == 1))

    def add_credentials(self, request: Request) -> tuple[str, dict[str, str]]:
        """Return the URL of a request and the headers added to it, with the token where it has any business."""
        url, added = request.url, dict[str, str]()
        if (home := origin(url)) != self.origin and home not in self.others:
            return url, added
        for credential in request.credentials:
            secret = self.named.get(credential.key, self.secret)
            if secret is None:
                continue
            token = secret.reveal()
            if credential.place == "query":
                url += ("&" if "?" in url else "?") + urlencode({credential.name: token})
            elif credential.place == "cookie":
                others = [request.headers["Cookie"]] if "Cookie" in request.headers else []
                added["Cookie"] = "; ".join([*others, f"{credential.name}={quote(token)}"])
            else:
                added[credential.name] = _header_value(token, credential.scheme)
        return url, added


def _header_value(token: str, scheme: str) -> str:
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
