"""When to come back."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from gateway.fhir.patience import Patience, asked_wait

NOW = datetime(2026, 11, 6, 8, 49, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        pytest.param({}, None, id="not asked"),
        pytest.param({"Retry-After": "120"}, 120.0, id="seconds"),
        pytest.param({"Retry-After": " 0 "}, 0.0, id="at once"),
        pytest.param({"Retry-After": "-5"}, None, id="negative"),
        pytest.param({"Retry-After": "1.5"}, None, id="fraction"),
        pytest.param({"Retry-After": "soon"}, None, id="word"),
        pytest.param({"Retry-After": "9" * 400}, 999999999.0, id="absurd"),
        pytest.param({"Retry-After": "Fri, 06 Nov 2026 08:50:07 GMT"}, 60.0, id="date"),
        pytest.param({"Retry-After": "Fri, 06 Nov 2026 08:00:00 GMT"}, 0.0, id="date gone by"),
        pytest.param(
            {
                "Retry-After": "Fri, 06 Nov 2026 10:50:17 GMT",
                "Date": "Fri, 06 Nov 2026 10:50:07 GMT",
            },
            10.0,
            id="date by the server's own clock",
        ),
        pytest.param({"Retry-After": "Fri, 99 Foo 2026 08:50:07 GMT"}, None, id="no such date"),
    ],
)
def test_retry_after(headers: dict[str, str], seconds: float | None) -> None:
    assert asked_wait(headers, NOW) == seconds


def test_waits_double_and_differ() -> None:
    least, most = Patience(chance=lambda: 0.0), Patience(chance=lambda: 1.0)
    assert [most.pause(n) for n in (1, 2, 3)] == [0.25, 0.5, 1.0]
    assert [least.pause(n) for n in (1, 2, 3)] == [0.125, 0.25, 0.5]
    assert most.pause(99) == 60.0


def test_what_the_server_asks_is_kept() -> None:
    assert Patience(chance=lambda: 0.0).pause(1, 7.0) == 7.0
    assert 7.0 < Patience(chance=lambda: 1.0).pause(1, 7.0) <= 7.5


def test_giving_up() -> None:
    patience = Patience(attempts=3, longest_s=10.0)
    assert [patience.spent(n) for n in (1, 2, 3)] == [False, False, True]
    assert patience.spent(1, 11.0)
    assert not patience.spent(1, 10.0)
