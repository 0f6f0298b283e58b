"""What every answer of the console carries and refuses: headers, same-origin posts, error pages."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import sqlalchemy as sa
from flask import Response, abort, make_response, render_template, request

from gateway.errors import GatewayError
from gateway.watch.logs import log

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue
    from werkzeug.exceptions import HTTPException

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
"""Of every page. ``Referrer-Policy: no-referrer`` would blank the ``Origin`` of our own forms."""

PROBLEMS = (400, 403, 404, 405, 500, 503)
"""Statuses with words of their own; any other 4xx reads as 400, any other 5xx as 500."""


def secured(response: Response) -> Response:
    """Return the response with all headers; pages hold patients' data and are not kept."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if request.endpoint == "ui.static":
        kept = "public, max-age=31536000, immutable" if "v" in request.args else "no-cache"
        response.headers["Cache-Control"] = kept
    else:
        response.headers.setdefault("Cache-Control", "no-store")
    return response


def same_origin(base_url: str) -> None:
    """Refuse a POST that no page of ours sent: browsers say where a form stands.

    Args:
        base_url: Where the gateway is reached, when a proxy in front hides the host asked for.

    Raises:
        werkzeug.exceptions.Forbidden: it came from elsewhere, or does not say.
    """
    if request.method not in {"GET", "HEAD", "OPTIONS"}:
        site = request.headers.get("Sec-Fetch-Site", "same-origin")
        origin = urlsplit(request.headers.get("Origin", "")).netloc
        ours = {request.host, urlsplit(base_url).netloc} - {""}
        if site != "same-origin" or origin not in ours:
            abort(403)


def http_problem(error: HTTPException) -> ResponseReturnValue:
    """Return the page for what a view or the router refused (a redirect passes)."""
    if error.code is None or error.code < 400:
        return error.get_response()
    return problem(error.code)


def failed(error: Exception) -> ResponseReturnValue:
    """Return the page for a failure; the log gets its kind and place, and no data."""
    if isinstance(error, GatewayError):
        return problem(error.status)
    place = error.__traceback__
    while place and place.tb_next:
        place = place.tb_next
    at = f"{place.tb_frame.f_code.co_name}:{place.tb_lineno}" if place else "?"
    log().error("console page failed", error=f"{type(error).__name__} in {at}")
    return problem(503 if isinstance(error, sa.exc.OperationalError) else 500)


def problem(status: int) -> ResponseReturnValue:
    """Return the error page of a status: what happened, when, what to do."""
    words = status if status in PROBLEMS else 400 if status < 500 else 500
    page = render_template("problem.html", status=words, here=None)
    return secured(make_response(page, status))
