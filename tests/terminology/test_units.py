"""Units in the context of a feature: routes, the policy on code and text, texts, conversion."""

from __future__ import annotations

import json
import math
import time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terminology import analytes, texts, ucum, units

if TYPE_CHECKING:
    from pathlib import Path

UCUM = "http://unitsofmeasure.org"
FEATURES = analytes.load()
MEASURED = sorted(key for key, feature in FEATURES.items() if feature.accepted)
JDS = ("http://loinc.org", "62388-4")
FRACTION = ("http://npu-terminology.org", "NPU03835")


@pytest.mark.parametrize(
    ("feature", "value", "unit", "expected"),
    [
        ("systolic_bp", "16.0", "kPa", 16000 / 133.322),
        ("systolic_bp", "160", "hPa", 16000 / 133.322),
        ("body_weight", "180", "[lb_av]", 81.6466266),
        ("body_weight", "2400", "[oz_av]", 68.0388555),
        ("body_weight", "72500", "g", 72.5),
        ("body_height", "5.5", "[ft_i]", 167.64),
        ("body_temperature", "100.4", "[degF]", 38.0),
        ("body_temperature", "310.15", "K", 37.0),
        ("body_temperature", "310150", "mK", 37.0),
        ("body_temperature", "558.27", "[degR]", 37.0),
        ("wbc", "5.6", "/nL", 5.6),
        ("wbc", "7100", "{leukocytes}/uL", 7.1),
        ("platelets", "199", "10*3{platelets}/uL", 199),
        ("platelets", "21.7", "10*4/uL", 217),
        ("alt", "0.6", "ukat/L", 36),
        ("ast", "28", "[IU]/L", 28),
        ("ast", "0.028", "[iU]/mL", 28),
        ("urine_acr", "2.9", "g/mol", 25.63658),
        ("urine_acr", "2.9", "ug/umol", 25.63658),
        ("creatinine", "900", "ug/dL", 79.5618),
        ("creatinine", "77", "nmol/mL", 77),
        ("glucose_random", "5.3", "mmol/L{plasma}", 5.3),
        ("hba1c", "5.8", "%{NGSP}", 5.8),
        ("hba1c", "48", "mmol/mol", 6.54304),
        ("spo2", "0.97", "1", 97),
        ("spo2", "0.97", "{fraction}", 97),
        ("inr", "2.4", "{INR}", 2.4),
        ("egfr", "72", "ml/min/{1.73m2}", 72),
        ("egfr", "72", "mL/min/{1.73 m2}", None),
        ("egfr", "1.2", "mL/s/{1.73_m2}", 72),
        ("egfr", "72", "mL/min/((173/100).m2)", 72),
        ("egfr", "72", "mL/min/{1,73_m2}", 72),
        ("potassium", "4.4", "meq/L", 4.4),
        ("alcohol", "21", "{drinks}/wk", 3),
        ("supplemental_oxygen", "2000", "mL/min", 2),
        ("st_depression_exercise", "0.2", "mV", 2),
        ("st_depression_exercise", "200", "uV", 2),
        ("total_cholesterol", "386.65", "mg/dL", 10),
    ],
)
def test_canonical(feature: str, value: str, unit: str, expected: float | None) -> None:
    found = units.canonical(feature, Decimal(value), unit).value
    assert found == (None if expected is None else pytest.approx(expected, rel=1e-14))


@pytest.mark.parametrize(
    ("feature", "unit", "reason"),
    [
        ("spo2", "[ppth]", "unit-incompatible"),
        ("spo2", "mmol/mol", "unit-incompatible"),
        ("hba1c", "[ppth]", "unit-incompatible"),
        ("hba1c", "1", "unit-incompatible"),
        ("hba1c", "mol/mol", "unit-incompatible"),
        ("urine_acr", "mg/kg", "unit-incompatible"),
        ("urine_acr", "mmol/mol", "unit-incompatible"),
        ("body_temperature", "[degRe]", "unit-incompatible"),
        ("body_temperature", "mCel", "unit-incompatible"),
        ("body_temperature", "C", "unit-incompatible"),
        ("egfr", "mL/min", "unit-incompatible"),
        ("egfr", "mL/min/m2", "unit-incompatible"),
        ("egfr", "mL/min/1.73", "unit-incompatible"),
        ("egfr", "mL/min/{bsa}", "unit-incompatible"),
        ("platelets", "pmol/L", "unit-incompatible"),
        ("platelets", "103/uL", "unit-incompatible"),
        ("creatinine", "/L", "unit-incompatible"),
        ("total_cholesterol", "meq/L", "unit-incompatible"),
        ("glucose_random", "mosm/L", "unit-incompatible"),
        ("platelets", "[IU]/L", "unit-incompatible"),
        ("physical_activity", "d/wk", "unit-incompatible"),
        ("body_weight", "cm", "unit-incompatible"),
        ("body_weight", "kilo", "unit-unknown"),
        ("body_weight", "k" * 1_000_000, "unit-unknown"),
        ("bp_panel", "mm[Hg]", "unit-incompatible"),
        ("nothing", "kg", "feature-unknown"),
        ("x" * 1_000_000, "kg", "unit-unknown"),
    ],
    ids=lambda value: value[:30],
)
def test_canonical_refuses(feature: str, unit: str, reason: str) -> None:
    found = units.canonical(feature, Decimal(1), unit)
    assert (found.value, found.error) == (None, reason)
    assert len(found.detail or "") < 200


def test_whole_numbers_and_floats_are_numbers() -> None:
    assert units.canonical("body_weight", 72500, "g").value == 72.5
    assert units.canonical("body_weight", 0.1, "kg").value == 0.1
    assert units.canonical("body_weight", float("nan"), "kg").error == "value-type"


def test_a_code_may_have_its_own_scale() -> None:
    assert units.canonical("hba1c", Decimal("6.1"), "%").value == 6.1
    assert units.canonical("hba1c", Decimal("6.1"), "%", JDS).value == 6.472
    assert units.canonical("hba1c", Decimal("0.065"), "1", FRACTION).value == 6.5
    assert units.convert("6.1", "%", "%", "hba1c", JDS).value == 6.472


@pytest.mark.parametrize(
    ("value", "error"),
    [
        (Decimal("NaN"), "value-type"),
        (Decimal("sNaN"), "value-type"),
        (Decimal("Infinity"), "value-type"),
        (Decimal("1E+999999"), "value-type"),
        (Decimal("1E-999999"), "value-type"),
        (Decimal("1E+399"), "value-type"),
        (Decimal("0E-999999"), None),
        (Decimal("-0"), None),
        (Decimal("1" * 100_000), "value-type"),
        (Decimal("0." + "1" * 100_000), None),
    ],
    ids=lambda value: str(value)[:12],
)
def test_numbers_at_the_edge(value: Decimal, error: str | None) -> None:
    found = units.canonical("body_weight", value, "g")
    assert found.error == error
    assert (found.value is None) == (error is not None)


@pytest.mark.parametrize(
    "value",
    ["", " ", "abc", "1,5", "0x48", "NaN", "Infinity", "1e99999", "1_000", "١", "1 2", "9" * 500,
     True, None, [], float("nan"), float("inf"), 10**2000],
    ids=range(18),
)  # fmt: skip
def test_what_is_no_number(value: Any) -> None:
    assert units.convert(value, "kg", "g").error == "value-type"


@pytest.mark.parametrize("value", ["72.5", " 72.5 ", "+72.5", "7.25e1", 72.5, Decimal("72.5")])
def test_what_is_a_number(value: Any) -> None:
    assert units.convert(value, "kg", "g").value == 72500


@pytest.mark.parametrize(
    ("value", "source", "target", "feature", "expected"),
    [
        ("5.4", "mmol/L", "mg/dL", "total_cholesterol", 208.791),
        ("208.791", "mg/dL", "mmol/L", "total_cholesterol", 5.4),
        ("6.5", "%", "mmol/mol", "hba1c", 47.52951464801049),
        ("98.6", "F", "C", "body_temperature", 37),
        ("98.6", "°F", "℃", None, 37),
        ("120", "mmHg", "kPa", None, 15.99864),
        ("11", "st", "kg", "body_weight", 69.85322498),
        ("250", "K/uL", "10*9/L", "platelets", 250),
        ("2", "L/min", "mL/s", None, 100 / 3),
        ("45", "mg/g{creat}", "mg/g", None, 45),
        ("0.03", "g/g", "mg/g", None, 30),
        ("20", "IU/L", "ukat/L", "alt", 1 / 3),
        ("40", "mL/min/1.73m2", "mL/s/{1.73_m2}", "egfr", 2 / 3),
        ("37", "Cel", "Cel", None, 37),
    ],
)
def test_convert(
    value: str, source: str, target: str, feature: str | None, expected: float
) -> None:
    assert units.convert(value, source, target, feature).value == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize(
    ("source", "target", "feature", "error"),
    [
        ("mg/dL", "mmol/L", None, "unit-incompatible"),
        ("mmol/mol", "%", None, "unit-incompatible"),
        ("mmol/L", "10*9/L", None, "unit-incompatible"),
        ("K/uL", "10*9/L", None, "unit-unknown"),
        ("st", "kg", None, "unit-unknown"),
        ("C", "K", None, "unit-unknown"),
        ("ft", "m", None, "unit-unknown"),
        ("mL/min/1.73", "mL/min", None, "unit-unknown"),
        ("bpm", "/min", None, "unit-unknown"),
        ("bpm", "/min", "respiratory_rate", "unit-unknown"),
        ("EU", "U", None, "unit-unknown"),
        ("cmHg", "mm[Hg]", "systolic_bp", "unit-unknown"),
        ("mg/mL", "umol/L", "creatinine", "unit-incompatible"),
        ("mL/min", "mL/min/{1.73_m2}", "egfr", "unit-incompatible"),
        ("mmol/L", "g", "total_cholesterol", "unit-incompatible"),
        ("kg", "g", "systolic_bp", "unit-incompatible"),
        ("kg", "", None, "unit-missing"),
        ("", "kg", "body_weight", "unit-missing"),
        ("kg", "kilo", None, "unit-unknown"),
        ("kg", "g", "weight", "feature-unknown"),
        ("Cel", "Cel/s", None, "unit-incompatible"),
        ("k" * 1_000_000, "g", None, "unit-unknown"),
        ("g", "(" * 1_000_000, "body_weight", "unit-unknown"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_convert_refuses(source: str, target: str, feature: str | None, error: str) -> None:
    found = units.convert("5", source, target, feature)
    assert (found.value, found.error) == (None, error)
    assert 0 < len(found.detail or "") < 200


def test_a_logarithm_of_a_negative_number_is_refused() -> None:
    assert units.convert("-1", "mol/L", "[pH]").error == "unit-incompatible"
    assert units.convert("-1e300", "[pH]", "mol/L").error == "unit-incompatible"
    assert units.convert("1e999", "Cel", "K").error == "value-type"


@pytest.mark.parametrize(
    ("feature", "system", "code", "text", "found"),
    [
        # the code decides
        ("systolic_bp", UCUM, "mm[Hg]", "mmHg", "mm[Hg]"),
        ("systolic_bp", "https://unitsofmeasure.org/", "kPa", "mmHg", "kPa"),
        ("body_weight", UCUM, "kg", "lb", "kg"),
        ("body_temperature", UCUM, "[degF]", "°C", "[degF]"),
        ("ast", UCUM, "U/L", "[IU]/L", "U/L"),
        ("ast", UCUM, "[IU]/L", "U/L", "[IU]/L"),
        ("egfr", UCUM, "mL/min/((173/100).m2)", "mL/min/1.73m2", "mL/min/((173/100).m2)"),
        ("glucose_random", UCUM, " mg/dL ", None, "mg/dL"),
        ("glucose_random", "urn:oid:2.16.840.1.113883.6.8", "mg/dL", None, "mg/dL"),
        ("glucose_random", None, "mg/dL", None, "mg/dL"),
        ("glucose_random", "", "mg/dL", "", "mg/dL"),
        ("inr", UCUM, "{INR}", None, "{INR}"),
        # a text that no table knows counts for nothing beside a code
        ("respiratory_rate", UCUM, "/min", "adem/min", "/min"),
        ("spo2", UCUM, "%", "%O2", "%"),
        ("glucose_random", UCUM, "mg/dL", "mg/dL (calc)", "mg/dL"),
        ("glucose_random", UCUM, "mg/dL", "x" * 1_000_000, "mg/dL"),
        # the text decides where the code says nothing
        ("creatinine", UCUM, "{micromol/l}", "micromol/l", "umol/L"),
        ("body_weight", UCUM, "[kg]", "kg", "kg"),
        ("glucose_random", "http://units.example/local", "mg/dL", "mmol/L", "mmol/L"),
        ("glucose_random", "http://snomed.info/sct", "258797006", "mg/dL", "mg/dL"),
        ("body_weight", None, "kgs", "kg", "kg"),
        ("body_weight", UCUM, "k" * 1_000_000, "kg", "kg"),
        ("hemoglobin", None, None, "  g/dl ", "g/dL"),
        ("creatinine", None, None, "µmol/L", "umol/L"),
        ("creatinine", None, None, "μmol/L", "umol/L"),
        ("platelets", None, None, "万/μL", "10*4/uL"),
        ("wbc", None, None, "10³/µL", "10*3/uL"),
        ("bmi", None, None, "kg/m²", "kg/m2"),
        ("creatinine", None, None, "㎎/㎗", "mg/dl"),
        ("systolic_bp", None, None, "mm[Hg]", "mm[Hg]"),
        ("body_weight", None, None, "lb", "[lb_av]"),
        # reasons
        ("heart_rate", None, None, None, "unit-missing"),
        ("heart_rate", None, None, "  ", "unit-missing"),
        ("heart_rate", UCUM, "", "", "unit-missing"),
        ("body_weight", UCUM, "Kilo", None, "unit-unknown"),
        ("creatinine", None, None, "Einheiten", "unit-unknown"),
        ("glucose_random", "http://units.example/local", "mg/dL", None, "unit-unknown"),
        ("body_height", None, "kg", None, "unit-unknown"),
        ("triglycerides", None, None, "bpm", "unit-unknown"),
        ("respiratory_rate", None, None, "BPM", "unit-unknown"),
        ("ast", None, None, "IE/l", "unit-unknown"),
        ("systolic_bp", None, None, "cmHg", "unit-unknown"),
        ("wbc", None, None, "103/µL", "unit-unknown"),
        ("creatinine", None, None, "mg/mL", "unit-incompatible"),
        ("alt", UCUM, None, "mmol/L", "unit-incompatible"),
        ("systolic_bp", UCUM, "g", "g", "unit-incompatible"),
        ("body_height", UCUM, "kg", None, "unit-incompatible"),
        ("wbc", UCUM, "K/uL", None, "unit-incompatible"),
        ("platelets", UCUM, "103/uL", None, "unit-incompatible"),
        ("smoking_status", UCUM, "1", None, "unit-incompatible"),
        ("nothing", UCUM, "kg", None, "unit-incompatible"),
        ("creatinine", UCUM, "g", "mg/dL", "unit-conflict"),
        ("glucose_random", UCUM, "mg/dL", "mmol/L", "unit-conflict"),
        ("hba1c", UCUM, "mmol/mol", "%", "unit-conflict"),
        ("body_weight", UCUM, "kg", "cm", "unit-conflict"),
        ("heart_rate", UCUM, "/min", "mmHg", "unit-conflict"),
        ("egfr", UCUM, "mL/min", "mL/min/1.73m2", "unit-conflict"),
        ("wbc", UCUM, "K/uL", "K/uL", "unit-conflict"),
    ],
    ids=lambda value: str(value)[:24],
)
def test_resolve(
    feature: str, system: str | None, code: str | None, text: str | None, found: str
) -> None:
    resolved = units.resolve(system, code, text, feature)
    assert (resolved.ucum or resolved.reason) == found
    assert (
        resolved.ucum is None or units.canonical(feature, Decimal(1), resolved.ucum).error is None
    )


@pytest.mark.parametrize(
    ("property_", "unit", "disagree"),
    [
        ("SCnc", "mg/dL", True), ("SCnc", "mmol/L", False), ("SCnc", "meq/L", False),
        ("MCnc", "mmol/L", True), ("MCnc", "g/dL", False), ("MSCnc", "mmol/L", False),
        ("MRto", "mg/mmol", True), ("MRto", "mg/g", False), ("Ratio", "mg/mmol", False),
        ("MFr", "mmol/mol", False), (None, "mg/dL", False),
    ],
)  # fmt: skip
def test_property_against_unit(property_: str | None, unit: str, disagree: bool) -> None:
    assert units.disagrees(property_, unit) is disagree


def test_texts_are_units_of_their_features() -> None:
    for text, entry in texts.load().items():
        assert entry.unit is None or ucum.valid(entry.unit), text
        for feature in entry.features or ():
            assert feature in FEATURES
            if feature != "smoking_status":
                assert units.canonical(feature, Decimal(1), entry.unit or "").error is None
        assert entry.refused <= FEATURES.keys()
        for candidate in entry.candidates:
            assert ucum.valid(candidate)


@pytest.mark.parametrize("feature", FEATURES.values(), ids=lambda feature: feature.key)
def test_units_that_codes_state_are_units_of_the_feature(feature: analytes.Analyte) -> None:
    for code in feature.codes:
        if code.unit and code.code != "NPU03918":  # a substance ratio, refused as such
            coding = (code.system, code.code)
            assert units.resolve(None, None, code.unit, feature.key, coding).ucum, code


def test_texts_are_never_matched_by_lower_case() -> None:
    assert units.sloppy("MMOL/L").ucum == "mmol/L"
    for text in ("Mmol/L", "mM", "MM", "kG", "Cell", "KPH", "mMHg"):
        assert units.sloppy(text, "glucose_random").ucum is None


@pytest.mark.parametrize("text", ["Einheiten", "foo", "unit", "mmol\\L", "mg dL", "1.73", "🩸"])
@pytest.mark.parametrize("feature", ["glucose_random", "creatinine", "systolic_bp"])
def test_unlisted_texts_are_refused(text: str, feature: str) -> None:
    assert units.sloppy(text, feature).reason in ("unit-unknown", "unit-incompatible")


def test_every_stated_text_does_what_its_action_says(shared: Path) -> None:
    entries = json.loads((shared / "terminology" / "units_sloppy.json").read_text())["entries"]
    for entry in entries:
        for feature in [None, *FEATURES]:
            found = units.sloppy(entry["text"], feature)
            listed = feature in entry.get("features", ())
            if entry["action"] == "map" or (entry["action"] == "map_if" and listed):
                assert found.ucum == entry["ucum"], (entry, feature)
            elif entry["action"] == "reject_for" and not listed:
                assert found.ucum == entry["text"], (entry, feature)
            else:
                assert found.ucum is None, (entry, feature)


def draw_pair(data: st.DataObject) -> tuple[str, str, str]:
    feature = data.draw(st.sampled_from(MEASURED))
    names = [row.unit for row in FEATURES[feature].accepted if not row.codes]
    return feature, data.draw(st.sampled_from(names)), data.draw(st.sampled_from(names))


@given(st.decimals(-10_000, 10_000, places=4), st.data())
@settings(deadline=None)
def test_there_and_back_is_identity(value: Decimal, data: st.DataObject) -> None:
    feature, source, target = draw_pair(data)
    there = units.convert(value, source, target, feature).value
    assert there is not None
    back = units.convert(there, target, source, feature).value
    assert back is not None
    scale = max(abs(float(value)), 500 if feature in ("body_temperature", "hba1c") else 0)
    assert math.isclose(back, float(value), rel_tol=1e-12, abs_tol=1e-12 * scale)


@given(st.decimals(0, 1000, places=3), st.data())
@settings(deadline=None)
def test_over_a_third_unit_is_the_same(value: Decimal, data: st.DataObject) -> None:
    feature, source, target = draw_pair(data)
    direct = units.convert(value, source, target, feature).value
    kept = units.convert(value, source, FEATURES[feature].canonical or "", feature).value
    assert kept is not None
    over = units.convert(kept, FEATURES[feature].canonical or "", target, feature).value
    assert over == pytest.approx(direct, rel=1e-11, abs=1e-9)


TEXTS = st.text(max_size=200) | st.text("mgdLukcol[]{}()./*^0123456789 %", max_size=200)


@given(TEXTS, TEXTS, st.sampled_from([None, *MEASURED]))
@settings(deadline=None, max_examples=300)
def test_no_text_crashes_or_takes_long(code: str, text: str, feature: str | None) -> None:
    start = time.process_time()
    units.convert("1", code, text, feature)
    units.sloppy(text, feature)
    units.resolve(UCUM, code, text, feature or "systolic_bp")
    assert time.process_time() - start < 0.15


@pytest.fixture(scope="module")
def oracle() -> Any:
    """The pint registry of ucumvert: another hand, other tables."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from ucumvert import PintUcumRegistry

        return PintUcumRegistry()


@pytest.mark.slow
def test_factors_agree_with_pint(oracle: Any) -> None:
    compared = 0
    for feature in FEATURES.values():
        canonical = feature.canonical or "%"
        for row in feature.accepted:
            if row.source != "dimension" or any(sign in canonical + row.unit for sign in "%{"):
                continue
            theirs = (1 * oracle.from_ucum(row.unit)).to(oracle.from_ucum(canonical)).magnitude
            assert float(row.factor) == pytest.approx(theirs, rel=1e-5), (feature.key, row.unit)
            compared += 1
    assert compared > 30
