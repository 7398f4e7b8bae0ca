"""Build the HTTP request of an operation."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode

from ._errors import ConfigurationError
from ._exchange import Request
from ._operation import Operation
from ._settings import Settings

FORM: Final = "application/x-www-form-urlencoded"


def request(settings: Settings, operation: Operation[..., Any], **arguments: Any) -> tuple[Request, Any]:
    """Return the HTTP request of an operation and the value its body was made from.

    Raises:
        ConfigurationError: An argument cannot be put into a request.
    """
    try:
        made = operation.request(**arguments)
        url = settings.base_url + made["url"]
        kind, content = _content(made)
        headers = {"Accept": "application/json", **made.get("headers", {}), **kind}
        if made.get("cookies"):
            headers["Cookie"] = "; ".join(f"{name}={quote(str(value))}" for name, value in made["cookies"].items())
        if made.get("params"):
            url += "?" + urlencode(_parameters(operation, made["params"]), doseq=True)
    except (TypeError, ValueError, RecursionError, AttributeError) as error:
        why = settings.redact(str(error), limit=200)
        raise ConfigurationError(f"{operation.id} cannot be sent: {why}; nothing was sent") from None
    value = made.get("json", made.get("data"))
    return Request(made["method"].upper(), url, headers, content, operation.credentials), value


def _parameters(operation: Operation[..., Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return query parameters as they are written: booleans as JSON has them, some lists in one."""
    found = {name: _text(value) for name, value in given.items()}
    return {name: ",".join(map(str, value)) if name in operation.joined else value for name, value in found.items()}


def _text(value: Any) -> Any:
    if isinstance(value, list):
        return [_text(item) for item in value]
    return ("true" if value else "false") if isinstance(value, bool) else value


def _content(made: Mapping[str, Any]) -> tuple[dict[str, str], bytes | None]:
    """Return the header that names a body's kind, where the builder did not, and the body."""
    if "json" in made:
        return {}, as_json(made["json"])
    if "data" in made:
        fields = [field for name, value in made["data"].items() for field in _field(name, value)]
        return {"Content-Type": FORM}, urlencode(fields).encode()
    if "content" in made:
        content = made["content"]
        return {}, content if isinstance(content, bytes) else bytes(content.read())
    if "files" in made:
        from ._http import in_parts

        content_type, content = in_parts(made["files"])
        return {"Content-Type": content_type}, content
    return {}, None


def _field(name: str, value: Any) -> Iterator[tuple[str, str]]:
    """Yield a field of a form: lists are repeated; what is nested is named `outer[inner]`, in a list `outer[0][in]`."""
    if isinstance(value, Mapping):
        for inner, child in value.items():
            yield from _field(f"{name}[{inner}]", child)
    elif isinstance(value, list | tuple):
        nested = any(isinstance(item, Mapping | list | tuple) for item in value)
        for index, item in enumerate(value):
            yield from _field(f"{name}[{index}]" if nested else name, item)
    elif value is not None:
        yield name, str(_text(value))


def as_json(value: Any) -> bytes:
    """Return `value` as the bytes that are sent: nothing added, nothing escaped that need not be."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
