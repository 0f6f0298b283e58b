"""What a card must be beyond its types: names that exist, numbers that fit together.

`problems` goes through the card for every stratum, so that nothing can go wrong later.
"""

from __future__ import annotations

import re
from itertools import product
from typing import TYPE_CHECKING

from scoring import calibration
from scoring.applicability import exclusions, inside
from scoring.expressions import ExpressionError
from scoring.program import Program
from scoring.runtimes import linear

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scoring.cards import Card, Input


def problems(card: Card) -> Iterator[str]:
    """Yield what is wrong with the card, naming the key."""
    for name, given in card.inputs.items():
        yield from input_problems(f"inputs.{name}", given)
    if card.runtime == "withheld":
        return
    yield from regression_problems(card)
    yield from file_problems(card)
    yield from calibration.problems(card)
    try:
        yield from program_problems(card)
        exclusions(card)
    except ExpressionError as error:
        yield str(error)


def input_problems(at: str, given: Input) -> Iterator[str]:
    """Yield what is wrong with one input."""
    if (given.type == "code") != bool(given.levels):
        yield f"{at}.levels: a code has levels, nothing else has"
    for key in ("default", "reference"):
        value = getattr(given, key)
        if value is not None and not fits(given, value):
            yield f"{at}.{key}: {value!r} is no {given.type} of this input"
    for key in ("range", "guard"):
        low, high = getattr(given, key) or (None, None)
        if low is not None and high is not None and low > high:
            yield f"{at}.{key}: the limits are the wrong way round"
    yield from span_problems(at, given)


def span_problems(at: str, given: Input) -> Iterator[str]:
    """Yield what is wrong with the span of a missing number."""
    if given.span is None:
        return
    if given.type != "number" or given.source or given.round is not None or not given.required:
        yield f"{at}.span: only for a required, measured number"
    low, high = given.span
    if low >= high:
        yield f"{at}.span: the limits are the wrong way round"
    if not all(inside(end, limits) for end in given.span for limits in (given.range, given.guard)):
        yield f"{at}.span: reaches beyond what the input may be"


def fits(given: Input, value: object) -> bool:
    """Say whether a value written in the card is of the input's kind."""
    if given.type == "code":
        return value in given.levels
    if given.type == "boolean":
        return isinstance(value, bool)
    return isinstance(value, int | float) and not isinstance(value, bool)


def regression_problems(card: Card) -> Iterator[str]:
    """Yield coefficients without a term, models without sense, tables without a row."""
    for place, model in enumerate(card.models):
        at = f"models[{place}]"
        for term in model.coefficients.keys() - card.terms.keys():
            yield f"{at}.coefficients.{term}: there is no such term"
        if model.link == "cox" and not 0 < model.baseline_survival < 1:
            yield f"{at}.baseline_survival: must lie between 0 and 1"
        for name, value in model.when.items():
            if name not in card.inputs or value not in card.inputs[name].levels:
                yield f"{at}.when.{name}: {value!r} is no level of an input"
        if model.link == "logistic" and linear.recalibrated(card, model.output):
            yield f"{at}: only Cox models are recalibrated"
    yield from recalibration_problems(card)


def file_problems(card: Card) -> Iterator[str]:
    """Yield what is wrong with the table of a model file, without looking at the file."""
    if (card.model_file is None) == (card.runtime in ("onnx", "skops")):
        yield "model_file: is there for the runtimes onnx and skops, and for them alone"
    if card.model_file is None:
        return
    if [output.kind for output in card.outputs.values()] != ["probability"]:
        yield "outputs: a model file gives one probability"
    if not card.terms or card.models:
        yield "terms: they are what the model file takes; models have no place beside it"
    if not re.fullmatch(r"[0-9a-f]{64}", card.model_file.sha256):
        yield "model_file.sha256: must be 64 hexadecimal digits"


def recalibration_problems(card: Card) -> Iterator[str]:
    """Yield rows that are missing or unknown in the recalibration table."""
    if card.recalibration is None:
        return
    levels = [card.inputs[name].levels for name in card.recalibration.by if name in card.inputs]
    if len(levels) != 2:
        yield "recalibration.by: names two inputs"
        return
    wanted = set(product(*levels))
    for output, table in card.recalibration.table.items():
        found = {(first, second) for first, rows in table.items() for second in rows}
        for row in sorted(wanted ^ found):
            yield f"recalibration.table.{output}: the row {'.'.join(row)} is missing or unknown"


def program_problems(card: Card) -> Iterator[str]:
    """Yield outputs that nothing computes, after checking the steps of every stratum."""
    program = Program(card)
    levels = [card.inputs[name].levels for name in program.strata]
    for stratum in product(*levels):
        made = {
            step.name
            for step in program.tree(dict(zip(program.strata, stratum, strict=True))).steps
        }
        for name in card.outputs:
            if name not in made:
                yield f"outputs.{name}: nothing computes it"
    if card.category is not None and card.category not in card.outputs:
        yield f"category: there is no output {card.category}"
    for place, bands in enumerate(card.bands):
        if bands.on not in card.outputs:
            yield f"bands[{place}].on: there is no output {bands.on}"
        if [low for _, low in bands.bands] != sorted(low for _, low in bands.bands):
            yield f"bands[{place}].bands: lower limits must rise"
