"""What a statement tells, and what is made of a poor or odd one."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.flow.probing import Abilities, abilities, remembered


def statement(*types: dict[str, Any], system: tuple[str, ...] = (), **more: Any) -> dict[str, Any]:
    rest = {
        "mode": "server",
        "resource": list(types),
        "interaction": [{"code": code} for code in system],
    }
    return {"resourceType": "CapabilityStatement", "fhirVersion": "4.0.1", "rest": [rest], **more}


def a_type(name: str, *interactions: str, **more: Any) -> dict[str, Any]:
    return {"type": name, "interaction": [{"code": code} for code in interactions], **more}


@pytest.mark.parametrize(
    ("told", "version"),
    [
        ("4.0.1", "R4"),
        ("4.3.0", "R4B"),
        ("5.0.0", "R5"),
        ("3.0.2", "STU3"),
        ("6.0.0-ballot2", "R4"),
        (None, "R4"),
        (4.0, "R4"),
    ],
)
def test_version(told: object, version: str) -> None:
    assert abilities({**statement(), "fhirVersion": told}).fhir_version == version


@pytest.mark.parametrize(
    ("types", "system", "mode"),
    [
        pytest.param(
            [a_type("RiskAssessment", updateCreate=True)], ("transaction",), "transaction", id="all"
        ),
        pytest.param(
            [a_type("RiskAssessment", updateCreate=True)], ("batch",), "transaction", id="batch"
        ),
        pytest.param([a_type("RiskAssessment", updateCreate=True)], (), "put", id="no bundles"),
        pytest.param(
            [a_type("RiskAssessment", conditionalCreate=True)],
            ("transaction",),
            "conditional",
            id="own ids only",
        ),
        pytest.param(
            [a_type("Patient", updateCreate=True)],
            ("transaction",),
            "transaction",
            id="RiskAssessment not listed: as the others",
        ),
        pytest.param(
            [
                a_type("Patient", updateCreate=True),
                a_type("RiskAssessment", conditionalCreate=True),
            ],
            ("transaction",),
            "conditional",
            id="listed with less than the others",
        ),
        pytest.param([], (), "put", id="nothing told"),
    ],
)
def test_auto_mode(types: list[dict[str, Any]], system: tuple[str, ...], mode: str) -> None:
    found = abilities(statement(*types, system=system))
    assert found.mode("auto") == mode
    assert found.mode("conditional") == "conditional"


def test_history_tells_deletes_only_where_it_is_declared() -> None:
    found = abilities(statement(a_type("Patient", "read", "history-type"), a_type("Observation")))
    assert found.deletes_told("Patient")
    assert not found.deletes_told("Observation")
    assert not found.deletes_told("Condition")


@pytest.mark.parametrize(
    "odd",
    [
        pytest.param({}, id="empty"),
        pytest.param({"rest": None, "software": "x"}, id="null"),
        pytest.param({"rest": [None, {"mode": "server", "resource": "Patient"}]}, id="no list"),
        pytest.param(
            {"rest": [{"mode": "server", "resource": [{"type": 5, "interaction": [3]}]}]},
            id="no texts",
        ),
        pytest.param({"rest": [{"mode": "client", "resource": [a_type("Patient")]}]}, id="client"),
    ],
)
def test_an_odd_statement_is_read_as_far_as_it_goes(odd: dict[str, Any]) -> None:
    assert abilities(odd).mode("auto") == "put"


def test_what_is_kept_is_remembered() -> None:
    found = abilities(
        statement(
            a_type("RiskAssessment", "read", updateCreate=True, searchParam=[{"name": "_id"}]),
            system=("batch",),
            software={"name": "S", "version": "1"},
        )
    )
    assert remembered(found.plain()) == found
    assert found.software == "S 1"
    assert remembered(None) is None
    assert Abilities().plain()["write_back"] == "put"
