"""What holds for every card that is shipped; a new file is swept by being there."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scoring.applicability import stem
from scoring.batch import score_batch
from scoring.cards import Card, Input, load
from scoring.engine import score
from scoring.examples import wrong
from scoring.explain import contributions, reference
from scoring.program import program
from terminology import analytes, units

CARDS = sorted(load().values(), key=lambda card: card.id)
RUNNING = [card for card in CARDS if card.runtime != "withheld"]
PROBABLE = [card for card in RUNNING if card.models]


def named(card: Card) -> str:
    return card.id


def limits(card: Card, name: str) -> tuple[float, float]:
    """The limits that an input may have, both published and sensible."""
    given = card.inputs[name]
    pairs = [pair for pair in (given.range, given.guard) if pair]
    if name == "age" and card.ages:
        pairs.append(card.ages)
    lows = [low for low, _ in pairs if low is not None]
    highs = [high for _, high in pairs if high is not None]
    return max(lows, default=1.0), min(highs, default=200.0)


def plausible(card: Card, name: str) -> tuple[float, float]:
    """The limits within which the feature is plausible, in the card's unit."""
    low, high = limits(card, name)
    what = card.inputs[name]
    analyte = analytes.load().get(what.feature or "")
    if analyte is None or analyte.plausible is None or what.unit is None:
        return low, high
    ends = [
        units.convert(float(end), analyte.canonical, what.unit, what.feature).value
        for end in analyte.plausible
    ]
    return max(low, ends[0]), min(high, ends[1])  # type: ignore[type-var]


def plausible_inputs(card: Card) -> st.SearchStrategy[dict[str, Any]]:
    """Inputs within plausible limits."""
    numbers = {
        name: st.floats(*plausible(card, name))
        for name, what in card.inputs.items()
        if what.type == "number"
    }
    return st.tuples(valid_inputs(card), st.fixed_dictionaries(numbers)).map(
        lambda pair: {**pair[0], **pair[1]}
    )


def valid_input(card: Card, name: str, what: Input) -> st.SearchStrategy[Any]:
    if what.type == "code":
        return st.sampled_from(what.levels)
    if what.type == "boolean":
        if f"not {name}" in card.exclude:
            return st.just(True)
        return st.just(False) if name in card.exclude else st.booleans()
    low, high = limits(card, name)
    if what.type == "integer":
        return st.integers(math.ceil(low), math.floor(high))
    return st.floats(low, high, allow_nan=False)


def valid_inputs(card: Card) -> st.SearchStrategy[dict[str, Any]]:
    parts = {name: valid_input(card, name, what) for name, what in card.inputs.items()}
    return st.fixed_dictionaries(parts)


def columns_of(card: Card, rows: list[dict[str, Any]]) -> dict[str, Any]:
    columns: dict[str, Any] = {}
    for name, what in card.inputs.items():
        values = [row.get(name) for row in rows]
        if what.type == "code":
            columns[name] = np.array(values, dtype=object)
        else:
            columns[name] = np.array([np.nan if v is None else float(v) for v in values])
    return columns


@pytest.mark.parametrize("card", CARDS, ids=named)
def test_says_where_it_comes_from(card: Card) -> None:
    assert card.citation
    assert card.licence
    assert card.verified
    assert card.setting
    assert len({stem(name, given) for name, given in card.inputs.items()}) == len(card.inputs)


@pytest.mark.parametrize("card", CARDS, ids=named)
def test_units_are_ucum_and_features_are_known(card: Card) -> None:
    known = analytes.load()
    for name, what in card.inputs.items():
        assert what.unit is None or units.is_valid(what.unit), name
        if what.feature in known and what.unit and what.type != "boolean":
            canonical = known[what.feature].canonical
            assert units.convert(1, canonical, what.unit, what.feature).error is None, name
    for name, output in card.outputs.items():
        assert output.unit is None or units.is_valid(output.unit), name


@pytest.mark.parametrize("card", RUNNING, ids=named)
def test_worked_examples_come_out_to_the_published_digits(card: Card) -> None:
    assert not list(wrong(card))


@pytest.mark.parametrize("card", RUNNING, ids=named)
@settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(data=st.data())
def test_applies_to_everything_in_its_ranges_and_stays_in_bounds(card: Card, data: Any) -> None:
    inputs = data.draw(valid_inputs(card))
    found = score(card, inputs)
    assert found.reason is None, found.reason
    for name, value in found.outputs.items():
        if card.outputs[name].kind == "probability":
            assert 0 <= value <= 1
        elif not isinstance(value, str):
            assert math.isfinite(value)
    if card.bands:
        assert found.category is not None


@pytest.mark.parametrize("card", RUNNING, ids=named)
@settings(max_examples=8, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(data=st.data())
def test_a_batch_equals_its_rows_bit_for_bit(card: Card, data: Any) -> None:
    rows = data.draw(st.lists(valid_inputs(card), min_size=1, max_size=8))
    for row in rows:
        for name in data.draw(st.sets(st.sampled_from(sorted(row)), max_size=1)):
            row[name] = None
        if "age" in row and data.draw(st.booleans()):
            row["age"] = data.draw(st.sampled_from([5, 39, 70, 95, 130]))
    batch = score_batch(card, columns_of(card, rows))
    for place, row in enumerate(rows):
        single = score(card, row)
        assert batch.reasons[batch.reason[place]] == (single.reason or "")
        for name, column in batch.outputs.items():
            value = single.outputs.get(name)
            got = column[place]
            missing = got == "" if column.dtype.kind == "U" else math.isnan(got)
            assert missing if value is None else got == value, name


@pytest.mark.parametrize("card", [card for card in RUNNING if card.monotone], ids=named)
@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(data=st.data())
def test_rises_and_falls_as_the_card_states(card: Card, data: Any) -> None:
    inputs = data.draw(plausible_inputs(card))
    first = next(iter(card.outputs))
    for name, way in card.monotone.items():
        steps = [False, True]
        if card.inputs[name].type != "boolean":
            low, high = plausible(card, name)
            steps = np.linspace(low, high, 9).tolist()
            if card.inputs[name].type == "integer":
                steps = sorted({round(step) for step in steps})
        values = [score(card, {**inputs, name: step}).outputs[first] for step in steps]
        for one, other in pairwise(values):
            assert (one <= other + 1e-12) if way == "up" else (one >= other - 1e-12), name


@pytest.mark.parametrize("card", PROBABLE, ids=named)
@settings(max_examples=10, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(data=st.data())
def test_contributions_add_up_to_the_distance_from_the_reference(card: Card, data: Any) -> None:
    found = score(card, data.draw(valid_inputs(card)))
    at_reference = program(card).outputs(reference(card, found.inputs))
    for name, value in found.outputs.items():
        usual = at_reference[name]
        if card.outputs[name].kind != "probability" or usual is None or not 1e-9 < value < 1 - 1e-9:
            continue
        effects = sum(item.effect for item in contributions(card, found.inputs, name))
        assert effects == pytest.approx(on_scale(card, value) - on_scale(card, usual), abs=1e-6)


def on_scale(card: Card, probability: float) -> float:
    if card.scale == "log odds":
        return math.log(probability / (1 - probability))
    return math.log(-math.log1p(-probability))


@pytest.mark.parametrize("card", [card for card in RUNNING if card.items], ids=named)
@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_points_of_the_items_add_up_to_the_score(card: Card, data: Any) -> None:
    found = score(card, data.draw(valid_inputs(card)))
    given_points = sum(item.effect for item in contributions(card, found.inputs))
    assert given_points == found.outputs[card.points or "points"]


BAD = (
    st.floats(allow_nan=True, allow_infinity=True)
    | st.text(max_size=8)
    | st.none()
    | st.booleans()
    | st.integers()
    | st.lists(st.integers(), max_size=2)
    | st.dictionaries(st.text(max_size=3), st.integers(), max_size=2)
)


@pytest.mark.parametrize("card", CARDS, ids=named)
@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(data=st.data())
def test_bad_input_gives_a_reason_and_never_a_number(card: Card, data: Any) -> None:
    inputs: dict[str, Any] = data.draw(valid_inputs(card))
    spoilt = data.draw(st.dictionaries(st.sampled_from(sorted(inputs)), BAD, min_size=1))
    country = data.draw(st.none() | st.text(max_size=4) | st.sampled_from(["FI", "US", "MC"]))
    found = score(card, {**inputs, **spoilt}, country=country)
    if not found.applicable:
        assert found.reason
        assert found.outputs == {}
        return
    for name in spoilt:
        value = found.inputs[name]
        given_kind = card.inputs[name].type
        assert isinstance(value, {"boolean": bool, "code": str}.get(given_kind, int | float))
    for value in found.outputs.values():
        assert isinstance(value, str) or math.isfinite(value)
