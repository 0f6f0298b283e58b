"""The fast lane says what the full lane says, or hands over."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mappers import entries, fast
from mappers.document import Context, Mapped, map_document
from mappers.features import rows
from mappers.fold import Fold
from terminology import analytes
from terminology.records import FeatureRow

UCUM = "http://unitsofmeasure.org"
ENCODER = msgspec.json.Encoder(decimal_format="number")
PATIENT = {"resourceType": "Patient", "id": "p1"}
CODES = [
    (code.system, code.code, analyte)
    for analyte in analytes.load().values()
    for code in analyte.codes
]
UNITS = sorted({row.unit for analyte in analytes.load().values() for row in analyte.accepted})
ANSWERS = sorted({(a.system, a.code) for x in analytes.load().values() for a in x.answers})
TEXTS = [None, "Blood pressure", "Fetal heart rate", "percentile", "", "x" * 400]
DATES = [
    *("2024-05-01", "2024-05-01T08:00:00+02:00", "2024-05-01T08:00:00Z", "2024-02-30", "2024"),
    *("2024-05-01T08:00:00.123Z", "20240501T080000+0200", "2024-W10-1T10:00:00Z", "${DATE}"),
    *("2024-05-01T24:00:00Z", "2024-05-01T08:00:60Z", "2024-05-01T08:00:00+15:00", ""),
    *("0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00", "2024-05-01 08:00:00+02:00"),
]
REFERENCES = ["Patient/p1", "Device/d", "#p", "urn:uuid:1", "https://a.example/Patient/p", "x", ""]
numbers = st.one_of(
    st.integers(-5, 400),
    st.decimals(0, 400, places=1),
    st.decimals(-1, 1, places=7),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["72", "NaN", "{{v}}", None, True, Decimal("1E+2"), 10**20, Decimal("0.0")]),
)
odd = st.sampled_from([None, [], {}, "", "x", 1, True, [1], {"a": 1}, [{}], ["x"]])


def coding() -> st.SearchStrategy[dict[str, Any]]:
    known = st.sampled_from(CODES).map(lambda c: {"system": c[0], "code": c[1]})
    other = st.fixed_dictionaries(
        {"system": st.sampled_from(["http://lab.example", "http://loinc.org"])},
        optional={"code": st.text(max_size=4), "display": st.sampled_from(TEXTS)},
    )
    return st.one_of(known, known, known, other)


@st.composite
def concept(draw: st.DrawFn) -> dict[str, Any]:
    made: dict[str, Any] = {"coding": draw(st.lists(coding(), min_size=1, max_size=2))}
    if draw(st.booleans()):
        made["text"] = draw(st.sampled_from(TEXTS))
    return made


quantity = st.fixed_dictionaries(
    {"value": numbers, "code": st.sampled_from(UNITS), "system": st.sampled_from([UCUM, None])},
    optional={
        "unit": st.sampled_from([*UNITS, "mmHg", "bpm", None]),
        "comparator": st.sampled_from(["<", ">=", "ad", None]),
    },
)
answer = st.sampled_from(ANSWERS).map(lambda a: {"coding": [{"system": a[0], "code": a[1]}]})
extras = {
    "meta": st.sampled_from([{"versionId": "2"}, {"versionId": 2}, {}]),
    "modifierExtension": st.sampled_from([[], [{"url": "https://a.example/turned"}], {}, "x"]),
    "bodySite": st.just({"text": "Left arm"}),
    "method": st.just({"text": "Fetal ultrasound"}),
    "dataAbsentReason": st.sampled_from([{}, {"text": "unknown"}]),
    "contained": st.just([{"resourceType": "Device", "id": "p"}]),
    "valueString": st.just("72 kg"),
    "effectivePeriod": st.just({"start": "2024-05-01"}),
    "effectiveInstant": st.just("2024-05-01T08:00:00Z"),
    "component": st.lists(
        st.fixed_dictionaries(
            {"code": concept(), "valueQuantity": quantity},
            optional={
                "dataAbsentReason": st.just({"text": "x"}),
                "modifierExtension": st.just([{"url": "https://a.example/turned"}]),
            },
        ),
        max_size=3,
    ),
}


@st.composite
def observations(draw: st.DrawFn) -> dict[str, Any]:
    made: dict[str, Any] = {
        "resourceType": "Observation",
        "id": draw(st.sampled_from(["o1", "a b", None])),
        "status": draw(st.sampled_from(["final"] * 6 + ["amended", "preliminary", "cancelled"])),
        "code": draw(concept()),
        "subject": {"reference": draw(st.sampled_from(["Patient/p1"] * 5 + REFERENCES))},
        "effectiveDateTime": draw(st.sampled_from(DATES)),
    }
    kind = draw(st.sampled_from(["valueQuantity"] * 4 + ["valueCodeableConcept", "none"]))
    if kind != "none":
        made[kind] = draw(quantity if kind == "valueQuantity" else answer)
    for name in draw(st.lists(st.sampled_from(sorted(extras)), max_size=2)):
        made[name] = draw(extras[name])
    if draw(st.integers(0, 4)) == 0:
        made[draw(st.sampled_from(sorted(made)))] = draw(odd)
    return made


@settings(max_examples=250, deadline=2000, suppress_health_check=[HealthCheck.too_slow])
@given(sent=observations())
def test_both_lanes_say_the_same(sent: dict[str, Any]) -> None:
    raw = ENCODER.encode(sent)
    assert fast.map_bytes(raw) == map_document(fast.DOCUMENT.decode(raw))


def panel(**more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "id": "bp",
        "meta": {"versionId": "3"},
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "85354-9"}]},
        "subject": {"reference": "Patient/p1"},
        "effectiveDateTime": "2024-05-01T08:00:00+02:00",
        "component": [part("8480-6", 128), part("8462-4", 79)],
        **more,
    }


def part(code: str, value: object, unit: str = "mm[Hg]") -> dict[str, Any]:
    return {
        "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
        "valueQuantity": {"value": value, "unit": unit, "system": UCUM, "code": unit},
    }


def single(code: str, value: object, unit: str) -> dict[str, Any]:
    return {**panel(), **part(code, value, unit), "component": []}


CLEAN = {
    "panel": panel(),
    "kPa": panel(component=[part("8480-6", 17.1, "kPa"), part("8462-4", 10.4, "kPa")]),
    "heart rate": single("8867-4", 72, "/min"),
    "two codings": single("8867-4", 95, "/min")
    | {
        "code": {
            "coding": [
                {"system": "http://loinc.org", "code": "8867-4"},
                {"system": "http://snomed.info/sct", "code": "364075005"},
            ]
        }
    },
    "an answer": {
        **panel(),
        "code": {"coding": [{"system": "http://loinc.org", "code": "72166-2"}]},
        "component": [],
        "valueCodeableConcept": {
            "coding": [{"system": "http://loinc.org", "code": "LA18978-9", "display": "Never"}]
        },
    },
    "a code that means nothing": single("11111-1", 7, "kg"),
    "members": {
        **panel(),
        "component": [],
        "hasMember": [{"reference": "Observation/1"}, {"reference": "Observation/2"}],
    },
    "unusual": single("29463-7", 230.5, "kg"),
}  # fmt: skip
HARD = {
    "comparator": {"valueQuantity": {"value": 7, "comparator": "<", "code": "/min"}},
    "preliminary": {"status": "preliminary"},
    "device": {"subject": {"reference": "Device/d1"}},
    "modified": {"modifierExtension": [{"url": "https://a.example/turned"}]},
    "body site": {"bodySite": {"text": "Right atrium"}},
    "text": {
        "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4"}], "text": "Fetal"}
    },
    "unit": {"valueQuantity": {"value": 7, "code": "kg"}},
    "implausible": {"valueQuantity": {"value": 7000, "code": "/min", "system": UCUM}},
}


@pytest.mark.parametrize("sent", CLEAN.values(), ids=CLEAN)
def test_clean_observations_take_the_fast_lane(sent: dict[str, Any]) -> None:
    lane = Fold()
    raw = json.dumps({k: v for k, v in sent.items() if v != []}).encode()
    lane.take(raw)
    assert (lane.documents, lane.full) == (1, 0)
    assert fast.map_bytes(raw) == map_document(fast.DOCUMENT.decode(raw))


@pytest.mark.parametrize("change", HARD.values(), ids=HARD)
def test_hard_cases_are_handed_over(change: dict[str, Any]) -> None:
    lane = Fold()
    raw = json.dumps(single("8867-4", 72, "/min") | change).encode()
    lane.take(raw)
    assert (lane.documents, lane.full) == (1, 1)
    assert fast.map_bytes(raw) == map_document(fast.DOCUMENT.decode(raw))


def test_lines_are_counted_and_bad_ones_told() -> None:
    lane = Fold(Context("FI"))
    lane.lines([json.dumps(panel()).encode(), b"", b"{", json.dumps(PATIENT).encode()])
    (row,) = lane.rows()
    assert row.features["diastolic_bp"].at == "line[1].Observation.component[1]"
    assert [(f.at, f.reason) for f in lane.findings] == [("line[3]", "malformed")]
    assert (row.person and row.person.at, row.country) == ("line[4].Patient", "FI")
    assert (lane.documents, lane.full) == (3, 2)


@settings(max_examples=60, deadline=4000, suppress_health_check=[HealthCheck.too_slow])
@given(
    sent=st.lists(observations(), max_size=12),
    as_of=st.sampled_from([None, datetime(2024, 5, 1, 7, tzinfo=UTC)]),
)
def test_folding_while_reading_gives_the_rows_of_all_read(
    sent: list[dict[str, Any]], as_of: datetime | None
) -> None:
    lane = Fold(as_of=as_of)
    lane.lines([ENCODER.encode(one) for one in sent])
    read = [map_document(fast.DOCUMENT.decode(ENCODER.encode(one))) for one in sent]
    found = Mapped(measurements=tuple(m for one in read for m in one.measurements))
    told = {row.patient: values(row) for row in lane.rows()}
    limit = as_of or datetime(9999, 12, 31, tzinfo=UTC)
    assert {k: v for k, v in told.items() if v} == {
        row.patient: values(row) for row in rows(found, limit) if row.features
    }


def values(row: FeatureRow) -> dict[str, Any]:
    return {key: (m.value, m.effective, m.flags, m.resource) for key, m in row.features.items()}


def test_the_table_of_combinations_stays_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entries, "MOST", 3)
    entries.TABLE.clear()
    for number in range(9):
        sent = single("8867-4", 72, "/min")
        sent["valueQuantity"]["unit"] = f"u{number}"
        fast.map_bytes(json.dumps(sent).encode())
    assert len(entries.TABLE) <= 3


@pytest.mark.parametrize("number", ["1e99999999999999999999", "-1E-99999999999999999999"])
def test_a_number_out_of_all_bounds_is_told(number: str) -> None:
    one = f'{{"resourceType":"Observation","valueQuantity":{{"value":{number}}}}}'
    bundle = f'{{"resourceType":"Bundle","entry":[{{"resource":{one}}}]}}'
    for sent in (one, bundle):
        (finding,) = fast.map_bytes(sent.encode()).findings
        assert finding.reason == "malformed"
        lane = Fold()
        lane.take(sent.encode())
