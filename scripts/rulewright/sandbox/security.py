"""Check credentials by the security schemes of the document."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping
from typing import Any, Final

from rulewright.sandbox.exchange import LATIN, Request
from rulewright.sandbox.spec import Operation, Spec, SpecError

_HEADER: Final = "authorization"
_SCHEMES: Final = {"bearer": b"bearer", "basic": b"basic"}


class Guard:
    """The accepted token, and the place of each security scheme in a request.

    A scheme that carries more than a token, such as HTTP Digest or mutual TLS, is not checked.

    Attributes:
        unchecked: The names of the schemes that operations require and that are not checked.

    Raises:
        SpecError: An operation requires a scheme that the document does not define.
    """

    def __init__(self, spec: Spec, token: str) -> None:
        self._token = token.encode()
        self._schemes: dict[str, tuple[str, str]] = {}
        self.unchecked: list[str] = []
        schemes = (spec.document.get("components") or {}).get("securitySchemes") or {}
        for name in {name for operation in spec.operations for every in operation.security for name in every}:
            if name not in schemes:
                raise SpecError(f"#/components/securitySchemes: {name!r} is required by an operation but not defined")
            if (place := placed(spec.resolve(schemes[name]))) is not None:
                self._schemes[name] = place
            else:
                self.unchecked.append(name)
        self.unchecked.sort()

    @property
    def names(self) -> frozenset[str]:
        """The header and query names of credentials, in lower case."""
        return frozenset(name.lower() for place, name in self._schemes.values() if place != "cookie")

    def carriers(self, operation: Operation) -> frozenset[tuple[str, str]]:
        """Return the places and names, in lower case, of the credentials of an operation."""
        named = {self._schemes[name] for every in operation.security for name in every if name in self._schemes}
        return frozenset((place, name.lower()) for place, name in named)

    def authorizes(self, operation: Operation, request: Request) -> bool:
        """Return whether a request has the credentials that the operation requires."""
        alternatives = operation.security
        return not alternatives or any(all(self._has(name, request) for name in every) for every in alternatives)

    def _has(self, scheme: str, request: Request) -> bool:
        if scheme not in self._schemes:
            return True
        place, name = self._schemes[scheme]
        given = _given(place, name, request)
        if given is None:
            return False
        if place == "basic":
            return any(hmac.compare_digest(part, self._token) for part in _halves(given))
        return hmac.compare_digest(given, self._token)


def placed(scheme: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return where requests carry the token: `bearer`, `basic`, `header`, `query` or `cookie`, and the name there.

    None for a scheme that needs more than a token.
    """
    match scheme:
        case {"type": "apiKey", "in": place, "name": key}:
            return place, key
        case {"type": "oauth2" | "openIdConnect"}:
            return "bearer", _HEADER
        case {"type": "http", "scheme": http_scheme} if http_scheme.lower() in _SCHEMES:
            return http_scheme.lower(), _HEADER
    return None


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
    """Return the credentials after the name of a scheme, or None for another scheme."""
    name, _, credentials = value.partition(b" ")
    return credentials if name.lower() == scheme else None


def _halves(credentials: bytes) -> list[bytes]:
    """Return user and password of HTTP Basic; some vendors expect the key in one, some in the other."""
    try:
        return base64.b64decode(credentials, validate=True).split(b":", 1)
    except ValueError:
        return []
