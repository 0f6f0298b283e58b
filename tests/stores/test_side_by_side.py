"""Callers side by side: each condition and version holds for one of them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from flask import Flask

from gateway.fhir.json import encode
from gateway.web.fhir import blueprint
from tests.stores.builders import a_patient, an_observation

if TYPE_CHECKING:
    from collections.abc import Callable

    import sqlalchemy as sa

    from terminology.records import Resource

JSON = "application/fhir+json"
CALLERS = 6


@pytest.fixture
def app(store: sa.Engine) -> Flask:
    made = Flask("test")
    made.register_blueprint(blueprint(store, "http://localhost/fhir"), url_prefix="/fhir")
    return made


def together(call: Callable[[int], int]) -> list[int]:
    """Return the statuses of calls made at the same time, sorted."""
    with ThreadPoolExecutor(CALLERS) as callers:
        return sorted(callers.map(call, range(CALLERS)))


def total(app: Flask, url: str) -> int:
    found = app.test_client().get(url).json
    assert found is not None
    number: int = found["total"]
    return number


def test_a_conditional_create_creates_once(app: Flask) -> None:
    headers = {"If-None-Exist": "identifier=number-p1"}

    def create(_: int) -> int:
        sent = encode(a_patient())
        client = app.test_client()
        return client.post(
            "/fhir/Patient", data=sent, content_type=JSON, headers=headers
        ).status_code

    assert together(create) == [200] * (CALLERS - 1) + [201]
    assert total(app, "/fhir/Patient") == 1


def test_a_version_is_updated_once(app: Flask) -> None:
    app.test_client().put("/fhir/Patient/p1", json=a_patient())

    def update(number: int) -> int:
        sent = encode(a_patient(birthDate=f"19{number + 10}"))
        headers = {"If-Match": 'W/"1"'}
        client = app.test_client()
        answer = client.put("/fhir/Patient/p1", data=sent, content_type=JSON, headers=headers)
        return answer.status_code

    assert together(update) == [200] + [412] * (CALLERS - 1)
    assert total(app, "/fhir/Patient/p1/_history") == 2


def test_every_update_makes_its_version(app: Flask) -> None:
    def update(number: int) -> int:
        sent = encode(a_patient(birthDate=f"19{number + 10}"))
        client = app.test_client()
        for _ in range(20):  # a server may give up after some turns; callers try again
            answer = client.put("/fhir/Patient/p1", data=sent, content_type=JSON)
            if answer.status_code < 500:
                break
        return answer.status_code

    assert together(update) == [200] * (CALLERS - 1) + [201]
    assert total(app, "/fhir/Patient/p1/_history") == CALLERS


def test_bundles_side_by_side_lose_nothing(app: Flask) -> None:
    def bundle(number: int) -> Resource:
        observations = [an_observation(f"o{number}-{each}", f"p{number}") for each in range(20)]
        entries = [{"resource": one} for one in (a_patient(f"p{number}"), *observations)]
        return {"resourceType": "Bundle", "type": "collection", "entry": entries}

    def send(number: int) -> int:
        client = app.test_client()
        return client.post("/fhir", data=encode(bundle(number)), content_type=JSON).status_code

    assert together(send) == [200] * CALLERS
    assert total(app, "/fhir/Patient") == CALLERS
    assert total(app, "/fhir/Observation?_summary=count") == CALLERS * 20
