"""The people drawn have the distributions of the cited figures, and the figures their source's."""

from __future__ import annotations

import csv
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import pytest

from gateway.sandbox.cardiology import cardiology
from gateway.sandbox.draws import ckd_epi_2021
from gateway.sandbox.population import load, read
from gateway.sandbox.prevention import prevention
from gateway.sandbox.ward import ward

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gateway.sandbox.draws import Draw
    from gateway.sandbox.population import Floats

NUMBER = 6000
SURVEY = {
    "body_height": "Height",
    "bmi": "BMI",
    "systolic_bp": "BPSysAve",
    "diastolic_bp": "BPDiaAve",
    "heart_rate": "Pulse",
    "total_cholesterol": "TotChol",
    "hdl_cholesterol": "DirectChol",
}
BANDS = ((20, 29), (30, 39), (40, 49), (50, 59), (60, 69), (70, 79), (80, 120))


@pytest.fixture(scope="module")
def practice() -> list[Draw]:
    return prevention(NUMBER, 7)


@pytest.fixture(scope="module")
def residuals(practice: list[Draw]) -> dict[str, Floats]:
    """Each value of the last visit in standard deviations from what its sex and age expect."""
    people = load()
    male = np.array([draw.male for draw in practice])
    age = np.array([draw.age for draw in practice])
    found = {}
    for name, moments in people.values.items():
        drawn = np.array([draw.visits[-1].values[name] for draw in practice], dtype=float)
        drawn = np.log(drawn) if moments.log else drawn
        mean, sd = (people.at(table, male, age) for table in (moments.mean, moments.sd))
        found[name] = (drawn - mean) / sd
    return found


@pytest.mark.parametrize("name", list(load().values))
def test_means_and_deviations_are_those_of_the_figures(
    residuals: dict[str, Floats], name: str
) -> None:
    assert abs(residuals[name].mean()) < 0.06
    assert residuals[name].std() == pytest.approx(1, abs=0.06)


@pytest.mark.parametrize(("one", "other"), list(combinations(load().values, 2)))
def test_correlations_are_those_of_the_figures(
    residuals: dict[str, Floats], one: str, other: str
) -> None:
    people = load()
    wanted = (people.root @ people.root.T)[people.order.index(one), people.order.index(other)]
    assert np.corrcoef(residuals[one], residuals[other])[0, 1] == pytest.approx(wanted, abs=0.08)


@pytest.mark.parametrize("fact", ["diabetes", "bp_treated", "statin"])
def test_shares_are_those_of_the_figures(practice: list[Draw], fact: str) -> None:
    people = load()
    male = np.array([draw.male for draw in practice])
    age = np.array([draw.age for draw in practice])
    wanted = people.at(people.shares[fact], male, age).mean()
    assert np.mean([draw.facts[fact] for draw in practice]) == pytest.approx(wanted, abs=0.02)


def test_statins_go_with_diabetes_as_published(practice: list[Draw]) -> None:
    old = [draw for draw in practice if draw.age >= 40 and draw.facts["diabetes"]]
    assert np.mean([draw.facts["statin"] for draw in old]) == pytest.approx(0.628 * 0.93, abs=0.06)


def test_glycaemia_separates_diabetes(practice: list[Draw]) -> None:
    last = {
        ill: [d.visits[-1].values["hba1c"] for d in practice if d.facts["diabetes"] is ill]
        for ill in (True, False)
    }
    assert np.mean(last[True]) == pytest.approx(7.4, abs=0.2)
    assert np.mean(last[False]) == pytest.approx(5.3, abs=0.1)


def test_some_people_are_outside_the_ages_of_the_scores(practice: list[Draw]) -> None:
    ages = np.array([draw.age for draw in practice])
    assert np.mean(ages < 40) > 0.05
    assert np.mean(ages >= 80) > 0.03


def test_pressures_are_possible(practice: list[Draw]) -> None:
    for draw in practice[:1000]:
        for visit in draw.visits:
            assert visit.values["diastolic_bp"] < visit.values["systolic_bp"]


@pytest.mark.parametrize("strand", [prevention, ward, cardiology])
def test_more_people_begin_with_the_same(strand: Callable[[int, int], list[Draw]]) -> None:
    assert strand(40, 3)[:15] == strand(15, 3)
    assert strand(5, 3) != strand(5, 4)


def test_all_bands_of_the_ward_occur() -> None:
    sets = [visit.values for draw in ward(200, 1) for visit in draw.visits]
    assert {s["consciousness_acvpu"] for s in sets} >= {"A", "C", "V"}
    assert min(s["spo2"] for s in sets) < 92
    assert max(s["respiratory_rate"] for s in sets) >= 25
    assert {s["supplemental_oxygen"] > 0 for s in sets} == {True, False}


def test_the_clinic_has_the_figures_of_its_source() -> None:
    plan, drawn = read("cardiology"), cardiology(4000, 1)
    for name in ("systolic_bp", "total_cholesterol", "max_heart_rate", "st_depression_exercise"):
        values = np.array([draw.visits[0].values[name] for draw in drawn])
        wanted = np.dot(plan["share"], plan["value"][name]["mean"])
        assert values.mean() == pytest.approx(wanted, rel=0.03), name
    pain = [draw.visits[0].values["chest_pain_type"] for draw in drawn]
    wanted = np.dot(plan["share"], plan["answers"]["chest_pain_type"]["asymptomatic"])
    assert pain.count("asymptomatic") / len(pain) == pytest.approx(wanted, abs=0.03)


def test_ckd_epi_2021_as_published() -> None:
    # Inker 2021: a woman of 50 with 0.7 mg/dL sits at both knots
    assert ckd_epi_2021(0.7 * 88.4, False, 50) == pytest.approx(142 * 0.9938**50 * 1.012)


@pytest.fixture(scope="module")
def survey(shared: Path) -> list[dict[str, str]]:
    path = shared / "data" / "nhanes-2009-2012" / "nhanes_adults.csv"
    with path.open(encoding="utf-8") as file:
        return [row for row in csv.DictReader(file) if row["PregnantNow"] != "Yes"]


@pytest.mark.parametrize("sex", ["female", "male"])
@pytest.mark.parametrize(("name", "column"), list(SURVEY.items()))
def test_figures_are_those_of_the_survey(
    survey: list[dict[str, str]], sex: str, name: str, column: str
) -> None:
    table = read("population")["value"][name]
    for place, (low, high) in enumerate(BANDS):
        rows = [
            (float(row[column]), float(row["WTMEC2YR"]))
            for row in survey
            if row["Gender"] == sex and low <= float(row["Age"]) <= high and row[column]
        ]
        value, weight = np.array(rows).T
        kept = value >= 30 if name == "diastolic_bp" else value > 0
        value, weight = value[kept], weight[kept]
        value = np.log(value) if table.get("log") else value
        mean = np.average(value, weights=weight)
        assert table[sex]["mean"][place] == pytest.approx(mean, abs=0.006)
        sd = np.sqrt(np.average((value - mean) ** 2, weights=weight))
        assert table[sex]["sd"][place] == pytest.approx(sd, abs=0.006)


def test_clinic_figures_are_those_of_the_data_set(shared: Path) -> None:
    path = shared / "data" / "heart-disease" / "processed.cleveland.data"
    rows = np.genfromtxt(path, delimiter=",", missing_values="?")
    plan = read("cardiology")
    columns = {"age": 0, "systolic_bp": 3, "max_heart_rate": 7, "st_depression_exercise": 9}
    for ill in (0, 1):
        part = rows[(rows[:, 13] > 0) == bool(ill)]
        for name, column in columns.items():
            figures = plan["value"][name]
            assert figures["mean"][ill] == pytest.approx(part[:, column].mean(), abs=0.006)
            assert figures["sd"][ill] == pytest.approx(part[:, column].std(), abs=0.006)
