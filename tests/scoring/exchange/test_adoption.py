from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from scoring.cards import CardError, read
from scoring.engine import score
from scoring.exchange import ExchangeError
from scoring.exchange.adoption import adopt
from tests.fakes.models import a_graph

if TYPE_CHECKING:
    from pathlib import Path

SKELETON = """
id = "partner"
title = "A partner's model"
version = "1"
domain = "test"
citation = []
licence = ""
verified = ""
setting = ""
inputs.a = { type = "number", label = "a", guard = [-5, 5] }
inputs.b = { type = "number", label = "b", guard = [-5, 5], default = 0.5 }
outputs.p = { kind = "probability", label = "p" }
terms = { a = "a", b = "b" }
"""


def skeleton(more: str = "") -> dict[str, Any]:
    return tomllib.loads(SKELETON + more)


def graph(operator: str) -> bytes:
    weights = numpy_helper.from_array(np.array([[0.5], [-0.25]]), "w")
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["z"]),
        helper.make_node(operator, ["z"], ["p"]),
    ]
    return a_graph(nodes, [weights]).SerializeToString()


def test_a_partners_model_becomes_a_card(tmp_path: Path) -> None:
    raw = graph("Sigmoid")
    made = adopt(raw, "partner.onnx", skeleton())
    assert 900 < made.rows <= 1000
    assert 0 < made.lowest < made.highest < 1
    (tmp_path / "partner.onnx").write_bytes(raw)
    (tmp_path / "card.toml").write_text(made.text)
    found = score(read(tmp_path / "card.toml"), {"a": 2.0, "b": 4.0})
    assert found.outputs["p"] == pytest.approx(0.5, abs=1e-15)


@pytest.mark.parametrize(
    ("operator", "told"),
    [("Identity", r"no probability between 0 and 1 for \d+ of 1000"), ("Log", "for .* of 1000")],
)
def test_what_gives_no_probabilities_is_refused(operator: str, told: str) -> None:
    with pytest.raises(ExchangeError, match=told):
        adopt(graph(operator), "x.onnx", skeleton())


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (b"\x80\x04]q", "a pickle"),
        (a_graph(width=2, outputs=("p", "z")).SerializeToString(), "output: must be one of p, z"),
        (
            a_graph(
                [helper.make_node("Sigmoid", ["x"], ["p"])], width=3, kind=TensorProto.FLOAT
            ).SerializeToString(),
            "the card has 2 terms",
        ),
    ],
    ids=["pickle", "outputs", "width"],
)
def test_what_does_not_fit_is_refused(raw: bytes, told: str) -> None:
    with pytest.raises((ExchangeError, CardError), match=told):
        adopt(raw, "x.onnx", skeleton())


def test_a_skeleton_that_is_none() -> None:
    with pytest.raises(CardError, match="model_file: must be a table"):
        adopt(graph("Sigmoid"), "x.onnx", {"model_file": 1})
    with pytest.raises(CardError, match=r"x.onnx: .*title"):
        adopt(graph("Sigmoid"), "x.onnx", {"id": "x"})
    with pytest.raises(CardError, match="must be the name"):
        adopt(graph("Sigmoid"), "../x.onnx", skeleton())


def test_a_card_that_applies_to_nobody() -> None:
    nobody = {**skeleton(), "exclude": {"a > -100": "nobody"}}
    with pytest.raises(ExchangeError, match="applies to none of 1000"):
        adopt(graph("Sigmoid"), "x.onnx", nobody)
