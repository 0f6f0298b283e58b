"""One Patient: sex, birth, country, identifiers; nothing filled in."""

from typing import Any

import pytest

from mappers.document import Context, map_document

ACCURACY = "http://hl7.org.au/fhir/StructureDefinition/date-accuracy-indicator"


def person(context: Context | None = None, **elements: Any) -> Any:
    mapped = map_document({"resourceType": "Patient", "id": "p1", **elements}, context)
    return mapped.people[0]


@pytest.mark.parametrize(
    ("gender", "sex"),
    [
        *((g, g) for g in ("male", "female", "other", "unknown")),
        ("F", None),
        (None, None),
        (1, None),
    ],
)
def test_sex(gender: object, sex: str | None) -> None:
    assert person(gender=gender).sex == sex


@pytest.mark.parametrize(
    ("sent", "birth"),
    [
        ("1949", "1949"),
        ("1988-12", "1988-12"),
        ("2001-01-31", "2001-01-31"),
        ("1985-02-30", None),
        ("${BIRTH}", None),
        ("12.05.1980", None),
        (1980, None),
    ],
)
def test_birth(sent: object, birth: str | None) -> None:
    assert person(birthDate=sent).birth == birth


ESTIMATES: dict[str, tuple[dict[str, Any], bool]] = {
    "estimated month": ({"url": ACCURACY, "valueCoding": {"code": "UEA"}}, True),
    "unknown day": ({"url": ACCURACY, "valueCode": "UAA"}, True),
    "accurate": ({"url": ACCURACY, "valueCoding": {"code": "AAA"}}, False),
    "said so": ({"url": "https://a.example/birthdate-estimated", "valueBoolean": True}, True),
    "denied": ({"url": "https://a.example/birthdate-estimated", "valueBoolean": False}, False),
    "something else": ({"url": "https://a.example/verified", "valueBoolean": True}, False),
    "a time": ({"url": "https://a.example/birthTime", "valueDateTime": "1980"}, False),
    "no url": ({"valueBoolean": True}, False),
}


@pytest.mark.parametrize(("extension", "estimated"), ESTIMATES.values(), ids=ESTIMATES)
def test_estimated_births(extension: dict[str, Any], estimated: bool) -> None:
    sent = {"birthDate": "1965-01-01", "_birthDate": {"extension": [extension]}}
    assert person(**sent).birth_estimated is estimated


COUNTRIES: dict[str, tuple[dict[str, Any], str | None, str | None]] = {
    "the source's": ({"address": [{"country": "SE"}]}, "FI", "FI"),
    "the address's": ({"address": [{}, {"country": "Suomi"}]}, None, "FI"),
    "a country without a file": ({"address": [{"country": "fj"}]}, None, "FJ"),
    "the identifier's": (
        {"identifier": [{"system": "urn:oid:1.2.246.21", "value": "131052-308T"}]}, None, "FI"
    ),
    "residence before identifier": (
        {
            "address": [{"country": "SWE"}],
            "identifier": [{"system": "urn:oid:1.2.246.21", "value": "131052-308T"}],
        }, None, "SE",
    ),
    "unknown": ({"address": [{"country": "Atlantis"}]}, None, None),
}  # fmt: skip


@pytest.mark.parametrize(("sent", "source", "country"), COUNTRIES.values(), ids=COUNTRIES)
def test_country(sent: dict[str, Any], source: str | None, country: str | None) -> None:
    assert person(Context(source), **sent).country == country


@pytest.mark.parametrize(
    "sent",
    [
        {"animal": {"species": {"text": "Dog"}}},
        {"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/patient-animal"}]},
    ],
    ids=["STU3", "R4"],
)
def test_an_animal_is_no_patient(sent: dict[str, Any]) -> None:
    mapped = map_document({"resourceType": "Patient", **sent})
    assert not mapped.people
    assert [f.reason for f in mapped.findings] == ["subject"]


HETU = [{"system": "urn:oid:1.2.246.21", "value": "131052-308T"}]


@pytest.mark.parametrize(
    ("gender", "birth", "told"),
    [
        ("female", "1952-10-13", False),
        ("male", "1952-10-13", True),
        ("female", "1952-10-14", True),
        ("other", "1952", False),
    ],
)
def test_a_number_that_tells_otherwise(gender: str, birth: str, told: bool) -> None:
    sent = {"resourceType": "Patient", "id": "p", "gender": gender, "birthDate": birth}
    mapped = map_document({**sent, "identifier": HETU})
    assert [f.reason for f in mapped.findings] == ["identifier-mismatch"] * told
    assert (mapped.people[0].sex, mapped.people[0].birth) == (gender, birth)
    assert all("1310" not in f.detail for f in mapped.findings)


NHS = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus"


@pytest.mark.parametrize(
    ("status", "told"),
    [
        ({"valueCodeableConcept": {"coding": [{"code": "01"}]}}, False),
        ({"valueCodeableConcept": {"coding": [{"code": "02"}]}}, True),
        ({"valueCoding": {"code": "08"}}, True),
        ({}, False),
    ],
    ids=["verified", "present", "a coding", "silent"],
)
def test_a_number_that_nobody_has_verified(status: dict[str, Any], told: bool) -> None:
    number = {"system": "https://fhir.nhs.uk/Id/nhs-number", "value": "9990000018"}
    sent = {
        "resourceType": "Patient",
        "identifier": [{**number, "extension": [{"url": NHS, **status}]}],
    }
    mapped = map_document(sent)
    assert [f.reason for f in mapped.findings] == ["identifier-unverified"] * told
    assert mapped.people[0].identifiers[0].valid is True


@pytest.mark.parametrize(
    ("spoken", "language"),
    [
        pytest.param([("de", None)], "de", id="the only one"),
        pytest.param([("fr", None), ("de-CH", True)], "de-CH", id="the preferred one"),
        pytest.param([("fr", None), ("de", None)], None, id="none of several is preferred"),
        pytest.param([("fr", False), ("de", "yes")], None, id="no truth"),
        pytest.param([("Deutsch", True)], None, id="no tag"),
        pytest.param([(5, True)], None, id="no text"),
        pytest.param([], None, id="none"),
    ],
)
def test_language(spoken: list[tuple[Any, Any]], language: str | None) -> None:
    sent = [
        {"language": {"coding": [{"system": "urn:ietf:bcp:47", "code": code}]}, "preferred": known}
        for code, known in spoken
    ]
    assert person(communication=sent).language == language
