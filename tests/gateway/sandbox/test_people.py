"""Every country's people: the same each time, valid, and with person numbers that are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gateway.errors import UsageError
from gateway.fhir.json import encode
from gateway.fhir.validate import validate
from gateway.sandbox.dialects import habits, load
from gateway.sandbox.identity import completed
from gateway.sandbox.people import cohort
from gateway.sandbox.population import read
from mappers import countries, identifiers

if TYPE_CHECKING:
    from datetime import datetime

EVERY = [(code, version) for code, one in countries.load().items() for version in one.fhir_versions]


@pytest.mark.parametrize(("country", "version"), EVERY)
def test_every_resource_is_valid(country: str, version: str, now: datetime) -> None:
    made = cohort(load(country, version), 15, 5, now)
    problems = [(r["id"], i.at, i.text) for r in made.resources for i in validate(r, version)]
    assert problems == []
    assert len(made.resources) > 15 * 15


def test_the_same_seed_gives_the_same_bytes(now: datetime) -> None:
    first, again = (encode(cohort(load("FI"), 30, 3, now).resources) for _ in range(2))
    assert first == again
    assert first != encode(cohort(load("FI"), 30, 4, now).resources)


def test_a_larger_sandbox_begins_with_the_same_people(now: datetime) -> None:
    few, many = (cohort(load("US"), number, 3, now).resources for number in (10, 25))
    assert many[: len(few)] == few


def test_two_countries_have_different_people(now: datetime) -> None:
    births = [[h.birth for h in cohort(load(cc), 10, 1, now).humans] for cc in ("FI", "NO")]
    assert births[0] != births[1]


@pytest.mark.parametrize("country", list(countries.load()))
def test_person_numbers_are_valid_and_fit_the_person(country: str, now: datetime) -> None:
    known = countries.load()[country].identifiers
    for human in cohort(load(country), 30, 2, now, flaws=False).humans:
        found = [identifiers.read(one) for one in human.patient["identifier"]]
        told = [one for one in found if one]
        assert len(told) == len(known)
        for identifier, scheme, of in told:
            assert of == country
            assert identifier.valid is not False
            assert (
                identifier.valid is not None
                or scheme.check is None
                or not scheme.guaranteed
                or human.birth.year < 1954
            )
            says = identifiers.implied(scheme, identifier.value)
            patient = human.patient
            assert says is None or not says.differs(patient["gender"], patient["birthDate"])


def test_every_scheme_of_the_countries_has_a_form() -> None:
    schemes = {s.scheme for one in countries.load().values() for s in one.identifiers}
    assert schemes == set(read("identifiers"))


def test_check_characters_are_tried_digits_first() -> None:
    assert list(completed("1?"))[:11] == [f"1{sign}" for sign in "0123456789A"]
    assert next(completed("??9")) == "009"


def test_ids_are_unique_and_references_are_kept(now: datetime) -> None:
    made = cohort(load("BE"), 60, 1, now)
    keys = [f"{r['resourceType']}/{r['id']}" for r in made.resources]
    assert len(keys) == len(set(keys))
    for resource in made.resources:
        members = [one["reference"] for one in resource.get("hasMember", ())]
        subject = resource.get("subject", {}).get("reference")
        assert {*members, *filter(None, [subject])} <= set(keys)


def test_times_are_in_the_past_on_the_countrys_clock(now: datetime) -> None:
    from datetime import datetime as moment

    for drawn in cohort(load("IN"), 60, 1, now).drawn:
        if "T" in drawn.effective:
            assert moment.fromisoformat(drawn.effective) <= now
            assert drawn.effective.endswith("+05:30")


def test_nothing_that_was_measured_is_left_out(now: datetime) -> None:
    drawn = cohort(load("US"), 5, 1, now, flaws=False).drawn
    last = {one.feature for one in drawn if one.resource.startswith("Observation/us-0005-")}
    assert last == {
        *("systolic_bp", "total_cholesterol", "glucose_fasting", "max_heart_rate"),
        *("chest_pain_type", "ecg_rest", "st_depression_exercise"),
    }
    ward = [one.feature for one in drawn if one.resource.startswith("Observation/us-0004-4-")]
    assert len(ward) == 8
    practice = [one.feature for one in drawn if one.resource.startswith("Observation/us-0001-1-")]
    assert len(practice) == 15


def test_kinds_of_people(now: datetime) -> None:
    strands = [human.strand for human in cohort(load("GB"), 60, 1, now).humans]
    counts = {name: strands.count(name) for name in set(strands)}
    assert counts == {"prevention": 36, "ward": 12, "cardiology": 12}


def test_japanese_names_come_in_two_scripts(now: datetime) -> None:
    kanji, kana = cohort(load("JP"), 1, 1, now).humans[0].patient["name"]
    assert [kanji["extension"][0]["valueCode"], kana["extension"][0]["valueCode"]] == ["IDE", "SYL"]
    assert kana["family"] != kanji["family"]


@pytest.mark.parametrize(
    ("country", "version", "told"),
    [("XX", None, "no country file for XX"), ("FI", "R3", "no FHIR version R3")],
)
def test_unknown_countries_and_versions_are_told(
    country: str, version: str | None, told: str
) -> None:
    with pytest.raises(UsageError, match=told):
        load(country, version)


def test_a_country_without_habits_is_served_plainly() -> None:
    assert habits("nowhere").zone == "+00:00"


def test_every_file_of_habits_belongs_to_a_country() -> None:
    from importlib.resources import files

    folder = files("gateway.sandbox") / "dialects"
    names = {file.name.removesuffix(".toml").upper() for file in folder.iterdir()}
    assert names <= set(countries.load())
    for name in names:
        habits(name.lower())
