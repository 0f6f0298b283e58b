from __future__ import annotations

from http import HTTPStatus

import pytest
from werkzeug.test import Client
from werkzeug.wrappers import Request, Response

from gateway.sandbox.faults import Switchboard
from gateway.sandbox.gate import Gate, credentials, without


@Request.application
def echo(request: Request) -> Response:
    return Response(request.query_string, content_type="text/plain")


@pytest.mark.parametrize(
    ("query", "left"),
    [
        ("patient=p1&_count=10", "_count=10"),
        ("subject:Patient=p1", ""),
        ("_lastUpdated=ge2020&_sort=_id", "_sort=_id"),
        ("_page=abc", "_page=abc"),
    ],
)
def test_what_an_ignoring_server_does_not_see(query: str, left: str) -> None:
    assert without(query) == left
    board = Switchboard()
    board.set(["ignored-parameter"])
    assert Client(Gate(echo, board)).get(f"/fhir/Observation?{query}").text == left


def test_the_switch_is_for_this_machine_alone() -> None:
    client = Client(Gate(echo, Switchboard()))
    outside = {"REMOTE_ADDR": "192.0.2.1"}
    assert client.get("/_faults", environ_overrides=outside).status_code == HTTPStatus.FORBIDDEN
    inside = {"REMOTE_ADDR": "127.0.0.1"}
    assert client.get("/_faults", environ_overrides=inside).status_code == HTTPStatus.OK


def test_the_switch_needs_no_credentials_and_has_no_faults() -> None:
    board = Switchboard()
    board.set(["unavailable:every=1"])
    client = Client(Gate(echo, board, credentials("token", None)))
    assert client.get("/_faults", environ_overrides={"REMOTE_ADDR": "::1"}).status_code == 200
    allowed = {"Authorization": "Bearer token"}
    assert client.get("/fhir/Patient", headers=allowed).status_code == 503


def test_what_is_no_page_passes_unspoilt() -> None:
    board = Switchboard()
    board.set(["wrong-total", "duplicate-entries"])
    assert Client(Gate(echo, board)).get("/fhir/x?a=1").text == "a=1"
