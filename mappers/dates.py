"""FHIR dates as they are sent (partial, with or without a zone) and as instants to compare.

Dates of a resource are kept as text; `valid` says whether a text is a date at all and `instant`
gives the moment it stands for, so that ``23:30-03:30`` and ``12:00Z`` are ordered as they happened.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from terminology.records import JSON

DATE = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?", re.ASCII)
TIME = re.compile(
    r"T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,12}))?)?(Z|[+-](?:0\d|1[0-4]):[0-5]\d)?", re.ASCII
)
LONGEST = 40
"""No dateTime is longer."""
COMMON = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|[+-](?:0\d|1[0-3]):[0-5]\d)\Z", re.ASCII)


def valid(text: JSON) -> bool:
    """Say whether `text` is a FHIR date or dateTime that can exist.

    >>> [valid(text) for text in ("2018", "2018-03-12T10:00:00Z", "2018-02-30", "12.03.2018")]
    [True, True, False, False]
    """
    return isinstance(text, str) and instant(text) is not None


def valid_date(text: JSON) -> bool:
    """Say whether `text` is a FHIR date (year, month or day) without a time."""
    return isinstance(text, str) and "T" not in text and day(text) is not None


def day(text: str) -> date | None:
    """Return the first day of the year, month or day that the text begins with, or None."""
    found = DATE.fullmatch(text.partition("T")[0])
    if not found:
        return None
    year, month, number = found.groups()
    try:
        return date(int(year), int(month or 1), int(number or 1))
    except ValueError:
        return None


def instant(text: str) -> datetime | None:
    """Return the moment in UTC that a FHIR dateTime begins, None when the text is no dateTime.

    A time without a zone, which the specification forbids and servers send, is read as UTC.
    """
    return moment(text) if len(text) <= LONGEST else None


@lru_cache(maxsize=8192)
def moment(text: str) -> datetime | None:
    """Return what `instant` says of a text that is short enough to be kept."""
    if COMMON.match(text):  # at the speed of the C parser
        try:
            return datetime.fromisoformat(text).astimezone(UTC)
        except (ValueError, OverflowError):
            return None
    start = day(text)
    if start is None:
        return None
    clock = text.partition("T")
    if not clock[1]:
        return datetime(start.year, start.month, start.day, tzinfo=UTC) if is_whole(text) else None
    found = TIME.fullmatch(clock[1] + clock[2])
    return timed(start, found) if found and len(clock[0]) == 10 else None


def end(text: str) -> datetime | None:
    """Return the moment of a dateTime, or the last one of a year, month or day given alone.

    >>> end("2024-02").isoformat()
    '2024-02-29T23:59:59.999999+00:00'
    """
    start = instant(text)
    if start is None or "T" in text:
        return start
    following = {4: (1, 0), 7: (0, 1)}.get(len(text))
    if following is None:
        after = start + timedelta(days=1) if start.date() < date.max else None
    else:
        months = start.month - 1 + following[1] + 12 * following[0]
        year = start.year + months // 12
        after = start.replace(year=year, month=months % 12 + 1) if year <= 9999 else None
    return after - timedelta(microseconds=1) if after else datetime.max.replace(tzinfo=UTC)


def is_whole(text: str) -> bool:
    """Say that nothing follows the date."""
    return DATE.fullmatch(text) is not None


def timed(start: date, found: re.Match[str]) -> datetime | None:
    """Return the moment of a day and a matched time of day."""
    hour, minute, second, fraction, zone = found.groups()
    micro = int((fraction or "0").ljust(6, "0")[:6])
    try:
        clock = datetime(  # noqa: DTZ001 - the zone is taken off by the line after next
            start.year, start.month, start.day, int(hour), int(minute), int(second or 0), micro
        )
        return (clock - offset(zone)).replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def offset(zone: str | None) -> timedelta:
    """Return how far a zone such as ``+02:00`` is ahead of UTC."""
    if zone is None or zone == "Z":
        return timedelta()
    ahead = timedelta(hours=int(zone[1:3]), minutes=int(zone[4:6]))
    return -ahead if zone[0] == "-" else ahead
