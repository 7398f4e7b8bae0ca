"""Check credentials the way the spec's security schemes say."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping
from typing import Any, Final

from rulewright.sandbox._http import LATIN, Request
from rulewright.sandbox._spec import Operation, Spec, SpecError

_HEADER: Final = "authorization"
_SCHEMES: Final = {"bearer": b"bearer", "basic": b"basic"}


class Guard:
    """Knows the accepted token and where each security scheme carries it.

    Raises:
        SpecError: The spec needs a scheme that the sandbox cannot play, such as mutual TLS.
    """

    def __init__(self, spec: Spec, token: str) -> None:
        self._token = token.encode()
        self._schemes: dict[str, tuple[str, str]] = {}
        schemes = (spec.document.get("components") or {}).get("securitySchemes") or {}
        for name in {name for operation in spec.operations for every in operation.security for name in every}:
            if name not in schemes:
                raise SpecError(f"#/components/securitySchemes: {name!r} is required by an operation but not there")
            self._schemes[name] = _carrier(name, spec.resolve(schemes[name]))

    @property
    def names(self) -> frozenset[str]:
        """The header and query names that carry credentials, in small letters."""
        return frozenset(name.lower() for place, name in self._schemes.values() if place != "cookie")

    def carriers(self, operation: Operation) -> frozenset[tuple[str, str]]:
        """Return the places and names, in small letters, at which an operation may be given a key."""
        named = {self._schemes[name] for every in operation.security for name in every}
        return frozenset((place, name.lower()) for place, name in named)

    def admits(self, operation: Operation, request: Request) -> bool:
        """Tell whether a request carries what the operation asks for."""
        for every in operation.security:
            for name in every:
                if not self._carries(name, request):
                    break
            else:
                return True
        return not operation.security

    def _carries(self, scheme: str, request: Request) -> bool:
        place, name = self._schemes[scheme]
        given = _given(place, name, request)
        if given is None:
            return False
        if place == "basic":
            return any(hmac.compare_digest(part, self._token) for part in _halves(given))
        return hmac.compare_digest(given, self._token)


def _carrier(name: str, scheme: Mapping[str, Any]) -> tuple[str, str]:
    match scheme:
        case {"type": "apiKey", "in": place, "name": carrier}:
            return place, carrier
        case {"type": "oauth2" | "openIdConnect"}:
            return "bearer", _HEADER
        case {"type": "http", "scheme": said} if said.lower() in _SCHEMES:
            return said.lower(), _HEADER
    raise SpecError(f"#/components/securitySchemes/{name}: cannot be played; bearer, basic, oauth2 and apiKey can")


def _given(place: str, name: str, request: Request) -> bytes | None:
    if place in _SCHEMES:
        value = request.named.get(b"authorization")
        return None if value is None else _after(_SCHEMES[place], value)
    if place == "header":
        return request.named.get(name.lower().encode())
    if place == "query":
        texts = request.arguments.get(name)
        return texts[0].encode() if texts else None
    cookie = request.cookies.get(name)
    return None if cookie is None else cookie.encode(LATIN)


def _after(scheme: bytes, value: bytes) -> bytes | None:
    """Return what follows the name of a scheme, if it is that scheme's."""
    name, _, credentials = value.partition(b" ")
    return credentials if name.lower() == scheme else None


def _halves(credentials: bytes) -> list[bytes]:
    """Return user and password of HTTP Basic; vendors put the key into either."""
    try:
        return base64.b64decode(credentials, validate=True).split(b":", 1)
    except ValueError:
        return []
