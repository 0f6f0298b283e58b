"""A score in words: the rationale of each prediction, and the notes beside it."""

from __future__ import annotations

import math
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from terminology.records import CardFacts, Contribution, OutputFacts, Score, Value

SMALLEST_FACTOR = 0.005
"""An input whose factor rounds to 1.00 is not worth a word."""


def percent(probability: float) -> Decimal:
    """Return a probability as a percentage, digit for digit, not rounded.

    >>> percent(0.0523), percent(0.05913621265160929)
    (Decimal('5.23'), Decimal('5.913621265160929'))
    """
    return plain(Decimal(repr(float(probability))).scaleb(2))


def fraction(probability: float) -> Decimal:
    """Return a probability between 0 and 1, digit for digit."""
    return plain(Decimal(repr(float(probability))))


def plain(number: Decimal) -> Decimal:
    """Return the same number written without an exponent where that can be."""
    return Decimal(format(number, "f"))


def shown(number: float | Decimal, digits: int) -> str:
    """Return a number rounded half up to `digits` decimals.

    >>> shown(5.25, 1), shown(2.5, 0)
    ('5.3', '3')
    """
    exact = number if isinstance(number, Decimal) else Decimal(repr(float(number)))
    return format(exact.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP), "f")


def in_words(value: Value) -> str:
    """Return a value as people write it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value.replace("_", " ") if isinstance(value, str) else f"{value:.6g}"


def rationale(score: Score, output: OutputFacts) -> str:
    """Return why the prediction is what it is."""
    told = [result(score, output)]
    first = score.facts is not None and score.facts.outputs[0].name == output.name
    if output.name in score.baseline:
        usual = shown(percent(score.baseline[output.name]), output.digits)
        told.append(f"The same person at reference values: {usual} %.")
    if first and score.facts is not None:
        told.extend(reasons(score.contributions, score.facts))
    return " ".join(told)


def result(score: Score, output: OutputFacts) -> str:
    """Return the result itself in a sentence."""
    value = score.outputs[output.name]
    category = score.categories.get(output.name)
    bands = f", {score.facts.bands}" if score.facts and score.facts.bands else ""
    grade = f" ({in_words(category)}{bands})" if category else ""
    return f"{output.label}: {amount(value, output)}{grade}."


def amount(value: Value, output: OutputFacts) -> str:
    """Return the value of an output with its unit, rounded as its card says."""
    if output.kind == "probability":
        return f"{shown(percent(float(value)), output.digits)} %"
    if isinstance(value, bool | str):
        return in_words(value)
    unit = {"{score}": "points", "1": "", "{count}": ""}.get(output.unit or "", output.unit or "")
    return f"{shown(value, output.digits)} {unit}".rstrip()


def reasons(contributions: tuple[Contribution, ...], facts: CardFacts) -> list[str]:
    """Return the contributions as sentences: points, or factors of the risk."""
    if not contributions:
        return []
    if facts.scale == "points":
        given = [f"{named(item)} {item.effect:+g}" for item in contributions if item.effect]
        return [f"Points: {', '.join(given)}."] if given else ["No item scores."]
    ranked = sorted(contributions, key=lambda item: -abs(item.effect))
    strong = [item for item in ranked if abs(math.expm1(item.effect)) >= SMALLEST_FACTOR]
    up = [factor(item) for item in strong if item.effect > 0]
    down = [factor(item) for item in strong if item.effect < 0]
    sentences = [("Raised by", up), ("Lowered by", down)]
    return [f"{lead} {', '.join(items)}." for lead, items in sentences if items]


def named(item: Contribution) -> str:
    """Return an input with its value and unit."""
    unit = f" {item.unit}" if item.unit not in (None, "1") else ""
    return f"{item.label or item.input} {in_words(item.value)}{unit}"


def factor(item: Contribution) -> str:
    """Return an input with the factor by which it moves the hazard or the odds."""
    return f"{named(item)} (×{math.exp(item.effect):.2f})"


def notes(score: Score) -> list[str]:
    """Return what has to stand beside the predictions."""
    told = []
    if score.assumptions:
        told.append(f"Assumptions: {'; '.join(score.assumptions)}.")
    if score.findings:
        unused = dict.fromkeys(f"{item.feature} ({item.reason})" for item in score.findings)
        told.append(f"Not used: {', '.join(unused)}.")
    facts = score.facts
    if facts is None:
        return told
    if facts.scale in ("log hazard", "log odds") and score.contributions:
        ratio = "hazard" if facts.scale == "log hazard" else "odds"
        told.append(f"Factors multiply the {ratio}; they compare with the reference values.")
    if facts.disclaimer:
        told.append(facts.disclaimer)
    told.append(f"{facts.title}, version {facts.version}. {' '.join(facts.citation)}".strip())
    told.append("An estimate for people with such values, for health professionals; no diagnosis.")
    return told
