from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from scoring.training.recipe import TrainingError, load, names
from terminology import analytes, units

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize("name", names())
def test_every_shipped_recipe_is_sound(name: str) -> None:
    recipe = load(name)
    assert load(recipe.id) == load(name.replace("_", "-")) == recipe
    assert recipe.citation
    assert recipe.licence
    for key, given in recipe.inputs.items():
        assert given.feature is None or given.feature in analytes.load(), key
        assert given.unit is None or units.is_valid(given.unit), key
        if given.file_unit:
            found = units.convert(1, given.file_unit, given.unit or "", given.feature)
            assert found.error is None, key


@pytest.mark.parametrize(
    ("name", "column"), [("diabetes_iraq", "HbA1c"), ("heart_failure", "time"), ("stroke", "ID14")]
)
def test_what_gives_the_outcome_away_is_kept_out(name: str, column: str) -> None:
    recipe = load(name)
    assert column in recipe.leaks
    assert column not in {given.column for given in recipe.inputs.values()}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        pytest.param(("[data]", "[data]\nheader_row = 1"), "header_row", id="an unknown key"),
        pytest.param(('column = "years"', 'column = "age"'), "no column age", id="no such column"),
        pytest.param(('column = "years"', 'column = "ill"'), "the label itself", id="the label"),
        pytest.param(
            ("[terms]", '[leaks]\nyears = "why"\n[terms]'), "years leaks: why", id="a leak"
        ),
        pytest.param(('age = "age"', 'age = "aeg"'), "age: unknown name aeg", id="a misspelt term"),
        pytest.param(("[terms]", "terms = 1\n[term]"), "made_up.toml", id="no table of terms"),
        pytest.param(("id =", "id"), "made_up.toml", id="no TOML"),
    ],
)  # fmt: skip
def test_a_wrong_recipe_names_file_and_key(made: Any, change: tuple[str, str], told: str) -> None:
    with pytest.raises(TrainingError, match=f"made_up.toml: .*{told}|{told}"):
        made.recipe(change)


@pytest.mark.parametrize("ask", [lambda: load("lung"), lambda: load("../cards/heart_core10")])
def test_an_unknown_recipe_is_told(ask: Callable[[], object]) -> None:
    with pytest.raises(TrainingError, match="there is no recipe"):
        ask()
