"""What no part answers for: addresses that lead nowhere, hosts that are not ours."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flask import Response, request
from werkzeug.exceptions import HTTPException, SecurityError

from gateway.web import ui_guard
from gateway.web.fhir import told
from gateway.web.fhir_answer import response
from gateway.web.fhir_request import Wanted

if TYPE_CHECKING:
    from collections.abc import Container

    from flask import Flask
    from flask.typing import ResponseReturnValue


def furnish_problems(app: Flask) -> None:
    """Answer errors outside the blueprints: FHIR as FHIR, everything else as a page."""
    app.register_error_handler(Exception, problem)


def refuse_strangers(hosts: Container[str | None]) -> None:
    """Refuse a request that names a host which is none of `hosts`.

    Raises:
        SecurityError: it does, or names none that could be.
    """
    try:
        named = urlsplit(f"//{request.host}").hostname
    except ValueError:
        named = None
    if named not in hosts:
        raise SecurityError


def problem(error: Exception) -> ResponseReturnValue:
    """Return the answer to a request that no part took, or that one could not answer."""
    if request.path.startswith("/fhir"):
        return response(told(error), Wanted(), "R4")
    if isinstance(error, SecurityError):
        return Response("This host is not served here.\n", 400, mimetype="text/plain")
    if isinstance(error, HTTPException):
        return ui_guard.http_problem(error)
    return ui_guard.failed(error)
