"""Scoring against plain NumPy: one row beside a dot product, a million rows beside handwork.

One row: the arithmetic of a card on inputs that were checked, against ``np.dot`` of as many
numbers as the card has terms. A million rows: `score_batch` with all its checks, against the same
arithmetic written by hand over whole columns. Each is the best of interleaved runs.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np

from scoring.batch import score_batch
from scoring.cards import Card, load
from scoring.engine import score
from scoring.program import program

if TYPE_CHECKING:
    from collections.abc import Callable

ROWS = 1_000_000
REPEATS = 7
SHORT = 400
"""Short runs, many of them: some meet an idle processor even on a busy machine."""
Columns = dict[str, Any]


def rows() -> list[tuple[str, float, float]]:
    """Return what, ratio and bar: 3 and 15 dots for a row, 3 times handwork for a batch."""
    found = []
    for card in load().values():
        if card.models:
            bar = 3.0 if card.training else 15.0
            found.append((f"one row of {card.id} / dot", row_ratio(card), bar))
    heart, score2 = load()["heart_core10"], load()["score2"]
    found.append(("one row checked, to a Score, of score2 / dot", whole_ratio(score2), 60.0))
    for card, by_hand, columns in (
        (score2, score2_by_hand, score2_columns()),
        (heart, heart_by_hand(heart), heart_columns()),
        (load()["egfr_ckd_epi_2021"], egfr_by_hand, egfr_columns()),
    ):
        ratio = compared(
            lambda c=card, x=columns: score_batch(c, x), lambda h=by_hand, x=columns: h(x)
        )
        found.append((f"a million rows of {card.id} / by hand", ratio, 3.0))
    return found


def compared(ours: Callable[[], object], theirs: Callable[[], object], times: int = 1) -> float:
    """Return the ratio of the best times, runs taken in turn so that both meet the same machine."""
    best = [float("inf")] * 2
    for _ in range(REPEATS if times == 1 else SHORT):
        for place, function in enumerate((ours, theirs)):
            start = time.perf_counter()
            for _ in range(times):
                function()
            best[place] = min(best[place], time.perf_counter() - start)
    return best[0] / best[1]


def example(card: Card) -> dict[str, Any]:
    """Return inputs inside every range of the card."""
    inputs: dict[str, Any] = {"age": sum(card.ages or (50, 60)) // 2}
    for name, given in card.inputs.items():
        low, high = given.range or given.guard or (1, 1)
        middle = given.reference if given.reference is not None else (low + (high or low)) / 2
        kinds = {"code": given.levels[:1] and given.levels[0], "boolean": name == "current_smoker"}
        inputs.setdefault(name, kinds.get(given.type, middle))
    if "diabetes" in inputs and card.id == "score2_diabetes":
        inputs["diabetes"] = True
    return inputs


def row_ratio(card: Card) -> float:
    """Return the time of one row's arithmetic over that of a dot of as many terms."""
    values = score(card, example(card)).inputs
    one, other = np.random.default_rng(1).random((2, len(card.terms)))
    run = program(card).run
    return compared(lambda: run(values), lambda: np.dot(one, other), 100)


def whole_ratio(card: Card) -> float:
    """Return the time of one `score` call over that of a dot."""
    inputs = example(card)
    one, other = np.random.default_rng(1).random((2, len(card.terms)))
    return compared(lambda: score(card, inputs), lambda: np.dot(one, other), 100)


def numbers(low: float, high: float) -> np.ndarray[Any, Any]:
    return np.random.default_rng(2).uniform(low, high, ROWS)


def truths() -> np.ndarray[Any, Any]:
    return np.random.default_rng(3).random(ROWS) < 0.3


def places(levels: int) -> np.ndarray[Any, Any]:
    return np.random.default_rng(4).integers(0, levels, ROWS)


def score2_columns() -> Columns:
    return {
        "age": numbers(40, 69), "sex": places(2), "risk_region": places(4),
        "sbp_mmhg": numbers(100, 180), "total_cholesterol_mmol_l": numbers(3, 8),
        "hdl_cholesterol_mmol_l": numbers(0.8, 2), "current_smoker": truths(),
    }  # fmt: skip


def score2_by_hand(x: Columns) -> np.ndarray[Any, Any]:
    """SCORE2 as one would write it over columns: coefficients by sex, then the region's scale."""
    card = load()["score2"]
    men, women = card.models
    male = x["sex"] == 0
    k = {n: np.where(male, men.coefficients[n], women.coefficients[n]) for n in men.coefficients}
    survival = np.where(male, men.baseline_survival, women.baseline_survival)
    age, sbp = (x["age"] - 60) / 5, (x["sbp_mmhg"] - 120) / 20
    total, hdl = x["total_cholesterol_mmol_l"] - 6, (x["hdl_cholesterol_mmol_l"] - 1.3) / 0.5
    smoker = x["current_smoker"]
    lp = (
        k["age"] * age + k["smoking"] * smoker + k["sbp"] * sbp + k["tchol"] * total
        + k["hdl"] * hdl + k["smoking_x_age"] * smoker * age + k["sbp_x_age"] * sbp * age
        + k["tchol_x_age"] * total * age + k["hdl_x_age"] * hdl * age
    )  # fmt: skip
    risk = 1 - survival ** np.exp(lp)
    table = card.recalibration.table["cvd_10y"]  # type: ignore[union-attr]
    levels = card.inputs["risk_region"].levels
    scale = np.array([[table[sex][level] for level in levels] for sex in ("male", "female")])
    constants = scale[x["sex"], x["risk_region"]]
    return 1 - np.exp(-np.exp(constants[:, 0] + constants[:, 1] * np.log(-np.log(1 - risk))))


def heart_columns() -> Columns:
    return {
        "age": numbers(30, 75), "sex": places(2), "chest_pain_type": places(4),
        "sbp_mmhg": numbers(100, 180), "total_cholesterol_mg_dl": numbers(120, 300),
        "fasting_glucose_above_120": truths(), "ecg_rest": places(3),
        "max_heart_rate_min": numbers(90, 190), "exercise_angina": truths(),
        "st_depression_mm": numbers(0, 4),
    }  # fmt: skip


def heart_by_hand(card: Card) -> Callable[[Columns], np.ndarray[Any, Any]]:
    """Return the heart model as one would write it: standardise, multiply, add, squash."""
    model, scales = card.models[0], card.training.standardise  # type: ignore[union-attr]
    weights = model.coefficients

    def by_hand(x: Columns) -> np.ndarray[Any, Any]:
        male = x["sex"] == 0
        terms = {
            "age": x["age"], "sbp": x["sbp_mmhg"], "cholesterol": x["total_cholesterol_mg_dl"],
            "max_heart_rate": x["max_heart_rate_min"], "st_depression": x["st_depression_mm"],
            "st_depression_squared": x["st_depression_mm"] ** 2, "age_x_male": x["age"] * male,
        }  # fmt: skip
        lp = np.full(ROWS, model.intercept)
        for name, value in terms.items():
            mean, deviation = scales[name]
            lp += weights[name] * (value - mean) / deviation
        lp += weights["male"] * male
        for place, name in enumerate(card.inputs["chest_pain_type"].levels):
            lp += weights[name] * (x["chest_pain_type"] == place)
        lp += weights["glucose_above_120"] * x["fasting_glucose_above_120"]
        lp += weights["st_t_abnormality"] * (x["ecg_rest"] == 1)
        lp += weights["lv_hypertrophy"] * (x["ecg_rest"] == 2)
        lp += weights["exercise_angina"] * x["exercise_angina"]
        return 1 / (1 + np.exp(-lp))

    return by_hand


def egfr_columns() -> Columns:
    return {"age": numbers(20, 90), "sex": places(2), "creatinine_mg_dl": numbers(0.5, 3)}


def egfr_by_hand(x: Columns) -> np.ndarray[Any, Any]:
    """CKD-EPI 2021 over columns."""
    female = x["sex"] == 1
    kappa, alpha = np.where(female, 0.7, 0.9), np.where(female, -0.241, -0.302)
    ratio = x["creatinine_mg_dl"] / kappa
    low, high = np.minimum(ratio, 1) ** alpha, np.maximum(ratio, 1) ** -1.2
    return 142 * low * high * 0.9938 ** x["age"] * np.where(female, 1.012, 1)
