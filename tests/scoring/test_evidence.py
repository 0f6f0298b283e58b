from __future__ import annotations

import numpy as np
import pytest

from scoring.appraisal import appraise
from scoring.cards import card
from scoring.evidence import Evidence, gather
from scoring.recalibration import recalibrate
from scoring.tables import TableError
from tests.scoring.angina import lines, plain_card

HEART = plain_card()
SWISS, HUNGARIAN = "processed.switzerland.data", "processed.hungarian.data"


def evidence(**files: str) -> Evidence:
    named = {"swiss": SWISS, "hungarian": HUNGARIAN}
    return gather(HEART, {named.get(k, k): text.encode() for k, text in files.items()})


def test_rows_without_a_label_are_counted_and_left_out() -> None:
    one = lines(30, 1)
    silent = "".join(line.rsplit(",", 1)[0] + ",?\n" for line in lines(5, 2).splitlines())
    strange = lines(1, 3).replace(",", ",,", 1)
    found = evidence(swiss=one + silent + one + strange)
    assert len(found.truth) == 30
    assert found.told["repeated rows left out"] == 30
    assert found.told["rows without the outcome left out"] == 5
    assert found.told["rows with too many or too few cells left out"] == 1


def test_rows_that_the_card_refuses_are_counted() -> None:
    old = lines(4, 1).splitlines()
    aged = "".join("99," + line.split(",", 1)[1] + "\n" for line in old)
    found = evidence(swiss=lines(20, 2) + aged)
    assert len(found.truth) == 20
    assert found.told == {"rows that the card says nothing of": 4}


def test_a_file_of_the_data_set_tells_the_country() -> None:
    found = evidence(swiss=lines(12, 1), hungarian=lines(11, 2), other=lines(10, 3))
    names, counts = np.unique(found.groups("country").astype(str), return_counts=True)
    assert dict(zip(names.tolist(), counts.tolist(), strict=True)) == {
        "CH": 12,
        "HU": 11,
        "unknown": 10,
    }
    assert {*found.groups("site")} == {"budapest", "other", "zurich_basel"}
    assert "0-39" in found.groups("age")


def test_nothing_to_tell_groups_apart_by() -> None:
    with pytest.raises(TableError, match="cannot be told apart by sbp_mmhg"):
        evidence(swiss=lines(12, 1)).groups("sbp_mmhg")
    with pytest.raises(TableError, match="no trained model"):
        gather(card("score2"), {})
    with pytest.raises(TableError, match="both a label and a probability"):
        appraise(evidence(swiss=""))


def test_an_appraisal_tells_groups_notes_and_gaps() -> None:
    found = appraise(evidence(swiss=lines(300, 1, shift=1.5), hungarian=lines(300, 2))).told()
    assert list(found["by"]) == ["country", "sex", "age"]
    swiss, hungarian = found["by"]["country"]["CH"], found["by"]["country"]["HU"]
    assert swiss["o_e"]["low"] > 1
    assert hungarian["o_e"]["low"] < 1 < hungarian["o_e"]["high"]
    assert set(swiss["auc"]) == {"value", "low", "high"}
    assert "calibration unknown for CH, HU" in found["notes"]
    assert any("may hold its own rows" in note for note in found["notes"])
    (gap,) = (g for g in found["fairness"]["country"]["gaps"] if g["figure"] == "ece")
    assert (gap["highest"], gap["apart"]) == ("CH", True)


def test_recalibrated_for_a_country_and_then_another() -> None:
    swiss = recalibrate(HEART, {"x.data": lines(150, 1, shift=1.5).encode()}, group="CH")
    assert swiss.card.calibration is not None
    assert swiss.card.calibration.groups["CH"].intercept == pytest.approx(1.5, abs=0.5)
    both = recalibrate(swiss.card, {HUNGARIAN: lines(150, 2).encode()}, by="country")
    assert both.card.calibration is not None
    assert both.card.calibration.groups["CH"] == swiss.card.calibration.groups["CH"]
    assert both.card.calibration.groups["HU"].intercept == pytest.approx(0, abs=0.5)
    assert swiss.gains[0].after < swiss.gains[0].before
    versions = [one.version for one in (HEART, swiss.card, both.card)]
    assert len(set(versions)) == 3
    assert all(version.split("-")[0] == HEART.version for version in versions)
    assert {version.count("-") for version in versions[1:]} == {1}


@pytest.mark.parametrize(
    ("by", "key", "groups"),
    [
        ("sex", "sex", {"male", "female"}),
        ("cp", "chest_pain_type", {*HEART.inputs["chest_pain_type"].levels}),
        ("restecg", "ecg_rest", {*HEART.inputs["ecg_rest"].levels}),
        (None, "", {"all"}),
    ],
    ids=["an input's own name", "a column of an input", "another", "nothing"],
)
def test_what_the_groups_go_by(by: str | None, key: str, groups: set[str]) -> None:
    found = recalibrate(HEART, {"x.data": lines(200, 4).encode()}, by=by).card.calibration
    assert found is not None
    assert (found.by, set(found.groups)) == (key, groups)


def test_a_column_that_is_not_there() -> None:
    with pytest.raises(TableError, match=r"x\.data: there is no column COUNTRY"):
        recalibrate(HEART, {"x.data": lines(20, 1).encode()}, by="COUNTRY")
    with pytest.raises(TableError, match="both a label and a probability"):
        recalibrate(HEART, {"x.data": b""}, by="sex")
