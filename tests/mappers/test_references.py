"""References: shortened, resolved in their scope, and who is a person."""

from typing import Any

import pytest

from mappers import references
from mappers.references import Scope

PATIENT = {"resourceType": "Patient", "id": "p1"}
URL = "https://a.example/fhir/Patient/p1"


@pytest.mark.parametrize(
    ("reference", "short"),
    [
        ("Patient/p1", "Patient/p1"),
        (URL, "Patient/p1"),
        (f"{URL}/_history/2", "Patient/p1"),
        ("urn:uuid:7d1f1c0a-5f0e-4c36-9b8e-0d8f4c5a1a11",) * 2,
        ("#p1", "#p1"),
        ("Patient?identifier=x", "Patient?identifier=x"),
        ("", ""),
    ],
)
def test_short_references(reference: str, short: str) -> None:
    assert references.reference_to(reference) == short


@pytest.mark.parametrize("reference", ["Patient/p1", URL, f"{URL}/_history/3"])
def test_a_scope_finds_by_url_and_by_type_and_id(reference: str) -> None:
    scope = Scope()
    scope.add(PATIENT, URL)
    assert scope.find(reference) is PATIENT
    assert Scope(scope).find(reference) is PATIENT
    assert scope.name(PATIENT) == "Patient/p1"


def test_the_nearest_scope_wins() -> None:
    inner, other = Scope(outer := Scope()), {**PATIENT}
    outer.add(PATIENT)
    inner.add(other)
    assert inner.find("Patient/p1") is other


def test_duplicates_of_one_page_are_one_resource() -> None:
    scope, again = Scope(), {**PATIENT}
    scope.add(PATIENT, URL)
    scope.add(again, URL)
    assert scope.name(again) == "Patient/p1"


def test_contained_resources() -> None:
    container = {"resourceType": "Observation", "contained": [None, PATIENT]}
    assert references.contained(container, "#p1") is PATIENT
    assert references.contained(container, "#p2") is None
    assert references.contained(container, "#") is container


@pytest.mark.parametrize(
    ("sent", "person"),
    [
        ({"reference": "Patient/x"}, True),
        ({"reference": "urn:uuid:1", "type": "Location"}, False),
        ({"reference": "https://b.example/Location/1"}, False),
        ({"reference": "Device?identifier=1"}, False),
        ({"type": "http://hl7.org/fhir/StructureDefinition/Group"}, False),
        ({"display": "Somebody"}, True),
        ({"reference": 7, "type": []}, True),
        (None, True),
        ("Device/1", True),
    ],
)
def test_who_may_be_a_person(sent: Any, person: bool) -> None:
    assert references.names_person(sent) is person


@pytest.mark.parametrize(
    ("sent", "person"),
    [
        (PATIENT, True),
        ({"resourceType": "RelatedPerson"}, True),
        ({"resourceType": "Device"}, False),
        ({"resourceType": ["Patient"]}, False),
        ({"resourceType": "Patient", "animal": {"species": {}}}, False),
        ({"resourceType": "Patient", "extension": [{"url": references.ANIMAL}]}, False),
        ({"resourceType": "Patient", "extension": ["x", {"url": "http://a.example"}]}, True),
    ],
)
def test_who_is_a_person(sent: dict[str, Any], person: bool) -> None:
    assert references.is_person(sent) is person
