from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from scoring import calibrate, judge
from scoring.calibrate import Prior, fit
from scoring.calibration import EVERYBODY

if TYPE_CHECKING:
    from pathlib import Path

WIDE = Prior(deviation=(100.0, 100.0))


def rows(
    size: int, seed: int, *, shift: float = 0.0, slope: float = 1.0
) -> tuple[judge.Array, ...]:
    random = np.random.default_rng(seed)
    p = random.uniform(0.02, 0.98, size)
    return p, random.random(size) < judge.expit(shift + slope * judge.logit(p))


def test_an_intercept_makes_the_mean_right() -> None:
    p, y = rows(150, 1, shift=1.0)
    found = fit(p, y, prior=WIDE).groups[EVERYBODY]
    assert found.method == "intercept"
    assert found.apply(p).mean() == pytest.approx(y.mean(), abs=1e-4)


def test_intercept_and_slope_are_those_of_a_regression() -> None:
    linear = pytest.importorskip("sklearn.linear_model")
    p, y = rows(1500, 2, shift=-0.5, slope=0.6)
    found = fit(p, y, prior=WIDE).groups[EVERYBODY]
    model = linear.LogisticRegression(C=np.inf, tol=1e-10).fit(judge.logit(p)[:, None], y)
    assert found.method == "intercept-and-slope"
    assert found.intercept == pytest.approx(model.intercept_[0], abs=1e-3)
    assert found.slope == pytest.approx(model.coef_[0, 0], abs=1e-3)


def test_a_rising_line_follows_what_no_slope_can() -> None:
    random = np.random.default_rng(3)
    p = random.uniform(0, 1, 20000)
    true = np.where(p < 0.5, 0.1, 0.6)
    y = random.random(20000) < true
    found = fit(p, y)
    assert found.groups[EVERYBODY].method == "isotonic"
    knots = np.array(found.groups[EVERYBODY].knots)
    assert (np.diff(knots, axis=0) >= 0).all()
    assert judge.ece(found.apply(p, [None] * len(p)), y) < 0.02
    sloped = fit(p, y, method="intercept-and-slope")
    assert judge.ece(sloped.apply(p, [None] * len(p)), y) > 0.05


def test_small_groups_move_little() -> None:
    parts = [rows(n, n, shift=s) for n, s in ((2000, 0.3), (1500, 0.4), (800, 0.2), (900, 0.5))]
    few = (np.full(6, 0.5), np.ones(6, dtype=bool))
    every = [*parts, few]
    p, y = (np.concatenate([part[side] for part in every]) for side in (0, 1))
    names = [name for name, part in zip("abcde", every, strict=True) for _ in part[0]]
    found = fit(p, y, names, method="intercept")
    lone = fit(few[0], few[1], ["e"] * 6).groups["e"]
    assert found.groups["a"].intercept == pytest.approx(0.3, abs=0.15)
    assert abs(found.groups["e"].intercept - found.shrunk_to[0]) < 0.2
    assert lone.intercept > found.groups["e"].intercept + 0.3
    assert found.spread[0] < 0.4


def test_of_few_groups_the_small_one_goes_with_the_others() -> None:
    p, y = rows(150, 8, shift=1.5)
    names = ["few"] * 2 + ["many"] * 148
    everybody = fit(p, y).groups[EVERYBODY].intercept
    found = fit(p, y, names, by="sex")
    assert found.shrunk_to[0] == pytest.approx(everybody, abs=1e-6)
    assert found.groups["many"].intercept == pytest.approx(everybody, abs=0.1)
    assert fit(p, y, names).shrunk_to == (0.0, 1.0), "countries are no parts of one"
    assert found.groups["few"].intercept > fit(p[:2], y[:2], names[:2]).groups["few"].intercept


def test_groups_that_differ_are_left_apart() -> None:
    shifts = (-1.5, -0.5, 0.0, 1.0, 2.0)
    parts = [rows(600, n, shift=shift) for n, shift in enumerate(shifts)]
    p, y = (np.concatenate([part[side] for part in parts]) for side in (0, 1))
    found = fit(p, y, np.repeat([*"abcde"], 600), method="intercept")
    intercepts = [found.groups[name].intercept for name in "abcde"]
    assert intercepts == pytest.approx(shifts, abs=0.25)
    assert found.spread[0] == pytest.approx(np.std(shifts), abs=0.2)


def test_one_class_stays_finite() -> None:
    p, _ = rows(25, 5)
    found = fit(p, np.ones(25, dtype=bool)).groups[EVERYBODY]
    assert 0 < found.intercept < 5


def test_rows_do_not_count_in_their_order() -> None:
    p, y = rows(500, 6, shift=1.0)
    names = np.array(["x", "y"] * 250)
    order = np.random.default_rng(0).permutation(500)
    one, other = fit(p, y, names), fit(p[order], y[order], names[order])
    for name in "xy":
        assert one.groups[name].intercept == pytest.approx(other.groups[name].intercept, abs=1e-6)


@pytest.mark.parametrize("p", [[], [0.2, np.nan], [1.2, 0.1]], ids=["none", "NaN", "above 1"])
def test_no_probabilities(p: list[float]) -> None:
    with pytest.raises(ValueError, match="each with a probability"):
        fit(np.array(p), np.zeros(len(p), dtype=bool))


@pytest.mark.parametrize(
    ("n", "events", "method"),
    [
        (199, 100, "intercept"),
        (200, 49, "intercept"),
        (200, 50, "intercept-and-slope"),
        (2000, 1801, "intercept-and-slope"),
        (2000, 1800, "isotonic"),
    ],
)
def test_the_method_by_size(n: int, events: int, method: str) -> None:
    assert calibrate.chosen(n, events) == method


@pytest.mark.parametrize("seed", range(4))
def test_isotonic_agrees_with_pooling_by_hand(seed: int) -> None:
    isotonic = pytest.importorskip("sklearn.isotonic")
    random = np.random.default_rng(seed)
    odds, truth = np.sort(random.normal(size=400)), (random.random(400) < 0.4).astype(float)
    bins = np.array_split(np.arange(400), calibrate.KNOTS)
    rates = [truth[part].mean() for part in bins]
    pooled = isotonic.isotonic_regression(rates, sample_weight=[len(part) for part in bins])
    knots = calibrate.rising(odds, truth)
    levels = np.unique([y for _, y in knots])
    assert levels == pytest.approx(judge.logit(np.unique(pooled)), abs=1e-9)


def test_a_fifth_of_the_swiss_rows_calibrates_the_model_of_the_others(shared: Path) -> None:
    pytest.importorskip("sklearn")
    from scoring.training import fit as training
    from scoring.training import recipe as recipes
    from scoring.training.table import read_table

    recipe = recipes.load("heart")
    table = read_table(recipe, shared / "data" / "heart-disease")
    held = table.site == table.sites.index("zurich_basel")
    own = table.part(held)
    p, y = training.fit(recipe, table.part(~held)).probabilities(own), own.truth
    assert judge.ece(p, y) > 0.2
    figures = []
    for seed in range(50):
        order = np.random.default_rng(seed).permutation(len(y))
        some, rest = np.split(order, [round(0.2 * len(y))])
        moved = fit(p[some], y[some]).apply(p[rest], [EVERYBODY] * len(rest))
        figures.append((judge.ece(moved, y[rest]), judge.brier(moved, y[rest])))
    error, score = np.mean(figures, axis=0)
    assert error <= 0.10
    assert score <= 0.09


@pytest.mark.parametrize("rows", [1, 2, 7])
def test_a_handful_of_rows_may_be_asked_for_a_rising_line(rows: int) -> None:
    p = np.linspace(0.2, 0.8, rows)
    found = calibrate.fit(p, p > 0.5, method="isotonic")
    (group,) = found.groups.values()
    assert group.n == rows
    assert np.isfinite(found.apply(p, [None] * rows)).all()
