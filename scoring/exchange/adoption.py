"""A partner's model file taken in: tried on invented rows, then written into a card."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from scoring import notation
from scoring.batch import score_batch
from scoring.cards import CardError, parse
from scoring.exchange import ExchangeError
from scoring.exchange.rows import invented
from scoring.modelfile import ModelFileError, content

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scoring.cards import Card

TRIED = 1000
"""Invented rows that a model has to answer before it is taken in."""


@dataclass(frozen=True, slots=True)
class Adopted:
    """A card made of a skeleton and a model file, and the probabilities that it gave."""

    text: str
    rows: int
    lowest: float
    highest: float


def adopt(raw: bytes, name: str, skeleton: Mapping[str, Any]) -> Adopted:
    """Return the card of a model file called `name`.

    `skeleton` is a card without ``runtime`` and hash: inputs, terms in the model's order, one
    output, and in ``[model_file]`` what the file does not say (`output`, `column`, `trusted`).

    Raises:
        ExchangeError: the file is refused, does not fit, or does not give probabilities.
        CardError: the skeleton breaks the notation.
    """
    given = skeleton.get("model_file", {})
    if not isinstance(given, dict):
        raise CardError("model_file: must be a table")
    try:
        runtime = content.recognise(raw)
    except ModelFileError as error:
        raise ExchangeError(str(error)) from None
    found = {"path": name, "sha256": hashlib.sha256(raw).hexdigest()}
    document = {**skeleton, "runtime": runtime, "model_file": {**given, **found}}
    try:
        text = notation.write(document)
    except TypeError as error:
        raise CardError(f"{name}: {error}") from None
    card = parse(text, name, lambda _: raw)
    return Adopted(text, *tried(card))


def tried(card: Card) -> tuple[int, float, float]:
    """Return how many invented rows the card answered, and the extreme probabilities.

    Raises:
        ExchangeError: it gave no probability for a row, or not the same one twice.
    """
    columns = invented(card, TRIED, 1)
    first, second = score_batch(card, columns), score_batch(card, columns)
    output = next(iter(card.outputs))
    unanswered = [first.reasons[place] == "not_computable" for place in first.reason]
    if any(unanswered):
        raise ExchangeError(
            f"{card.id}: gives no probability between 0 and 1 for {sum(unanswered)} of {TRIED} rows"
        )
    if not np.array_equal(first.outputs[output], second.outputs[output], equal_nan=True):
        raise ExchangeError(f"{card.id}: gives other probabilities when asked again")
    found = first.outputs[output][first.applicable]
    if not found.size:
        raise ExchangeError(f"{card.id}: applies to none of {TRIED} invented rows; see its limits")
    return len(found), float(found.min()), float(found.max())
