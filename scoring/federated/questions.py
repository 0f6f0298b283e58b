"""What a coordinator may ask of a site: each kind a table of fixed keys, all else is refused."""

from __future__ import annotations

from typing import TypeAlias

import msgspec


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind"):
    """Base of all questions."""


class Noise(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Each row's part is shortened to length `clip`; Gaussian noise of `sigma * clip` is added."""

    clip: float
    sigma: float


class Impute(Question, frozen=True, tag="impute"):
    """What is known of each input: counts, sums of numbers, counts of each answer."""

    noise: Noise | None = None


class Moments(Question, frozen=True, tag="moments"):
    """First and second moments of the terms around `pivot`, and with the outcome."""

    impute: dict[str, float]
    pivot: tuple[float, ...]


class Newton(Question, frozen=True, tag="newton"):
    """Loss, gradient and Hessian of the log-likelihood at `coefficients`, the intercept first."""

    impute: dict[str, float]
    means: tuple[float, ...]
    deviations: tuple[float, ...]
    coefficients: tuple[float, ...]
    noise: Noise | None = None


class Averaging(Question, frozen=True, tag="fedavg"):
    """Coefficients after `steps` gradient steps on the site's own rows, times their number."""

    impute: dict[str, float]
    means: tuple[float, ...]
    deviations: tuple[float, ...]
    coefficients: tuple[float, ...]
    steps: int
    rate: float
    penalty: float
    """Of the squared coefficients, halved, in the mean loss of a row."""


Any: TypeAlias = Impute | Moments | Newton | Averaging
