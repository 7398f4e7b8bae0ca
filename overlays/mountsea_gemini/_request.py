"""Build the HTTP request of an operation."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

from mountsea_gemini_api._operation import Operation

from ._errors import ConfigurationError
from ._exchange import Request
from ._settings import Settings


def request(settings: Settings, operation: Operation, **arguments: Any) -> tuple[Request, Any]:
    """Return the HTTP request of an operation and the value its body was made from.

    Raises:
        ConfigurationError: An argument cannot be put into a request.
    """
    made = operation.request(**arguments)
    url = settings.base_url + made["url"]
    headers = {"Accept": "application/json", **made.get("headers", {})}
    try:
        if made.get("params"):
            url += "?" + urlencode(made["params"], doseq=True)
        content = as_json(made["json"]) if "json" in made else None
    except (TypeError, ValueError, RecursionError) as error:
        why = settings.redact(str(error), limit=200)
        raise ConfigurationError(f"{operation.id} cannot be sent: {why}; nothing was sent") from None
    return Request(made["method"].upper(), url, headers, content), made.get("json")


def as_json(value: Any) -> bytes:
    """Return `value` as the bytes that are sent: nothing added, nothing escaped that need not be."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
