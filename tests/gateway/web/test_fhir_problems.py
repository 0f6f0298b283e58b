"""Bad input of every kind: the right status, an OperationOutcome that names the place, no data."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.fhir.json import encode
from tests.stores.builders import a_patient, an_observation

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

JSON = "application/fhir+json"
MARK = "Zebrafish"
"""Stands for patient data: no answer to what was refused may repeat it."""


def refused(answer: TestResponse, status: int) -> dict[str, Any]:
    """Return the first issue of a refusal that says nothing of what was sent."""
    assert answer.status_code == status, answer.data
    assert MARK.encode() not in answer.data
    assert b"Traceback" not in answer.data
    assert answer.json is not None
    assert answer.json["resourceType"] == "OperationOutcome"
    issue: dict[str, Any] = answer.json["issue"][0]
    return issue


BODIES = {
    "nothing": (b"", 400),
    "white space": (b" \n ", 400),
    "no JSON": (b'{"resourceType":"Patient", Zebrafish', 400),
    "half a JSON": (b'{"resourceType":"Patient","name":[{"family":"Zebrafish"', 400),
    "an array": (b'["Zebrafish"]', 400),
    "null": (b"null", 400),
    "no resourceType": (b'{"id":"Zebrafish"}', 400),
    "resourceType is a number": (b'{"resourceType":1}', 400),
    "no UTF-8": (b'{"resourceType":"Patient","id":"Zebrafish\xff"}', 400),
    "half a surrogate": (b'{"resourceType":"Patient","id":"\\ud800Zebrafish"}', 400),
    "the same key twice": (b'{"resourceType":"Patient","id":"a","id":"Zebrafish"}', 400),
    "the same key twice, inside": (
        b'{"resourceType":"Patient","name":[{"family":"a","family":"Zebrafish"}]}',
        400,
    ),
    "the same key twice, escaped": (b'{"resourceType":"Patient","id":"a","\\u0069d":"b"}', 400),
    "deep": (b'{"resourceType":"Patient","x":' + b"[" * 80 + b"]" * 80 + b"}", 400),
    "very deep": (b'{"resourceType":"Patient","x":' + b"[" * 90_000 + b"]" * 90_000 + b"}", 400),
    "deep behind brackets in texts": (
        b'{"resourceType":"Patient","x":' + b'["]",' * 80 + b"1" + b',"["]' * 80 + b"}",
        400,
    ),
    "a number without end": (b'{"resourceType":"Patient","x":1' + b"0" * 9000 + b"}", 400),
    "another type": (encode(an_observation()), 400),
    "unknown type": (b'{"resourceType":"Zebrafish"}', 400),
    "a text where an object must stand": (b'{"resourceType":"Patient","name":["Zebrafish"]}', 422),
    "a wrong code": (encode(a_patient(gender=MARK)), 422),
    "an empty array": (encode(a_patient(name=[])), 422),
    "null inside": (b'{"resourceType":"Patient","gender":null}', 422),
}


@pytest.mark.parametrize(("raw", "status"), BODIES.values(), ids=BODIES)
def test_a_body_that_cannot_be(client: FlaskClient, raw: bytes, status: int) -> None:
    issue = refused(client.post("/fhir/Patient", data=raw, content_type=JSON), status)
    assert issue["diagnostics"]


@pytest.mark.parametrize("path", ["/fhir", "/fhir/Patient/p1", "/fhir/Patient?gender=x"])
def test_bodies_are_read_the_same_everywhere(client: FlaskClient, path: str) -> None:
    method = "POST" if path == "/fhir" else "PUT"
    for name, (raw, _) in BODIES.items():
        if name == "another type":
            continue
        answer = client.open(path, method=method, data=raw, content_type=JSON)
        assert 400 <= answer.status_code < 500, raw[:80]
        assert MARK.encode() not in answer.data


PLACES = {
    "Patient.gender": a_patient(gender=MARK),
    "Patient.birthDate": a_patient(birthDate=MARK),
    "Patient.name[0].family": a_patient(name=[{"family": 1}]),
    "Observation.status": an_observation(status=MARK),
    "Observation.code": {name: one for name, one in an_observation().items() if name != "code"},
    "Observation.valueQuantity.value": an_observation(valueQuantity={"value": MARK}),
}


@pytest.mark.parametrize(("at", "sent"), PLACES.items(), ids=PLACES)
def test_the_place_is_named(client: FlaskClient, at: str, sent: dict[str, Any]) -> None:
    issue = refused(client.post(f"/fhir/{sent['resourceType']}", json=sent), 422)
    assert issue["expression"] == [at]


XML = {
    "no XML": (b"<Patient Zebrafish", 400),
    "another namespace": (b"<Patient><id value='x'/></Patient>", 400),
    "an entity": (
        b'<!DOCTYPE x [<!ENTITY z SYSTEM "file:///etc/x">]><Patient><id value="&z;"/></Patient>',
        400,
    ),
    "a wrong code": (
        b'<Patient xmlns="http://hl7.org/fhir"><gender value="Zebrafish"/></Patient>',
        422,
    ),
    "deep": (b'<Patient xmlns="http://hl7.org/fhir">' + b"<a>" * 9000 + b"</a>" * 9000, 400),
}


@pytest.mark.parametrize(("raw", "status"), XML.values(), ids=XML)
def test_xml_that_cannot_be(client: FlaskClient, raw: bytes, status: int) -> None:
    answer = client.post(
        "/fhir/Patient",
        data=raw,
        content_type="application/fhir+xml",
        headers={"Accept": JSON},
    )
    refused(answer, status)


ADDRESSES = {
    ("GET", "/fhir/Nonsense"): 404,
    ("GET", "/fhir/Nonsense/1"): 404,
    ("GET", "/fhir/patient/1"): 404,
    ("GET", "/fhir/Patient/none"): 404,
    ("GET", "/fhir/Patient/none/_history/1"): 404,
    ("GET", "/fhir/Patient/a/b/c"): 404,
    ("GET", "/fhir/Patient/%00"): 404,
    ("GET", "/fhir/Patient/" + "x" * 9000): 404,
    ("GET", "/fhir/Parameters"): 404,
    ("GET", "/fhir"): 405,
    ("POST", "/fhir/Patient/p1"): 405,
    ("PATCH", "/fhir/Patient/p1"): 405,
    ("PUT", "/fhir/metadata"): 404,
    ("DELETE", "/fhir/metadata"): 404,
    ("POST", "/fhir/$nonsense"): 404,
    ("POST", "/fhir/Patient/$nonsense"): 404,
    ("POST", "/fhir/$assess-risk"): 404,
    ("GET", "/fhir/Patient?birthdate=Zebrafish"): 400,
    ("GET", "/fhir/Patient?gender:of=Zebrafish"): 400,
    ("GET", "/fhir/Patient?name=%00"): 400,
    ("GET", "/fhir/Patient?_count=" + "9" * 5000): 400,
    ("PUT", "/fhir/Patient/a_b"): 400,
    ("PUT", "/fhir/Patient/" + "x" * 65): 400,
    ("PUT", "/fhir/Patient/other"): 400,
    ("DELETE", "/fhir/Nonsense/1"): 404,
}


@pytest.mark.parametrize(
    ("asked", "status"), ADDRESSES.items(), ids=[f"{m} {p[:40]}" for m, p in ADDRESSES]
)
def test_addresses_and_methods_that_are_not_served(
    client: FlaskClient, asked: tuple[str, str], status: int
) -> None:
    method, path = asked
    sent = {"json": a_patient()} if method in ("PUT", "POST", "PATCH") else {}
    refused(client.open(path, method=method, **sent), status)


FORMATS = {
    "text": ({"Content-Type": "text/plain"}, 415),
    "a form": ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
    "another character set": ({"Content-Type": f"{JSON}; charset=utf-16"}, 415),
    "another version": ({"Content-Type": f"{JSON}; fhirVersion=5.0"}, 415),
    "compressed": ({"Content-Type": JSON, "Content-Encoding": "gzip"}, 415),
    "a page wanted": ({"Content-Type": JSON, "Accept": "text/html"}, 406),
    "another version wanted": ({"Content-Type": JSON, "Accept": f"{JSON}; fhirVersion=5.0"}, 406),
}


@pytest.mark.parametrize(("headers", "status"), FORMATS.values(), ids=FORMATS)
def test_formats_that_are_not_served(
    client: FlaskClient, headers: dict[str, str], status: int
) -> None:
    answer = client.post("/fhir/Patient", data=encode(a_patient()), headers=headers)
    assert refused(answer, status)["code"] == "not-supported"
    assert client.get("/fhir/Patient/p1").status_code == 404


def test_a_body_over_the_limit_is_refused_by_its_length(client: FlaskClient) -> None:
    big = encode(a_patient(name=[{"family": MARK * 200_000}]))
    assert (
        refused(client.post("/fhir/Patient", data=big, content_type=JSON), 413)["code"]
        == "too-long"
    )


def test_a_body_over_the_limit_is_refused_while_it_is_read(client: FlaskClient) -> None:
    class Endless(io.RawIOBase):
        given = 0

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int:
            self.given += len(buffer)
            return len(buffer) if self.given < 50_000_000 else 0

    endless = Endless()
    answer = client.post(
        "/fhir/Patient",
        content_type=JSON,
        environ_overrides={"wsgi.input": endless, "wsgi.input_terminated": True},
    )
    refused(answer, 413)
    assert endless.given >= 50_000_000, "the rest is read, so that the caller sees the answer"


def test_too_many_entries(app: Flask, client: FlaskClient) -> None:
    app.config["MAX_CONTENT_LENGTH"] = None
    entry = {"request": {"method": "GET", "url": "Patient/1"}}
    sent = {"resourceType": "Bundle", "type": "batch", "entry": [entry] * 10_001}
    refused(client.post("/fhir", json=sent), 413)


def test_an_unforeseen_error_says_nothing(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def fails(*_: object) -> None:
        raise ZeroDivisionError(MARK)

    monkeypatch.setattr("gateway.web.fhir_read.get", fails)
    assert refused(client.get("/fhir/Patient/p1"), 500)["code"] == "exception"
    assert MARK not in "".join(capfd.readouterr())


def test_a_store_that_does_not_answer_is_told_as_passing(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise sa.exc.OperationalError(MARK, {}, Exception(MARK))

    monkeypatch.setattr("gateway.web.fhir_read.get", fails)
    assert refused(client.get("/fhir/Patient/p1"), 503)["code"] == "transient"


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8) | st.sampled_from(["Patient/p1", "urn:uuid:x", "2024", "final", "{}"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            ["resourceType", "id", "meta", "entry", "type", "resource", "request", "method", "url",
             "fullUrl", "reference", "code", "coding", "value", "valueQuantity", "identifier"]
        ),
        inner,
        max_size=4,
    ),
    max_leaves=20,
)  # fmt: skip


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.sampled_from(["Patient", "Observation", "Bundle", "Provenance"]),
    st.sampled_from(["/fhir", "/fhir/Patient", "/fhir/Bundle", "/fhir/Observation"]),
    st.dictionaries(
        st.sampled_from(
            ["id", "type", "entry", "subject", "name", "meta", "code", "status", "text"]
        ),
        values,
        max_size=5,
    ),
)
def test_no_json_raises(client: FlaskClient, kind: str, path: str, content: dict[str, Any]) -> None:
    sent = {**content, "resourceType": kind}
    answer = client.post(path, data=json.dumps(sent), content_type=JSON)
    assert answer.status_code < 500, sent
