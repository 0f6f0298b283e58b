from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring import judge

if TYPE_CHECKING:
    from scoring.judge import Figure

RANDOM = np.random.default_rng(7)
P = RANDOM.random(400)
Y = RANDOM.random(400) < P


def test_figures_by_hand() -> None:
    p = np.array([0.1, 0.2, 0.2, 0.3, 0.4, 0.6, 0.7, 0.8, 0.8, 0.9])
    y = np.array([0, 0, 1, 0, 0, 1, 1, 0, 1, 1], dtype=bool)
    found = judge.judge(p, y)
    assert found.n == 10
    assert found.observed.value == 0.5
    assert found.expected.value == pytest.approx(0.5)
    assert found.o_e.value == pytest.approx(1.0)
    # 25 pairs: those of .2 (with) win 1, tie 1; of .6 and .7 win 4; of .8 win 4, tie 1; of .9 win 5
    assert found.auc.value == pytest.approx((1.5 + 4 + 4 + 4.5 + 5) / 25)
    squares = [0.01, 0.04, 0.64, 0.09, 0.16, 0.16, 0.09, 0.64, 0.04, 0.01]
    assert found.brier.value == pytest.approx(sum(squares) / 10)
    # gaps of the bins: .1 | .6 | .3 | .4 | .4 | .3 | .6 | .1, each a sum over its rows
    assert found.ece.value == pytest.approx((0.1 + 0.6 + 0.3 + 0.4 + 0.4 + 0.3 + 0.6 + 0.1) / 10)


def test_figures_agree_with_scikit_learn() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    found = judge.judge(P, Y)
    assert found.auc.value == pytest.approx(metrics.roc_auc_score(Y, P), abs=1e-12)
    assert found.brier.value == pytest.approx(metrics.brier_score_loss(Y, P), abs=1e-12)
    assert found.log_loss.value == pytest.approx(metrics.log_loss(Y, P), abs=1e-12)


def test_delong_by_pairs() -> None:
    p, y = np.round(P[:60], 1), Y[:60]
    wins = (p[y][:, None] > p[~y]) + 0.5 * (p[y][:, None] == p[~y])
    error = np.sqrt(
        wins.mean(axis=1).var(ddof=1) / y.sum() + wins.mean(axis=0).var(ddof=1) / (~y).sum()
    )
    found, value = judge.auc(p, y), wins.mean()
    assert found.value == pytest.approx(value)
    middle, half = np.log(value / (1 - value)), judge.Z * error / (value * (1 - value))
    assert found.low == pytest.approx(1 / (1 + np.exp(-(middle - half))))


@pytest.mark.parametrize(
    ("count", "size", "low", "high"),
    [
        (0, 10, 0.0, 0.2775),
        (5, 10, 0.2366, 0.7634),
        (10, 10, 0.7225, 1.0),
        (81, 263, 0.2553, 0.3662),
    ],
    ids=["none", "half", "all", "Newcombe 1998"],
)
def test_wilson(count: int, size: int, low: float, high: float) -> None:
    found = judge.share(count, size)
    assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)


def test_good_probabilities_are_within_their_intervals() -> None:
    p = np.random.default_rng(1).uniform(0.05, 0.95, 4000)
    y = np.random.default_rng(2).random(4000) < p
    found = judge.judge(p, y)
    assert found.slope.low < 1 < found.slope.high
    assert found.intercept.low < 0 < found.intercept.high
    assert found.o_e.low < 1 < found.o_e.high
    assert found.ece.high < 0.03


def test_a_known_miscalibration_is_told() -> None:
    p = np.random.default_rng(1).uniform(0.02, 0.98, 20000)
    true = judge.expit(0.7 + 0.5 * judge.logit(p))
    found = judge.judge(p, np.random.default_rng(3).random(20000) < true)
    assert found.slope.value == pytest.approx(0.5, abs=0.03)
    assert found.intercept.low > 0


def test_the_same_rows_give_the_same_intervals() -> None:
    assert judge.judge(P, Y) == judge.judge(P, Y)


@pytest.mark.parametrize(
    ("p", "y", "name", "why"),
    [
        (P[:9], Y[:9], "auc", "fewer than 10 rows"),
        (P[:20], np.ones(20, dtype=bool), "auc", "too few rows with, or without, the outcome"),
        (P[:20], np.ones(20, dtype=bool), "slope", "too few rows with, or without, the outcome"),
        (np.full(400, 0.3), Y, "slope", "all probabilities are equal"),
        (P, P > 0.5, "slope", "the outcome is separated: there is no finite estimate"),
    ],
    ids=["few", "one class", "one class, slope", "constant", "separated"],
)
def test_no_figure_says_why(p: judge.Array, y: judge.Array, name: str, why: str) -> None:
    found: Figure = getattr(judge.judge(p, y), name)
    assert found.value is None
    assert found.why == why
    assert found.told() == {"value": None, "low": None, "high": None, "why": why}


def test_no_rows_at_all() -> None:
    told = judge.judge(np.zeros(0), np.zeros(0, dtype=bool)).told()
    assert told["n"] == 0
    assert told["auc"]["value"] is None


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_every_interval_holds_its_value(data: st.DataObject) -> None:
    size = data.draw(st.integers(10, 60))
    p = np.array(data.draw(st.lists(st.floats(0, 1), min_size=size, max_size=size)))
    y = np.array(data.draw(st.lists(st.booleans(), min_size=size, max_size=size)))
    found = judge.judge(p, y, replicates=50)
    for name in ("observed", "expected", "o_e", "auc", "brier", "ece", "intercept", "slope"):
        figure = getattr(found, name)
        if figure.value is not None and figure.low is not None:
            assert figure.low - 1e-12 <= figure.value <= figure.high + 1e-12, name


def test_a_mean_of_few_probabilities_stays_one() -> None:
    few = judge.judge(np.array([0.5, 0.95]), np.array([True, False])).expected
    assert (few.low, few.high) == (pytest.approx(0.725 - 0.441, abs=1e-3), 1.0)
    assert judge.judge(np.array([0.02, 0.5]), np.array([True, False])).expected.low == 0.0


def test_chance_is_what_perfect_probabilities_show() -> None:
    random = np.random.default_rng(11)
    p = random.uniform(0, 1, 450)
    drawn = [judge.ece(p, random.random(450) < p) for _ in range(300)]
    assert judge.chance(p) == pytest.approx(np.mean(drawn), abs=0.003)
    assert judge.judge(p, p > 0.5).told()["ece_by_chance"] == judge.chance(p)
