"""Requests made of a document alone: one that fits for each operation, and ones that do not."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote, urlencode

import httpx
from hypothesis import Phase, find, settings
from hypothesis.strategies import from_regex
from rulewright.openapi.pointer import resolve

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
UNSAID = ("accept", "authorization", "content-type")  # headers whose definition OpenAPI has ignored
TOKEN = "sandbox"  # noqa: S105  made up
QUICK = settings(database=None, deadline=None, max_examples=50, phases=[Phase.generate])
TEXTS = {
    "date-time": "2026-01-01T00:00:00Z",
    "date": "2026-01-01",
    "uri": "https://example.com/",
    "email": "someone@example.com",
    "uuid": "00000000-0000-4000-8000-000000000000",
}


@dataclass(frozen=True)
class Asked:
    """One request, before it is HTTP.

    Args:
        parameters: Values by place and name.
        body: The value of the body; None for no body.
        media: The body's media type.
        anonymous: Whether the credential is left out.
    """

    parameters: Mapping[tuple[str, str], Any]
    body: Any = None
    media: str | None = None
    anonymous: bool = False


@dataclass(frozen=True)
class Operation:
    """One operation of a document, with what its path item adds."""

    document: Mapping[str, Any] = field(repr=False)
    method: str
    path: str
    data: Mapping[str, Any] = field(repr=False)
    parameters: tuple[Mapping[str, Any], ...] = field(repr=False)

    @property
    def name(self) -> str:
        """The operationId, or method and path."""
        return str(self.data.get("operationId") or f"{self.method}{self.path}")

    @property
    def security(self) -> list[Any]:
        """The alternatives of credentials; empty for none."""
        found: list[Any] = self.data.get("security", self.document.get("security", []))
        return found

    @property
    def media(self) -> Mapping[str, Any]:
        """The request body's schemas by media type."""
        body = self.resolved(self.data.get("requestBody", {}))
        return {name: entry.get("schema", {}) for name, entry in body.get("content", {}).items()}

    @property
    def success(self) -> int:
        """The first documented success status."""
        codes = [code for code in self.data["responses"] if str(code)[0] in "2d"]
        return int(codes[0]) if str(codes[0]).isdecimal() else 200

    def resolved(self, value: Any) -> Any:
        """Follow references."""
        while isinstance(value, dict) and "$ref" in value:
            value = resolve(self.document, value["$ref"])
        return value

    def asked(self, body: Any = None) -> Asked:
        """Return a request with every required parameter, and a body if it takes one."""
        parameters = {
            (each["in"], each["name"]): sample(self, schema_of(each))
            for each in self.parameters
            if each.get("required")
        }
        if not self.media:
            return Asked(parameters)
        media, schema = next(iter(self.media.items()))
        return Asked(parameters, sample(self, schema) if body is None else body, media)

    def request(self, asked: Asked) -> httpx.Request:
        """Return a request as HTTP."""
        path = self.path
        query: list[tuple[str, str]] = []
        headers: dict[str, str] = {}
        cookies: dict[str, str] = {}
        for (place, name), value in asked.parameters.items():
            text = value if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)
            if place == "path":
                path = path.replace("{" + name + "}", quote(text, safe=""))
            elif place == "query":
                query += [(name, str(each)) for each in value] if isinstance(value, list) else [(name, text)]
            else:
                (headers if place == "header" else cookies)[name] = text
        for name in [] if asked.anonymous else next(iter(self.security), {}):
            _carry(self.resolved(self.document["components"]["securitySchemes"][name]), query, headers, cookies)
        url = f"{self.document['servers'][0]['url'].rstrip('/')}{path}"
        if query:
            url += "?" + urlencode(query)
        if asked.media is not None and not _is_encoded(asked.media):
            headers["Content-Type"] = asked.media
        return httpx.Request(self.method.upper(), url, headers=headers, cookies=cookies, **_content(asked))


def _carry(
    scheme: Mapping[str, Any], query: list[tuple[str, str]], headers: dict[str, str], cookies: dict[str, str]
) -> None:
    if scheme["type"] == "apiKey" and scheme["in"] == "query":
        query.append((scheme["name"], TOKEN))
    elif scheme["type"] == "apiKey":
        (headers if scheme["in"] == "header" else cookies)[scheme["name"]] = TOKEN
    elif scheme.get("scheme", "").lower() == "basic":
        headers["Authorization"] = "Basic " + base64.b64encode(f"{TOKEN}:".encode()).decode()
    else:
        headers["Authorization"] = f"Bearer {TOKEN}"


def _is_encoded(media: str) -> bool:
    return media in {"multipart/form-data", "application/x-www-form-urlencoded", "application/json"}


def _content(asked: Asked) -> dict[str, Any]:
    if asked.media is None:
        return {}
    if asked.media == "multipart/form-data":
        fields = [
            (name, each)
            for name, value in asked.body.items()
            for each in (value if isinstance(value, list) else [value])
        ]
        parts = [(name, (name if isinstance(value, bytes) else None, value)) for name, value in fields]
        return {"files": parts or {"nothing": (None, "")}}
    if asked.media == "application/x-www-form-urlencoded":
        return {"data": asked.body}
    if "json" in asked.media:
        return {"json": asked.body}
    return {"content": asked.body if isinstance(asked.body, bytes) else str(asked.body).encode()}


def operations(document: Mapping[str, Any]) -> Iterator[Operation]:
    """Yield every operation, its parameters joined with those of its path."""
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                found = Operation(document, method, path, item[method], ())
                given = [
                    found.resolved(each) for each in (*item.get("parameters", []), *item[method].get("parameters", []))
                ]
                merged = {(each["in"], each["name"]): each for each in given if each["name"].lower() not in UNSAID}
                yield replace(found, parameters=tuple(merged.values()))


def schema_of(parameter: Mapping[str, Any]) -> Any:
    """Return the schema of a parameter."""
    content = parameter.get("content", {})
    return parameter.get("schema") or next((media.get("schema", {}) for media in content.values()), {})


def sample(operation: Operation, schema: Any, depth: int = 0) -> Any:
    """Return a value that fits a schema: what it shows, or the plainest thing with the required properties only."""
    schema = operation.resolved(schema)
    for keyword in ("example", "const"):
        if keyword in schema:
            return schema[keyword]
    for keyword in ("examples", "enum"):
        if schema.get(keyword):
            return schema[keyword][0]
    for keyword in ("oneOf", "anyOf"):
        if schema.get(keyword) and depth < 8:
            chosen = sample(operation, schema[keyword][0], depth + 1)
            return {**_object(operation, schema, depth), **chosen} if isinstance(chosen, dict) else chosen
    return _by_type(operation, schema, depth)


def _by_type(operation: Operation, schema: Mapping[str, Any], depth: int) -> Any:
    kind = schema.get("type", "object" if {"properties", "allOf", "required"} & set(schema) else "string")
    kind = next(each for each in kind if each != "null") if isinstance(kind, list) else kind
    if kind == "object":
        return _object(operation, schema, depth)
    if kind == "array":
        return [sample(operation, schema.get("items", {}), depth + 1)] * max(1, schema.get("minItems", 0))
    if kind == "boolean":
        return True
    if kind in {"integer", "number"}:
        low = schema.get("minimum", schema.get("exclusiveMinimum", 0))
        return (low if "minimum" in schema else low + 1) if not isinstance(low, bool) else 1
    if schema.get("format") == "binary":
        return b"bytes"
    if "pattern" in schema:
        return find(from_regex(schema["pattern"]), lambda text: text.isascii() and text.isprintable(), settings=QUICK)
    text = TEXTS.get(schema.get("format", ""), "text")
    return text.ljust(schema.get("minLength", 0), "x")[: schema.get("maxLength")]


def _object(operation: Operation, schema: Mapping[str, Any], depth: int) -> dict[str, Any]:
    properties, required = _parts(operation, schema)
    return {name: sample(operation, properties.get(name, {}), depth + 1) for name in required}


def _parts(operation: Operation, schema: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    properties, required = dict(schema.get("properties", {})), list(schema.get("required", []))
    for part in schema.get("allOf", []):
        more, names = _parts(operation, operation.resolved(part))
        properties = {**properties, **{name: {**properties.get(name, {}), **each} for name, each in more.items()}}
        required += [name for name in names if name not in required]
    return properties, required
