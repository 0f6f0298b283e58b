"""Bad input: a clear reason for every card, and never a number, in a row and in columns alike."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from scoring.applicability import stem
from scoring.batch import categories, score_batch
from scoring.cards import Card, Input, load
from scoring.engine import score
from scoring.examples import wrong

RUNNING = sorted(
    (card for card in load().values() if card.runtime != "withheld"), key=lambda card: card.id
)
HUGE = 10**400


def sound(card: Card) -> dict[str, Any]:
    """Inputs in the middle of what each may be, with which the card applies."""
    inputs = {name: middle(card, name, given) for name, given in card.inputs.items()}
    assert score(card, inputs).applicable, (card.id, score(card, inputs).reason)
    return inputs


def middle(card: Card, name: str, given: Input) -> Any:
    if given.type == "code":
        return given.levels[0]
    if given.type == "boolean":
        return f"not {name}" in card.exclude
    if name == "age" and card.ages:
        return sum(card.ages) // 2
    low, high = given.span or given.range or given.guard or (None, None)
    value = {(True, True): 50, (False, True): low, (True, False): high}.get(
        (low is None, high is None)
    )
    value = (low + high) / 2 if value is None else value  # type: ignore[operator]
    return round(value) if given.type == "integer" else float(value)


def bad(given: Input) -> list[tuple[Any, str]]:
    """Values that an input cannot have, with their machine reason."""
    if given.type == "code":
        return [(value, "unknown") for value in ("", "MALE ", 1, True, math.nan, ["x"], {})]
    if given.type == "boolean":
        return [(value, "not_a_truth_value") for value in ("yes", "", "true", 1, 0, [True])]
    numbers: list[tuple[Any, str]] = [
        *((value, "not_a_number") for value in ("5.4", "", "12/8", "5 mmol/L", True, [5], {})),
        *((value, "not_finite") for value in (math.inf, -math.inf, HUGE)),
    ]
    broken = given.type == "integer" and given.round is None
    return numbers + ([(3.5, "not_a_whole_number")] if broken else [])


def one(value: Any) -> np.ndarray:
    """A column of one value, whatever it is."""
    column = np.empty(1, dtype=object)
    column[0] = value
    return column


CASES = [(card, name) for card in RUNNING for name in card.inputs]


@pytest.mark.parametrize(("card", "name"), CASES, ids=[f"{card.id}-{name}" for card, name in CASES])
def test_what_is_no_value_of_its_kind(card: Card, name: str) -> None:
    given, inputs = card.inputs[name], sound(card)
    for value, problem in bad(given):
        reason = f"{stem(name, given)}_{problem}"
        found = score(card, {**inputs, name: value})
        assert (found.applicable, found.reason, found.outputs) == (False, reason, {}), value
        columns = {key: one(known) for key, known in inputs.items()} | {name: one(value)}
        batch = score_batch(card, columns)
        zero_or_one = given.type == "boolean" and value in (0, 1) and not isinstance(value, bool)
        if not zero_or_one or isinstance(value, str):
            assert batch.reasons[batch.reason[0]] == reason, value
            assert categories(card, batch)[0] == ""


NUMBERS = [
    (card, name)
    for card, name in CASES
    if card.inputs[name].type in ("number", "integer") and name != "age"
]


@pytest.mark.parametrize(
    ("card", "name"), NUMBERS, ids=[f"{card.id}-{name}" for card, name in NUMBERS]
)
def test_negative_absurd_and_of_another_unit(card: Card, name: str) -> None:
    given, inputs = card.inputs[name], sound(card)
    for value in (-1e6, -1000, 1e9):
        found = score(card, {**inputs, name: value})
        assert not found.applicable, value
        assert found.reason in {
            f"{stem(name, given)}_{problem}" for problem in ("out_of_range", "not_positive")
        }
        batch = score_batch(card, {key: one(v) for key, v in {**inputs, name: value}.items()})
        assert batch.reasons[batch.reason[0]] == found.reason


AGED = [card for card in RUNNING if card.ages]


@pytest.mark.parametrize("card", AGED, ids=lambda card: card.id)
def test_ages_at_and_beyond_the_limits(card: Card) -> None:
    assert card.ages is not None
    low, high = card.ages
    inputs = sound(card)
    for age, reason in (
        (-5, "age_below_min"), (low - 1, "age_below_min"), (low, None), (high, None),
        (high + 1, "age_above_max"), (1e6, "age_above_max"),
    ):  # fmt: skip
        asked = {**inputs, "age": age}
        assert score(card, asked).reason == reason, age
        batch = score_batch(card, {key: one(value) for key, value in asked.items()})
        assert batch.reasons[batch.reason[0]] == (reason or ""), age


REGIONAL = [
    (card, name)
    for card in RUNNING
    for name, given in card.inputs.items()
    if (given.source or "").startswith("residence:") and given.required
]


@pytest.mark.parametrize(
    ("card", "name"), REGIONAL, ids=[f"{card.id}-{name}" for card, name in REGIONAL]
)
@pytest.mark.parametrize("country", [None, "", "XX", "x", "Finland"])
def test_unknown_regions(card: Card, name: str, country: str | None) -> None:
    inputs = {key: value for key, value in sound(card).items() if key != name}
    found = score(card, inputs, country=country)
    batch = score_batch(card, {k: one(v) for k, v in inputs.items()}, country=[country])
    assert batch.reasons[batch.reason[0]] == (found.reason or "")
    if card.id == "kfre_4v" and country:
        assert found.applicable  # every country but two is one region
    else:
        assert found.reason == (f"country_without_{name}" if country else "missing_input")
        assert found.outputs == {}


@pytest.mark.parametrize("card", RUNNING, ids=lambda card: card.id)
def test_categories_of_a_batch_are_those_of_its_rows(card: Card) -> None:
    draw = np.random.default_rng(5)
    rows = [sound(card) for _ in range(60)]
    for row in rows:
        for name, given in card.inputs.items():
            if given.type in ("number", "integer"):
                low, high = given.range or given.guard or card.ages or (0, 10)
                value = draw.uniform(low or 0, high or 100)
                row[name] = round(value) if given.type == "integer" else value
            elif given.type == "code":
                row[name] = str(draw.choice(given.levels))
            elif name not in " ".join(card.exclude):
                row[name] = bool(draw.random() < 0.5)
    columns = {name: np.array([row[name] for row in rows], dtype=object) for name in card.inputs}
    batch = score_batch(card, columns)
    found = [score(card, row) for row in rows]
    assert categories(card, batch).tolist() == [one.category or "" for one in found]
    assert [batch.reasons[place] for place in batch.reason] == [one.reason or "" for one in found]
    assert not list(wrong(card))
