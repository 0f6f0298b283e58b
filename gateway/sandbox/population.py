"""The adults a health survey finds, as numbers to draw from (``population.toml``, with sources)."""

from __future__ import annotations

import functools
import math
import tomllib
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

SEXES = ("female", "male")


@dataclass(frozen=True, slots=True)
class Moments:
    """Mean and standard deviation of a value (or its logarithm) by sex and age band."""

    unit: str
    mean: Floats
    """Two rows (female, male), one column an age band."""
    sd: Floats
    log: bool
    repeat: float
    """Part of the variance that a person keeps from visit to visit."""


@dataclass(frozen=True, slots=True)
class Population:
    """Values, shares and how they hang together."""

    ages: Floats
    values: Mapping[str, Moments]
    shares: Mapping[str, Floats]
    order: tuple[str, ...]
    """Names of the rows of `root`: values and liabilities."""
    root: Floats
    """Cholesky factor of the correlation matrix."""
    facts: Mapping[str, Any]
    """The other tables, as they stand in the file."""

    def at(self, table: Floats, male: NDArray[np.bool_], age: Floats) -> Floats:
        """Return the figure for each person, straight between the bands, flat outside them."""
        women = np.interp(age, self.ages, table[0])
        men = np.interp(age, self.ages, table[1])
        return np.asarray(np.where(male, men, women), dtype=np.float64)

    def value(self, name: str, z: Floats, male: NDArray[np.bool_], age: Floats) -> Floats:
        """Return the value, in its unit, that lies `z` standard deviations from the mean."""
        moments = self.values[name]
        x = self.at(moments.mean, male, age) + z * self.at(moments.sd, male, age)
        return np.asarray(np.exp(x) if moments.log else x, dtype=np.float64)

    def true(self, name: str, z: Floats, male: NDArray[np.bool_], age: Floats) -> NDArray[np.bool_]:
        """Return for whom a fact holds, `z` being the liability to it."""
        return above(z) < self.at(self.shares[name], male, age)


def above(z: Floats) -> Floats:
    """Return the probability that a standard normal value lies above `z`.

    >>> float(above(np.zeros(1))[0])
    0.5
    """
    return np.fromiter((math.erfc(x / math.sqrt(2)) / 2 for x in z), dtype=float, count=len(z))


@functools.cache
def load() -> Population:
    """Return the population of ``population.toml``."""
    facts = read("population")
    correlation = facts["correlation"]
    return Population(
        ages=np.array(facts["ages"], dtype=float),
        values={name: moments(table) for name, table in facts["value"].items()},
        shares={name: by_sex(table) for name, table in facts["share"].items()},
        order=tuple(correlation["order"]),
        root=root(correlation["lower"]),
        facts=facts,
    )


def moments(table: Mapping[str, Any]) -> Moments:
    """Return the moments of one ``[value.*]`` table."""
    return Moments(
        unit=table["unit"],
        mean=np.array([table[sex]["mean"] for sex in SEXES], dtype=float),
        sd=np.array([table[sex]["sd"] for sex in SEXES], dtype=float),
        log=table.get("log", False),
        repeat=table["repeat"],
    )


def by_sex(table: Mapping[str, Any]) -> Floats:
    """Return one row a sex of a ``[share.*]`` table."""
    return np.array([table[sex] for sex in SEXES], dtype=float)


def root(lower: Sequence[Sequence[float]]) -> Floats:
    """Return the Cholesky factor of the correlation matrix with this lower triangle."""
    matrix = np.eye(len(lower))
    for row, entries in enumerate(lower):
        matrix[row, : len(entries)] = entries
        matrix[: len(entries), row] = entries
    return np.asarray(np.linalg.cholesky(matrix), dtype=np.float64)


@functools.cache
def read(name: str) -> dict[str, Any]:
    """Return the figures of ``NAME.toml`` beside this module."""
    text = (files(__package__) / f"{name}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
