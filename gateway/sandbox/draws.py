"""What a drawn person is, and the random streams people are drawn from.

Everything is drawn in blocks, row by row, each kind of number from a stream of its own: the first
people do not depend on how many follow, so a larger sandbox begins with those of a smaller one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gateway.sandbox.population import Floats
    from terminology.records import Value

Strand = Literal["prevention", "ward", "cardiology"]
STRANDS: tuple[Strand, ...] = get_args(Strand)
YEAR = 365.2425 * 24
"""Hours of a year."""


@dataclass(frozen=True, slots=True)
class Visit:
    """What is measured together, in canonical units, and how many hours ago."""

    hours_ago: float
    values: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Draw:
    """One person, before anyone has given them a name or written them down."""

    strand: Strand
    male: bool
    age: float
    """Years at the moment that the sandbox shows."""
    facts: Mapping[str, bool]
    """Truth of ``diabetes``, ``bp_treated``, ``statin`` and the like."""
    visits: tuple[Visit, ...]
    """Oldest first."""


def stream(seed: int, *purpose: int) -> np.random.Generator:
    """Return the random stream of one seed for one purpose."""
    return np.random.default_rng([seed, *purpose])


def ages(plan: Mapping[str, float], number: int, rng: np.random.Generator) -> Floats:
    """Return ages in years: a beta distribution `a`, `b` stretched from `low` to `high`."""
    return plan["low"] + (plan["high"] - plan["low"]) * rng.beta(plan["a"], plan["b"], number)


def pick(shares: Sequence[float], uniform: Any) -> Any:  # noqa: ANN401 - an array of any shape
    """Return for each uniform number the index of the share that it falls into."""
    return np.minimum(np.searchsorted(np.cumsum(shares), uniform), len(shares) - 1)


def ckd_epi_2021(creatinine: Any, male: Any, age: Any) -> Any:  # noqa: ANN401 - arrays of one shape
    """Return eGFR in mL/min/1.73 m2 from creatinine in umol/L (Inker LA, NEJM 2021;385:1737)."""
    kappa = np.where(male, 0.9, 0.7)
    alpha = np.where(male, -0.302, -0.241)
    ratio = creatinine / 88.4 / kappa
    low, high = np.minimum(ratio, 1) ** alpha, np.maximum(ratio, 1) ** -1.2
    return 142 * low * high * 0.9938**age * np.where(male, 1.0, 1.012)
