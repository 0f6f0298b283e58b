"""`create_app`: the FHIR interface, the console and the operations endpoints over one store."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flask import Flask

from gateway.config import Settings, load
from gateway.flow import receiving
from gateway.store.engine import open_store
from gateway.web import fhir, health, terminology, ui
from gateway.web.fhir_server import Hooks
from gateway.web.problems import furnish_problems, refuse_strangers

if TYPE_CHECKING:
    import sqlalchemy as sa

LOCAL = ("localhost", "127.0.0.1", "::1")
"""Hosts by which this machine is always reached."""


def create_app(settings: Settings | None = None, *, engine: sa.Engine | None = None) -> Flask:
    """Return the gateway as `settings` say, else the configuration; it opens the store itself.

    Requests that name another host than `base_url` are refused: a page of elsewhere, whose name
    was made to point here, must not read patients.
    """
    settings = settings or load()
    engine = engine or open_store(settings.store_url)
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_mib * 1024 * 1024
    hosts = frozenset((*LOCAL, urlsplit(settings.base_url).hostname))
    app.before_request(partial(refuse_strangers, hosts))
    app.extensions["riskbridge"] = engine
    hooks = Hooks(receiving.stored, receiving.received)
    interface = fhir.blueprint(
        engine, f"{settings.base_url.rstrip('/')}/fhir", hooks=hooks, operations=True
    )
    app.register_blueprint(terminology.blueprint(), url_prefix="/fhir")
    app.register_blueprint(interface, url_prefix="/fhir")
    app.register_blueprint(ui.blueprint(engine, settings.base_url))
    app.register_blueprint(health.blueprint(engine))
    furnish_problems(app)
    health.watch(app)
    return app
