"""The application as a whole: which hosts it answers to, and what it says where nothing is."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

import pytest
import structlog

from gateway.app import create_app
from gateway.config import Settings
from gateway.fhir.validate import validate
from gateway.watch.logs import set_up
from terminology.service import OPERATIONS
from tests.stores.builders import a_patient, an_observation

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flask.testing import FlaskClient

MARK = "Zebrafish"


@pytest.fixture
def client(tmp_path: Path) -> FlaskClient:
    settings = Settings(
        base_url="https://risk.example", store_url=f"sqlite:///{tmp_path}/store.db", max_body_mib=1
    )
    return create_app(settings).test_client()


@pytest.fixture
def _unlogged() -> Iterator[None]:
    """Take back what the test sets up."""
    yield
    structlog.reset_defaults()
    logging.getLogger("urllib3").setLevel(logging.NOTSET)


HOSTS = {
    "localhost": 200, "127.0.0.1:8080": 200, "[::1]:8080": 200, "[::1]": 200, "risk.example": 200,
    "evil.example": 400, "risk.example.evil.example": 400, "192.0.2.1": 400, "": 400,
}  # fmt: skip


@pytest.mark.parametrize(("host", "status"), HOSTS.items(), ids=[host or "none" for host in HOSTS])
def test_only_hosts_of_ours_are_answered(client: FlaskClient, host: str, status: int) -> None:
    for path in ("/fhir/metadata", "/health/live"):
        answer = client.get(path, headers={"Host": host})
        assert answer.status_code == status
        assert b"evil" not in answer.data


ORIGINS = {
    None: 201, "https://risk.example": 201, "http://localhost": 201,
    "https://evil.example": 403, "http://localhost:9999": 403, "null": 403, "http://[": 400,
}  # fmt: skip


@pytest.mark.parametrize(("origin", "status"), ORIGINS.items(), ids=str)
def test_pages_of_elsewhere_change_nothing(
    client: FlaskClient, origin: str | None, status: int
) -> None:
    headers = {"Origin": origin} if origin else {}
    raw = b'{"resourceType":"Patient"}'  # what a page can send without asking: no content type
    assert client.post("/fhir/Patient", data=raw, headers=headers).status_code == status
    found = client.get("/fhir/Patient", headers=headers if status != 400 else {}).json
    assert found is not None
    assert found["total"] == int(status == 201)


def test_links_name_the_base_url_whatever_the_host(client: FlaskClient) -> None:
    for headers in ({"Host": "127.0.0.1:8080"}, {"X-Forwarded-Host": "evil.example"}):
        made = client.post("/fhir/Patient", json={"resourceType": "Patient"}, headers=headers)
        assert made.headers["Location"].startswith("https://risk.example/fhir/Patient/")


def test_where_nothing_is_fhir_says_so_in_fhir_and_pages_in_pages(client: FlaskClient) -> None:
    page = client.get(f"/{MARK}")
    assert (page.status_code, page.mimetype) == (404, "text/html")
    fhir = client.get("/fhir/a/b/c/d")
    assert (fhir.status_code, fhir.mimetype) == (404, "application/fhir+json")
    assert MARK.encode() not in page.data + fhir.data


def test_the_limit_of_a_body_is_that_of_the_settings(client: FlaskClient) -> None:
    big = json.dumps({"resourceType": "Patient", "name": [{"text": "x" * 1_100_000}]})
    assert (
        client.post("/fhir/Patient", data=big, content_type="application/json").status_code == 413
    )


@pytest.mark.usefixtures("_unlogged")
def test_logs_hold_no_data_of_patients(
    client: FlaskClient, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up()
    patient = a_patient(MARK, name=[{"family": MARK}])
    client.put(f"/fhir/Patient/{MARK}", json=patient)
    client.post("/fhir", json=an_observation(MARK, MARK, note=[{"text": MARK}]))
    client.get(f"/fhir/Patient?name={MARK}", headers={"X-Request-Id": "r-1"})
    client.post("/fhir/Patient/_search", data={"name": MARK})
    client.put(f"/fhir/Patient/{MARK}", json={**patient, "gender": MARK})
    client.get(f"/fhir/{MARK}")
    out, err = capsys.readouterr()
    assert MARK not in out + err
    lines = [json.loads(line) for line in err.splitlines()]
    assert [line["status"] for line in lines] == [201, 201, 200, 200, 422, 404]
    assert lines[2]["request"] == "r-1"
    assert lines[2]["route"] == "/fhir/<kind>"


def test_in_r5_the_terminology_operations_are_stated(client: FlaskClient) -> None:
    headers = {"Accept": "application/fhir+json; fhirVersion=5.0", "Host": "localhost"}
    answer = client.get("/fhir/metadata", headers=headers)
    statement = answer.get_json(force=True)
    assert statement["fhirVersion"] == "5.0.0"
    assert [one for one in validate(statement, "R5") if one.severity == "error"] == []
    operations = {
        (one["type"], each["name"])
        for one in statement["rest"][0]["resource"]
        for each in one["operation"]
    }
    assert operations == set(OPERATIONS)
    found = client.get("/fhir/metadata?mode=terminology", headers=headers).get_json(force=True)
    assert found["resourceType"] == "TerminologyCapabilities"
    assert [one for one in validate(found, "R5") if one.severity == "error"] == []
    assert client.get("/fhir/Patient", headers=headers).status_code == 406
