"""One model, five ways: scikit-learn, the card by row and by column, ONNX, the gateway over HTTP.

10,000 invented rows with gaps of every kind, for a logistic regression and a linear support-vector
machine, trained on invented data and on the real ones where they are. The gateway's own answer to
``$assess-risk`` is asked for 60 of the rows, written as FHIR of the row's country.
"""

from __future__ import annotations

import shutil
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pytest
import requests
from flask import Flask
from werkzeug.serving import make_server

from gateway.fhir.json import encode
from gateway.sandbox.tables import written
from gateway.store.engine import open_store
from gateway.web.fhir import blueprint
from scoring import cards
from scoring.batch import Batch, score_batch
from scoring.cards import parse
from scoring.engine import score
from scoring.exchange.estimator import converted, kept
from scoring.exchange.handing import handed_on, matrix, run
from scoring.exchange.rows import invented
from scoring.training.card import card_text
from scoring.training.fit import fit
from scoring.training.recipe import load
from scoring.training.table import Table, read_table
from tests.fakes.heart import invented_files

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from scoring.cards import Card
    from scoring.codegen import Array
    from scoring.training.fit import Fitted
    from terminology.records import Resource

ROWS, ASKED = 10_000, 60
EXACT, NEAR = 1e-12, 1e-6
OUTPUT = "coronary_disease"
RECIPE = load("heart")
LIMITS = {
    "age": (30, 79), "sbp_mmhg": (90, 200), "total_cholesterol_mg_dl": (120, 350),
    "max_heart_rate_min": (70, 200), "st_depression_mm": (0, 5),
}  # fmt: skip
"""Within what a reader of a record takes for a measurement, not for a slip."""
UNWRITTEN = ("fasting_glucose_above_120", "exercise_angina")
"""Inputs that have no code in a record but the recipe's own, which a stranger does not know."""


@dataclass(frozen=True)
class Made:
    """A trained model, its card, and invented rows with what scikit-learn says of them."""

    fitted: Fitted
    card: Card
    columns: dict[str, Array]
    table: Table
    batch: Batch
    wanted: Array


@pytest.fixture(scope="module", params=["invented", "shared"])
def data(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    if request.param == "shared":
        shared: Path = request.getfixturevalue("shared")
        return shared / "data" / "heart-disease"
    folder = tmp_path_factory.mktemp("invented")
    invented_files(folder)
    return folder


@pytest.fixture(scope="module", params=["logistic", "svm"])
def made(request: pytest.FixtureRequest, data: Path) -> Made:
    learned = read_table(RECIPE, data)
    fitted = fit(RECIPE, learned, request.param)
    card = parse(card_text(RECIPE, learned, fitted, {}), "heart.toml")
    columns = invented(card, ROWS, 5)
    numbers = dict(zip(columns, matrix(card, columns).T, strict=True))
    nothing = np.zeros(ROWS, dtype=np.int64)
    table = Table(numbers, nothing > 0, nothing, learned.sites[:1], "", {})
    wanted = fitted.probabilities(table)
    return Made(fitted, card, columns, table, score_batch(card, columns), wanted)


def apart(made: Made, found: Array) -> float:
    """The largest difference from scikit-learn, where the card applies."""
    applies = made.batch.applicable
    assert applies.sum() > 0.8 * ROWS
    return float(np.abs(found - made.wanted)[applies].max())


def test_the_rows_have_gaps_of_every_kind(made: Made) -> None:
    gaps = np.isnan(matrix(made.card, made.columns))
    optional = [n for n, one in enumerate(made.card.inputs.values()) if not one.required]
    assert len({tuple(row) for row in gaps[:, optional]}) > 80
    assert np.ptp(made.wanted) > 0.9


def test_the_card_by_column_is_scikit_learn(made: Made) -> None:
    assert apart(made, made.batch.outputs[OUTPUT]) <= EXACT


def test_the_card_by_row_is_the_card_by_column(made: Made) -> None:
    found = made.batch.outputs[OUTPUT]
    for place in range(0, ROWS, 20):
        one = score(made.card, inputs(made, place))
        assert one.applicable == made.batch.applicable[place]
        assert not one.applicable or one.outputs[OUTPUT] == found[place]


def inputs(made: Made, place: int) -> dict[str, Any]:
    """One row as a caller gives it."""
    row: dict[str, Any] = {}
    for name, given in made.card.inputs.items():
        value = made.columns[name][place]
        if given.levels:
            row |= {name: given.levels[int(value)]} if value >= 0 else {}
        elif not np.isnan(value):
            row[name] = bool(value) if given.type == "boolean" else float(value)
    return row


def test_the_cards_graph_is_scikit_learn(made: Made) -> None:
    handed = handed_on(made.card, "onnx")
    assert handed.difference <= EXACT
    found = run(handed.raw, matrix(made.card, made.columns))[OUTPUT]
    assert apart(made, found) <= EXACT
    assert np.array_equal(np.isfinite(found), made.batch.applicable)


def test_what_skl2onnx_makes_of_it_is_near(made: Made) -> None:
    design = made.fitted.design(made.table)
    assert converted(made.fitted.estimator, design)[1] <= NEAR


def test_what_skops_keeps_of_it_is_the_same(made: Made) -> None:
    assert kept(made.fitted.estimator).leaves_site
    assert handed_on(made.card, "skops").difference <= EXACT


@pytest.fixture
def gateway(made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a gateway on this machine whose heart card is the one just trained."""
    folder = tmp_path / "cards"
    shutil.copytree(cards.FOLDER, folder)
    served = msgspec.structs.replace(made.card, id="heart_core10")
    (folder / "heart_core10.toml").write_bytes(handed_on(served, "toml").raw)
    monkeypatch.setattr(cards, "FOLDER", folder)
    cards.load.cache_clear()
    store = open_store(f"sqlite:///{tmp_path}/store.db", durable=False)
    app = Flask("test")
    site = blueprint(store, "http://127.0.0.1/fhir", operations=True)
    app.register_blueprint(site, url_prefix="/fhir")
    server = make_server("127.0.0.1", 0, app)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}/fhir/$assess-risk"
    server.shutdown()
    thread.join()
    server.server_close()
    store.dispose()
    cards.load.cache_clear()


def test_the_gateways_answer_is_scikit_learns(made: Made, gateway: str) -> None:
    """The gateway tries this card where an exercise test is on record."""
    known = made.batch.applicable & ~np.isnan(made.columns["max_heart_rate_min"])
    rows = np.flatnonzero(known)[:: ROWS // 100][:ASKED]
    whole = {
        name: np.clip(made.table.columns[name], *LIMITS.get(name, (0, 9))) for name in RECIPE.inputs
    }
    whole |= {name: np.full(ROWS, np.nan) for name in UNWRITTEN}
    whole["age"] = np.round(whole["age"])
    part = Table(whole, made.table.truth, made.table.site, made.table.sites, "", {}).part(rows)
    found = [asked(gateway, entry) for entry in people(part)]
    assert len(found) == ASKED
    assert np.abs(np.array(found) - made.fitted.probabilities(part)).max() <= EXACT


def people(table: Table) -> list[list[Resource]]:
    """The resources of each row, as if they had been written today."""
    now = datetime.now(tz=UTC)
    found: dict[str, list[Resource]] = {}
    for _, resource in written(RECIPE, table):
        if resource["resourceType"] == "Patient":
            age = int(table.columns["age"][len(found)])
            born = {**resource, "birthDate": f"{now.year - age}-01-01"}
            found[f"Patient/{resource['id']}"] = [born]
        elif resource["resourceType"] == "Observation":
            dated = {**resource, "effectiveDateTime": now.isoformat()}
            found[resource["subject"]["reference"]].append(dated)
    return list(found.values())


def asked(gateway: str, entry: list[Resource]) -> float:
    """The probability in the gateway's RiskAssessment for one patient."""
    bundle: Resource = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"resource": one} for one in entry],
    }
    headers = {"Content-Type": "application/fhir+json"}
    answer = requests.post(gateway, data=encode(bundle), headers=headers, timeout=30)
    assert answer.status_code == 200, answer.text
    risks = [one["resource"] for one in answer.json()["entry"]]
    (heart,) = [one for one in risks if "heart_core10" in str(one.get("method"))]
    return float(heart["prediction"][0]["probabilityDecimal"]) / 100
