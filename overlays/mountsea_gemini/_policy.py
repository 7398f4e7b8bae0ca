"""What a client may do with its token and with files, as data."""

from __future__ import annotations

from attrs import frozen

from ._addresses import origin
from ._secrets import Secret


@frozen
class Authority:
    """Who may see the token: one origin."""

    secret: Secret
    origin: tuple[str, str, int]

    def headers(self, url: str) -> dict[str, str]:
        """Return the Authorization header for `url`, or nothing where the token has no business."""
        if origin(url) != self.origin:
            return {}
        return {"Authorization": f"Bearer {self.secret.reveal()}"}


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
