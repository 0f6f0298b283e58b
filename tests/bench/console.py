"""The console: a page against a bare Flask view, and pages with ten times as many patients."""

from __future__ import annotations

import tempfile
from pathlib import Path
from statistics import median
from time import process_time
from typing import TYPE_CHECKING, TypeAlias

from flask import Flask

from gateway.store.engine import open_store
from tests.ui.conftest import console
from tests.ui.seed import seed

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    Measured: TypeAlias = tuple[FlaskClient, str, int]
    """Client, path, and how often it is asked in one measurement."""

FEW, MANY = 400, 4000
PATHS = {
    "overview": ("/", 50.0, 2.5),
    "list of patients": ("/patients", 120.0, 2.0),
    "patients by result": ("/patients?card=score2", 120.0, 2.0),
    "search by name": ("/patients?q=muster", 150.0, 2.0),
    "a patient": ("/patients/fi-north.p21", 60.0, 1.5),
    "findings": ("/findings", 120.0, 2.0),
    "population": ("/population?card=score2", 220.0, 5.0),
    "codes": ("/codes?q=mg/dL", 25.0, 1.5),
}
"""Path, how many bare views it may cost, how much more with ten times as many patients."""

ROUNDS = 15


def rows() -> list[tuple[str, float, float]]:
    """Return the ratios of CPU time."""
    with tempfile.TemporaryDirectory() as folder:
        few, many = (filled(Path(folder), people) for people in (FEW, MANY))
        bare = plain()
        found = []
        for name, (path, over_bare, over_few) in PATHS.items():
            against = ratio((few, path, 1), (bare, "/", 25))
            larger = ratio((many, path, 1), (few, path, 1))
            found.append((f"{name}, {FEW} patients, over a bare view", against, over_bare))
            found.append((f"{name}, {MANY} patients over {FEW}", larger, over_few))
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


def ratio(of: Measured, to: Measured) -> float:
    """Return the median ratio of CPU time, each pair measured one right after the other."""
    cost(of), cost(to)
    return median(cost(of) / cost(to) for _ in range(ROUNDS))


def cost(what: Measured) -> float:
    """Return the CPU seconds of one answer, as the mean of so many."""
    client, path, times = what
    start = process_time()
    for _ in range(times):
        assert client.get(path).status_code == 200
    return (process_time() - start) / times
