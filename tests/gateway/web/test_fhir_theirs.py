"""RiskAssessments that callers post are theirs: kept as sent, served, never touched."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from gateway.app import create_app
from gateway.config import Settings
from tests.gateway.flow.people import observation, person

if TYPE_CHECKING:
    from collections.abc import Iterator

    import sqlalchemy as sa
    from flask.testing import FlaskClient

JSON = {"Content-Type": "application/fhir+json"}
RAW = (
    b'{"resourceType":"RiskAssessment","status":"final","subject":{"reference":"Patient/p1"},'
    b'"method":{"text":"their own"},"prediction":[{"probabilityDecimal":0.0200}]}'
)


@pytest.fixture
def client(store: sa.Engine) -> Iterator[FlaskClient]:
    """The whole gateway over an empty store."""
    app = create_app(Settings(store_url=str(store.url)))
    yield app.test_client()
    app.extensions["riskbridge"].dispose()


def put(client: FlaskClient, one: dict[str, Any]) -> None:
    url = f"/fhir/{one['resourceType']}/{one['id']}"
    assert client.put(url, data=json.dumps(one), headers=JSON).status_code in (200, 201)


def test_posted_by_others(client: FlaskClient) -> None:
    for one in person(address=[{"country": "FI"}]):
        put(client, one)
    posted = client.post("/fhir/RiskAssessment", data=RAW, headers=JSON)
    assert posted.status_code == 201
    place = posted.headers["Location"].partition("/fhir/")[2].partition("/_history")[0]
    first = client.get(f"/fhir/{place}")
    assert b'"probabilityDecimal":0.0200' in first.data
    put(client, observation("p1-8480-6", "p1", "8480-6", 160, "mm[Hg]"))
    assert client.get(f"/fhir/{place}").data == first.data
    page = client.get("/fhir/RiskAssessment?patient=p1&_count=50").json
    methods = [entry["resource"]["method"].get("text") for entry in page["entry"]]
    assert methods.count("their own") == 1
    assert len(methods) > 2
