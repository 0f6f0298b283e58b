"""The gate before a pretend server: who may enter, and the faults that are switched on.

It is WSGI around the server's own application, which knows nothing of either.
"""

from __future__ import annotations

import base64
import hmac
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode

import msgspec

from gateway.errors import UsageError
from gateway.sandbox.faults import FAULTS, Switchboard
from gateway.sandbox.pages import SPOIL, spared
from gateway.sandbox.refusals import Reception
from gateway.sandbox.wires import DECODER, ENCODER, answer, called

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from gateway.sandbox.wires import Headers
    from terminology.records import Resource

SWITCH = "/_faults"
LOOPBACK = ("127.0.0.1", "::1")
RETRY_AFTER = 1
PAUSE = 0.5
"""Seconds: what a throttled caller is told to wait, and how slow the slow answer is."""
IGNORED = frozenset({"patient", "subject", "code", "category", "date", "_lastUpdated", "_id"})


class Gate:
    """The application behind credentials and faults."""

    def __init__(
        self, application: WSGIApplication, faults: Switchboard, credentials: tuple[str, ...] = ()
    ) -> None:
        self.application = Reception(application, faults)
        self.faults = faults
        self.credentials = credentials
        """Values of ``Authorization`` that may enter; with none everybody may."""

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        if environ["PATH_INFO"] == SWITCH:
            return self.switch(environ, start_response)
        if not self.allowed(environ):
            challenge = ("WWW-Authenticate", 'Basic realm="sandbox"')
            return answer(start_response, HTTPStatus.UNAUTHORIZED, "login", [challenge])
        for name in self.faults.due("answer"):
            if name != "slow":
                return refuse(start_response, name)
            time.sleep(PAUSE)
        if self.faults.due("query"):
            environ = {**environ, "QUERY_STRING": without(environ.get("QUERY_STRING", ""))}
        if not (self.faults.any("page") or self.faults.any("wire")):
            return self.application(environ, start_response)
        return self.spoilt(environ, start_response)

    def allowed(self, environ: WSGIEnvironment) -> bool:
        """Say whether the caller may enter; ``metadata`` is for everybody."""
        if not self.credentials or environ["PATH_INFO"].endswith("/metadata"):
            return True
        given = environ.get("HTTP_AUTHORIZATION", "").encode()
        return any(hmac.compare_digest(given, known.encode()) for known in self.credentials)

    def spoilt(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Return the application's answer after what the faults do to it."""
        status, headers, body = called(self.application, environ)
        if self.faults.any("page") and (bundle := searchset(headers, body)):
            for name in self.faults.due("page", spared(bundle)):
                bundle = SPOIL[name](bundle)
                body = ENCODER.encode(bundle)
        headers = [pair for pair in headers if pair[0].lower() != "content-length"]
        headers.append(("Content-Length", str(len(body))))
        if body and self.faults.due("wire"):
            start_response(status, [*headers, ("Connection", "close")])
            return [body[: len(body) // 2]]
        start_response(status, headers)
        return [body]

    def switch(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Show (GET) or set (POST ``{"faults": [...]}``) the faults; from this machine only."""
        if environ.get("REMOTE_ADDR") not in LOOPBACK:
            return answer(start_response, HTTPStatus.FORBIDDEN, "forbidden")
        if environ["REQUEST_METHOD"] == "POST":
            length = int(environ.get("CONTENT_LENGTH") or 0)
            try:
                wanted = msgspec.json.decode(environ["wsgi.input"].read(length), type=Wanted)
                self.faults.set(wanted.faults)
            except (msgspec.DecodeError, UsageError) as error:
                return answer(start_response, HTTPStatus.BAD_REQUEST, "invalid", text=str(error))
        known = {name: kind.does for name, kind in FAULTS.items()}
        body = msgspec.json.encode({"faults": self.faults.state(), "known": known})
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
        start_response("200 OK", headers)
        return [body]


class Wanted(msgspec.Struct, forbid_unknown_fields=True):
    """The body that sets the faults."""

    faults: list[str]


def credentials(token: str | None, user: str | None) -> tuple[str, ...]:
    """Return the ``Authorization`` values of a bearer token and of ``name:password``."""
    bearer = (f"Bearer {token}",) if token else ()
    basic = (f"Basic {base64.b64encode(user.encode()).decode()}",) if user else ()
    return (*bearer, *basic)


def refuse(start_response: StartResponse, name: str) -> Iterable[bytes]:
    """Answer 429 or 503 instead of the server."""
    if name == "unavailable":
        return answer(start_response, HTTPStatus.SERVICE_UNAVAILABLE, "transient")
    later = datetime.now(UTC) + timedelta(seconds=RETRY_AFTER)
    after = str(RETRY_AFTER) if name == "throttle" else format_datetime(later, usegmt=True)
    return answer(
        start_response, HTTPStatus.TOO_MANY_REQUESTS, "throttled", [("Retry-After", after)]
    )


def without(query: str) -> str:
    """Return a query string without the parameters that narrow a search.

    >>> without("patient=p1&_count=10&_lastUpdated=ge2020")
    '_count=10'
    """
    pairs = parse_qsl(query, keep_blank_values=True)
    return urlencode([(key, value) for key, value in pairs if key.split(":")[0] not in IGNORED])


def searchset(headers: Headers, body: bytes) -> Resource | None:
    """Return the Bundle of search results that the body is, else None."""
    kind = next((value for name, value in headers if name.lower() == "content-type"), "")
    if "json" not in kind:
        return None
    try:
        document = DECODER.decode(body)
    except msgspec.DecodeError:
        return None
    found = isinstance(document, dict) and document.get("type") == "searchset"
    return document if found else None
