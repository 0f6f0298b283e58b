"""The console over a filled and over an empty store, and a browser to look at it."""

from __future__ import annotations

import shutil
import threading
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask
from werkzeug.serving import make_server

from gateway.store.engine import open_store
from gateway.web.ui import blueprint
from tests.ui.seed import NOW, seed

if TYPE_CHECKING:
    from collections.abc import Iterator

    import sqlalchemy as sa
    from flask.testing import FlaskClient

CHROMIUM = shutil.which("chromium")


def console(engine: sa.Engine) -> Flask:
    """Return an application that has the console alone, at the seed's moment."""
    app = Flask("console", static_folder=None)
    app.register_blueprint(blueprint(engine, now=lambda: NOW))
    return app


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sa.Engine]:
    """Give a store with invented patients."""
    engine = open_store(f"sqlite:///{tmp_path_factory.mktemp('ui')}/filled.db", durable=False)
    seed(engine)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sa.Engine]:
    """Give an empty store."""
    engine = open_store(f"sqlite:///{tmp_path_factory.mktemp('ui')}/bare.db", durable=False)
    yield engine
    engine.dispose()


@pytest.fixture
def client(store: sa.Engine) -> FlaskClient:
    """Give a client of the filled console."""
    return console(store).test_client()


@pytest.fixture
def empty(bare: sa.Engine) -> FlaskClient:
    """Give a client of the empty console."""
    return console(bare).test_client()


@pytest.fixture(scope="session")
def site(store: sa.Engine) -> Iterator[str]:
    """Serve the filled console on loopback."""
    yield from served(console(store))


@pytest.fixture(scope="session")
def bare_site(bare: sa.Engine) -> Iterator[str]:
    """Serve the empty console on loopback."""
    yield from served(console(bare))


def served(app: Flask) -> Iterator[str]:
    """Serve an application until the tests are over; yields its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Give headless Chromium, or skip and say so."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed: apt-get install chromium")
    with api.sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=CHROMIUM)
        yield chromium
        chromium.close()
