"""What holds for every model in a file, by every runtime."""

from __future__ import annotations

import pickle
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from scoring.batch import score_batch
from scoring.cards import CardError, parse, read
from scoring.engine import score
from scoring.exchange.estimator import kept
from scoring.explain import baseline, contributions, what_if
from scoring.judge import logit
from scoring.modelfile import opening
from scoring.program import program
from tests.fakes.models import a_card, a_graph, fitted, rows

if TYPE_CHECKING:
    from pathlib import Path

    from scoring.cards import Card


def network() -> bytes:
    """Two inputs, eight hidden units, one probability, in floats."""
    draw = np.random.default_rng(2)
    shapes = {"w": (2, 8), "v": (8, 1)}
    constants = [
        numpy_helper.from_array(draw.normal(size=shape).astype(np.float32), name)
        for name, shape in shapes.items()
    ]
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["h"]),
        helper.make_node("Tanh", ["h"], ["t"]),
        helper.make_node("MatMul", ["t", "v"], ["z"]),
        helper.make_node("Sigmoid", ["z"], ["p"]),
    ]
    return a_graph(nodes, constants, kind=TensorProto.FLOAT).SerializeToString()


def one_row_alone() -> bytes:
    """A graph that would mix rows: each divided by the sum over all of them."""
    axis = numpy_helper.from_array(np.array([0], dtype=np.int64), "axis")
    first = numpy_helper.from_array(np.array([0], dtype=np.int64), "first")
    nodes = [
        helper.make_node("Softmax", ["x"], ["s"], axis=0),
        helper.make_node("Gather", ["s", "first"], ["p"], axis=1),
    ]
    return a_graph(nodes, [axis, first]).SerializeToString()


def svm() -> Any:
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.svm import SVC

    return fitted(CalibratedClassifierCV(SVC(), ensemble=False))


def layers() -> Any:
    from sklearn.neural_network import MLPClassifier

    return fitted(MLPClassifier((8,), max_iter=50, random_state=1))


def boosting() -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier

    return fitted(HistGradientBoostingClassifier(max_iter=10, random_state=1))


def of_estimator(folder: Path, estimator: Any) -> Card:
    made = kept(estimator)
    more = "" if made.leaves_site else "leaves_site = false"
    return a_card(folder, made.raw, "skops", trusted=made.trusted, more=more)


@pytest.fixture(scope="module", params=["onnx", "svm", "layers", "boosting"])
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Card:
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "onnx":
        return a_card(folder, network(), "onnx")
    made = {"svm": svm, "layers": layers, "boosting": boosting}[request.param]()
    return of_estimator(folder, made)


def gapped() -> dict[str, Any]:
    """Columns with a missing value in each second row of the input that may miss."""
    design = rows()[0]
    b = np.where(np.arange(len(design)) % 2, np.nan, design[:, 1])
    return {"a": design[:, 0], "b": b}


def single(card: Card, columns: dict[str, Any], place: int) -> Any:
    given = {name: float(column[place]) for name, column in columns.items()}
    return score(card, {name: value for name, value in given.items() if value == value})  # noqa: PLR0124 - NaN differs from itself


def test_a_batch_gives_bit_for_bit_what_its_rows_give(model: Card) -> None:
    columns = gapped()
    found = score_batch(model, columns)
    places = range(0, 300, 7)
    alone = [single(model, columns, place).outputs["p"] for place in places]
    assert found.applicable.all()
    assert len(np.unique(found.outputs["p"])) > 20
    assert found.outputs["p"][list(places)].tolist() == alone
    part = {name: column[5:9] for name, column in columns.items()}
    assert score_batch(model, part).outputs["p"].tolist() == found.outputs["p"][5:9].tolist()


def test_a_missing_value_is_filled_and_told(model: Card) -> None:
    found = score(model, {"a": 0.3})
    assert found.assumptions == ("b: not given, taken as 0.5",)
    assert found.outputs == score(model, {"a": 0.3, "b": 0.5}).outputs
    assert score(model, {"b": 0.3}).reason == "missing_input"


def test_the_reasons_of_a_card_come_first(model: Card) -> None:
    columns = {"a": np.array([9.0, np.nan, np.inf]), "b": np.zeros(3)}
    found = score_batch(model, columns)
    told = [found.reasons[place] for place in found.reason]
    assert told == ["a_out_of_range", "missing_input", "a_not_finite"]
    assert [score(model, {"a": a, "b": 0.0}).reason for a in (9.0, None, float("inf"))] == told


def test_what_if_and_the_effects_that_add_up(model: Card) -> None:
    values = {"a": 1.2, "b": -0.7}
    found, usual = score(model, values), what_if(model, values, {"a": 0.0, "b": 0.0})
    effects = {one.input: one.effect for one in contributions(model, found.inputs)}
    assert baseline(model, found.inputs) == usual.outputs
    ends = logit(np.array([found.outputs["p"], usual.outputs["p"]], dtype=float))
    assert set(effects) == {"a", "b"}
    assert sum(effects.values()) == pytest.approx(ends[0] - ends[1], abs=1e-9)
    assert model.scale == "log odds"


def test_a_card_travels_with_its_model(model: Card) -> None:
    again = pickle.loads(pickle.dumps(model))
    assert score(again, {"a": 0.1}).outputs == score(model, {"a": 0.1}).outputs


def test_the_gateways_answer_is_scikit_learns(tmp_path: Path) -> None:
    estimator = layers()
    card = of_estimator(tmp_path, estimator)
    design = rows()[0]
    found = score_batch(card, {"a": design[:, 0], "b": design[:, 1]}).outputs["p"]
    assert np.abs(found - estimator.predict_proba(design)[:, 1]).max() <= 1e-12


def test_no_row_touches_another(tmp_path: Path) -> None:
    card = a_card(tmp_path, one_row_alone(), "onnx")
    assert score_batch(card, {"a": np.array([0.0, 3.0])}).outputs["p"].tolist() == [1.0, 1.0]


def test_a_model_is_opened_once(tmp_path: Path) -> None:
    card = a_card(tmp_path, network(), "onnx")
    assert opening.opened(card) is opening.opened(read(tmp_path / "card.toml"))


def test_a_card_with_a_file_is_read_from_a_folder(tmp_path: Path) -> None:
    a_card(tmp_path, network(), "onnx")
    with pytest.raises(CardError, match="is read from its folder"):
        parse((tmp_path / "card.toml").read_text(), "card.toml")


def test_columns_of_a_standardised_term(tmp_path: Path) -> None:
    training = """
[training]
algorithm = ""
data = ""
sha256 = ""
rows = 1
recipe = {}
metrics = {}
impute = {}
standardise = { a = [1.0, 2.0] }
"""
    card = a_card(tmp_path, a_graph().SerializeToString(), "onnx", more=training)
    expected = 1 / (1 + np.exp(-(0.5 * (3.0 - 1.0) / 2.0 - 0.25 * 0.5)))
    assert score(card, {"a": 3.0}).outputs["p"] == pytest.approx(expected, abs=1e-15)
    assert program(card).card is card


def test_the_web_imports_neither_runtime_until_a_card_asks() -> None:
    asked = (
        "import sys, wsgi, gateway.web, scoring.runtimes, scoring.cards; scoring.cards.load();"
        "sys.exit(any(name in sys.modules for name in ('sklearn', 'onnxruntime', 'onnx', 'skops')))"
    )
    assert subprocess.run([sys.executable, "-c", asked], check=False).returncode == 0
