"""Where the requests of an operation carry the token, by the document's security schemes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rulewright.generate.source import literal
from rulewright.openapi.parameters import resolved


def credentials(document: Any, operation: Any) -> str:
    """Return the source of an operation's credentials: the first alternative whose schemes a single token can serve."""
    alternatives = operation.get("security", document.get("security", []))
    schemes = document.get("components", {}).get("securitySchemes", {})
    for alternative in alternatives if isinstance(alternatives, list) else ():
        carriers = [_carrier(resolved(document, schemes.get(name))) for name in alternative]
        if all(carriers):
            return "(" + "".join(f"{carrier}, " for carrier in carriers) + ")"
    return "()"


def joined(given: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return the query parameters, of some, whose values the document wants in one, joined by commas."""
    return tuple(
        parameter["name"]
        for parameter in given
        if parameter.get("in") == "query"
        and parameter.get("explode") is False
        and parameter.get("style", "form") == "form"
    )


def unspoken(given: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield what is asked of parameters that no request of the client would carry so."""
    plain = {"query": "form", "cookie": "form", "path": "simple", "header": "simple"}
    for parameter in given:
        if parameter.get("in") == "querystring":
            yield f"the parameter {parameter.get('name')} is a whole query string"
            continue
        style = parameter.get("style", plain.get(parameter.get("in", "")))
        if style != plain.get(parameter.get("in", "")):
            yield f"the {parameter.get('in')} parameter {parameter.get('name')} has the style {style}"


def _carrier(scheme: Any) -> str | None:
    if not isinstance(scheme, dict):
        return None
    kind, word = scheme.get("type"), str(scheme.get("scheme", "")).lower()
    if kind == "apiKey" and isinstance(scheme.get("name"), str) and scheme.get("in") in {"header", "query", "cookie"}:
        return f"Credential({literal(scheme['in'])}, {literal(scheme['name'])}, '')"
    if kind in {"oauth2", "openIdConnect"} or (kind == "http" and word == "bearer"):
        return "Credential('header', 'Authorization', 'bearer')"
    return "Credential('header', 'Authorization', 'basic')" if kind == "http" and word == "basic" else None
