"""The terminology operations over HTTP: ``CodeSystem``, ``ValueSet`` and ``ConceptMap``.

Answers are in the words of R4, or of R5 for who says ``fhirVersion=5.0`` in Accept or
Content-Type. Nothing is stored: a request may bring its own resources as ``tx-resource``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from flask import Blueprint, g, request

from gateway.fhir.json import encode
from gateway.store import instants
from gateway.web.fhir import furnished, identified, told
from gateway.web.fhir_answer import Answer, response
from gateway.web.fhir_request import FORM, Wanted, fhir_version, parameters, resource, wanted
from terminology.service import OPERATIONS, ServiceError, answer
from terminology.service.asked import Asked, languages_of, of_pairs, of_parameters
from terminology.service.problems import outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Response

    from terminology.records import JSON

GIVEN = {"ValueSet": "valueSet", "CodeSystem": "codeSystem", "ConceptMap": "conceptMap"}
"""A resource that is the whole body of a request is this parameter."""


def blueprint() -> Blueprint:
    """Return the terminology operations, to be registered under the path of the FHIR endpoint."""
    site = Blueprint("terminology", __name__)
    for kind, operation in OPERATIONS:
        for rule in (f"/{kind}/${operation}", f"/{kind}/<gid>/${operation}"):
            view = answering(kind, operation)
            name = f"{kind}-{operation}-{rule.count('/')}"
            site.add_url_rule(rule, name, view, methods=["GET", "POST"], strict_slashes=False)
    site.before_request(identified)
    site.after_request(furnished)
    site.register_error_handler(Exception, failed)
    return site


def answering(kind: str, operation: str) -> Callable[..., Response]:
    """Return the Flask view of one operation."""

    def answered(gid: str | None = None) -> Response:
        version = fhir_version()
        wish = g.wanted = wanted(version)
        made = answer(kind, operation, asked(version, gid))
        return response(Answer(200, encode(made)), wish, version)

    return answered


def asked(version: str, gid: str | None) -> Asked:
    """Return what a request asks, in its address and its body."""
    posted = request.method == "POST"
    values = of_pairs(parameters(posted=posted and request.mimetype == FORM))
    if posted and request.mimetype != FORM and request.content_length != 0:
        values = {**values, **in_body(version)}
    return Asked(
        values,
        version,
        languages_of(request.headers.get("Accept-Language")),
        f"urn:uuid:{uuid4()}",
        instants.written(instants.now()),
        gid,
    )


def in_body(version: str) -> dict[str, tuple[JSON, ...]]:
    """Return the parameters in the body, or the resource that is the body."""
    sent = resource(version)
    name = GIVEN.get(sent["resourceType"])
    return {name: (sent,)} if name else of_parameters(sent)


def failed(error: Exception) -> Response:
    """Return an OperationOutcome for whatever went wrong."""
    if isinstance(error, ServiceError):
        refused = Answer(error.status, encode(outcome(error)))
    else:
        refused = told(error)
    return response(refused, g.get("wanted") or Wanted(), fhir_version())
