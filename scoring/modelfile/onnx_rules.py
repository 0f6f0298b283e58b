"""What an ONNX file may hold: listed operators, all numbers inside, no inner graphs."""

from __future__ import annotations

import functools
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scoring.modelfile import ModelFileError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

NODES = 5000
"""Operators of a model, at most."""
SUPPORT_VECTORS = "rows of patients (the support vectors)"


@functools.cache
def operators() -> Mapping[str, frozenset[str]]:
    """Return the operators that a model may use, by domain."""
    text = (Path(__file__).parent / "operators.toml").read_text(encoding="utf-8")
    return {domain: frozenset(names) for domain, names in tomllib.loads(text).items()}


def read(raw: bytes) -> Any:  # noqa: ANN401 - onnx has no types
    """Return the ModelProto in the bytes, checked.

    Raises:
        ModelFileError: it is none, or holds what a model may not.
    """
    try:
        import onnx  # noqa: PLC0415 - an extra
    except ImportError:
        raise ModelFileError(
            "path", "ONNX asks for the extra: pip install riskbridge[onnx]"
        ) from None
    try:
        model = onnx.load_model_from_string(raw)
    except Exception:  # noqa: BLE001 - protobuf's own error has no types
        raise ModelFileError("path", "no ONNX model: cut short or damaged") from None
    for problem in problems(model):
        raise ModelFileError("path", problem)
    return model


def problems(model: Any) -> Iterator[str]:  # noqa: ANN401 - onnx has no types
    """Yield what keeps the model from being used."""
    graph = model.graph
    if not graph.node:
        yield "no ONNX model: it computes nothing"
    if len(graph.node) > NODES:
        yield f"{len(graph.node)} operators; at most {NODES} are run"
    for part in model.opset_import:
        domain = "" if part.domain == "ai.onnx" else part.domain
        if domain not in operators():
            yield f"operators of the domain {part.domain!r} are not run"
    if model.functions:
        yield f"functions of its own are not run ({model.functions[0].name})"
    if model.training_info or graph.sparse_initializer:
        yield "training information and sparse numbers are not read"
    yield from tensor_problems(graph.initializer)
    for node in graph.node:
        yield from node_problems(node)


def node_problems(node: Any) -> Iterator[str]:  # noqa: ANN401 - onnx has no types
    """Yield what keeps one operator from being run."""
    domain = "" if node.domain == "ai.onnx" else node.domain
    if node.op_type not in operators().get(domain, ()):
        hint = "; convert with zipmap=False" if node.op_type == "ZipMap" else ""
        yield f"the operator {domain or 'ai.onnx'}.{node.op_type} is not run{hint}"
    for attribute in node.attribute:
        if attribute.graphs or attribute.HasField("g"):
            yield f"{node.op_type} holds a graph of its own, which is not run"
        yield from tensor_problems([attribute.t, *attribute.tensors])


def tensor_problems(tensors: Any) -> Iterator[str]:  # noqa: ANN401 - onnx has no types
    """Yield tensors whose numbers lie in another file."""
    for tensor in tensors:
        if tensor.data_location or tensor.external_data:
            yield f"the numbers of {tensor.name!r} lie in another file, which is not read"


def rows_of_patients(model: Any) -> str | None:  # noqa: ANN401 - onnx has no types
    """Return what in the model is a patient's row: support vectors, whatever the kernel."""
    for node in model.graph.node:
        if any(a.name == "support_vectors" and a.floats for a in node.attribute):
            return SUPPORT_VECTORS
    return None
