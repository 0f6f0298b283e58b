"""Codes to features, spellings of systems, answers, and what makes a measurement another thing."""

from __future__ import annotations

import pytest

from terminology import codes, systems

LOINC, SNOMED = "http://loinc.org", "http://snomed.info/sct"


@pytest.mark.parametrize(
    ("spelling", "uri"),
    [
        ("https://loinc.org", LOINC),
        ("http://loinc.org/", LOINC),
        ("HTTPS://loinc.org", LOINC),
        (" http://loinc.org ", LOINC),
        ("http://loinc.org|2.74", LOINC),
        ("urn:oid:2.16.840.1.113883.6.1", LOINC),
        ("URN:OID:2.16.840.1.113883.6.1", LOINC),
        ("LOINC", LOINC),
        ("http://loinc.org/8480-6", LOINC),
        ("http://loinc.org/vs", "http://loinc.org/vs"),
        ("http://loinc.org.example", "http://loinc.org.example"),
        ("http://snomed.info/sct/83821000000107", SNOMED),
        ("https://snomed.info/sct/731000124108/version/20230301", SNOMED),
        ("http://snomed.info/sctx", "http://snomed.info/sctx"),
        ("urn:oid:2.16.840.1.113883.6.96", SNOMED),
        ("urn:oid:1.2.208.176.2.1", "http://npu-terminology.org"),
        ("https://unitsofmeasure.org/", "http://unitsofmeasure.org"),
        ("urn:oid:2.16.840.1.113883.6.24", "urn:iso:std:iso:11073:10101"),
        ("http://hospital.example/x", "http://hospital.example/x"),
        ("", None),
        ("  ", None),
        (None, None),
    ],
)
def test_system_spellings(spelling: str | None, uri: str | None) -> None:
    assert codes.normalise_system(spelling) == uri


def test_a_system_of_a_megabyte_is_no_system() -> None:
    assert codes.find("x" * 1_000_000, "8480-6") is None
    assert systems.normalise("x" * 1_000_000) == "x" * 1_000_000


@pytest.mark.parametrize(
    ("system", "code", "feature"),
    [
        (LOINC, "8480-6", "systolic_bp"),
        (LOINC, " 29463-7 ", "body_weight"),
        (LOINC, "8867-49", None),
        (LOINC, "8867", None),
        (LOINC, "", None),
        (LOINC, None, None),
        (None, "8480-6", None),
        ("", "8480-6", None),
        (SNOMED, "8480-6", None),
        ("http://npu-terminology.org", "npu01567", None),
        ("http://loinc.org/vs", "2093-3", None),
        ("http://jpfhir.jp/fhir/clins/CodeSystem/JLAC10", "3A015000002327101", "albumin"),
        ("http://jpfhir.jp/fhir/eCheckup/CodeSystem/items", "9N011000000000001", "bmi"),
        ("urn:oid:2.16.578.1.12.4.1.1.7280", "NPU27281", "bmi"),
    ],
)
def test_find(system: str | None, code: str | None, feature: str | None) -> None:
    found = codes.find(system, code)
    assert (found and found.feature) == feature


def test_the_list_decides_what_a_japanese_glucose_code_means() -> None:
    plain = codes.find("http://medis.or.jp/CodeSystem/master-JLAC10-17digits", "3D010000001926101")
    checkup = codes.find("urn:oid:1.2.392.200119.6.1005", "3D010000001926101")
    assert plain
    assert plain.feature == "glucose_random"
    assert checkup
    assert checkup.feature == "glucose_fasting"


def test_a_code_that_implies_measures_what_it_measures() -> None:
    found = codes.find(SNOMED, "866701000000100")
    assert found
    assert found.feature == "spo2"
    assert [s.relation for s in codes.sides()[SNOMED, "866701000000100"]] == ["implies"]
    assert codes.find(SNOMED, "722742002") is None


@pytest.mark.parametrize(
    ("feature", "system", "code", "value"),
    [
        ("smoking_status", "https://loinc.org", "LA18978-9", "never"),
        ("smoking_status", SNOMED, " 8517006 ", "former"),
        ("smoking_status", "http://local.example", "LA18978-9", None),
        ("smoking_status", LOINC, "LA9340-6", None),
        ("consciousness_acvpu", SNOMED, "450847001", "P"),
        ("body_weight", LOINC, "LA9340-6", None),
        ("nothing", LOINC, "LA9340-6", None),
        ("smoking_status", None, "LA18978-9", None),
    ],
)
def test_answers(feature: str, system: str | None, code: str, value: str | None) -> None:
    assert codes.answer(feature, system, code) == value


@pytest.mark.parametrize(
    ("feature", "text"),
    [
        ("systolic_bp", "Right atrium"),
        ("systolic_bp", "Left ventricle"),
        ("systolic_bp", "Pulmonary artery"),
        ("systolic_bp", "arteria polmonare"),
        ("systolic_bp", "atrio destro"),
        ("systolic_bp", "Rechter Ventrikel"),
        ("systolic_bp", "Langzeitmessung"),
        ("systolic_bp", "Central venous pressure"),
        ("systolic_bp", "24 hour mean"),
        ("systolic_bp", "Ambulatory blood pressure monitoring"),
        ("spo2", "Mixed venous oxygen saturation"),
        ("heart_rate", "Fetal ultrasound Doppler"),
        ("heart_rate", "Foetal heart rate"),
        ("heart_rate", "Maximum heart rate during exercise"),
        ("body_weight", "Birth weight"),
        ("body_weight", "Geburtsgewicht"),
        ("body_weight", "Poids de naissance"),
        ("body_weight", "Ideal body weight"),
        ("body_weight", "Weight pre-pregnancy"),
        ("body_temperature", "Room temperature"),
        ("bmi", "BMI percentile"),
        ("bmi", "BMI-Perzentile"),
        ("bmi", "BMI z-score"),
        ("creatinine", "Creatinine, 24 h urine"),
        ("creatinine", "Kreatinin im Harn"),
        ("creatinine", "尿中クレアチニン"),
        ("creatinine", "Creatinine clearance"),
        ("glucose_random", "Glucose in urine"),
        ("glucose_random", "Glucose, cerebrospinal fluid"),
        ("glucose_random", "Glucose 2 hours after meal"),
        ("glucose_random", "Oral glucose tolerance test"),
    ],
)
def test_words_that_contradict(feature: str, text: str) -> None:
    assert codes.contradicts(None, None, text, feature)
    assert codes.contradicts("http://lab.example", "X1", text.upper(), feature)


@pytest.mark.parametrize(
    ("feature", "text"),
    [
        ("systolic_bp", "Left upper arm"),
        ("systolic_bp", "Brachial artery"),
        ("heart_rate", "Oscillometry"),
        ("heart_rate", "Pulse"),
        ("uric_acid", "尿酸"),
        ("urine_acr", "Albumin/Creatinine in urine"),
        ("sodium", "Sodium in venous blood"),
        ("creatinine", "Creatinine in serum"),
        ("body_temperature", "Pulmonary artery catheter"),
        ("body_temperature", "Axillary temperature"),
        ("body_weight", "Body weight"),
        ("glucose_random", ""),
    ],
)
def test_words_that_do_not(feature: str, text: str) -> None:
    assert not codes.contradicts(None, None, text, feature)


def test_a_contradicting_code_needs_no_words() -> None:
    assert codes.contradiction("https://loinc.org", " 8339-4 ", None) == "birth weight"
    assert codes.contradicts("urn:iso:std:iso:11073:10101", "150045", None, "systolic_bp")


def test_a_code_that_is_not_the_feature_contradicts_it() -> None:
    assert codes.contradiction(LOINC, "2161-8", None, "creatinine") == "urine"
    assert not codes.contradicts(LOINC, "2161-8", None, "sodium")
    assert not codes.contradicts(LOINC, "2161-8", None)


def test_a_known_code_is_not_judged_by_its_display() -> None:
    assert not codes.contradicts(LOINC, "8480-6", "Right atrium", "systolic_bp")


def test_a_display_of_a_megabyte_takes_no_time() -> None:
    assert not codes.contradicts(None, None, "x" * 1_000_000, "systolic_bp")
