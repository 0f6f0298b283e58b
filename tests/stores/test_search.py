"""Searches: what each parameter, prefix and modifier finds; pages; what is brought along."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

import pytest

from gateway.errors import RequestError
from gateway.store.engine import reading, writing
from gateway.store.identity import Place
from gateway.store.query import parse
from gateway.store.resources import Key, delete, put, write
from gateway.store.search import Compartment, compartment, matching, search
from tests.stores.builders import a_patient, a_write, an_observation, received

if TYPE_CHECKING:
    import sqlalchemy as sa

    from gateway.store.search import Page

HERE = Place("", ("https://gateway.example/fhir",))
UCUM = "http://unitsofmeasure.org"
LOINC = "http://loinc.org"


def quantity(value: float, code: str = "/min", unit: str = "beats/min") -> dict[str, object]:
    return {"value": value, "unit": unit, "system": UCUM, "code": code}


PEOPLE = [
    a_patient("ada", name=[{"family": "Mäkelä", "given": ["Ada", "Kaisa"]}], birthDate="1970"),
    a_patient("ben", name=[{"text": "Ben  O'Neil, jr"}], gender="male", birthDate="1970-05-12"),
    a_patient(
        "cem",
        gender="male",
        birthDate="1985-02",
        deceasedDateTime="2024-01-02",
        telecom=[
            {"system": "email", "value": "cem@example.org"},
            {"system": "phone", "value": "1"},
        ],
        identifier=[{"system": "urn:other", "value": "a,b|c"}, {"value": "bare"}],
        managingOrganization={"identifier": {"system": "urn:org", "value": "7"}},
    ),
    a_patient("dee", active=False, deceasedBoolean=False, meta={"tag": [{"code": "test"}]}),
]
MEASURED = [
    an_observation("o1", "ada", effectiveDateTime="2024-03-01T10:00:00+01:00"),
    an_observation("o2", "ada", effectiveDateTime="2024-03-01", valueQuantity=quantity(72.4)),
    an_observation(
        "o3",
        "ben",
        effectiveDateTime=None,
        effectivePeriod={"start": "2024-02-01"},
        valueQuantity=quantity(80),
    ),
    an_observation(
        "o4",
        "ben",
        status="preliminary",
        effectiveDateTime="2023",
        code={"coding": [{"code": "8867-4"}], "text": "pulse"},
        valueQuantity=quantity(37, "Cel", "°C"),
        basedOn=[{"reference": "https://elsewhere.example/fhir/ServiceRequest/s1"}],
    ),
    an_observation(
        "o5",
        "cem",
        code={"coding": [{"system": LOINC, "code": "85354-9"}]},
        component=[
            {
                "code": {"coding": [{"system": LOINC, "code": "8480-6"}]},
                "valueQuantity": quantity(120),
            }
        ],
        valueQuantity=None,
        subject={"reference": "https://gateway.example/fhir/Patient/cem"},
    ),
]
RISKS = [
    {
        "resourceType": "RiskAssessment",
        "id": "r1",
        "status": "final",
        "subject": {"reference": "Patient/ada"},
        "basis": [{"reference": "Observation/o1"}],
        "occurrenceDateTime": "2024-03-02T00:00:00Z",
        "prediction": [{"probabilityDecimal": 12.3}],
    }
]


@pytest.fixture
def filled(store: sa.Engine) -> sa.Engine:
    with writing(store) as conn:
        given = [a_write(one) for one in (*PEOPLE, *MEASURED, *RISKS)]
        write(conn, given, bases=HERE.bases)
    return store


def found(store: sa.Engine, kind: str, asked: str) -> Page:
    with reading(store) as conn:
        return search(conn, parse(kind, parse_qsl(asked, keep_blank_values=True)), None, HERE)


CASES = [
    ("Patient", "", "ada ben cem dee"),
    ("Patient", "_id=ada,dee,none", "ada dee"),
    ("Patient", "_tag=test", "dee"),
    # tokens
    ("Patient", "gender=male", "ben cem"),
    ("Patient", "gender=male,female", "ada ben cem dee"),
    ("Patient", "gender:not=male", "ada dee"),
    ("Patient", "gender=http://hl7.org/fhir/administrative-gender|male", "ben cem"),
    ("Patient", "identifier=urn:example:number|number-ada", "ada"),
    ("Patient", "identifier=number-ada", "ada"),
    ("Patient", "identifier=urn:example:number|", "ada ben dee"),
    ("Patient", "identifier=|bare", "cem"),
    ("Patient", "identifier=|number-ada", ""),
    ("Patient", "identifier=urn:elsewhere|number-ada", ""),
    ("Patient", r"identifier=urn:other|a\,b\|c", "cem"),
    ("Patient", "active=false", "dee"),
    ("Patient", "active:missing=true", "ada ben cem"),
    ("Patient", "active:missing=false", "dee"),
    ("Patient", "deceased=true", "cem"),
    ("Patient", "deceased=false", "ada ben dee"),
    ("Patient", "email=cem@example.org", "cem"),
    ("Patient", "phone=cem@example.org", ""),
    ("Patient", "organization:identifier=urn:org|7", "cem"),
    # strings
    ("Patient", "family=makela", "ada"),
    ("Patient", "name=MÄK", "ada"),
    ("Patient", "name=ada", "ada cem dee"),
    ("Patient", "given=kais", "ada"),
    ("Patient", "family:exact=Mäkelä", "ada"),
    ("Patient", "family:exact=Makela", ""),
    ("Patient", "name:contains=neil", "ben"),
    ("Patient", "name:contains=%25", ""),
    ("Patient", r"name=ben o'neil\, j", "ben"),
    # dates
    ("Patient", "birthdate=1970", "ada ben dee"),
    ("Patient", "birthdate=1970-05-12", "ben dee"),
    ("Patient", "birthdate=ne1970", "cem"),
    ("Patient", "birthdate=ge1985-02-10", "cem"),
    ("Patient", "birthdate=gt1985-02", ""),
    ("Patient", "birthdate=lt1985-02-10", "ada ben cem dee"),
    ("Patient", "birthdate=eb1985", "ada ben dee"),
    ("Patient", "birthdate=sa1984", "cem"),
    ("Patient", "birthdate=le1970-05-12", "ada ben dee"),
    ("Observation", "date=2024-03-01", "o1 o2 o5"),
    ("Observation", "date=2024-03-01T09:00:00Z", "o1 o5"),
    ("Observation", "date=gt2024-03-01T09:00:00Z", "o2 o3"),
    ("Observation", "date=lt2024", "o4"),
    ("Observation", "date=ge2024-02-15&date=lt2024-03-01", "o3"),
    ("Observation", "date=ap2024-03-01", "o1 o2 o3 o4 o5"),
    ("Observation", "_lastUpdated=gt2000", "o1 o2 o3 o4 o5"),
    ("Observation", "_lastUpdated=lt2000", ""),
    # quantities and numbers
    ("Observation", "value-quantity=72", "o1 o2"),
    ("Observation", "value-quantity=72.0", "o1"),
    ("Observation", "value-quantity=72.4||beats/min", "o2"),
    ("Observation", f"value-quantity=gt72|{UCUM}|/min", "o2 o3"),
    ("Observation", f"value-quantity=ge72|{UCUM}|/min", "o1 o2 o3"),
    ("Observation", f"value-quantity=lt72|{UCUM}|/min", ""),
    ("Observation", f"value-quantity=37|{UCUM}|Cel", "o4"),
    ("Observation", "value-quantity=37||Cel", "o4"),
    ("Observation", "value-quantity=ap75", "o1 o2 o3"),
    ("Observation", "combo-value-quantity=120", "o5"),
    ("RiskAssessment", "probability=gt12", "r1"),
    ("RiskAssessment", "probability=12.3", "r1"),
    ("RiskAssessment", "probability=lt12", ""),
    # references, chains
    ("Observation", "patient=ada", "o1 o2"),
    ("Observation", "patient=Patient/ada,ben", "o1 o2 o3 o4"),
    ("Observation", "subject=https://gateway.example/fhir/Patient/cem", "o5"),
    ("Observation", "subject:Patient=cem", "o5"),
    ("Observation", "subject=Group/ada", ""),
    ("Observation", "based-on=https://elsewhere.example/fhir/ServiceRequest/s1", "o4"),
    ("Observation", "based-on=s1", ""),
    ("Observation", "patient.identifier=urn:example:number|number-ada", "o1 o2"),
    ("Observation", "subject:Patient.name=mak", "o1 o2"),
    ("Observation", "patient.gender=male&status=final", "o3 o5"),
    ("Patient", "_has:Observation:patient:code=85354-9", "cem"),
    ("Patient", "_has:RiskAssessment:subject:probability=gt10", "ada"),
    # codes
    ("Observation", "code=8867-4", "o1 o2 o3 o4"),
    ("Observation", f"code={LOINC}|8867-4", "o1 o2 o3"),
    ("Observation", "code=|8867-4", "o4"),
    ("Observation", f"code={LOINC}|8480-6", ""),
    ("Observation", f"combo-code={LOINC}|8480-6", "o5"),
    ("Observation", "code=8867-4&status=preliminary", "o4"),
    # unknown ones are left out
    ("Observation", "nonsense=1&status=preliminary", "o4"),
    ("Observation", "patient.nonsense=1&status=preliminary", "o4"),
    ("Observation", "status=&code=85354-9", "o5"),
]


@pytest.mark.parametrize(
    ("kind", "asked", "expected"), CASES, ids=[f"{k}?{q}" for k, q, _ in CASES]
)
def test_finds(filled: sa.Engine, kind: str, asked: str, expected: str) -> None:
    page = found(filled, kind, asked)
    assert " ".join(row.gid for row in page.rows) == expected
    assert page.total == len(page.rows)


REFUSED = [
    "date=yesterday", "date=ge", "value-quantity=much", "value-quantity=1e999999999", "code:in=x",
    "patient:missing=perhaps", "_count=-1", "_count=many", "_total=maybe", "subject:Device.x.y=1",
    "code.text=x", "_include:wrong=Observation:subject", "_include=Observation:code",
    "subject:Medication=1", "_id:missing=true", "_has:Observation:code:status=final",
]  # fmt: skip


@pytest.mark.parametrize("asked", REFUSED)
def test_what_cannot_be_is_refused(store: sa.Engine, asked: str) -> None:
    with pytest.raises(RequestError), reading(store) as conn:
        search(conn, parse("Observation", parse_qsl(asked), strict=True))


@pytest.mark.parametrize(
    "asked", ["nonsense=1", "_sort=nonsense", "_include=Observation:nonsense", "_has:X:y:z=1"]
)
def test_what_is_unknown_is_left_out_or_refused(asked: str) -> None:
    query = parse("Observation", [*parse_qsl(asked), ("status", "final")])
    assert query.applied == (("status", "final"),)
    assert query.ignored == (asked.partition("=")[0],)
    with pytest.raises(RequestError, match="not known"):
        parse("Observation", parse_qsl(asked), strict=True)


SORTED = [
    ("Observation", "_sort=date", "o4 o3 o2 o1 o5"),
    ("Observation", "_sort=-date", "o1 o5 o2 o3 o4"),
    ("Observation", "_sort=-_id", "o5 o4 o3 o2 o1"),
    ("Observation", "_sort=value-quantity", "o4 o1 o2 o3 o5"),
    ("Observation", "_sort=-value-quantity", "o3 o2 o1 o4 o5"),
    ("Observation", "_sort=status,-date", "o1 o5 o2 o3 o4"),
    ("Patient", "_sort=family", "cem dee ada ben"),
    ("Patient", "_sort=gender,-birthdate", "dee ada cem ben"),
]


@pytest.mark.parametrize(("kind", "asked", "expected"), SORTED, ids=[q for _, q, _ in SORTED])
@pytest.mark.parametrize("count", [1, 2, 100])
def test_sorts_the_same_on_pages_of_any_size(
    filled: sa.Engine, kind: str, asked: str, expected: str, count: int
) -> None:
    query = parse(kind, parse_qsl(f"{asked}&_count={count}"))
    gids, cursor = [], None
    with reading(filled) as conn:
        while True:
            page = search(conn, query, cursor, HERE)
            assert len(page.rows) <= count
            assert page.total == len(expected.split())
            gids += [row.gid for row in page.rows]
            cursor = page.after
            if cursor is None:
                break
    assert " ".join(gids) == expected


BROUGHT = [
    ("Observation", "_id=o1&_include=Observation:patient", "Patient/ada"),
    ("Observation", "_id=o1&_include=Observation:subject:Patient", "Patient/ada"),
    ("Observation", "_id=o1&_include=Observation:subject:Group", ""),
    ("Observation", "_id=o1&_include=*", "Patient/ada"),
    ("Observation", "_id=o1,o2,o3&_include=Observation:*", "Patient/ada Patient/ben"),
    ("Patient", "_id=ada&_revinclude=Observation:patient", "Observation/o1 Observation/o2"),
    (
        "RiskAssessment",
        "_include=RiskAssessment:subject&_revinclude:iterate=Observation:patient",
        "Patient/ada Observation/o1 Observation/o2",
    ),
    ("RiskAssessment", "_include=RiskAssessment:performer", ""),
]


@pytest.mark.parametrize(("kind", "asked", "expected"), BROUGHT, ids=[q for _, q, _ in BROUGHT])
def test_brings_along(filled: sa.Engine, kind: str, asked: str, expected: str) -> None:
    page = found(filled, kind, asked)
    assert " ".join(f"{row.type}/{row.gid}" for row in page.included) == expected


def test_pages_stay_where_they_are_while_resources_come_change_and_go(filled: sa.Engine) -> None:
    query = parse("Observation", [("_count", "2")])
    with reading(filled) as conn:
        first = search(conn, query)
    with writing(filled) as conn:
        put(conn, "", [received(an_observation("new")), received(an_observation("o3", "dee"))])
        delete(conn, [Key("Observation", "o1")])
    with reading(filled) as conn:
        second = search(conn, query, first.after)
        third = search(conn, query, second.after)
    pages = [[row.gid for row in page.rows] for page in (first, second, third)]
    assert pages == [["o1", "o2"], ["o3", "o4"], ["o5"]]
    assert third.after is None


def test_the_count_alone(filled: sa.Engine) -> None:
    page = found(filled, "Observation", "_summary=count&code=8867-4")
    assert (page.rows, page.total) == ((), 4)
    assert found(filled, "Observation", "_count=0").total == 5
    assert found(filled, "Observation", "_total=none").total is None


def test_what_is_deleted_is_not_found(filled: sa.Engine) -> None:
    with writing(filled) as conn:
        delete(conn, [Key("Patient", "ada")])
    assert [row.gid for row in found(filled, "Patient", "").rows] == ["ben", "cem", "dee"]
    assert found(filled, "Observation", "patient.name=mak").total == 0
    assert found(filled, "Observation", "_id=o1&_include=Observation:patient").included == ()


def test_conditions_mean_none_one_or_too_many(filled: sa.Engine) -> None:
    def keys(asked: str) -> list[Key]:
        with reading(filled) as conn:
            return matching(conn, "Patient", parse("Patient", parse_qsl(asked)).conditions)

    assert keys("identifier=none") == []
    assert keys("identifier=bare") == [Key("Patient", "cem")]
    assert len(keys("gender=male")) == 2
    assert len(keys("gender=male,female")) == 2


def test_all_about_a_patient_page_by_page(filled: sa.Engine) -> None:
    gids, cursor = [], None
    with reading(filled) as conn:
        while True:
            page = compartment(conn, Compartment("ada", count=1), cursor)
            assert page.total == 4
            gids += [row.gid for row in page.rows]
            cursor = page.after
            if cursor is None:
                break
        assert gids == ["ada", "o1", "o2", "r1"]
        of_type = compartment(conn, Compartment("ada", ["RiskAssessment"]))
        assert [row.gid for row in of_type.rows] == ["r1"]
