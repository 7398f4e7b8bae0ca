"""Where each security scheme takes the token from."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import pytest
from rulewright.sandbox import Request, Sandbox, SpecError
from rulewright.sandbox.inputs import Guard

from tests.sandbox.asking import spec_of

TOKEN = "tökén:1"  # noqa: S105  made up
RAW = TOKEN.encode()
SCHEMES: Any = {
    "bearer": {"type": "http", "scheme": "Bearer"},
    "basic": {"type": "http", "scheme": "Basic"},
    "oauth": {"type": "oauth2", "flows": {}},
    "openid": {"type": "openIdConnect", "openIdConnectUrl": "https://a.test"},
    "header": {"$ref": "#/components/securitySchemes/named"},
    "named": {"type": "apiKey", "in": "header", "name": "X-Kéy"},
    "query": {"type": "apiKey", "in": "query", "name": "Key"},
    "cookie": {"type": "apiKey", "in": "cookie", "name": "Session"},
    "tls": {"type": "mutualTLS"},
    "digest": {"type": "http", "scheme": "digest"},
    "odd": {"type": "http"},
    "odder": {"scheme": "bearer"},
}


def guard(security: Any, token: str = TOKEN, schemes: Any = SCHEMES) -> Guard:
    """Return the guard of an operation with those security requirements."""
    paths = {"/": {"get": {"responses": {}, "security": security}}}
    return Guard(spec_of(paths, components={"securitySchemes": schemes}), token)


def authorizes(security: Any, headers: Mapping[str, bytes], query: bytes = b"", token: str = TOKEN) -> bool:
    """Return whether a request passes."""
    (operation,) = spec_of({"/": {"get": {"responses": {}, "security": security}}}).operations
    named = [(name.encode(), value) for name, value in headers.items()]
    return guard(security, token).authorizes(operation, Request("GET", "/", query, named, b""))


def basic(text: str) -> bytes:
    """Return HTTP Basic credentials."""
    return b"Basic " + base64.b64encode(text.encode())


@pytest.mark.parametrize(
    ("scheme", "good", "bad"),
    [
        *(
            (
                scheme,
                [b"Bearer " + RAW, b"bEARER " + RAW],
                [b"", b"Bearer", b"Bearer ", RAW, b"Bearer  " + RAW, b"Bearer " + RAW + b" ", b"Basic  " + RAW],
            )
            for scheme in ("bearer", "oauth", "openid")
        ),
        (
            "basic",
            [basic("me:" + TOKEN), basic("me:" + TOKEN).replace(b"Basic", b"bASIC")],
            [b"", b"Basic ", basic("me"), basic(TOKEN), basic(f"me:{TOKEN} "), b"B" + basic("me:" + TOKEN), b"Basic !"],
        ),
    ],
)  # fmt: skip
def test_the_authorization_header(scheme: str, good: list[bytes], bad: list[bytes]) -> None:
    """The scheme ignores case; one blank follows, and the token is exact."""
    assert [value for value in [*good, *bad] if authorizes([{scheme: []}], {"authorization": value})] == good
    assert not authorizes([{scheme: []}], {})


def test_basic_credentials_hold_the_token_as_user_too() -> None:
    """Vendors use either half; a colon belongs to the password."""
    for text, passes in (("k1:", True), ("k1", True), (":k1", True), ("k1:k2", True), ("k2:k3", False), ("", False)):
        assert authorizes([{"basic": []}], {"authorization": basic(text)}, token="k1") is passes  # noqa: S106  made up
    assert not authorizes([{"basic": []}], {"authorization": basic("k1:") + b"?"}, token="k1")  # noqa: S106


def test_a_token_may_hold_a_blank() -> None:
    """Everything after the first blank is the token."""
    assert authorizes([{"bearer": []}], {"authorization": b"Bearer a b"}, token="a b")  # noqa: S106  made up


@pytest.mark.parametrize(
    ("query", "passes"),
    [
        ("Key=t%C3%B6k%C3%A9n:1", True),
        ("a=b&Key=t%C3%B6k%C3%A9n%3A1&Key=x", True),
        ("Key=x&Key=t%C3%B6k%C3%A9n:1", False),
        ("key=t%C3%B6k%C3%A9n:1", False),
        ("Key=", False),
        ("\xff", False),
        ("", False),
    ],
)
def test_a_key_in_the_query(query: str, passes: bool) -> None:
    """It is percent-decoded, and the first of several counts."""
    assert authorizes([{"query": []}], {}, query.encode("latin-1")) is passes


@pytest.mark.parametrize(
    ("cookie", "passes"),
    [
        (b"Session=" + RAW, True),
        (b'a=b; Session="' + RAW + b'"', True),
        (b" Session = " + RAW + b" ;a=b", True),
        (b"a/b=1; c[d]=2; junk; Session=" + RAW, True),
        (b"Session=" + RAW + b"; Session=x", False),
        (b"session=" + RAW, False),
        (b"Session", False),
        (b"", False),
    ],
)
def test_a_key_in_a_cookie(cookie: bytes, passes: bool) -> None:
    """Other cookies do not matter."""
    assert authorizes([{"cookie": []}], {"cookie": cookie}) is passes
    assert not authorizes([{"cookie": []}], {})


def test_a_key_in_a_header() -> None:
    """The header's name ignores case, the key is exact."""
    for scheme in ("header", "named"):
        security: Any = [{scheme: []}]
        assert authorizes(security, {"x-kéy": RAW})
        assert not authorizes(security, {"x-kéy": RAW + b" "})
        assert not authorizes(security, {"x-key": RAW})


@pytest.mark.parametrize(
    ("security", "passes"),
    [
        ([], True),
        ([{}], True),
        ([{"named": []}, {}], True),
        ([{"named": []}], False),
        ([{"bearer": []}], True),
        ([{"named": []}, {"bearer": []}], True),
        ([{"bearer": []}, {"named": []}], True),
        ([{"bearer": [], "named": []}], False),
        ([{"named": [], "bearer": []}], False),
        ([{"bearer": [], "oauth": []}], True),
    ],
)
def test_alternative_and_combined_requirements(security: Any, passes: bool) -> None:
    """One alternative suffices, and all of its schemes are needed."""
    assert authorizes(security, {"authorization": b"Bearer " + RAW}) is passes


def test_the_names_that_carry_credentials() -> None:
    """In lower case, and only those that operations use."""
    everything: dict[str, list[str]] = {name: [] for name in ("bearer", "basic", "header", "query", "cookie")}
    assert guard([everything]).names == {"authorization", "x-kéy", "key"}
    assert guard([{"query": []}]).names == {"key"}
    assert guard([{"oauth": []}]).names == {"authorization"}
    assert guard([]).names == set()


@pytest.mark.parametrize("schemes", [SCHEMES, None])
def test_a_scheme_that_is_not_defined_is_an_error(schemes: Any) -> None:
    """If an operation requires it."""
    with pytest.raises(SpecError, match="'no' is required by an operation but not defined"):
        guard([{"no": []}], schemes=schemes)


@pytest.mark.parametrize("name", ["tls", "digest", "odd", "odder"])
def test_a_scheme_that_needs_more_than_a_token_is_not_checked(name: str) -> None:
    """The provenance says so."""
    assert guard([{name: []}]).unchecked == [name]
    assert authorizes([{name: []}], {})
    assert not authorizes([{name: [], "bearer": []}], {})
    sandbox = Sandbox(
        {
            "openapi": "3.0.0",
            "paths": {"/": {"get": {"responses": {}, "security": [{name: []}]}}},
            "components": {"securitySchemes": SCHEMES},
        }
    )
    assert [each for each in sandbox.provenance() if f"the security scheme {name} are not checked" in each]


def test_where_an_operation_may_be_given_a_key() -> None:
    """Names in lower case, for every kind of key."""
    security: Any = [{"header": [], "query": []}, {"cookie": []}, {}]
    (operation,) = spec_of({"/": {"get": {"responses": {}, "security": security}}}).operations
    found = guard(security).carriers(operation)
    assert found == {("header", "x-k\xe9y"), ("query", "key"), ("cookie", "session")}
