"""Times as whole milliseconds UTC: now, written, and the interval that a partial date means."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta
from functools import lru_cache

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
DATE = re.compile(
    r"(?P<year>\d{4})(?:-(?P<month>\d\d)(?:-(?P<day>\d\d)(?:[T ](?P<time>\d\d:\d\d)"
    r"(?P<second>:\d\d)?(?P<part>\.\d+)?(?P<zone>Z|[+-]\d\d:\d\d)?)?)?)?\Z",
    re.ASCII,
)
BEGINNING, END = -62_135_596_800_000, 253_402_300_800_000
"""The years 1 and 10000: where an open interval begins and ends."""


def now() -> int:
    """Return the present instant."""
    return time.time_ns() // 1_000_000


@lru_cache(1024)
def written(instant: int) -> str:
    """Return a FHIR instant in UTC.

    >>> written(1_583_053_200_500)
    '2020-03-01T09:00:00.500Z'
    """
    return moment(instant).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment(instant: int) -> datetime:
    """Return an instant as a datetime in UTC."""
    return EPOCH + instant * MILLISECOND


@lru_cache(16384)
def interval(text: str) -> tuple[int, int] | None:
    """Return first instant and first instant after of a partial date or time; None if it is none.

    Without an offset UTC is meant.

    >>> interval("2020-02")
    (1580515200000, 1583020800000)
    """
    match = DATE.match(text)
    if match is None:
        return None
    try:
        return bounds(match)
    except (ValueError, OverflowError):
        return None


def bounds(match: re.Match[str]) -> tuple[int, int]:
    """Return the interval of a date that has the right form."""
    year, month, day = (int(match[part] or 1) for part in ("year", "month", "day"))
    if match["time"]:
        return bounds_of_time(match)
    start = datetime(year, month, day, tzinfo=UTC)
    if match["day"]:
        return since_epoch(start), since_epoch(start) + 86_400_000
    if match["month"]:
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    else:
        year += 1
    end = since_epoch(datetime(year, month, 1, tzinfo=UTC)) if year <= 9999 else END
    return since_epoch(start), end


def bounds_of_time(match: re.Match[str]) -> tuple[int, int]:
    """Return the interval of a date with a time, as wide as its last digit."""
    day = match[0][:10]
    second, part = match["second"] or ":00", match["part"] or ""
    leap = second == ":60"
    first = datetime.fromisoformat(
        f"{day}T{match['time']}{':59' if leap else second}{part[:7]}{match['zone'] or 'Z'}"
    )
    start = since_epoch(first) + (1000 if leap else 0)
    if part:
        return start, start + 1
    return start, start + (1000 if match["second"] else 60_000)


def since_epoch(at: datetime) -> int:
    """Return milliseconds since 1970, cut off."""
    return (at - EPOCH) // MILLISECOND
