"""Regressions: a linear predictor with a Cox or logistic link, by stratum, then recalibration.

Cox: ``1 - S0 ** exp(lp - mean)`` is written ``1 - exp(-exp(lp + ln(-ln S0) - mean))``, which takes
two exponentials; recalibration ``1 - exp(-exp(a + b * ln(-ln(1 - r))))`` of that is then
``1 - exp(-exp(a + b * (lp + ln(-ln S0) - mean)))``, the logarithms falling out.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scoring.cards import Card, Model
    from scoring.runtimes.tree import Tree


def grow(card: Card, tree: Tree, stratum: Mapping[str, str]) -> None:
    """Add the outputs of the models whose ``when`` fits `stratum`, then ``[combine]``."""
    for name, text in card.terms.items():
        tree.add(term_name(name), text)
    for model in card.models:
        if fits(model, stratum):
            _add_model(card, model, tree)
    for name, text in card.combine.items():
        tree.add(name, text)


def term_name(term: str) -> str:
    """Return the name of the step that holds a term; models share it."""
    return f"term_{term}"


def fits(model: Model, stratum: Mapping[str, str]) -> bool:
    """Say whether the model is for that stratum."""
    return all(stratum[name] == value for name, value in model.when.items())


def strata(card: Card) -> tuple[str, ...]:
    """Return the inputs that choose the model, in order of appearance."""
    return tuple(dict.fromkeys(name for model in card.models for name in model.when))


def recalibrated(card: Card, output: str) -> bool:
    """Say whether that output is recalibrated."""
    return card.recalibration is not None and output in card.recalibration.table


def parameters(card: Card) -> tuple[str, ...]:
    """Return the names under which recalibration constants enter, two an output."""
    outputs = card.recalibration.table if card.recalibration else {}
    return tuple(f"{output}_{part}" for output in outputs for part in ("intercept", "slope"))


def weights(card: Card, model: Model) -> dict[str, float]:
    """Return term to coefficient on the term's own scale (standardisation folded in)."""
    scales = card.training.standardise if card.training else {}
    return {
        term: coefficient / scales[term][1] if term in scales else coefficient
        for term, coefficient in model.coefficients.items()
    }


def constant(card: Card, model: Model) -> float:
    """Return what is added to the weighted terms before the link."""
    scales = card.training.standardise if card.training else {}
    shift = sum(
        model.coefficients[term] * mean / deviation
        for term, (mean, deviation) in scales.items()
        if term in model.coefficients
    )
    if model.link == "cox":
        return math.log(-math.log(model.baseline_survival)) - model.mean - shift
    return model.intercept - shift


def _add_model(card: Card, model: Model, tree: Tree) -> None:
    """Add the linear predictor and the output of one model."""
    predictor = f"{model.output}_predictor"
    products = [f"{weight!r} * {term_name(term)}" for term, weight in weights(card, model).items()]
    tree.add(predictor, " + ".join([repr(constant(card, model)), *products]))
    if recalibrated(card, model.output):
        predictor = f"{model.output}_intercept + {model.output}_slope * {predictor}"
    link = "1 / (1 + exp(-({})))" if model.link == "logistic" else "1 - exp(-exp({}))"
    tree.add(model.output, link.format(predictor), only_if=model.only_if)
