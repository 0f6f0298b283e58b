"""Answers on the wire: an OperationOutcome of the gate's own, and the application's, read whole."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable
    from http import HTTPStatus
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

JSON_TYPE = "application/fhir+json"
DECODER = msgspec.json.Decoder(float_hook=Decimal)
ENCODER = msgspec.json.Encoder(decimal_format="number")
Headers = list[tuple[str, str]]


def answer(
    start_response: StartResponse,
    status: HTTPStatus,
    code: str,
    headers: Headers | None = None,
    text: str | None = None,
) -> Iterable[bytes]:
    """Answer with an OperationOutcome of one issue."""
    issue = {"severity": "error", "code": code, "diagnostics": text or status.phrase}
    body = msgspec.json.encode({"resourceType": "OperationOutcome", "issue": [issue]})
    fixed = [("Content-Type", JSON_TYPE), ("Content-Length", str(len(body)))]
    start_response(f"{status.value} {status.phrase}", [*fixed, *(headers or [])])
    return [body]


def called(application: WSGIApplication, environ: WSGIEnvironment) -> tuple[str, Headers, bytes]:
    """Return status, headers and whole body of the application's answer."""
    started: list[tuple[str, Headers]] = []

    def start(status: str, headers: Headers, _exc: object = None) -> None:
        started.append((status, headers))

    chunks = application(environ, start)  # type: ignore[arg-type]
    try:
        body = b"".join(chunks)
    finally:
        close = getattr(chunks, "close", None)
        if close:
            close()
    return *started[-1], body
