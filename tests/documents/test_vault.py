"""Where requests of a document with several servers and credentials go, and which tokens they carry."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import yaml

from tests.documents.test_styles import Shapes, client_of

pytestmark = pytest.mark.xdist_group("styles")
DOCUMENT = """
openapi: 3.0.3
info: {title: Vault, version: 1.0.0}
servers:
- url: https://{region}.example.com:{port}/{base}
  variables: {region: {default: eu, enum: [eu, us]}, port: {default: '8443'}, base: {default: v2}}
components:
  securitySchemes:
    app: {type: apiKey, in: header, name: X-App-Id}
    key: {type: apiKey, in: header, name: X-App-Key}
    bear: {type: http, scheme: bearer}
paths:
  /both: {get: {operationId: both, security: [{app: [], key: []}], responses: {'204': {description: ok}}}}
  /either: {get: {operationId: either, security: [{app: []}, {bear: []}], responses: {'204': {description: ok}}}}
  /maybe: {get: {operationId: maybe, security: [{}, {bear: []}], responses: {'204': {description: ok}}}}
  /none: {get: {operationId: none, security: [], responses: {'204': {description: ok}}}}
  /own:
    servers: [{url: https://other.example.com/x/}]
    get: {operationId: own, security: [{bear: []}], responses: {'204': {description: ok}}}
  /relative:
    get: {operationId: relative, servers: [{url: /v3}], security: [], responses: {'204': {description: ok}}}
"""


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shapes]:
    """The client."""
    yield from client_of(yaml.safe_load(DOCUMENT), tmp_path_factory.mktemp("vault"), "vault_shapes")


def sent(vault: Shapes, name: str, token: Any, **options: Any) -> httpx.Request:
    """Return the request of a call."""
    seen: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(204)

    with vault.package.Client(token, transport=httpx.MockTransport(handle), **options) as client:
        client.call(vault.operation(name))
    return seen[0]


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("none", "https://eu.example.com:8443/v2/none"),
        ("own", "https://other.example.com/x/own"),
        ("relative", "https://eu.example.com:8443/v3/relative"),
    ],
)
def test_an_operation_is_at_its_own_address(vault: Shapes, name: str, url: str) -> None:
    """The defaults of variables are filled in; whoever names another address means it for all operations."""
    assert str(sent(vault, name, "t").url) == url
    assert str(sent(vault, name, "t", base_url="https://h.example").url) == f"https://h.example/{name}"


@pytest.mark.parametrize(
    ("name", "token", "headers"),
    [
        ("both", {"app": "a", "key": "k"}, {"x-app-id": "a", "x-app-key": "k"}),
        ("either", {"bear": "b"}, {"authorization": "Bearer b"}),
        ("either", {"app": "a", "bear": "b"}, {"x-app-id": "a"}),
        ("either", "t", {"x-app-id": "t"}),
        ("maybe", {"app": "a"}, {}),
        ("maybe", "t", {"authorization": "Bearer t"}),
        ("none", "t", {}),
        ("own", "t", {"authorization": "Bearer t"}),
    ],
)
def test_each_credential_has_its_token(vault: Shapes, name: str, token: Any, headers: dict[str, str]) -> None:
    """By the name of its security scheme; an optional one is sent where there is a token."""
    request = sent(vault, name, token)
    carried = ("authorization", "x-app-id", "x-app-key")
    assert {each: request.headers[each] for each in carried if each in request.headers} == headers


def test_a_missing_token_is_named(vault: Shapes, monkeypatch: pytest.MonkeyPatch) -> None:
    """When an operation needs it; each may come from a variable of its own."""
    with pytest.raises(vault.package.ConfigurationError, match="both needs credentials"):
        sent(vault, "both", {"app": "a"})
    assert "authorization" not in sent(vault, "maybe", None).headers
    variable = vault.package._api.TOKEN_VARIABLE
    monkeypatch.setenv(f"{variable}_APP", "a")
    monkeypatch.setenv(f"{variable}_KEY", "k")
    assert sent(vault, "both", None).headers["x-app-key"] == "k"
