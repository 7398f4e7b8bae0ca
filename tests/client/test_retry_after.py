"""Parse Retry-After: seconds and HTTP dates, in any time zone."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from mountsea_gemini._answers import retry_after, utc

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
AT_HALF_PAST = (
    "Tue, 01 Jan 2030 12:30:00 GMT",
    "Tuesday, 01-Jan-30 12:30:00 GMT",
    "Tue Jan  1 12:30:00 2030",
    "Tue, 01 Jan 2030 14:30:00 +0200",
)


@pytest.fixture(params=["UTC0", "JST-9"])
def _zone(request: pytest.FixtureRequest) -> Iterator[None]:
    """Set the time zone to UTC, then to that of Tokyo."""
    set_zone = getattr(time, "tzset", lambda: None)  # Windows has no such thing
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("TZ", request.param)
        set_zone()
        yield
    set_zone()


@pytest.mark.usefixtures("_zone")
@pytest.mark.parametrize("header", AT_HALF_PAST)
def test_a_date_is_read_against_the_servers_own_clock(header: str) -> None:
    """A date without a zone is UTC, and an error of our clock does not matter."""
    headers = {"retry-after": header, "date": format_datetime(NOON, usegmt=True)}
    assert retry_after(headers, wall=0.0) == 1800.0


@pytest.mark.parametrize("sent", [{}, {"date": ""}, {"date": "noon"}])
def test_a_date_without_a_date_header_is_read_against_our_clock(sent: dict[str, str]) -> None:
    """Some servers send no Date."""
    assert retry_after({"retry-after": AT_HALF_PAST[0], **sent}, wall=NOON.timestamp()) == 1800.0


def test_seconds_and_past_dates() -> None:
    """Fractions are kept; a past date means zero."""
    assert [retry_after({"retry-after": value}, wall=0.0) for value in ("0", "7", " 1.5 ")] == [0.0, 7.0, 1.5]
    assert retry_after({"retry-after": AT_HALF_PAST[0]}, wall=NOON.timestamp() + 7200) == 0.0


def test_no_header_means_no_wait() -> None:
    """The caller keeps its own pace."""
    assert retry_after({"date": AT_HALF_PAST[0]}, wall=0.0) is None


@pytest.mark.usefixtures("_zone")
def test_times_are_shown_in_utc() -> None:
    """Errors show the same time on every machine."""
    shown = utc(NOON.timestamp())
    assert (shown, shown.utcoffset()) == (NOON, NOON.utcoffset())
