"""What a client is given, checked once and before anything is sent: tokens and who may see them, limits, waivers."""

from __future__ import annotations

import base64
import math
import os
import re
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlencode

from attrs import field, frozen

from ._addresses import is_loopback, origin, split
from ._api import BASE_URL_VARIABLE, OPERATIONS, SERVERS, TOKEN_VARIABLE, check_waived
from ._errors import ConfigurationError
from ._secrets import Redactor, Secret, printable, without_query

if TYPE_CHECKING:
    from ._exchange import Request
    from ._operation import Credential

TRANSFER_IDLE: Final = 30.0
TRANSFER_TOTAL: Final = 3600.0


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
            elif credential.scheme == "basic":
                # A token without a colon is the user, with an empty password.
                pair = token if ":" in token else f"{token}:"
                added[credential.name] = f"Basic {base64.b64encode(pair.encode()).decode()}"
            else:
                added[credential.name] = f"Bearer {token}" if credential.scheme == "bearer" else token
        return url, added


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


@frozen
class Settings:
    """The checked settings of one client."""

    base_url: str
    is_own_base: bool
    """Whether the caller chose the address, and not the document."""
    authority: Authority = field(repr=False)
    redact: Redactor = field(repr=False)
    waive: frozenset[str]
    strict: bool
    timeout: float
    policy: Policy = field(repr=False)


def settings(
    token: str | Mapping[str, str] | None,
    *,
    base_url: str | None,
    waive: Collection[str],
    strict: bool,
    timeout: float,
    has_transport: bool,
    allow_private_downloads: bool,
    max_download_bytes: int,
) -> Settings:
    """Return what a client was given, checked.

    Raises:
        ConfigurationError: A value cannot be used.
    """
    named = {key: _token(value, f"the token {key!r}") for key, value in _tokens_by_name(token).items()}
    secret = None if isinstance(token, Mapping) else _only_token(token, optional=bool(named))
    base, home = _base_url(base_url, has_transport=has_transport)
    is_own_base = base_url is not None or bool(os.environ.get(BASE_URL_VARIABLE))
    others = () if is_own_base else (each.server for each in OPERATIONS.values() if each.server)
    if isinstance(max_download_bytes, bool) or not isinstance(max_download_bytes, int) or max_download_bytes < 1:
        raise ConfigurationError(f"max_download_bytes must be a positive whole number, got {max_download_bytes!r}")
    return Settings(
        base_url=base,
        is_own_base=is_own_base,
        authority=Authority(
            secret,
            home,
            named,
            is_shared=has_transport or is_loopback(home[1]),
            others=frozenset(found for each in others if (found := origin(each)) is not None),
        ),
        redact=Redactor(secret, *named.values()),
        waive=check_waivers(waive),
        strict=strict,
        timeout=positive_seconds("timeout", timeout),
        policy=Policy(
            trusted=home if home[0] == "http" else None,
            private=allow_private_downloads,
            limit=max_download_bytes,
            idle=TRANSFER_IDLE,
            total=TRANSFER_TOTAL,
        ),
    )


def _tokens_by_name(given: str | Mapping[str, str] | None) -> Mapping[str, str]:
    """Return the tokens of single security schemes, from a variable of each where none are given."""
    if given is not None:
        return given if isinstance(given, Mapping) else {}
    every = (each for operation in OPERATIONS.values() for each in (operation.credentials, *operation.alternatives))
    keys = {credential.key for alternative in every for credential in alternative if credential.key}
    variables = {key: f"{TOKEN_VARIABLE}_{re.sub('[^A-Z0-9]+', '_', key.upper())}" for key in keys}
    return {key: os.environ[name] for key, name in variables.items() if os.environ.get(name)}


def _only_token(given: str | None, *, optional: bool) -> Secret | None:
    """Return the one token of a client; none where it can do something without."""
    value = os.environ.get(TOKEN_VARIABLE) if given is None else given
    if value is None:
        if optional or any(each.is_free for each in OPERATIONS.values()):
            return None
        raise ConfigurationError(f"no token: pass one to the client, or set {TOKEN_VARIABLE}")
    return _token(value, "the token given to the client" if given is not None else TOKEN_VARIABLE)


def _token(value: str, source: str) -> Secret:
    if not isinstance(value, str) or not value.strip():
        raise ConfigurationError(f"{source} is empty: pass a token to the client, or set {TOKEN_VARIABLE}")
    value = value.strip()
    if not all("!" <= char <= "~" for char in value):
        raise ConfigurationError(f"{source} holds white space or characters no token has; it is not shown here")
    return Secret(value)


def _base_url(given: str | None, *, has_transport: bool) -> tuple[str, tuple[str, str, int]]:
    source = "base_url" if given is not None else BASE_URL_VARIABLE
    value = given if given is not None else os.environ.get(BASE_URL_VARIABLE) or next(iter(SERVERS), "")
    is_documented = given is None and not os.environ.get(BASE_URL_VARIABLE)
    if is_documented and not value.lower().startswith(("http://", "https://")):
        stated = f"only {printable(value[:200])!r}" if value else "none"
        raise ConfigurationError(
            f"the document gives no complete address of the API, {stated}: pass base_url, or set {BASE_URL_VARIABLE}"
        )
    shown = printable(without_query(str(value))[:200])
    parts = split(value) if isinstance(value, str) else None
    home = origin(value) if isinstance(value, str) else None
    if parts is None or parts.hostname is None or home is None:
        raise ConfigurationError(f"{source} must be an http or https URL, got {shown!r}")
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise ConfigurationError(f"{source} must hold neither user, query nor fragment, got {shown!r}")
    if parts.scheme == "http" and not (has_transport or is_loopback(parts.hostname)):
        raise ConfigurationError(
            f"{source} must be https, because the token would travel readable; http is for this machine only,"
            f" got {shown!r}"
        )
    return value.rstrip("/"), home


def check_waivers(waive: Collection[str]) -> frozenset[str]:
    """Return the ids of the rules switched off.

    Raises:
        ConfigurationError: An id names no rule, or a single text was given for a collection.
    """
    try:
        check_waived(waive)
        return frozenset(waive)
    except (TypeError, ValueError) as error:
        raise ConfigurationError(printable(str(error))) from None


def positive_seconds(name: str, value: float, *, zero: bool = False) -> float:
    """Return `value` if it is a usable number of seconds.

    Raises:
        ConfigurationError: It is not.
    """
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not math.isfinite(value) or value < 0 or (value == 0 and not zero):
        wanted = "zero or more" if zero else "more than zero"
        raise ConfigurationError(f"{name} must be a number of seconds, {wanted}, got {value!r}")
    return float(value)
