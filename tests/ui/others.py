"""RiskAssessments that others made of an invented patient, some of wrong form."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

HOSTILE = "<script>alert('x')</script><img src=x onerror=alert(1)>"
PERCENT = {"unit": "%", "system": "http://unitsofmeasure.org", "code": "%"}
FOREIGN: tuple[dict[str, Any], ...] = (
    {
        "status": "final",
        "occurrenceDateTime": "2026-04-02T09:30:00+01:00",
        "method": {
            "coding": [{"system": "urn:example:methods", "code": "qr", "display": "Risk Q"}]
        },
        "performer": {"display": "Clinic West"},
        "prediction": [
            {"outcome": {"text": "Heart attack"}, "probabilityDecimal": 0.12},
            {"outcome": {"text": "Stroke"}, "probabilityDecimal": 4.250},
            {
                "outcome": {"coding": [{"code": "ckd", "display": "Kidney failure"}]},
                "probabilityRange": {
                    "low": {"value": 1, **PERCENT},
                    "high": {"value": 3, **PERCENT},
                },
                "qualitativeRisk": {"text": "low"},
                "whenPeriod": {"start": "2026", "end": "2031"},
            },
            {
                "outcome": {"text": "Fall"},
                "probabilityRange": {"low": {"value": 0.1}, "high": {"value": 0.2}},
            },
        ],
    },
    {"status": "preliminary", "method": {"text": HOSTILE}, "prediction": [{"outcome": 7}, "x", {}]},
    {"status": {}, "method": [], "performer": 3, "prediction": {"probabilityDecimal": "0.3"}},
    {"prediction": [{"probabilityDecimal": True}] * 25, "occurrencePeriod": {"start": "2019"}},
)
"""RiskAssessments of others, some of wrong form."""


def foreign_rows(received: int) -> Iterator[dict[str, Any]]:
    """Yield the rows of RiskAssessments that a partner made of the patient ``gb-west.p52``."""
    for place, body in enumerate(FOREIGN):
        name, patient = f"ra{place}", "gb-west.p52"
        document = {"resourceType": "RiskAssessment", "id": name, **body}
        document["subject"] = {"reference": "Patient/p52"}
        data = json.dumps(document).encode()
        yield {
            "source": "gb-west",
            "type": "RiskAssessment",
            "id": name,
            "gid": f"gb-west.{name}",
            "last_updated": received,
            "sha256": hashlib.sha256(data).digest(),
            "raw": data,
            "patient": patient,
            "country": None,
            "method": "PUT",
        }
