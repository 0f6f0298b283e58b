"""The interactions one by one: create, read, update, delete, their conditions and headers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from flask import Flask

from gateway.web.fhir import blueprint
from gateway.web.fhir_server import Hooks
from tests.stores.builders import a_patient, an_observation

if TYPE_CHECKING:
    import sqlalchemy as sa
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from tests.gateway.web.conftest import Heard

BASE = "http://localhost/fhir"


def problem(answer: TestResponse) -> dict[str, object]:
    """Return the first issue of an OperationOutcome."""
    assert answer.json is not None
    assert answer.json["resourceType"] == "OperationOutcome"
    issue: dict[str, object] = answer.json["issue"][0]
    assert issue["severity"] == "error"
    assert issue["code"]
    return issue


def test_create_gives_a_new_id_and_says_where(client: FlaskClient) -> None:
    made = client.post("/fhir/Patient", json=a_patient("mine"))
    assert made.status_code == 201
    assert made.json is not None
    gid = made.json["id"]
    assert gid != "mine"
    assert made.headers["Location"] == f"{BASE}/Patient/{gid}/_history/1"
    assert made.headers["ETag"] == 'W/"1"'
    assert made.headers["Last-Modified"].endswith("GMT")
    assert made.content_type == "application/fhir+json; charset=utf-8"
    read = client.get(f"/fhir/Patient/{gid}")
    assert read.data == made.data
    assert read.json is not None
    assert read.json["meta"]["versionId"] == "1"


def test_digits_of_decimals_stay_as_sent(client: FlaskClient) -> None:
    raw = (
        b'{"resourceType":"Observation","id":"o1","status":"final","code":{"text":"x"},'
        b'"valueQuantity":{"value":5.20}}'
    )
    made = client.put("/fhir/Observation/o1", data=raw, content_type="application/json")
    assert b'"value":5.20}' in made.data
    assert b'"value":5.20}' in client.get("/fhir/Observation?_id=o1").data
    xml = client.get("/fhir/Observation/o1?_format=xml")
    assert b'<value value="5.20"/>' in xml.data


def test_update_creates_under_the_id_then_makes_versions(client: FlaskClient) -> None:
    first = client.put("/fhir/Patient/p1", json=a_patient())
    second = client.put("/fhir/Patient/p1", json=a_patient(gender="male"))
    assert (first.status_code, second.status_code) == (201, 200)
    assert second.headers["ETag"] == 'W/"2"'
    assert second.headers["Location"] == f"{BASE}/Patient/p1/_history/2"
    assert b'"female"' in client.get("/fhir/Patient/p1/_history/1").data
    assert client.get("/fhir/Patient/p1/_history/3").status_code == 404
    assert client.get("/fhir/Patient/p1/_history/x").status_code == 404


PRECONDITIONS = {
    "the present version": ({"If-Match": 'W/"1"'}, 200),
    "the present version, strong": ({"If-Match": '"1"'}, 200),
    "an earlier version": ({"If-Match": 'W/"0"'}, 412),
    "any version": ({"If-Match": "*"}, 200),
    "nothing may be there": ({"If-None-Match": "*"}, 412),
}


@pytest.mark.parametrize(("headers", "status"), PRECONDITIONS.values(), ids=PRECONDITIONS)
def test_preconditions_of_an_update(
    client: FlaskClient, headers: dict[str, str], status: int
) -> None:
    client.put("/fhir/Patient/p1", json=a_patient())
    assert client.put("/fhir/Patient/p1", json=a_patient(), headers=headers).status_code == status


def test_preconditions_when_nothing_is_there(client: FlaskClient) -> None:
    for headers, status in (
        ({"If-Match": 'W/"1"'}, 412),
        ({"If-Match": "*"}, 412),
        ({"If-None-Match": "*"}, 201),
    ):
        answer = client.put("/fhir/Patient/p1", json=a_patient(), headers=headers)
        assert answer.status_code == status


def test_delete_leaves_gone_behind_and_the_history(client: FlaskClient) -> None:
    client.put("/fhir/Patient/p1", json=a_patient())
    assert client.delete("/fhir/Patient/p1", headers={"If-Match": 'W/"7"'}).status_code == 412
    assert client.delete("/fhir/Patient/p1").status_code == 204
    assert client.delete("/fhir/Patient/p1").status_code == 204
    assert client.delete("/fhir/Patient/never").status_code == 204
    gone = client.get("/fhir/Patient/p1")
    assert (gone.status_code, problem(gone)["code"]) == (410, "deleted")
    assert client.get("/fhir/Patient/p1/_history/1").status_code == 200
    assert client.get("/fhir/Patient/p1/_history/2").status_code == 410
    history = client.get("/fhir/Patient/p1/_history").json
    assert history is not None
    assert [one["request"]["method"] for one in history["entry"]] == ["DELETE", "PUT"]
    assert "resource" not in history["entry"][0]
    assert client.put("/fhir/Patient/p1", json=a_patient()).headers["ETag"] == 'W/"3"'


def test_conditional_read(client: FlaskClient) -> None:
    made = client.put("/fhir/Patient/p1", json=a_patient())
    for headers, status in (
        ({"If-None-Match": 'W/"1"'}, 304),
        ({"If-None-Match": 'W/"7", W/"1"'}, 304),
        ({"If-None-Match": 'W/"7"'}, 200),
        ({"If-Modified-Since": made.headers["Last-Modified"]}, 304),
        ({"If-Modified-Since": "Mon, 01 Jan 2001 00:00:00 GMT"}, 200),
        ({"If-Modified-Since": "nonsense"}, 200),
    ):
        answer = client.get("/fhir/Patient/p1", headers=headers)
        assert answer.status_code == status, headers
        assert bool(answer.data) == (status == 200)


def test_conditional_create(client: FlaskClient) -> None:
    condition = {"If-None-Exist": "identifier=urn:example:number|number-p1"}
    first = client.post("/fhir/Patient", json=a_patient(), headers=condition)
    again = client.post("/fhir/Patient", json=a_patient(), headers=condition)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.headers["Location"] == first.headers["Location"]
    assert again.headers["ETag"] == 'W/"1"'
    client.post("/fhir/Patient", json=a_patient())
    many = client.post("/fhir/Patient", json=a_patient(), headers=condition)
    assert (many.status_code, problem(many)["code"]) == (412, "conflict")


@pytest.mark.parametrize(
    "condition", ["nonsense=1", "_count=3", "identifier=", "date=x", "name.x=1"]
)
def test_a_condition_that_would_hold_of_everything_is_refused(
    client: FlaskClient, condition: str
) -> None:
    client.put("/fhir/Patient/p1", json=a_patient())
    for answer in (
        client.post("/fhir/Patient", json=a_patient(), headers={"If-None-Exist": condition}),
        client.put(f"/fhir/Patient?{condition}", json=a_patient()),
        client.delete(f"/fhir/Patient?{condition}"),
    ):
        assert (answer.status_code, problem(answer)["code"]) == (400, "invalid")


def test_conditional_update(client: FlaskClient) -> None:
    where = "/fhir/Patient?identifier=urn:example:number|number-p1"
    without_id = a_patient()
    del without_id["id"]
    first = client.put(where, json=without_id)
    assert first.status_code == 201
    assert first.json is not None
    again = client.put(where, json={**without_id, "gender": "other"})
    assert (again.status_code, again.headers["ETag"]) == (200, 'W/"2"')
    other_id = client.put(where, json=a_patient("other"))
    assert other_id.status_code == 400
    taken = client.put("/fhir/Patient?identifier=none", json={**without_id, "id": first.json["id"]})
    assert taken.status_code == 409
    named = client.put("/fhir/Patient?identifier=none", json=a_patient("free"))
    assert (named.status_code, named.json and named.json["id"]) == (201, "free")
    client.put("/fhir/Patient/p2", json=a_patient("p2", identifier=without_id["identifier"]))
    assert client.put(where, json=without_id).status_code == 412


def test_conditional_delete(client: FlaskClient) -> None:
    where = "/fhir/Patient?gender=female"
    assert client.delete(where).status_code == 204
    client.put("/fhir/Patient/p1", json=a_patient())
    client.put("/fhir/Patient/p2", json=a_patient("p2"))
    assert client.delete(where).status_code == 412
    assert client.delete("/fhir/Patient").status_code == 400
    client.delete("/fhir/Patient/p2")
    assert client.delete(where).status_code == 204
    assert client.get("/fhir/Patient/p1").status_code == 410


def test_prefer_says_what_the_body_is(client: FlaskClient) -> None:
    def made(preference: str) -> TestResponse:
        return client.post("/fhir/Patient", json=a_patient(), headers={"Prefer": preference})

    minimal = made("return=minimal")
    assert (minimal.status_code, minimal.data) == (201, b"")
    assert "Content-Type" not in minimal.headers
    assert minimal.headers["Location"]
    for preference, kind in (
        ("return=representation", "Patient"),
        ("return=OperationOutcome", "OperationOutcome"),
        ("respond-async", "Patient"),
        ("handling=strict, return=OperationOutcome", "OperationOutcome"),
    ):
        answer = made(preference).json
        assert answer is not None
        assert answer["resourceType"] == kind


def test_warnings_are_shown_to_those_who_ask(client: FlaskClient) -> None:
    answer = client.post(
        "/fhir/Patient",
        json=a_patient(unheardOf="x"),
        headers={"Prefer": "return=OperationOutcome"},
    )
    assert answer.status_code == 201
    assert answer.json is not None
    assert answer.json["issue"][0]["severity"] == "warning"


def test_hooks_hear_whose_data_changed_before_the_answer(client: FlaskClient, heard: Heard) -> None:
    client.put("/fhir/Patient/p1", json=a_patient())
    client.post("/fhir/Observation", json=an_observation())
    client.delete("/fhir/Patient/p1")
    client.get("/fhir/Patient/p1")
    risk = {
        "resourceType": "RiskAssessment",
        "status": "final",
        "subject": {"reference": "Patient/p1"},
    }
    assert client.post("/fhir/RiskAssessment", json=risk).status_code == 201
    origin = {
        "resourceType": "Provenance",
        "target": [{"reference": "Patient/p1"}],
        "recorded": "2026-01-02T03:04:05Z",
        "agent": [{"who": {"reference": "Patient/p1"}}],
    }
    assert client.post("/fhir/Provenance", json=origin).status_code == 201
    assert heard.stored == heard.received == [["p1"]] * 4


def test_nothing_is_heard_of_what_was_refused(client: FlaskClient, heard: Heard) -> None:
    client.post("/fhir/Patient", json=a_patient(gender="nonsense"))
    client.put("/fhir/Patient/p1", json=a_patient(), headers={"If-Match": 'W/"1"'})
    assert heard.stored == heard.received == []


def test_what_fails_after_a_write_does_not_undo_it(store: sa.Engine) -> None:
    def fails(*_: object) -> None:
        raise ZeroDivisionError

    app = Flask("test")
    app.register_blueprint(blueprint(store, BASE, hooks=Hooks(received=fails)), url_prefix="/fhir")
    client = app.test_client()
    assert client.post("/fhir/Patient", json=a_patient()).status_code == 201
    found = client.get("/fhir/Patient").json
    assert found is not None
    assert found["total"] == 1


def test_head_is_get_without_the_body(client: FlaskClient) -> None:
    client.put("/fhir/Patient/p1", json=a_patient())
    for path in ("/fhir/Patient/p1", "/fhir/metadata", "/fhir/Patient?_id=p1"):
        head = client.head(path)
        assert (head.status_code, head.data) == (200, b"")
        assert int(head.headers["Content-Length"]) > 100


def test_a_request_id_is_given_back_or_made(client: FlaskClient) -> None:
    given = client.get("/fhir/metadata", headers={"X-Request-Id": "abc-1"})
    assert given.headers["X-Request-Id"] == "abc-1"
    for odd in ("a b", "x" * 65, "<script>", ""):
        made = client.get("/fhir/Patient/none", headers={"X-Request-Id": odd})
        assert len(made.headers["X-Request-Id"]) == 32
