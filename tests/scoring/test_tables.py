from __future__ import annotations

from typing import Any

import pytest

from scoring.cards import card
from scoring.tables import inputs_of, label_of, read_rows

CARD = card("heart_core10")
assert CARD.training is not None
RECIPE: dict[str, Any] = CARD.training.recipe
ROW = "63.0,1.0,4.0,145.0,233.0,1.0,2.0,150.0,0.0,2.3,3.0,0.0,6.0,0"


def test_a_row_becomes_inputs() -> None:
    assert inputs_of(ROW.split(","), RECIPE) == {
        "age": 63.0, "sex": "male", "chest_pain_type": "asymptomatic", "sbp_mmhg": 145.0,
        "total_cholesterol_mg_dl": 233.0, "fasting_glucose_above_120": True,
        "ecg_rest": "lv_hypertrophy", "max_heart_rate_min": 150.0, "exercise_angina": False,
        "st_depression_mm": 2.3,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("cell", "place", "name", "value"),
    [
        pytest.param("?", 4, "total_cholesterol_mg_dl", None, id="a question mark is missing"),
        pytest.param("", 4, "total_cholesterol_mg_dl", None, id="so is nothing"),
        pytest.param("0", 4, "total_cholesterol_mg_dl", None, id="and a cholesterol of zero"),
        pytest.param("0", 3, "sbp_mmhg", None, id="and a pressure of zero"),
        pytest.param("0", 9, "st_depression_mm", 0.0, id="not a depression of zero"),
        pytest.param("7", 2, "chest_pain_type", "7", id="an unknown code stays for the card"),
        pytest.param("old", 0, "age", "old", id="a text stays for the card"),
        pytest.param("2", 8, "exercise_angina", 2.0, id="neither yes nor no"),
    ],
)
def test_cells(cell: str, place: int, name: str, value: object) -> None:
    cells = ROW.split(",")
    cells[place] = cell
    assert inputs_of(cells, RECIPE).get(name) == value


def test_a_heading_and_blank_lines_are_passed_over() -> None:
    assert len(list(read_rows(["age,sex,cp\n", "\n", ROW, " , \n", ROW]))) == 2


@pytest.mark.parametrize(
    ("cells", "label"),
    [(ROW, False), (ROW[:-1] + "3", True), (ROW[:-1] + "?", None), ("63,1", None)],
)
def test_a_label_may_be_missing(cells: str, label: bool | None) -> None:
    assert label_of(cells.split(","), RECIPE) is label
