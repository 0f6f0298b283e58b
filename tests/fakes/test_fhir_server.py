"""The small server of the tests answers as the gateway's own FHIR server does."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import requests

from gateway.sandbox.server import create_sandbox, serve
from tests.fakes.fhir_server import FakeServer, running

if TYPE_CHECKING:
    from collections.abc import Iterator

HEADERS = {"Content-Type": "application/fhir+json"}


@pytest.fixture(params=["fake", "gateway"])
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    if request.param == "fake":
        with running(FakeServer()) as fake:
            yield fake.base_url
        return
    sandbox = create_sandbox("FI", patients=0)
    served = serve(sandbox)
    yield served.url
    served.close()
    sandbox.close()


def device(number: int, **more: Any) -> dict[str, Any]:
    own = {"system": "urn:x", "value": f"n{number}"}
    return {"resourceType": "Device", "id": f"d{number}", "identifier": [own], **more}


def ask(method: str, url: str, body: Any = None, **headers: str) -> requests.Response:
    data = None if body is None else json.dumps(body)
    return requests.request(method, url, data=data, headers={**HEADERS, **headers}, timeout=10)


def bundle(kind: str, *entries: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries)}


def putting(resource: dict[str, Any], url: str) -> dict[str, Any]:
    path = f"{resource['resourceType']}/{resource['id']}"
    request = {"method": "PUT", "url": path}
    return {"fullUrl": f"{url}/{path}", "resource": resource, "request": request}


def test_update_creates_and_makes_versions(url: str) -> None:
    first = ask("PUT", f"{url}/Device/d1", device(1))
    second = ask("PUT", f"{url}/Device/d1", device(1, status="active"))
    assert [one.status_code for one in (first, second)] == [201, 200]
    assert [one.headers["ETag"] for one in (first, second)] == ['W/"1"', 'W/"2"']
    assert ask("GET", f"{url}/Device/d1").json()["meta"]["versionId"] == "2"


def test_what_is_not_there_is_404_with_an_outcome(url: str) -> None:
    answer = ask("GET", f"{url}/Device/none")
    assert answer.status_code == 404
    assert answer.json()["resourceType"] == "OperationOutcome"


def test_conditional_create_makes_one(url: str) -> None:
    body = {key: value for key, value in device(1).items() if key != "id"}
    answers = [
        ask("POST", f"{url}/Device", body, **{"If-None-Exist": "identifier=urn:x|n1"})
        for _ in range(2)
    ]
    assert [one.status_code for one in answers] == [201, 200]
    places = {one.headers["Location"].partition("/_history")[0] for one in answers}
    assert len(places) == 1


@pytest.mark.parametrize("kind", ["transaction", "batch"])
def test_bundles_answer_entry_by_entry(url: str, kind: str) -> None:
    sent = bundle(kind, putting(device(1), url), putting(device(2), url))
    answer = ask("POST", url, sent)
    assert answer.status_code == 200
    statuses = [one["response"]["status"][:3] for one in answer.json()["entry"]]
    assert statuses == ["201", "201"]
    again = ask("POST", url, sent).json()["entry"]
    assert [one["response"]["status"][:3] for one in again] == ["200", "200"]


def test_searches_page_and_repeat_what_was_asked(url: str) -> None:
    for number in range(5):
        ask("PUT", f"{url}/Device/d{number}", device(number))
    seen, onward = [], f"{url}/Device?_id=d0,d1,d2,d3&_count=3"
    while onward:
        page = ask("GET", onward).json()
        links = {one["relation"]: one["url"] for one in page["link"]}
        assert "_id=" in links["self"]
        seen += [one["resource"]["id"] for one in page["entry"]]
        onward = links.get("next")
    assert sorted(seen) == ["d0", "d1", "d2", "d3"]
    counted = ask("GET", f"{url}/Device?_summary=count").json()
    assert (counted["total"], counted.get("entry", [])) == (5, [])


def test_the_statement_declares_what_writing_needs(url: str) -> None:
    statement = ask("GET", f"{url}/metadata").json()
    assert statement["resourceType"] == "CapabilityStatement"
    (rest,) = statement["rest"]
    assert {one["code"] for one in rest["interaction"]} >= {"transaction", "batch"}
    types = {one["type"]: one for one in rest["resource"]}
    assert types["RiskAssessment"]["updateCreate"] is True
    assert types["RiskAssessment"]["conditionalCreate"] is True
