"""Files to RiskAssessments: a point where all is known, a range only where it is asked for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from gateway.cli import riskbridge

if TYPE_CHECKING:
    from pathlib import Path

LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"


def quantity(code: str, value: float, unit: str) -> dict[str, Any]:
    """An Observation of the one patient."""
    return {
        "resourceType": "Observation", "id": f"o{code}", "status": "final",
        "code": {"coding": [{"system": LOINC, "code": code}]},
        "subject": {"reference": "Patient/p"}, "effectiveDateTime": "2026-02-01T10:00:00Z",
        "valueQuantity": {"value": value, "system": UCUM, "code": unit},
    }  # fmt: skip


PATIENT = {
    "resourceType": "Patient", "id": "p", "gender": "female", "birthDate": "1966-01-01",
    "communication": [{"language": {"coding": [{"code": "de-AT"}]}}],
}  # fmt: skip
SMOKING = {
    "resourceType": "Observation", "id": "s", "status": "final",
    "code": {"coding": [{"system": LOINC, "code": "72166-2"}]},
    "subject": {"reference": "Patient/p"}, "effectiveDateTime": "2026-02-01T10:00:00Z",
    "valueCodeableConcept": {"coding": [{"system": "http://snomed.info/sct", "code": "266919005"}]},
}  # fmt: skip
PRESSURE = quantity("8480-6", 141, "mm[Hg]")
LIPIDS = [quantity("14647-2", 5.5, "mmol/L"), quantity("14646-4", 1.3, "mmol/L")]


def assessed(folder: Path, resources: list[dict[str, Any]], *options: str) -> dict[str, Any]:
    """The Bundle that `assess` prints, by type of resource."""
    path = folder / "patient.ndjson"
    path.write_text("\n".join(map(json.dumps, resources)))
    words = ["assess", "--country", "AT", "--as-of", "2026-03-01", *options, str(path)]
    result = CliRunner().invoke(riskbridge, words)
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = {"RiskAssessment": []}
    for entry in json.loads(result.stdout)["entry"]:
        resource = entry["resource"]
        found.setdefault(resource["resourceType"], []).append(resource)
    return found


@pytest.mark.parametrize("options", [(), ("--ranges",)])
def test_all_known_is_a_point_either_way_in_the_patients_language(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    found = assessed(tmp_path, [PATIENT, SMOKING, PRESSURE, *LIPIDS], *options)
    (made,) = found["RiskAssessment"]
    assert "probabilityDecimal" in made["prediction"][0]
    assert made["language"] == "de"
    assert "systolischer Blutdruck 141 mmHg" in made["prediction"][0]["rationale"]
    assert "systolic blood pressure 141 mmHg" in made["prediction"][0]["rationale"]


def test_a_missing_number_is_a_reason_and_a_range_when_asked(tmp_path: Path) -> None:
    resources = [PATIENT, SMOKING, *LIPIDS]
    plain = assessed(tmp_path, resources)
    assert plain["RiskAssessment"] == []
    reasons = [issue["details"]["text"] for issue in plain["OperationOutcome"][0]["issue"]]
    assert "missing_input" in reasons
    open_ = assessed(tmp_path, resources, "--ranges")
    (made,) = open_["RiskAssessment"]
    (prediction,) = made["prediction"]
    low, high = (prediction["probabilityRange"][end]["value"] for end in ("low", "high"))
    assert 0 < low < high < 100
    assert [ref["reference"] for ref in made["basis"]] == [
        "Observation/o14647-2", "Observation/o14646-4", "Observation/s",
    ]  # fmt: skip


def test_no_range_where_too_much_is_missing(tmp_path: Path) -> None:
    assert assessed(tmp_path, [PATIENT, SMOKING], "--ranges")["RiskAssessment"] == []
    assert assessed(tmp_path, [PATIENT, PRESSURE, *LIPIDS], "--ranges")["RiskAssessment"] == []
