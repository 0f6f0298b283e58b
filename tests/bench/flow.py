"""What the flow costs per RiskAssessment, held against the plainest way to do the same.

Write-back: the client's CPU for one entry of a batch, over `requests.Session` posting one by one.
Online: from a Bundle's bytes to the bytes of its RiskAssessments, over `orjson.loads` of the same
bytes; mapping with findings, choice of the card, contributions, texts and identity are all on.
Queue: claiming and finishing a job in batches of 50, over one by one.
"""

from __future__ import annotations

import multiprocessing
import os
import socketserver
import statistics
import tempfile
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson
import requests

from gateway import pipeline
from gateway.fhir.client import Client
from gateway.fhir.json import decode, encode
from gateway.flow.sending import AT_ONCE, Sending, together
from gateway.jobs import queue
from gateway.sandbox.dialects import load
from gateway.sandbox.people import cohort
from gateway.store.engine import open_store, writing
from gateway.store.outbox import Parcel
from mappers.document import Context, map_document
from tests.gateway.flow.people import person

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROUNDS = 5
AS_OF = datetime(2026, 11, 25, 12, tzinfo=UTC)


def rows() -> list[tuple[str, float, float]]:
    """Return what was measured: name, ratio, bar."""
    return [
        ("write-back in batches of 100, CPU per RiskAssessment / Session one by one", *written()),
        ("bundle in, RiskAssessments out, everything on / orjson.loads", *online()),
        ("job claimed and finished in batches of 50 / one by one", *queued()),
    ]


def cpu(work: Callable[[], None], units: int) -> float:
    """Return the CPU seconds of this process for one unit of the work."""
    began = time.process_time()
    work()
    return (time.process_time() - began) / units


def ratio(one: Callable[[], float], other: Callable[[], float]) -> float:
    """Return the median ratio of interleaved rounds, after one to warm up."""
    one(), other()
    return statistics.median(one() / other() for _ in range(ROUNDS))


class Sink(socketserver.StreamRequestHandler):
    """Takes requests on a kept connection and answers as a server that has written them."""

    def handle(self) -> None:
        while line := self.rfile.readline():
            size = 0
            while (header := self.rfile.readline()) not in (b"\r\n", b""):
                name, _, value = header.partition(b":")
                if name.lower() == b"content-length":
                    size = int(value)
            self.rfile.read(size)
            body = BATCH if line.startswith(b"POST /fhir ") else b"{}"
            head = b"HTTP/1.1 200 OK\r\nContent-Type: application/fhir+json\r\nContent-Length: %d"
            self.wfile.write(head % len(body) + b"\r\n\r\n" + body)


BATCH = encode(
    {
        "resourceType": "Bundle",
        "type": "batch-response",
        "entry": [{"response": {"status": "201", "etag": 'W/"1"'}}] * AT_ONCE,
    }
)


def sink(pipe: Any) -> None:
    """Serve the sink until this process is ended."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Sink) as server:
        pipe.send(server.server_address[1])
        server.serve_forever()


def parcels() -> Iterator[Sending]:
    """Yield as many writes as go into one Bundle."""
    (resource,) = pipeline.assess(person(), as_of=AS_OF, country="FI").assessments
    for number in range(AT_ONCE):
        id_ = f"{number:08}-0000-4000-8000-000000000000"
        body = encode({**resource, "id": id_})
        yield Sending(Parcel("RiskAssessment", id_, body), id_, body)


def written() -> tuple[float, float]:
    """Return the ratio of writing in batches, and its bar."""
    fork = multiprocessing.get_context("fork")
    ours, theirs = fork.Pipe()
    server = fork.Process(target=sink, args=(theirs,), daemon=True)
    server.start()
    url = f"http://127.0.0.1:{ours.recv()}/fhir"
    sendings = list(parcels())
    with Client(url) as client, requests.Session() as session:

        def batches() -> None:
            for _ in range(10):
                together(client, "batch", sendings)

        def singly() -> None:
            for one in sendings:
                session.put(
                    f"{url}/RiskAssessment/{one.id}",
                    data=one.body,
                    headers={"Content-Type": "application/fhir+json"},
                    timeout=10,
                )

        found = ratio(lambda: cpu(batches, 10 * AT_ONCE), lambda: cpu(singly, AT_ONCE))
    server.terminate()
    server.join()
    return found, 0.05


def document() -> bytes:
    """Return a Bundle of all that is recorded of one pretend patient, whom a card assesses."""
    resources = cohort(load("FI"), 12, 7, AS_OF).resources
    by_patient: dict[str, list[dict[str, Any]]] = {}
    for one in resources:
        subject = one.get("subject", {}).get("reference", f"{one['resourceType']}/{one.get('id')}")
        by_patient.setdefault(subject, []).append(one)
    found = next(
        of
        for name, of in by_patient.items()
        if name.startswith("Patient/") and pipeline.assess(of, as_of=AS_OF, country="FI").risks
    )
    entries = [
        {"fullUrl": f"http://a.example/{one['resourceType']}/{one['id']}", "resource": one}
        for one in found
    ]
    return encode({"resourceType": "Bundle", "type": "collection", "entry": entries})


def online() -> tuple[float, float]:
    """Return the ratio of the whole pure flow to parsing, and its bar."""
    raw = document()
    context = Context("FI", "R4")

    def flow() -> None:
        for _ in range(20):
            mapped = map_document(decode(raw), context)
            found = pipeline.assess(mapped, as_of=AS_OF, country="FI")
            assert [encode(one) for one in found.assessments]

    def parsing() -> None:
        for _ in range(200):
            orjson.loads(raw)

    return ratio(lambda: cpu(flow, 20), lambda: cpu(parsing, 200)), 35.0


def queued() -> tuple[float, float]:
    """Return the ratio of jobs done 50 at a time, and its bar."""
    with tempfile.TemporaryDirectory() as folder:
        engine = open_store(f"sqlite:///{os.path.join(folder, 'jobs.db')}")  # noqa: PTH118

        def run(at_once: int, number: int) -> float:
            with writing(engine) as connection:
                queue.enqueue(connection, "a", [str(n) for n in range(number)])

            def work() -> None:
                while True:
                    with writing(engine) as connection:
                        jobs = queue.claim(connection, ["a"], at_once)
                    if not jobs:
                        return
                    with writing(engine) as connection:
                        queue.finish(connection, jobs)

            return cpu(work, number)

        found = ratio(lambda: run(50, 500), lambda: run(1, 50))
        engine.dispose()
    return found, 0.15
