"""People of a general practice, with what cardiovascular scores need, over one to four visits."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from gateway.sandbox.draws import YEAR, Draw, Visit, ages, ckd_epi_2021, pick, stream
from gateway.sandbox.population import Population, load

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from gateway.sandbox.population import Floats
    from terminology.records import Value

    Truth = Mapping[str, NDArray[np.bool_]]

VISITS = 4
FACTS = ("diabetes", "bp_treated", "statin")
"""Facts that hang together with the values."""
DISEASES = ("prior_cvd", "atrial_fibrillation")
"""Facts that are drawn by age and sex alone."""
SMOKING = ("current", "current_some_days", "former", "never")


def prevention(number: int, seed: int) -> list[Draw]:
    """Return the first `number` people of the practice."""
    people = load()
    plan = people.facts["visits"]
    age = ages(plan["age"], number, stream(seed, 0, 0))
    uniform = stream(seed, 0, 1).random((number, 8))
    male = uniform[:, 0] < 0.5
    z = stream(seed, 0, 2).standard_normal((number, VISITS + 1, len(people.order))) @ people.root.T
    spread = stream(seed, 0, 3).standard_normal((number, VISITS + 1, 2))
    truth = {
        name: people.true(name, z[:, 0, people.order.index(name)], male, age)
        for name in (*FACTS, "smoking")
    }
    truth |= {
        name: uniform[:, column] < people.at(people.shares[name], male, age)
        for column, name in enumerate(DISEASES, start=6)
    }
    smoking = habits(people, truth["smoking"], uniform, male, age)
    ago = visit_times(plan, uniform)
    visits = [
        measured(people, z, visit, male, age - ago[:, visit] / YEAR)
        | glycaemia(people, truth["diabetes"], age, spread, visit)
        for visit in range(VISITS)
    ]
    count = pick(plan["number"], uniform[:, 1]) + 1
    return [
        Draw(
            strand="prevention",
            male=bool(male[i]),
            age=float(age[i]),
            facts={name: bool(truth[name][i]) for name in (*FACTS, *DISEASES)},
            visits=tuple(
                visit_of(i, visits[v], float(ago[i, v]), smoking[i])
                for v in reversed(range(count[i]))
            ),
        )
        for i in range(number)
    ]


def habits(
    people: Population,
    smokes: NDArray[np.bool_],
    uniform: Floats,
    male: NDArray[np.bool_],
    age: Floats,
) -> list[str]:
    """Return the answer about smoking of each person."""
    some_days = uniform[:, 2] < people.facts["some_days"]["share"]
    former = uniform[:, 3] < people.at(people.shares["former"], male, age)
    answer = np.where(smokes, np.where(some_days, 1, 0), np.where(former, 2, 3))
    return [SMOKING[index] for index in answer]


def visit_times(plan: Mapping[str, Any], uniform: Floats) -> Floats:
    """Return hours ago of each person's visits, the latest first, in whole days."""
    first, last = plan["last"]
    latest = np.floor(first + (last - first) * uniform[:, 4])
    gap = np.floor(plan["months"] * 30.4 * (0.7 + 0.6 * uniform[:, 5]))
    days: Floats = latest[:, None] + gap[:, None] * np.arange(VISITS)
    return days * 24.0


def measured(
    people: Population, z: Floats, visit: int, male: NDArray[np.bool_], age: Floats
) -> dict[str, Floats]:
    """Return the values of one visit: the person's own part and the day's, in canonical units."""
    values = {}
    for name, moments in people.values.items():
        column = people.order.index(name)
        own, day = math.sqrt(moments.repeat), math.sqrt(1 - moments.repeat)
        both = own * z[:, 0, column] + day * z[:, visit + 1, column]
        values[name] = people.value(name, both, male, age)
    return values | follow(values, male, age)


def follow(values: Mapping[str, Floats], male: NDArray[np.bool_], age: Floats) -> dict[str, Floats]:
    """Return what follows from the drawn values, and those values made possible together."""
    high = values["systolic_bp"]
    total, hdl, tri = (
        values[name] for name in ("total_cholesterol", "hdl_cholesterol", "triglycerides")
    )
    return {
        "systolic_bp": np.clip(high, 80, 230),
        "diastolic_bp": np.clip(values["diastolic_bp"], 40, np.clip(high, 80, 230) - 15),
        "heart_rate": np.clip(values["heart_rate"], 42, 150),
        "total_cholesterol": np.maximum(total, hdl + 1.0),
        "ldl_cholesterol": np.maximum(total - hdl - np.minimum(tri, 4.5) / 2.2, 0.5),
        "body_weight": values["bmi"] * (values["body_height"] / 100) ** 2,
        "egfr": ckd_epi_2021(values["creatinine"], male, np.floor(age)),
    }


def glycaemia(
    people: Population, diabetes: NDArray[np.bool_], age: Floats, spread: Floats, visit: int
) -> dict[str, Floats]:
    """Return HbA1c (%) and fasting glucose (mmol/L) of one visit."""
    plan = people.facts["glycaemia"]
    ill, well, sugar = plan["with"], plan["without"], plan["glucose"]
    z = math.sqrt(0.8) * spread[:, 0, 0] + math.sqrt(0.2) * spread[:, visit + 1, 0]
    healthy = well["at_30"] + well["per_year"] * (age - 30) + well["sd"] * z
    diabetic = ill["floor"] + np.exp(ill["log_mean"] + ill["log_sd"] * z)
    hba1c = np.clip(np.where(diabetes, diabetic, np.clip(healthy, 4.0, 6.4)), 4.0, 15.0)
    glucose = sugar["mean"] + sugar["slope"] * (hba1c - sugar["at"])
    noise = sugar["sd"] * spread[:, visit + 1, 1]
    return {"hba1c": hba1c, "glucose_fasting": np.clip(glucose + noise, 3.2, 28.0)}


def visit_of(row: int, values: Mapping[str, Floats], hours_ago: float, smoking: str) -> Visit:
    """Return one person's part of a visit."""
    own: dict[str, Value] = {name: float(column[row]) for name, column in values.items()}
    return Visit(hours_ago, own | {"smoking_status": smoking})
