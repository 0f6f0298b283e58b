"""What resources can be found by: one row a value, whatever shape the value has."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.store.identity import Place
from gateway.store.index import rows
from gateway.store.parameters import load, of_type

SYSTEM = "http://loinc.org"


def values(kind: str, param: str, **content: Any) -> list[tuple[Any, ...]]:
    """Return system, text, low and high of the rows of one parameter."""
    found = rows({"resourceType": kind, **content}, Place("fi").localise)
    return [(one.system, one.text, one.low, one.high) for one in found if one.param == param]


def texts(kind: str, param: str, **content: Any) -> list[str | None]:
    return [text for _, text, _, _ in values(kind, param, **content)]


def test_tokens() -> None:
    concept = {"coding": [{"system": SYSTEM, "code": "a"}, {"code": "b"}], "text": "words"}
    assert values("Observation", "code", code=concept) == [
        (SYSTEM, "a", None, None),
        ("", "b", None, None),
    ]
    assert values("Observation", "status", status="final") == [(None, "final", None, None)]
    assert values("Patient", "active", active=False) == [(None, "false", None, None)]
    identifier = [{"system": "urn:a", "value": "1"}, {"value": "2"}, {"system": "urn:b"}]
    assert values("Patient", "identifier", identifier=identifier) == [
        ("urn:a", "1", None, None),
        ("", "2", None, None),
    ]
    telecom = [{"system": "phone", "value": "1"}, {"system": "email", "value": "e"}]
    assert texts("Patient", "email", telecom=telecom) == ["e"]
    assert texts("Patient", "telecom", telecom=telecom) == ["1", "e"]


def test_a_choice_is_read_by_the_type_it_has() -> None:
    for content in (
        {"medicationCodeableConcept": {"coding": [{"code": "m"}]}},
        {"medication": {"concept": {"coding": [{"code": "m"}]}}},
    ):
        assert texts("MedicationStatement", "code", **content) == ["m"]
    reference = {"reference": "Medication/1"}
    for content in ({"medicationReference": reference}, {"medication": {"reference": reference}}):
        assert texts("MedicationStatement", "medication", **content) == ["Medication/fi.1"]


def test_references_mean_what_they_mean_at_the_source() -> None:
    for text, expected in (
        ("Patient/1", "Patient/fi.1"),
        ("Patient/1/_history/3", "Patient/fi.1"),
        ("https://elsewhere.example/Patient/1", "https://elsewhere.example/Patient/1"),
        ("urn:uuid:x", "urn:uuid:x"),
    ):
        assert texts("Observation", "subject", subject={"reference": text}) == [expected]
    assert texts("Observation", "subject", subject={"reference": "#here"}) == []
    logical = {"identifier": {"system": "urn:a", "value": "7"}}
    found = values("Observation", "subject:identifier", subject=logical)
    assert found == [("urn:a", "7", None, None)]


def test_dates() -> None:
    day = 86_400_000
    assert values("Patient", "birthdate", birthDate="1970-01-02") == [(None, None, day, 2 * day)]
    period = {"start": "1970-01-02", "end": "1970-01-03"}
    assert values("Observation", "date", effectivePeriod=period) == [(None, None, day, 3 * day)]
    timing = {"event": ["1970-01-02", "1970-01-03"]}
    assert len(values("Observation", "date", effectiveTiming=timing)) == 2
    for odd in ("yesterday", "1970-13", "1970-02-30", "", 1970, None, ["1970"] * 0):
        assert values("Patient", "birthdate", birthDate=odd) == []


def test_quantities_and_numbers() -> None:
    quantity = {"value": Decimal("5.40"), "unit": "mg", "system": "urn:u", "code": "mg"}
    assert values("Observation", "value-quantity", valueQuantity=quantity) == [
        ("urn:u", "mg", 5.4, 5.4)
    ]
    reach = {"low": {"value": 1, "code": "x"}, "high": {"value": 2}}
    assert values("Observation", "component-value-quantity", component=[{"valueRange": reach}]) == [
        (None, "x", 1.0, 2.0)
    ]
    prediction = [{"probabilityDecimal": Decimal("12.3")}, {"probabilityRange": reach}]
    found = values("RiskAssessment", "probability", prediction=prediction)
    assert [(low, high) for _, _, low, high in found] == [(12.3, 12.3), (1.0, 2.0)]
    for odd in ("5", True, None, {}, 10**400):
        assert values("Observation", "value-quantity", valueQuantity={"value": odd}) == []


def test_strings_are_folded_part_by_part() -> None:
    name = [{"family": "Mäkelä", "given": ["Ada", "ÅSA"], "text": "Ada  Mäkelä"}]
    assert texts("Patient", "name", name=name) == ["ada makela", "makela", "ada", "asa"]
    address = [{"line": ["Road 1"], "city": "Turku", "use": "home"}]
    assert texts("Patient", "address", address=address) == ["road 1", "turku"]


def test_truths_are_told_even_of_what_is_absent() -> None:
    assert texts("Patient", "deceased") == ["false"]
    assert texts("Patient", "deceased", deceasedBoolean=False) == ["false"]
    assert texts("Patient", "deceased", deceasedDateTime="2020") == ["true"]


def test_every_parameter_names_others_of_its_type() -> None:
    for kind in load():
        for parameter in of_type(kind).values():
            assert set(parameter.stored) <= set(of_type(kind)) | {parameter.name}


odd = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.decimals(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["reference", "coding", "code", "system", "value", "start", "low", "event", "text"]
            ),
            inner,
            max_size=3,
        )
    ),
)


@pytest.mark.parametrize("kind", ["Patient", "Observation", "RiskAssessment", "Unheard"])
@given(st.data())
def test_no_json_raises(kind: str, data: st.DataObject) -> None:
    names = sorted({path.partition(".")[0] for one in of_type(kind).values() for path in one.paths})
    elements = [name.replace("[x]", "Quantity").partition("[")[0] for name in names]
    content = data.draw(st.dictionaries(st.sampled_from(elements), odd, max_size=4))
    rows({"resourceType": kind, **content}, Place("fi").localise)
