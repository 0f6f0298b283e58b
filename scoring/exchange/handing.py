"""A card in another form: ONNX, skops or TOML, compared before it is handed on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import msgspec
import numpy as np

from scoring import notation
from scoring.batch import filled, score_batch
from scoring.calibration import EVERYBODY
from scoring.cards import parse
from scoring.exchange import ExchangeError, estimator, graph
from scoring.exchange.rows import invented
from scoring.modelfile import skops_rules
from scoring.program import Program
from scoring.runtimes import filed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scoring.batch import Batch
    from scoring.calibration import Group
    from scoring.cards import Card, ModelFile
    from scoring.codegen import Array

Form: TypeAlias = Literal["onnx", "skops", "toml"]
SEED = 20
FEWEST = 100
"""Invented rows that a card has to apply to, for a comparison to mean anything."""


@dataclass(frozen=True, slots=True)
class Handed:
    """What is handed on."""

    raw: bytes
    difference: float
    """The largest difference from the card, on 10,000 rows (0 for a copy)."""
    beside: ModelFile | None = None
    """The model file that goes with a card."""


def handed_on(card: Card, form: Form, group: str | None = None) -> Handed:
    """Return the card in another form; `group` is whom an ONNX graph is calibrated for.

    Raises:
        ExchangeError: it has no such form, may not leave its site, or would not say the same.
    """
    if card.model_file and not card.model_file.leaves_site:
        raise ExchangeError(f"{card.id}: holds rows of patients and does not leave its site")
    if form == "toml":
        return Handed(written(card).encode(), 0.0, card.model_file)
    bare, correction = calibrated_for(card, group)
    if form == "onnx" and not card.model_file:
        raw = graph.model_of(bare, correction)
        return Handed(raw, compared(bare, raw, correction))
    if correction:
        raise ExchangeError(f"{card.id}: is calibrated, which this form cannot say (--group none)")
    return _of_file(card, card.model_file, form) if card.model_file else _of_coefficients(bare)


def _of_coefficients(card: Card) -> Handed:
    made = estimator.kept(estimator.of_coefficients(card))
    columns, design = designs(card)
    means, deviations = filed.scales(card)
    terms = design * deviations + means
    batch = enough(card, score_batch(card, columns))
    wanted = batch.outputs[card.models[0].output]
    rows = np.isfinite(wanted)
    return Handed(made.raw, estimator.compared(made, wanted[rows], terms[rows]))


def calibrated_for(card: Card, group: str | None) -> tuple[Card, Group | None]:
    """Return the card without its calibration, and the correction of a group (`none`: without).

    Raises:
        ExchangeError: the group is not said, or not known.
    """
    calibration = card.calibration
    if calibration is None:
        return card, None
    name = group if calibration.by else EVERYBODY
    if name != "none" and name not in calibration.groups:
        known = ", ".join([*calibration.groups, "none"])
        raise ExchangeError(f"{card.id}: calibrated by {calibration.by}; for which? {known}")
    return msgspec.structs.replace(card, calibration=None), calibration.groups.get(name)


def _of_file(card: Card, file: ModelFile, form: Form) -> Handed:
    assert file.content is not None
    if form == card.runtime:
        return Handed(file.content.raw, 0.0)
    if form == "skops":
        raise ExchangeError(f"{card.id}: an ONNX model has no scikit-learn form")
    original = skops_rules.read(file.content.raw, file.trusted)
    made, difference = estimator.converted(original, designs(card)[1])
    return Handed(made.raw, difference)


def written(card: Card) -> str:
    """Return the card as TOML, which has been read again and is the same.

    Raises:
        ExchangeError: it is not.
    """
    file = card.model_file
    bare = card
    if file is not None:
        bare = msgspec.structs.replace(card, model_file=msgspec.structs.replace(file, content=None))
    text = notation.write(msgspec.to_builtins(bare))
    again = parse(text, card.id, lambda _: file.content.raw if file and file.content else b"")
    if file is not None:
        again = msgspec.structs.replace(again, model_file=bare.model_file)
    if again != bare:
        raise ExchangeError(f"{card.id}: cannot be written as TOML without loss")
    return text


def compared(card: Card, raw: bytes, group: Group | None = None) -> float:
    """Return the largest difference between a card's graph and the card, on 10,000 rows.

    Raises:
        ExchangeError: it is more than 1e-6.
    """
    columns = invented(card, estimator.ROWS, SEED)
    wanted = dict(enough(card, score_batch(card, columns)).outputs)
    if group:
        first = next(iter(wanted))
        wanted[first] = group.apply(wanted[first])
    found = run(raw, matrix(card, columns))
    return max(estimator.near(found[name], wanted[name].astype(np.float64)) for name in found)


def enough(card: Card, batch: Batch) -> Batch:
    """Return the batch, which has rows to compare.

    Raises:
        ExchangeError: the card applies to next to none of the invented rows.
    """
    count = int(batch.applicable.sum())
    if count < FEWEST:
        raise ExchangeError(f"{card.id}: applies to {count} of {estimator.ROWS} invented rows")
    return batch


def matrix(card: Card, columns: Mapping[str, Array]) -> Array:
    """Return columns as the input of a card's graph: (n, k) doubles, NaN where missing."""
    numbers = [
        np.where(columns[name] < 0, np.nan, columns[name]) if given.levels else columns[name]
        for name, given in card.inputs.items()
    ]
    return np.column_stack(numbers).astype(np.float64)


def run(raw: bytes, rows: Array) -> dict[str, Array]:
    """Return each output (n,) of a card's graph for rows (n, k), by name."""
    import onnxruntime  # noqa: PLC0415 - an extra

    from scoring.runtimes.onnx import session_options  # noqa: PLC0415 - same

    session = onnxruntime.InferenceSession(
        raw, session_options(), providers=["CPUExecutionProvider"]
    )
    names = [output.name for output in session.get_outputs()]
    found = session.run(names, {graph.INPUT: rows})
    return {name: column[:, 0] for name, column in zip(names, found, strict=True)}


def designs(card: Card) -> tuple[dict[str, Array], Array]:
    """Return invented rows of a card, and their standardised terms (n, k)."""
    columns = invented(card, estimator.ROWS, SEED)
    whole = [filled(card, name, card.inputs[name], c)[0] for name, c in columns.items()]
    many = filed.designs(card, Program(card).tree({}), tuple(columns))[1]
    return columns, many(*whole)
