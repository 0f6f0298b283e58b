from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from scoring.cards import CardError
from scoring.engine import score
from scoring.runtimes import onnx as runtime
from tests.fakes.models import a_card, a_graph

if TYPE_CHECKING:
    from pathlib import Path

    import onnx

node = helper.make_node


def constant(name: str, value: Any) -> Any:
    return numpy_helper.from_array(np.asarray(value, dtype=np.float64), name)


def external() -> onnx.ModelProto:
    model = a_graph()
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")
    return model


def external_in_a_node() -> onnx.ModelProto:
    held = external().graph.initializer[0]
    return a_graph([node("Constant", [], ["w"], value=held), node("MatMul", ["x", "w"], ["p"])])


def loop() -> onnx.ModelProto:
    inner = helper.make_graph(
        [node("Identity", ["go"], ["on"]), node("Mul", ["s", "s"], ["t"])], "body",
        [helper.make_tensor_value_info("i", TensorProto.INT64, []),
         helper.make_tensor_value_info("go", TensorProto.BOOL, []),
         helper.make_tensor_value_info("s", TensorProto.DOUBLE, None)],
        [helper.make_tensor_value_info("on", TensorProto.BOOL, []),
         helper.make_tensor_value_info("t", TensorProto.DOUBLE, None)],
    )  # fmt: skip
    often = numpy_helper.from_array(np.array(2**60, dtype=np.int64), "often")
    always = numpy_helper.from_array(np.array(True), "always")
    return a_graph([node("Loop", ["often", "always", "x"], ["p"], body=inner)], [often, always])


def condition() -> onnx.ModelProto:
    inner = helper.make_graph(
        [node("Identity", ["x"], ["y"])], "then", [],
        [helper.make_tensor_value_info("y", TensorProto.DOUBLE, None)],
    )  # fmt: skip
    return a_graph([node("If", ["x"], ["p"], then_branch=inner, else_branch=inner)])


def function() -> onnx.ModelProto:
    model = a_graph()
    model.functions.append(
        helper.make_function(
            "own", "F", ["x"], ["y"], [node("Identity", ["x"], ["y"])], model.opset_import
        )
    )
    return model


def two_inputs() -> onnx.ModelProto:
    model = a_graph([node("Add", ["x", "z"], ["p"])])
    model.graph.input.append(helper.make_tensor_value_info("z", TensorProto.DOUBLE, ["n", 2]))
    return model


def expanding() -> onnx.ModelProto:
    size = numpy_helper.from_array(np.array([2**40], dtype=np.int64), "size")
    return a_graph([node("ConstantOfShape", ["size"], ["p"])], [size])


def outer() -> onnx.ModelProto:
    """Small constants whose product would take 320 GB."""
    tall, wide = constant("tall", np.ones((200_000, 1))), constant("wide", np.ones((1, 200_000)))
    nodes = [
        node("MatMul", ["tall", "wide"], ["big"]), node("ReduceMax", ["big"], ["m"], keepdims=0),
        node("Mul", ["x", "m"], ["p"]),
    ]  # fmt: skip
    return a_graph(nodes, [tall, wide])


def tree_loop() -> onnx.ModelProto:
    """A tree whose root is its own child."""
    made = node(
        "TreeEnsembleRegressor", ["x"], ["p"], domain="ai.onnx.ml", n_targets=1,
        nodes_treeids=[0, 0], nodes_nodeids=[0, 1], nodes_featureids=[0, 0],
        nodes_values=[0.5, 0.0], nodes_modes=["BRANCH_LEQ", "LEAF"], nodes_truenodeids=[0, 0],
        nodes_falsenodeids=[0, 0], target_treeids=[0], target_nodeids=[1], target_ids=[0],
        target_weights=[0.5],
    )  # fmt: skip
    return a_graph([made], kind=TensorProto.FLOAT, domains=("", "ai.onnx.ml"))


REFUSED = {
    "tree-loop": (tree_loop, "cannot be opened"),
    "external": (external, "lie in another file"),
    "external-in-node": (external_in_a_node, "lie in another file"),
    "loop-bomb": (loop, "Loop is not run"),
    "if": (condition, "If is not run"),
    "function": (function, "functions of its own are not run"),
    "custom-op": (lambda: a_graph([node("Spy", ["x"], ["p"], domain="evil")]), "evil.Spy"),
    "custom-domain": (lambda: a_graph(domains=("", "com.microsoft")), "'com.microsoft'"),
    "expanding": (expanding, "ConstantOfShape is not run"),
    "memory-bomb": (outer, "cannot be run: needs more than 256 MiB"),
    "zipmap": (
        lambda: a_graph(
            [node("ZipMap", ["x"], ["p"], domain="ai.onnx.ml", classlabels_int64s=[0, 1])],
            domains=("", "ai.onnx.ml"),
        ),
        "convert with zipmap=False",
    ),
    "many-nodes": (
        lambda: a_graph([node("Identity", ["x"], [f"v{n}"]) for n in range(5001)]),
        "5001 operators",
    ),
    "two-inputs": (two_inputs, "one input"),
    "other-width": (
        lambda: a_graph([node("Sigmoid", ["x"], ["p"])], width=3), "the card has 2 terms"
    ),
    "hidden-width": (
        lambda: a_graph([node("MatMul", ["x", "w"], ["p"])], [constant("w", np.ones((3, 1)))],
                        width="k"),
        "cannot be run",
    ),
    "input-of-text": (lambda: a_graph(kind=TensorProto.STRING), "float or double|cannot be opened"),
    "wholes": (
        lambda: a_graph([node("ArgMax", ["x"], ["p"], axis=1)]),
        "cannot be opened|numbers a row",
    ),
    "no-nodes": (lambda: a_graph([]), "computes nothing"),
    "broken-graph": (lambda: a_graph([node("Sigmoid", ["y"], ["p"])]), "cannot be opened"),
}  # fmt: skip


@pytest.mark.parametrize(("make", "told"), REFUSED.values(), ids=REFUSED)
def test_a_model_that_is_not_run(make: Any, told: str, tmp_path: Path) -> None:
    begun = time.monotonic()
    with pytest.raises(CardError, match=rf"^card.toml: model_file.path: .*({told})"):
        a_card(tmp_path, make().SerializeToString(), "onnx")
    assert time.monotonic() - begun < 10


def test_a_damaged_model_with_its_own_hash(tmp_path: Path) -> None:
    whole = a_graph().SerializeToString()
    for size in (1, 5, len(whole) // 2, len(whole) - 1):
        with pytest.raises(CardError, match=r"^card.toml: model_file.path: "):
            a_card(tmp_path, whole[:size], "onnx")


def test_a_slow_model_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime, "FIRST_RUN", 0.05)
    size = 1200
    nodes = [node("MatMul", ["w", "w"], ["v0"])]
    nodes += [node("MatMul", [f"v{n}", "w"], [f"v{n + 1}"]) for n in range(200)]
    nodes += [node("ReduceMax", ["v200"], ["m"], keepdims=0), node("Mul", ["x", "m"], ["p"])]
    slow = a_graph(nodes, [constant("w", np.zeros((size, size)))])
    begun = time.monotonic()
    with pytest.raises(CardError, match=r"cannot be run: takes longer than 0.05 s"):
        a_card(tmp_path, slow.SerializeToString(), "onnx")
    assert time.monotonic() - begun < 10


@pytest.mark.parametrize(
    "operator", ["Log", "Identity", "Reciprocal"], ids=["nan", "beyond-one", "infinite"]
)
def test_what_is_no_probability_is_not_computable(operator: str, tmp_path: Path) -> None:
    weights = constant("w", [[1.0], [1.0]])
    made = a_graph([node("MatMul", ["x", "w"], ["z"]), node(operator, ["z"], ["p"])], [weights])
    card = a_card(tmp_path, made.SerializeToString(), "onnx")
    at = {"Log": -3.0, "Identity": 3.0, "Reciprocal": -0.5}[operator]
    found = score(card, {"a": at})
    assert (found.applicable, found.reason) == (False, "not_computable")
