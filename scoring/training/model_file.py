"""A fitted model that is no list of coefficients, as a file beside its card."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from scoring.exchange import ExchangeError
from scoring.exchange.estimator import converted, kept
from scoring.training.recipe import TrainingError
from scoring.training.steady import steady

if TYPE_CHECKING:
    from scoring.exchange.estimator import Kept
    from scoring.training.fit import Fitted
    from scoring.training.table import Table


def keep(fitted: Fitted, stem: str, table: Table | None = None) -> tuple[dict[str, Any], bytes]:
    """Return the card's keys ``runtime`` and ``model_file``, and the bytes of the model's file.

    The keys stand in the card instead of ``models``; ``terms`` and ``training`` (impute,
    standardise) are as for a logistic regression, since the file takes the standardised terms.
    Write the bytes beside the card, under the name ``model_file.path``; `scoring.cards.read` then
    gives a card that scores as any other. A model with patients' rows in it (support vectors) gets
    ``leaves_site = false``, and is neither exported nor uploaded.

    It is kept with skops, exactly; with `table`, as ONNX, compared on its rows and on random ones.

    Raises:
        TrainingError: it holds what is not served, or cannot be converted without a difference.
    """
    try:
        made: Kept = kept(fitted.estimator)
        made = replace(made, raw=steady(made.raw))
        if table is not None:
            made = converted(fitted.estimator, fitted.design(table))[0]
    except ExchangeError as error:
        raise TrainingError(str(error)) from None
    path = f"{stem}.{made.runtime}"
    return {"runtime": made.runtime, "model_file": made.table(path)}, made.raw
