"""Rows: the newest usable value by instant, ties settled, derived values marked."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappers.derived import ckd_epi
from mappers.document import Mapped
from mappers.features import rows, sources
from terminology.records import Measurement, Person

AS_OF = datetime(2024, 6, 1, tzinfo=UTC)
PERSON = Person("Patient", "p1", "FI", "female", "1970-02-03", reference="Patient/p1")


def measured(feature: str, value: Any, effective: str | None, **more: Any) -> Measurement:
    unit = None if isinstance(value, bool) else "x"
    given = {"resource": f"Observation/{feature}-{value}", "subject": "Patient/p1", **more}
    return Measurement(feature, value, unit, "Observation", effective=effective, **given)


def row(
    *measurements: Measurement, person: Person | None = PERSON, country: str | None = None
) -> Any:
    people = (person,) if person else ()
    return rows(Mapped(people, measurements), AS_OF, country)[0]


CHOICES: dict[str, tuple[list[Measurement], Any]] = {
    "the newest by instant": (
        [
            measured("sodium", 138.0, "2024-05-01T23:30:00-03:30"),
            measured("sodium", 139.0, "2024-05-02T01:00:00Z"),
        ],
        138.0,
    ),
    "nothing of the future": (
        [measured("sodium", 138.0, "2024-05-01"), measured("sodium", 139.0, "2024-06-02")],
        138.0,
    ),
    "a final one before a newer preliminary": (
        [
            measured("sodium", 138.0, "2023"),
            measured("sodium", 139.0, "2024", flags=("preliminary",)),
        ],
        138.0,
    ),
    "a preliminary one when there is no other": (
        [measured("sodium", 139.0, "2024", flags=("preliminary",))],
        139.0,
    ),
    "an exact one before a newer bound": (
        [measured("sodium", 138.0, "2023"), measured("sodium", 139.0, "2024", comparator="<")],
        138.0,
    ),
    "a dated one before one without a date": (
        [measured("sodium", 138.0, "1999"), measured("sodium", 139.0, None)],
        138.0,
    ),
    "the later version": (
        [
            measured("sodium", 139.0, "2024", version="9", resource="Observation/a"),
            measured("sodium", 138.0, "2024", version="10", resource="Observation/a"),
        ],
        138.0,
    ),
    "the one without a flag": (
        [
            measured("sodium", 139.0, "2024", flags=("specimen",)),
            measured("sodium", 138.0, "2024"),
        ],
        138.0,
    ),
    "a fact that is true somewhere": (
        [measured("diabetes", True, "2010"), measured("diabetes", False, "2024")],
        True,
    ),
    "a fact that is denied": ([measured("diabetes", False, "2024")], False),
}


@pytest.mark.parametrize(("sent", "value"), CHOICES.values(), ids=CHOICES)
def test_choices_do_not_depend_on_the_order(sent: list[Measurement], value: Any) -> None:
    feature = sent[0].feature
    assert row(*sent).features[feature].value == value
    assert row(*reversed(sent)).features[feature].value == value


@given(
    st.permutations(
        [measured("sodium", float(v), d) for v in (1, 2, 3) for d in ("2024", "2023-05-01", None)]
    )
)
def test_any_order_gives_the_same_row(sent: list[Measurement]) -> None:
    assert row(*sent).features["sodium"].resource == "Observation/sodium-3.0"


def test_a_row_says_whose_it_is() -> None:
    found = row(measured("sodium", 138.0, "2024"))
    assert (found.patient, found.country, found.sex, found.birth) == (
        "Patient/p1",
        "FI",
        "female",
        "1970-02-03",
    )
    assert found.person is PERSON


def test_patients_are_not_mixed_and_values_without_a_subject_are_left() -> None:
    other = measured("sodium", 140.0, "2024", subject="Patient/p2")
    lost = measured("sodium", 141.0, "2024", subject=None)
    first, second = rows(Mapped((PERSON,), (other, lost)), AS_OF, "SE")
    assert (first.patient, dict(first.features)) == ("Patient/p1", {})
    assert (second.patient, second.country, second.person) == ("Patient/p2", "SE", None)
    assert second.features["sodium"].value == 140.0


WEIGHT = measured("body_weight", 80.0, "2024-03-01")
HEIGHT = measured("body_height", 200.0, "2010")


def test_body_mass_index_follows_from_weight_and_height() -> None:
    found = row(WEIGHT, HEIGHT).features["bmi"]
    assert (found.value, found.unit, found.effective) == (20.0, "kg/m2", "2024-03-01")
    assert found.flags == ("derived",)
    assert found.derived_from == (WEIGHT, HEIGHT)


@pytest.mark.parametrize(("given", "value"), [("2024-03-01", 31.0), ("2023", 20.0)])
def test_a_given_value_wins_unless_what_it_follows_from_is_newer(given: str, value: float) -> None:
    assert row(WEIGHT, HEIGHT, measured("bmi", 31.0, given)).features["bmi"].value == value


@pytest.mark.parametrize(
    "more",
    [
        {"body_height": measured("body_height", 200.0, "2010", comparator=">")},
        {"body_weight": None},
    ],
    ids=["bounded", "absent"],
)
def test_nothing_follows_from_a_bound_or_from_nothing(more: dict[str, Measurement | None]) -> None:
    sent = {"body_weight": WEIGHT, "body_height": HEIGHT, **more}
    assert "bmi" not in row(*(m for m in sent.values() if m)).features


@pytest.mark.parametrize(
    ("country", "equation", "value"),
    [("FI", "ckd-epi-2009", 63.82), ("US", "ckd-epi-2021", 66.95), ("FJ", "ckd-epi-2021", 66.95)],
)
def test_egfr_by_the_countrys_equation(country: str, equation: str, value: float) -> None:
    person = Person("Patient", "p1", country, "female", "1970-02-03", reference="Patient/p1")
    found = row(measured("creatinine", 88.402, "2024-03-01"), person=person).features["egfr"]
    assert found.flags == ("derived", equation)
    assert found.value == pytest.approx(value, abs=0.05)


@pytest.mark.parametrize(
    "change",
    [
        {"birth": "1970"},
        {"birth": None},
        {"birth_estimated": True},
        {"sex": "other"},
        {"birth": "2010-01-01"},
    ],
    ids=str,
)
def test_egfr_needs_an_adult_of_known_age_and_sex(change: dict[str, Any]) -> None:
    given = {"sex": "female", "birth": "1970-02-03", "reference": "Patient/p1", **change}
    person = Person("Patient", "p1", **given)
    assert "egfr" not in row(measured("creatinine", 88.4, "2024-03-01"), person=person).features


@pytest.mark.parametrize(
    ("sex", "creatinine", "age", "wanted"),
    [("female", 1.0, 50, 68.7), ("male", 1.0, 50, 91.6), ("male", 0.8, 30, 122.0)],
)
def test_ckd_epi_2021(sex: str, creatinine: float, age: int, wanted: float) -> None:
    assert ckd_epi("ckd-epi-2021", creatinine, sex, age) == pytest.approx(wanted, abs=0.4)


def test_non_hdl_of_one_sample() -> None:
    total = measured("total_cholesterol", 5.5, "2024-03-01T08:00:00Z")
    hdl = measured("hdl_cholesterol", 1.5, "2024-03-01T08:00:00Z")
    found = row(total, hdl)
    assert found.features["non_hdl_cholesterol"].value == 4.0
    assert sources(found)["non_hdl_cholesterol"] == (total, hdl)
    later = measured("hdl_cholesterol", 1.5, "2024-04-01T08:00:00Z")
    assert "non_hdl_cholesterol" not in row(total, later).features


def test_the_later_version_of_a_patient() -> None:
    older = Person("Patient", "p1", sex="male", reference="Patient/p1", version="2")
    newer = Person("Patient", "p1", sex="female", reference="Patient/p1", version="10")
    assert [r.sex for r in rows(Mapped((newer, older)), AS_OF)] == ["female"]


VECTORS = Path(__file__).parents[3] / "shared" / "scores" / "vectors"


@pytest.mark.skipif(not VECTORS.exists(), reason="../shared is absent")
@pytest.mark.parametrize("equation", ["2009", "2021"])
def test_published_vectors(equation: str) -> None:
    listed = json.loads((VECTORS / f"egfr_ckd_epi_{equation}.json").read_text())["vectors"]
    for vector in (one for one in listed if one["expected"].get("applicable", True)):
        sent = vector["inputs"]
        found = ckd_epi(f"ckd-epi-{equation}", sent["creatinine_mg_dl"], sent["sex"], sent["age"])
        assert found == pytest.approx(vector["expected"]["egfr_ml_min_1_73m2"], abs=0.0051)
