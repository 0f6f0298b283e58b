"""People sent for coronary angiography, with the ten inputs of the heart card."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gateway.sandbox.draws import Draw, Visit, pick, stream
from gateway.sandbox.population import read, root

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from gateway.sandbox.population import Floats
    from terminology.records import Value

LIMITS = {
    "age": (27.0, 80.0),
    "systolic_bp": (90.0, 205.0),
    "total_cholesterol": (3.2, 12.0),
    "max_heart_rate": (70.0, 205.0),
}


def cardiology(number: int, seed: int) -> list[Draw]:
    """Return the first `number` people of the clinic, each with one visit."""
    plan = read("cardiology")
    uniform = stream(seed, 2, 0).random((number, 8))
    ill = pick(plan["share"], uniform[:, 0])
    values = correlated(plan, ill, stream(seed, 2, 1).standard_normal((number, 4)))
    values["st_depression_exercise"] = depression(plan, ill, uniform[:, 6], stream(seed, 2, 2))
    high = uniform[:, 5] < np.take(plan["truth"]["high_glucose"], ill)
    values["glucose_fasting"] = glucose(plan, high, stream(seed, 2, 3).standard_normal(number))
    angina = uniform[:, 4] < np.take(plan["truth"]["exercise_angina"], ill)
    days = 1 + np.floor(uniform[:, 7] * 60)
    male = uniform[:, 1] < np.take(plan["male"], ill)
    answers = {
        name: answered(table, ill, uniform[:, column])
        for column, (name, table) in enumerate(plan["answers"].items(), start=2)
    }
    return [
        Draw(
            strand="cardiology",
            male=bool(male[i]),
            age=float(values["age"][i]),
            facts={"exercise_angina": bool(angina[i])},
            visits=(visit_of(i, values, answers, 24.0 * float(days[i])),),
        )
        for i in range(number)
    ]


def correlated(plan: Mapping[str, Any], ill: NDArray[np.int_], z: Floats) -> dict[str, Floats]:
    """Return age and the values that hang together with it."""
    order = plan["correlation"]["order"]
    free, diseased = (z @ root(plan["correlation"][state]).T for state in plan["states"])
    both = np.where(ill[:, None] == 1, diseased, free)
    values = {}
    for column, name in enumerate(order):
        figures = plan["value"][name]
        drawn = np.take(figures["mean"], ill) + np.take(figures["sd"], ill) * both[:, column]
        values[name] = np.clip(drawn, *LIMITS[name])
    return values


def depression(
    plan: Mapping[str, Any], ill: NDArray[np.int_], uniform: Floats, rng: np.random.Generator
) -> Floats:
    """Return the ST depression on exercise in mm: none, or a gamma that keeps both moments."""
    figures = plan["value"]["st_depression_exercise"]
    none, mean, sd = (np.take(figures[name], ill) for name in ("none", "mean", "sd"))
    some = mean / (1 - none)
    variance = (sd**2 + mean**2) / (1 - none) - some**2
    drawn = rng.gamma(some**2 / variance) * variance / some
    amount: Floats = np.where(uniform < none, 0.0, np.clip(drawn, 0.1, 6.2))
    return amount


def glucose(plan: Mapping[str, Any], high: NDArray[np.bool_], z: Floats) -> Floats:
    """Return fasting glucose in mmol/L, above or below the limit of 6.66 mmol/L (120 mg/dL)."""
    low, above = plan["glucose"]["below"], plan["glucose"]["above"]
    below = np.minimum(np.exp(low["log_mean"] + low["log_sd"] * z), 6.5)
    over = np.maximum(np.exp(above["log_mean"] + above["log_sd"] * z), 6.8)
    drawn: Floats = np.where(high, over, below)
    return drawn


def answered(
    table: Mapping[str, Sequence[float]], ill: NDArray[np.int_], uniform: Floats
) -> list[str]:
    """Return the coded answer of each person."""
    shares = np.array(list(table.values())).T
    names = tuple(table)
    return [names[pick(shares[i], u)] for i, u in zip(ill, uniform, strict=True)]


def visit_of(
    row: int, values: Mapping[str, Any], answers: Mapping[str, list[str]], hours_ago: float
) -> Visit:
    """Return one person's visit."""
    own: dict[str, Value] = {
        name: float(column[row]) for name, column in values.items() if name != "age"
    }
    return Visit(hours_ago, own | {name: column[row] for name, column in answers.items()})
