"""Answers: status, body as JSON bytes, headers; turned into what the caller wants at the end."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from email.utils import format_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

import msgspec
from flask import Response

from gateway.fhir.bundles import Response as EntryResponse
from gateway.fhir.json import decode, encode
from gateway.fhir.outcome import from_error, render
from gateway.fhir.xml import to_xml
from gateway.store import instants
from gateway.web.fhir_server import etag

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from gateway.errors import GatewayError, Issue
    from gateway.web.fhir_request import Wanted

ISSUES: tuple[Issue, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """What an interaction answers, before it is known in which format."""

    status: int
    raw: bytes | None = None
    """The body as JSON; None for none."""
    version: int | None = None
    """The version of the resource in the body, or written."""
    instant: int | None = None
    """When that version came to be."""
    location: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    written: bool = False
    """Whether a resource was written, so that ``Prefer: return`` says what the body is."""
    issues: tuple[Issue, ...] = ISSUES
    """Warnings that ``Prefer: return=OperationOutcome`` shows."""


def outcome(issues: Iterable[Issue], status: int = 200) -> Answer:
    """Return an answer whose body is an OperationOutcome."""
    return Answer(status, encode(render(issues)))


def refusal(error: GatewayError) -> Answer:
    """Return the answer to what cannot be done."""
    return Answer(error.status, encode(from_error(error)))


def preferred(answer: Answer, returns: str) -> Answer:
    """Return the answer to a write with the body that ``Prefer: return=`` asks for."""
    if not answer.written or returns in ("", "representation"):
        return answer
    if returns == "minimal":
        return replace(answer, raw=None)
    return replace(answer, raw=encode(render(answer.issues)))


def response(answer: Answer, wanted: Wanted, fhir_version: str) -> Response:
    """Return the HTTP response."""
    answer = preferred(answer, wanted.returns)
    body = shown(answer.raw, wanted, fhir_version) if answer.raw else b""
    made = Response(body, answer.status)
    if body:
        made.content_type = f"{wanted.media_type}; charset=utf-8"
    else:
        del made.headers["Content-Type"]
    if answer.version is not None:
        made.headers["ETag"] = etag(answer.version)
    if answer.instant is not None:
        made.headers["Last-Modified"] = http_date(answer.instant)
    if answer.location is not None:
        made.headers["Location"] = answer.location
    made.headers.extend(answer.headers)
    return made


def shown(raw: bytes, wanted: Wanted, fhir_version: str) -> bytes:
    """Return the body in the format wanted."""
    if wanted.xml:
        return to_xml(decode(raw), fhir_version)
    return msgspec.json.format(raw, indent=2) if wanted.pretty else raw


def in_bundle(answer: Answer) -> EntryResponse:
    """Return what a batch or transaction says of one entry."""
    return EntryResponse(
        status=f"{answer.status} {HTTPStatus(answer.status).phrase}",
        location=answer.location,
        etag=etag(answer.version) if answer.version is not None else None,
        last_modified=instants.written(answer.instant) if answer.instant is not None else None,
    )


def http_date(instant: int) -> str:
    """Return an instant as HTTP headers have it, cut to seconds."""
    return format_datetime(instants.moment(instant // 1000 * 1000), usegmt=True)
