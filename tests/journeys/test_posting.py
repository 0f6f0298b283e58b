"""A partner posts a patient with observations: durable, assessed at once, readable at once."""

from __future__ import annotations

import json
import shutil
import threading
from typing import TYPE_CHECKING, Any

import pytest
import time_machine

from gateway.app import create_app
from gateway.config import Settings
from gateway.flow import assessing
from gateway.flow.tasks import TASKS
from gateway.jobs.worker import work
from tests.gateway.flow.people import observation, patient, person

if TYPE_CHECKING:
    from pathlib import Path

    from flask import Flask
    from flask.testing import FlaskClient

HEADERS = {"Content-Type": "application/fhir+json"}


@pytest.fixture
def app(empty_store: Path, tmp_path: Path) -> Flask:
    shutil.copyfile(empty_store, tmp_path / "store.db")
    return create_app(Settings(store_url=f"sqlite:///{tmp_path}/store.db"))


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def bundle(*resources: dict[str, Any], kind: str = "transaction") -> dict[str, Any]:
    entries = [
        {
            "fullUrl": f"https://partner.example/fhir/{one['resourceType']}/{one['id']}",
            "resource": one,
            "request": {"method": "PUT", "url": f"{one['resourceType']}/{one['id']}"},
        }
        for one in resources
    ]
    if kind == "collection":
        entries = [{key: one[key] for key in ("fullUrl", "resource")} for one in entries]
    return {"resourceType": "Bundle", "type": kind, "entry": entries}


def sent(client: FlaskClient, path: str, body: Any, method: str = "POST") -> int:
    return client.open(path, method=method, data=json.dumps(body), headers=HEADERS).status_code


def risks(client: FlaskClient, of: str = "q1") -> list[tuple[str, float]]:
    found = client.get(f"/fhir/RiskAssessment?patient={of}").json
    assert found is not None
    return [
        (one["resource"]["status"], one["resource"]["prediction"][0]["probabilityDecimal"])
        for one in found.get("entry", [])
    ]


FINNISH = {"address": [{"country": "FI"}]}


@pytest.mark.parametrize("kind", ["transaction", "batch", "collection"])
def test_a_bundle_is_assessed_before_the_answer(client: FlaskClient, kind: str) -> None:
    assert sent(client, "/fhir", bundle(*person("q1", **FINNISH), kind=kind)) == 200
    ((status, percent),) = risks(client)
    assert status == "final"
    assert 1 < percent < 20


def test_one_resource_at_a_time_ends_alike(client: FlaskClient) -> None:
    for one in person("q1", **FINNISH):
        assert sent(client, f"/fhir/{one['resourceType']}/{one['id']}", one, "PUT") == 201
    assert [status for status, _ in risks(client)] == ["final"]


def test_the_same_bundle_again_changes_nothing(client: FlaskClient) -> None:
    document = bundle(*person("q1", **FINNISH), kind="collection")
    sent(client, "/fhir", document)
    before = client.get("/fhir/RiskAssessment?patient=q1").json["entry"]
    sent(client, "/fhir", document)
    after = client.get("/fhir/RiskAssessment?patient=q1").json["entry"]
    assert before == after


def test_a_correction_leaves_nothing_wrong_standing(client: FlaskClient) -> None:
    sent(client, "/fhir", bundle(*person("q1", **FINNISH)))
    corrected = observation("q1-8480-6", "q1", "8480-6", 170, "mm[Hg]", status="corrected")
    sent(client, "/fhir/Observation/q1-8480-6", corrected, "PUT")
    (old, lower), (new, higher) = sorted(risks(client), key=lambda one: one[1])
    assert (old, new) == ("entered-in-error", "final")
    assert lower < higher


def test_a_deleted_observation_withdraws(client: FlaskClient) -> None:
    sent(client, "/fhir", bundle(*person("q1", **FINNISH)))
    assert client.delete("/fhir/Observation/q1-8480-6").status_code == 204
    assert [status for status, _ in risks(client)] == ["entered-in-error"]


def test_beside_it_stand_its_device_and_provenance(client: FlaskClient) -> None:
    sent(client, "/fhir", bundle(*person("q1", **FINNISH)))
    (entry,) = client.get("/fhir/RiskAssessment?patient=q1").json["entry"]
    one = entry["resource"]
    assert client.get(f"/fhir/{one['performer']['reference']}").status_code == 200
    origins = client.get(f"/fhir/Provenance?target=RiskAssessment/{one['id']}").json
    (origin,) = (each["resource"] for each in origins["entry"])
    used = {each["what"]["reference"] for each in origin["entity"]}
    assert used == {each["reference"] for each in one["basis"]}
    for reference in used:
        assert client.get(f"/fhir/{reference}").status_code == 200


def test_somebody_of_whom_too_little_is_known_has_a_reason_and_no_number(
    client: FlaskClient,
) -> None:
    assert sent(client, "/fhir/Patient/q2", patient("q2"), "PUT") == 201
    assert risks(client, "q2") == []
    assert b"q2" in client.get("/patients/q2").data


def test_the_moment_does_not_enter_the_identity(client: FlaskClient) -> None:
    with time_machine.travel("2026-11-25T08:00:00Z", tick=False):
        sent(client, "/fhir", bundle(*person("q1", **FINNISH)))
    with time_machine.travel("2026-12-25T08:00:00Z", tick=False):
        sent(client, "/fhir/Patient/q1", patient("q1", active=True, **FINNISH), "PUT")
    found = client.get("/fhir/RiskAssessment?patient=q1").json["entry"]
    assert len(found) == 1
    assert found[0]["resource"]["occurrenceDateTime"].startswith("2026-11-25")


def test_what_cannot_be_assessed_at_once_is_kept_and_done_by_the_worker(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(assessing, "think", fails)
    assert sent(client, "/fhir", bundle(*person("q1", **FINNISH))) == 200
    assert risks(client) == []
    assert client.get("/fhir/Observation?patient=q1").json["total"] == 4
    monkeypatch.undo()
    work(app.extensions["riskbridge"], TASKS, threading.Event(), until_idle=True)
    assert [status for status, _ in risks(client)] == ["final"]
