"""The console within the whole gateway: what is posted as FHIR is seen as a patient, and scored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from gateway.app import create_app
from gateway.config import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from flask.testing import FlaskClient

ORIGIN = {"Origin": "http://localhost"}


@pytest.fixture
def gateway(tmp_path: Path) -> FlaskClient:
    """Give a client of the whole gateway with an empty store."""
    settings = Settings(store_url=f"sqlite:///{tmp_path}/store.db")
    return create_app(settings).test_client()


def observation(code: str, value: float, unit: str) -> dict[str, Any]:
    """Return a final Observation about the patient ``ann``."""
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
        "subject": {"reference": "Patient/ann"},
        "effectiveDateTime": "2026-04-01",
        "valueQuantity": {
            "value": value,
            "unit": unit,
            "system": "http://unitsofmeasure.org",
            "code": unit,
        },
    }


def entry(resource: dict[str, Any], method: str, url: str) -> dict[str, Any]:
    """Return an entry of a transaction."""
    return {"resource": resource, "request": {"method": method, "url": url}}


PERSON = {
    "resourceType": "Patient",
    "id": "ann",
    "name": [{"family": "Example<b>", "given": ["Ann"]}],
    "gender": "female",
    "birthDate": "1966-02-03",
    "address": [{"country": "FI"}],
}
SMOKING = {
    "resourceType": "Observation",
    "status": "final",
    "code": {"coding": [{"system": "http://loinc.org", "code": "72166-2"}]},
    "subject": {"reference": "Patient/ann"},
    "effectiveDateTime": "2026-04-01",
    "valueCodeableConcept": {"coding": [{"system": "http://snomed.info/sct", "code": "266919005"}]},
}


def test_a_posted_patient_is_seen_scored_and_scored_again(gateway: FlaskClient) -> None:
    observations = [
        observation("8480-6", 148, "mm[Hg]"),
        observation("2093-3", 232, "mg/dL"),
        observation("2085-9", 46, "mg/dL"),
        SMOKING,
    ]
    bundle = {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [
            entry(PERSON, "PUT", "Patient/ann"),
            *(entry(one, "POST", "Observation") for one in observations),
        ],
    }
    assert gateway.post("/fhir", json=bundle).status_code == 200
    listed = gateway.get("/patients?q=example").text
    assert "Ann Example&lt;b&gt;" in listed
    assert "SCORE2, 10 years" in listed
    shown = gateway.get("/patients/ann").text
    assert "Received directly" in shown
    assert "232 mg/dL" in shown
    assert "What drives this result" in shown
    again = gateway.post("/patients/ann/assess", headers=ORIGIN)
    assert again.status_code == 303
    assert "Scored again just now" in gateway.get(again.headers["Location"]).text


def test_links_to_fhir_lead_somewhere(gateway: FlaskClient) -> None:
    gateway.put("/fhir/Patient/ann", json=PERSON)
    for link in ("/fhir/metadata", "/fhir/Patient/ann", "/fhir/RiskAssessment?patient=ann"):
        assert gateway.get(link).status_code == 200


def test_addresses_that_lead_nowhere_are_pages(gateway: FlaskClient) -> None:
    for path in ("/nowhere", "/patients/a/b", "/assets/nothing.css"):
        answer = gateway.get(path)
        assert answer.status_code == 404
        assert "There is no such page or patient" in answer.text
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
