from __future__ import annotations

import json

import numpy as np
import onnx
import pytest

from scoring.batch import score_batch
from scoring.cards import Card, card, load, parse
from scoring.exchange import ExchangeError
from scoring.exchange.graph import model_of
from scoring.exchange.handing import matrix, run
from scoring.exchange.rows import invented
from scoring.modelfile import onnx_rules
from scoring.program import program

EXACT = 1e-12
WITHOUT = {"bmi_class", "kdigo_ga"}
"""Cards that give classes alone."""
NUMERIC = [
    one
    for one in load().values()
    if one.runtime != "withheld" and one.id not in WITHOUT and not one.model_file
]


@pytest.mark.parametrize("one", NUMERIC, ids=lambda one: one.id)
def test_every_card_and_its_graph_agree(one: Card) -> None:
    columns = invented(one, 1500, 7)
    wanted = score_batch(one, columns)
    raw = model_of(one)
    assert len(onnx_rules.read(raw).graph.output) > 0, "another gateway would not take it in"
    found = run(raw, matrix(one, columns))
    texts = program(one).output_levels
    assert list(found) == [name for name in one.outputs if name not in texts]
    for name, column in found.items():
        expected = wanted.outputs[name]
        assert np.array_equal(np.isnan(column), np.isnan(expected)), name
        scale = np.maximum(1.0, np.abs(expected))
        assert np.nanmax(np.abs(column - expected) / scale) <= EXACT
    assert 0.1 < wanted.applicable.mean() < 1


def test_a_card_that_has_no_graph() -> None:
    for name in ("bmi_class", "qrisk3_2017"):
        with pytest.raises(ExchangeError, match=name):
            model_of(card(name))


def test_the_file_says_what_its_rows_are() -> None:
    model = onnx.load_model_from_string(model_of(card("heart_core10")))
    told = {entry.key: entry.value for entry in model.metadata_props}
    inputs = json.loads(told["inputs"])
    assert [one["name"] for one in inputs] == list(card("heart_core10").inputs)
    assert inputs[2]["levels"][3] == "asymptomatic"
    assert inputs[3]["unit"] == "mm[Hg]"
    assert [one["required"] for one in inputs[:4]] == [True, True, True, False]
    assert told["missing"] == "NaN"


LANGUAGE = """
id = "l"
title = "l"
version = "1"
domain = "t"
runtime = "algebraic"
citation = []
licence = ""
verified = ""
setting = ""
exclude = { "flag and x > 80" = "both", "code in ('b', 'c') and y < -60" = "also" }
inputs.x = { type = "number", label = "x", round = 1, guard = [-100, 100] }
inputs.y = { type = "integer", label = "y", guard = [-100, 100], default = 3 }
inputs.flag = { type = "boolean", label = "flag", default = true }
inputs.code = { type = "code", label = "code", levels = ["a", "b", "c"], default = "b" }
outputs.v = { kind = "value", label = "v" }
outputs.f = { kind = "flag", label = "f" }
[values]
v = "EXPRESSION"
f = "CONDITION"
"""


@pytest.mark.parametrize(
    "text",
    [
        "-x ** 2 + +y / 4 - x * flag",
        "ln(x) + exp(y / 100) + sqrt(abs(x)) + floor(x)",
        "min(x, y) * max(x, y) + round_half_up(x / 3, 2) + round_half_up(y / 2)",
        "x / y + 1 / (x - 3)",
        "if_(flag, x, y) + (code == 'a') - (code != 'b') + (not flag)",
        "abs(x) ** 1.5 + 2 ** (y / 50)",
        "if_(if_(flag, x > 0, y > 0), 1, 2) + (not x)",
    ],
)
@pytest.mark.parametrize(
    "condition",
    ["x < y or flag and x >= 3", "code in ('a', 'c') and not (x == y)", "code not in ('a', 'b')"],
)
def test_the_whole_language_means_the_same(text: str, condition: str) -> None:
    made = LANGUAGE.replace("EXPRESSION", text).replace("CONDITION", condition)
    one = parse(made, "l.toml")
    columns = invented(one, 400, 1)
    columns["y"][::5], columns["x"][::7] = 0.0, 3.0
    wanted = score_batch(one, columns).outputs
    found = run(model_of(one), matrix(one, columns))
    for name in ("v", "f"):
        applies = np.isfinite(wanted[name])
        np.testing.assert_allclose(found[name][applies], wanted[name][applies], rtol=1e-13)
    assert (~np.isfinite(found["v"]) >= ~np.isfinite(wanted["v"])).all()


@pytest.mark.parametrize(
    ("name", "value"),
    [("code", 3.0), ("code", 0.5), ("code", -1.0), ("flag", 2.0), ("flag", 0.5), ("y", 1.5),
     ("x", np.inf), ("x", np.nan), ("x", 101.0), ("y", -101.0)],
)  # fmt: skip
def test_impossible_values_give_nothing(name: str, value: float) -> None:
    one = parse(LANGUAGE.replace("EXPRESSION", "x + y").replace("CONDITION", "flag"), "l.toml")
    row = {"x": 1.0, "y": 1.0, "flag": 1.0, "code": 1.0}
    raw = model_of(one)
    assert run(raw, np.array([list(row.values())]))["v"].tolist() == [2.0]
    assert np.isnan(run(raw, np.array([list({**row, name: value}.values())]))["v"]).all()
