from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pytest

from gateway.store import assessments
from gateway.store.assessments import Made
from gateway.store.engine import writing
from gateway.store.views import drift as view
from gateway.web.health import Drifts
from gateway.web.ui_attention import _of_card
from scoring import drift
from scoring.engine import score
from terminology.records import Measurement, Original
from tests.scoring.angina import plain_card

if TYPE_CHECKING:
    import sqlalchemy as sa

    from scoring.cards import Card

RANDOM = np.random.default_rng(8)
INPUTS = {"age": 60, "sex": "male", "chest_pain_type": "asymptomatic"}


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch) -> Card:
    heart = plain_card()
    columns = {
        "sbp_mmhg": RANDOM.normal(140, 20, 1000),
        "age": RANDOM.normal(60, 1, 1000),
        "max_heart_rate_min": RANDOM.normal(140, 10, 1000),
    }
    assert heart.training is not None
    kept = drift.reference(columns, heart.inputs)
    training = msgspec.structs.replace(heart.training, reference=kept)
    made = msgspec.structs.replace(heart, training=training)
    monkeypatch.setattr(view, "load", lambda: {made.id: made})
    return made


def assessed(store: sa.Engine, card: Card, mean: float, rows: int = 300) -> None:
    made = []
    for n, value in enumerate(RANDOM.normal(mean, 20, rows).tolist()):
        found = score(card, {**INPUTS, "sbp_mmhg": value, "age": RANDOM.normal(60, 1)})
        sent = Measurement("systolic_bp", value, "mm[Hg]", "x", original=Original(unit="mmHg"))
        found = replace(found, basis=(sent,))
        made.append(Made(f"a{n}", f"p{n}", found, ()))
    with writing(store) as conn:
        assessments.add(conn, "s", made)


def test_the_newest_assessments_are_held_to_the_training(store: sa.Engine, card: Card) -> None:
    assessed(store, card, 175)
    found = {one.input: one for one in view.drifts(store)[card.id]}
    assert found["sbp_mmhg"].level == "much"
    assert found["sbp_mmhg"].missing == 0
    assert (found["max_heart_rate_min"].psi, found["max_heart_rate_min"].missing) == (None, 1)
    assert view.drifts(store)[card.id] is view.drifts(store)[card.id]
    gauge, alarm = Drifts(store).collect()
    assert {one.labels["input"] for one in alarm.samples if one.value} == {"sbp_mmhg"}
    values = {one.labels["input"]: one.value for one in gauge.samples}
    assert values["sbp_mmhg"] > 0.25
    (task,) = _of_card(card.id, view.drifts(store)[card.id])
    assert "sbp_mmhg" in task.text


def test_few_assessments_say_nothing(store: sa.Engine, card: Card) -> None:
    assessed(store, card, 175, rows=50)
    assert view.drifts(store) == {}
