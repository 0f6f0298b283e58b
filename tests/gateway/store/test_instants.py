"""Partial dates as intervals, in UTC; what is no date is none."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.store import instants

SECOND = 1000
DAY = 86_400 * SECOND
SPANS = {
    "2024": 366 * DAY,
    "2023-02": 28 * DAY,
    "2024-12": 31 * DAY,
    "2024-02-29": DAY,
    "2024-02-29T10:00": 60 * SECOND,
    "2024-02-29T10:00:00": SECOND,
    "2024-02-29T10:00:00Z": SECOND,
    "2024-02-29T10:00:00+14:00": SECOND,
    "2024-02-29T10:00:00.5Z": 1,
    "2024-02-29T10:00:00.123456789Z": 1,
    "2016-12-31T23:59:60Z": SECOND,
    "9999": 365 * DAY,
    "9999-12-31": DAY,
}


@pytest.mark.parametrize(("text", "span"), SPANS.items(), ids=SPANS)
def test_a_date_is_as_wide_as_its_last_digit(text: str, span: int) -> None:
    ends = instants.interval(text)
    assert ends is not None
    assert ends[1] - ends[0] == span


@pytest.mark.parametrize(
    "text",
    ["", "24", "2024-13", "2024-02-30", "2024-1-1", "2024-01-01T25:00:00Z", "2024-01-01T10",
     "0000", "2024-01-01T10:00:00+25:00", "2024-01-01 ", "x2024", "２０２４"],
)  # fmt: skip
def test_what_is_no_date_is_none(text: str) -> None:
    assert instants.interval(text) is None


def test_an_offset_is_an_instant() -> None:
    assert instants.interval("2024-03-01T10:00:00+01:00") == instants.interval(
        "2024-03-01T09:00:00Z"
    )


@given(st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC)))  # noqa: DTZ001
def test_what_was_written_is_read_back(moment: datetime) -> None:
    instant = (moment - instants.EPOCH) // instants.MILLISECOND
    assert instants.interval(instants.written(instant)) == (instant, instant + 1)
