"""A relative's illness: an input about the family, never the patient's own fact."""

from datetime import UTC, datetime
from typing import Any

import pytest

from mappers import facts, family
from mappers.document import map_document
from mappers.features import rows
from scoring import cards

SNOMED, ICD = "http://snomed.info/sct", "http://hl7.org/fhir/sid/icd-10"
ROLE = "http://terminology.hl7.org/CodeSystem/v3-RoleCode"
PATIENT = {"reference": "Patient/p1"}
DIABETES, ATTACK, STROKE = "44054006", "22298006", "230690007"
FIRST, SECOND = "family_history_diabetes_first_degree", "family_history_diabetes_second_degree"
EARLY, UNDER_60 = "family_history_premature_cvd", "family_history_chd_under_60"


def concept(code: str, system: str = SNOMED, **more: Any) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code, **more}]}


def years(value: object, code: str = "a") -> dict[str, Any]:
    return {"value": value, "system": "http://unitsofmeasure.org", "code": code}


def relative(role: str, *conditions: Any, system: str = ROLE, **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "FamilyMemberHistory",
        "id": "f1",
        "status": "completed",
        "patient": PATIENT,
        "date": "2024-05-01",
        "relationship": concept(role, system),
        "condition": list(conditions),
        **more,
    }


def ill(code: str, system: str = SNOMED, **more: Any) -> dict[str, Any]:
    return {"code": concept(code, system), **more}


def told(*sent: dict[str, Any]) -> dict[str, Any]:
    document = {"resourceType": "Bundle", "entry": [{"resource": one} for one in sent]}
    mapped = map_document(document)
    return {one.feature: one.value for one in mapped.measurements if one.subject == "Patient/p1"}


TOLD: dict[str, tuple[dict[str, Any], dict[str, bool]]] = {
    "mother": (relative("MTH", ill(DIABETES)), {FIRST: True}),
    "brother by SNOMED": (relative("70924004", ill(DIABETES), system=SNOMED), {FIRST: True}),
    "role of STU3": (
        relative("NFTH", ill("E11.9", ICD), system="http://hl7.org/fhir/v3/RoleCode"),
        {FIRST: True},
    ),
    "daughter, partial": (relative("DAU", ill("E10", ICD), status="partial"), {FIRST: True}),
    "grandmother": (relative("MGRMTH", ill(DIABETES)), {SECOND: True}),
    "cousin": (relative("COUSN", ill(DIABETES)), {SECOND: True}),
    "father, heart attack at 54": (
        relative("FTH", ill(ATTACK, onsetAge=years(54))),
        {EARLY: True, UNDER_60: True},
    ),
    "father, heart attack at 55": (
        relative("FTH", ill(ATTACK, onsetAge=years(55))),
        {UNDER_60: True},
    ),
    "mother, heart attack at 60": (
        relative("MTH", ill(ATTACK, onsetAge=years(60))),
        {EARLY: True},
    ),
    "mother, stroke at 64": (relative("MTH", ill(STROKE, onsetAge=years(64))), {EARLY: True}),
    "son, angina at 40": (
        relative("SON", ill("I20.9", ICD, onsetAge=years(40, "years"))),
        {UNDER_60: True},
    ),
    "sibling of a told sex, in a range": (
        relative(
            "NSIB",
            ill(ATTACK, onsetRange={"low": years(45), "high": years(50)}),
            sex=concept("male", "http://hl7.org/fhir/administrative-gender"),
        ),
        {EARLY: True, UNDER_60: True},
    ),
    "no age": (relative("FTH", ill(ATTACK)), {}),
    "age in months": (relative("FTH", ill(ATTACK, onsetAge=years(40, "mo"))), {}),
    "age from below": (
        relative("FTH", ill(ATTACK, onsetAge={**years(50), "comparator": ">"})),
        {},
    ),
    "age as a text": (relative("FTH", ill(ATTACK, onsetString="at 50")), {}),
    "sibling of no sex": (relative("NSIB", ill(ATTACK, onsetAge=years(40))), {}),
    "step-father": (relative("STPFTH", ill(DIABETES)), {}),
    "half-brother": (relative("HBRO", ill(DIABETES)), {}),
    "wife": (relative("WIFE", ill(DIABETES)), {}),
    "any relative": (relative("FAMMEMB", ill(DIABETES)), {}),
    "no system": ({**relative("MTH", ill(DIABETES)), "relationship": {"text": "Mother"}}, {}),
    "gestational": (relative("MTH", ill("O24.4", ICD)), {}),
    "another illness": (relative("MTH", ill("38341003")), {}),
    "no illness": (relative("MTH"), {}),
    "in error": (relative("MTH", ill(DIABETES), status="entered-in-error"), {}),
    "unknown": (relative("MTH", ill(DIABETES), status="health-unknown"), {}),
    "not done": (relative("MTH", ill(DIABETES), notDone=True), {}),
    "turned around": (relative("MTH", ill(DIABETES), modifierExtension=[{"url": "u"}]), {}),
    "an illness turned around": (
        relative("MTH", ill(DIABETES, modifierExtension=[{"url": "u"}])),
        {},
    ),
    "odd": (relative("MTH", 1, None, {"code": 1}, ill(DIABETES, onsetAge=7), sex=7), {FIRST: True}),
}


@pytest.mark.parametrize(("sent", "wanted"), TOLD.values(), ids=TOLD)
def test_what_a_relative_makes_known(sent: dict[str, Any], wanted: dict[str, bool]) -> None:
    assert told(sent) == wanted


def condition(**more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Condition",
        "id": "c1",
        "subject": PATIENT,
        "clinicalStatus": {"coding": [{"code": "active"}]},
        **more,
    }


NOT_THE_PATIENTS: dict[str, dict[str, Any]] = {
    "category": condition(code=concept(DIABETES), category=[concept("family-history", "x")]),
    "category of SNOMED": condition(code=concept(DIABETES), category=[concept("57177007")]),
    "text": condition(code={**concept(DIABETES), "text": "Family history of diabetes"}),
    "display": condition(code=concept(DIABETES, display="FH: diabetes mellitus")),
    "a code beside": condition(
        code={"coding": [*concept("Z83.3", ICD)["coding"], *concept(DIABETES)["coding"]]}
    ),
    "a situation": condition(code=concept("160303001")),
    "words of doubt": condition(code={**concept(DIABETES), "text": "Diabetes ruled out"}),
    "of a relative": condition(
        code=concept(DIABETES), subject={"reference": "RelatedPerson/mother"}
    ),
    "contained in a relative's": relative(
        "WIFE", contained=[{**condition(code=concept(DIABETES)), "subject": {}}]
    ),
}


@pytest.mark.parametrize("sent", NOT_THE_PATIENTS.values(), ids=NOT_THE_PATIENTS)
def test_what_is_not_the_patients_own(sent: dict[str, Any]) -> None:
    assert told(sent) == {}


def test_no_relative_makes_a_fact_of_the_patients_own_true() -> None:
    names = {code for fact in facts.load().values() for code in fact.codes.get("snomed", ())}
    every = [ill(code, onsetAge=years(30)) for code in names]
    found = told(*(relative(role, *every) for role in ("MTH", "FTH", "BRO", "SIS", "DAU", "AUNT")))
    assert set(found) == {history.name for history in family.load()}


@pytest.mark.parametrize(
    ("code", "wanted"),
    [("160274005", {FIRST: False, SECOND: False}), ("160270001", {EARLY: False, UNDER_60: False})],
)
def test_a_denial_makes_it_false(code: str, wanted: dict[str, bool]) -> None:
    assert told(condition(code=concept(code))) == wanted


def test_an_empty_section_denies_the_whole_family() -> None:
    reason = {"coding": [{"code": "nilknown"}]}
    section = {"code": concept("10157-6", "http://loinc.org"), "emptyReason": reason}
    sent = {"resourceType": "Composition", "subject": PATIENT, "section": [section]}
    assert told(sent) == dict.fromkeys((history.name for history in family.load()), False)


DEGREES = {
    "first": ([relative("MTH", ill(DIABETES)), relative("AUNT", ill(DIABETES))], "first_degree"),
    "second alone": ([relative("AUNT", ill(DIABETES))], None),
    "none": ([condition(code=concept("160274005"))], "none"),
    "denied, then an aunt": (
        [condition(code=concept("160274005")), relative("AUNT", ill(DIABETES))],
        "second_degree",
    ),
}


@pytest.mark.parametrize(("sent", "wanted"), DEGREES.values(), ids=DEGREES)
def test_the_closest_degree(sent: list[dict[str, Any]], wanted: str | None) -> None:
    document = {"resourceType": "Bundle", "entry": [{"resource": one} for one in sent]}
    mapped = map_document(document)
    (row,) = rows(mapped, datetime(2025, 1, 1, tzinfo=UTC))
    found = row.features.get("family_history_diabetes")
    assert (found.value if found else None) == wanted


def test_cards_ask_for_what_is_read_here() -> None:
    asked = {name for card in cards.load().values() for name in card.inputs if "family" in name}
    read = {history.name for history in family.load()} | {"family_history_diabetes"}
    assert asked <= read


def test_the_table_names_facts_and_relatives_that_exist() -> None:
    kinds = {one.kind for one in family.relatives().values()}
    for history in family.load():
        assert history.facts <= set(facts.load())
        assert history.relatives <= kinds
