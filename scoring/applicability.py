"""Whether a card may score these inputs, and the machine reason when not.

In this order, the first that is true is the reason:

1. ``licence_numbers_withheld``: the card has no numbers;
2. ``X_not_a_number``, ``X_not_finite``, ``X_not_a_whole_number``, ``X_not_a_truth_value``,
   ``X_unknown``: an input that is there is no value of its kind;
3. ``country_without_X``: the country of residence has no published region;
4. ``age_below_min``, ``age_above_max``: outside the score's population;
5. the card's own exclusions, such as ``known_cvd`` or ``diabetes_use_score2_diabetes``;
6. ``missing_input``: a required input is not there;
7. ``X_not_positive``, ``X_out_of_range``: outside the published or the sensible range;
8. ``not_computable``: the arithmetic has no finite result.

X is the input's name without its unit. Nothing is clamped, and no bad input ever gives a number.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from scoring.cards import Card, Input, region
from scoring.codegen import Step, build, round_half_up
from scoring.expressions import parse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from terminology.records import Value

WITHHELD = "licence_numbers_withheld"
MISSING = "missing_input"
NOT_COMPUTABLE = "not_computable"
RESIDENCE = "residence:"
KEPT = 256
"""Cards whose exclusions are kept at once."""


@dataclass(slots=True)
class Ready:
    """Inputs checked and complete, or the reason why they are not."""

    values: dict[str, Value] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()
    reason: str | None = None


def prepare(card: Card, inputs: Mapping[str, Any], country: str | None = None) -> Ready:
    """Return the values that enter the card, each of its kind, defaults filled in."""
    if card.runtime == "withheld":
        return Ready(reason=WITHHELD)
    ready = Ready()
    for name, given in card.inputs.items():
        raw = inputs.get(name)
        if raw is None and given.source and country:
            raw = residence(name, given, country, ready)
        if raw is not None:
            value, problem = valid(given, raw)
            if problem and not ready.reason:
                ready.reason = f"{stem(name, given)}_{problem}"
            ready.values[name] = value
    age = ready.values.get("age", inputs.get("age"))
    ready.reason = ready.reason or age_problem(card, age)
    fill(card, ready)
    ready.reason = ready.reason or exclusion(card, ready) or (MISSING if ready.missing else None)
    ready.reason = ready.reason or range_problem(card, ready.values)
    return ready


def residence(name: str, given: Input, country: str, ready: Ready) -> str | None:
    """Return the region of `country`; note the reason when it has none."""
    if not (given.source or "").startswith(RESIDENCE):
        return None
    found = region((given.source or "").removeprefix(RESIDENCE), country)
    if found is None and not ready.reason:
        ready.reason = f"country_without_{name}"
    return found


def valid(given: Input, raw: object) -> tuple[Any, str | None]:
    """Return the value of the input's kind, or what is wrong with it.

    >>> valid(Input(type="number", label="age"), "50")
    (None, 'not_a_number')
    """
    if given.type == "boolean":
        return (raw, None) if isinstance(raw, bool) else (None, "not_a_truth_value")
    if given.type == "code":
        return (raw, None) if isinstance(raw, str) and raw in given.levels else (None, "unknown")
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        return None, "not_a_number"
    try:
        number = float(raw)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        return None, "not_finite"
    if given.round is not None:
        number = round_half_up(number, given.round)
    if given.type == "integer" and not number.is_integer():
        return None, "not_a_whole_number"
    return number, None


def stem(name: str, given: Input) -> str:
    """Return the input's name without its unit."""
    return given.stem or name


def age_problem(card: Card, age: object) -> str | None:
    """Return the reason when `age` is known and outside the card's population."""
    if card.ages is None or isinstance(age, bool) or not isinstance(age, int | float):
        return None
    if age < card.ages[0]:
        return "age_below_min"
    return "age_above_max" if age > card.ages[1] else None


def fill(card: Card, ready: Ready) -> None:
    """Put defaults and imputed values where inputs are missing; list the others."""
    imputed = card.training.impute if card.training else {}
    missing, assumptions = [], []
    for name, given in card.inputs.items():
        if name in ready.values:
            continue
        if given.default is not None:
            ready.values[name] = given.default
            assumptions.append(f"{given.label}: not given, taken as {in_words(given.default)}")
        elif not given.required and name in imputed:
            ready.values[name] = imputed[name]
            assumptions.append(f"{given.label}: not given, taken as {in_words(imputed[name])}")
        else:
            missing.append(name)
    ready.missing, ready.assumptions = tuple(missing), tuple(assumptions)


def in_words(value: Value) -> str:
    """Return a value as people write it.

    >>> in_words(True), in_words(5.40)
    ('yes', '5.4')
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.6g}" if isinstance(value, int | float) else str(value).replace("_", " ")


def exclusion(card: Card, ready: Ready) -> str | None:
    """Return the reason of the first exclusion that holds."""
    for uses, _, holds, reason in exclusions(card):
        if all(name in ready.values for name in uses) and holds(*map(ready.values.get, uses))[0]:
            return reason
    return None


Exclusion: TypeAlias = "tuple[tuple[str, ...], Callable[..., Any], Callable[..., Any], str]"
"""Inputs used, the condition over columns, the condition of one row, the reason."""
_EXCLUSIONS: dict[int, tuple[Card, tuple[Exclusion, ...]]] = {}


def exclusions(card: Card) -> tuple[Exclusion, ...]:
    """Return the card's exclusions as functions of the inputs they use, made once.

    Raises:
        ExpressionError: a condition breaks the language.
    """
    found = _EXCLUSIONS.get(id(card))
    if found is None or found[0] is not card:
        if len(_EXCLUSIONS) >= KEPT:
            _EXCLUSIONS.clear()
        made = tuple(_compiled(card, text, reason) for text, reason in card.exclude.items())
        found = _EXCLUSIONS[id(card)] = (card, made)
    return found[1]


def _compiled(card: Card, text: str, reason: str) -> Exclusion:
    condition = parse(text, card.kinds)
    uses = tuple(name for name in card.inputs if name in condition.uses)
    steps = [Step("holds", condition)]
    by_column = build(uses, steps, ["holds"], card.kinds, columns=True)
    return uses, by_column, build(uses, steps, ["holds"], card.kinds), reason


def range_problem(card: Card, values: Mapping[str, Value]) -> str | None:
    """Return the reason of the first value outside its range."""
    for name, given in card.inputs.items():
        value = values[name]
        if isinstance(value, str | bool):
            continue
        if given.positive and value <= 0:
            return f"{stem(name, given)}_not_positive"
        if not inside(value, given.range) or not inside(value, given.guard):
            return f"{stem(name, given)}_out_of_range"
    return None


def inside(value: float, limits: tuple[float | None, float | None] | None) -> bool:
    """Say whether the value lies within the limits, both inside, None open."""
    low, high = limits or (None, None)
    return (low is None or value >= low) and (high is None or value <= high)
