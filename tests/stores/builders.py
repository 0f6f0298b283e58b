"""Resources to store: valid ones, of which a test says only what differs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gateway.fhir.json import encode
from gateway.fhir.stamp import stamp
from gateway.store.resources import Received, Write

if TYPE_CHECKING:
    from terminology.records import Resource


def a_patient(gid: str = "p1", **differs: Any) -> Resource:
    """Return a Patient."""
    return {
        "resourceType": "Patient",
        "id": gid,
        "identifier": [{"system": "urn:example:number", "value": f"number-{gid}"}],
        "name": [{"family": "Example", "given": ["Ada"]}],
        "gender": "female",
        "birthDate": "1970-05-12",
        **differs,
    }


def an_observation(gid: str = "o1", patient: str = "p1", **differs: Any) -> Resource:
    """Return an Observation of a heart rate."""
    return {
        "resourceType": "Observation",
        "id": gid,
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]},
        "subject": {"reference": f"Patient/{patient}"},
        "effectiveDateTime": "2024-03-01T10:00:00+01:00",
        "valueQuantity": {
            "value": 72,
            "unit": "beats/min",
            "system": "http://unitsofmeasure.org",
            "code": "/min",
        },
        **differs,
    }


def received(resource: Resource) -> Received:
    """Return a resource as a source sent it."""
    meta = resource.get("meta", {})
    return Received(
        resource["resourceType"],
        resource["id"],
        encode(resource),
        resource,
        meta.get("versionId"),
        meta.get("lastUpdated"),
    )


def a_write(resource: Resource, **differs: Any) -> Write:
    """Return a resource as a caller wants it kept; elements that are None are left out."""
    content = {name: value for name, value in resource.items() if value is not None}
    made = stamp(content, content["id"])
    kind, gid = content["resourceType"], content["id"]
    return Write(kind, gid, content, made, digest=made.digest, **differs)
