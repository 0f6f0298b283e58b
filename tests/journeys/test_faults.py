"""The whole chain over HTTP, with each fault of the server: the same result, or it is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.journeys.conftest import Chain

HARMLESS = [
    "throttle",
    "throttle-date",
    "unavailable",
    "slow:every=7,times=2",
    "drop",
    "next-elsewhere",
    "next-gone",
    "next-loop",
    "next-elsewhere:every=1",
    "next-loop:every=1",
    "next-gone:every=1",
    "wrong-total",
    "ignored-parameter",
    "duplicate-entries",
]


def test_undisturbed_everybody_has_a_risk_or_a_reason(undisturbed: dict[str, Any]) -> None:
    people = {gid for kind, gid, _ in undisturbed["resources"] if kind == "Patient"}
    assessed = {one[1] for one in undisturbed["assessments"]}
    refused = {one[0] for one in undisturbed["refusals"]}
    assert len(people) == 12
    assert people == assessed | refused
    assert assessed
    identifiers = {one[0] for one in undisturbed["assessments"]}
    assert {id_ for kind, id_, _ in undisturbed["there"] if kind == "RiskAssessment"} == identifiers
    assert {version for _, _, version in undisturbed["there"]} == {1}


@pytest.mark.parametrize("fault", HARMLESS)
def test_a_fault_changes_nothing(
    chain: Callable[..., Chain], undisturbed: dict[str, Any], fault: str
) -> None:
    one = chain(fault)
    one.go()
    assert one.state() == undisturbed
    again = one.go()
    assert (again[1].written, again[1].others_written) == (0, 0)
    assert one.state() == undisturbed


def test_several_faults_at_once(chain: Callable[..., Chain], undisturbed: dict[str, Any]) -> None:
    one = chain("throttle:every=4", "drop:every=5", "duplicate-entries", "wrong-total")
    one.go()
    assert one.state() == undisturbed


def test_an_invalid_entry_is_told_and_the_rest_is_the_same(
    chain: Callable[..., Chain], undisturbed: dict[str, Any]
) -> None:
    one = chain("invalid-entry")
    pulled, _ = one.go()
    assert one.state() == undisturbed
    assert pulled.failures
    assert {reason for _, reason in one.page_findings()} == {"malformed"}
    one.sandbox.faults.set([])
    pulled, _ = one.go(full=True)
    assert pulled.failures == []
    assert one.page_findings() == []
    assert one.state() == undisturbed


@pytest.mark.parametrize("mode", ["put", "conditional", "transaction"])
def test_each_way_to_write_ends_alike(
    chain: Callable[..., Chain], undisturbed: dict[str, Any], mode: str
) -> None:
    one = chain(write_back=mode)
    one.go()
    number = {kind: sum(1 for row in one.there() if row[0] == kind) for kind, *_ in one.there()}
    wanted = undisturbed["there"]
    assert number == {kind: sum(1 for row in wanted if row[0] == kind) for kind, *_ in wanted}
    assert one.go()[1].written == 0


@pytest.mark.parametrize("mode", ["put", "conditional", "transaction"])
def test_a_lost_store_makes_no_second_resource(chain: Callable[..., Chain], mode: str) -> None:
    one = chain(write_back=mode)
    one.go()
    before = one.there()
    other = chain(write_back=mode)
    lost = other.sandbox
    other.sandbox = one.sandbox
    with other.engine.begin() as connection:
        url = one.engine.connect().exec_driver_sql("SELECT base_url FROM source").scalar()
        connection.exec_driver_sql("UPDATE source SET base_url = ?", (url,))
    pulled, pushed = other.go()
    assert (pushed.written, pushed.others_written) == (0, 0)
    assert pushed.unchanged == pulled.figures.assessed
    assert other.there() == before
    other.sandbox = lost
