"""`$assess-risk`: who is assessed, who is not and why; nothing stays behind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask

from gateway.store.engine import writing
from gateway.store.resources import put
from gateway.store.tables import source
from gateway.web.fhir import blueprint
from tests.gateway.web.conftest import BASE, FhirClient
from tests.stores.builders import a_patient, an_observation, received

if TYPE_CHECKING:
    import sqlalchemy as sa
    from flask.testing import FlaskClient

    from terminology.records import Resource

LOINC, UCUM = "http://loinc.org", "http://unitsofmeasure.org"


def measured(gid: str, code: str, value: float, unit: str) -> Resource:
    quantity = {"value": value, "unit": unit, "system": UCUM, "code": unit}
    coded = {"coding": [{"system": LOINC, "code": code}]}
    return an_observation(gid, code=coded, valueQuantity=quantity)


def smoking() -> Resource:
    answer = {"coding": [{"system": "http://snomed.info/sct", "code": "266919005"}]}
    coded = {"coding": [{"system": LOINC, "code": "72166-2"}]}
    made = an_observation("smoking", code=coded, valueCodeableConcept=answer)
    del made["valueQuantity"]
    return made


def record(**differs: Any) -> list[Resource]:
    return [
        a_patient(gender="male", birthDate="1966-05-12", address=[{"country": "FI"}], **differs),
        measured("sbp", "8480-6", 140, "mm[Hg]"),
        measured("tc", "2093-3", 5.5, "mmol/L"),
        measured("hdl", "2085-9", 1.3, "mmol/L"),
        smoking(),
    ]


def collection(*resources: Resource) -> Resource:
    entries = [{"resource": one} for one in resources]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


def parts(answer: Any) -> tuple[list[Resource], list[Resource]]:
    """Return RiskAssessments and issues."""
    assert answer.status_code == 200, answer.data
    assert answer.json["type"] == "collection"
    *risks, outcome = [one["resource"] for one in answer.json["entry"]]
    assert {one["resourceType"] for one in risks} <= {"RiskAssessment"}
    return risks, outcome["issue"]


@pytest.fixture
def client(store: sa.Engine) -> FlaskClient:
    app = Flask("test")
    app.register_blueprint(blueprint(store, BASE, operations=True), url_prefix="/fhir")
    app.test_client_class = FhirClient
    return app.test_client()


def test_a_bundle_is_assessed_and_not_stored(client: FlaskClient) -> None:
    risks, issues = parts(client.post("/fhir/$assess-risk", json=collection(*record())))
    assert [one["method"]["coding"][0]["code"] for one in risks] == ["score2"]
    assert [one["severity"] for one in issues] == ["information"]
    for kind in ("Patient", "Observation", "RiskAssessment"):
        found = client.get(f"/fhir/{kind}?_summary=count").json
        assert found is not None
        assert found["total"] == 0


def test_parameters_hold_resources_or_a_bundle(client: FlaskClient) -> None:
    apart = [{"name": "resource", "resource": one} for one in record()]
    whole = [{"name": "resource", "resource": collection(*record())}]
    for parameter in (apart, whole):
        sent = {"resourceType": "Parameters", "parameter": parameter}
        assert len(parts(client.post("/fhir/$assess-risk", json=sent))[0]) == 1


def test_xml_in_and_out(client: FlaskClient) -> None:
    from gateway.fhir.xml import to_json, to_xml

    xml = "application/fhir+xml"
    answer = client.post("/fhir/$assess-risk", data=to_xml(collection(*record())), content_type=xml)
    assert answer.content_type.startswith(xml)
    assert to_json(answer.data)["entry"][0]["resource"]["resourceType"] == "RiskAssessment"


def test_what_cannot_be_used_is_told_with_its_reason(client: FlaskClient) -> None:
    odd = measured("odd", "8867-4", 70, "furlong")
    risks, issues = parts(client.post("/fhir/$assess-risk", json=collection(*record(), odd)))
    assert len(risks) == 1
    assert issues[0]["details"]["text"] == "unit-unknown"
    assert issues[0]["expression"][0].startswith("Bundle.entry[5].resource")


def test_who_is_not_assessed_is_told_with_the_reason(client: FlaskClient) -> None:
    child = record()
    child[0]["birthDate"] = "2019-01-01"
    risks, issues = parts(client.post("/fhir/$assess-risk", json=collection(*child)))
    assert risks == []
    assert any("age" in one["details"]["text"] for one in issues)


def test_one_resource_that_is_not_valid_is_told_and_the_rest_assessed(client: FlaskClient) -> None:
    bad = an_observation("bad", status="nonsense")
    risks, issues = parts(client.post("/fhir/$assess-risk", json=collection(bad, *record())))
    assert len(risks) == 1
    assert issues[0]["severity"] == "error"
    assert issues[0]["expression"] == ["Bundle.entry[0].resource.status"]


@pytest.mark.parametrize(
    "sent",
    [
        {"resourceType": "Bundle", "type": "nonsense"},
        {"resourceType": "Parameters", "parameter": "x"},
        {"resourceType": "Observation"},
        {"resourceType": "Nonsense"},
    ],
    ids=str,
)
def test_what_is_wrong_as_a_whole_is_refused(client: FlaskClient, sent: Resource) -> None:
    assert client.post("/fhir/$assess-risk", json=sent).status_code == 422


def test_nothing_is_refused(client: FlaskClient) -> None:
    assert client.post("/fhir/$assess-risk").status_code == 400
    assert client.get("/fhir/$assess-risk").status_code == 404


def test_a_patient_is_assessed_by_what_is_kept_and_given(client: FlaskClient) -> None:
    assert client.post("/fhir/Patient/p1/$assess-risk").status_code == 404
    *known, last = record()
    client.post("/fhir", json=collection(*known))
    risks, _ = parts(client.post("/fhir/Patient/p1/$assess-risk"))
    assert risks == []
    risks, _ = parts(client.post("/fhir/Patient/p1/$assess-risk", json=collection(last)))
    assert [one["subject"]["reference"] for one in risks] == ["Patient/p1"]
    found = client.get("/fhir/Observation/smoking")
    assert found.status_code == 404


def test_a_patient_of_a_source_is_read_as_the_source_writes(
    client: FlaskClient, store: sa.Engine
) -> None:
    with writing(store) as conn:
        conn.execute(
            source.insert().values(
                name="fi",
                base_url="https://fhir.example/r4",
                country="FI",
                settings={"name": "fi", "base_url": "https://fhir.example/r4", "country": "FI"},
            )
        )
        people = record()
        del people[0]["address"]
        put(conn, "fi", [received(one) for one in people], country="FI")
    risks, _ = parts(client.post("/fhir/Patient/fi.p1/$assess-risk"))
    assert [one["subject"]["reference"] for one in risks] == ["Patient/fi.p1"]
    assert "Observation/fi.sbp/_history/1" in {one["reference"] for one in risks[0]["basis"]}


def test_what_was_pulled_is_served_under_our_ids(client: FlaskClient, store: sa.Engine) -> None:
    with writing(store) as conn:
        url = "https://fhir.example/r4"
        conn.execute(source.insert().values(name="fi", base_url=url))
        about = {"reference": f"{url}/Patient/p1"}
        sent = [received(a_patient()), received(an_observation(subject=about))]
        put(conn, "fi", sent)
    found = client.get("/fhir/Observation?patient=fi.p1&_include=Observation:patient").json
    assert found is not None
    observation, patient = (one["resource"] for one in found["entry"])
    assert (observation["id"], patient["id"]) == ("fi.o1", "fi.p1")
    assert observation["subject"]["reference"] == "Patient/fi.p1"
    assert observation["meta"]["versionId"] == "1"
    assert client.get("/fhir/Observation/o1").status_code == 404
    refused = client.put("/fhir/Patient/fi.p1", json=a_patient("fi.p1"))
    assert refused.status_code == 409
    assert client.delete("/fhir/Patient/fi.p1").status_code == 409
