"""One Observation: which feature, which value, which reason; each rule by a case of its own."""

from decimal import Decimal
from typing import Any

import pytest

from mappers.document import Mapped, map_document

UCUM = "http://unitsofmeasure.org"
LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"


def concept(*codes: str, system: str = LOINC, **more: Any) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code} for code in codes], **more}


def observed(**changes: Any) -> dict[str, Any]:
    sound = {
        "resourceType": "Observation",
        "id": "o1",
        "meta": {"versionId": "4"},
        "status": "final",
        "code": concept("29463-7"),
        "subject": {"reference": "Patient/p1"},
        "effectiveDateTime": "2024-05-01T08:00:00+02:00",
        "valueQuantity": {"value": Decimal("72.50"), "unit": "kg", "system": UCUM, "code": "kg"},
    }
    return {key: value for key, value in {**sound, **changes}.items() if value is not None}


def quantity(value: object, code: str, **more: Any) -> dict[str, Any]:
    return {"value": value, "system": UCUM, "code": code, **more}


def mapped(**changes: Any) -> Mapped:
    return map_document(observed(**changes))


def test_a_measurement_keeps_where_it_comes_from() -> None:
    (found,) = mapped().measurements
    assert (found.feature, found.value, found.unit) == ("body_weight", 72.5, "kg")
    assert (found.at, found.resource, found.version) == ("Observation", "Observation/o1", "4")
    assert (found.subject, found.effective) == ("Patient/p1", "2024-05-01T08:00:00+02:00")
    assert found.code is not None
    assert (found.code.system, found.code.code) == (LOINC, "29463-7")
    assert (found.original.value, found.original.unit, found.original.code) == ("72.50", "kg", "kg")


REASONS: dict[str, tuple[dict[str, Any], str]] = {
    "no status": ({"status": None}, "status"),
    "status of another type": ({"status": ["final"]}, "status"),
    "entered in error": ({"status": "entered-in-error"}, "status"),
    "a device": ({"subject": {"reference": "Device/d"}}, "subject"),
    "a conditional group": ({"subject": {"reference": "Group?identifier=1"}}, "subject"),
    "a device by type": ({"subject": {"type": "Device", "display": "x"}}, "subject"),
    "no value": ({"valueQuantity": None}, "value-absent"),
    "an empty quantity": ({"valueQuantity": {"unit": "kg"}}, "value-absent"),
    "an absent reason beside a value": ({"dataAbsentReason": {"text": "?"}}, "value-absent"),
    "a boolean": ({"valueQuantity": None, "valueBoolean": True}, "value-type"),
    "sampled data": ({"valueQuantity": None, "valueSampledData": {"data": "1"}}, "value-type"),
    "no number": ({"valueQuantity": quantity("NaN", "kg")}, "value-type"),
    "a boolean number": ({"valueQuantity": quantity(True, "kg")}, "value-type"),
    "a text with a comma": ({"valueQuantity": None, "valueString": "72,5 kg"}, "value-type"),
    "a text without a unit": ({"valueQuantity": None, "valueString": "72"}, "value-type"),
    "another comparator": ({"valueQuantity": quantity(7, "kg", comparator="ad")}, "value-type"),
    "a template": ({"valueQuantity": quantity("{{w}}", "kg")}, "placeholder"),
    "a template as text": ({"valueQuantity": None, "valueString": "${W}"}, "placeholder"),
    "no unit": ({"valueQuantity": {"value": 72}}, "unit-missing"),
    "an unknown unit": ({"valueQuantity": {"value": 72, "unit": "stein"}}, "unit-unknown"),
    "a unit of length": ({"valueQuantity": quantity(72, "cm")}, "unit-incompatible"),
    "code against text": ({"valueQuantity": quantity(72, "kg", unit="cm")}, "unit-conflict"),
    "too heavy": ({"valueQuantity": quantity(7000, "kg")}, "implausible"),
    "a birth weight": ({"code": concept("29463-7", "8339-4")}, "qualifier"),
    "another thing by text": ({"method": {"text": "Fetal ultrasound"}}, "qualifier"),
    "a modifier extension": ({"modifierExtension": [{"url": "https://a.example/x"}]}, "qualifier"),
    "another thing by its code's text": (
        {"code": concept("29463-7", text="Weight percentile")},
        "qualifier",
    ),
    "two features": ({"code": concept("29463-7", "8302-2")}, "qualifier"),
}  # fmt: skip


@pytest.mark.parametrize(("changes", "reason"), REASONS.values(), ids=REASONS)
def test_what_cannot_be_used_has_a_reason(changes: dict[str, Any], reason: str) -> None:
    found = mapped(**changes)
    assert not found.measurements
    (finding,) = found.findings
    assert (finding.reason, finding.feature) == (reason, "body_weight")
    assert finding.detail.endswith(".") or finding.reason.startswith("unit")
    assert "72" not in finding.detail


NOTHING: dict[str, dict[str, Any]] = {
    "an unknown code": {"code": concept("11111-1", text="Body weight")},
    "a code without a system": {"code": {"coding": [{"code": "29463-7"}]}},
    "a text": {"code": {"text": "Body weight"}},
    "no code": {"code": None},
    "a panel": {"code": concept("85354-9"), "valueQuantity": None, "valueString": "120/80"},
    "members hold the values": {
        "valueQuantity": None, "hasMember": [{"reference": "Observation/2"}]
    },
    "members of STU3": {
        "valueQuantity": None,
        "related": [{"type": "has-member", "target": {"reference": "Observation/2"}}],
    },
}  # fmt: skip


@pytest.mark.parametrize("changes", NOTHING.values(), ids=NOTHING)
def test_what_is_no_feature_is_nothing(changes: dict[str, Any]) -> None:
    found = mapped(**changes)
    assert not found.measurements
    assert not found.findings


VALUES: dict[str, tuple[dict[str, Any], float | str, str | None, tuple[str, ...]]] = {
    "grams": ({"valueQuantity": quantity(72500, "g")}, 72.5, "kg", ()),
    "pounds as text": ({"valueQuantity": {"value": 160, "unit": "lbs"}}, 72.57478, "kg", ()),
    "a number as a string": ({"valueQuantity": quantity("72.5", "kg")}, 72.5, "kg", ()),
    "a text": ({"valueQuantity": None, "valueString": "72.5 kg"}, 72.5, "kg", ()),
    "unusual": ({"valueQuantity": quantity(290, "kg")}, 290, "kg", ("outside-plausible",)),
    "preliminary": ({"status": "preliminary"}, 72.5, "kg", ("preliminary",)),
    "moles under a mass code": (
        {"code": concept("2093-3"), "valueQuantity": quantity(Decimal("5.1"), "mmol/L")},
        5.1, "mmol/L", ("code-unit-conflict",),
    ),
    "moles under both codes": (
        {"code": concept("2093-3", "14647-2"), "valueQuantity": quantity(5, "mmol/L")},
        5, "mmol/L", (),
    ),
    "a broader code": (
        {"code": concept("77140-2"), "valueQuantity": quantity(80, "umol/L")},
        80, "umol/L", ("broader-code",),
    ),
    "fasting beats random": (
        {"code": concept("2345-7", "1558-6"), "valueQuantity": quantity(90, "mg/dL")},
        4.99567, "mmol/L", (),
    ),
    "an answer": (
        {"code": concept("72166-2"), "valueQuantity": None,
         "valueCodeableConcept": concept("8517006", system=SNOMED)},
        "former", None, (),
    ),
    "a code that is an answer": (
        {"code": concept("266919005", system=SNOMED), "valueQuantity": None}, "never", None, (),
    ),
    "no subject": ({"subject": None}, 72.5, "kg", ()),
    "a subject by name": ({"subject": {"display": "Somebody"}}, 72.5, "kg", ()),
}  # fmt: skip


@pytest.mark.parametrize(("changes", "value", "unit", "flags"), VALUES.values(), ids=VALUES)
def test_values(
    changes: dict[str, Any], value: float | str, unit: str | None, flags: tuple[str, ...]
) -> None:
    (found,) = mapped(**changes).measurements
    assert found.value == (value if isinstance(value, str) else pytest.approx(value, rel=1e-5))
    assert (found.unit, found.flags) == (unit, flags)


@pytest.mark.parametrize("comparator", ["<", "<=", ">=", ">"])
def test_a_bound_is_kept(comparator: str) -> None:
    (found,) = mapped(valueQuantity=quantity(70, "kg", comparator=comparator)).measurements
    assert found.comparator == comparator


ANSWERS = {
    "unknown answer": concept("17621005", system=SNOMED),
    "two answers": concept("8517006", "266919005", system=SNOMED),
    "a text": {"text": "smokes"},
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_answers_that_cannot_be_used(answer: dict[str, Any]) -> None:
    found = mapped(code=concept("72166-2"), valueQuantity=None, valueCodeableConcept=answer)
    assert [f.reason for f in found.findings] == ["value-type"]


DATES: dict[str, tuple[dict[str, Any], str | None, bool]] = {
    "partial": ({"effectiveDateTime": "2018-03"}, "2018-03", False),
    "period": (
        {"effectiveDateTime": None, "effectivePeriod": {"start": "2018-03-10", "end": "2018"}},
        "2018-03-10", False,
    ),
    "instant": (
        {"effectiveDateTime": None, "effectiveInstant": "2018-03-12T14:05:00.5Z"},
        "2018-03-12T14:05:00.5Z", False,
    ),
    "no start": ({"effectiveDateTime": None, "effectivePeriod": {"end": "2018"}}, None, False),
    "timing": ({"effectiveDateTime": None, "effectiveTiming": {"event": ["2018"]}}, None, False),
    "issued": ({"effectiveDateTime": None, "issued": "2018-03-12T14:00:00Z"}, None, False),
    "template": ({"effectiveDateTime": "${DATE, T, D, -1}"}, None, True),
    "impossible": ({"effectiveDateTime": "2018-02-30"}, None, True),
    "a number": ({"effectiveDateTime": 2018}, None, True),
}  # fmt: skip


@pytest.mark.parametrize(("changes", "effective", "wrong"), DATES.values(), ids=DATES)
def test_dates(changes: dict[str, Any], effective: str | None, wrong: bool) -> None:
    (found,) = mapped(**changes).measurements
    assert found.effective == effective
    assert ("date-invalid" in found.flags) == wrong


def pressures(*parts: dict[str, Any], **more: Any) -> Mapped:
    return mapped(code=concept("85354-9"), valueQuantity=None, component=list(parts), **more)


def part(code: str, value: object, unit: str = "mm[Hg]", **more: Any) -> dict[str, Any]:
    return {"code": concept(code), "valueQuantity": quantity(value, unit), **more}


def test_components_are_read_by_their_own_codes() -> None:
    found = pressures(part("8480-6", 128), part("8462-4", 79), part("11111-1", 49))
    assert [(m.at, m.value) for m in found.measurements] == [
        ("Observation.component[0]", 128),
        ("Observation.component[1]", 79),
    ]


@pytest.mark.parametrize("upper", [80, 79, Decimal("10.5")])
def test_systolic_not_above_diastolic_refuses_both(upper: object) -> None:
    unit = "kPa" if isinstance(upper, Decimal) else "mm[Hg]"
    found = pressures(part("8480-6", upper, unit), part("8462-4", 80))
    assert not found.measurements
    assert [(f.at, f.reason) for f in found.findings] == [
        ("Observation.component[0]", "implausible"),
        ("Observation.component[1]", "implausible"),
    ]


def test_a_bounded_pressure_is_not_compared() -> None:
    bounded = {"valueQuantity": quantity(60, "mm[Hg]", comparator="<")}
    found = pressures(part("8480-6", 60, **bounded), part("8462-4", 80))
    assert len(found.measurements) == 2


def test_a_component_without_a_value_leaves_the_other() -> None:
    absent = {"valueQuantity": None, "dataAbsentReason": {"text": "?"}}
    found = pressures(part("8480-6", 128), part("8462-4", 1, **absent))
    assert [m.feature for m in found.measurements] == ["systolic_bp"]
    assert [(f.at, f.reason) for f in found.findings] == [
        ("Observation.component[1]", "value-absent")
    ]


@pytest.mark.parametrize(
    "more",
    [{"bodySite": concept("81040000", system=SNOMED)}, {"method": {"text": "Right atrium"}}],
    ids=["site", "method"],
)
def test_what_contradicts_the_parent_holds_for_its_components(more: dict[str, Any]) -> None:
    found = pressures(part("8480-6", 28), part("8462-4", 9), **more)
    assert [f.reason for f in found.findings] == ["qualifier", "qualifier"]
