"""A score in words: the rationale of each prediction, and the notes beside it.

Sentences and labels come from a `Voice`; English ones are the default. What was assumed and what
could not be used is told in English only, for the professionals who act on it.
"""

from __future__ import annotations

import math
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

from mappers import languages

if TYPE_CHECKING:
    from mappers.languages import Voice
    from terminology.records import CardFacts, Contribution, OutputFacts, Score, Value

ENGLISH = languages.voice(languages.SOURCE)

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


def rationale(score: Score, output: OutputFacts, voice: Voice = ENGLISH) -> str:
    """Return why the prediction is what it is."""
    told = [result(score, output, voice)]
    first = score.facts is not None and score.facts.outputs[0].name == output.name
    if output.name in score.baseline:
        usual = percentage(score.baseline[output.name], output, voice)
        told.append(voice.say("reference", amount=usual))
    if output.name in score.ranges:
        told.append(unknown(score, voice))
    if first and score.facts is not None:
        told.extend(reasons(score.contributions, score.facts, voice))
    return voice.gap.join(told)


def result(score: Score, output: OutputFacts, voice: Voice = ENGLISH) -> str:
    """Return the result itself in a sentence."""
    label = begun(voice.labels.outputs.get(output.label, output.label))
    grade = graded(score, output, voice)
    if output.name in score.ranges:
        low, high = (percentage(end, output, voice) for end in score.ranges[output.name])
        return voice.say("between", label=label, low=low, high=high, grade=grade)
    value = amount(score.outputs[output.name], output, voice)
    return voice.say("result", label=label, amount=value, grade=grade)


def begun(label: str) -> str:
    """Return a label as the begin of a sentence; a name such as ``qSOFA`` stays as it is.

    >>> begun("risk of stroke"), begun("qSOFA")
    ('Risk of stroke', 'qSOFA')
    """
    first = label.partition(" ")[0]
    return label[:1].upper() + label[1:] if first.islower() else label


def graded(score: Score, output: OutputFacts, voice: Voice) -> str:
    """Return the category in brackets, with the name of the set of bands when that is known."""
    category = score.categories.get(output.name)
    if not category:
        return ""
    words = voice.value(category)
    if not output.bands:
        return voice.say("grade", category=words)
    return voice.say("grade_by", category=words, bands=output.bands)


def percentage(probability: float, output: OutputFacts, voice: Voice = ENGLISH) -> str:
    """Return a probability in per cent, rounded as its card says."""
    return voice.number(f"{shown(percent(probability), output.digits)} %")


def amount(value: Value, output: OutputFacts, voice: Voice = ENGLISH) -> str:
    """Return the value of an output with its unit, rounded as its card says."""
    if output.kind == "probability":
        return percentage(float(value), output, voice)
    if isinstance(value, bool | str):
        return voice.value(value)
    number = voice.number(shown(value, output.digits))
    if output.unit == "{score}":
        return voice.say("points", number=number)
    return f"{number}{voice.unit(output.unit)}"


def unknown(score: Score, voice: Voice = ENGLISH) -> str:
    """Return which inputs are not known, and between which limits they were taken to lie."""
    items = [
        voice.say(
            "span",
            label=voice.labels.inputs.get(span.label, span.label),
            low=voice.value(span.low),
            high=f"{voice.value(span.high)}{voice.unit(span.unit)}",
        )
        for span in score.spans
    ]
    return voice.say("unknown", items=voice.separator.join(items))


def reasons(
    contributions: tuple[Contribution, ...], facts: CardFacts, voice: Voice = ENGLISH
) -> list[str]:
    """Return the contributions as sentences: points, or factors of the risk."""
    if not contributions:
        return []
    if facts.scale == "points":
        given = [
            f"{named(item, voice)} {voice.number(f'{item.effect:+g}')}"
            for item in contributions
            if item.effect
        ]
        items = voice.separator.join(given)
        return [voice.say("scoring", items=items) if given else voice.say("no_points")]
    ranked = sorted(contributions, key=lambda item: -abs(item.effect))
    strong = [item for item in ranked if abs(math.expm1(item.effect)) >= SMALLEST_FACTOR]
    up = [factor(item, voice) for item in strong if item.effect > 0]
    down = [factor(item, voice) for item in strong if item.effect < 0]
    sentences = [("raised", up), ("lowered", down)]
    return [voice.say(key, items=voice.separator.join(items)) for key, items in sentences if items]


def named(item: Contribution, voice: Voice = ENGLISH) -> str:
    """Return an input with its value and unit."""
    label = item.label or item.input
    words = voice.labels.inputs.get(label, label)
    return f"{words} {voice.value(item.value)}{voice.unit(item.unit)}"


def factor(item: Contribution, voice: Voice = ENGLISH) -> str:
    """Return an input with the factor by which it moves the hazard or the odds."""
    return f"{named(item, voice)} (×{voice.number(f'{math.exp(item.effect):.2f}')})"


def notes(score: Score) -> list[str]:
    """Return what has to stand beside the predictions, in English."""
    told = []
    if score.spans:
        told.append(unknown(score))
    if score.assumptions:
        told.append(f"Assumptions: {'; '.join(score.assumptions)}.")
    if score.findings:
        unused = dict.fromkeys(f"{item.feature} ({item.reason})" for item in score.findings)
        told.append(f"Not used: {', '.join(unused)}.")
    facts = score.facts
    if facts is None:
        return told
    told += scale_words(score)
    if facts.disclaimer:
        told.append(facts.disclaimer)
    told.append(f"{facts.title}, version {facts.version}. {' '.join(facts.citation)}".strip())
    return [*told, ENGLISH.say("caution")]


def scale_words(score: Score, voice: Voice = ENGLISH) -> list[str]:
    """Return the sentence that says what the factors of the rationale mean, if there are any."""
    kind = {"log hazard": "hazard", "log odds": "odds"}.get(
        score.facts.scale if score.facts else ""
    )
    return [voice.say(kind)] if kind and score.contributions else []
