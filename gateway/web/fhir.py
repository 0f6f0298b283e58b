"""The FHIR REST interface: addresses to interactions; see `fhir_*` for what each does.

The blueprint serves one store in one FHIR version. The gateway mounts it over its own store, each
sandbox over the store of a pretend country.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import partial, wraps
from typing import TYPE_CHECKING
from uuid import uuid4

import sqlalchemy as sa
from flask import Blueprint, g, request
from werkzeug.exceptions import HTTPException

from gateway.errors import GatewayError, Issue, NotAllowedError, NotFoundError, RequestError
from gateway.fhir.capability import terminology_statement
from gateway.fhir.json import encode
from gateway.fhir.outcome import render
from gateway.watch.logs import log
from gateway.web import fhir_bundle, fhir_read
from gateway.web.fhir_answer import Answer, refusal, response
from gateway.web.fhir_request import Wanted, fhir_version, parameters, resource, wanted
from gateway.web.fhir_server import ID, Hooks, Server
from gateway.web.fhir_write import Operation
from terminology.service.capabilities import statement as terminology

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Response
    from flask.typing import ResponseReturnValue

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}\Z")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
NO_HOOKS = Hooks()


@dataclass(frozen=True, slots=True)
class Views:
    """The interactions over one server."""

    server: Server

    def metadata(self) -> Answer:
        """Return the CapabilityStatement, or the TerminologyCapabilities when those are asked.

        In R5 only the terminology operations are served, and only they are stated.
        """
        version = spoken(self.server)
        if self.server.operations and request.args.get("mode") == "terminology":
            served = terminology(self.server.base_url, self.server.declared.date, version)
            return Answer(200, encode(served))
        if version != self.server.fhir_version:
            return Answer(200, encode(terminology_statement(self.server.declared)))
        return Answer(200, self.server.metadata)

    def post_root(self, wish: Wanted) -> Answer:
        """Receive a Bundle of any type, or a single resource."""
        return fhir_bundle.receive(self.server, self.sent(), wish.returns)

    def create(self, kind: str) -> Answer:
        """Create a resource under a new id, unless `If-None-Exist` finds one."""
        content = self.sent(kind)
        issues = self.server.check(content)
        condition = request.headers.get("If-None-Exist", "")
        return self.write(
            Operation("POST", kind, resource=content, condition=condition, issues=issues)
        )

    def update(self, kind: str, gid: str) -> Answer:
        """Update a resource, or create it under this id."""
        content = self.sent(kind)
        if not ID.match(gid):
            raise RequestError("an id has 1 to 64 letters, digits, - and .")
        if content.get("id") != gid:
            raise RequestError("the id in the resource is not that in the address", at=f"{kind}.id")
        return self.write(Operation("PUT", kind, gid, content, issues=self.server.check(content)))

    def update_where(self, kind: str) -> Answer:
        """Update the resource that the search in the address finds, or create one."""
        content = self.sent(kind)
        condition = request.query_string.decode()
        if not condition:
            raise RequestError("an update needs an id or a condition in its address")
        issues = self.server.check(content)
        return self.write(
            Operation("PUT", kind, resource=content, condition=condition, issues=issues)
        )

    def delete(self, kind: str, gid: str) -> Answer:
        """Delete a resource."""
        return self.write(Operation("DELETE", kind, gid))

    def delete_where(self, kind: str) -> Answer:
        """Delete the one resource that the search in the address finds."""
        self.server.check_type(kind)
        condition = request.query_string.decode()
        if not condition:
            raise RequestError("a deletion needs an id or a condition in its address")
        return self.write(Operation("DELETE", kind, condition=condition))

    def write(self, operation: Operation) -> Answer:
        """Do one write under the preconditions of the request."""
        self.server.check_type(operation.type)
        operation = replace(
            operation,
            if_match=request.headers.get("If-Match", ""),
            if_none_match=request.headers.get("If-None-Match", ""),
        )
        return fhir_bundle.write(self.server, [operation])[0]

    def sent(self, kind: str | None = None) -> dict[str, object]:
        """Return the resource in the body, which must be of type `kind`."""
        if kind is not None:
            self.server.check_type(kind)
        content = resource(self.server.fhir_version)
        if kind is not None and content["resourceType"] != kind:
            raise RequestError("the resource is not of the type in the address", at="resourceType")
        return content

    def read(self, kind: str, gid: str, version: str | None = None) -> Answer:
        """Return a resource, or one version of it; nothing when the caller has it already."""
        answer = fhir_read.get(self.server, kind, gid, version)
        tag, since = (
            request.headers.get(f"If-{name}", "") for name in ("None-Match", "Modified-Since")
        )
        if fhir_read.unchanged(answer, tag, since):
            return replace(answer, status=304, raw=None)
        return answer

    def search(self, kind: str, wish: Wanted) -> Answer:
        """Return a page of a search."""
        return fhir_read.find(self.server, kind, parameters(), strict=wish.strict)

    def search_posted(self, kind: str, wish: Wanted) -> Answer:
        """Return a page of a search whose parameters stand in the body."""
        pairs = parameters(posted=True)
        return fhir_read.find(self.server, kind, pairs, strict=wish.strict, posted=True)

    def history(self, kind: str | None = None, gid: str | None = None) -> Answer:
        """Return a page of a history."""
        return fhir_read.past(self.server, parameters(), kind, gid)

    def everything(self, gid: str) -> Answer:
        """Return a page of all that is known of a Patient."""
        return fhir_read.everything(self.server, gid, parameters())

    def assess(self, gid: str | None = None) -> Answer:
        """Return the risks of those in the body, or of one Patient with what is kept."""
        from gateway.web import fhir_assess  # noqa: PLC0415 - mappers and cards: not for a sandbox

        sent = request.content_length or request.headers.get("Transfer-Encoding")
        return fhir_assess.assess(self.server, self.sent() if sent else None, gid)

    def unknown(self, rest: str = "") -> Answer:
        """Refuse a method or an address that is not served."""
        kind, _, tail = rest.partition("/")
        if rest and "$" not in rest and kind not in ("metadata", "_history"):
            self.server.check_type(kind)
        if "$" in rest:
            raise NotFoundError("there is no such operation")
        if not rest or not tail or ID.match(tail):
            raise NotAllowedError(f"{request.method} is not supported at this address")
        raise NotFoundError("there is nothing at this address")


def blueprint(
    engine: sa.Engine,
    base_url: str,
    *,
    fhir_version: str = "R4",
    hooks: Hooks = NO_HOOKS,
    title: str = "Riskbridge",
    operations: bool = False,
) -> Blueprint:
    """Return the FHIR interface of a store, to be registered under the path of `base_url`."""
    server = Server(
        engine, base_url.rstrip("/"), fhir_version, hooks, title=title, operations=operations
    )
    site = Blueprint("fhir", __name__)
    views = Views(server)
    for number, (methods, rules, view) in enumerate(routes(views)):
        answer = answering(server, view)
        for rule in rules:
            site.add_url_rule(
                rule,
                endpoint=f"{view.__name__}{number}",
                view_func=answer,
                methods=methods.split(),
                strict_slashes=False,
            )
    site.before_request(identified)
    site.after_request(furnished)
    site.register_error_handler(Exception, partial(failed, server))
    return site


def routes(views: Views) -> list[tuple[str, tuple[str, ...], Callable[..., Answer]]]:
    """Return methods, addresses and views; the last one takes what no other does."""
    one, versions = "/<kind>/<gid>", "/<kind>/<gid>/_history"
    found: list[tuple[str, tuple[str, ...], Callable[..., Answer]]] = [
        ("GET", ("/metadata",), views.metadata),
        ("POST", ("/",), views.post_root),
        ("GET", ("/_history", "/<kind>/_history", versions), views.history),
        ("GET POST", ("/Patient/<gid>/$everything",), views.everything),
        ("GET", ("/<kind>",), views.search),
        ("POST", ("/<kind>/_search",), views.search_posted),
        ("GET", ("/<kind>/_search",), views.search),
        ("POST", ("/<kind>",), views.create),
        ("PUT", ("/<kind>",), views.update_where),
        ("DELETE", ("/<kind>",), views.delete_where),
        ("GET", (one, f"{versions}/<version>"), views.read),
        ("PUT", (one,), views.update),
        ("DELETE", (one,), views.delete),
        (" ".join(METHODS), ("/", "/<path:rest>"), views.unknown),
    ]
    if views.server.operations:
        found.insert(0, ("POST", ("/$assess-risk", "/Patient/<gid>/$assess-risk"), views.assess))
    return found


def answering(server: Server, view: Callable[..., Answer]) -> Callable[..., Response]:
    """Return the Flask view of an interaction; one that takes `wish` gets what is wanted."""
    takes_wish = "wish" in view.__annotations__

    @wraps(view)
    def answered(**places: str) -> Response:
        version = spoken(server)
        wish = g.wanted = wanted(version)
        answer = view(**places, wish=wish) if takes_wish else view(**places)
        return response(answer, wish, version)

    return answered


def spoken(server: Server) -> str:
    """Return the FHIR version of an answer: what is served can be asked for in R5 as well."""
    asked = request.path.endswith("/metadata") and server.operations and fhir_version() == "R5"
    return "R5" if asked else server.fhir_version


def identified() -> None:
    """Take the caller's request id, when it is one, else make one."""
    given = request.headers.get("X-Request-Id", "")
    g.request_id = given if REQUEST_ID.match(given) else uuid4().hex


def furnished(answer: Response) -> Response:
    """Add what every answer carries, also one that was refused before it came to a view."""
    if "request_id" not in g:
        identified()
    answer.headers["X-Request-Id"] = g.request_id
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers.setdefault("Cache-Control", "no-store")
    return answer


def failed(server: Server, error: Exception) -> ResponseReturnValue:
    """Return an OperationOutcome for whatever went wrong; a log line for what is our fault."""
    wish = g.get("wanted") or Wanted()
    return response(told(error), wish, server.fhir_version)


def told(error: Exception) -> Answer:
    """Return the answer to an error; of an unforeseen one nothing but that it happened."""
    if isinstance(error, GatewayError):
        return refusal(error)
    if isinstance(error, HTTPException) and error.code is not None and error.code < 500:
        return stated(error.code, "invalid", error.name)
    if isinstance(error, RecursionError):
        return stated(400, "structure", "the resource is nested too deep")
    log().error("request failed", error=f"{type(error).__name__} in {place_of(error)}")
    if isinstance(error, sa.exc.OperationalError):
        return stated(503, "transient", "the store is busy or away: try again")
    return stated(500, "exception", "something went wrong here; it has been logged")


def stated(status: int, code: str, text: str) -> Answer:
    """Return an answer that says one thing."""
    return Answer(status, encode(render([Issue(code, text)])))


def place_of(error: Exception) -> str:
    """Return the function and line in which an error was raised."""
    place = error.__traceback__
    while place and place.tb_next:
        place = place.tb_next
    return f"{place.tb_frame.f_code.co_name}:{place.tb_lineno}" if place else "?"
