from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pytest

from scoring.batch import score_batch
from scoring.calibration import Calibration, Group
from scoring.cards import card, load, parse, read
from scoring.exchange import ExchangeError, graph, handing
from scoring.exchange.estimator import kept
from scoring.exchange.handing import compared, handed_on, written
from scoring.exchange.rows import invented
from tests.fakes.models import a_card, a_graph, fitted

if TYPE_CHECKING:
    from pathlib import Path

    from scoring.cards import Card


def of_estimator(folder: Path, estimator: Any) -> Card:
    made = kept(fitted(estimator))
    more = "" if made.leaves_site else "leaves_site = false"
    return a_card(folder, made.raw, "skops", trusted=made.trusted, more=more)


@pytest.mark.parametrize("name", load())
def test_every_card_is_written_without_loss(name: str) -> None:
    assert parse(written(card(name)), name) == card(name)


@pytest.mark.parametrize(("form", "near"), [("onnx", 1e-12), ("skops", 1e-12), ("toml", 0.0)])
def test_a_logistic_card_in_every_form(form: Any, near: float) -> None:
    made = handed_on(card("heart_core10"), form)
    assert made.difference <= near
    assert made.beside is None


KNOTS = ((-2.0, -1.5), (-0.5, -0.25), (1.0, 0.25), (1.5, 2.0))
CALIBRATED = msgspec.structs.replace(
    card("heart_core10"),
    calibration=Calibration(
        {
            "CH": Group("intercept-and-slope", 100, 50, intercept=0.7, slope=1.2),
            "HU": Group("isotonic", 3000, 900, knots=KNOTS),
        }
    ),
)


@pytest.mark.parametrize("group", ["CH", "HU", "none"])
def test_a_calibrated_card_is_handed_on_for_one_group(group: str) -> None:
    made = handed_on(CALIBRATED, "onnx", group)
    assert made.difference <= 1e-12
    columns = invented(CALIBRATED, 50, 3)
    wanted = score_batch(CALIBRATED, columns, country=[group] * 50).outputs["coronary_disease"]
    found = handing.run(made.raw, handing.matrix(CALIBRATED, columns))["coronary_disease"]
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-12)


@pytest.mark.parametrize("group", [None, "XX"])
def test_a_calibrated_card_asks_for_whom(group: str | None) -> None:
    with pytest.raises(ExchangeError, match=r"calibrated by country; for which\? CH, HU, none"):
        handed_on(CALIBRATED, "onnx", group)
    with pytest.raises(ExchangeError, match="which this form cannot say"):
        handed_on(CALIBRATED, "skops", "CH")


def test_a_graph_that_says_something_else_is_not_handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    other = card("score2")
    raw = graph.model_of(other).replace(b"Exp", b"Abs", 1)
    with pytest.raises(ExchangeError, match="differs from the original"):
        compared(other, raw)
    monkeypatch.setattr(graph, "model_of", lambda *_: raw)
    with pytest.raises(ExchangeError, match="differs from the original"):
        handed_on(other, "onnx")


@pytest.mark.parametrize("form", ["onnx", "skops"])
def test_nothing_to_compare_is_no_agreement(form: Any) -> None:
    nobody = msgspec.structs.replace(card("heart_core10"), exclude={"age > 0": "nobody"})
    with pytest.raises(ExchangeError, match="applies to 0 of 10000 invented rows"):
        handed_on(nobody, form)


def test_a_model_file_in_its_own_form_and_with_its_card(tmp_path: Path) -> None:
    raw = a_graph().SerializeToString()
    one = a_card(tmp_path, raw, "onnx")
    assert handed_on(one, "onnx").raw == raw
    made = handed_on(one, "toml")
    assert made.beside == one.model_file
    (tmp_path / "again.toml").write_bytes(made.raw)
    again = read(tmp_path / "again.toml")
    assert handing.written(again) == made.raw.decode()
    with pytest.raises(ExchangeError, match="has no scikit-learn form"):
        handed_on(one, "skops")


def test_an_estimator_is_converted(tmp_path: Path) -> None:
    from sklearn.linear_model import LogisticRegression

    one = of_estimator(tmp_path, LogisticRegression())
    made = handed_on(one, "onnx")
    assert 0 < made.difference <= 1e-6
    again = a_card(tmp_path, made.raw, "onnx", more='output = "probabilities"')
    assert again.runtime == "onnx"


@pytest.mark.parametrize("form", ["onnx", "skops", "toml"])
def test_rows_of_patients_do_not_leave(form: Any, tmp_path: Path) -> None:
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.svm import SVC

    one = of_estimator(tmp_path, CalibratedClassifierCV(SVC(), ensemble=False))
    with pytest.raises(ExchangeError, match="does not leave its site"):
        handed_on(one, form)
