from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from scoring.training.recipe import TrainingError
from scoring.training.table import read_table


def changed(rows: list[str], place: int, row: str) -> list[str]:
    return [*rows[:place], row, *rows[place + 1 :]]


def test_what_was_cleaned_is_counted(made: Any) -> None:
    made.write([
        "id,years,chol,ill,place", "1,50,200,Y,x", "2,50,200,Y,x", "3,51,0,N,x", "4,52,,N,x",
        "5,53,NA,N,x", "6,54,C,Y,x", "7,55,9999,Y,x", "8,56,193.35,?,x", "9, 57 ,193.35,Y ,x,,",
    ])  # fmt: skip
    table = made.table()
    assert table.told == {
        "repeated rows left out": 1,
        "rows with a comma too many mended": 1,
        "ill: rows without the outcome left out": 1,
        "cholesterol_mmol_l: not recorded": 2,
        "cholesterol_mmol_l: 0 means not recorded": 1,
        "cholesterol_mmol_l: written as not known": 1,
        "cholesterol_mmol_l: outside 1-20 mmol/L, taken as missing": 1,
    }
    assert table.truth.tolist() == [True, False, False, False, True, True, True]
    assert table.columns["age"].tolist() == [50, 51, 52, 53, 54, 55, 57]
    assert np.nan_to_num(table.columns["cholesterol_mmol_l"]) == pytest.approx(
        [200 / 38.665, 0, 0, 0, 0, 0, 193.35 / 38.665], rel=1e-3
    )
    assert (table.sites, table.failed) == (("north",), ())


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        pytest.param(lambda rows: rows[:0], "north.csv: no row says", id="empty"),
        pytest.param(lambda rows: rows[:1], "north.csv: no row says", id="a heading alone"),
        pytest.param(
            lambda rows: changed(rows, 0, "id,years,ldl,ill,place"),
            "north.csv: there is no column chol", id="another schema",
        ),
        pytest.param(
            lambda rows: changed(rows, 5, "5,50,200"), "north.csv, row 6: 3 cells where 5",
            id="a short row",
        ),
        pytest.param(
            lambda rows: changed(rows, 4, "4,nan,200,Y,x"), "north.csv, row 5, years: a cell",
            id="no number",
        ),
        pytest.param(
            lambda rows: changed(rows, 4, "4,inf,200,Y,x"), "north.csv, row 5, years: a cell",
            id="infinity",
        ),
        pytest.param(
            lambda rows: changed(rows, 4, "4,old,200,Y,x"), "north.csv, row 5, years: a cell",
            id="a word",
        ),
        pytest.param(
            lambda rows: changed(rows, 3, "3,50,\udcff,Y,x"), "north.csv, row 4: the bytes",
            id="unreadable bytes",
        ),
        pytest.param(
            lambda rows: [rows[0], *(f"{n},{n},5.{n},Y,x" for n in range(30, 50))],
            "north.csv, chol: 20 of 20 values lie outside 1-20 mmol/L: "
            "the column is in another unit, perhaps mmol/L",
            id="another unit",
        ),
    ],
)  # fmt: skip
def test_a_site_that_cannot_be_read_is_told_and_the_others_go_on(
    made: Any, spoil: Any, told: str
) -> None:
    made.write(made.rows(40), made.rows(40, 1))
    spoilt = "\n".join(spoil(made.rows(40))).encode("utf-8", "surrogateescape")
    (made.folder / "north.csv").write_bytes(spoilt)
    table = made.table()
    assert table.sites == ("south",)
    assert len(table.failed) == 1
    (made.folder / "south.csv").unlink()
    with pytest.raises(TrainingError, match=told):
        made.table()


def test_sites_may_stand_in_a_column(made: Any) -> None:
    rows = made.rows(6)
    made.write([row.replace(",x", ",UK" if place % 2 else ",XX") for place, row in enumerate(rows)])
    recipe = made.recipe(
        ("header = true", 'header = true\nsite_column = "place"'), ('north = "FI"', 'UK = "GB"')
    )
    table = read_table(recipe, made.folder)
    assert table.sites == ("GB", "XX")
    assert table.site.tolist() == [0, 1, 0, 1, 0, 1]
    assert read_table(recipe, {"mine": made.folder / "north.csv"}).sites == ("mine",)


def test_months_have_names_of_their_own(made: Any) -> None:
    dates = ("[data.sites]", '[data.dates]\ncolumn = "place"\nmonths = { lut = 2 }\n[data.sites]')
    rows = made.rows(4)
    made.write([row.replace(",x", f",lut-9{place}") for place, row in enumerate(rows)])
    assert made.table(dates).months == ("1991-02", "1994-02")
    made.write([row.replace(",x", ",feb-91") for row in rows])
    with pytest.raises(TrainingError, match="'feb' is no known month"):
        made.table(dates)


def test_the_one_file_of_a_recipe_may_have_another_name(made: Any) -> None:
    recipe = made.recipe(('south = "south.csv"\n', ""))
    made.write(made.rows(6))
    usual = read_table(recipe, made.folder)
    (made.folder / "north.csv").rename(made.folder / "elsewhere.csv")
    found = read_table(recipe, made.folder)
    assert (found.sha256, found.sites) == (usual.sha256, usual.sites)
    (made.folder / "another.csv").write_bytes(b"")
    with pytest.raises(TrainingError, match=r"holds none of north\.csv"):
        read_table(recipe, made.folder)
