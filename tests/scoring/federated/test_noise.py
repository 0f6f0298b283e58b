from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from scoring.federated.answers import answer, scale_of, size
from scoring.federated.card import fitted
from scoring.federated.newton import Point
from scoring.federated.noise import epsilon_of, rho_of, sigma_of, spent
from scoring.federated.private import Budget, longest, private, short_step
from scoring.federated.questions import Impute, Newton, Noise
from scoring.federated.sums import FederatedError
from scoring.judge import judge
from scoring.training.recipe import load

if TYPE_CHECKING:
    from scoring.federated.newton import Joint
    from scoring.training.recipe import Recipe
    from scoring.training.table import Table


@given(st.floats(0.01, 100), st.floats(1e-9, 0.5))
def test_what_is_granted_is_what_is_spent(epsilon: float, delta: float) -> None:
    rho = rho_of(epsilon, delta)
    assert epsilon_of(rho, delta) == pytest.approx(epsilon)
    assert 3 * spent(sigma_of(rho / 3)) == pytest.approx(rho)


def test_a_known_price() -> None:
    """Bun and Steinke 2016, proposition 1.3: rho 0.1 is epsilon 0.1 + 2 sqrt(0.1 ln 1e6)."""
    assert epsilon_of(0.1, 1e-6) == pytest.approx(2.4508, abs=1e-4)


@settings(max_examples=12, deadline=None)
@given(
    clip=st.floats(0.05, 5),
    kind=st.sampled_from(["impute", "newton"]),
    at=arrays(np.float64, len(load("heart").terms) + 1, elements=st.floats(-0.5, 0.5)),
)
def test_no_row_counts_more_than_the_length(
    clip: float, kind: str, at: np.ndarray, recipe: Recipe, pooled: Table
) -> None:
    """Each row alone: what it adds, scaled, is its plain part or that part made so long."""
    noise = Noise(clip, 1.0)
    asked = question(recipe, at) if kind == "newton" else Impute()
    short = msgspec.structs.replace(asked, noise=noise)
    scale = scale_of(asked, recipe)
    for row in range(0, len(pooled.truth), 29):
        one = pooled.part(np.array([row]))
        plain = answer(asked, recipe, one, np.zeros) / scale
        found = answer(short, recipe, one, np.zeros) / scale
        length = np.linalg.norm(plain)
        assert np.linalg.norm(found) <= clip * (1 + 1e-9)
        assert found == pytest.approx(plain * min(1.0, clip / max(length, 1e-9)), abs=1e-9)


def question(recipe: Recipe, at: np.ndarray) -> Newton:
    """A question at some coefficients, with gaps filled and scales as they come."""
    many = len(recipe.terms)
    scales = (50.0,) * many, (20.0,) * many
    return Newton(dict.fromkeys(recipe.inputs, 1.0), *scales, tuple(at.tolist()))


def sites_of(pooled: Table) -> list[Table]:
    return [pooled.part(np.flatnonzero(pooled.site == n)) for n in range(len(pooled.sites))]


def run(recipe: Recipe, pooled: Table, budget: Budget, seed: int) -> tuple[Joint, int]:
    """The model of noisy answers, and the number of rounds."""
    draws = np.random.default_rng(seed).standard_normal
    sites = sites_of(pooled)
    course, rounds = private(recipe, budget, len(sites)), 0
    question = next(course)
    try:
        while True:
            rounds += 1
            total = sum(answer(question, recipe, site, draws) for site in sites)
            question = course.send(np.asarray(total))
    except StopIteration as ended:
        return ended.value, rounds


def test_nothing_is_shortened_in_the_first_question(recipe: Recipe, pooled: Table) -> None:
    asked = Impute(Noise(longest(recipe), 1.0))
    whole = answer(asked, recipe, pooled, np.zeros)
    assert whole == pytest.approx(answer(Impute(), recipe, pooled, np.zeros))


def test_noise_is_as_large_as_it_says(recipe: Recipe, pooled: Table) -> None:
    asked = question(recipe, np.zeros(len(recipe.terms) + 1))
    noisy = msgspec.structs.replace(asked, noise=Noise(2.0, 5.0))
    draws = np.random.default_rng(1).standard_normal
    silent = answer(noisy, recipe, pooled, np.zeros)
    found = np.array([answer(noisy, recipe, pooled, draws) - silent for _ in range(40)])
    assert found.shape == (40, size(asked, recipe))
    assert found.std() == pytest.approx(10.0, rel=0.05)


def test_the_more_privacy_is_spent_the_better_the_model(recipe: Recipe, pooled: Table) -> None:
    areas = []
    for epsilon in (0.5, 1000.0):
        joint, rounds = run(recipe, pooled, Budget(epsilon), seed=3)
        assert rounds == Budget(epsilon).answers
        probability = fitted(recipe, joint).probabilities(pooled)
        areas.append(judge(probability, pooled.truth, replicates=2).auc.value)
    assert areas[0] is not None
    assert areas[1] is not None
    assert areas[0] < areas[1]
    assert areas[1] > 0.75


def test_a_step_is_short_where_noise_may_hide_the_curvature() -> None:
    here = Point(np.zeros(2), 0.0, np.array([1.0, 1.0]), np.diag([-5.0, 10.0]))
    assert short_step(here, 2.0) == pytest.approx([0.5, 0.1])


def test_noise_needs_limits(recipe: Recipe, pooled: Table) -> None:
    boundless = {
        name: msgspec.structs.replace(given, guard=None, range=None)
        for name, given in recipe.inputs.items()
    }
    loose = msgspec.structs.replace(recipe, inputs=boundless)
    with pytest.raises(FederatedError, match="limits of trestbps"):
        run(loose, pooled, Budget(1.0), seed=1)
