"""Primitive types: what fits and what does not, by the specification's own words."""

from __future__ import annotations

import base64
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.fhir.primitives import CHECKS

FITS: dict[str, list[Any]] = {
    "boolean": [True, False],
    "decimal": [0, 1, -5, Decimal("0.120"), Decimal("1E-7"), 1.5],
    "integer": [0, -2147483648, 2147483647],
    "unsignedInt": [0, 2147483647],
    "positiveInt": [1, 2147483647],
    "integer64": ["0", "-9223372036854775808", "9000000000"],
    "string": ["a", " ", "a\nb\tc\r", "\u00e4\u4e2d\U0001f600", "a" * 1048576],
    "markdown": ["# a\n\nb"],
    "code": ["a", "a b", "A-1.2", "<="],
    "id": ["a", "A-z.0", "x" * 64],
    "uri": [
        *("http://a.org/b?c=d#e", "urn:oid:1.2.840", "urn:a:b", "a", "#c"),
        "urn:uuid:53fefa32-fcbb-4ff8-8a92-55ee120877b7",
        "urn:uuid:53FEFA32-FCBB-4FF8-8A92-55EE120877B7",
    ],
    "url": ["https://a.org", "mailto:a@b.org"],
    "canonical": ["http://a.org/b|1.0#c", "#a", "Questionnaire/1"],
    "oid": ["urn:oid:2.16.840.1.113883", "urn:oid:1.0"],
    "uuid": ["urn:uuid:53fefa32-fcbb-4ff8-8a92-55ee120877b7"],
    "date": ["1970", "1970-12", "2020-02-29", "0001-01-01"],
    "dateTime": [
        *("1970", "1970-12", "2020-02-29", "2020-02-29T00:00:00Z", "2020-01-01T23:59:60+14:00"),
        *("2020-01-01T10:00:00.123456789-13:59", "2000-02-29T10:00:00+00:00"),
    ],
    "instant": ["2020-02-29T00:00:00Z", "2020-01-01T10:00:00.1+02:00"],
    "time": ["00:00:00", "23:59:59.999"],
    "base64Binary": ["YQ==", "YWJj", "YW\nJj", "AA=="],
}
MISFITS: dict[str, list[Any]] = {
    "boolean": ["true", 1, 0, None, [], {}],
    "decimal": ["1.5", True, None, float("nan"), float("inf"), []],
    "integer": [2147483648, -2147483649, 1.0, Decimal(1), "1", True, None],
    "unsignedInt": [-1, "0", False],
    "positiveInt": [0, -1, True],
    "integer64": [1, "1.0", "", "01", "9" * 20],
    "string": ["", 5, True, None, ["a"], {"a": 1}, "a\x00", "\x1b", "\ufffe", "a" * 1048577],
    "markdown": ["", 1],
    "code": ["", " a", "a ", "a  b", "a\n\nb", 5],
    "id": ["", "a b", "a_b", "x" * 65, "a/b", "\u00e4", "a\n", 5],
    "uri": [
        *("", "a b", " ", "urn:uuid:1", "urn:oid:1.2.x", "urn:oid:3.1", "urn:oid:1.02", 5),
        "http://a.org/\n",
    ],
    "canonical": ["", "bogus", "http://a b", 5],
    "oid": ["1.2.3", "urn:oid:1", "urn:uuid:1"],
    "uuid": ["urn:uuid:53FEFA32-fcbb-4ff8-8a92-55ee120877b7", "53fefa32"],
    "date": [
        *("", "0000", "70", "1970-13", "1970-00", "1970-1-1", "2021-02-29", "1900-02-29"),
        *("2020-04-31", "19700101", "1970-01-01T00:00:00Z", "1970-01-01\n", " 1970", 1970, None),
    ],
    "dateTime": [
        *("2020-01-01T10:00:00", "2020-01-01T10:00Z", "2020-01-01T24:00:00Z", "2021-02-29"),
        *("2020-01-01 10:00:00Z", "2020-01-01T10:00:00+15:00", "2020-01-01T10:00:00+2:00"),
        *("2020-06-31T10:00:00Z", "2020-01-01T10:60:00Z", "2020-01T10:00:00Z", "01/02/2020"),
        "\u0662\u0660\u0662\u0660",
    ],
    "instant": ["2020", "2020-01-01", "2020-01-01T10:00:00", "2021-02-29T10:00:00Z"],
    "time": ["10:00", "24:00:00", "10:00:00Z", "1:00:00"],
    "base64Binary": ["YQ", "Y===", "a b c", "\u00e4\u00e4\u00e4\u00e4", "", 5, "YQ==YQ=="],
}


@pytest.mark.parametrize(
    ("kind", "value"), [(kind, value) for kind, values in FITS.items() for value in values]
)
def test_fits(kind: str, value: Any) -> None:
    assert all(problem.local is not None for problem in CHECKS[kind](value) or ())


@pytest.mark.parametrize(
    ("kind", "value"), [(kind, value) for kind, values in MISFITS.items() for value in values]
)
def test_does_not_fit(kind: str, value: Any) -> None:
    for _ in range(2):  # nothing wrong is remembered as right
        (problem,) = CHECKS[kind](value) or ()
        assert problem.local is None
        assert problem.severity == "error"


@given(st.dates())
def test_every_day_of_the_calendar_is_a_date(day: date) -> None:
    assert CHECKS["date"](day.isoformat()) is None
    assert CHECKS["dateTime"](day.isoformat()) is None


OFFSETS = st.integers(-13 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.datetimes(timezones=OFFSETS | st.just(UTC)))
def test_every_instant_is_one(moment: datetime) -> None:
    assert CHECKS["instant"](moment.isoformat()) is None
    assert CHECKS["dateTime"](moment.isoformat().replace("+00:00", "Z")) is None


@given(st.integers(1, 9999), st.integers(1, 12), st.integers(1, 31))
def test_only_days_of_the_calendar_are(year: int, month: int, day: int) -> None:
    try:
        exists = bool(date(year, month, day))
    except ValueError:
        exists = False
    text = f"{year:04}-{month:02}-{day:02}"
    assert (CHECKS["date"](text) is None) == exists
    assert (CHECKS["dateTime"](f"{text}T10:00:00Z") is None) == exists


@given(st.binary(min_size=1))
def test_all_base64_is_read(content: bytes) -> None:
    assert CHECKS["base64Binary"](base64.b64encode(content).decode()) is None


@given(st.text() | st.integers() | st.none() | st.lists(st.text()), st.sampled_from([*CHECKS]))
def test_no_value_makes_a_check_trip(value: Any, kind: str) -> None:
    assert CHECKS[kind](value) is None or CHECKS[kind](value)
