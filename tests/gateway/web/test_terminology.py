"""The terminology operations over HTTP: methods, bodies, formats, versions, refusals."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask

from gateway.web.terminology import blueprint

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

JSON = "application/fhir+json"
R5 = f"{JSON}; fhirVersion=5.0"
LOINC = "http://loinc.org"
LOOKUP = f"/fhir/CodeSystem/$lookup?system={LOINC}&code=8480-6"
COLOURS = {
    "resourceType": "CodeSystem",
    "url": "http://example.org/colours",
    "status": "active",
    "content": "complete",
    "concept": [{"code": "red", "display": "Red"}],
}
ALL = {
    "resourceType": "ValueSet",
    "url": "http://example.org/all",
    "status": "active",
    "compose": {"include": [{"system": "http://example.org/colours"}]},
}


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    app = Flask(__name__)
    app.register_blueprint(blueprint(), url_prefix="/fhir")
    return app.test_client()


def parameters(*rows: dict[str, Any]) -> str:
    return json.dumps({"resourceType": "Parameters", "parameter": rows})


def post(client: FlaskClient, path: str, body: str | bytes, **headers: str) -> TestResponse:
    kind = headers.pop("content_type", JSON)
    return client.post(f"/fhir/{path}", data=body, content_type=kind, headers=headers)


def value(answer: TestResponse, name: str) -> Any:
    for row in answer.get_json(force=True)["parameter"]:
        if row["name"] == name:
            return next(v for k, v in row.items() if k.startswith("value"))
    return None


def test_lookup_by_get(client: FlaskClient) -> None:
    answer = client.get(LOOKUP)
    assert (answer.status_code, answer.mimetype) == (200, JSON)
    assert value(answer, "display") == "Systolic blood pressure"
    assert value(answer, "definition") is None
    assert answer.headers["X-Request-Id"]


def test_the_answer_speaks_the_version_that_is_asked(client: FlaskClient) -> None:
    assert value(client.get(LOOKUP, headers={"Accept": R5}), "code") == "8480-6"
    assert value(client.get(LOOKUP, headers={"Accept": f"{JSON}; fhirVersion=4.0"}), "code") is None
    body = parameters(
        {"name": "system", "valueUri": LOINC}, {"name": "code", "valueCode": "8480-6"}
    )
    posted = post(client, "CodeSystem/$lookup", body, content_type=R5)
    assert value(posted, "code") == "8480-6"


def test_translate_in_both_versions(client: FlaskClient) -> None:
    address = "/fhir/ConceptMap/$translate?code=09001C&targetsystem=http://loinc.org&system="
    address += "https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/medical-service-payment-tw"
    for accept, name in ((JSON, "equivalence"), (R5, "relationship")):
        answer = client.get(address, headers={"Accept": accept}).get_json(force=True)
        [match] = [row for row in answer["parameter"] if row["name"] == "match"]
        assert {"name": name, "valueCode": "equivalent"} in match["part"]


def test_resources_that_come_with_the_request(client: FlaskClient) -> None:
    body = parameters(
        {"name": "url", "valueUri": "http://example.org/all"},
        {"name": "code", "valueCode": "red"},
        {"name": "system", "valueUri": "http://example.org/colours"},
        {"name": "tx-resource", "resource": COLOURS},
        {"name": "tx-resource", "resource": ALL},
    )
    answer = post(client, "ValueSet/$validate-code", body)
    assert (value(answer, "result"), value(answer, "display")) == (True, "Red")
    later = client.get("/fhir/ValueSet/$expand?url=http://example.org/all")
    assert later.status_code == 404


def test_a_value_set_may_be_the_body(client: FlaskClient) -> None:
    given = {**ALL, "compose": {"include": [{"system": LOINC, "concept": [{"code": "8480-6"}]}]}}
    answer = post(client, "ValueSet/$expand?count=5", json.dumps(given)).get_json(force=True)
    assert answer["expansion"]["contains"][0]["code"] == "8480-6"
    assert answer["expansion"]["timestamp"].endswith("Z")
    assert answer["expansion"]["identifier"].startswith("urn:uuid:")


def test_the_instance_level(client: FlaskClient) -> None:
    answer = client.get("/fhir/ValueSet/systolic-bp/$expand").get_json(force=True)
    assert answer["expansion"]["total"] > 10
    found = client.get(f"/fhir/ConceptMap/loinc-to-feature/$translate?code=8480-6&system={LOINC}")
    assert value(found, "result") is True


def test_a_form_and_the_language_of_the_caller(client: FlaskClient) -> None:
    form = f"code=8480-6&system={LOINC}"
    kind = "application/x-www-form-urlencoded"
    assert value(post(client, "CodeSystem/$lookup", form, content_type=kind), "display")
    answer = client.get(LOOKUP, headers={"Accept-Language": "de"})
    assert value(answer, "display") == "Systolic blood pressure"


def test_xml_in_and_out(client: FlaskClient) -> None:
    body = (
        b'<Parameters xmlns="http://hl7.org/fhir"><parameter><name value="code"/>'
        b'<valueCode value="8480-6"/></parameter><parameter><name value="system"/>'
        b'<valueUri value="http://loinc.org"/></parameter></Parameters>'
    )
    answer = post(client, "CodeSystem/$lookup", body, content_type="application/fhir+xml")
    assert answer.mimetype == "application/fhir+xml"
    assert b'<valueString value="Systolic blood pressure"/>' in answer.data


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("CodeSystem/$lookup", 400),
        ("CodeSystem/$lookup?code=x&system=http://nowhere.example", 404),
        ("CodeSystem/$lookup?code=x&system=http://loinc.org", 404),
        ("ValueSet/$expand?url=http://nowhere.example", 404),
        ("ValueSet/none/$expand", 404),
        ("ValueSet/$expand?url=http://unitsofmeasure.org/vs", 422),
        ("ConceptMap/$translate?url=http://nowhere.example&code=x", 404),
        ("CodeSystem/$subsumes?codeA=8480-6&codeB=8462-4&system=http://loinc.org", 422),
    ],
)
def test_refusals_are_outcomes(client: FlaskClient, path: str, status: int) -> None:
    answer = client.get(f"/fhir/{path}")
    assert answer.status_code == status
    [issue] = answer.get_json(force=True)["issue"]
    assert issue["severity"] == "error"
    assert issue["diagnostics"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("", 400),
        ("{", 400),
        ('{"resourceType": "Patient"}', 400),
        ('{"resourceType": "Parameters", "parameter": [{}]}', 400),
        ("[" * 100_000, 400),
        (b"\xff", 400),
    ],
    ids=range(6),
)
def test_bad_bodies_are_refused(client: FlaskClient, body: str | bytes, status: int) -> None:
    answer = post(client, "CodeSystem/$lookup", body)
    assert answer.status_code == status
    assert answer.get_json(force=True)["resourceType"] == "OperationOutcome"


def test_other_methods_and_formats_are_refused(client: FlaskClient) -> None:
    assert client.delete(LOOKUP).status_code == 405
    assert client.get(LOOKUP, headers={"Accept": "text/csv"}).status_code == 406
    assert post(client, "CodeSystem/$lookup", "x", content_type="text/csv").status_code == 415
