"""What no part answers for: addresses that lead nowhere, hosts that are not ours."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flask import Response, request
from werkzeug.exceptions import Forbidden, HTTPException, SecurityError

from gateway.web import ui_guard
from gateway.web.fhir import told
from gateway.web.fhir_answer import response
from gateway.web.fhir_request import Wanted

if TYPE_CHECKING:
    from flask import Flask
    from flask.typing import ResponseReturnValue


LOCAL = ("localhost", "127.0.0.1", "::1")
"""Hosts by which this machine is always reached."""

SAFE = ("GET", "HEAD", "OPTIONS")


def furnish_problems(app: Flask) -> None:
    """Answer errors outside the blueprints: FHIR as FHIR, everything else as a page."""
    app.register_error_handler(Exception, problem)


def refuse_strangers(base_url: str) -> None:
    """Refuse what a page of elsewhere makes a browser on this machine send.

    Raises:
        SecurityError: the request names a host that is not ours: a name made to point here.
        Forbidden: it changes something, and a page of another origin sent it.
    """
    ours = urlsplit(base_url)
    try:
        named = urlsplit(f"//{request.host}").hostname
        origin = urlsplit(request.headers.get("Origin", "")).netloc
    except ValueError:
        raise SecurityError from None
    if named not in (*LOCAL, ours.hostname):
        raise SecurityError
    if request.method in SAFE or "Origin" not in request.headers:
        return
    if origin not in (request.host, ours.netloc):
        raise Forbidden


def problem(error: Exception) -> ResponseReturnValue:
    """Return the answer to a request that no part took, or that one could not answer."""
    if request.path.startswith("/fhir"):
        return response(told(error), Wanted(), "R4")
    if isinstance(error, SecurityError):
        return Response("This host is not served here.\n", 400, mimetype="text/plain")
    if isinstance(error, HTTPException):
        return ui_guard.http_problem(error)
    return ui_guard.failed(error)
