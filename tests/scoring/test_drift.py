from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pytest

from scoring import drift
from scoring.drift import Reference, Seen
from tests.scoring.angina import plain_card

if TYPE_CHECKING:
    from scoring.cards import Card

RANDOM = np.random.default_rng(4)
SBP = RANDOM.normal(140, 20, 3000)
SEX = (RANDOM.random(3000) < 0.3).astype(float)
SMALL = RANDOM.random(3000) < 0.1


def a_card(units: dict[str, float] | None = None) -> Card:
    heart = plain_card()
    columns = {"sbp_mmhg": np.where(SMALL, np.nan, SBP), "sex": SEX}
    found = drift.reference(columns, heart.inputs)
    found["sbp_mmhg"] = msgspec.structs.replace(found["sbp_mmhg"], units=units or {})
    assert heart.training is not None
    training = msgspec.structs.replace(heart.training, reference=found)
    return msgspec.structs.replace(heart, training=training)


def people(size: int, mean: float = 140, women: float = 0.3, unit: str = "mm[Hg]") -> list[Seen]:
    random = np.random.default_rng(5)
    return [
        Seen(
            {
                "sbp_mmhg": random.normal(mean, 20),
                "sex": ("male", "female")[random.random() < women],
            },
            {"sbp_mmhg": unit},
        )
        for _ in range(size)
    ]


def level(rows: list[Seen], name: str = "sbp_mmhg", card: Card | None = None) -> str:
    return next(one.level for one in drift.drift(card or a_card(), rows) if one.input == name)


def test_a_reference_is_shares_of_bins_answers_and_gaps() -> None:
    assert plain_card().inputs["sex"].levels == ("male", "female")
    training = a_card().training
    assert training is not None
    sbp, sex = training.reference["sbp_mmhg"], training.reference["sex"]
    assert len(sbp.edges) == 9
    assert sbp.shares == pytest.approx([0.1] * 10, abs=0.002)
    assert sbp.missing == pytest.approx(SMALL.mean(), abs=1e-6)
    assert sex.shares == pytest.approx([1 - SEX.mean(), SEX.mean()], abs=1e-6)


def test_a_number_of_few_values_has_few_bins() -> None:
    given = plain_card().inputs["sbp_mmhg"]
    one = drift.reference({"x": np.full(50, 120.0)}, {"x": given})["x"]
    assert one.edges == (120.0,)
    assert one.shares == (0.0, 1.0)
    assert drift.reference({"x": np.full(5, np.nan)}, {"x": given})["x"] == Reference(
        (0.0,), (), 1.0
    )


def test_psi_by_hand() -> None:
    now, then = [0.2, 0.3, 0.5], [0.3, 0.3, 0.4]
    wanted = -0.1 * np.log(2 / 3) + 0.1 * np.log(5 / 4)
    assert drift.psi(now, then) == pytest.approx(wanted)
    assert np.isfinite(drift.psi([0.0, 1.0], [0.5, 0.5]))


@pytest.mark.parametrize(
    ("mean", "wanted"), [(140, "none"), (148, "some"), (155, "much")], ids=["same", "some", "much"]
)
def test_the_index_tells_how_far(mean: float, wanted: str) -> None:
    assert level(people(1500, mean)) == wanted


def test_other_answers() -> None:
    assert level(people(1000, women=0.3), "sex") == "none"
    assert level(people(1000, women=0.6), "sex") == "much"


def test_missing_more_often() -> None:
    gone = [Seen({"sex": "male"}) if n % 3 == 0 else one for n, one in enumerate(people(900))]
    assert level(gone) == "some"


def test_another_unit_is_an_alarm_of_its_own() -> None:
    card = a_card({"mm[Hg]": 1.0})
    mixed = people(600) + people(300, unit="kPa")
    (found,) = [one for one in drift.drift(card, mixed) if one.input == "sbp_mmhg"]
    assert found.level == "much"
    assert found.strange_units == pytest.approx({"mm[Hg]": 2 / 3, "kPa": 1 / 3})
    assert level(people(600), card=card) == "none"


def test_a_mix_from_elsewhere_stands_in() -> None:
    earlier = {"sbp_mmhg": {"kPa": 1.0}}
    (found,) = [
        one for one in drift.drift(a_card(), people(600), earlier) if one.input == "sbp_mmhg"
    ]
    assert set(found.strange_units) == {"kPa", "mm[Hg]"}


def test_too_few_rows_say_nothing() -> None:
    assert drift.drift(a_card(), people(drift.FEWEST - 1)) == ()
    heart = plain_card()
    assert heart.training is not None
    bare = msgspec.structs.replace(heart.training, reference={})
    assert drift.drift(msgspec.structs.replace(heart, training=bare), people(400)) == ()
