"""The pretend server over real HTTP: its people, its faults, its credentials."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import pytest
import requests

from gateway.errors import UsageError
from gateway.sandbox.server import create_sandbox, serve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from gateway.sandbox.serving import Running
    from terminology.records import JSON

PATIENTS = 12


@pytest.fixture(scope="module")
def running(now: datetime) -> Iterator[Running]:
    sandbox = create_sandbox("FI", patients=PATIENTS, now=now)
    server = serve(sandbox)
    yield server
    server.close()
    sandbox.close()


@pytest.fixture
def get(running: Running) -> Iterator[Callable[..., requests.Response]]:
    with requests.Session() as session:

        def ask(path: str, **options: JSON) -> requests.Response:
            return session.get(running.url + path, timeout=60, **options)

        yield ask
        switch(running)


def switch(running: Running, *faults: str) -> None:
    address = running.url.removesuffix("/fhir") + "/_faults"
    answer = requests.post(address, json={"faults": list(faults)}, timeout=60)
    assert answer.status_code == 200, answer.text


Get = "Callable[..., requests.Response]"


def links(bundle: JSON) -> dict[str, str]:
    return {one["relation"]: one["url"] for one in bundle["link"]}


def test_everybody_is_served(running: Running, get: Get) -> None:
    assert get("/Patient?_summary=count").json()["total"] == PATIENTS
    page = get("/Patient?_count=5").json()
    assert len(page["entry"]) == 5
    assert links(page)["next"].startswith(running.url)


def test_one_patients_observations(get: Get) -> None:
    page = get("/Observation?patient=fi-0001&_count=200").json()
    subjects = {one["resource"]["subject"]["reference"] for one in page["entry"]}
    assert subjects == {"Patient/fi-0001"}


@pytest.mark.parametrize(
    ("country", "version", "number"),
    [("NL", None, "3.0"), ("FI", None, "4.0"), ("US", "R4B", "4.3"), ("EU", "R5", "5.0")],
)
def test_it_says_which_fhir_it_speaks(
    country: str, version: str | None, number: str, now: datetime
) -> None:
    sandbox = create_sandbox(country, fhir_version=version, patients=2, now=now)
    server = serve(sandbox)
    told = requests.get(f"{server.url}/metadata", timeout=60).json()
    assert told["fhirVersion"].startswith(number)
    assert told["resourceType"] == "CapabilityStatement"
    server.close()
    sandbox.close()


def test_throttled_with_seconds(running: Running, get: Get) -> None:
    switch(running, "throttle:every=2")
    assert get("/Patient").status_code == 200
    answer = get("/Patient")
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "1"
    assert answer.json()["resourceType"] == "OperationOutcome"
    assert get("/Patient").status_code == 200


def test_throttled_until_a_date(running: Running, get: Get) -> None:
    switch(running, "throttle-date:every=1,times=1")
    answer = get("/Patient")
    assert answer.status_code == 429
    assert parsedate_to_datetime(answer.headers["Retry-After"]).year >= 2026
    assert get("/Patient").status_code == 200


def test_unavailable(running: Running, get: Get) -> None:
    switch(running, "unavailable:every=1,times=1")
    answer = get("/Patient")
    assert answer.status_code == 503
    assert "Retry-After" not in answer.headers
    assert get("/Patient").status_code == 200


def test_slow(running: Running, get: Get) -> None:
    switch(running, "slow:every=1,times=1")
    with pytest.raises(requests.Timeout):
        requests.get(f"{running.url}/Patient", timeout=0.2)
    assert get("/Patient").status_code == 200


def test_dropped_in_the_middle(running: Running, get: Get) -> None:
    switch(running, "drop:every=1,times=1")
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        get("/Patient?_count=5")
    assert get("/Patient?_count=5").status_code == 200


def test_next_link_to_another_host(running: Running, get: Get) -> None:
    switch(running, "next-elsewhere")
    assert "//elsewhere.invalid/" in links(get("/Patient?_count=5").json())["next"]
    assert links(get("/Patient?_count=5").json())["next"].startswith(running.url)


def test_next_link_to_nothing(running: Running, get: Get) -> None:
    switch(running, "next-gone")
    gone = links(get("/Patient?_count=5").json())["next"]
    assert requests.get(gone, timeout=60).status_code == 404


def test_next_link_to_the_same_page(running: Running, get: Get) -> None:
    switch(running, "next-loop")
    page = get("/Patient?_count=5").json()
    assert links(page)["next"] == links(page)["self"]


def test_a_last_page_is_no_occasion_for_a_wrong_link(running: Running, get: Get) -> None:
    switch(running, "next-loop")
    assert "next" not in links(get("/Patient?_count=50").json())
    assert "next" in links(get("/Patient?_count=5").json())


def test_wrong_total(running: Running, get: Get) -> None:
    switch(running, "wrong-total")
    assert get("/Patient?_count=5").json()["total"] == PATIENTS + 7


def test_ignored_parameter(running: Running, get: Get) -> None:
    switch(running, "ignored-parameter")
    page = get("/Observation?patient=fi-0001&_count=200").json()
    assert {one["resource"]["subject"]["reference"] for one in page["entry"]} > {"Patient/fi-0001"}


def test_invalid_entry(running: Running, get: Get) -> None:
    switch(running, "invalid-entry")
    entries = get("/Patient?_count=5").json()["entry"]
    assert len(entries) == 6
    assert [one["resource"].get("status") for one in entries].count(7) == 1


def test_duplicate_entries(running: Running, get: Get) -> None:
    switch(running, "duplicate-entries")
    entries = get("/Patient?_count=5").json()["entry"]
    assert len(entries) == 6
    assert entries[0] == entries[-1]


def test_decimals_keep_their_digits_through_the_gate(running: Running, get: Get) -> None:
    plain = get("/Observation?code=8310-5&_count=200").text
    switch(running, "wrong-total")
    spoilt = get("/Observation?code=8310-5&_count=200").text
    assert plain.count('.0,"unit"') == spoilt.count('.0,"unit"')


def test_the_switch_tells_what_is_on(running: Running) -> None:
    switch(running, "drop:times=2")
    told = requests.get(running.url.removesuffix("/fhir") + "/_faults", timeout=60).json()
    assert [one["name"] for one in told["faults"]] == ["drop"]
    assert "throttle" in told["known"]
    switch(running)


@pytest.mark.parametrize("body", ['{"faults": ["nonsense"]}', '{"wrong": 1}', "no json"])
def test_a_wrong_switch_is_refused(running: Running, body: str) -> None:
    answer = requests.post(running.url.removesuffix("/fhir") + "/_faults", body, timeout=60)
    assert answer.status_code == 400


def test_credentials(now: datetime) -> None:
    sandbox = create_sandbox("FI", patients=1, now=now, token="t0ken", user="me:secret")
    server = serve(sandbox)
    address = f"{server.url}/Patient"
    refused = requests.get(address, timeout=60)
    assert refused.status_code == 401
    assert "WWW-Authenticate" in refused.headers
    bearer = {"Authorization": "Bearer t0ken"}
    assert requests.get(address, headers=bearer, timeout=60).status_code == 200
    assert requests.get(address, auth=("me", "secret"), timeout=60).status_code == 200
    assert requests.get(address, auth=("me", "wrong"), timeout=60).status_code == 401
    assert requests.get(f"{server.url}/metadata", timeout=60).status_code == 200
    server.close()
    sandbox.close()


def test_a_risk_assessment_can_be_written_back(running: Running) -> None:
    assessment = {
        "resourceType": "RiskAssessment",
        "id": "0b7e3f4e-8a39-5a61-9f0a-111111111111",
        "status": "final",
        "subject": {"reference": "Patient/fi-0001"},
    }
    address = f"{running.url}/RiskAssessment/{assessment['id']}"
    assert requests.put(address, json=assessment, timeout=60).status_code == 201
    assert requests.get(address, timeout=60).json()["subject"] == assessment["subject"]


def test_a_taken_port_is_told(running: Running, now: datetime) -> None:
    sandbox = create_sandbox("FI", patients=0, now=now)
    with pytest.raises(UsageError, match=f"port {running.port}"):
        serve(sandbox, running.port)
    sandbox.close()


def test_the_command_says_when_it_is_ready_and_ends_on_sigterm() -> None:
    start = [sys.executable, "-c", "from gateway.cli import main; main()"]
    command = [*start, "sandbox", "--country", "se", "--patients", "3"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        ready, url = process.stdout.readline().split()
        assert ready == "ready"
        assert requests.get(f"{url}/Patient?_summary=count", timeout=60).json()["total"] == 3
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(timeout=60) == 0
