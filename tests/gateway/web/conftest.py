"""A FHIR server over an empty store, and its client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.datastructures import Headers

from gateway.fhir.json import encode
from gateway.web.fhir import blueprint
from gateway.web.fhir_server import Hooks

if TYPE_CHECKING:
    import sqlalchemy as sa
    from werkzeug.test import TestResponse

BASE = "http://localhost/fhir"
JSON = "application/fhir+json"


class FhirClient(FlaskClient):
    """A client whose ``data`` may be a resource, and whose addresses are relative to the base."""

    def open(self, path: str, *args: Any, **kwargs: Any) -> TestResponse:
        """Send a request."""
        if isinstance(kwargs.get("json"), dict):
            kwargs["data"] = encode(kwargs.pop("json"))
            kwargs.setdefault("content_type", JSON)
        kwargs["headers"] = Headers(kwargs.get("headers"))
        return super().open(path.removeprefix("http://localhost"), *args, **kwargs)


class Heard:
    """Hooks that remember what they were told."""

    def __init__(self) -> None:
        self.stored: list[list[str]] = []
        self.received: list[list[str]] = []

    def hooks(self) -> Hooks:
        """Return the hooks."""
        return Hooks(
            lambda _, patients: self.stored.append(list(patients)),
            lambda _, patients: self.received.append(list(patients)),
        )


@pytest.fixture
def heard() -> Heard:
    """What the hooks were told."""
    return Heard()


@pytest.fixture
def app(store: sa.Engine, heard: Heard) -> Flask:
    """An application that is a FHIR server."""
    application = Flask("test")
    application.config["MAX_CONTENT_LENGTH"] = 1024 * 1024
    application.register_blueprint(blueprint(store, BASE, hooks=heard.hooks()), url_prefix="/fhir")
    application.test_client_class = FhirClient
    return application


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A client of the server."""
    return app.test_client()
