"""Read the Retry-After header (RFC 9110, section 10.2.3)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

# Fractions are not in the RFC, but servers send them and mean what they say.
_SECONDS: Final = re.compile(r"[0-9]{1,300}(?:\.[0-9]{1,300})?")
_DATE: Final = re.compile(r"[A-Z][a-z]{2,8},? .{10,40}")


def retry_after(headers: Mapping[str, str], wall: float) -> float | None:
    """Return how many seconds the server asks to wait, or None where it does not say so readably.

    Args:
        headers: The answer's headers, names in lower case.
        wall: Seconds since 1970, used for a date only where the answer bears no Date of its own: the
            server's clock against itself is right even when ours is not.
    """
    value = headers.get("retry-after", "").strip()
    if _SECONDS.fullmatch(value):
        return float(value)
    moment = _date(value)
    if moment is None:
        return None
    sent = _date(headers.get("date", "").strip())
    return max(0.0, moment - (wall if sent is None else sent))


def _date(value: str) -> float | None:
    if not _DATE.fullmatch(value):
        return None
    try:
        moment = parsedate_to_datetime(value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def utc(wall: float) -> datetime:
    """Return `wall` as a date people can read."""
    return datetime.fromtimestamp(wall, UTC)
