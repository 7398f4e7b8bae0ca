"""Reading Retry-After: seconds and the three forms of an HTTP date, whatever clock and zone this machine has."""

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
    """This machine stands in Greenwich, then in Tokyo."""
    set_zone = getattr(time, "tzset", lambda: None)  # Windows has no such thing
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("TZ", request.param)
        set_zone()
        yield
    set_zone()


@pytest.mark.usefixtures("_zone")
@pytest.mark.parametrize("header", AT_HALF_PAST)
def test_a_date_is_read_against_the_servers_own_clock(header: str) -> None:
    """A date without a zone is Greenwich's, and how wrong our clock is does not matter."""
    headers = {"retry-after": header, "date": format_datetime(NOON, usegmt=True)}
    assert retry_after(headers, wall=0.0) == 1800.0


@pytest.mark.parametrize("sent", [{}, {"date": ""}, {"date": "noon"}])
def test_a_date_beside_no_other_is_read_against_our_clock(sent: dict[str, str]) -> None:
    """Servers have to say when they answered; some do not."""
    assert retry_after({"retry-after": AT_HALF_PAST[0], **sent}, wall=NOON.timestamp()) == 1800.0


def test_seconds_are_taken_as_they_are_and_a_moment_gone_by_is_now() -> None:
    """Fractions too; no wait is shorter than none."""
    assert [retry_after({"retry-after": value}, wall=0.0) for value in ("0", "7", " 1.5 ")] == [0.0, 7.0, 1.5]
    assert retry_after({"retry-after": AT_HALF_PAST[0]}, wall=NOON.timestamp() + 7200) == 0.0


def test_no_header_asks_for_nothing() -> None:
    """The caller's own pace applies."""
    assert retry_after({"date": AT_HALF_PAST[0]}, wall=0.0) is None


@pytest.mark.usefixtures("_zone")
def test_a_moment_is_shown_in_utc() -> None:
    """What an error says of when a submit was sent is the same on every machine."""
    shown = utc(NOON.timestamp())
    assert (shown, shown.utcoffset()) == (NOON, NOON.utcoffset())
