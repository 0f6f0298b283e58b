"""Learning how to correct a model's probabilities group by group, mostly by country.

A group's correction is the most probable one (maximum a posteriori) under a normal prior over
groups: ``log odds = z + a + d * (z - c)``, z the model's log odds and c their mean. The mean and
the spread of the prior are estimated from the groups themselves by the EM algorithm (empirical
Bayes; Steyerberg et al., Stat Med 2004;23:2567-2586 on shrunken recalibration), so that a small
group moves little away from the others; with fewer than `GROUPS` groups they are those of `Prior`.
A few groups that are no countries, such as the sexes, belong to one population: they are drawn
towards the correction of all rows together. A group gets

* an intercept always,
* a slope from `SLOPE_ROWS` rows on, with `SLOPE_CLASS` of the rarer class,
* a rising line instead (isotonic regression of binned rates) from `ISOTONIC_ROWS` rows on, with
  `ISOTONIC_CLASS` of the rarer class.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import numpy as np

from scoring.calibration import COUNTRY, EVERYBODY, Calibration, Group, Method
from scoring.judge import expit, logit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scoring.codegen import Array

SLOPE_ROWS, SLOPE_CLASS = 200, 50
ISOTONIC_ROWS, ISOTONIC_CLASS = 2000, 200
GROUPS = 5
"""Groups from which on the prior is estimated."""
KNOTS = 20
LEAST_SPREAD = 0.02
ROUNDS = 500
CLOSE = 1e-7


@dataclass(frozen=True, slots=True)
class Prior:
    """What is thought of intercepts and centred slopes before the data: mean and deviation.

    Left out one by one, the four heart centres' intercepts spread by 1.2, those of the stroke
    trial's countries by 0.5: a lone group may well be as far off as a heart centre.
    """

    mean: tuple[float, float] = (0.0, 0.0)
    deviation: tuple[float, float] = (1.25, 0.25)


@dataclass(frozen=True, slots=True)
class Rows:
    """Log odds (n,), less their mean, truth, group as a position, and the number of groups."""

    odds: Array
    centred: Array
    truth: Array
    group: Array
    groups: int

    def total(self, values: Array) -> Array:
        """Return the sum over the rows of each group."""
        return np.bincount(self.group, weights=values, minlength=self.groups)


def fit(
    probability: Array,
    truth: Array,
    group: Sequence[str] | Array | None = None,
    *,
    by: str = COUNTRY,
    method: Method | None = None,
    prior: Prior | None = None,
) -> Calibration:
    """Return the corrections that make the probabilities (n,) fit the truths (n,) in each group.

    Without `group` there is one correction for all. `method` is for every group; by default it
    is chosen by the size of each. A `prior` given is kept as it is.

    Raises:
        ValueError: there are no rows, or a probability is none.
    """
    p, y = np.asarray(probability, dtype=np.float64), np.asarray(truth, dtype=np.float64)
    if not len(p) or not np.all((p >= 0) & (p <= 1)):
        raise ValueError("to recalibrate takes rows, each with a probability")
    named = [EVERYBODY] * len(p) if group is None else [str(one) for one in group]
    names, places = np.unique(np.array(named, dtype=object), return_inverse=True)
    odds = logit(p)
    centre = float(odds.mean())
    rows = Rows(odds, odds - centre, y, places, len(names))
    sizes, events = rows.total(np.ones(len(p))), rows.total(y)
    methods = [method or chosen(int(n), int(k)) for n, k in zip(sizes, events, strict=True)]
    sloped = np.array([one != "intercept" for one in methods])
    few = by != COUNTRY and 1 < rows.groups < GROUPS
    shifts, learned = posterior(rows, sloped, prior or (together(rows) if few else None))
    groups = {}
    for place, name in enumerate(names.tolist()):
        own = places == place
        a, d = pair(shifts[place])
        shape = Group(methods[place], int(sizes[place]), int(events[place]), a - d * centre, 1 + d)
        if shape.method == "isotonic":
            knots = rising(odds[own], y[own])
            shape = msgspec.structs.replace(shape, intercept=0.0, slope=1.0, knots=knots)
        groups[name] = shape
    (a, d), spread = learned.mean, learned.deviation
    return Calibration(
        groups,
        by="" if group is None else by,
        shrunk_to=(a - d * centre, 1 + d),
        spread=spread,
    )


def chosen(rows: int, events: int) -> Method:
    """Return the method for a group of that size.

    >>> chosen(199, 100), chosen(250, 60), chosen(6000, 3000)
    ('intercept', 'intercept-and-slope', 'isotonic')
    """
    rarer = min(events, rows - events)
    if rows >= ISOTONIC_ROWS and rarer >= ISOTONIC_CLASS:
        return "isotonic"
    enough = rows >= SLOPE_ROWS and rarer >= SLOPE_CLASS
    return "intercept-and-slope" if enough else "intercept"


def posterior(rows: Rows, sloped: Array, given: Prior | None) -> tuple[Array, Prior]:
    """Return the most probable shifts (groups, 2) and the prior they were drawn towards.

    One Newton step and one EM step take turns until nothing moves. Where not `sloped`, the second
    shift stays at nought.
    """
    prior = given or Prior()
    mean, variance = np.array(prior.mean), np.square(prior.deviation)
    learn = np.array([rows.groups >= GROUPS, sloped.sum() >= GROUPS]) & (given is None)
    free = np.column_stack([np.ones(rows.groups, dtype=bool), sloped])
    shifts = np.where(free, mean, 0.0)
    for _ in range(ROUNDS):
        step, uncertainty = newton(rows, shifts, mean, variance, free)
        shifts = shifts + step
        last = np.concatenate([mean, variance])
        for part in np.flatnonzero(learn):
            own = shifts[free[:, part], part]
            mean[part] = own.mean()
            off = (own - mean[part]) ** 2 + uncertainty[free[:, part], part]
            variance[part] = max(off.mean(), LEAST_SPREAD**2)
        moved = np.abs(np.concatenate([mean, variance]) - last).max()
        if max(np.abs(step).max(), moved) < CLOSE:
            break
    return shifts, Prior(pair(mean), pair(np.sqrt(variance)))


def together(rows: Rows) -> Prior:
    """Return the prior whose mean is the intercept of all rows together."""
    one = replace(rows, group=np.zeros_like(rows.group), groups=1)
    shifts, _ = posterior(one, np.zeros(1, dtype=bool), None)
    return Prior(mean=pair(shifts[0]))


def pair(values: Array) -> tuple[float, float]:
    """Return two values as plain numbers."""
    return float(values[0]), float(values[1])


def newton(
    rows: Rows, shifts: Array, mean: Array, variance: Array, free: Array
) -> tuple[Array, Array]:
    """Return a step of each group towards its most probable shifts, and their variances."""
    own = shifts[rows.group]
    p = expit(rows.odds + own[:, 0] + own[:, 1] * rows.centred)
    left, weight = rows.truth - p, p * (1 - p)
    slope = np.column_stack([rows.total(left), rows.total(left * rows.centred)])
    slope = np.where(free, slope - (shifts - mean) / variance, 0.0)
    one, two = rows.total(weight) + 1 / variance[0], rows.total(weight * rows.centred**2)
    two = np.where(free[:, 1], two + 1 / variance[1], 1.0)
    cross = np.where(free[:, 1], rows.total(weight * rows.centred), 0.0)
    determinant = one * two - cross**2
    step = np.column_stack(
        [two * slope[:, 0] - cross * slope[:, 1], one * slope[:, 1] - cross * slope[:, 0]]
    )
    uncertainty = np.column_stack([two, one]) / determinant[:, None]
    return np.clip(step / determinant[:, None], -1, 1), uncertainty


def rising(odds: Array, truth: Array) -> tuple[tuple[float, float], ...]:
    """Return the knots of a rising line from log odds to the log odds of what was observed.

    Rows go into `KNOTS` bins of equal size; neighbours whose rates fall are pooled (Barlow et al.,
    1972), and a pool is level from its first bin's mean to its last's. A rate of 0 or 1 counts as
    half a row off it, so that its log odds are finite.
    """
    pools: list[Pool] = []
    for part in np.array_split(np.argsort(odds, kind="stable"), min(KNOTS, len(odds))):
        middle = float(odds[part].mean())
        pools.append(Pool(len(part), float(truth[part].sum()), middle, middle))
        while len(pools) > 1 and pools[-2].rate >= pools[-1].rate:
            last, before = pools.pop(), pools.pop()
            n, events = before.n + last.n, before.events + last.events
            pools.append(Pool(n, events, before.first, last.last))
    rates = [np.clip(pool.events, 0.5, pool.n - 0.5) / pool.n for pool in pools]
    levels = logit(np.array(rates)).tolist()
    places = zip(pools, levels, strict=True)
    return tuple({x: y for pool, y in places for x in (pool.first, pool.last)}.items())


class Pool(NamedTuple):
    """Neighbouring bins of one rate."""

    n: int
    events: float
    first: float
    """Mean log odds of the first bin."""
    last: float

    @property
    def rate(self) -> float:
        """Return the share with the outcome."""
        return self.events / self.n
