"""Small models in files, and cards for them, for the tests of several rooms."""

from __future__ import annotations

import hashlib
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from scoring.cards import Card, read

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

CARD = """
id = "two"
title = "Two inputs"
version = "1"
domain = "test"
runtime = "{runtime}"
citation = []
licence = ""
verified = ""
setting = ""
inputs.a = {{ type = "number", label = "a", guard = [-5, 5], reference = 0.0 }}
inputs.b = {{ type = "number", label = "b", guard = [-5, 5], default = 0.5, reference = 0.0 }}
outputs.p = {{ kind = "probability", label = "p" }}
terms = {{ a = "a", b = "b" }}
[model_file]
path = "{path}"
sha256 = "{sha256}"
trusted = {trusted}
{more}
"""


def a_card(
    folder: Path,
    raw: bytes,
    runtime: str,
    *,
    path: str = "model",
    trusted: Sequence[str] = (),
    more: str = "",
    sha256: str | None = None,
) -> Card:
    """Write the file and its card, and read the card."""
    (folder / "model").write_bytes(raw)
    text = CARD.format(
        runtime=runtime, path=path, trusted=list(trusted), more=more,
        sha256=sha256 or hashlib.sha256(raw).hexdigest(),
    )  # fmt: skip
    (folder / "card.toml").write_text(text)
    return read(folder / "card.toml")


def a_graph(
    nodes: Sequence[Any] | None = None,
    constants: Sequence[Any] = (),
    *,
    width: int | str = 2,
    kind: int = TensorProto.DOUBLE,
    domains: Sequence[str] = ("",),
    outputs: Sequence[str] = ("p",),
) -> onnx.ModelProto:
    """An ONNX model over ``x`` (n, width); without nodes, a logistic regression on two inputs."""
    if nodes is None:
        weights = np.array([[0.5], [-0.25]])
        constants = [numpy_helper.from_array(weights, "w")]
        nodes = [
            helper.make_node("MatMul", ["x", "w"], ["z"]),
            helper.make_node("Sigmoid", ["z"], ["p"]),
        ]
    graph = helper.make_graph(
        list(nodes),
        "g",
        [helper.make_tensor_value_info("x", kind, ["n", width])],
        [helper.make_tensor_value_info(name, kind, None) for name in outputs],
        list(constants),
    )
    versions = {"": 18, "ai.onnx.ml": 3}
    opsets = [helper.make_opsetid(domain, versions.get(domain, 1)) for domain in domains]
    return helper.make_model(graph, opset_imports=opsets, ir_version=9)


def rows(size: int = 300) -> tuple[Any, Any]:
    """Two columns of noise, and a truth that depends on them without being linear."""
    draw = np.random.default_rng(3)
    design = draw.normal(size=(size, 2))
    return design, design[:, 0] + design[:, 1] ** 2 + draw.normal(size=size) > 1


def fitted(estimator: Any, design: Any = None, truth: Any = None) -> Any:
    """The estimator fitted to `rows`, without its warnings."""
    if design is None:
        design, truth = rows()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return estimator.fit(design, truth)
