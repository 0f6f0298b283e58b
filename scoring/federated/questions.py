"""What a coordinator may ask of a site: each kind a table of fixed keys, all else is refused."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, TypeAlias

import msgspec

if TYPE_CHECKING:
    from scoring.training.recipe import Recipe


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


AnyQuestion: TypeAlias = Impute | Moments | Newton | Averaging


class Joining(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The request to take part in a run."""

    run: str
    recipe: str
    """What `edition` says of the coordinator's recipe."""


class Joined(msgspec.Struct, frozen=True):
    """The answer to it: the site's key for masks, hexadecimal, and its number of rows."""

    run: str
    key: str
    rows: int


class Round(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One question to all sites of a run, which are named with their keys."""

    run: str
    number: int
    recipe: str
    sites: dict[str, str]
    question: AnyQuestion

    def canonical(self) -> bytes:
        """Return the one form of the question that masks and hashes are made from."""
        return msgspec.json.encode(self, order="sorted")


class Sums(msgspec.Struct, frozen=True):
    """The answer to it: so many numbers, 16 bytes each."""

    run: str
    number: int
    sums: bytes


def edition(recipe: Recipe) -> str:
    """Return a hash of the recipe: sites and coordinator must mean the same by its names."""
    return hashlib.sha256(msgspec.json.encode(recipe, order="sorted")).hexdigest()[:32]
