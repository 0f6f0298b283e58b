from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pytest

from scoring import cards
from scoring.batch import score_batch
from scoring.calibration import Calibration, Group
from scoring.engine import score
from scoring.explain import baseline, contributions
from tests.scoring.angina import plain_card

if TYPE_CHECKING:
    from scoring.cards import Card

KNOTS = ((-2.0, -3.0), (-0.5, -0.5), (0.0, 0.0), (2.0, 3.5))
GROUPS = {
    "CH": Group("intercept", 40, 38, 1.9),
    "HU": Group("intercept-and-slope", 290, 100, -0.4, 1.2),
    "US": Group("isotonic", 5000, 2500, knots=KNOTS),
}
INPUTS = {"age": 60, "sex": "male", "chest_pain_type": "asymptomatic", "max_heart_rate_min": 120}
OUTPUT = "coronary_disease"


def calibrated(by: str = "country", **groups: Group) -> Card:
    return msgspec.structs.replace(
        plain_card(), calibration=Calibration(groups or GROUPS, by=by, data="x.csv")
    )


def odds(p: float) -> float:
    return float(np.log(p / (1 - p)))


def test_the_log_odds_move_as_the_group_says() -> None:
    plain = odds(score(plain_card(), INPUTS).outputs[OUTPUT])
    found = {c: odds(score(calibrated(), INPUTS, country=c).outputs[OUTPUT]) for c in GROUPS}
    assert found["CH"] == pytest.approx(plain + 1.9)
    assert found["HU"] == pytest.approx(-0.4 + 1.2 * plain)
    assert 0 < plain < 2
    assert found["US"] == pytest.approx(plain * 1.75)


@pytest.mark.parametrize(
    ("before", "after"), [(-3.0, -4.0), (-1.25, -1.75), (1.0, 1.75), (5.0, 6.5)]
)
def test_a_rising_line_goes_on_at_slope_one(before: float, after: float) -> None:
    assert GROUPS["US"].log_odds(np.array([before]))[0] == pytest.approx(after)


def test_columns_are_rows_to_the_bit() -> None:
    random = np.random.default_rng(1)
    size = 500
    columns = {
        "age": random.integers(30, 79, size).astype(float),
        "sex": random.integers(0, 2, size),
        "chest_pain_type": random.integers(0, 4, size),
        "max_heart_rate_min": random.uniform(80, 190, size),
    }
    country = random.choice(np.array([*GROUPS, "FR", None], dtype=object), size).tolist()
    card = calibrated()
    found = score_batch(card, columns, country=country).outputs[OUTPUT]
    for place in range(size):
        inputs = {
            name: levels[int(column[place])]
            if (levels := card.inputs[name].levels)
            else float(column[place])
            for name, column in columns.items()
        }
        one = score(card, inputs, country=country[place])
        assert one.outputs[OUTPUT] == found[place]


@pytest.mark.parametrize(("by", "column"), [("country", "country"), ("ward", "ward")])
def test_arrow_batches_are_rows_to_the_bit(by: str, column: str) -> None:
    pa = pytest.importorskip("pyarrow")
    from gateway.cohort.arrow import score_record_batch

    card, groups = calibrated(by), [*GROUPS, "FR", None]
    rows = [{**INPUTS, "age": 50.0 + place, column: one} for place, one in enumerate(groups)]
    found = score_record_batch(card, pa.RecordBatch.from_pylist(rows)).column(OUTPUT).to_pylist()
    assert found == [
        score(card, row, country=row.get("country")).outputs[OUTPUT]  # type: ignore[arg-type]
        for row in rows
    ]
    assert len(set(found)) == len(found)


def test_by_an_input() -> None:
    card = calibrated("sex", male=GROUPS["CH"])
    men, women = ({**INPUTS, "sex": sex} for sex in ("male", "female"))
    for inputs, moved in ((men, True), (women, False)):
        same = score(card, inputs).outputs == score(plain_card(), inputs).outputs
        assert same != moved
    columns = {name: np.array([value, value]) for name, value in INPUTS.items()}
    columns |= {"sex": np.array([0, 1]), "chest_pain_type": np.array([3, 3])}
    found = score_batch(card, columns).outputs[OUTPUT].tolist()
    assert found == [score(card, one).outputs[OUTPUT] for one in (men, women)]


@pytest.mark.parametrize("country", [*GROUPS, "FR"])
def test_contributions_add_up_on_the_log_odds(country: str) -> None:
    card = calibrated()
    found = score(card, INPUTS, country=country)
    effects = sum(one.effect for one in contributions(card, found.inputs, group=country))
    usual = baseline(card, found.inputs, country)[OUTPUT]
    assert effects == pytest.approx(odds(found.outputs[OUTPUT]) - odds(usual), abs=1e-9)


@pytest.mark.parametrize(
    ("card", "country", "said"),
    [
        (plain_card(), "CH", "calibration unknown for CH"),
        (plain_card(), None, "calibration unknown"),
        (calibrated(), "FR", "calibration unknown for FR"),
        (calibrated(), "CH", "recalibrated for CH on 40 rows"),
        (calibrated("", all=GROUPS["CH"]), "FR", "recalibrated on 40 rows"),
    ],
    ids=["never", "no country", "other country", "known", "for everybody"],
)
def test_the_score_says_what_is_known(card: Card, country: str | None, said: str) -> None:
    assert score(card, INPUTS, country=country).assumptions[-1] == said


def test_a_published_score_says_nothing() -> None:
    inputs = {"age": 60, "height_cm": 170, "weight_kg": 70}
    found = score(cards.card("bmi_class"), inputs, country="CH")
    assert not any("calibration" in said for said in found.assumptions)


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ('[calibration.groups.CH]\nmethod = "isotonic"\nn = 1\nevents = 0', "has knots"),
        ('[calibration.groups.CH]\nmethod = "intercept"\nn = 1\nevents = 0\nslope = -1.0', "slope"),
        (
            '[calibration.groups.CH]\nmethod="isotonic"\nn=1\nevents=0\nknots=[[0, 1], [1, 0]]',
            "must rise",
        ),
        ('by = ""\n[calibration.groups.CH]\nmethod = "intercept"\nn = 1\nevents = 0', "one group"),
        ('bye = "x"\n[calibration.groups]', "bye"),
    ],
    ids=["no knots", "falling", "falling knots", "two of all", "unknown key"],
)
def test_a_card_is_checked(table: str, problem: str) -> None:
    text = (cards.FOLDER / "heart_core10.toml").read_text(encoding="utf-8")
    with pytest.raises(cards.CardError, match=problem):
        cards.parse(f"{text}\n[calibration]\n{table}\n", "x.toml")


def test_only_a_probability_is_calibrated() -> None:
    text = (cards.FOLDER / "bmi_class.toml").read_text(encoding="utf-8")
    with pytest.raises(cards.CardError, match="one output is a probability"):
        cards.parse(f"{text}\n[calibration]\n[calibration.groups]\n", "x.toml")
