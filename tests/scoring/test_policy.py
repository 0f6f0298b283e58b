"""Which card is used, by country, age, condition and what is known; what one more would change."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from scoring.applicability import prepare
from scoring.cards import load, region
from scoring.choose import choose_for_inputs, one_more, policy

if TYPE_CHECKING:
    from pathlib import Path

BASE: dict[str, Any] = {
    "age": 55, "sex": "male", "sbp_mmhg": 140, "total_cholesterol_mmol_l": 5.5,
    "total_cholesterol_mg_dl": 212, "hdl_cholesterol_mmol_l": 1.3, "hdl_cholesterol_mg_dl": 50,
    "current_smoker": True, "bmi_kg_m2": 27, "egfr_ml_min_1_73m2": 90, "diabetes": False,
    "bp_treated": False, "statin": False, "race": "white", "ethnicity": "european",
    "nzdep_quintile": 3, "tc_hdl_ratio": 4.2, "ex_smoker": False, "atrial_fibrillation": False,
    "family_history_premature_cvd": False, "lipid_lowering": False, "antithrombotic": False,
}  # fmt: skip
ILL = {
    "diabetes": True, "hba1c_mmol_mol": 50, "age_at_diabetes_diagnosis": 50,
}  # fmt: skip
WARD: dict[str, Any] = {
    "age": 60, "respiratory_rate_min": 18, "spo2_percent": 97, "supplemental_oxygen": False,
    "sbp_mmhg": 120, "heart_rate_min": 80, "consciousness": "A", "temperature_c": 37.0,
}  # fmt: skip
FINDRISC: dict[str, Any] = {
    "age": 50, "sex": "male", "bmi_kg_m2": 27, "waist_cm": 95, "physically_active": True,
    "daily_vegetables_fruit": True, "bp_treated": False, "high_glucose_history": False,
    "family_history_diabetes": "none",
}  # fmt: skip
ADA: dict[str, Any] = {
    "age": 50, "sex": "male", "bmi_kg_m2": 27, "hypertension_diagnosed": False,
    "physically_active": True, "family_history_diabetes_first_degree": False,
}  # fmt: skip
RHYTHM: dict[str, Any] = {
    "age": 70, "sex": "female", "atrial_fibrillation": True, "heart_failure": False,
    "hypertension": True, "diabetes": False, "stroke_tia_thromboembolism": False,
    "vascular_disease": False,
}  # fmt: skip
KIDNEY: dict[str, Any] = {
    "age": 60, "sex": "male", "egfr_ml_min_1_73m2": 35, "uacr_mg_g": 100,
}  # fmt: skip
LIVER: dict[str, Any] = {"age": 50, "ast_u_l": 40, "alt_u_l": 40, "platelets_10e9_l": 200}
BLOOD: dict[str, Any] = {"age": 60, "sex": "male", "creatinine_mg_dl": 1.0}


def used(inputs: dict[str, Any], country: str | None) -> list[str]:
    """The cards that apply, in order; the reason of the first when none does."""
    found = choose_for_inputs(inputs, country)
    return [one.card.id for one in found if one.reason is None] or [str(found[0].reason)]


def test_the_order_of_every_country_is_that_of_the_facts(shared: Path) -> None:
    facts = json.loads((shared / "scores" / "_country_policy.json").read_bytes())
    for country, told in facts["countries"].items():
        rule = policy().rule(country)
        assert [*rule.first] == told["first"], country
        assert [*rule.fallback] == told["fallback"], country
    assert [*policy().default.first] == facts["default"]["first"]
    for country, reference in facts["other"]["bmi_reference"].items():
        assert region("bmi_reference", country) == reference


@pytest.mark.parametrize("country", ["FI", "US", "NZ", "JP", "BR", "IN", "CA", "TH", "KE", "GB"])
@pytest.mark.parametrize("age", [17, 29, 30, 35, 39, 40, 59, 69, 70, 74, 75, 79, 80, 81, 89, 90])
def test_the_first_card_of_the_rule_that_applies_is_used(country: str, age: int) -> None:
    inputs = BASE | {"age": age}
    rule = policy().rule(country)
    fit = [
        name
        for name in rule.first + rule.fallback
        if prepare(load()[name], inputs, country).reason is None
        and name not in policy().only_without
    ]
    (found, *_) = choose_for_inputs(inputs, country)
    assert [found.card.id] == fit[:1] if fit else found.reason is not None


@pytest.mark.parametrize(
    ("changed", "country", "card"),
    [
        pytest.param({}, "FI", "score2", id="Finland"),
        pytest.param({"age": 39}, "FI", "age_below_min", id="Finland at 39"),
        pytest.param({"age": 40}, "FI", "score2", id="Finland at 40"),
        pytest.param({"age": 69}, "FI", "score2", id="Finland at 69"),
        pytest.param({"age": 70}, "FI", "score2_op", id="Finland at 70"),
        pytest.param({"age": 89}, "FI", "score2_op", id="Finland at 89"),
        pytest.param({"age": 90}, "FI", "age_above_max", id="Finland at 90"),
        pytest.param(ILL, "FI", "score2_diabetes", id="Finland with diabetes"),
        pytest.param(ILL | {"age": 75}, "FI", "score2_op", id="Finland with diabetes at 75"),
        pytest.param({"diabetes": True}, "FI", "who_cvd_2019_lab", id="diabetes without HbA1c"),
        pytest.param({"prior_cvd": True}, "FI", "known_cvd", id="known disease"),
        pytest.param({"ckd_3_5": True}, "FI", "known_kidney_disease", id="kidney disease"),
        pytest.param(
            {"familial_hypercholesterolaemia": True}, "FI", "familial_hypercholesterolaemia",
            id="familial hypercholesterolaemia",
        ),
        pytest.param({"pregnancy": True}, "FI", "pregnancy", id="pregnancy"),
        pytest.param(
            ILL | {"type1_diabetes": True}, "FI", "type_1_diabetes", id="type 1 diabetes"
        ),
        pytest.param({}, "GB", "score2", id="United Kingdom, for want of QRISK3"),
        pytest.param({}, "US", "prevent_base", id="United States"),
        pytest.param({"age": 30}, "US", "prevent_base", id="United States at 30"),
        pytest.param({"age": 29}, "US", "age_below_min", id="United States at 29"),
        pytest.param({"age": 80}, "US", "age_above_max", id="United States at 80"),
        pytest.param({"bmi_kg_m2": 41}, "US", "pce_2013", id="outside the ranges of PREVENT"),
        pytest.param(
            {"bmi_kg_m2": 41, "race": None}, "US", "framingham_2008_lipid", id="race not told"
        ),
        pytest.param({"prior_cvd": True}, "US", "known_cvd", id="United States, known disease"),
        pytest.param({}, "NZ", "nz_predict_2018", id="New Zealand"),
        pytest.param({"heart_failure": True}, "NZ", "known_heart_failure", id="heart failure"),
        pytest.param({"egfr_30_or_more": False}, "NZ", "egfr_below_30", id="failing kidneys"),
        pytest.param(
            {"bmi_kg_m2": 41, "ldl_190_or_more": True}, "US", "ldl_cholesterol_190_or_more",
            id="LDL that is treated without a score",
        ),
        pytest.param({}, "AU", "prevent_base", id="Australia"),
        pytest.param({}, "CA", "framingham_2008_lipid", id="Canada"),
        pytest.param({"hdl_cholesterol_mg_dl": None}, "CA", "framingham_2008_bmi", id="no HDL"),
        pytest.param({}, "ZA", "framingham_2008_lipid", id="South Africa"),
        pytest.param({}, "MY", "framingham_2008_lipid", id="Malaysia"),
        pytest.param({}, "TH", "thai_cv_risk", id="Thailand"),
        pytest.param({"age": 71}, "TH", "who_cvd_2019_lab", id="Thailand at 71"),
        *(
            pytest.param({}, country, "who_cvd_2019_lab", id=country)
            for country in ("CN", "JP", "KR", "SG", "IN", "BR", "MX", "KE")
        ),
        pytest.param(
            {"total_cholesterol_mmol_l": None}, "IN", "who_cvd_2019_nonlab", id="no cholesterol"
        ),
        *(
            pytest.param({}, country, "country_without_who_region", id=f"no region: {country}")
            for country in ("HK", "MO", "LI", "MC", "XX", "ZZ")
        ),
        pytest.param({}, None, "missing_input", id="no country"),
        pytest.param({"age": None}, "FI", "missing_input", id="no age"),
        pytest.param({"sex": "other"}, "FI", "sex_unknown", id="another sex"),
        pytest.param({"age": "55"}, "FI", "age_not_a_number", id="no number"),
    ],
)  # fmt: skip
def test_prevention(changed: dict[str, Any], country: str | None, card: str) -> None:
    assert used(BASE | changed, country)[0] == card


@pytest.mark.parametrize(
    ("inputs", "country", "cards"),
    [
        pytest.param(WARD, "GB", ["news2"], id="ward"),
        pytest.param(WARD | {"age": 16}, "GB", ["news2"], id="ward at 16"),
        pytest.param(WARD | {"age": 15}, "GB", ["age_below_min"], id="ward at 15"),
        pytest.param(WARD | {"pregnancy": True}, "GB", ["pregnancy"], id="ward, pregnant"),
        pytest.param(WARD | {"spo2_percent": None}, "GB", ["missing_input"], id="one vital less"),
        pytest.param(
            {"respiratory_rate_min": 24, "sbp_mmhg": 95, "gcs_total": 14, "temperature_c": 38.5},
            None, ["qsofa"], id="sepsis without the rest",
        ),
        pytest.param(KIDNEY, "US", ["kfre_4v"], id="kidney"),
        pytest.param(KIDNEY | {"egfr_ml_min_1_73m2": 75}, "US", ["kdigo_ga"], id="kidney, mild"),
        pytest.param(KIDNEY | {"dialysis": True}, "US", ["kdigo_ga"], id="on dialysis"),
        pytest.param(KIDNEY, None, ["kdigo_ga"], id="kidney, no country"),
        pytest.param(LIVER, None, ["fib4"], id="liver"),
        pytest.param(LIVER | {"age": 17}, None, ["age_below_min"], id="liver at 17"),
        pytest.param(RHYTHM, "FI", ["cha2ds2_va"], id="atrial fibrillation, ESC"),
        pytest.param(RHYTHM, "GB", ["cha2ds2_va"], id="atrial fibrillation, United Kingdom"),
        pytest.param(RHYTHM, "US", ["cha2ds2_vasc"], id="atrial fibrillation, United States"),
        pytest.param(RHYTHM, "JP", ["cha2ds2_vasc"], id="atrial fibrillation, Japan"),
        pytest.param(RHYTHM, None, ["cha2ds2_vasc"], id="atrial fibrillation, no country"),
        pytest.param(
            RHYTHM | {"mechanical_valve": True}, "FI", ["missing_input"], id="mechanical valve"
        ),
        pytest.param(
            RHYTHM | {"atrial_fibrillation": False}, "FI", ["missing_input"], id="sinus rhythm"
        ),
        pytest.param(FINDRISC, "FI", ["findrisc"], id="diabetes screening"),
        pytest.param(FINDRISC, "GB", ["findrisc"], id="for want of QDiabetes"),
        pytest.param(FINDRISC, "US", ["missing_input"], id="FINDRISC is not for the US"),
        pytest.param(FINDRISC | {"diabetes": True}, "FI", ["missing_input"], id="known diabetes"),
        pytest.param(ADA, "US", ["ada_risk_test"], id="no diabetic relative is an answer"),
        pytest.param(ADA, "FI", ["missing_input"], id="the ADA test is for the US"),
        pytest.param(BLOOD, "FI", ["egfr_ckd_epi_2021"], id="creatinine"),
        pytest.param(BLOOD, "GB", ["egfr_ckd_epi_2009"], id="creatinine, United Kingdom"),
        pytest.param(BLOOD, None, ["egfr_ckd_epi_2021"], id="creatinine, no country"),
        pytest.param(BLOOD | {"age": 17}, "FI", ["age_below_min"], id="creatinine at 17"),
    ],
)  # fmt: skip
def test_contexts(inputs: dict[str, Any], country: str | None, cards: list[str]) -> None:
    assert used(inputs, country) == cards


def test_a_stand_in_for_a_national_score_is_said() -> None:
    (found,) = [one for one in choose_for_inputs(FINDRISC, "GB") if one.card.id == "findrisc"]
    assert "stands in" in found.why
    assert "stands in" in choose_for_inputs(BASE, "GB")[0].why


def more(inputs: dict[str, Any], country: str | None) -> list[tuple[str, str]]:
    return [(one.card.id, one.missing) for one in one_more(inputs, country)]


def without(inputs: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in inputs.items() if name not in names}


PLAIN = without(BASE, "egfr_ml_min_1_73m2")


@pytest.mark.parametrize(
    ("inputs", "country", "expected"),
    [
        pytest.param(PLAIN, "FI", [], id="the first is used already"),
        pytest.param(
            without(PLAIN, "hdl_cholesterol_mmol_l"), "FI",
            [("score2", "hdl_cholesterol_mmol_l")], id="a better one than the one in use",
        ),
        pytest.param(
            without(PLAIN, "hdl_cholesterol_mmol_l") | {"age": 72}, "FI",
            [("score2_op", "hdl_cholesterol_mmol_l")], id="the one for that age only",
        ),
        pytest.param(
            without(PLAIN, "sbp_mmhg"), "JP", [("who_cvd_2019_lab", "sbp_mmhg")], id="none in use"
        ),
        pytest.param(
            without(PLAIN, "total_cholesterol_mmol_l"), "IN",
            [("who_cvd_2019_lab", "total_cholesterol_mmol_l")],
            id="the laboratory model instead of the other",
        ),
        pytest.param(
            BASE | ILL | {"hba1c_mmol_mol": None}, "FI",
            [("score2_diabetes", "hba1c_mmol_mol"), ("kdigo_ga", "uacr_mg_g")], id="diabetes",
        ),
        pytest.param(
            PLAIN | {"prior_cvd": True, "sbp_mmhg": None}, "FI", [], id="nothing for the ill"
        ),
        pytest.param(without(PLAIN, "sex"), "KE", [("who_cvd_2019_lab", "sex")], id="the sex"),
        pytest.param(PLAIN | {"age": None}, "JP", [("who_cvd_2019_lab", "age")], id="the age"),
        pytest.param(without(PLAIN, "sbp_mmhg", "sex"), "FI", [], id="two are missing"),
        pytest.param(
            without(WARD, "consciousness"), "GB",
            [("news2", "consciousness"), ("qsofa", "gcs_total")], id="ward",
        ),
        pytest.param(without(LIVER, "ast_u_l"), None, [("fib4", "ast_u_l")], id="liver"),
        pytest.param(
            without(KIDNEY, "uacr_mg_g"), "US",
            [("kfre_4v", "uacr_mg_g")], id="kidney",
        ),
        pytest.param(
            without(KIDNEY, "uacr_mg_g") | {"egfr_ml_min_1_73m2": 90}, "US",
            [("kdigo_ga", "uacr_mg_g")], id="never one that would not apply either",
        ),
        pytest.param(
            without(FINDRISC, "waist_cm"), "FI", [("findrisc", "waist_cm")], id="screening"
        ),
        pytest.param(without(BLOOD, "creatinine_mg_dl"), "GB", [], id="no mere question"),
    ],
)  # fmt: skip
def test_what_one_more_input_would_change(
    inputs: dict[str, Any], country: str | None, expected: list[tuple[str, str]]
) -> None:
    assert more(inputs, country) == expected
