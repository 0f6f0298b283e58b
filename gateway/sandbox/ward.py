"""Acutely ill adults on a ward, with the observation sets that NEWS2 is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gateway.sandbox.draws import Draw, Visit, ages, pick, stream
from gateway.sandbox.population import read

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from gateway.sandbox.population import Floats
    from terminology.records import Value

SETS = 4
LIMITS = {
    "respiratory_rate": (6, 45),
    "spo2": (76, 100),
    "heart_rate": (34, 190),
    "systolic_bp": (65, 215),
    "diastolic_bp": (32, 120),
    "body_temperature": (33.0, 41.5),
}


def ward(number: int, seed: int) -> list[Draw]:
    """Return the first `number` people of the ward, each with four observation sets."""
    plan = read("ward")
    age = ages(plan["age"], number, stream(seed, 1, 0))
    uniform = stream(seed, 1, 1).random((number, SETS + 1, 4))
    z = stream(seed, 1, 2).standard_normal((number, SETS, len(plan["value"])))
    state = states(plan, uniform)
    sets = [observed(plan, state[:, at], z[:, at], uniform[:, at + 1]) for at in range(SETS)]
    return [
        Draw(
            strand="ward",
            male=bool(uniform[i, 0, 0] < 0.5),
            age=float(age[i]),
            facts={},
            visits=tuple(
                set_of(i, sets[at], 1 + plan["hours_between"] * at) for at in reversed(range(SETS))
            ),
        )
        for i in range(number)
    ]


def states(plan: Mapping[str, Any], uniform: Floats) -> NDArray[np.int_]:
    """Return each person's state at each set, which mostly stays as it was."""
    fresh = pick(plan["share"], uniform[:, 1:, 2])
    for at in range(1, SETS):
        stays = uniform[:, at + 1, 3] < plan["stays"]
        fresh[:, at] = np.where(stays, fresh[:, at - 1], fresh[:, at])
    states: NDArray[np.int_] = fresh
    return states


def observed(
    plan: Mapping[str, Any], state: NDArray[np.int_], z: Floats, uniform: Floats
) -> dict[str, Any]:
    """Return one observation set of everybody, in canonical units."""
    values: dict[str, Any] = {}
    for column, (name, figures) in enumerate(plan["value"].items()):
        drawn = np.take(figures["mean"], state) + np.take(figures["sd"], state) * z[:, column]
        values[name] = np.clip(drawn, *LIMITS[name])
    values["diastolic_bp"] = np.minimum(values["diastolic_bp"], values["systolic_bp"] - 12)
    oxygen = uniform[:, 0] < np.take(plan["oxygen"]["share"], state)
    litres = np.take(plan["oxygen"]["litres_per_minute"], state)
    values["supplemental_oxygen"] = np.where(oxygen, litres, 0.0)
    shares = np.array(list(plan["consciousness"].values())).T
    answers = "".join(plan["consciousness"])
    values["consciousness_acvpu"] = [
        answers[pick(shares[at], number)] for at, number in zip(state, uniform[:, 1], strict=True)
    ]
    return values


def set_of(row: int, values: Mapping[str, Any], hours_ago: float) -> Visit:
    """Return one person's part of an observation set."""
    own: dict[str, Value] = {
        name: column[row] if isinstance(column, list) else float(column[row])
        for name, column in values.items()
    }
    return Visit(hours_ago, own)
