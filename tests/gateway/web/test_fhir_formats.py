"""JSON and XML, in and out, as asked for by header or parameter."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from flask import Flask

from gateway.fhir.structure import resource_types
from gateway.fhir.validate import validate
from gateway.fhir.xml import to_json
from gateway.store.query import searchable
from gateway.web.fhir import blueprint
from tests.stores.builders import a_patient

if TYPE_CHECKING:
    import sqlalchemy as sa
    from flask.testing import FlaskClient

JSON, XML = "application/fhir+json", "application/fhir+xml"

ASKED = [
    ({}, "", JSON),
    ({"Accept": "*/*"}, "", JSON),
    ({"Accept": "application/*;q=0.5"}, "", JSON),
    ({"Accept": JSON}, "", JSON),
    ({"Accept": f"{JSON}; fhirVersion=4.0"}, "", JSON),
    ({"Accept": f"{JSON}; fhirVersion=5.0, {JSON}"}, "", JSON),
    ({"Accept": "application/json"}, "", "application/json"),
    ({"Accept": XML}, "", XML),
    ({"Accept": "text/xml"}, "", "text/xml"),
    ({"Accept": f"{JSON};q=0.2, {XML};q=0.9"}, "", XML),
    ({"Accept": "text/html, application/xhtml+xml, */*;q=0.8"}, "", JSON),
    ({"Accept": XML}, "_format=json", JSON),
    ({}, "_format=xml", XML),
    ({}, "_format=application/fhir%2Bxml", XML),
    ({}, "_format=application/fhir+xml", XML),
]


@pytest.mark.parametrize(("headers", "query", "expected"), ASKED, ids=[str(one) for one in ASKED])
def test_the_format_is_as_asked(
    client: FlaskClient, headers: dict[str, str], query: str, expected: str
) -> None:
    client.put("/fhir/Patient/p1", json=a_patient())
    for path in ("/fhir/Patient/p1", "/fhir/Patient", "/fhir/metadata", "/fhir/Patient/none"):
        answer = client.get(f"{path}?{query}", headers=headers)
        assert answer.content_type == f"{expected}; charset=utf-8"
        assert answer.data.startswith(b"{" if "json" in expected else b"<")


def test_xml_is_read_and_answered_in_kind(client: FlaskClient) -> None:
    raw = b'<Patient xmlns="http://hl7.org/fhir"><id value="p1"/><gender value="male"/></Patient>'
    made = client.put("/fhir/Patient/p1", data=raw, content_type=XML)
    assert made.status_code == 201
    assert made.content_type.startswith(XML)
    read = client.get("/fhir/Patient/p1").json
    assert read is not None
    assert read["gender"] == "male"


def test_a_transaction_in_xml(client: FlaskClient) -> None:
    raw = b"""<Bundle xmlns="http://hl7.org/fhir"><type value="transaction"/><entry>
      <resource><Patient><gender value="male"/></Patient></resource>
      <request><method value="POST"/><url value="Patient"/></request></entry></Bundle>"""
    answer = client.post("/fhir", data=raw, content_type=XML)
    assert answer.status_code == 200
    told = to_json(answer.data)
    assert told["type"] == "transaction-response"
    assert told["entry"][0]["response"]["status"].startswith("201")


def test_a_body_without_a_type_is_recognised(client: FlaskClient) -> None:
    answer = client.post("/fhir/Patient", data=b'{"resourceType":"Patient"}', content_type="")
    assert answer.status_code == 201
    raw = b'<Patient xmlns="http://hl7.org/fhir"><gender value="male"/></Patient>'
    assert client.post("/fhir/Patient", data=raw, content_type="").status_code == 201


def test_pretty(client: FlaskClient) -> None:
    client.put("/fhir/Patient/p1", json=a_patient())
    assert b'\n  "id": "p1"' in client.get("/fhir/Patient/p1?_pretty=true").data


@pytest.mark.parametrize("version", ["STU3", "R4", "R4B", "R5"])
def test_the_capability_statement_is_valid_and_true(store: sa.Engine, version: str) -> None:
    app = Flask("test")
    site = blueprint(store, "http://localhost/fhir", fhir_version=version, operations=True)
    app.register_blueprint(site, url_prefix="/fhir")
    client = app.test_client()
    statement = client.get("/fhir/metadata").json
    assert statement is not None
    assert [one for one in validate(statement, version) if one.severity == "error"] == []
    rest = statement["rest"][0]
    assert {one["type"] for one in rest["resource"]} == resource_types(version) - {"Parameters"}
    strict = {"Prefer": "handling=strict"}
    for one in rest["resource"]:
        declared = {each["name"] for each in one["searchParam"]}
        assert declared == set(searchable(one["type"]))
        if one["type"] not in ("Patient", "Observation", "RiskAssessment", "Basic"):
            continue
        for each in one["searchParam"]:
            value = {"date": "2024", "number": "1", "quantity": "1"}.get(each["type"], "x")
            url = f"/fhir/{one['type']}?{each['name']}={value}"
            assert client.get(url, headers=strict).status_code == 200, url
        for include in one.get("searchInclude", []):
            url = f"/fhir/{one['type']}?_include={include}"
            assert client.get(url, headers=strict).status_code == 200, url
        for include in one.get("searchRevInclude", []):
            url = f"/fhir/{one['type']}?_revinclude={include}"
            assert client.get(url, headers=strict).status_code == 200, url
    definition = client.get("/fhir/OperationDefinition/assess-risk").json
    assert definition is not None
    assert [one for one in validate(definition, version) if one.severity == "error"] == []


def test_another_version_is_served_in_its_own_shape(store: sa.Engine) -> None:
    app = Flask("test")
    site = blueprint(store, "http://localhost/fhir", fhir_version="STU3")
    app.register_blueprint(site, url_prefix="/fhir")
    client = app.test_client()
    observation = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": "x"},
        "context": {"reference": "Encounter/e1"},
        "comment": "x",
    }
    made = client.post("/fhir/Observation", json=observation)
    assert made.status_code == 201
    found = client.get("/fhir/Observation?encounter=e1").json
    assert found is not None
    assert found["total"] == 1
    accept = {"Accept": f"{JSON}; fhirVersion=4.0"}
    assert client.get("/fhir/Observation", headers=accept).status_code == 406
