"""Where the requests of an operation carry the token, by the document's security schemes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from scripts.emit.source import literal
from scripts.pointer import resolve


def credentials(document: Any, operation: Any) -> str:
    """Return the source of an operation's credentials: the first alternative whose schemes a single token can serve."""
    alternatives = operation.get("security", document.get("security", []))
    schemes = document.get("components", {}).get("securitySchemes", {})
    for alternative in alternatives if isinstance(alternatives, list) else ():
        carriers = [_carrier(resolved(document, schemes.get(name))) for name in alternative]
        if all(carriers):
            return "(" + "".join(f"{carrier}, " for carrier in carriers) + ")"
    return "()"


def joined(document: Any, given: Any) -> tuple[str, ...]:
    """Return the query parameters whose values the document wants in one, joined by commas."""
    return tuple(
        parameter["name"]
        for parameter in parameters(document, given)
        if parameter.get("in") == "query"
        and parameter.get("explode") is False
        and parameter.get("style", "form") == "form"
    )


def unspoken(document: Any, given: Any) -> Iterator[str]:
    """Yield what is asked of parameters that no request of the client would carry so."""
    plain = {"query": "form", "cookie": "form", "path": "simple", "header": "simple"}
    for parameter in parameters(document, given):
        style = parameter.get("style", plain.get(parameter.get("in", "")))
        if style != plain.get(parameter.get("in", "")):
            yield f"the {parameter.get('in')} parameter {parameter.get('name')} has the style {style}"


def parameters(document: Any, given: Any) -> Iterator[dict[str, Any]]:
    """Yield the parameters of a list, references followed."""
    for parameter in given if isinstance(given, list) else ():
        found = resolved(document, parameter)
        if isinstance(found, dict) and isinstance(found.get("name"), str):
            yield found


def _carrier(scheme: Any) -> str | None:
    if not isinstance(scheme, dict):
        return None
    kind, word = scheme.get("type"), str(scheme.get("scheme", "")).lower()
    if kind == "apiKey" and isinstance(scheme.get("name"), str) and scheme.get("in") in {"header", "query", "cookie"}:
        return f"Credential({literal(scheme['in'])}, {literal(scheme['name'])}, '')"
    if kind in {"oauth2", "openIdConnect"} or (kind == "http" and word == "bearer"):
        return "Credential('header', 'Authorization', 'bearer')"
    return "Credential('header', 'Authorization', 'basic')" if kind == "http" and word == "basic" else None


def resolved(document: Any, value: Any) -> Any:
    """Follow references; return None where one leads nowhere."""
    for _ in range(32):
        if not isinstance(value, dict) or not isinstance(value.get("$ref"), str):
            break
        try:
            value = resolve(document, value["$ref"])
        except (LookupError, ValueError):
            return None
    return value
