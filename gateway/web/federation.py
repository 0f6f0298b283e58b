"""The endpoints that a coordinator of joint training asks: ``POST /federation/{study}/{round}``.

``join`` and ``round``; bodies are JSON of fixed keys (`scoring.federated.questions`), answers hold
sums alone. What is refused is told as ``{"error", "detail"}``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import msgspec
from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import HTTPException

from gateway.errors import GatewayError, MalformedError
from gateway.flow import federating
from scoring.federated.questions import Joining, Round

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import sqlalchemy as sa
    from flask.typing import ResponseReturnValue

    from gateway.config import Study

LARGEST = 2**20
"""Bytes of a question; the longest holds as many numbers as the recipe has terms."""

S = TypeVar("S")


@dataclass(frozen=True)
class Federation:
    """The views of a site over one store."""

    engine: sa.Engine
    studies: Mapping[str, Study]

    def join(self, study: str) -> Response:
        """Take part in a run."""
        known = self.admitted(study)
        body = federating.join(self.engine, known, asked(Joining), coordinator())
        return Response(body, mimetype="application/json")

    def round(self, study: str) -> Response:
        """Answer one round of a run."""
        known = self.admitted(study)
        body = federating.respond(self.engine, known, asked(Round), coordinator())
        return Response(body, mimetype="application/json")

    def admitted(self, name: str) -> Study:
        """Return the study, if the request shows its token."""
        token = request.authorization.token if request.authorization else None
        return federating.admitted(self.studies, name, token)


def blueprint(engine: sa.Engine, studies: Sequence[Study]) -> Blueprint:
    """Return the endpoints of the studies that this gateway takes part in."""
    site = Blueprint("federation", __name__, url_prefix="/federation")
    views = Federation(engine, {study.name: study for study in studies})
    for name, view in (("join", views.join), ("round", views.round)):
        site.add_url_rule(f"/<study>/{name}", name, view, methods=["POST"])
    site.register_error_handler(GatewayError, refused)
    site.register_error_handler(HTTPException, impossible)
    return site


def coordinator() -> str:
    """Return who asks: the address that the request came from."""
    return request.remote_addr or "unknown"


def asked(kind: type[S]) -> S:
    """Return the body of the request.

    Raises:
        MalformedError: it is no JSON, or not of this form; the text names the key.
    """
    request.max_content_length = LARGEST
    try:
        return msgspec.json.decode(request.get_data(), type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        told = str(error) if isinstance(error, msgspec.ValidationError) else "no JSON"
        raise MalformedError(f"the question cannot be read: {told}") from None


def refused(error: GatewayError) -> ResponseReturnValue:
    """Return the answer to a question that is not answered."""
    return jsonify(error=error.code, detail=error.text), error.status


def impossible(error: HTTPException) -> ResponseReturnValue:
    """Return the answer to a request that the server itself refuses, such as one too large."""
    return jsonify(error=(error.name or "").lower(), detail=error.description), error.code or 500
