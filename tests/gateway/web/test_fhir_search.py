"""Searches and histories over HTTP: links, pages, the form, what is told of what was applied."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.stores.builders import a_patient, an_observation

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from terminology.records import Resource

BASE = "http://localhost/fhir"


def link(answer: TestResponse, relation: str) -> str | None:
    assert answer.json is not None
    found = [one["url"] for one in answer.json["link"] if one["relation"] == relation]
    return found[0] if found else None


def ids(answer: TestResponse, mode: str = "match") -> list[str]:
    assert answer.json is not None
    entries = answer.json.get("entry", [])
    return [one["resource"]["id"] for one in entries if one["search"]["mode"] == mode]


@pytest.fixture
def filled(client: FlaskClient) -> FlaskClient:
    def put(number: int) -> Resource:
        content = an_observation(f"o{number}", "p1" if number % 2 else "p2")
        return {"request": {"method": "PUT", "url": f"Observation/o{number}"}, "resource": content}

    people = [a_patient("p1"), a_patient("p2", name=[{"family": "Secret"}])]
    entries = [put(number) for number in range(45)]
    entries += [
        {"request": {"method": "PUT", "url": f"Patient/{one['id']}"}, "resource": one}
        for one in people
    ]
    sent = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    assert client.post("/fhir", json=sent).status_code == 200
    return client


def test_pages_tell_everything_once(filled: FlaskClient) -> None:
    url: str | None = f"{BASE}/Observation?code=8867-4&_count=10"
    pages = []
    while url:
        answer = filled.get(url)
        assert answer.json is not None
        assert answer.json["type"] == "searchset"
        assert answer.json["total"] == 45
        pages.append(ids(answer))
        url = link(answer, "next")
    assert [len(page) for page in pages] == [10, 10, 10, 10, 5]
    assert len({gid for page in pages for gid in page}) == 45


def test_an_entry_has_its_address_and_mode(filled: FlaskClient) -> None:
    answer = filled.get("/fhir/Observation?_id=o1&_include=Observation:patient")
    assert answer.json is not None
    first, second = answer.json["entry"]
    assert first["fullUrl"] == f"{BASE}/Observation/o1"
    assert (first["search"]["mode"], second["search"]["mode"]) == ("match", "include")
    assert answer.json["total"] == 1


def test_the_self_link_is_what_was_applied(filled: FlaskClient) -> None:
    answer = filled.get(
        "/fhir/Observation?nonsense=1&patient=Patient/p1&code=&_count=3&_format=json"
    )
    shown = urlsplit(link(answer, "self") or "")
    assert parse_qs(shown.query) == {"patient": ["Patient/p1"], "_count": ["3"]}
    assert shown.path == "/fhir/Observation"


def test_strict_handling_refuses_what_is_unknown(filled: FlaskClient) -> None:
    strict = {"Prefer": "handling=strict"}
    assert filled.get("/fhir/Observation?nonsense=1", headers=strict).status_code == 400
    assert filled.get("/fhir/Observation?code=x", headers=strict).status_code == 200
    assert filled.get("/fhir/Observation?code=x&_format=json", headers=strict).status_code == 200


def test_a_posted_search_keeps_its_parameters_out_of_addresses(filled: FlaskClient) -> None:
    form = {"patient.name": "secret", "_count": "10"}
    answer = filled.post("/fhir/Observation/_search", data=form)
    seen = []
    while True:
        seen += ids(answer)
        onward = link(answer, "next")
        if onward is None:
            break
        assert "ecret" not in onward
        assert len(onward) < 100
        answer = filled.get(onward)
    assert len(seen) == len(set(seen)) == 23


def test_sorting_by_text_shows_no_text_in_addresses(filled: FlaskClient) -> None:
    import base64

    answer = filled.get("/fhir/Patient?_sort=-family&_count=1")
    onward = link(answer, "next") or ""
    token = parse_qs(urlsplit(onward).query)["_page"][0]
    assert b"secret" not in base64.urlsafe_b64decode(token[1:] + "===").lower()
    assert ids(answer) + ids(filled.get(onward)) == ["p2", "p1"]


def test_parameters_of_the_address_and_the_form_hold_together(filled: FlaskClient) -> None:
    answer = filled.post("/fhir/Observation/_search?patient=p1", data={"_id": "o1,o2"})
    assert ids(answer) == ["o1"]
    other = filled.post("/fhir/Observation/_search", json={"resourceType": "Parameters"})
    assert other.status_code == 415
    assert ids(filled.post("/fhir/Observation/_search?_id=o1")) == ["o1"]


@pytest.mark.parametrize("token", ["x", "AAAA", "W10", "_none", "WyJQYXRpZW50Il0", "%00", "é"])
def test_a_page_that_is_none_is_refused(filled: FlaskClient, token: str) -> None:
    for path in ("/fhir/Observation", "/fhir/_history", "/fhir/Patient/p1/$everything"):
        answer = filled.get(f"{path}?_page={token}")
        assert answer.status_code == 400
        assert answer.json is not None
        assert answer.json["resourceType"] == "OperationOutcome"


def test_a_page_of_another_type_is_refused(filled: FlaskClient) -> None:
    onward = link(filled.get("/fhir/Observation?_count=1"), "next") or ""
    assert filled.get(onward.replace("Observation", "Patient")).status_code == 400


def test_the_count_alone(filled: FlaskClient) -> None:
    answer = filled.get("/fhir/Observation?_summary=count&patient=p1")
    assert answer.json is not None
    assert answer.json["total"] == 22
    assert "entry" not in answer.json
    none = filled.get("/fhir/Observation?_total=none&patient=p1").json
    assert none is not None
    assert "total" not in none


def test_some_elements_are_marked_as_a_part(filled: FlaskClient) -> None:
    url = "/fhir/Observation?_id=o1&_elements=value,effectiveDateTime&_include=Observation:patient"
    answer = filled.get(url)
    assert answer.json is not None
    first, patient = (one["resource"] for one in answer.json["entry"])
    assert set(first) == {
        "resourceType", "id", "meta", "status", "code", "valueQuantity", "effectiveDateTime",
    }  # fmt: skip
    assert first["meta"]["tag"][0]["code"] == "SUBSETTED"
    assert "tag" not in patient["meta"]
    assert "_elements=value" in (link(answer, "self") or "")


def test_with_the_narrative_alone_or_without_it(filled: FlaskClient) -> None:
    div = '<div xmlns="http://www.w3.org/1999/xhtml">x</div>'
    text = {"status": "generated", "div": div}
    filled.put("/fhir/Patient/p1", json=a_patient(text=text))
    alone, without, whole = (
        filled.get(f"/fhir/Patient?_id=p1&_summary={how}").json["entry"][0]["resource"]
        for how in ("text", "data", "false")
    )
    assert set(alone) == {"resourceType", "id", "meta", "text"}
    assert set(without) == set(whole) - {"text"}
    assert "tag" not in whole["meta"]


def test_nothing_found_is_an_empty_bundle(client: FlaskClient) -> None:
    answer = client.get("/fhir/Observation?patient=none")
    assert answer.json is not None
    assert (answer.json["total"], "entry" in answer.json) == (0, False)


def test_histories_page_and_begin_when_asked(filled: FlaskClient) -> None:
    url: str | None = f"{BASE}/_history?_count=20"
    versions = []
    while url:
        answer = filled.get(url)
        assert answer.json is not None
        assert answer.json["type"] == "history"
        assert answer.json["total"] == 47
        versions += [one["fullUrl"] for one in answer.json["entry"]]
        url = link(answer, "next")
    assert len(versions) == len(set(versions)) == 47
    of_type = filled.get("/fhir/Patient/_history").json
    assert of_type is not None
    assert of_type["total"] == 2
    later = filled.get("/fhir/_history?_since=2999-01-01T00:00:00Z").json
    assert later is not None
    assert later["total"] == 0
    assert filled.get("/fhir/_history?_since=yesterday").status_code == 400
    assert filled.get("/fhir/Patient/none/_history").status_code == 404


def test_everything_of_a_patient(filled: FlaskClient) -> None:
    url: str | None = f"{BASE}/Patient/p1/$everything?_count=10"
    seen: list[str] = []
    while url:
        answer = filled.get(url)
        seen += ids(answer)
        url = link(answer, "next")
    assert seen[0] == "p1"
    assert len(seen) == len(set(seen)) == 23
    some = filled.get("/fhir/Patient/p1/$everything?_type=Patient")
    assert ids(some) == ["p1"]
    assert filled.get("/fhir/Patient/none/$everything").status_code == 404
