"""scikit-learn models kept with skops, run by scikit-learn itself on one thread."""

from __future__ import annotations

import functools
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from scoring.modelfile import ModelFileError, skops_rules

if TYPE_CHECKING:
    from scoring.cards import ModelFile
    from scoring.codegen import Array


class Estimator:
    """An estimator with two classes and as many columns as the card has terms."""

    at_once = 64
    """Its calls cost the same for one row as for some; BLAS rounds by the shape it is given."""

    def __init__(self, estimator: Any, file: ModelFile, width: int, rows: str | None) -> None:  # noqa: ANN401 - any kind of estimator
        """Take an estimator.

        Raises:
            ModelFileError: it does not take or give what the card says.
        """
        self.estimator, self.rows_of_patients = estimator, rows
        if not hasattr(estimator, "predict_proba"):
            raise ModelFileError("path", f"{type(estimator).__name__} gives no probabilities")
        columns = getattr(estimator, "n_features_in_", None)
        if columns != width:
            raise ModelFileError("path", f"takes {columns} columns, the card has {width} terms")
        for part in skops_rules.parts(estimator):
            check_width(part, width)
        classes = len(getattr(estimator, "classes_", ()))
        if classes != 2 or not -2 <= file.column < 2:
            raise ModelFileError("column", f"the model has {classes} classes; two are served")
        self.column = file.column
        if not np.isfinite(self.probabilities(np.zeros((1, width)))).all():
            raise ModelFileError("path", "cannot be run, or gives no number for a row of zeros")

    def probabilities(self, design: Array) -> Array:
        """Return the probability of each row, all in one call; NaN when the run fails."""
        with one_thread().limit(limits=1), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                found: Array = self.estimator.predict_proba(design)[:, self.column]
            except Exception:  # noqa: BLE001 - a damaged estimator fails in any way it likes
                return np.full(len(design), np.nan)
        return found


def check_width(part: Any, width: int) -> None:  # noqa: ANN401 - any kind of object
    """Check that trees inside look at no column beyond `width`.

    Raises:
        ModelFileError: one does.
    """
    if type(part).__name__ == "TreePredictor" and (part.nodes["feature_idx"] >= width).any():
        raise ModelFileError("path", f"{skops_rules.DAMAGED}: a tree points outside the columns")
    if type(part).__name__ == "Tree" and part.n_features != width:
        raise ModelFileError("path", f"{skops_rules.DAMAGED}: a tree of other columns")


def open_model(raw: bytes, file: ModelFile, width: int) -> Estimator:
    """Return the model in the bytes, checked by the rules and opened.

    Raises:
        ModelFileError: it is not what a model may be, or does not fit the card.
    """
    estimator = skops_rules.read(raw, file.trusted)
    return Estimator(estimator, file, width, skops_rules.rows_of_patients(raw))


@functools.cache
def one_thread() -> Any:  # noqa: ANN401 - threadpoolctl has no types
    """Return the switch for the thread pools that are loaded with scikit-learn."""
    from threadpoolctl import ThreadpoolController  # noqa: PLC0415 - comes with scikit-learn

    return ThreadpoolController()
