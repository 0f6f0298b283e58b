"""What a pretend server does not take is neither declared nor accepted, and the rest is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from werkzeug.test import Client

from gateway.sandbox.server import create_sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.sandbox.server import Sandbox

PATIENT = {"resourceType": "Patient", "id": "p1"}
KINDS = ("Patient", "Observation", "RiskAssessment", "DocumentReference")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    made = create_sandbox("FI", patients=0)
    yield made
    made.close()


def written(sandbox: Sandbox) -> dict[str, int]:
    """Return the status of writing each kind."""
    client = Client(sandbox)
    found = {}
    for kind in KINDS:
        answer = client.put(
            f"/fhir/{kind}/x", data=json.dumps({"resourceType": kind, "id": "x"}),
            content_type="application/fhir+json",
        )  # fmt: skip
        found[kind] = answer.status_code
    return found


def declared(sandbox: Sandbox) -> dict[str, bool]:
    """Return whether each kind is declared as one that may be written."""
    rest = json.loads(Client(sandbox).get("/fhir/metadata").data)["rest"][0]
    known = {one["type"]: {code["code"] for code in one["interaction"]} for one in rest["resource"]}
    return {kind: "update" in known.get(kind, set()) for kind in KINDS}


@pytest.mark.parametrize(
    ("fault", "status", "taken"),
    [
        ("no-risk-assessment", 404, {"Patient", "Observation", "DocumentReference"}),
        ("observations-only", 405, {"Observation"}),
        ("documents-only", 405, {"DocumentReference"}),
        ("read-only", 405, set()),
    ],
)
def test_what_is_taken(sandbox: Sandbox, fault: str, status: int, taken: set[str]) -> None:
    sandbox.faults.set([fault])
    assert {kind for kind, told in written(sandbox).items() if told != status} == taken
    assert {kind for kind, may in declared(sandbox).items() if may} == taken
    sandbox.faults.set([fault, "undeclared"])
    assert {kind for kind, told in written(sandbox).items() if told != status} == taken
    assert all(declared(sandbox).values())


@pytest.mark.parametrize("kind", ["transaction", "batch"])
def test_a_bundle_is_refused_for_one_entry(sandbox: Sandbox, kind: str) -> None:
    sandbox.faults.set(["observations-only"])
    asked: Any = {"method": "PUT", "url": "Patient/p1"}
    bundle = {"resourceType": "Bundle", "type": kind, "entry": [
        {"fullUrl": "urn:uuid:1", "resource": PATIENT, "request": asked}]}  # fmt: skip
    answer = Client(sandbox).post(
        "/fhir", data=json.dumps(bundle), content_type="application/fhir+json"
    )
    assert (answer.status_code, b"not-supported" in answer.data) == (422, True)


def test_reading_is_as_ever(sandbox: Sandbox) -> None:
    sandbox.faults.set(["read-only"])
    client = Client(sandbox)
    assert client.get("/fhir/Patient").status_code == 200
    assert client.post("/fhir/Patient/_search").status_code == 200
    assert client.get("/fhir/RiskAssessment").status_code == 200
    sandbox.faults.set(["no-risk-assessment"])
    assert client.get("/fhir/RiskAssessment").status_code == 404
