"""Facts from Conditions, medications, sections and forms: true, false, or not known."""

from typing import Any

import pytest

from mappers import facts
from mappers.document import map_document, map_resources

SNOMED = "http://snomed.info/sct"
ICD = "http://hl7.org/fhir/sid/icd-10"
ATC = "http://www.whocc.no/atc"
IPS = "http://hl7.org/fhir/uv/ips/CodeSystem/absent-unknown-uv-ips"
STATUS = "http://terminology.hl7.org/CodeSystem/condition-clinical"


def concept(code: str, system: str = SNOMED) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}]}


def told(*resources: dict[str, Any]) -> dict[str, bool]:
    mapped = map_resources(resources)
    return {m.feature: m.value for m in mapped.measurements if isinstance(m.value, bool)}


def condition(code_: str, system: str = SNOMED, **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Condition",
        "id": "c1",
        "clinicalStatus": concept("active", STATUS),
        "verificationStatus": concept("confirmed"),
        "code": concept(code_, system),
        "subject": {"reference": "Patient/p1"},
        "recordedDate": "2020-05-01",
        **more,
    }


CONDITIONS: dict[str, tuple[dict[str, Any], dict[str, bool]]] = {
    "diabetes": (condition("73211009"), {"diabetes": True}),
    "type 2 is diabetes": (condition("44054006"), {"diabetes": True, "type2_diabetes": True}),
    "ICD-10 by its beginning": (condition("I48.0", ICD), {"atrial_fibrillation": True}),
    "ICD-10 of Germany": (
        condition("E10.90", "http://fhir.de/CodeSystem/bfarm/icd-10-gm"),
        {"diabetes": True, "type1_diabetes": True},
    ),
    "SKS of Denmark": (
        condition("DI48", "urn:oid:1.2.208.176.2.4.12"),
        {"atrial_fibrillation": True},
    ),
    "ICPC-2": (condition("K90", "http://hl7.org/fhir/sid/icpc-2"), {"prior_cvd": True}),
    "refuted": (
        condition("73211009", verificationStatus=concept("refuted")),
        {"diabetes": False},
    ),
    "refuted type 2 denies diabetes": (
        condition("44054006", verificationStatus=concept("refuted")),
        {"diabetes": False, "type2_diabetes": False},
    ),
    "STU3": (
        condition("49436004", clinicalStatus="active", verificationStatus="confirmed"),
        {"atrial_fibrillation": True},
    ),
    "a past stroke": (
        condition("230690007", clinicalStatus=concept("resolved", STATUS)),
        {"stroke_history": True, "prior_cvd": True},
    ),
    "no status at all": (
        {k: v for k, v in condition("49436004").items() if "Status" not in k},
        {"atrial_fibrillation": True},
    ),
}
UNKNOWN: dict[str, dict[str, Any]] = {
    "unconfirmed": condition("73211009", verificationStatus=concept("unconfirmed")),
    "provisional": condition("73211009", verificationStatus="provisional"),
    "differential": condition("73211009", verificationStatus=concept("differential")),
    "entered in error": condition("73211009", verificationStatus=concept("entered-in-error")),
    "resolved hypertension": condition("38341003", clinicalStatus=concept("resolved", STATUS)),
    "ended, by its date alone": condition(
        "38341003", clinicalStatus=None, abatementDateTime="2020-01-01"
    ),
    "suspected in Germany": condition(
        "E11.9",
        code={
            "coding": [
                {
                    "system": "http://fhir.de/CodeSystem/bfarm/icd-10-gm",
                    "code": "E11.9",
                    "extension": [
                        {
                            "url": "http://fhir.de/StructureDefinition/icd-10-gm-diagnosesicherheit",
                            "valueCoding": {"code": "V"},
                        }
                    ],
                }
            ]
        },
    ),
    "family history by ICD-10": condition("Z83.3", ICD),
    "another system": condition("73211009", "http://a.example"),
    "a text": condition("", code={"text": "Diabetes mellitus"}),
    "no information": condition("no-problem-info", IPS),
    "a modifier": condition("73211009", modifierExtension=[{"url": "http://a.example/not"}]),
    "an animal": condition("73211009", subject={"reference": "Group/herd"}),
}


@pytest.mark.parametrize(("sent", "wanted"), CONDITIONS.values(), ids=CONDITIONS)
def test_conditions(sent: dict[str, Any], wanted: dict[str, bool]) -> None:
    found = told(sent)
    assert wanted.items() <= found.items()
    assert len(set(found.values())) == 1


@pytest.mark.parametrize("sent", UNKNOWN.values(), ids=UNKNOWN)
def test_doubt_and_family_state_nothing(sent: dict[str, Any]) -> None:
    assert told(sent) == {}


def test_an_excluded_diagnosis_of_germany_is_a_denial() -> None:
    sent = UNKNOWN["suspected in Germany"]
    coding = sent["code"]["coding"][0]
    extension = {**coding["extension"][0], "valueCoding": {"code": "A"}}
    coded = {"coding": [{**coding, "extension": [extension]}]}
    assert told({**sent, "code": coded})["diabetes"] is False


def test_where_a_fact_comes_from() -> None:
    (found, *_) = map_document(condition("I48", ICD)).measurements
    assert (found.resource, found.subject, found.effective) == (
        "Condition/c1",
        "Patient/p1",
        "2020-05-01",
    )
    assert found.code is not None
    assert found.code.code == "I48"
    assert found.unit is None


@pytest.mark.parametrize(
    ("code", "system"), [("no-known-problems", IPS), ("160245001", SNOMED)], ids=["IPS", "SNOMED"]
)
def test_no_known_problems_denies_every_condition(code: str, system: str) -> None:
    found = told(condition(code, system))
    assert found["diabetes"] is False
    assert found["prior_cvd"] is False
    assert "statin" not in found
    assert "glucose_drug_or_diabetes" not in found


def medication(code: str, system: str = ATC, **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "MedicationStatement",
        "id": "m1",
        "status": "active",
        "medicationCodeableConcept": concept(code, system),
        "subject": {"reference": "Patient/p1"},
        **more,
    }


def order(code: str, **more: Any) -> dict[str, Any]:
    return {
        **medication(code), "resourceType": "MedicationRequest", "intent": "order", **more
    }  # fmt: skip


DRUG = {"resourceType": "Medication", "id": "d1", "code": concept("C10AA05", ATC)}
MIXED = {"resourceType": "Medication", "id": "d1", "code": {"text": "A brand"}}
REFERS = medication(
    "", medicationCodeableConcept=None, medicationReference={"reference": "Medication/d1"}
)
MEDICATIONS: dict[str, tuple[tuple[dict[str, Any], ...], dict[str, bool]]] = {
    "a statin": ((medication("C10AA05"),), {"statin": True, "lipid_lowering": True}),
    "a fibrate is no statin": ((medication("C10AB05"),), {"lipid_lowering": True}),
    "an order": ((order("C09AA02"),), {"bp_treated": True}),
    "by reference": (
        (DRUG, medication("", medicationCodeableConcept=None,
                          medicationReference={"reference": "Medication/d1"})),
        {"statin": True},
    ),
    "contained": (
        (medication("", medicationCodeableConcept=None, contained=[DRUG],
                    medicationReference={"reference": "#d1"}),),
        {"statin": True},
    ),
    "R5": (
        (medication("", status="recorded", medicationCodeableConcept=None,
                    medication={"concept": concept("C10AA05", ATC)}),),
        {"statin": True},
    ),
    "R5 by reference": (
        (DRUG, medication("", status="recorded", medicationCodeableConcept=None,
                          medication={"reference": {"reference": "Medication/d1"}})),
        {"statin": True},
    ),
    "by its ingredient": (
        ({**MIXED, "ingredient": [{"itemCodeableConcept": concept("C10AA05", ATC)}]}, REFERS),
        {"statin": True},
    ),
    "by its ingredient in R5": (
        ({**MIXED, "ingredient": [{"item": {"concept": concept("C10AA05", ATC)}}]}, REFERS),
        {"statin": True},
    ),
    "STU3, taken": ((medication("C09AA02", taken="y"),), {"bp_treated": True}),
    "insulin is a glucose drug": ((medication("A10AB01"),), {"glucose_drug_or_diabetes": True}),
}  # fmt: skip


@pytest.mark.parametrize(("sent", "wanted"), MEDICATIONS.values(), ids=MEDICATIONS)
def test_medications(sent: tuple[dict[str, Any], ...], wanted: dict[str, bool]) -> None:
    found = told(*sent)
    assert wanted.items() <= found.items()
    assert "diabetes" not in found


UNTAKEN: dict[str, dict[str, Any]] = {
    "stopped": medication("C10AA05", status="stopped"),
    "not taken": medication("C10AA05", status="not-taken"),
    "STU3, not taken": medication("C10AA05", taken="n"),
    "R5, not taken": medication(
        "C10AA05", status="recorded", adherence={"code": concept("not-taking")}
    ),
    "a proposal": order("C10AA05", intent="proposal"),
    "not to be given": order("C10AA05", doNotPerform=True),
    "no information": medication("no-medication-info", IPS, status="unknown"),
    "a name": medication("", medicationCodeableConcept={"text": "Atorvastatin"}),
}


@pytest.mark.parametrize("sent", UNTAKEN.values(), ids=UNTAKEN)
def test_one_drug_that_is_not_taken_denies_nothing(sent: dict[str, Any]) -> None:
    assert told(sent) == {}


@pytest.mark.parametrize(
    "part", [{"itemCodeableConcept": concept("C10AA05", ATC), "isActive": False}, {"item": 1}, 1]
)
def test_what_is_no_active_ingredient_states_nothing(part: Any) -> None:
    assert told({**MIXED, "ingredient": [part]}, REFERS) == {}


def test_no_known_medications_denies_every_treatment() -> None:
    found = told(medication("no-known-medications", IPS))
    assert found["statin"] is False
    assert found["bp_treated"] is False
    assert "diabetes" not in found


def document(section: dict[str, Any], *more: dict[str, Any]) -> dict[str, Any]:
    composition = {
        "resourceType": "Composition",
        "subject": {"reference": "Patient/p1"},
        "date": "2024-02-02",
        "section": [section],
    }
    entries = [{"resource": composition}, *({"resource": one} for one in more)]
    return {"resourceType": "Bundle", "type": "document", "entry": entries}


LOINC = "http://loinc.org"
REASONS = "http://terminology.hl7.org/CodeSystem/list-empty-reason"


@pytest.mark.parametrize(
    ("code", "reason", "denied"),
    [
        ("11450-4", "nilknown", "diabetes"),
        ("10160-0", "nilknown", "statin"),
        ("11450-4", "notasked", None),
        ("48765-2", "nilknown", None),
    ],
)
def test_sections_that_are_empty(code: str, reason: str, denied: str | None) -> None:
    section = {"code": concept(code, LOINC), "emptyReason": concept(reason, REASONS)}
    found = {m.feature: m.value for m in map_document(document(section)).measurements}
    assert found.get(denied or "diabetes") is (False if denied else None)


def test_what_a_section_of_family_history_lists_is_not_the_patients() -> None:
    section = {"code": concept("10157-6", LOINC), "entry": [{"reference": "Condition/c1"}]}
    assert not map_document(document(section, condition("44054006"))).measurements


QUESTIONS = "urn:oid:1.2.392.200119.6.1005"
ANSWERS = "urn:oid:1.2.392.200119.6.2003"


def asked(code: str, answer: str, **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": concept(code, QUESTIONS),
        "subject": {"reference": "Patient/p1"},
        "valueCodeableConcept": concept(answer, ANSWERS),
        **more,
    }


@pytest.mark.parametrize(
    ("code", "answer", "more", "wanted"),
    [
        ("9N701000000000011", "1", {}, {"bp_treated": True}),
        ("9N701000000000011", "2", {}, {"bp_treated": False}),
        ("9N701000000000011", "3", {}, {}),
        ("9N701000000000011", "1", {"status": "cancelled"}, {}),
        ("9N706000000000011", "2", {}, {}),
        ("9N706000000000011", "1", {}, {"diabetes": True}),
        ("9N716000000000011", "1", {}, {"stroke_history": True, "prior_cvd": True}),
    ],
)
def test_answers_of_a_national_form(
    code: str, answer: str, more: dict[str, Any], wanted: dict[str, bool]
) -> None:
    found = told(asked(code, answer, **more))
    assert wanted.items() <= found.items()
    assert bool(found) == bool(wanted)


def test_every_included_fact_exists_and_none_includes_itself() -> None:
    for fact in facts.load().values():
        assert set(fact.includes) <= set(facts.load())
        assert not facts.reaches(fact, {fact.name})
        assert fact.kind in ("condition", "medication")
