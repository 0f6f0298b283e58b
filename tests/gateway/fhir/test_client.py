"""The client, against a small server on loopback that misbehaves on request."""

from __future__ import annotations

import gzip
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
import responses
from responses.registries import OrderedRegistry

from gateway.errors import (
    RefusedError,
    ThrottledError,
    UnreachableError,
    UntruthfulError,
)
from gateway.fhir.client import Client
from gateway.fhir.patience import Patience
from gateway.fhir.quirks import manner
from gateway.fhir.transport import Limits, origin
from tests.fakes.fhir_server import FakeServer, answer, outcome, running

if TYPE_CHECKING:
    from collections.abc import Iterator

ELSEWHERE = "http://partner.example/fhir"


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with running(FakeServer()) as fake:
        fake.add(*({"resourceType": "Patient", "id": f"p{n}"} for n in range(7)))
        yield fake


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def client(server: FakeServer, waits: list[float]) -> Iterator[Client]:
    patience = Patience(sleep=waits.append, chance=lambda: 0.0)
    with Client(server.base_url, patience=patience) as client:
        yield client


def ids(client: Client, **asked: str) -> list[str]:
    pages = client.search("Patient", asked)
    return [entry.full_url.rpartition("/")[2] for page in pages for entry in page.entries]


ALL = [f"p{n}" for n in range(7)]


@pytest.mark.parametrize("relative", [False, True], ids=["absolute", "relative"])
def test_pages_are_followed_by_their_links(
    server: FakeServer, client: Client, relative: bool
) -> None:
    server.relative_links = relative
    assert ids(client) == ALL
    assert len(server.log) == 3


def link(url: str) -> Any:
    return lambda _: answer(
        {"resourceType": "Bundle", "link": [{"relation": "next", "url": url}], "entry": []}
    )


@pytest.mark.parametrize(
    "url",
    [
        "http://elsewhere.example/fhir/Patient?page=2",
        "http://127.0.0.1:1/fhir/Patient?page=2",
        "https://127.0.0.1/fhir/Patient",
        "file:///etc/passwd",
        "http://127.0.0.1:99999/fhir",
    ],
)
def test_a_next_link_to_another_host_is_not_followed(
    server: FakeServer, client: Client, url: str
) -> None:
    server.faults.extend([link(url), link(url)])
    with pytest.raises(UntruthfulError, match="leads nowhere new"):
        ids(client)
    assert len(server.log) == 2


def test_a_wrong_next_link_that_passes_is_forgiven(server: FakeServer, client: Client) -> None:
    server.faults.append(link("http://elsewhere.example/"))
    assert ids(client) == ALL


def test_links_in_a_circle_end(server: FakeServer, client: Client) -> None:
    circle = link("?_offset=0&_count=3")
    server.faults.extend([circle, circle, circle, circle])
    with pytest.raises(UntruthfulError, match="leads nowhere new"):
        ids(client)


def test_links_without_end_end(server: FakeServer) -> None:
    server.page_size = 1
    limits = Limits(pages=3)
    with Client(server.base_url, limits=limits) as client, pytest.raises(UntruthfulError):
        ids(client)


def test_rebased_links_stay_at_the_configured_host(server: FakeServer) -> None:
    server.faults.append(link("http://localhost:1/fhir/Patient?_offset=3&_count=3"))
    with Client(server.base_url, manner=manner(["rebase-links"])) as client:
        assert ids(client) == ALL[3:]


@pytest.mark.parametrize("status", [429, 503])
def test_what_the_server_asks_for_is_waited(
    server: FakeServer, client: Client, waits: list[float], status: int
) -> None:
    server.faults.append(lambda _: answer({}, status, Retry_After="7"))
    assert client.read("Patient", "p1")["id"] == "p1"
    assert waits == [7.0]


def test_a_write_is_sent_again_when_it_was_not_done(server: FakeServer, client: Client) -> None:
    server.faults.append(lambda _: answer({}, 429, Retry_After="1"))
    client.create("Patient", b'{"resourceType":"Patient"}')
    assert len(server.of("Patient")) == 8


def test_a_write_that_may_have_been_done_is_not_sent_again(
    server: FakeServer, client: Client
) -> None:
    server.faults.append(lambda _: answer({}, 502))
    with pytest.raises(UnreachableError):
        client.create("Patient", b'{"resourceType":"Patient"}')
    assert len(server.log) == 1


def test_too_long_a_wait_is_told_and_not_waited(
    server: FakeServer, client: Client, waits: list[float]
) -> None:
    server.faults.append(lambda _: answer({}, 503, Retry_After="3600"))
    with pytest.raises(ThrottledError) as caught:
        client.read("Patient", "p1")
    assert caught.value.retry_after == 3600.0
    assert waits == []


def test_patience_ends(server: FakeServer, client: Client, waits: list[float]) -> None:
    server.faults.extend([lambda _: answer({}, 500)] * 6)
    with pytest.raises(UnreachableError):
        client.read("Patient", "p1")
    assert waits == [0.125, 0.25, 0.5, 1.0, 2.0]


def test_a_refusal_is_final_and_told_without_what_it_quotes(
    server: FakeServer, client: Client
) -> None:
    server.faults.append(lambda _: outcome(422, "business-rule"))
    with pytest.raises(RefusedError) as caught:
        client.read("Patient", "secret-id")
    assert caught.value.answered == 422
    assert "business-rule" in caught.value.text
    assert "PRIVATE" not in caught.value.text
    assert "secret-id" not in caught.value.text
    assert len(server.log) == 1


@pytest.mark.parametrize("status", [404, 410])
def test_what_is_not_there_is_none(server: FakeServer, client: Client, status: int) -> None:
    server.faults.append(lambda _: outcome(status))
    assert client.read("Patient", "p1") is None


@pytest.mark.parametrize("body", [b"", b"[1]", b"<html>", b"\xff\xfe", b'{"a":' * 90, b"null"])
def test_an_answer_that_is_no_resource(server: FakeServer, client: Client, body: bytes) -> None:
    server.faults.append(lambda _: answer(body))
    with pytest.raises(UntruthfulError):
        client.read("Patient", "p1")
    server.faults.extend([lambda _: answer(body)] * 2)
    with pytest.raises(UntruthfulError):
        ids(client)


def test_an_answer_over_the_limit_is_left(server: FakeServer) -> None:
    bomb = gzip.compress(b" " * 5_000_000)
    server.faults.append(lambda _: answer(bomb, Content_Encoding="gzip"))
    limits = Limits(body_bytes=1_000_000)
    with (
        Client(server.base_url, limits=limits) as client,
        pytest.raises(UntruthfulError, match="limit"),
    ):
        client.read("Patient", "p1")


def test_gzip_is_read_and_broken_gzip_told(server: FakeServer, client: Client) -> None:
    packed = gzip.compress(b'{"resourceType":"Patient","id":"z"}')
    server.faults.append(lambda _: answer(packed, Content_Encoding="gzip"))
    assert client.read("Patient", "z")["id"] == "z"
    server.faults.append(lambda _: answer(b"no gzip", Content_Encoding="gzip"))
    with pytest.raises(UntruthfulError):
        client.read("Patient", "z")


def test_redirects_are_followed_on_this_server_alone(server: FakeServer, client: Client) -> None:
    server.faults.append(lambda _: answer({}, 307, Location="/fhir/Patient/p1?again=1"))
    assert client.read("Patient", "p1")["id"] == "p1"
    server.faults.append(lambda _: answer({}, 302, Location="http://elsewhere.example/Patient/p1"))
    with pytest.raises(UntruthfulError, match="another host"):
        client.read("Patient", "p1")
    server.faults.extend([lambda r: answer({}, 302, Location=r.path)] * 9)
    with pytest.raises(UntruthfulError, match="redirect"):
        client.read("Patient", "p1")


def test_a_write_is_not_led_elsewhere(server: FakeServer, client: Client) -> None:
    server.faults.append(lambda _: answer({}, 307, Location="/fhir/Device"))
    with pytest.raises(RefusedError):
        client.create("Patient", b'{"resourceType":"Patient"}')


def test_a_body_broken_off_is_asked_for_again() -> None:
    whole = b'{"resourceType":"Patient","id":"p1"}'
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/fhir+json\r\nContent-Length: %d\r\n\r\n"
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        for part in (whole[:10], whole):
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(head % len(whole) + part)

    thread = threading.Thread(target=serve)
    thread.start()
    patience = Patience(sleep=lambda _: None)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/fhir"
    with Client(url, patience=patience) as client:
        assert client.read("Patient", "p1")["id"] == "p1"
    thread.join()
    listener.close()


def test_a_silent_server_is_not_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        limits = Limits(connect_s=0.2, read_s=0.1)
        patience = Patience(attempts=2, sleep=lambda _: None)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/fhir"
        began = time.monotonic()
        with (
            Client(url, limits=limits, patience=patience) as client,
            pytest.raises(UnreachableError),
        ):
            client.read("Patient", "p1")
        assert time.monotonic() - began < 2


def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    patience = Patience(attempts=2, sleep=lambda _: None)
    with (
        Client(f"http://127.0.0.1:{port}/fhir", patience=patience) as client,
        pytest.raises(UnreachableError),
    ):
        client.capability()


def test_a_dropped_parameter_shows_in_the_self_link(server: FakeServer, client: Client) -> None:
    asked = {"patient": "p1", "_lastUpdated": "ge2026", "_count": "5"}
    assert next(client.search("RiskAssessment", asked)).ignored(asked) == ()
    server.dropped = frozenset({"patient"})
    assert next(client.search("RiskAssessment", asked)).ignored(asked) == ("patient",)


def test_the_total_is_asked_for_without_entries(server: FakeServer, client: Client) -> None:
    assert client.total("Patient") == 7
    assert server.log == [("GET", "/Patient?_summary=count")]


def test_if_none_exist_and_if_match_are_sent(client: Client) -> None:
    body = b'{"resourceType":"Device","identifier":[{"system":"urn:x","value":"1"}]}'
    first = client.create("Device", body, unless="identifier=urn:x|1")
    second = client.create("Device", body, unless="identifier=urn:x|1")
    assert (first.status, second.status) == (201, 200)
    put = client.put("Patient", "p1", b'{"resourceType":"Patient","id":"p1"}', match='W/"1"')
    assert (put.status, put.etag) == (200, 'W/"2"')


@responses.activate(registry=OrderedRegistry)
def test_headers_of_a_request() -> None:
    for status in (503, 429, 200):
        body = {"resourceType": "Patient", "id": "p1"}
        responses.get(f"{ELSEWHERE}/Patient/p1", json=body, status=status)
    patience = Patience(sleep=lambda _: None)
    with Client(ELSEWHERE, manner=manner(["plain-json"]), patience=patience) as client:
        assert client.read("Patient", "p1") == body
    sent = responses.calls[2].request
    assert sent.headers["Accept"] == "application/json"
    assert sent.headers["User-Agent"] == "riskbridge"
    assert "gzip" in sent.headers["Accept-Encoding"]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("http://a.example/fhir", "http://a.example:80/x", True),
        ("https://a.example", "https://A.EXAMPLE:443", True),
        ("http://a.example", "https://a.example", False),
        ("http://a.example:8080", "http://a.example", False),
        ("http://a.example", "http://a.example.evil.example", False),
        ("http://a.example", "http://a.example@evil.example", False),
    ],
)
def test_origins(one: str, other: str, same: bool) -> None:
    assert (origin(one) == origin(other)) is same


def test_a_next_link_that_leads_to_nothing_is_asked_for_anew(
    server: FakeServer, client: Client
) -> None:
    server.faults.append(link("?gone=1"))
    server.faults.append(lambda _: outcome(404))
    assert ids(client) == ALL
    server.faults.extend([link("?gone=1"), lambda _: outcome(404)] * 2)
    with pytest.raises(UntruthfulError):
        ids(client)


@pytest.mark.parametrize("status", [401, 403])
def test_a_token_that_ends_between_pages_is_told_as_such(
    server: FakeServer, client: Client, status: int
) -> None:
    server.faults.extend([None, lambda _: outcome(status)])
    with pytest.raises(RefusedError):
        ids(client)


def test_another_resource_than_the_one_asked_for_is_not_taken(
    server: FakeServer, client: Client
) -> None:
    for other in ({"resourceType": "Patient", "id": "p2"}, {"resourceType": "Group", "id": "p1"}):
        server.faults.append(lambda _, body=other: answer(body))
        with pytest.raises(UntruthfulError, match="another resource"):
            client.read("Patient", "p1")
