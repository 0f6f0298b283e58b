"""Pull, score and write back against servers of others, with what they do differently."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
import requests

from gateway import pipeline
from gateway.fhir.validate import validate
from tests.counterpart.chain import Gateway, all_of, by_identifier, fill, people

if TYPE_CHECKING:
    from pathlib import Path

    from tests.counterpart.conftest import Validator
    from tests.counterpart.processes import Server

pytestmark = [pytest.mark.counterpart, pytest.mark.xdist_group("counterpart")]

PEOPLE = 12


def test_sekmet(sekmet: Server, validator: Validator, tmp_path: Path) -> None:
    whole_chain(sekmet.url, "FI", tmp_path, validator)


def test_hapi(hapi: Server, validator: Validator, tmp_path: Path) -> None:
    whole_chain(hapi.url, "US", tmp_path, validator)


def whole_chain(url: str, country: str, folder: Path, validator: Validator) -> None:
    """Load people, pull, score, write back, read back; then all of it again, with nothing new."""
    resources = people(country, PEOPLE)
    fill(url, resources)
    expected = pipeline.assess(resources, as_of=datetime.now(UTC), country=country)
    gateway = Gateway.of(folder, "there", url, country)
    pulled = gateway.run("pull")
    assert pulled["patients"] == PEOPLE
    assert pulled["new"] == len(resources)
    assert pulled["assessed"] == len(expected.risks)
    pushed = gateway.run("push")
    assert (pushed["written"], pushed["failed"]) == (len(expected.risks), 0)
    there = all_of(url, "RiskAssessment")
    assert by_identifier(there) == Counter(dict.fromkeys(by_identifier(there), 1))
    assert owners(there) == Counter(risk.row.patient for risk in expected.risks)
    for resource in (*there, *all_of(url, "Device"), *all_of(url, "Provenance")):
        assert [issue for issue in validate(resource) if issue.severity == "error"] == []
    assert validator.errors(there[0]) == []
    before = {kind: len(all_of(url, kind)) for kind in ("RiskAssessment", "Device", "Provenance")}
    again = gateway.run("pull")
    assert (again["new"], again["changed"]) == (0, 0)
    assert gateway.run("push")["written"] == 0
    after = {kind: len(all_of(url, kind)) for kind in before}
    assert after == before


def owners(assessments: list[dict[str, Any]]) -> Counter[str]:
    """Count assessments by the patient they are about."""
    return Counter(each["subject"]["reference"].removesuffix("/_history/1") for each in assessments)


def test_a_lost_database_makes_no_second_resources(hapi: Server, tmp_path: Path) -> None:
    resources = [renamed(resource, "lost-") for resource in people("GB", 6)]
    fill(hapi.url, resources)
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir()
        gateway = Gateway.of(folder, "gb", hapi.url, "GB")
        gateway.run("pull")
        gateway.run("push")
        counted = by_identifier(all_of(hapi.url, "RiskAssessment"))
        assert set(counted.values()) == {1}


def renamed(value: Any, prefix: str) -> Any:
    """Return resources whose ids, and references to them, begin with `prefix`."""
    if isinstance(value, dict):
        return {
            key: f"{prefix}{inner}"
            if key == "id" and "resourceType" in value
            else inner.replace("/", f"/{prefix}", 1)
            if key == "reference" and isinstance(inner, str) and "://" not in inner
            else renamed(inner, prefix)
            for key, inner in value.items()
        }
    return [renamed(inner, prefix) for inner in value] if isinstance(value, list) else value


def test_sekmet_drops_the_patient_parameter_of_risk_assessments(sekmet: Server) -> None:
    """Why the gateway compares the self link and each subject with what it asked for."""
    answer = requests.get(f"{sekmet.url}/RiskAssessment?patient=nobody", timeout=60).json()
    links = {link["relation"]: link["url"] for link in answer["link"]}
    assert "patient=nobody" not in links["self"]
