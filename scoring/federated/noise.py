"""Gaussian noise on a site's sums, and what it costs in privacy.

Each row's part of an answer is shortened to a length, the noise is a multiple `sigma` of it: by
zero-concentrated differential privacy (Bun and Steinke, TCC 2016) an answer then spends
rho = 1 / (2 sigma^2) for each row that is there or not, answers add up, and rho gives
epsilon = rho + 2 sqrt(rho ln(1/delta)). The sums lie on a grid of doubles, so that the promise is
that of the real-valued mechanism.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from scoring.federated.sums import FederatedError

if TYPE_CHECKING:
    from scoring.codegen import Array
    from scoring.training.recipe import Given, Recipe


def rho_of(epsilon: float, delta: float) -> float:
    """Return the rho that an epsilon at this delta allows.

    >>> round(epsilon_of(rho_of(2.0, 1e-5), 1e-5), 9)
    2.0
    """
    logarithm = math.log(1.0 / delta)
    return (math.sqrt(logarithm + epsilon) - math.sqrt(logarithm)) ** 2


def epsilon_of(rho: float, delta: float) -> float:
    """Return the epsilon that has been spent at this delta."""
    return rho + 2.0 * math.sqrt(rho * math.log(1.0 / delta))


def spent(sigma: float) -> float:
    """Return the rho of one answer with this multiple of noise."""
    return 1.0 / (2.0 * sigma**2)


def sigma_of(rho: float) -> float:
    """Return the multiple of noise that spends this rho in one answer."""
    return 1.0 / math.sqrt(2.0 * rho)


def shortening(lengths: Array, longest: float) -> Array:
    """Return by what each row's part is multiplied, so that none is longer than `longest`."""
    found: Array = np.minimum(1.0, longest / np.maximum(lengths, 1e-300))
    return found


def bounds(given: Given, recipe: Recipe, *, required: bool = False) -> tuple[float, float]:
    """Return middle and half width of where a number may lie; 0 and 1 when the recipe says nothing.

    Raises:
        FederatedError: that is `required`: noise cannot be measured out without.
    """
    limits = recipe.ages if given.source == "age" else given.guard or given.range
    low, high = limits or (None, None)
    if low is not None and high is not None:
        return (low + high) / 2.0, (high - low) / 2.0
    if required:
        raise FederatedError(f"noise needs limits of {given.column}, which the recipe has not")
    return 0.0, 1.0
