"""Check credentials the way the spec's security schemes say."""

from __future__ import annotations

import base64
import binascii
import hmac
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from ._http import Request
from ._spec import Operation, Spec, SpecError


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
        if place == "bearer":
            value = request.named.get(b"authorization", b"")
            return value[:7].lower() == b"bearer " and hmac.compare_digest(value[7:], self._token)
        if place == "basic":
            return any(hmac.compare_digest(part, self._token) for part in _basic(request))
        given = _given(place, name, request)
        return given is not None and hmac.compare_digest(given.encode("utf-8", "replace"), self._token)


def _carrier(name: str, scheme: dict[str, str]) -> tuple[str, str]:
    kind = scheme.get("type")
    if kind == "apiKey":
        return scheme["in"], scheme["name"]
    if kind in {"oauth2", "openIdConnect"} or (kind == "http" and scheme.get("scheme", "").lower() == "bearer"):
        return "bearer", "authorization"
    if kind == "http" and scheme.get("scheme", "").lower() == "basic":
        return "basic", "authorization"
    raise SpecError(f"#/components/securitySchemes/{name}: cannot be played; bearer, basic, oauth2 and apiKey can")


def _basic(request: Request) -> list[bytes]:
    """Return user and password of HTTP Basic; vendors put the key into either."""
    value = request.named.get(b"authorization", b"")
    if value[:6].lower() != b"basic ":
        return []
    try:
        return base64.b64decode(value[6:], validate=True).split(b":", 1)
    except (binascii.Error, ValueError):
        return []


def _given(place: str, name: str, request: Request) -> str | None:
    if place == "header":
        return request.header(name.lower().encode())
    if place == "query":
        return parse_qs(request.query.decode("latin-1")).get(name, [None])[0]
    try:
        morsel = SimpleCookie(request.header(b"cookie") or "").get(name)
    except CookieError:
        return None
    return morsel.value if morsel else None
