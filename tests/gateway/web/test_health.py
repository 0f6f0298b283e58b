"""Operations endpoints: alive, ready, metrics by route; nothing in them names a patient."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from gateway.app import create_app
from gateway.config import Settings
from gateway.store.engine import writing
from gateway.store.tables import job
from tests.stores.builders import a_patient

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient

MARK = "Zebrafish"


@pytest.fixture
def app(store: sa.Engine) -> Flask:
    return create_app(Settings(), engine=store)


def test_alive_and_ready(client: FlaskClient) -> None:
    assert client.get("/health/live").json == {"status": "live"}
    assert client.get("/health/ready").json == {"status": "ready"}


def test_not_ready_with_a_store_of_another_version(client: FlaskClient, store: sa.Engine) -> None:
    with writing(store) as conn:
        conn.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    answer = client.get("/health/ready")
    assert answer.status_code == 503
    assert answer.json is not None
    assert "version" in answer.json["reason"]
    with writing(store) as conn:
        conn.execute(sa.text("DELETE FROM alembic_version"))
    assert client.get("/health/ready").status_code == 503


def test_not_ready_with_a_store_that_does_not_answer(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_: object) -> None:
        raise sa.exc.OperationalError(MARK, {}, Exception(MARK))

    monkeypatch.setattr("gateway.web.health.present", fails)
    answer = client.get("/health/ready")
    assert answer.status_code == 503
    assert MARK.encode() not in answer.data


def test_metrics_count_by_route_never_by_id(client: FlaskClient, store: sa.Engine) -> None:
    with writing(store) as conn:
        conn.execute(job.insert().values(kind="probe", state="queued", run_after=0, created_at=0))
    client.put(f"/fhir/Patient/{MARK}", json=a_patient(MARK), content_type="application/fhir+json")
    client.get(f"/fhir/Patient/{MARK}")
    client.get(f"/{MARK}")
    client.open("/fhir/Patient", method=MARK.upper())
    answer = client.get("/metrics")
    assert answer.content_type.startswith("text/plain")
    text = answer.data.decode()
    assert 'riskbridge_requests_total{method="GET",route="/fhir/<kind>/<gid>",status="200"}' in text
    assert 'riskbridge_request_seconds_count{method="GET",route="/fhir/<kind>/<gid>"}' in text
    assert 'riskbridge_jobs{kind="probe",state="queued"} 1.0' in text
    assert MARK.lower() not in text.lower()
