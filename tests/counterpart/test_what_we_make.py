"""All that the project writes has no error in the HL7 validator, for its version of FHIR."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from gateway import pipeline
from gateway.app import create_app
from gateway.cli import riskbridge
from gateway.config import Settings
from gateway.fhir.json import encode
from gateway.fhir.structure import VERSIONS
from gateway.fhir.validate import validate
from gateway.sandbox.dialects import load
from gateway.sandbox.people import cohort
from mappers.fallback import FORMS, Results, render
from scoring.cards import load as cards

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flask.testing import FlaskClient

    from tests.counterpart.conftest import Validator

pytestmark = [pytest.mark.counterpart, pytest.mark.xdist_group("counterpart")]

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
COUNTRIES = ("US", "GB", "FI", "DE", "JP", "NL")


@pytest.fixture(scope="module")
def people() -> list[dict[str, Any]]:
    """People of a practice, a ward and a clinic, and what is recorded of them."""
    return cohort(load("US", "R4"), 60, 1, NOW, flaws=False).resources


def made(people: list[dict[str, Any]], version: str, probability: str) -> dict[str, dict[str, Any]]:
    """Return, for each card that says something, what is written of one patient."""
    assessed = pipeline.assess(people, as_of=NOW, cards=tuple(cards()), source="us")
    options = pipeline.Options(NOW, "us", fhir_version=version, probability=probability)
    found: dict[str, dict[str, Any]] = {}
    for risk in assessed.risks:
        if (card := risk.score.card) not in found and risk.score.facts:
            assessment = pipeline.risk_assessment(risk, options)
            found[card] = assessment
            found[f"{card} device"] = pipeline.device(risk.score.facts, version)
            found[f"{card} provenance"] = pipeline.provenance(assessment, risk, options)
            found[f"{card} withdrawn"] = pipeline.withdrawn(assessment, "an input was corrected")
            if described := pipeline.model_card(risk.score.facts, version):
                found[f"{card} model card"] = described
    return found


@pytest.mark.parametrize("version", VERSIONS)
def test_assessments(validator: Validator, people: list[dict[str, Any]], version: str) -> None:
    found = made(people, version, "percent")
    assert len(found) > 48
    if version != "R4":  # what the cards differ in was held to R4; these are held to their shape
        trained = {name: it for name, it in found.items() if name.startswith("heart_core10")}
        found = {**dict(list(found.items())[:24]), **trained}
    wrong = {
        name: errors for name, it in found.items() if (errors := validator.errors(it, version))
    }
    assert wrong == {}
    assert {
        name: validate(it, version) for name, it in found.items() if validate(it, version)
    } == {}


def person(language: str, *without: str) -> list[dict[str, Any]]:
    """Return a woman of 60 who speaks a language, and what was measured but for some of it."""
    told = {"8480-6": (141, "mm[Hg]"), "14647-2": (5.5, "mmol/L"), "14646-4": (1.3, "mmol/L")}
    spoken = {"coding": [{"system": "urn:ietf:bcp:47", "code": language}]}
    patient = {
        "resourceType": "Patient",
        "id": "p",
        "gender": "female",
        "birthDate": "1966-01-01",
        "communication": [{"language": spoken, "preferred": True}],
    }
    smoking = {"system": "http://snomed.info/sct", "code": "8517006"}
    return [
        patient,
        observation("72166-2", {"valueCodeableConcept": {"coding": [smoking]}}),
        *(
            observation(code, {"valueQuantity": {"value": value, "system": UCUM, "code": unit}})
            for code, (value, unit) in told.items()
            if code not in without
        ),
    ]


UCUM = "http://unitsofmeasure.org"


def observation(code: str, value: dict[str, Any]) -> dict[str, Any]:
    """Return an Observation about that woman."""
    return {
        "resourceType": "Observation",
        "id": f"o{code}",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
        "subject": {"reference": "Patient/p"},
        "effectiveDateTime": "2026-02-01T10:00:00Z",
        **value,
    }


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("language", ["en", "de", "ja"])
def test_ranges_and_languages(validator: Validator, language: str, version: str) -> None:
    for resources, key in (
        (person(language), "probabilityDecimal"),
        (person(language, "8480-6"), "probabilityRange"),
    ):
        options = {"as_of": NOW, "country": "FI", "fhir_version": version}
        (made,) = pipeline.assess(resources, **options, cards=("score2",), ranges=True).assessments
        assert key in made["prediction"][0]
        assert made.get("language", "en") == language
        assert validator.errors(made, version) == []
        assert not validate(made, version)


SHAPES = ("heart_core10", "news2", "prevent_base", "egfr_ckd_epi_2021", "bmi_class", "has_bled")
"""Cards that differ in kind: a trained model, points, several horizons, a value, classes."""


def forms(people: list[dict[str, Any]], version: str) -> dict[str, dict[str, Any]]:
    """Return assessments in every other form, as they are made, amended and entered in error."""
    assessed = pipeline.assess(people, as_of=NOW, cards=SHAPES, source="us")
    options = pipeline.Options(NOW, "us", fhir_version=version)
    found: dict[str, dict[str, Any]] = {}
    for risk in {one.score.card: one for one in assessed.risks}.values():
        final, amended = (
            pipeline.risk_assessment(risk, options, status) for status in ("final", "amended")
        )
        wrong = pipeline.withdrawn(final, "an input was corrected")
        for whole in (final, amended, wrong):
            for form in FORMS.values():
                results = Results(risk.score.outputs, risk.score.facts)
                name = f"{risk.score.card} {whole['status']} {form}"
                found[name] = render(whole, form, results, version)
    return found


@pytest.mark.parametrize("version", VERSIONS)
def test_other_forms(validator: Validator, people: list[dict[str, Any]], version: str) -> None:
    found = forms(people, version)
    assert len(found) == len(SHAPES) * 3 * len(FORMS)
    wrong = {
        name: errors for name, it in found.items() if (errors := validator.errors(it, version))
    }
    assert wrong == {}
    assert {
        name: validate(it, version) for name, it in found.items() if validate(it, version)
    } == {}


@pytest.mark.parametrize("country", COUNTRIES)
def test_sandbox_people(validator: Validator, country: str) -> None:
    dialect = load(country)
    seen: dict[tuple[str, ...], dict[str, Any]] = {}
    for resource in cohort(dialect, 12, 1, NOW, flaws=False).resources:
        code = resource.get("code", {}).get("coding", [{}])[0].get("code", "")
        seen.setdefault((resource["resourceType"], code), resource)
    wrong = [
        (*key, errors)
        for key, resource in seen.items()
        if (errors := validator.errors(resource, dialect.version))
    ]
    assert wrong == []


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    """The gateway, empty."""
    folder: Path = tmp_path_factory.mktemp("gateway")
    app = create_app(Settings(store_url=f"sqlite:///{folder / 'gateway.db'}"))
    yield app.test_client()
    app.extensions["riskbridge"].dispose()


PATIENT = {
    "resourceType": "Patient",
    "identifier": [{"system": "http://example.org/ids", "value": "7"}],
    "gender": "female",
    "birthDate": "1961-04-05",
}
PRESSURE = {
    "resourceType": "Observation",
    "status": "final",
    "code": {"coding": [{"system": "http://loinc.org", "code": "8480-6"}]},
    "subject": {"reference": "urn:uuid:53fefa32-fcbb-4ff8-8a92-55ee120877b7"},
    "effectiveDateTime": "2026-03-01T10:00:00Z",
    "valueQuantity": {"value": 141, "system": "http://unitsofmeasure.org", "code": "mm[Hg]"},
}
TRANSACTION = {
    "resourceType": "Bundle",
    "type": "transaction",
    "entry": [
        {
            "fullUrl": "urn:uuid:53fefa32-fcbb-4ff8-8a92-55ee120877b7",
            "resource": PATIENT,
            "request": {"method": "POST", "url": "Patient"},
        },
        {"resource": PRESSURE, "request": {"method": "POST", "url": "Observation"}},
    ],
}
BATCH = {
    "resourceType": "Bundle",
    "type": "batch",
    "entry": [
        {"request": {"method": "GET", "url": "Patient/none"}},
        {"request": {"method": "GET", "url": "Patient?gender=female"}},
        {"resource": PATIENT | {"id": "b1"}, "request": {"method": "PUT", "url": "Patient/b1"}},
        {"request": {"method": "DELETE", "url": "Patient/b1"}},
    ],
}
COLLECTION = {
    "resourceType": "Bundle",
    "type": "collection",
    "entry": [{"resource": PATIENT | {"id": "q"}}],
}
ASKED = [
    pytest.param("GET", "metadata", None, id="metadata"),
    pytest.param("POST", "", TRANSACTION, id="transaction"),
    pytest.param("POST", "", BATCH, id="batch"),
    pytest.param("POST", "", COLLECTION, id="collection"),
    pytest.param("POST", "Patient", PATIENT, id="create"),
    pytest.param("PUT", "Patient/p1", PATIENT | {"id": "p1"}, id="update"),
    pytest.param("PUT", "Patient/p1", PATIENT | {"id": "p1", "gender": "male"}, id="update again"),
    pytest.param("GET", "Patient", None, id="search"),
    pytest.param("GET", "Patient?_count=1", None, id="page"),
    pytest.param("GET", "Patient?_summary=count", None, id="count"),
    pytest.param("GET", "Patient?identifier=nobody|0", None, id="none found"),
    pytest.param("GET", "Observation?_include=Observation:subject", None, id="include"),
    pytest.param("GET", "Patient/p1", None, id="read"),
    pytest.param("GET", "Patient/p1/_history", None, id="history"),
    pytest.param("GET", "Patient/_history", None, id="history of a type"),
    pytest.param("GET", "_history", None, id="history of all"),
    pytest.param("POST", "$assess-risk", COLLECTION, id="assess"),
    pytest.param(
        "POST", "Patient/p1/$assess-risk", {"resourceType": "Parameters"}, id="assess one"
    ),
    pytest.param("DELETE", "Patient/p1", None, id="delete"),
    pytest.param("GET", "Patient/p1", None, id="deleted"),
    pytest.param("GET", "Patient/p1/_history", None, id="history of what was deleted"),
    pytest.param("GET", "Patient/nobody", None, id="missing"),
    pytest.param("GET", "Nothing/1", None, id="no type"),
    pytest.param("POST", "Patient", PATIENT | {"gender": "F"}, id="invalid"),
    pytest.param("POST", "Patient", {"resourceType": "Observation"}, id="another type"),
]


@pytest.mark.parametrize(("method", "path", "body"), ASKED)
def test_answers(
    validator: Validator, client: FlaskClient, method: str, path: str, body: Any
) -> None:
    answer = client.open(
        f"/fhir/{path}" if path else "/fhir",
        method=method,
        data=encode(body) if body else None,
        content_type="application/fhir+json",
    )
    if answer.status_code == 204:
        return
    assert validator.errors(answer.data) == []
    assert answer.content_type.startswith("application/fhir+json")


PAGES = (
    "Patient", "Observation", "Condition", "RiskAssessment", "Device", "Provenance",
    "DocumentReference",
)  # fmt: skip


def test_what_is_served_of_people_who_were_posted(
    validator: Validator, people: list[dict[str, Any]], client: FlaskClient
) -> None:
    entries = [
        {"resource": one, "request": {"method": "PUT", "url": f"{one['resourceType']}/{one['id']}"}}
        for one in people
    ]
    batch = {"resourceType": "Bundle", "type": "batch", "entry": entries}
    answer = client.post("/fhir", data=encode(batch), content_type="application/fhir+json")
    assert {entry["response"]["status"][:3] for entry in answer.json["entry"]} == {"201"}
    for kind in PAGES:
        page = client.get(f"/fhir/{kind}?_count=40")
        assert page.json["entry"], kind
        assert validator.errors(page.data) == [], kind


def test_what_the_command_prints(
    validator: Validator, people: list[dict[str, Any]], tmp_path: Path
) -> None:
    path = tmp_path / "people.ndjson"
    path.write_bytes(b"\n".join(encode(one) for one in people[:200]))
    done = CliRunner().invoke(riskbridge, ["assess", "--as-of", NOW.isoformat(), str(path)])
    assert done.exit_code == 0, done.output
    assert validator.errors(done.stdout.encode()) == []
