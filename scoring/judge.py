"""How good probabilities are, each figure with its 95 % interval, or with why it cannot be told.

Intervals: Wilson's for shares (J Am Stat Assoc 1927;22:209-212), DeLong's for the area under the
ROC curve on the logit (Biometrics 1988;44:837-845, ranks by Sun and Xu 2014), the logarithm's for
observed/expected (Debray et al., BMJ 2017;356:i6460), Wald's for calibration intercept and slope
(Van Calster et al., BMC Med 2019;17:230), the bootstrap's for the Brier score and the expected
calibration error. A calibration error is never below nought, so that resampling inflates it: its
interval is that of the resampled values moved back by their own excess.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from scoring.codegen import Array

Z = 1.959963984540054
"""Of the normal distribution: 95 % lie within so many standard errors."""
FEWEST = 10
"""Rows below which only counts and shares are told."""
FEWEST_OF_A_CLASS = 2
"""Rows with and rows without the outcome below which nothing is ranked or regressed."""
BINS = 10
REPLICATES = 500
SEED = 20090
AT_ONCE = 1_000_000
"""Resampled rows in memory at once."""
EDGE = 1e-15
"""Probabilities are kept so far from 0 and 1 where a logarithm is taken."""

TOO_FEW = f"fewer than {FEWEST} rows"
ONE_CLASS = "too few rows with, or without, the outcome"
SEPARATED = "the outcome is separated: there is no finite estimate"


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure with its 95 % interval; ``why`` says why there is none."""

    value: float | None
    low: float | None = None
    high: float | None = None
    why: str = ""

    def told(self) -> dict[str, float | str | None]:
        """Return the figure as JSON tells it."""
        found = asdict(self)
        return found if self.why else {key: found[key] for key in ("value", "low", "high")}


@dataclass(frozen=True, slots=True)
class Judgement:
    """How good the probabilities of one group are."""

    n: int
    observed: Figure
    """Share of rows with the outcome."""
    expected: Figure
    """Mean probability."""
    o_e: Figure
    auc: Figure
    brier: Figure
    ece: Figure
    """Expected calibration error over ten bins of equal width."""
    intercept: Figure
    """Calibration in the large: what the log odds are short of, at slope 1."""
    slope: Figure
    log_loss: Figure
    ece_by_chance: float | None = None
    """The calibration error to be expected on so many rows if every probability were true."""

    def told(self) -> dict[str, object]:
        """Return the figures as JSON tells them."""
        plain = ("n", "ece_by_chance")
        figures = {name: getattr(self, name).told() for name in self.__slots__ if name not in plain}
        return {"n": self.n, **figures, "ece_by_chance": self.ece_by_chance}


def judge(probability: Array, truth: Array, *, replicates: int = REPLICATES) -> Judgement:
    """Return how good the probabilities (n,) of the truths (n,) are."""
    p, y = np.asarray(probability, dtype=np.float64), np.asarray(truth, dtype=bool)
    observed, expected = share(int(y.sum()), len(y)), mean(p, most=1.0)
    if len(y) < FEWEST:
        none = Figure(None, why=TOO_FEW)
        return Judgement(len(y), observed, expected, none, none, none, none, none, none, none)
    brier_score, error = resampled(p, y, replicates)
    return Judgement(
        n=len(y),
        observed=observed,
        expected=expected,
        o_e=ratio(p, y),
        auc=auc(p, y),
        brier=brier_score,
        ece=error,
        intercept=calibration_intercept(p, y),
        slope=calibration_slope(p, y),
        log_loss=mean(losses(p, y)),
        ece_by_chance=chance(p),
    )


def share(count: int, size: int) -> Figure:
    """Return ``count / size`` with Wilson's interval.

    >>> share(0, 10).high
    0.27753279986288...
    """
    if not size:
        return Figure(None, why="no rows")
    p, spread = count / size, Z**2 / size
    middle = (p + spread / 2) / (1 + spread)
    half = Z * np.sqrt(p * (1 - p) / size + spread / size / 4) / (1 + spread)
    return Figure(p, float(max(0.0, middle - half)), float(min(1.0, middle + half)))


def mean(values: Array, most: float = np.inf) -> Figure:
    """Return the mean with the normal interval; no value lies below 0 or above `most`."""
    if not len(values):
        return Figure(None, why="no rows")
    middle = float(values.mean())
    if len(values) < FEWEST_OF_A_CLASS:
        return Figure(middle)
    half = Z * float(values.std(ddof=1)) / len(values) ** 0.5
    return Figure(middle, max(0.0, middle - half), min(most, middle + half))


def ratio(probability: Array, truth: Array) -> Figure:
    """Return observed over expected: above 1 the probabilities are too low."""
    events, expected = int(truth.sum()), float(probability.sum())
    if not events or expected <= 0:
        return Figure(None, why=ONE_CLASS)
    value = events / expected
    error = Z * float(np.sqrt((1 - events / len(truth)) / events))
    return Figure(value, value * float(np.exp(-error)), value * float(np.exp(error)))


def both(truth: Array) -> bool:
    """Say whether there are rows enough with and without the outcome."""
    return bool(FEWEST_OF_A_CLASS <= truth.sum() <= len(truth) - FEWEST_OF_A_CLASS)


def auc(probability: Array, truth: Array) -> Figure:
    """Return the area under the ROC curve."""
    if not both(truth):
        return Figure(None, why=ONE_CLASS)
    with_it, without = probability[truth], probability[~truth]
    ranks = midranks(np.concatenate([with_it, without]))
    m, n = len(with_it), len(without)
    above = (ranks[:m] - midranks(with_it)) / n
    below = 1 - (ranks[m:] - midranks(without)) / m
    value = float(above.mean())
    error = float(np.sqrt(above.var(ddof=1) / m + below.var(ddof=1) / n))
    if not 0 < value < 1:
        return Figure(value, value, value)
    half, middle = Z * error / (value * (1 - value)), np.log(value / (1 - value))
    return Figure(value, float(expit(middle - half)), float(expit(middle + half)))


def midranks(values: Array) -> Array:
    """Return the rank of each value from 1, ties sharing the mean of theirs.

    >>> midranks(np.array([3.0, 1.0, 3.0])).tolist()
    [2.5, 1.0, 2.5]
    """
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks: Array = (last - (counts - 1) / 2)[place]
    return ranks


def bins_of(probability: Array) -> Array:
    """Return the bin of each probability, 0 to 9."""
    return np.minimum((probability * BINS).astype(np.int64), BINS - 1)


def ece(probability: Array, truth: Array) -> float:
    """Return the expected calibration error: the mean distance of ten bins from the diagonal."""
    gaps = np.bincount(bins_of(probability), weights=truth - probability, minlength=BINS)
    return float(np.abs(gaps).sum() / len(truth))


def chance(probability: Array) -> float:
    """Return the calibration error of a perfect model: bins are off by half a normal's mean.

    >>> round(chance(np.full(100, 0.5)), 4), round(chance(np.linspace(0.05, 0.95, 100)), 3)
    (0.0399, 0.103)
    """
    spread = np.bincount(bins_of(probability), weights=probability * (1 - probability))
    return float(np.sqrt(2 / np.pi * spread).sum() / len(probability))


def brier(probability: Array, truth: Array) -> float:
    """Return the mean squared distance of the probability from the truth."""
    return float(np.mean((probability - truth) ** 2))


def resampled(p: Array, y: Array, replicates: int) -> tuple[Figure, Figure]:
    """Return Brier score and calibration error with the intervals of the bootstrap."""
    parts = np.zeros((len(y), BINS + 1))
    parts[np.arange(len(y)), bins_of(p)] = y - p
    parts[:, BINS] = (p - y) ** 2
    drawn = draws(parts, replicates)
    return (
        between(brier(p, y), drawn[:, BINS]),
        between(ece(p, y), np.abs(drawn[:, :BINS]).sum(axis=1)),
    )


def draws(parts: Array, replicates: int) -> Array:
    """Return the means of the columns of `parts` (n, k) over resampled rows, one row a sample."""
    size = len(parts)
    random = np.random.default_rng(SEED)
    step = max(1, AT_ONCE // size)
    found = []
    for start in range(0, replicates, step):
        count = min(step, replicates - start)
        drawn = random.integers(0, size, (count, size)) + size * np.arange(count)[:, None]
        times = np.bincount(drawn.ravel(), minlength=count * size).reshape(count, size)
        found.append(times @ parts / size)
    return np.concatenate(found)


def between(value: float, drawn: Array) -> Figure:
    """Return the value with the 2.5th and 97.5th percentile of the draws, moved to its middle."""
    low, high = np.quantile(drawn - drawn.mean() + value, (0.025, 0.975))
    return Figure(value, max(0.0, min(value, float(low))), max(value, float(high)))


def losses(probability: Array, truth: Array) -> Array:
    """Return the negative log likelihood of each truth."""
    inside = np.clip(probability, EDGE, 1 - EDGE)
    return -np.log(np.where(truth, inside, 1 - inside))


def logit(probability: Array) -> Array:
    """Return the log odds."""
    inside = np.clip(probability, EDGE, 1 - EDGE)
    found: Array = np.log(inside) - np.log1p(-inside)
    return found


def expit(log_odds: Array) -> Array:
    """Return the probability of log odds."""
    found: Array = 1 / (1 + np.exp(-np.clip(log_odds, -700, 700)))
    return found


def calibration_intercept(probability: Array, truth: Array) -> Figure:
    """Return the shift of the log odds that makes the mean probability the observed share."""
    found = regressed(np.ones((len(truth), 1)), logit(probability), truth)
    return found[0]


def calibration_slope(probability: Array, truth: Array) -> Figure:
    """Return the slope of the outcome on the log odds; below 1 probabilities are too extreme."""
    odds = logit(probability)
    if np.ptp(odds) == 0:
        return Figure(None, why="all probabilities are equal")
    return regressed(np.column_stack([odds, np.ones(len(odds))]), np.zeros(len(odds)), truth)[0]


def regressed(design: Array, offset: Array, truth: Array) -> list[Figure]:
    """Return the coefficients of a logistic regression (Newton) with Wald's intervals."""
    none = [Figure(None, why=ONE_CLASS)] * design.shape[1]
    if not both(truth):
        return none
    weights = np.zeros(design.shape[1])
    for _ in range(50):
        p = expit(offset + design @ weights)
        curvature = design.T @ (design * (p * (1 - p))[:, None])
        try:
            step = np.linalg.solve(curvature, design.T @ (truth - p))
        except np.linalg.LinAlgError:
            break
        weights = weights + np.clip(step, -2, 2)
        if np.abs(step).max() < 1e-10:
            errors = Z * np.sqrt(np.diag(np.linalg.inv(curvature)))
            return [
                Figure(float(w), float(w - e), float(w + e))
                for w, e in zip(weights, errors, strict=True)
            ]
    return [Figure(None, why=SEPARATED)] * design.shape[1]
