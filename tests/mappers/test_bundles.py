"""A Bundle read in parts says what the full lane says of it."""

from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mappers import bundles, fast
from mappers.document import map_document
from mappers.features import chosen
from mappers.fold import Fold

ENCODER = msgspec.json.Encoder(decimal_format="number")
LOINC, UCUM = "http://loinc.org", "http://unitsofmeasure.org"
ANIMAL = {"url": "http://hl7.org/fhir/StructureDefinition/patient-animal"}
BASE = "https://a.example/fhir"


def rate(name: str | None, subject: str, value: object = 72, **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        **({"id": name} if name is not None else {}),
        "status": "final",
        "code": {"coding": [{"system": LOINC, "code": "8867-4"}]},
        "subject": {"reference": subject},
        "effectiveDateTime": "2024-05-01T08:00:00Z",
        "valueQuantity": {"value": value, "unit": "/min", "system": UCUM, "code": "/min"},
        **more,
    }


def bundle(*entries: Any) -> bytes:
    return ENCODER.encode({"resourceType": "Bundle", "type": "batch", "entry": list(entries)})


def entry(resource: Any, url: str | None = None) -> dict[str, Any]:
    return {"resource": resource} | ({} if url is None else {"fullUrl": url})


def person(name: str, **more: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", "id": name, "gender": "female", **more}


PARTS = {
    "search": bundle(
        entry(person("p"), f"{BASE}/Patient/p"),
        entry(rate("a", "Patient/p"), f"{BASE}/Observation/a"),
        entry(rate("b", "Patient/q", 80), f"{BASE}/Observation/b"),
    ),
    "transaction": bundle(
        entry(person("p"), "urn:uuid:1"), entry(rate("a", "urn:uuid:1"), "urn:uuid:2")
    ),
    "one by the full lane": bundle(
        entry(rate("a", "Patient/p")), entry(rate("b", "Patient/p", status="preliminary"))
    ),
    "no resource": bundle({"fullUrl": "urn:uuid:1"}, {}, entry(rate("a", "Patient/p"))),
    "none": bundle(),
}
WHOLE = {
    "an animal": bundle(entry(person("p", extension=[ANIMAL])), entry(rate("a", "Patient/p"))),
    "two of one id": bundle(entry(rate("a", "Patient/p"), "x:1"), entry(rate("a", "Patient/p"))),
    "a subject that is an Observation": bundle(
        entry(rate("a", "Patient/p"), "urn:uuid:1"),
        entry(rate("b", "urn:uuid:1", status="preliminary")),
    ),
    "a device": bundle(entry(rate("a", "Device/d"))),
    "contained": bundle(entry(rate("a", "#p"))),
    "a Bundle in it": bundle(entry({"resourceType": "Bundle", "entry": []})),
    "no resource at all": bundle(entry(1)),
    "a type that is none": bundle(entry({"resourceType": ["Patient"]})),
    "no type": bundle(entry({})),
    "a null": bundle(None),
}


def told(raw: bytes) -> tuple[Any, Any, Any]:
    lane = Fold()
    lane.take(raw)
    rows = {row.patient: row for row in lane.rows()}
    held = {name: {k: one.record(name) for k, one in h.items()} for name, h in lane.held.items()}
    people = {name: row.person for name, row in rows.items() if row.person}
    return {k: v for k, v in held.items() if v}, people, lane.findings


def wanted(raw: bytes) -> tuple[Any, Any, Any]:
    mapped = map_document(fast.DOCUMENT.decode(raw))
    held: dict[str, list[Any]] = {}
    for one in mapped.measurements:
        if one.subject is not None:
            held.setdefault(one.subject, []).append(one)
    people = {one.reference: one for one in mapped.people if one.reference}
    return {k: chosen(v, None) for k, v in held.items()}, people, list(mapped.findings)


@pytest.mark.parametrize("raw", PARTS.values(), ids=PARTS)
def test_a_bundle_is_read_in_parts(raw: bytes) -> None:
    assert bundles.opened(raw) is not None
    assert told(raw) == wanted(raw)


@pytest.mark.parametrize("raw", WHOLE.values(), ids=WHOLE)
def test_what_names_may_confuse_is_left_to_the_full_lane(raw: bytes) -> None:
    assert bundles.opened(raw) is None
    assert told(raw) == wanted(raw)


def test_entries_are_counted() -> None:
    lane = Fold()
    lane.lines([PARTS["one by the full lane"], WHOLE["a device"]])
    assert (lane.documents, lane.full) == (3, 2)
    (row,) = lane.rows()
    assert row.features["heart_rate"].at == "line[1].Bundle.entry[0].resource"


NAMES = st.sampled_from(["a", "b", "c", None, ""])
REFERENCES = st.sampled_from(
    [*("Patient/a", "Patient/b", "urn:uuid:1", f"{BASE}/Patient/a", "Observation/a", "#a", "", "x")]
)
URLS = st.sampled_from(
    [None, None, "", "urn:uuid:1", "urn:uuid:2", f"{BASE}/Patient/a", "Patient/a", "Observation/a"]
)
resources = st.one_of(
    st.builds(
        rate,
        NAMES,
        REFERENCES,
        st.sampled_from([50, 71.5, "x", 9999]),
        status=st.sampled_from(["final", "final", "preliminary", "cancelled"]),
    ),
    st.builds(person, st.sampled_from("ab"), extension=st.sampled_from([[], [], [ANIMAL]])),
    st.fixed_dictionaries(
        {
            "resourceType": st.just("Condition"),
            "code": st.just({"coding": [{"system": "http://snomed.info/sct", "code": "44054006"}]}),
            "clinicalStatus": st.just({"coding": [{"code": "active"}]}),
            "subject": st.builds(lambda text: {"reference": text}, REFERENCES),
        }
    ),
    st.sampled_from([{}, None, 1, {"resourceType": "Bundle"}, {"resourceType": "Observation"}]),
)


@settings(max_examples=200, deadline=4000, suppress_health_check=[HealthCheck.too_slow])
@given(entries=st.lists(st.builds(entry, resources, URLS), max_size=5))
def test_every_bundle_says_what_the_full_lane_says(entries: list[dict[str, Any]]) -> None:
    raw = bundle(*entries)
    assert told(raw) == wanted(raw)
