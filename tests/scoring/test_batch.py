from __future__ import annotations

import numpy as np
import pytest

from scoring.batch import score_batch
from scoring.cards import card
from scoring.engine import score
from scoring.program import CHUNK


def columns(size: int) -> dict[str, np.ndarray]:
    draw = np.random.default_rng(7)
    return {
        "age": draw.integers(35, 75, size).astype(float),
        "sex": draw.integers(0, 2, size),
        "sbp_mmhg": draw.uniform(90, 200, size),
        "total_cholesterol_mmol_l": np.where(
            draw.random(size) < 0.1, np.nan, draw.uniform(3, 9, size)
        ),
        "hdl_cholesterol_mmol_l": draw.uniform(0.6, 2.5, size),
        "current_smoker": draw.random(size) < 0.4,
    }


def test_many_rows_in_several_pieces_equal_single_rows() -> None:
    size = CHUNK + 500
    asked = columns(size)
    countries = np.random.default_rng(8).choice(["FI", "BG", "MC", "DE"], size).tolist()
    batch = score_batch(card("score2"), asked, country=countries)
    assert len(batch.reason) == size
    assert set(batch.reasons) == {
        "", "age_below_min", "age_above_max", "missing_input", "country_without_risk_region",
    }  # fmt: skip
    for place in [*range(0, size, 97), *range(CHUNK - 3, CHUNK + 3)]:
        row = {name: column[place].item() for name, column in asked.items()}
        row["sex"] = ("male", "female")[row["sex"]]
        row = {name: value for name, value in row.items() if value == value}  # noqa: PLR0124 - NaN
        single = score(card("score2"), row, country=countries[place])
        assert batch.reasons[batch.reason[place]] == (single.reason or "")
        value = batch.outputs["cvd_10y"][place]
        assert value == single.outputs["cvd_10y"] if single.applicable else np.isnan(value)


def test_how_rows_are_put_together_changes_nothing() -> None:
    asked = columns(400) | {"risk_region": np.arange(400) % 4}
    whole = score_batch(card("score2"), asked).outputs["cvd_10y"]
    halves = [
        score_batch(card("score2"), {n: c[part] for n, c in asked.items()}).outputs["cvd_10y"]
        for part in (slice(0, 133), slice(133, None))
    ]
    assert np.array_equal(whole, np.concatenate(halves), equal_nan=True)


@pytest.mark.parametrize(
    ("name", "column", "reason"),
    [
        ("sex", np.array(["man"], dtype=object), "sex_unknown"),
        ("sex", np.array([7]), "sex_unknown"),
        ("sex", np.array([None]), "missing_input"),
        ("age", np.array([np.inf]), "age_not_finite"),
        ("current_smoker", np.array([2.0]), "current_smoker_not_a_truth_value"),
        ("sbp_mmhg", np.array([-1.0]), "sbp_out_of_range"),
    ],
)
def test_bad_columns_give_reasons(name: str, column: np.ndarray, reason: str) -> None:
    sound = {
        "age": np.array([50.0]), "sex": np.array([0]), "risk_region": np.array(["low"]),
        "sbp_mmhg": np.array([120.0]), "total_cholesterol_mmol_l": np.array([5.0]),
        "hdl_cholesterol_mmol_l": np.array([1.3]), "current_smoker": np.array([True]),
    }  # fmt: skip
    assert score_batch(card("score2"), sound).applicable.all()
    batch = score_batch(card("score2"), sound | {name: column})
    assert batch.reasons[batch.reason[0]] == reason
    assert np.isnan(batch.outputs["cvd_10y"][0])


def test_no_rows_and_no_numbers() -> None:
    assert len(score_batch(card("score2"), {}).reason) == 0
    withheld = score_batch(card("qrisk3_2017"), {"age": np.array([50.0])})
    assert withheld.reasons[withheld.reason[0]] == "licence_numbers_withheld"


def test_columns_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="different lengths"):
        score_batch(card("score2"), {"age": np.zeros(2), "sbp_mmhg": np.zeros(3)})
