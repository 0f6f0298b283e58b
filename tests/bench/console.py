"""The console: a page against a bare Flask view, and pages with ten times as many patients."""

from __future__ import annotations

import tempfile
from pathlib import Path
from time import process_time
from typing import TYPE_CHECKING

from flask import Flask

from gateway.store.engine import open_store
from tests.ui.conftest import console
from tests.ui.seed import seed

if TYPE_CHECKING:
    from flask.testing import FlaskClient

FEW, MANY = 400, 4000
PATHS = {
    "overview": ("/", 50.0, 2.5),
    "list of patients": ("/patients", 100.0, 2.0),
    "patients by result": ("/patients?card=score2", 120.0, 2.0),
    "search by name": ("/patients?q=muster", 150.0, 2.0),
    "a patient": ("/patients/fi-north.p21", 60.0, 1.5),
    "findings": ("/findings", 110.0, 2.0),
}
"""Path, how many bare views it may cost, how much more with ten times as many patients."""

ROUNDS = 15


def rows() -> list[tuple[str, float, float]]:
    """Return the ratios: CPU time of a page, best of several."""
    with tempfile.TemporaryDirectory() as folder:
        few, many = (filled(Path(folder), people) for people in (FEW, MANY))
        bare = cost(plain(), "/")
        found = []
        for name, (path, over_bare, over_few) in PATHS.items():
            small, large = cost(few, path), cost(many, path)
            found.append((f"{name}, {FEW} patients, over a bare view", small / bare, over_bare))
            found.append((f"{name}, {MANY} patients over {FEW}", large / small, over_few))
    return found


def plain() -> FlaskClient:
    """Return a client of an application whose one view returns a text."""
    app = Flask("bare")
    app.add_url_rule("/", view_func=lambda: "here")
    return app.test_client()


def filled(folder: Path, people: int) -> FlaskClient:
    """Return a client of the console over so many patients."""
    engine = open_store(f"sqlite:///{folder}/{people}.db", durable=False)
    seed(engine, people)
    return console(engine).test_client()


def cost(client: FlaskClient, path: str) -> float:
    """Return the least CPU seconds that one answer took."""
    least = float("inf")
    for _ in range(ROUNDS):
        start = process_time()
        answer = client.get(path)
        least = min(least, process_time() - start)
        assert answer.status_code == 200
    return least
