"""ONNX models, run by onnxruntime: one thread, the processor alone, memory bounded."""

from __future__ import annotations

import functools
import threading
from typing import TYPE_CHECKING, Any

import numpy as np

from scoring.modelfile import ModelFileError, onnx_rules

if TYPE_CHECKING:
    from scoring.cards import ModelFile
    from scoring.codegen import Array

MEMORY = 256 * 2**20
"""Bytes that all models together may use while they run."""
FIRST_RUN = 5.0
"""Seconds for the first row: nothing in a model repeats, so that later rows take no longer."""
TYPES = {"tensor(float)": np.float32, "tensor(double)": np.float64}


class Session:
    """An open model with one input (n, terms) and the column of the output that is meant."""

    at_once = 1
    """A graph is not known to keep rows apart: a row is run alone."""

    def __init__(self, session: Any, file: ModelFile, width: int, rows: str | None) -> None:  # noqa: ANN401 - onnxruntime has no types
        """Take an open session.

        Raises:
            ModelFileError: it does not take or give what the card says.
        """
        self.session, self.rows_of_patients = session, rows
        self.input, self.type = _input(session, width)
        self.output, self.column = _output(session, file), file.column
        self._first_run(width)

    def probabilities(self, design: Array) -> Array:
        """Return the probability of each row, all in one call; NaN when the run fails."""
        try:
            found = self._call(design)
        except Exception:  # noqa: BLE001 - onnxruntime's errors have no common class
            return np.full(len(design), np.nan)
        column: Array = found.reshape(len(design), -1)[:, self.column].astype(np.float64)
        return column

    def _call(self, design: Array, options: Any = None) -> Array:  # noqa: ANN401 - onnxruntime has no types
        given: dict[str, Array] = {self.input: design.astype(self.type)}
        return np.asarray(self.session.run([self.output], given, options)[0])

    def _first_run(self, width: int) -> None:
        """Run one row, which must come to an end and have the column that is meant.

        Raises:
            ModelFileError: it does not.
        """
        import onnxruntime  # noqa: PLC0415 - an extra

        options = onnxruntime.RunOptions()
        watch = threading.Timer(FIRST_RUN, setattr, (options, "terminate", True))
        watch.daemon = True
        watch.start()
        try:
            found = self._call(np.zeros((1, width)), options)
        except Exception as error:  # noqa: BLE001 - onnxruntime's errors have no common class
            raise ModelFileError("path", f"cannot be run: {_told(error)}") from None
        finally:
            watch.cancel()
        if not -found.size <= self.column < found.size or found.dtype.kind != "f":
            raise ModelFileError("column", f"{self.output} has {found.size} numbers a row")


def open_model(raw: bytes, file: ModelFile, width: int) -> Session:
    """Return the model in the bytes, checked by the rules and opened.

    Raises:
        ModelFileError: it is not what a model may be, or does not fit the card.
    """
    model = onnx_rules.read(raw)
    try:
        import onnxruntime  # noqa: PLC0415 - an extra
    except ImportError:
        raise ModelFileError(
            "path", "ONNX asks for the extra: pip install riskbridge[onnx]"
        ) from None
    try:
        session = onnxruntime.InferenceSession(
            raw, session_options(), providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # noqa: BLE001 - onnxruntime's errors have no common class
        raise ModelFileError("path", f"cannot be opened: {_told(error)}") from None
    return Session(session, file, width, onnx_rules.rows_of_patients(model))


@functools.cache
def bound_memory() -> None:
    """Give all sessions of this process one bounded store to take memory from."""
    import onnxruntime as runtime  # noqa: PLC0415 - an extra

    where = runtime.OrtMemoryInfo(
        "Cpu", runtime.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, runtime.OrtMemType.DEFAULT
    )
    # Strategy 1 takes what is asked for, instead of doubling.
    bounds = runtime.OrtArenaCfg({"max_mem": MEMORY, "arena_extend_strategy": 1})
    runtime.create_and_register_allocator(where, bounds)


def session_options() -> Any:  # noqa: ANN401 - onnxruntime has no types
    """Return the options of every session: one thread, bounded memory, the graph as it is."""
    import onnxruntime as runtime  # noqa: PLC0415 - an extra

    bound_memory()
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    options.add_session_config_entry("session.use_env_allocators", "1")
    return options


def _input(session: Any, width: int) -> tuple[str, type]:  # noqa: ANN401 - onnxruntime has no types
    given = session.get_inputs()
    if len(given) != 1 or given[0].type not in TYPES:
        raise ModelFileError("path", "a model has one input: a matrix of float or double")
    shape = given[0].shape
    if len(shape) != 2 or (isinstance(shape[1], int) and shape[1] != width):
        raise ModelFileError("path", f"the input is {shape}, the card has {width} terms")
    return given[0].name, TYPES[given[0].type]


def _output(session: Any, file: ModelFile) -> str:  # noqa: ANN401 - onnxruntime has no types
    names = [output.name for output in session.get_outputs()]
    if file.output is None and len(names) == 1:
        return str(names[0])
    if file.output not in names:
        raise ModelFileError("output", f"must be one of {', '.join(names)}")
    return str(file.output)


def _told(error: Exception) -> str:
    """Return what onnxruntime says, without the places in its sources."""
    text = str(error).splitlines()[0]
    if "Available memory" in text:
        return f"needs more than {MEMORY // 2**20} MiB"
    if "terminate" in text:
        return f"takes longer than {FIRST_RUN:g} s"
    for mark in (" was false. ", "Status Message: ", " : ", "] "):
        text = text.rpartition(mark)[2]
    return text
