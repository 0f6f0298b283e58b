"""FHIR dates: which can exist, which moment they are."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappers import dates

MOMENTS = {
    "2018": datetime(2018, 1, 1, tzinfo=UTC),
    "2018-03": datetime(2018, 3, 1, tzinfo=UTC),
    "2018-03-12": datetime(2018, 3, 12, tzinfo=UTC),
    "2018-03-12T10:00:00Z": datetime(2018, 3, 12, 10, tzinfo=UTC),
    "2018-03-12T23:30:00-03:30": datetime(2018, 3, 13, 3, tzinfo=UTC),
    "2018-03-12T00:15:00.250+13:45": datetime(2018, 3, 11, 10, 30, 0, 250000, tzinfo=UTC),
    "2018-03-12T10:00": datetime(2018, 3, 12, 10, tzinfo=UTC),
    "2018-03-12T10:00:00": datetime(2018, 3, 12, 10, tzinfo=UTC),
    "2018-03-12T10:00:00.1234567890Z": datetime(2018, 3, 12, 10, 0, 0, 123456, tzinfo=UTC),
}
NONE = [
    *("", "12.03.2018", "2018-02-30", "2018-13", "0000", "20180312", "2018-3-1", "2018-03-12T"),
    *("2018-03-12T24:00:00Z", "2018-03-12T10:60:00Z", "2018-03-12T10:00:60Z", "2018T10:00:00Z"),
    *("20180312T100000+0200", "2018-W10-1T10:00:00Z", "2018-03-12 10:00:00+02:00", "${DATE}"),
    *("2018-03-12T10:00:00+15:00", "2018-03-12T10:00:00z", "٢٠١٨-٠٣-١٢", "2018-03-12\n"),
    *("0001-01-01T00:00:00+02:00", "9999-12-31T23:59:59-02:00"),
]


@pytest.mark.parametrize(("text", "moment"), MOMENTS.items(), ids=MOMENTS)
def test_moments(text: str, moment: datetime) -> None:
    assert dates.instant(text) == moment
    assert dates.valid(text)


@pytest.mark.parametrize("text", NONE)
def test_what_is_no_date(text: str) -> None:
    assert dates.instant(text) is None


@pytest.mark.parametrize("value", [None, 2018, ["2018"], {}, True])
def test_what_is_no_text_is_no_date(value: object) -> None:
    assert not dates.valid(value)
    assert not dates.valid_date(value)


def test_a_birth_date_has_no_time() -> None:
    assert [
        dates.valid_date(t) for t in ("1980", "1980-05", "1980-05-12", "1980-05-12T00:00:00Z")
    ] == [
        *[True] * 3,
        False,
    ]


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("2024", datetime(2024, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)),
        ("2024-12", datetime(2024, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)),
        ("2024-02", datetime(2024, 2, 29, 23, 59, 59, 999999, tzinfo=UTC)),
        ("2024-05-01", datetime(2024, 5, 1, 23, 59, 59, 999999, tzinfo=UTC)),
        ("2024-05-01T08:00:00Z", datetime(2024, 5, 1, 8, tzinfo=UTC)),
        ("9999", datetime.max.replace(tzinfo=UTC)),
        ("9999-12", datetime.max.replace(tzinfo=UTC)),
        ("9999-12-31", datetime.max.replace(tzinfo=UTC)),
    ],
)
def test_the_end_of_a_partial_date(text: str, end: datetime) -> None:
    assert dates.end(text) == end


@given(
    st.datetimes(datetime.fromisoformat("0002-01-02"), datetime.fromisoformat("9998-12-30")),
    st.integers(-12 * 60, 13 * 60),
)
def test_what_python_writes_is_read_as_itself(moment: datetime, minutes: int) -> None:
    zoned = moment.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    assert dates.instant(zoned.isoformat()) == zoned


@given(st.text(max_size=30))
def test_no_text_raises(text: str) -> None:
    dates.instant(text)
    dates.end(text)
