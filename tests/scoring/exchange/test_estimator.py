"""What is handed on has been compared: wrong conversions are known, and every one is refused."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from scoring.cards import card
from scoring.exchange import ExchangeError
from scoring.exchange.estimator import converted, kept, near, of_coefficients
from tests.fakes.models import a_card, fitted, rows

if TYPE_CHECKING:
    from pathlib import Path


def scaled(last: Any) -> Any:
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), last)


def calibrated(inner: Any, **more: Any) -> Any:
    from sklearn.calibration import CalibratedClassifierCV

    return CalibratedClassifierCV(inner, **{"ensemble": False, **more})


def models() -> dict[str, Any]:
    from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier
    from sklearn.frozen import FrozenEstimator
    from sklearn.linear_model import LogisticRegression
    from sklearn.neural_network import MLPClassifier
    from sklearn.svm import SVC, LinearSVC

    return {
        "logistic": scaled(LogisticRegression()),
        "linear svm": scaled(calibrated(LinearSVC())),
        "network": scaled(MLPClassifier((6,), max_iter=40, random_state=1)),
        "pipeline inside": calibrated(scaled(LinearSVC())),
        "pipeline of regression inside": calibrated(scaled(LogisticRegression())),
        "isotonic": scaled(calibrated(LinearSVC(), method="isotonic")),
        "boosting": HistGradientBoostingClassifier(max_iter=5),
        "frozen": calibrated(FrozenEstimator(fitted(LogisticRegression(), *skewed()))),
        "radial": scaled(calibrated(SVC())),
        "trees": GradientBoostingClassifier(n_estimators=5, random_state=1),
    }


def skewed() -> tuple[Any, Any]:
    """Columns of very different sizes, so that a scaler that is lost does not go unseen."""
    design, truth = rows()
    return design * [30.0, 0.2] + [140.0, 5.0], truth


@pytest.mark.parametrize("name", ["logistic", "linear svm", "network"])
def test_what_converts_agrees(name: str, tmp_path: Path) -> None:
    design, truth = skewed()
    estimator = fitted(models()[name], design, truth)
    made, difference = converted(estimator, design)
    assert difference <= 1e-6
    more = f'output = "{made.output}"'
    opened = a_card(tmp_path, made.raw, "onnx", more=more)
    assert opened.model_file is not None
    assert opened.model_file.leaves_site


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("pipeline inside", "cannot be converted to ONNX"),
        (
            "pipeline of regression inside",
            r"differs from the original by 0\.\d+ \(on \d+ of 10300 rows",
        ),
        ("isotonic", r"differs from the original by 0\.\d+"),
        ("boosting", "cannot be converted to ONNX"),
        ("frozen", "cannot be converted to ONNX"),
        ("radial", "would hand on rows of patients"),
    ],
)
def test_what_converts_wrongly_is_refused(name: str, told: str) -> None:
    design, truth = skewed()
    estimator = fitted(models()[name], design, truth)
    with pytest.raises(ExchangeError, match=told):
        converted(estimator, design)


@pytest.mark.parametrize("name", sorted(models()))
def test_what_is_kept_is_the_same(name: str, tmp_path: Path) -> None:
    design, truth = rows()
    estimator = fitted(models()[name], design, truth)
    made = kept(estimator)
    assert made.leaves_site == (name != "radial")
    table = made.table("model")
    assert table.get("leaves_site", True) == made.leaves_site
    more = "" if made.leaves_site else "leaves_site = false"
    card = a_card(tmp_path, made.raw, "skops", trusted=made.trusted, more=more)
    assert card.model_file is not None
    assert card.model_file.sha256 == table["sha256"]


def test_what_cannot_be_kept() -> None:
    from sklearn.neighbors import KNeighborsClassifier

    with pytest.raises(ExchangeError, match="KNeighborsClassifier cannot be kept"):
        kept(fitted(KNeighborsClassifier()))


def test_a_difference_is_told_with_its_figure() -> None:
    nan = np.array([0.5, np.nan])
    assert near(nan, nan + 1e-7) == pytest.approx(1e-7)
    with pytest.raises(ExchangeError, match=r"by 0.1 \(on 1 of 2 rows"):
        near(nan + 0.1, nan)
    with pytest.raises(ExchangeError, match="on 1 of 2 rows"):
        near(np.array([0.5, 0.5]), nan)


def test_coefficients_as_a_pipeline_of_scikit_learn() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pipeline = of_coefficients(card("heart_core10"))
    assert pipeline.predict_proba(np.zeros((2, 16))).shape == (2, 2)
    with pytest.raises(ExchangeError, match="only one logistic regression"):
        of_coefficients(card("score2"))
