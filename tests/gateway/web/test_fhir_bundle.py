"""What is posted to the root: transactions, batches, deliveries, single resources."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.stores.builders import a_patient, an_observation

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from terminology.records import Resource
    from tests.gateway.web.conftest import Heard

BASE = "http://localhost/fhir"
ADA = "urn:uuid:11111111-1111-4111-8111-111111111111"
PULSE = "urn:uuid:22222222-2222-4222-8222-222222222222"


def entry(method: str, url: str, resource: Resource | None = None, **more: Any) -> Resource:
    full_url = more.pop("fullUrl", None)
    made: Resource = {"request": {"method": method, "url": url, **more}}
    if resource is not None:
        made["resource"] = resource
    if full_url is not None:
        made["fullUrl"] = full_url
    return made


def bundle(kind: str, *entries: Resource) -> Resource:
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries)}


def statuses(answer: Any) -> list[str]:
    return [one["response"]["status"].partition(" ")[0] for one in answer.json["entry"]]


def without_id(resource: Resource) -> Resource:
    return {name: value for name, value in resource.items() if name != "id"}


def test_a_transaction_answers_in_order_and_links_what_it_makes(client: FlaskClient) -> None:
    pulse = an_observation(subject={"reference": ADA}, text={
        "status": "generated",
        "div": f'<div xmlns="http://www.w3.org/1999/xhtml"><a href="{ADA}">x</a></div>',
    }, identifier=[{"system": "urn:ietf:rfc:3986", "value": ADA}])  # fmt: skip
    client.put("/fhir/Patient/old", json=a_patient("old"))
    answer = client.post(
        "/fhir",
        json=bundle(
            "transaction",
            entry("GET", "Observation?patient.identifier=number-p1"),
            entry(
                "PUT",
                "Patient/p2",
                a_patient("p2", link=[{"other": {"reference": ADA}, "type": "seealso"}]),
            ),
            entry("POST", "Observation", without_id(pulse), fullUrl=PULSE),
            entry("POST", "Patient", without_id(a_patient()), fullUrl=ADA),
            entry("DELETE", "Patient/old"),
        ),
    )
    assert answer.status_code == 200
    assert answer.json is not None
    assert answer.json["type"] == "transaction-response"
    assert statuses(answer) == ["200", "201", "201", "201", "204"]
    found, _, observation, patient, _ = answer.json["entry"]
    assert found["resource"]["total"] == 1
    where = patient["response"]["location"].removeprefix(f"{BASE}/").partition("/_history")[0]
    assert patient["response"]["etag"] == 'W/"1"'
    assert patient["response"]["lastModified"].endswith("Z")
    stored = client.get(observation["response"]["location"]).json
    assert stored is not None
    assert stored["subject"]["reference"] == where
    assert f'href="{where}"' in stored["text"]["div"]
    assert stored["identifier"][0]["value"] == ADA
    other = client.get("/fhir/Patient/p2").json
    assert other is not None
    assert other["link"][0]["other"]["reference"] == where


REFUSED_WHOLE = {
    "an invalid resource": (
        entry("PUT", "Patient/p2", a_patient("p2", gender="nonsense")),
        422,
        "Bundle.entry[1].resource.gender",
    ),
    "a stale version": (
        entry("PUT", "Patient/p2", a_patient("p2"), ifMatch='W/"7"'),
        412,
        "Bundle.entry[1]",
    ),
    "the same resource twice": (entry("PUT", "Patient/p1", a_patient()), 400, "Bundle.entry[1]"),
    "written and deleted": (entry("DELETE", "Patient/p1"), 400, "Bundle.entry[0]"),
    "another type than the address": (
        entry("POST", "Observation", a_patient("p2")),
        400,
        "Bundle.entry[1]",
    ),
    "another id than the address": (
        entry("PUT", "Patient/p3", a_patient("p2")),
        400,
        "Bundle.entry[1]",
    ),
    "an update of nothing": (entry("PUT", "Patient", a_patient("p2")), 400, "Bundle.entry[1]"),
    "no such type": (entry("POST", "Nonsense", a_patient("p2")), 400, "Bundle.entry[1]"),
    "a patch": (
        entry(
            "PATCH", "Patient/p1", {"resourceType": "Binary", "contentType": "x/y", "data": "AA=="}
        ),
        405,
        "Bundle.entry[1].request.method",
    ),
    "a reference that means nothing": (
        entry("POST", "Observation", an_observation(subject={"reference": "Patient?identifier=x"})),
        412,
        "Bundle.entry[1]",
    ),
    "a condition that is unknown": (
        entry("POST", "Patient", a_patient("p2"), ifNoneExist="nonsense=1"),
        400,
        "Bundle.entry[1]",
    ),
}


@pytest.mark.parametrize(("bad", "status", "at"), REFUSED_WHOLE.values(), ids=REFUSED_WHOLE)
def test_a_transaction_does_all_or_nothing(
    client: FlaskClient, heard: Heard, bad: Resource, status: int, at: str
) -> None:
    good = entry("PUT", "Patient/p1", a_patient())
    answer = client.post("/fhir", json=bundle("transaction", good, bad))
    assert answer.json is not None
    assert (answer.status_code, answer.json["resourceType"]) == (status, "OperationOutcome")
    assert answer.json["issue"][0]["expression"] == [at]
    assert client.get("/fhir/Patient/p1").status_code == 404
    assert heard.stored == heard.received == []


def test_a_batch_does_what_can_be_done(client: FlaskClient, heard: Heard) -> None:
    answer = client.post(
        "/fhir",
        json=bundle(
            "batch",
            entry("PUT", "Patient/p1", a_patient()),
            entry("PUT", "Patient/p2", a_patient("p2", gender="nonsense")),
            entry("GET", "Patient/none"),
            entry("GET", "Patient/p1"),
            entry("PUT", "Patient/p1", a_patient(gender="male")),
            entry("PUT", "Patient/p3", a_patient("p3"), ifMatch='W/"7"'),
            entry("DELETE", "Patient/p9"),
            entry("GET", "Patient?nonsense=1&_count=0"),
            entry("POST", "Patient", a_patient("p4"), ifNoneExist="identifier=number-p4"),
            entry("POST", "Patient", a_patient("p4"), ifNoneExist="identifier=number-p4"),
            entry("GET", "Patient/p1/_history/1"),
            entry("GET", "Patient/p1/a/b/c"),
            entry("GET", "Patient/p1", ifNoneMatch='W/"2"'),
        ),
    )  # fmt: skip
    assert answer.json is not None
    assert answer.json["type"] == "batch-response"
    assert statuses(answer) == [
        "201", "422", "404", "200", "200", "412", "204", "200", "201", "200", "200", "405", "304",
    ]  # fmt: skip
    bad = answer.json["entry"][1]["response"]["outcome"]
    assert bad["issue"][0]["expression"] == ["Bundle.entry[1].resource.gender"]
    assert answer.json["entry"][3]["resource"]["gender"] == "male"
    assert "resource" not in answer.json["entry"][0]
    assert len(heard.received) == 1


@pytest.mark.parametrize(
    ("preference", "shows"),
    [("representation", "resource"), ("minimal", None), ("OperationOutcome", "outcome")],
)
def test_prefer_holds_inside_a_bundle(
    client: FlaskClient, preference: str, shows: str | None
) -> None:
    answer = client.post(
        "/fhir",
        json=bundle("batch", entry("PUT", "Patient/p1", a_patient())),
        headers={"Prefer": f"return={preference}"},
    )
    assert answer.json is not None
    told = answer.json["entry"][0]
    assert ("resource" in told) == (shows == "resource")
    assert ("outcome" in told["response"]) == (shows == "outcome")


def test_if_none_exist_of_a_resource_that_is_there(client: FlaskClient) -> None:
    client.put("/fhir/Patient/p1", json=a_patient())
    answer = client.post(
        "/fhir",
        json=bundle(
            "transaction",
            entry("POST", "Observation", an_observation(subject={"reference": ADA})),
            entry(
                "POST",
                "Patient",
                without_id(a_patient()),
                fullUrl=ADA,
                ifNoneExist="identifier=number-p1",
            ),
        ),
    )
    assert statuses(answer) == ["201", "200"]
    found = client.get("/fhir/Observation?patient=p1").json
    assert found is not None
    assert found["total"] == 1


def test_a_conditional_reference_becomes_what_it_means(client: FlaskClient) -> None:
    client.put("/fhir/Patient/p1", json=a_patient())
    asked = {"reference": "Patient?identifier=urn:example:number|number-p1"}
    sent = bundle("transaction", entry("POST", "Observation", an_observation(subject=asked)))
    assert statuses(client.post("/fhir", json=sent)) == ["201"]
    found = client.get("/fhir/Observation").json
    assert found is not None
    assert found["entry"][0]["resource"]["subject"]["reference"] == "Patient/p1"


DELIVERIES = ("collection", "searchset", "history")


def delivery(kind: str, *entries: Resource) -> Resource:
    made = bundle(kind, *entries)
    if kind == "history":
        for one in made["entry"]:
            one["request"] = {"method": "PUT", "url": f"{one['resource']['resourceType']}/x"}
            one["response"] = {"status": "200"}
    return made


@pytest.mark.parametrize("kind", DELIVERIES)
def test_bundles_of_other_types_are_received_under_their_own_ids(
    client: FlaskClient, heard: Heard, kind: str
) -> None:
    there = "https://partner.example/r4"
    sent = delivery(
        kind,
        {"fullUrl": f"{there}/Patient/p1", "resource": a_patient()},
        {
            "fullUrl": f"{there}/Observation/o1",
            "resource": an_observation(subject={"reference": f"{there}/Patient/p1"}),
        },
        {"fullUrl": PULSE, "resource": without_id(an_observation())},
    )
    first = client.post("/fhir", json=sent)
    assert first.status_code == 200
    assert first.json is not None
    assert first.json["type"] == "batch-response"
    assert statuses(first) == ["201"] * 3
    assert heard.received == [["p1"]]
    found = client.get("/fhir/Observation?patient=p1").json
    assert found is not None
    gids = [one["resource"]["id"] for one in found["entry"]]
    assert gids == ["o1", PULSE.removeprefix("urn:uuid:")]
    again = client.post("/fhir", json=sent)
    assert statuses(again) == ["200"] * 3
    assert again.json is not None
    assert {one["response"]["etag"] for one in again.json["entry"]} == {'W/"1"'}
    assert heard.received == [["p1"]]


def test_a_document_and_a_message_are_received(client: FlaskClient) -> None:
    document = {
        "resourceType": "Composition",
        "id": "c1",
        "status": "final",
        "type": {"text": "x"},
        "date": "2024-01-01",
        "title": "x",
        "author": [{"display": "x"}],
    }
    header = {
        "resourceType": "MessageHeader",
        "id": "m1",
        "eventCoding": {"code": "x"},
        "source": {"endpoint": "urn:x"},
    }
    for kind, first in (("document", document), ("message", header)):
        sent = bundle(
            kind,
            {
                "fullUrl": "urn:uuid:33333333-3333-4333-8333-333333333333",
                "resource": first,
            },
            {"fullUrl": ADA, "resource": a_patient()},
        )
        sent |= {
            "identifier": {"system": "urn:x", "value": "1"},
            "timestamp": "2024-01-01T00:00:00Z",
        }
        answer = client.post("/fhir", json=sent)
        assert answer.status_code == 200, answer.json
        assert client.get(f"/fhir/{first['resourceType']}/{first['id']}").status_code == 200


def test_one_bad_entry_of_a_delivery_is_told_and_the_rest_kept(client: FlaskClient) -> None:
    sent = bundle(
        "collection",
        {"resource": a_patient()},
        {"resource": an_observation(status="nonsense")},
        {"resource": an_observation("o2")},
        {
            "resource": {
                "resourceType": "OperationOutcome",
                "issue": [{"severity": "error", "code": "x"}],
            }
        },
    )
    answer = client.post("/fhir", json=sent)
    assert answer.status_code == 200
    assert answer.json is not None
    assert statuses(answer)[:3] == ["201", "422", "201"]
    outcome = answer.json["entry"][1]["response"]["outcome"]
    assert outcome["issue"][0]["expression"] == ["Bundle.entry[1].resource.status"]
    assert client.get("/fhir/Observation/o2").status_code == 200


def test_a_bundle_that_breaks_its_own_rules_is_refused(client: FlaskClient) -> None:
    for sent in (
        bundle("nonsense", {"resource": a_patient()}),
        bundle("batch", {"resource": a_patient()}),
        {"resourceType": "Bundle", "entry": []},
        {"resourceType": "Bundle", "type": "batch", "entry": "x"},
        {"resourceType": "Bundle", "type": "batch", "entry": [None]},
        {"resourceType": "Bundle", "type": "batch", "entry": [{"request": {"method": "POST"}}]},
        {
            "resourceType": "Bundle",
            "type": "batch",
            "entry": [{"request": {"method": 1, "url": 2}}],
        },
    ):
        answer = client.post("/fhir", json=sent)
        assert answer.status_code == 422, sent
        assert answer.json is not None
        assert answer.json["resourceType"] == "OperationOutcome"


@pytest.mark.parametrize("kind", ["batch", "transaction", "collection"])
def test_an_empty_bundle_is_well(client: FlaskClient, kind: str) -> None:
    answer = client.post("/fhir", json={"resourceType": "Bundle", "type": kind})
    assert answer.status_code == 200
    assert answer.json is not None
    assert "entry" not in answer.json


def test_a_single_resource_is_received_under_its_own_id(client: FlaskClient) -> None:
    first = client.post("/fhir", json=a_patient())
    assert (first.status_code, first.headers["Location"]) == (201, f"{BASE}/Patient/p1/_history/1")
    assert client.post("/fhir", json=a_patient()).status_code == 200
    nameless = client.post("/fhir/", json=without_id(a_patient()))
    assert nameless.status_code == 201
    assert client.post("/fhir", json={"resourceType": "Nonsense"}).status_code == 404


def test_a_bundle_can_itself_be_kept(client: FlaskClient) -> None:
    sent = bundle("collection", {"fullUrl": ADA, "resource": a_patient()})
    made = client.post("/fhir/Bundle", json=sent)
    assert made.status_code == 201
    assert client.get("/fhir/Patient/p1").status_code == 404
