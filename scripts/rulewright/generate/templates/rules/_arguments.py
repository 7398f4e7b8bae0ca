"""The arguments of a call, which the rules of an operation's parameters look at."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from ..types import UNSET


class Arguments(dict[str, Any]):
    """The arguments of one call by keyword, with the defaults that the call fills in."""


def plain(value: Any) -> Any:
    """Return an argument as the JSON value that the document speaks of; what is not sent is `UNSET`."""
    if value is None:
        return UNSET
    if isinstance(value, (dt.date, dt.datetime)):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    return [plain(item) for item in value] if isinstance(value, (list, tuple)) else value
