"""What a pretend server does not take: it declares so in its metadata, and refuses it."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from gateway.sandbox.wires import DECODER, ENCODER, answer, called

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from gateway.sandbox.faults import Switchboard
    from terminology.records import Resource

WRITES = frozenset({"create", "update", "delete"})
READS = frozenset({"GET", "HEAD"})
UNKNOWN: Mapping[str, str] = {"no-risk-assessment": "RiskAssessment"}
"""Fault to the type that is none of the server's."""

ONLY: Mapping[str, frozenset[str]] = {
    "observations-only": frozenset({"Observation"}),
    "documents-only": frozenset({"DocumentReference"}),
    "read-only": frozenset(),
}
"""Fault to the types that may still be written."""

ENTRY = re.compile(rb'"method":\s*"(?:POST|PUT)",\s*"url":\s*"([A-Z][A-Za-z]+)[/"?]')


@dataclass(frozen=True, slots=True)
class Reception:
    """The application behind what it does not take."""

    application: WSGIApplication
    faults: Switchboard

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        if not self.faults.any("takes"):
            return self.application(environ, start)
        environ, body = whole(environ)
        path = environ["PATH_INFO"]
        if path.endswith("/metadata"):
            return self.declaring(environ, start)
        if status := refusal(self.faults, environ["REQUEST_METHOD"], path, body):
            return answer(start, status, "not-supported")
        return self.application(environ, start)

    def declaring(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Return the server's metadata without what it does not take; XML stays as it is."""
        status, headers, body = called(self.application, environ)
        if any("json" in value for name, value in headers if name.lower() == "content-type"):
            body = ENCODER.encode(declared(self.faults, DECODER.decode(body)))
        kept = [pair for pair in headers if pair[0].lower() not in ("content-length", "etag")]
        start(status, [*kept, ("Content-Length", str(len(body)))])
        return [body]


def whole(environ: WSGIEnvironment) -> tuple[WSGIEnvironment, bytes]:
    """Return a request that can be read once more, and its body."""
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    return {**environ, "wsgi.input": io.BytesIO(body)}, body


def refusal(faults: Switchboard, method: str, path: str, body: bytes) -> HTTPStatus | None:
    """Return the status by which a request is refused; None when it may pass.

    A Bundle is refused as a whole for one entry that is, as a transaction would be.
    """
    named = path.rstrip("/").split("/fhir")[-1].strip("/").split("/")[0]
    types = [named] if named else [one.decode() for one in ENTRY.findall(body)]
    on = {fault.name for fault in faults.on}
    if any(UNKNOWN[name] in types for name in on & UNKNOWN.keys()):
        return HTTPStatus.NOT_FOUND if named else HTTPStatus.UNPROCESSABLE_ENTITY
    reading = method in READS or named.startswith(("_", "$")) or path.endswith("_search")
    if not reading and any(set(types) - ONLY[name] for name in on & ONLY.keys()):
        return HTTPStatus.METHOD_NOT_ALLOWED if named else HTTPStatus.UNPROCESSABLE_ENTITY
    return None


def declared(faults: Switchboard, statement: Resource) -> Resource:
    """Return a CapabilityStatement without what is not taken, unless that is kept a secret."""
    on = {fault.name for fault in faults.on}
    if "undeclared" in on:
        return statement
    gone = {UNKNOWN[name] for name in on & UNKNOWN.keys()}
    only = [ONLY[name] for name in on & ONLY.keys()]
    rest = statement["rest"][0]
    types = [
        one if all(one["type"] in those for those in only) else unwritable(one)
        for one in rest["resource"]
        if one["type"] not in gone
    ]
    return {**statement, "rest": [{**rest, "resource": types}]}


def unwritable(declared_type: Resource) -> Resource:
    """Return the declaration of a type that can be read alone."""
    kept = [one for one in declared_type["interaction"] if one["code"] not in WRITES]
    return {
        **declared_type,
        "interaction": kept,
        "updateCreate": False,
        "conditionalCreate": False,
        "conditionalUpdate": False,
    }
