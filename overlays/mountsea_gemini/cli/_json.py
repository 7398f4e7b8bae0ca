"""Read a request somebody wrote as JSON."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from ._package import ConfigurationError, printable


def read_object(data: bytes, name: str, line: int | None = None) -> dict[str, Any]:
    """Return the JSON object that some bytes hold.

    Args:
        data: The text, in UTF-8.
        name: What it was read from, for messages.
        line: 1-based line it stands on, where it is one line of a file.

    Raises:
        ConfigurationError: It is no JSON object; names the place.
    """
    place = name if line is None else f"{name}:{line}"
    try:
        found = json.loads(data, parse_constant=_no_json)
    except json.JSONDecodeError as error:
        at = f"{name}:{error.lineno if line is None else line}:{error.colno}"
        raise ConfigurationError(f"{at}: is not JSON: {error.msg}") from None
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"{place}: is not JSON: {printable(str(error))[:200]}") from None
    if not isinstance(found, dict):
        raise ConfigurationError(f"{place}: a request is a JSON object, got {type(found).__name__}")
    return found


def _no_json(word: str) -> NoReturn:
    raise ValueError(f"there is no {word} in JSON")
