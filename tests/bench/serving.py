"""What serving costs: posts over a bare Flask view, pages over parsing their own bytes.

Everything is switched on: validation, search index, one durable commit, logs off. CPU seconds of
this process, rounds interleaved, the median of the ratios.
"""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from itertools import count
from statistics import median
from typing import TYPE_CHECKING, Any

import orjson
from flask import Flask, request

from gateway.app import create_app
from gateway.config import Settings
from gateway.fhir.json import encode
from gateway.store.engine import open_store, reading, writing
from gateway.store.resources import Received, put
from gateway.web.fhir import blueprint

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask.testing import FlaskClient

    from terminology.records import Resource

ROUNDS, TURNS = 7, 30
BASE = "http://localhost/fhir"
JSON = "application/fhir+json"
CODES = (
    ("8480-6", 140, "mm[Hg]"), ("8462-4", 85, "mm[Hg]"), ("8867-4", 72, "/min"),
    ("2093-3", 5.5, "mmol/L"), ("2085-9", 1.3, "mmol/L"), ("2160-0", 80, "umol/L"),
    ("39156-5", 24.5, "kg/m2"), ("29463-7", 78, "kg"), ("8302-2", 178, "cm"),
    ("2339-0", 5.1, "mmol/L"), ("9279-1", 14, "/min"),
)  # fmt: skip


def patient(gid: str) -> Resource:
    return {
        "resourceType": "Patient",
        "id": gid,
        "identifier": [{"system": "urn:example:number", "value": gid}],
        "name": [{"family": "Example", "given": ["Ada"]}],
        "gender": "male",
        "birthDate": "1966-05-12",
        "address": [{"country": "FI"}],
    }


def observation(gid: str, subject: str, code: str, value: float, unit: str) -> Resource:
    return {
        "resourceType": "Observation",
        "id": gid,
        "status": "final",
        "category": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/"
                                  "observation-category", "code": "vital-signs"}]}],
        "code": {"coding": [{"system": "http://loinc.org", "code": code}], "text": code},
        "subject": {"reference": f"Patient/{subject}"},
        "effectiveDateTime": "2024-03-01T10:00:00+01:00",
        "valueQuantity": {"value": value, "unit": unit, "code": unit,
                          "system": "http://unitsofmeasure.org"},
        "note": [{"text": "as measured on the ward, sitting, after five minutes of rest " * 18}],
    }  # fmt: skip


def bundle(number: int) -> bytes:
    """Return a patient and eleven observations, some 20 KB."""
    gid = f"p{number}"
    resources = [
        patient(gid),
        *(observation(f"{gid}-{code}", gid, code, value, unit) for code, value, unit in CODES),
    ]
    entries = [{"resource": one} for one in resources]
    return encode({"resourceType": "Bundle", "type": "collection", "entry": entries})


@dataclass
class Posting:
    """Sends Bundles that were never sent before."""

    client: FlaskClient
    path: str
    bundles: list[bytes]

    def __call__(self) -> None:
        answer = self.client.post(self.path, data=self.bundles.pop(), content_type=JSON)
        assert answer.status_code == 200, answer.data


def seconds(action: Callable[[], Any], clock: Callable[[], float]) -> float:
    """Return the time of some turns."""
    before = clock()
    for _ in range(TURNS):
        action()
    return clock() - before


def ratio(
    action: Callable[[], Any],
    other: Callable[[], Any],
    clock: Callable[[], float] = time.process_time,
) -> float:
    """Return how many times as long one action takes as another, the first round left out."""
    found = [seconds(action, clock) / seconds(other, clock) for _ in range(ROUNDS + 1)]
    return median(found[1:])


def server(folder: str, name: str, *, durable: bool = True) -> FlaskClient:
    """Return a client of a FHIR server that only keeps, with a bare view beside it."""
    engine = open_store(f"sqlite:///{folder}/{name}.db", durable=durable)
    app = Flask(name)
    app.register_blueprint(blueprint(engine, BASE), url_prefix="/fhir")
    app.add_url_rule("/bare", view_func=bare, methods=["POST"])
    return app.test_client()


def bare() -> bytes:
    """Read the body and answer."""
    request.get_data()
    return b"{}"


def rows() -> list[tuple[str, float, float]]:
    with tempfile.TemporaryDirectory() as folder:
        return [*posting(folder), *paging(folder), *keeping(folder)]


def posting(folder: str) -> list[tuple[str, float, float]]:
    """Measure posts of 12-resource Bundles, kept and assessed."""
    numbers = count()

    def fresh(client: FlaskClient, path: str) -> Posting:
        many = TURNS * (ROUNDS + 1)
        return Posting(client, path, [bundle(next(numbers)) for _ in range(many)])

    kept = server(folder, "kept")
    loose = server(folder, "loose", durable=False)
    gateway = create_app(Settings(store_url=f"sqlite:///{folder}/gateway.db")).test_client()
    stored = ratio(fresh(kept, "/fhir"), fresh(kept, "/bare"))
    durable = ratio(fresh(kept, "/fhir"), fresh(loose, "/fhir"), time.perf_counter)
    assessed = ratio(fresh(gateway, "/fhir/$assess-risk"), fresh(kept, "/bare"))
    return [
        ("POST of 12 resources, validated, indexed, durable / bare view", stored, 18),
        ("POST durable / not durable, wall", durable, 3),
        ("$assess-risk of 12 resources, validated / bare view", assessed, 9),
    ]


def paging(folder: str) -> list[tuple[str, float, float]]:
    """Measure pages and reads over a store of 7,500 resources."""
    engine = open_store(f"sqlite:///{folder}/pages.db", durable=False)
    with writing(engine) as conn:
        for number in range(625):
            put(conn, "", received(bundle(number)))
    app = Flask("pages")
    app.register_blueprint(blueprint(engine, BASE), url_prefix="/fhir")
    app.add_url_rule("/bare", view_func=bare, methods=["POST"])
    client = app.test_client()
    raw = client.get("/fhir/Observation?_count=500").data
    bytes_of = ratio(lambda: client.get("/fhir/Observation?_count=500"), lambda: orjson.loads(raw))
    about = ratio(
        lambda: client.get("/fhir/Observation?patient=p300&_count=100"),
        lambda: client.post("/bare"),
    )
    with reading(engine) as conn:
        assert conn.exec_driver_sql("SELECT count(*) FROM resource").scalar() == 7500
    return [
        ("page of 500 of 6,875 Observations / orjson.loads of its bytes", bytes_of, 1.5),
        ("one patient's 11 of 6,875 Observations / bare view", about, 10),
    ]


def keeping(folder: str) -> list[tuple[str, float, float]]:
    """Measure the bulk write of pulled resources."""
    engine = open_store(f"sqlite:///{folder}/bulk.db", durable=False)
    pages = [
        [one for number in range(start, start + 20) for one in received(bundle(number))]
        for start in range(0, 20 * TURNS * (ROUNDS + 1), 20)
    ]
    raws = iter([b"[" + b",".join(one.raw for one in page) + b"]" for page in pages])
    left = iter(pages)

    def keep() -> None:
        with writing(engine) as conn:
            put(conn, "fi", next(left))

    kept = ratio(keep, lambda: orjson.loads(next(raws)))
    return [("240 pulled resources kept and indexed / orjson.loads of them", kept, 35)]


def received(raw: bytes) -> list[Received]:
    """Return the resources of a Bundle as they are pulled."""
    entries = orjson.loads(raw)["entry"]
    found = [one["resource"] for one in entries]
    return [Received(one["resourceType"], one["id"], encode(one), one) for one in found]
