"""Validation against reading the same bytes: what a posted Bundle costs beyond its parsing."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import orjson
from lxml import etree

from gateway.fhir.json import decode
from gateway.fhir.validate import validate
from gateway.fhir.xml import to_json, to_xml

if TYPE_CHECKING:
    from collections.abc import Callable

UCUM = "http://unitsofmeasure.org"


def patient(number: int) -> dict[str, Any]:
    return {
        "resourceType": "Patient",
        "id": f"p{number}",
        "meta": {"lastUpdated": f"2026-03-01T10:{number % 60:02}:00.000+01:00", "versionId": "1"},
        "identifier": [{"use": "official", "system": "http://a.org/ids", "value": f"{number:08}"}],
        "active": True,
        "name": [{"use": "official", "family": f"Family{number}", "given": ["One", "Two"]}],
        "telecom": [{"system": "phone", "value": f"+358 40 {number:07}", "use": "mobile"}],
        "gender": "female" if number % 2 else "male",
        "birthDate": f"19{number % 90 + 10}-0{number % 9 + 1}-1{number % 9}",
        "address": [{"line": [f"{number} Street"], "city": "Town", "postalCode": "00100"}],
    }


def quantity(value: float, unit: str) -> dict[str, Any]:
    return {"value": value, "unit": unit, "system": UCUM, "code": unit}


def coded(system: str, code: str, text: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code, "display": text}]}


def observation(number: int, subject: int) -> dict[str, Any]:
    found = {
        "resourceType": "Observation",
        "id": f"o{number}",
        "meta": {"lastUpdated": f"2026-03-01T11:{number % 60:02}:00Z"},
        "status": "final",
        "category": [
            coded("http://terminology.hl7.org/CodeSystem/observation-category", "laboratory", "Lab")
        ],
        "code": coded("http://loinc.org", "2093-3", "Cholesterol"),
        "subject": {"reference": f"Patient/p{subject}"},
        "effectiveDateTime": f"2026-02-2{number % 9}T08:{number % 60:02}:00+02:00",
    }
    if number % 4:
        return found | {"valueQuantity": quantity(4 + number % 40 / 10, "mmol/L")}
    parts = [
        {"code": coded("http://loinc.org", code, text), "valueQuantity": quantity(value, "mm[Hg]")}
        for code, text, value in (("8480-6", "Systolic", 120.5), ("8462-4", "Diastolic", 80))
    ]
    return found | {"component": parts}


def bundle(patients: int, each: int) -> bytes:
    resources = [
        resource
        for number in range(patients)
        for resource in (
            patient(number),
            *(observation(number * each + index, number) for index in range(each)),
        )
    ]
    entries = [
        {
            "fullUrl": f"http://a.org/fhir/{resource['resourceType']}/{resource['id']}",
            "resource": resource,
            "request": {"method": "PUT", "url": f"{resource['resourceType']}/{resource['id']}"},
        }
        for resource in resources
    ]
    return orjson.dumps({"resourceType": "Bundle", "type": "transaction", "entry": entries})


def best(run: Callable[[], object], budget: float = 0.5) -> float:
    """Return the shortest of many runs, in seconds of the processor."""
    shortest, end = float("inf"), time.perf_counter() + budget
    while time.perf_counter() < end:
        start = time.process_time()
        run()
        shortest = min(shortest, time.process_time() - start)
    return shortest


def rows() -> list[tuple[str, float, float]]:
    found = []
    for what, raw in (
        ("validate Patient + 10 Observations / orjson.loads", bundle(1, 10)),
        ("validate 50 Patients + 500 Observations / orjson.loads", bundle(50, 10)),
    ):
        resource = decode(raw)
        assert not validate(resource)
        ratio = best(lambda r=resource: validate(r)) / best(lambda r=raw: orjson.loads(r))
        found.append((what, ratio, 10.0))
    xml = to_xml(decode(bundle(1, 10)))
    ratio = best(lambda: to_json(xml)) / best(lambda: etree.fromstring(xml))
    return [*found, ("read FHIR XML / parse XML", ratio, 15.0)]
