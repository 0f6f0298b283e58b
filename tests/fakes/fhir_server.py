"""A small FHIR server on loopback that can be told to misbehave.

It keeps resources in memory, pages searches, writes in every manner, and takes a queue of `faults`:
each is a function of the request that may answer in place of the server, used up one a request.
"""

from __future__ import annotations

import json
import threading
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

if TYPE_CHECKING:
    from collections.abc import Iterator

BEGINNING = datetime(2026, 1, 1)  # noqa: DTZ001 - the server's clock, written as UTC
REFERENCES = {"patient": "subject", "subject": "subject", "target": "target"}


def answer(body: Any, status: int = 200, **headers: str) -> Response:
    """Return a FHIR JSON response; header names are written with ``_`` for ``-``."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    response = Response(raw, status, content_type="application/fhir+json")
    for name, value in headers.items():
        response.headers[name.replace("_", "-")] = value
    return response


def outcome(status: int, code: str = "processing") -> Response:
    """Return an OperationOutcome whose diagnostics hold what must never be told."""
    issue = {"severity": "error", "code": code, "diagnostics": "PRIVATE Maija Meikäläinen"}
    return answer({"resourceType": "OperationOutcome", "issue": [issue]}, status)


@dataclass
class FakeServer:
    """One server; the switches may be changed while it runs."""

    base_url: str = ""
    page_size: int = 3
    updates_create: bool = True
    conditional: bool = True
    bundles: tuple[str, ...] = ("transaction", "batch")
    listed: tuple[str, ...] = ("Patient", "Observation", "RiskAssessment", "Device", "Provenance")
    dropped: frozenset[str] = frozenset()
    history: bool = True
    relative_links: bool = False
    refused: frozenset[str] = frozenset()
    untaken: dict[str, int] = field(default_factory=dict)
    """Types that are not taken, each with the status that says so."""
    read_only: frozenset[str] = frozenset()
    """Types that are declared without create and update."""
    fhir_version: str = "4.0.1"
    guides: tuple[str, ...] = ()
    store: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    gone: list[tuple[str, str]] = field(default_factory=list)
    faults: deque[Any] = field(default_factory=deque)
    log: list[tuple[str, str]] = field(default_factory=list)
    clock: int = 0

    def add(self, *resources: dict[str, Any]) -> None:
        """Keep resources, each as a new version."""
        for resource in resources:
            key = resource["resourceType"], resource["id"]
            version = int(self.store.get(key, {}).get("meta", {}).get("versionId", 0)) + 1
            self.clock += 1
            moment = BEGINNING + timedelta(seconds=self.clock)
            meta = {"versionId": str(version), "lastUpdated": f"{moment:%Y-%m-%dT%H:%M:%SZ}"}
            self.store[key] = {**resource, "meta": {**resource.get("meta", {}), **meta}}

    def remove(self, type_: str, id_: str) -> None:
        """Delete a resource: it reads 410 from now on, and stands in the history."""
        del self.store[type_, id_]
        self.gone.append((type_, id_))

    def of(self, type_: str) -> list[dict[str, Any]]:
        """Return what is kept of a type."""
        return [resource for (kind, _), resource in self.store.items() if kind == type_]

    def __call__(self, environ: dict[str, Any], start: Any) -> Any:
        request = Request(environ)
        self.log.append((request.method, request.full_path.removeprefix("/fhir").rstrip("?")))
        fault = self.faults.popleft() if self.faults else None
        response = (fault and fault(request)) or self.respond(request)
        return response(environ, start)

    def respond(self, request: Request) -> Response:
        """Return the answer of a server that works."""
        parts = [part for part in request.path.removeprefix("/fhir").split("/") if part]
        if parts == ["metadata"]:
            return answer(self.statement())
        if not parts:
            return self.bundle(request.get_json(force=True))
        body = request.get_json(force=True) if request.method in ("PUT", "POST") else None
        unless = request.headers.get("If-None-Exist")
        if request.method == "GET" and (len(parts) == 1 or parts[1] == "_history"):
            return self.searched(request, parts)
        return self.single(request.method, parts, body, unless)

    def single(self, method: str, parts: list[str], body: Any, unless: str | None) -> Response:
        """Read, update or create one resource."""
        type_, id_ = parts[0], parts[1] if len(parts) > 1 else None
        if method == "GET":
            found = self.store.get((type_, id_ or ""))
            status = 410 if (type_, id_) in self.gone else 404
            return (
                answer(found, ETag=f'W/"{found["meta"]["versionId"]}"')
                if found
                else (outcome(status, "not-found"))
            )
        if type_ in self.refused:
            return outcome(422, "business-rule")
        if type_ in self.untaken:
            return outcome(self.untaken[type_], "not-supported")
        if method == "PUT":
            known = (type_, id_) in self.store
            if not known and not self.updates_create:
                return outcome(405, "not-supported")
            return self.written(body, 200 if known else 201)
        return self.created(type_, body, unless)

    def created(self, type_: str, body: Any, unless: str | None) -> Response:
        """Create under an id of the server's own."""
        if unless and not self.conditional:
            return outcome(400, "not-supported")
        found = self.matching(type_, dict(parse_qsl(unless))) if unless else []
        if len(found) > 1:
            return outcome(412, "multiple-matches")
        if found:
            return answer(found[0], 200, Location=f"{self.base_url}/{type_}/{found[0]['id']}")
        return self.written({**body, "id": str(1000 + len(self.store))}, 201)

    def written(self, body: dict[str, Any], status: int) -> Response:
        """Keep the body and say where."""
        self.add(body)
        kept = self.store[body["resourceType"], body["id"]]
        place = f"{self.base_url}/{body['resourceType']}/{body['id']}"
        etag = f'W/"{kept["meta"]["versionId"]}"'
        return answer(kept, status, Location=place, ETag=etag)

    def bundle(self, body: dict[str, Any]) -> Response:
        """Carry out a batch or transaction; a transaction is undone when one entry fails."""
        if body["type"] not in self.bundles:
            return outcome(405, "not-supported")
        before = dict(self.store)
        done = [self.entry(entry) for entry in body["entry"]]
        failed = any(int(one["response"]["status"][:3]) >= 400 for one in done)
        if failed and body["type"] == "transaction":
            self.store = before
            return outcome(400)
        kind = f"{body['type']}-response"
        return answer({"resourceType": "Bundle", "type": kind, "entry": done})

    def entry(self, entry: dict[str, Any]) -> dict[str, Any]:
        """Carry out one entry."""
        asked = entry["request"]
        parts = asked["url"].split("/")
        response = self.single(
            asked["method"], parts, entry.get("resource"), asked.get("ifNoneExist")
        )
        told = {"status": str(response.status_code)}
        for name, header in (("location", "Location"), ("etag", "ETag")):
            if header in response.headers:
                told[name] = response.headers[header]
        if response.status_code >= 400:
            told["outcome"] = json.loads(response.get_data())
        return {"response": told}

    def matching(self, type_: str, asked: dict[str, str]) -> list[dict[str, Any]]:
        """Return the resources of a type that fit the parameters."""
        return [one for one in self.of(type_) if all(fits(one, *pair) for pair in asked.items())]

    def searched(self, request: Request, parts: list[str]) -> Response:
        """Return one page of a search or of a type's history."""
        asked = {k: v for k, v in request.args.items() if k not in self.dropped}
        offset, size = int(asked.pop("_offset", 0)), int(asked.pop("_count", 10))
        size = min(size, self.page_size)
        if parts[1:] == ["_history"]:
            found = [
                {
                    "fullUrl": f"{self.base_url}/{t}/{i}",
                    "request": {"method": "DELETE", "url": f"{t}/{i}"},
                }
                for t, i in self.gone
                if t == parts[0]
            ]
        else:
            found = [
                {"fullUrl": f"{self.base_url}/{one['resourceType']}/{one['id']}", "resource": one}
                for one in self.matching(parts[0], asked)
            ]
        count_only = asked.get("_summary") == "count"
        page = [] if count_only else found[offset : offset + size]
        base = "" if self.relative_links else f"{self.base_url}/{'/'.join(parts)}"
        links = [{"relation": "self", "url": f"{base}?{urlencode(asked)}"}]
        if not count_only and offset + size < len(found):
            query = urlencode({**asked, "_count": size, "_offset": offset + size})
            links.append({"relation": "next", "url": f"{base}?{query}"})
        return answer(
            {
                "resourceType": "Bundle",
                "type": "searchset",
                "total": len(found),
                "link": links,
                "entry": page,
            }
        )

    def statement(self) -> dict[str, Any]:
        """Return the CapabilityStatement, true to the switches but for what is not `listed`."""
        kinds = ["read", "search-type", "update", "create"]
        kinds += ["history-type"] if self.history else []
        types = [
            {
                "type": type_,
                "interaction": [
                    {"code": code}
                    for code in kinds
                    if type_ not in self.read_only or code not in ("create", "update")
                ],
                "updateCreate": self.updates_create,
                "conditionalCreate": self.conditional,
                "searchParam": [{"name": name} for name in ("_id", "_lastUpdated", "patient")],
            }
            for type_ in self.listed
        ]
        rest = {
            "mode": "server",
            "resource": types,
            "interaction": [{"code": kind} for kind in self.bundles],
        }
        return {
            "resourceType": "CapabilityStatement",
            "fhirVersion": self.fhir_version,
            "implementationGuide": list(self.guides),
            "software": {"name": "Fake", "version": "1"},
            "rest": [rest],
        }


def fits(resource: dict[str, Any], name: str, value: str) -> bool:
    """Tell whether a resource matches one search parameter (any of the values)."""
    values = value.split(",")
    if name == "_id":
        return resource["id"] in values
    if name == "_lastUpdated":
        return resource["meta"]["lastUpdated"] >= value.removeprefix("ge")
    if name == "recorded":
        return resource["recorded"] in values
    if name == "identifier":
        kept = resource.get("identifier", [])
        kept = kept if isinstance(kept, list) else [kept]
        return any(f"{one.get('system', '')}|{one['value']}" in values for one in kept)
    if name in REFERENCES:
        kept = resource.get(REFERENCES[name]) or {}
        kept = kept if isinstance(kept, list) else [kept]
        ends = {str(one.get("reference", "")).split("/")[-1] for one in kept}
        return any(one.split("/")[-1] in ends for one in values)
    return True


@contextmanager
def running(server: FakeServer) -> Iterator[FakeServer]:
    """Serve on a free port of loopback for the length of the block."""
    listener = make_server("127.0.0.1", 0, server, threaded=True)
    server.base_url = f"http://127.0.0.1:{listener.server_port}/fhir"
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        listener.shutdown()
        thread.join()
        listener.server_close()
