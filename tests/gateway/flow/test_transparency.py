"""Trained models at a partner's server: marked, with a model card, once."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
import time_machine

from gateway import pipeline
from gateway.fhir.json import encode
from gateway.flow.pushing import push
from gateway.flow.reports import pull_and_assess
from gateway.sandbox.dialects import load
from gateway.sandbox.people import cohort
from gateway.store.tables import resource
from mappers.riskassessment_transparency import GUIDE

if TYPE_CHECKING:
    from collections.abc import Callable

    import sqlalchemy as sa

    from gateway.flow.pushing import PushReport
    from tests.fakes.fhir_server import FakeServer

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ALL = ("Patient", "Observation", "RiskAssessment", "DocumentReference", "Device", "Provenance")


@pytest.fixture(autouse=True)
def _today() -> Any:
    with time_machine.travel(NOW):
        yield


@pytest.fixture(scope="module")
def somebody() -> list[dict[str, Any]]:
    """One person whom the heart card assesses, and what is recorded of that person."""
    people = cohort(load("US", "R4"), 60, 1, NOW, flaws=False).resources
    found = pipeline.assess(people, as_of=NOW, cards=("heart_core10",), source="us")
    name = found.risks[0].row.patient
    return [
        {key: value for key, value in json.loads(encode(one)).items() if key != "meta"}
        for one in people
        if f"{one['resourceType']}/{one['id']}" == name
        or one.get("subject", {}).get("reference") == name
    ]


@pytest.fixture
def go(store: sa.Engine, known: Any, connect: Any) -> Callable[..., PushReport]:
    """Pull, assess, write back."""

    def go() -> PushReport:
        source = known(write_back="auto", cards=("heart_core10",), country="US")
        pull_and_assess(store, source, connect(source))
        return push(store, known(), connect(source))

    return go


@pytest.mark.parametrize("updates_create", [True, False], ids=["our ids", "its ids"])
def test_the_model_card_is_written_once(
    server: FakeServer, go: Any, somebody: Any, updates_create: bool
) -> None:
    server.listed, server.updates_create = ALL, updates_create
    server.add(*somebody)
    report = go()
    assert (report.due, report.written, report.others_written) == (1, 1, 3)
    (card,), (device,), (origin,) = (
        server.of(kind) for kind in ("DocumentReference", "Device", "Provenance")
    )
    described = {"reference": f"DocumentReference/{card['id']}"}
    assert device["extension"][1]["valueReference"] == described
    assert origin["entity"][-1]["what"] == described
    assert card["type"]["coding"][0]["code"] == "AIModelCard"
    again = go()
    assert (again.written, again.others_written) == (0, 0)


def test_a_server_that_takes_no_documents_gets_the_rest(
    server: FakeServer, go: Any, somebody: Any
) -> None:
    server.listed, server.untaken = ALL, {"DocumentReference": 404}
    server.add(*somebody)
    report = go()
    assert (report.written, report.others_written, report.others_failed) == (1, 2, 0)
    (device,) = server.of("Device")
    assert device["extension"][1]["valueReference"].keys() == {"identifier"}


@pytest.mark.parametrize("guided", [True, False], ids=["declared", "not declared"])
def test_the_guide_is_followed_where_it_is_declared(
    store: sa.Engine, server: FakeServer, go: Any, somebody: Any, guided: bool
) -> None:
    server.listed, server.guides = ALL, (f"{GUIDE}|1.0.0-ballot",) if guided else ()
    server.add(*somebody)
    go()
    (there,), (device,) = server.of("RiskAssessment"), server.of("Device")
    assert labels(there) == ["AIAST" if guided else "DEVAST"]
    assert ("profile" in device["meta"]) == guided
    query = resource.select().where(resource.c.type == "RiskAssessment")
    with store.connect() as connection:
        (row,) = connection.execute(query)
    assert labels(json.loads(row.raw)) == ["DEVAST"]  # any reader's validator knows it


def labels(assessment: dict[str, Any]) -> list[str]:
    return [one["code"] for one in assessment["meta"]["security"]]
