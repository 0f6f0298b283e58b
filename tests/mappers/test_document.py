"""Any JSON goes in, nothing but results comes out; places, references and nesting are right."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mappers.document import Context, map_document, map_resources

TYPES = ["Observation", "Patient", "Bundle", "Condition", "MedicationStatement", "Composition"]
TYPES += ["MedicationRequest", "Parameters", "Device", "Group"]
WORDS = [
    *TYPES,
    *("final", "preliminary", "active", "refuted", "male", "8480-6", "8462-4", "85354-9"),
    *("72166-2", "LA18978-9", "http://loinc.org", "http://snomed.info/sct", "44054006", "kg"),
    *("mm[Hg]", "mmHg", "http://unitsofmeasure.org", "2018-03-12", "2018-03-12T10:00:00Z"),
    *("urn:oid:1.2.246.21", "131052-308T", "Patient/p", "#p", "p", "<", "120 mmHg", "${X}"),
    *("urn:oid:1.2.392.200119.6.1005", "9N701000000000011", "no-known-problems", "1", "01"),
    *("https://fhir.nhs.uk/Id/nhs-number", "999 000 0018", "has-member", "nilknown", "11450-4"),
]
NAMES = [
    *("resourceType", "id", "meta", "versionId", "status", "code", "coding", "system", "display"),
    *("text", "valueQuantity", "value", "unit", "comparator", "valueString", "valueBoolean"),
    *("valueCodeableConcept", "dataAbsentReason", "component", "hasMember", "related", "target"),
    *("subject", "reference", "type", "contained", "entry", "resource", "fullUrl", "identifier"),
    *("birthDate", "_birthDate", "extension", "url", "valueCoding", "valueCode", "gender"),
    *("address", "country", "animal", "effectiveDateTime", "effectivePeriod", "start", "bodySite"),
    *("method", "clinicalStatus", "verificationStatus", "medicationCodeableConcept", "taken"),
    *("medication", "concept", "medicationReference", "section", "emptyReason", "parameter"),
    *("intent", "doNotPerform", "adherence", "modifierExtension", "issued", "onsetDateTime"),
]
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.decimals()
    | st.sampled_from(WORDS)
    | st.text(max_size=12)
)
anything = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=6), inner, max_size=7)
    ),
    max_leaves=40,
)


def coded(code: str, system: str = "http://loinc.org") -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}]}


def quantity(value: object, unit: str) -> dict[str, Any]:
    return {"value": value, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit}


def observation(code: str, value: object, unit: str, **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "id": "o1",
        "status": "final",
        "code": coded(code),
        "subject": {"reference": "Patient/p1"},
        "effectiveDateTime": "2024-05-01T08:00:00+02:00",
        "valueQuantity": quantity(value, unit),
        **more,
    }


PATIENT = {"resourceType": "Patient", "id": "p1", "gender": "female", "birthDate": "1970-02-03"}
PRESSURE = {
    "resourceType": "Observation",
    "status": "final",
    "code": coded("85354-9"),
    "subject": {"reference": "Patient/p1"},
    "component": [
        {"code": coded("8480-6"), "valueQuantity": quantity(128, "mm[Hg]")},
        {"code": coded("8462-4"), "valueQuantity": quantity(79, "mm[Hg]")},
    ],
}


@st.composite
def damaged(draw: st.DrawFn) -> Any:
    """A sound resource with parts of it put out of shape."""
    resource = draw(
        st.sampled_from([observation("29463-7", Decimal("70.5"), "kg"), PATIENT, PRESSURE])
    )
    wrapped = draw(st.sampled_from([resource, bundle(PATIENT, resource)]))
    for _ in range(draw(st.integers(1, 4))):
        wrapped = spoiled(draw, wrapped)
    return wrapped


def spoiled(draw: st.DrawFn, node: Any) -> Any:
    if isinstance(node, dict) and node and draw(st.integers(0, 3)):
        key = draw(st.sampled_from(sorted(node)))
        return {**node, key: spoiled(draw, node[key])}
    if isinstance(node, list) and node and draw(st.integers(0, 3)):
        index = draw(st.integers(0, len(node) - 1))
        return [*node[:index], spoiled(draw, node[index]), *node[index + 1 :]]
    return draw(anything)


def bundle(*resources: Any, kind: str = "collection") -> dict[str, Any]:
    return {
        "resourceType": "Bundle",
        "type": kind,
        "entry": [{"resource": resource} for resource in resources],
    }


@settings(max_examples=150, deadline=2000, suppress_health_check=[HealthCheck.too_slow])
@given(document=anything | damaged())
def test_nothing_that_json_can_hold_raises(document: Any) -> None:
    mapped = map_document(document, Context("FI", "R4"))
    for finding in mapped.findings:
        assert finding.reason
        assert finding.detail
    for measurement in mapped.measurements:
        assert measurement.feature
        assert isinstance(measurement.value, (float, str, bool))


@settings(max_examples=150, deadline=2000, suppress_health_check=[HealthCheck.too_slow])
@given(resources=st.lists(anything | damaged(), max_size=4))
def test_loose_resources_never_raise(resources: list[Any]) -> None:
    map_resources(resources)


def test_places_of_nested_bundles_and_contained_resources() -> None:
    inner = bundle(PATIENT, PRESSURE)
    outer = bundle({"resourceType": "List"}, inner, {**PRESSURE, "contained": [PATIENT]})
    mapped = map_document(outer, at="line[3]")
    assert [p.at for p in mapped.people] == [
        "line[3].Bundle.entry[1].resource.entry[0].resource",
        "line[3].Bundle.entry[2].resource.contained[0]",
    ]
    assert mapped.measurements[1].at == (
        "line[3].Bundle.entry[1].resource.entry[1].resource.component[1]"
    )


def test_bundles_in_bundles_end() -> None:
    document: dict[str, Any] = PRESSURE
    for _ in range(40):
        document = bundle(document)
    mapped = map_document(document)
    assert not mapped.measurements
    assert [finding.reason for finding in mapped.findings] == ["malformed"]


@pytest.mark.parametrize(
    "document", [None, [], "x", {}, {"resourceType": 3}, {"resourceType": "a b"}], ids=str
)
def test_what_is_no_resource_is_malformed(document: Any) -> None:
    assert [f.reason for f in map_document(document).findings] == ["malformed"]


def test_references_find_their_patient_however_they_are_written() -> None:
    url = "urn:uuid:7d1f1c0a-5f0e-4c36-9b8e-0d8f4c5a1a11"
    document = {
        "resourceType": "Bundle",
        "type": "document",
        "entry": [
            {"fullUrl": url, "resource": {"resourceType": "Patient", "gender": "male"}},
            {
                "fullUrl": "https://a.example/fhir/Patient/p1",
                "resource": PATIENT,
            },
            {"resource": {**PRESSURE, "subject": {"reference": url}}},
            {"resource": {**PRESSURE, "subject": {"reference": "Patient/p1/_history/3"}}},
            {
                "resource": {
                    **PRESSURE,
                    "subject": {"reference": "https://a.example/fhir/Patient/p1"},
                }
            },
        ],
    }
    mapped = map_document(document)
    assert [p.reference for p in mapped.people] == [url, "Patient/p1"]
    assert [m.subject for m in mapped.measurements[::2]] == [url, "Patient/p1", "Patient/p1"]


def test_patients_of_two_servers_with_one_id_stay_two() -> None:
    urls = [f"https://{host}.example/fhir/Patient/p1" for host in "ab"]
    document = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [
            *({"fullUrl": url, "resource": dict(PATIENT)} for url in urls),
            *({"resource": {**PRESSURE, "subject": {"reference": url}}} for url in urls),
        ],
    }
    mapped = map_document(document)
    assert [p.reference for p in mapped.people] == urls
    assert [m.subject for m in mapped.measurements[::2]] == urls


def test_a_contained_patient_is_named_after_its_container() -> None:
    sent = {**observation("29463-7", 70, "kg"), "subject": {"reference": "#p1"}}
    mapped = map_document({**sent, "contained": [PATIENT]})
    assert mapped.people[0].reference == "Observation/o1#p1" == mapped.measurements[0].subject


def test_loose_resources_find_one_another() -> None:
    animal = {**PATIENT, "animal": {"species": {}}}
    mapped = map_resources([observation("29463-7", 70, "kg"), animal])
    assert [f.reason for f in mapped.findings] == ["subject", "subject"]


def test_resources_in_parameters_and_their_parts() -> None:
    inner = {"name": "b", "part": [{"name": "c", "resource": PRESSURE}]}
    sent = {"resourceType": "Parameters", "parameter": [{"name": "a", "resource": PATIENT}, inner]}
    mapped = map_document(sent)
    assert mapped.people[0].at == "Parameters.parameter[0].resource"
    assert mapped.measurements[0].at == "Parameters.parameter[1].part[0].resource.component[0]"
