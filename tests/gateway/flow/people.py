"""Builders: a person whom SCORE2 assesses, in resources of a Finnish server."""

from __future__ import annotations

from typing import Any

LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"
SEEN = "2026-10-01T10:00:00+03:00"
VALUES = {"8480-6": (132, "mm[Hg]"), "2093-3": (5.4, "mmol/L"), "2085-9": (1.3, "mmol/L")}


def patient(name: str = "p1", birth: str = "1970-03-01", **more: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", "id": name, "gender": "male", "birthDate": birth, **more}


def observation(
    name: str, of: str, code: str, value: float, unit: str, **more: Any
) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "id": name,
        "status": "final",
        "code": {"coding": [{"system": LOINC, "code": code}]},
        "subject": {"reference": f"Patient/{of}"},
        "effectiveDateTime": SEEN,
        "valueQuantity": {"value": value, "unit": unit, "system": UCUM, "code": unit},
        **more,
    }


def smoking(of: str = "p1") -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "id": f"{of}-72166-2",
        "status": "final",
        "code": {"coding": [{"system": LOINC, "code": "72166-2"}]},
        "subject": {"reference": f"Patient/{of}"},
        "effectiveDateTime": SEEN,
        "valueCodeableConcept": {"coding": [{"system": LOINC, "code": "LA18978-9"}]},
    }


def person(name: str = "p1", **more: Any) -> list[dict[str, Any]]:
    """Return everything that SCORE2 needs of one person."""
    values = [
        observation(f"{name}-{code}", name, code, value, unit)
        for code, (value, unit) in VALUES.items()
    ]
    return [patient(name, **more), *values, smoking(name)]
