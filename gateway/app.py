"""`create_app`: the FHIR interface, the console and the operations endpoints over one store."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from flask import Flask

from gateway.config import Settings, load
from gateway.flow import receiving
from gateway.store.engine import open_store
from gateway.web import federation, fhir, health, terminology, ui
from gateway.web.fhir_server import Hooks
from gateway.web.problems import furnish_problems, refuse_strangers

if TYPE_CHECKING:
    import sqlalchemy as sa


def create_app(settings: Settings | None = None, *, engine: sa.Engine | None = None) -> Flask:
    """Return the gateway as `settings` say, else the configuration; it opens the store itself.

    Requests that name another host than `base_url`, or that a page of another origin sent, are
    refused: a page of elsewhere must neither read patients nor write here.
    """
    settings = settings or load()
    engine = engine or open_store(settings.store_url)
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_mib * 1024 * 1024
    app.before_request(partial(refuse_strangers, settings.base_url))
    app.extensions["riskbridge"] = engine
    hooks = Hooks(receiving.stored, receiving.received)
    interface = fhir.blueprint(
        engine, f"{settings.base_url.rstrip('/')}/fhir", hooks=hooks, operations=True
    )
    app.register_blueprint(terminology.blueprint(), url_prefix="/fhir")
    app.register_blueprint(interface, url_prefix="/fhir")
    app.register_blueprint(ui.blueprint(engine, settings.base_url))
    app.register_blueprint(health.blueprint(engine))
    app.register_blueprint(federation.blueprint(engine, settings.studies))
    furnish_problems(app)
    health.watch(app)
    return app
