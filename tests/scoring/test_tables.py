from __future__ import annotations

import pytest

from scoring.cards import card
from scoring.tables import Data, Label, Sheet, TableError, inputs_of, layout, outcome, read_sheet

PLAN = layout(card("heart_core10"))
ROW = "63.0,1.0,4.0,145.0,233.0,1.0,2.0,150.0,0.0,2.3,3.0,0.0,6.0,0"
ARFF = Data(
    sites={"x": "x.arff"},
    columns=("a", "b c"),
    label=Label("b c", ("yes",), ("no",)),
    format="arff",
)
NAMED = Data(
    sites={"x": "x.csv"}, columns=("a", "b"), label=Label("b", ("y",), ("n",)), header=True
)  # fmt: skip


def sheet(text: str, data: Data = PLAN.data) -> Sheet:
    return read_sheet(text.encode(), data, "rows.data")


def inputs(text: str) -> dict[str, object] | None:
    return next(inputs_of(sheet(text), PLAN))


def test_a_row_becomes_inputs() -> None:
    assert inputs(ROW) == {
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
        pytest.param("nan", 0, "age", "nan", id="so does no number"),
        pytest.param("2", 8, "exercise_angina", "2", id="neither yes nor no"),
    ],
)
def test_cells(cell: str, place: int, name: str, value: object) -> None:
    cells = ROW.split(",")
    cells[place] = cell
    found = inputs(",".join(cells))
    assert found is not None
    assert found.get(name) == value


def test_a_quote_left_open_costs_its_own_row_alone() -> None:
    found = sheet(f'{ROW}\n"{ROW}\n{ROW}\n')
    assert list(found.broken) == [1]
    assert [row[0] for row in found.rows if row] == ["63.0", "63.0"]
    assert found.lines == [1, 2, 3]


def test_a_heading_and_blank_lines_are_passed_over() -> None:
    assert len(sheet(f"age,sex,cp\n\n{ROW}\n , \n{ROW}\n").rows) == 2


def test_dirt_in_an_arff_file_is_wiped_off() -> None:
    text = "% by\tsomeone\r\n@relation r\r\n@attribute 'a' numeric\r\n@attribute 'b c' {yes,no}\r\n"
    found = sheet(f"{text}@data\r\n1,\tyes\r\n 2 , no,\r\n", ARFF)
    assert (found.names, found.rows, found.surplus) == (
        ("a", "b c"), [["1", "yes"], ["2", "no"]], 1,
    )  # fmt: skip
    assert found.cells("b c") == ["yes", "no"]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        pytest.param('b,a\n"y",1\n', {"a": ["1"], "b": ["y"]}, id="columns by name, cells quoted"),
        pytest.param("1,y\n", {"a": ["1"], "b": ["y"]}, id="by place where none is named"),
        pytest.param("a\n1\n", {"a": ["1"], "b": [""]}, id="without the label"),
        pytest.param("\ufeffa,b\n1,y\n", {"a": ["1"], "b": ["y"]}, id="a byte order mark"),
        pytest.param("a,b\n1,y,3\n2,n\n", {"a": ["", "2"], "b": ["", "n"]}, id="a broken row"),
    ],
)
def test_columns_are_found(text: str, rows: dict[str, list[str]]) -> None:
    found = sheet(text, NAMED)
    assert {name: found.cells(name) for name in rows} == rows


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (b"63,1\n1,\xff\n", r"rows.data, row 2: the bytes"),
        (b'a\n"b' + b"c" * 140000, "row 2: field"),
    ],
)
def test_what_is_no_table(raw: bytes, told: str) -> None:
    with pytest.raises(TableError, match=told):
        read_sheet(raw, PLAN.data, "rows.data")


@pytest.mark.parametrize(
    ("cell", "label"), [("0", False), ("0.0", False), ("3", True), ("?", None), ("", None)]
)
def test_a_label_may_be_missing(cell: str, label: bool | None) -> None:
    assert outcome(cell, PLAN.data.label) is label
