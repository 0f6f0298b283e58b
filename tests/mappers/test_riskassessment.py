from __future__ import annotations

import importlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from gateway.fhir.validate import validate
from mappers.riskassessment import (
    assessment_identity,
    basis_references,
    device,
    device_identity,
    identity_references,
    provenance,
    render,
    withdraw,
)
from mappers.riskassessment_words import fraction, percent, shown
from scoring.cards import card, load
from scoring.engine import score
from scoring.explain import contributions, score_row
from scoring.interval import score_range
from scoring.languages import known, labels
from terminology.records import FeatureRow, Finding, Measurement, Score

MODELS = {"STU3": "STU3.", "R4": "R4B.", "R4B": "R4B.", "R5": ""}
AS_OF = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
IDENTITY = "11111111-2222-5333-8444-555555555555"


def measured(feature: str, value: object, unit: str | None = None, **more: Any) -> Measurement:
    told: dict[str, Any] = {
        "at": "Observation", "resource": f"Observation/{feature.replace('_', '-')}", "version": "2",
        "effective": "2026-03-01T10:00:00+02:00", **more,
    }  # fmt: skip
    return Measurement(feature=feature, value=value, unit=unit, **told)  # type: ignore[arg-type]


def a_score(name: str = "score2", *more: Measurement) -> Score:
    """The score of a man of 55 in Finland who smokes."""
    given = [
        measured("systolic_bp", 140.0, "mm[Hg]", resource="Observation/pressure"),
        measured("total_cholesterol", 5.5, "mmol/L"),
        measured("hdl_cholesterol", 1.3, "mmol/L"),
        measured("smoking_status", "current"),
        *more,
    ]
    row = FeatureRow("Patient/p1", "FI", "male", "1971-02-03", {m.feature: m for m in given})
    return score_row(card(name), row, AS_OF.date())


def an_open_score(name: str = "score2", **changed: Any) -> Score:
    """The score of a man of 55 whose blood pressure nobody has measured."""
    inputs = {
        "age": 55, "sex": "male", "risk_region": "low", "total_cholesterol_mmol_l": 5.5,
        "hdl_cholesterol_mmol_l": 1.3, "current_smoker": True, "bmi_kg_m2": 27, "statin": False,
        "egfr_ml_min_1_73m2": 90, "diabetes": False, "bp_treated": False, **changed,
    }  # fmt: skip
    found = score_range(card(name), inputs)
    assert found is not None
    return replace(found, basis=(measured("total_cholesterol", 5.5, "mmol/L"),))


def a_ward_score() -> Score:
    inputs = {
        "age": 60, "respiratory_rate_min": 26, "spo2_percent": 93, "supplemental_oxygen": True,
        "sbp_mmhg": 105, "heart_rate_min": 112, "consciousness": "A", "temperature_c": 38.4,
    }  # fmt: skip
    found = score(card("news2"), inputs)
    items = contributions(card("news2"), found.inputs)
    return replace(found, effective="2026-11-24T08:00:00+01:00", contributions=items)


def rendered(found: Score, version: str = "R4", **more: Any) -> dict[str, Any]:
    return render(
        found, subject="Patient/p1", identifier=IDENTITY, as_of=AS_OF, fhir_version=version, **more
    )


def checked(resource: dict[str, Any], version: str) -> None:
    """Demand that the published model classes of that version accept the resource."""
    kind = resource["resourceType"]
    module = importlib.import_module(f"fhir.resources.{MODELS[version]}{kind.lower()}")
    model = getattr(module, kind)
    text = json.dumps(resource, default=float)
    again = json.loads(model.model_validate_json(text).model_dump_json())
    assert again.keys() == json.loads(text).keys()


@pytest.mark.parametrize("version", MODELS)
@pytest.mark.parametrize("name", sorted(set(load()) - {"qrisk3_2017"}))
def test_every_card_renders_as_valid_fhir(name: str, version: str) -> None:
    model = card(name)
    examples = [example.inputs for example in model.examples] or [SAMPLES[name]]
    found = score(model, examples[0])
    assert found.applicable, found.reason
    found = replace(found, basis=(measured("systolic_bp", 140.0, "mm[Hg]"),))
    assessment = rendered(found, version)
    origin = provenance(assessment, found, recorded=AS_OF, fhir_version=version)
    for resource in (
        assessment,
        origin,
        device(model.facts(), version),
        withdraw(assessment, "No."),
    ):
        checked(resource, version)
        if version in ("R4", "R5", "STU3"):
            assert [i for i in validate(resource, version) if i.severity == "error"] == []
    assert len(assessment["prediction"]) == sum(
        output.predicted and output_name in found.outputs
        for output_name, output in model.outputs.items()
    )


SAMPLES: dict[str, dict[str, Any]] = {
    "score2_op": {
        "age": 75, "sex": "female", "risk_region": "low", "sbp_mmhg": 140,
        "total_cholesterol_mmol_l": 5.5, "hdl_cholesterol_mmol_l": 1.3, "current_smoker": False,
    },
    "framingham_2008_bmi": {
        "age": 50, "sex": "male", "bmi_kg_m2": 27, "sbp_mmhg": 130, "bp_treated": False,
        "current_smoker": True, "diabetes": False,
    },
    "who_cvd_2019_lab": {
        "age": 50, "sex": "male", "who_region": "oceania", "sbp_mmhg": 130,
        "total_cholesterol_mmol_l": 5, "diabetes": False, "current_smoker": True,
    },
    "who_cvd_2019_nonlab": {
        "age": 50, "sex": "male", "who_region": "oceania", "sbp_mmhg": 130, "bmi_kg_m2": 27,
        "current_smoker": True,
    },
    "nz_predict_2018": {
        "age": 50, "sex": "male", "ethnicity": "maori", "nzdep_quintile": 3, "sbp_mmhg": 130,
        "tc_hdl_ratio": 4, "current_smoker": True, "ex_smoker": False, "diabetes": False,
        "atrial_fibrillation": False, "family_history_premature_cvd": False, "bp_treated": False,
        "lipid_lowering": False, "antithrombotic": False,
    },
    "thai_cv_risk": {
        "age": 50, "sex": "male", "sbp_mmhg": 130, "total_cholesterol_mg_dl": 200,
        "diabetes": False, "current_smoker": True,
    },
    "kfre_4v": {
        "age": 60, "sex": "male", "egfr_ml_min_1_73m2": 35, "uacr_mg_g": 100,
        "kfre_region": "other",
    },
    "egfr_ckd_epi_2021": {"age": 60, "sex": "male", "creatinine_mg_dl": 1.0},
    "egfr_ckd_epi_2009": {"age": 60, "sex": "male", "creatinine_mg_dl": 1.0},
    "heart_core10": {"age": 60, "sex": "male", "chest_pain_type": "asymptomatic"},
    "stroke_ist": {
        "age": 70, "sex": "female", "consciousness": "alert", "stroke_syndrome": "pacs",
    },
    "diabetes_screening": {"age": 50, "sex": "male"},
}  # fmt: skip


def test_the_whole_of_one() -> None:
    found = a_score()
    made = rendered(found)
    assert made["id"] == IDENTITY
    assert made["identifier"] == [{"system": "urn:ietf:rfc:3986", "value": f"urn:uuid:{IDENTITY}"}]
    assert made["status"] == "final"
    assert made["method"]["coding"][0]["code"] == "score2"
    assert made["method"]["coding"][0]["version"] == "2021"
    assert made["subject"] == {"reference": "Patient/p1"}
    assert made["occurrenceDateTime"] == "2026-11-25T12:00:00+00:00"
    assert made["performer"] == {"reference": f"Device/{device_identity('score2', '2021')}"}
    assert [ref["reference"] for ref in made["basis"]] == [
        "Observation/pressure/_history/2",
        "Observation/total-cholesterol/_history/2",
        "Observation/hdl-cholesterol/_history/2",
        "Observation/smoking-status/_history/2",
    ]
    (one,) = made["prediction"]
    assert one["whenPeriod"] == {
        "start": "2026-11-25T12:00:00+00:00",
        "end": "2036-11-25T12:00:00+00:00",
    }
    assert one["probabilityDecimal"] == Decimal(repr(found.outputs["cvd_10y"])) * 100
    assert one["qualitativeRisk"]["coding"][0]["code"] == "high"
    assert "9.4 % (high, ESC 2021)" in one["rationale"]
    assert "current smoking yes (×1.72)" in one["rationale"]
    assert any("diabetes: not in the record, taken as no" in note["text"] for note in made["note"])


def test_a_fraction_where_a_partner_asks_for_one() -> None:
    found = a_score()
    one = rendered(found, probability="fraction")["prediction"][0]
    assert one["probabilityDecimal"] == Decimal(repr(found.outputs["cvd_10y"]))


@pytest.mark.parametrize(
    ("probability", "text"),
    [
        (0.0523, "5.23"),
        (0.1, "10"),
        (0.05913621265160929, "5.913621265160929"),
        (1.0, "100"),
        (0.0, "0"),
        (1e-05, "0.001"),
    ],
)
def test_percent_keeps_all_digits_and_adds_no_noise(probability: float, text: str) -> None:
    found = percent(probability)
    assert "E" not in str(found)
    assert found == Decimal(text)
    assert fraction(probability) * 100 == found


def test_shown_digits_are_rounded_half_up_once() -> None:
    assert [shown(percent(p), 1) for p in (0.0525, 0.05249, 0.9999)] == ["5.3", "5.2", "100.0"]


def test_the_same_score_gives_the_same_bytes() -> None:
    one, other = (json.dumps(rendered(a_score()), default=str) for _ in range(2))
    assert one == other


def test_points_never_become_a_probability() -> None:
    made = rendered(a_ward_score())
    (one,) = made["prediction"]
    assert "probabilityDecimal" not in one
    assert one["qualitativeRisk"]["text"].startswith("high (")
    assert "points" in one["rationale"]
    assert one["rationale"].count("supplemental oxygen yes +2") == 1
    assert made["occurrenceDateTime"] == "2026-11-24T08:00:00+01:00"
    assert one["whenPeriod"]["end"] == "2026-11-25T08:00:00+01:00"
    assert any("Royal College of Physicians" in note["text"] for note in made["note"])


def test_one_prediction_an_output_with_its_own_horizon() -> None:
    more = [
        measured("bmi", 27.0, "kg/m2"),
        measured("egfr", 90.0, "mL/min/{1.73_m2}"),
    ]
    made = rendered(a_score("prevent_base", *more))
    ends = [one["whenPeriod"]["end"][:4] for one in made["prediction"]]
    assert ends == ["2036", "2036", "2036", "2056", "2056", "2056"]
    outcomes = [one["outcome"]["text"] for one in made["prediction"]]
    assert outcomes[:3] == outcomes[3:]


def test_each_category_names_its_own_set_of_bands() -> None:
    more = [measured("bmi", 27.0, "kg/m2"), measured("egfr", 90.0, "mL/min/{1.73_m2}")]
    total, ascvd, failure = rendered(a_score("prevent_base", *more))["prediction"][:3]
    assert "US hypertension guideline 2025" in total["rationale"]
    assert "ACC/AHA risk groups" in ascvd["rationale"]
    assert "qualitativeRisk" not in failure


def test_a_reworded_output_is_not_predicted_twice() -> None:
    found = a_score("who_cvd_2019_lab")
    assert "cvd_10y_integer_percent" in found.outputs
    assert len(rendered(found)["prediction"]) == 3


def test_a_derived_value_names_what_it_came_from_and_a_panel_once() -> None:
    height, weight = measured("body_height", 170.0, "cm"), measured("body_weight", 80.0, "kg")
    index = measured("bmi", 27.7, "kg/m2", resource="", derived_from=(height, weight))
    upper = measured("systolic_bp", 140.0, "mm[Hg]", resource="Observation/panel")
    lower = measured("diastolic_bp", 80.0, "mm[Hg]", resource="Observation/panel")
    found = replace(a_score(), basis=(index, upper, lower))
    assert basis_references(found) == (
        "Observation/body-height/_history/2",
        "Observation/body-weight/_history/2",
        "Observation/panel/_history/2",
    )


def test_a_derived_value_of_derived_values_is_followed_to_the_ground() -> None:
    ground = measured("creatinine", 80.0, "umol/L")
    middle = measured("egfr", 90.0, None, resource="", derived_from=(ground,))
    top = measured("stage", "G1", None, resource="", derived_from=(middle,))
    assert basis_references(replace(a_score(), basis=(top,))) == (
        "Observation/creatinine/_history/2",
    )


def test_without_a_version_the_value_tells_two_inputs_apart() -> None:
    one = replace(a_score(), basis=(measured("bmi", 27.0, "kg/m2", version=None),))
    other = replace(a_score(), basis=(measured("bmi", 28.0, "kg/m2", version=None),))
    assert basis_references(one) == basis_references(other) == ("Observation/bmi",)
    assert identity_references(one) != identity_references(other)


def test_identity_follows_from_what_it_is_about_and_nothing_else() -> None:
    asked = ("fi", "Patient/p1", "score2", "2021", ["Observation/b/_history/1", "Observation/a"])
    found = assessment_identity(*asked)
    assert found.version == 5
    assert found == assessment_identity(*asked[:4], asked[4][::-1])
    for place, other in enumerate(["se", "Patient/p2", "prevent_base", "2022", ["Observation/a"]]):
        changed = [*asked]
        changed[place] = other
        assert assessment_identity(*changed) != found  # type: ignore[arg-type]


def test_provenance_names_versions_and_repeats_itself() -> None:
    found = a_score()
    made = rendered(found)
    one = provenance(made, found, recorded=AS_OF)
    assert one["target"] == [{"reference": f"RiskAssessment/{IDENTITY}"}]
    assert [entity["what"]["reference"] for entity in one["entity"]] == list(
        basis_references(found)
    )
    later = provenance(made, found, recorded=AS_OF + timedelta(days=1))
    assert later["id"] == one["id"]
    gone = provenance(withdraw(made, "Corrected."), found, recorded=AS_OF)
    assert gone["id"] != one["id"]
    assert gone["activity"]["coding"][0]["code"] == "UPDATE"


@pytest.mark.parametrize("version", ["STU3", "R4"])
def test_withdrawing_keeps_the_identity_and_says_why(version: str) -> None:
    made = rendered(a_score(), version)
    gone = withdraw(made, "An input was corrected.")
    assert (gone["id"], gone["status"]) == (IDENTITY, "entered-in-error")
    assert "An input was corrected." in json.dumps(gone.get("note", gone.get("comment")))
    assert made["status"] == "final"


def test_amended_in_place() -> None:
    assert rendered(a_score(), status="amended")["status"] == "amended"


def test_what_could_not_be_used_stands_in_a_note() -> None:
    found = replace(a_score(), findings=(Finding("Observation", "too-old", "…", feature="hba1c"),))
    assert {"text": "Not used: hba1c (too-old)."} in rendered(found)["note"]


def test_a_moment_known_to_the_day_stays_a_day() -> None:
    made = rendered(replace(a_ward_score(), effective="2026-11-24"))
    assert made["occurrenceDateTime"] == "2026-11-24"
    assert made["prediction"][0]["whenPeriod"] == {"start": "2026-11-24", "end": "2026-11-25"}


def test_a_leap_day_ends_on_the_day_before() -> None:
    leap = datetime(2028, 2, 29, 12, tzinfo=timezone(timedelta(hours=2)))
    made = render(a_score(), subject="Patient/p1", identifier=IDENTITY, as_of=leap)
    assert made["prediction"][0]["whenPeriod"]["end"] == "2038-02-28T12:00:00+02:00"


def test_there_is_no_assessment_of_a_score_that_does_not_apply() -> None:
    with pytest.raises(ValueError, match="score2 does not apply"):
        rendered(score(card("score2"), {}))


def test_names_cannot_break_the_narrative() -> None:
    found = a_score()
    assert found.facts is not None
    evil = replace(found, facts=replace(found.facts, title="<script>alert(1)</script>"))
    assert "<script>" not in rendered(evil)["text"]["div"]


@pytest.mark.parametrize("version", MODELS)
@pytest.mark.parametrize("name", ["score2", "prevent_base"])
def test_a_range_where_a_number_is_missing(name: str, version: str) -> None:
    found = an_open_score(name)
    made = rendered(found, version, probability="fraction")
    checked(made, version)
    if version in ("R4", "R5", "STU3"):
        assert [i for i in validate(made, version) if i.severity == "error"] == []
    assert len(made["prediction"]) == len(found.ranges)
    for one, (low, high) in zip(made["prediction"], found.ranges.values(), strict=True):
        assert "probabilityDecimal" not in one
        for end, value in (("low", low), ("high", high)):
            assert one["probabilityRange"][end] == {
                "value": percent(value), "unit": "%", "system": "http://unitsofmeasure.org",
                "code": "%",
            }  # fmt: skip
        assert "qualitativeRisk" not in one
        assert "whenPeriod" in one
    told = json.dumps(made.get("note") or made["comment"], ensure_ascii=False)
    limits = {"score2": "70 to 220 mmHg", "prevent_base": "90 to 180 mmHg"}[name]
    assert f"Not known: systolic blood pressure (taken as {limits})." in told
    assert "between" in made["prediction"][0]["rationale"]


def test_a_range_within_one_band_has_its_category() -> None:
    made = rendered(an_open_score(age=69, risk_region="very_high"))
    (one,) = made["prediction"]
    assert one["qualitativeRisk"]["coding"][0]["code"] == "very_high"
    assert "very high, ESC 2021" in one["rationale"]


@pytest.mark.parametrize("version", MODELS)
@pytest.mark.parametrize("language", known())
def test_in_the_patients_language(language: str, version: str) -> None:
    spoken = labels(language)
    for found in (a_score(), a_ward_score(), an_open_score()):
        plain, made = rendered(found, version), rendered(found, version, labels=spoken)
        checked(made, version)
        assert made["language"] == language
        assert f'lang="{language}" xml:lang="{language}"' in made["text"]["div"]
        for one, other in zip(made["prediction"], plain["prediction"], strict=True):
            theirs, _, english = one["rationale"].rpartition("\n")
            assert english == other["rationale"]
            assert theirs
            assert theirs.rpartition("\n")[2] in made["text"]["div"].replace("&#x27;", "'")
        for key in ("id", "identifier", "note", "comment", "basis", "method", "performer"):
            assert made.get(key) == plain.get(key)
        assert json.dumps(made, default=str) == json.dumps(
            rendered(found, version, labels=spoken), default=str
        )


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("de", "10-Jahres-Risiko für Herz-Kreislauf-Ereignisse: 9,4 % (hoch, ESC 2021)."),
        ("de", "aktuelles Rauchen ja (×1,72)"),
        ("fr", "Risque à 10 ans d'événement cardiovasculaire : 9,4 % (élevé, ESC 2021)."),
        ("es", "Riesgo a 10 años de eventos cardiovasculares: 9,4 % (alto, ESC 2021)."),
        ("ja", "心血管イベントの10年リスク：9.4 %（高い、ESC 2021）。"),
        ("zh", "10年心血管事件风险：9.4 %（高，ESC 2021）。"),
    ],
)
def test_words_of_a_language(language: str, words: str) -> None:
    made = rendered(a_score(), labels=labels(language))
    assert words in made["prediction"][0]["rationale"]


def test_a_language_without_sentences_is_english() -> None:
    spoken = replace(labels("de"), language="nl")
    assert rendered(a_score(), labels=spoken) == rendered(a_score())
