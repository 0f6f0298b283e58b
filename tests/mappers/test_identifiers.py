"""Person numbers: recognised by every spelling of their system, checked, compared."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappers import countries, identifiers
from mappers.checkdigits import CHECKS
from mappers.implied import IMPLIED

SCHEMES = [scheme for one in countries.load().values() for scheme in one.identifiers]
WANTED = (
    *("gb-nhs", "au-ihi", "au-medicare", "de-kvnr", "at-svnr", "ch-ahv", "nl-bsn", "be-ssin"),
    *("fr-ins", "it-cf", "es-dni", "se-pnr", "no-fnr", "dk-cpr", "fi-hetu", "cz-rc", "in-abha"),
    *("jp-insurance", "kr-rrn", "tw-id", "cn-id", "br-cpf", "br-cns", "cl-run", "ar-dni", "il-id"),
    *("sa-id", "nz-nhi", "id-nik", "ca-on-hcn", "us-ssn", "sg-nric", "za-id"),
)
NEIGHBOURS = {"0": "1", "1": "2", "2": "3", "3": "4", "4": "5", "5": "6", "6": "7", "7": "8"}
NEIGHBOURS |= {"8": "9", "9": "0"}


def test_every_scheme_has_a_country_file() -> None:
    assert sorted(scheme.scheme for scheme in SCHEMES) == sorted(WANTED)


@pytest.mark.parametrize("scheme", SCHEMES, ids=lambda s: s.scheme)
def test_examples_are_valid_however_they_are_separated(scheme: countries.Scheme) -> None:
    assert scheme.examples
    for example in scheme.examples:
        number = identifiers.normalise(scheme, example)
        spaced = number if scheme.keeps else " ".join(number)
        for value in (example, number, number.lower(), f" {spaced} "):
            assert identifiers.validity(scheme, value) is (None if scheme.check is None else True)


@pytest.mark.parametrize("scheme", [s for s in SCHEMES if s.check], ids=lambda s: s.scheme)
def test_one_changed_digit_is_found(scheme: countries.Scheme) -> None:
    number = identifiers.normalise(scheme, scheme.examples[0])
    found = []
    for place, sign in enumerate(number):
        changed = number[:place] + NEIGHBOURS.get(sign, sign) + number[place + 1 :]
        if changed != number:
            found.append(identifiers.validity(scheme, changed))
    assert True not in found or found.count(True) <= unprotected(scheme.scheme)


def unprotected(scheme: str) -> int:
    """Digits that a scheme does not protect: a card's issue, a century, one of weight 11."""
    return {"au-medicare": 1, "se-pnr": 2, "br-cns": 1}.get(scheme, 0)


@pytest.mark.parametrize("scheme", SCHEMES, ids=lambda s: s.scheme)
def test_masked_and_unfilled_numbers_are_unknowable(scheme: countries.Scheme) -> None:
    if scheme.pattern != ".+":
        for value in ("123*******", "***-**-1234", "018191xxxxx", "{{number}}", "${ID}", "urn:x:y"):
            assert identifiers.validity(scheme, value) is None


@pytest.mark.parametrize("scheme", SCHEMES, ids=lambda s: s.scheme)
def test_wrong_lengths_and_alphabets_are_false(scheme: countries.Scheme) -> None:
    if scheme.pattern != ".+":
        for value in ("1", "?" * 11, "1" * 40, "٣" * 11):
            assert identifiers.validity(scheme, value) is False


@pytest.mark.parametrize("scheme", SCHEMES, ids=lambda s: s.scheme)
@given(value=st.text(max_size=20))
def test_no_value_raises(scheme: countries.Scheme, value: str) -> None:
    assert identifiers.validity(scheme, value) in (True, False, None)
    identifiers.implied(scheme, value)


CASES: dict[str, tuple[str, str, bool | None]] = {
    "nhs remainder 10 is never issued": ("gb-nhs", "1000000110", False),
    "medicare without its last digit": ("au-medicare", "212345670", False),
    "medicare with card issue": ("au-medicare", "21234567011", True),
    "svnr of an unknown date": ("at-svnr", "1236311299", True),
    "ssin from 2000": ("be-ssin", "11021399722", True),
    "ssin bis number": ("be-ssin", "11.02.13-997.51", True),
    "corsica": ("fr-ins", "285062A99977773", True),
    "nie": ("es-dni", "X1234567L", True),
    "coordination number": ("se-pnr", "199201619906", True),
    "d-number": ("no-fnr", "41119099836", True),
    "cpr without check digit": ("dk-cpr", "0701609998", None),
    "cpr too short": ("dk-cpr", "070160999", False),
    "hetu of 2023": ("fi-hetu", "010594Y9032", True),
    "hetu needs its sign": ("fi-hetu", "131052308T", False),
    "nine digits": ("cz-rc", "530101/001", None),
    "resident number without check digit": ("kr-rrn", "000101-3000007", None),
    "one digit repeated": ("br-cpf", "111.111.111-11", False),
    "run of a small k": ("cl-run", "10.000.013-k", True),
    "old nhi": ("nz-nhi", "ZZZ0016", True),
    "new nhi": ("nz-nhi", "ALU18KZ", True),
    "new nhi, wrong": ("nz-nhi", "ALU18KX", False),
    "ssn": ("us-ssn", "900-11-2222", None),
    "foreigner's fin": ("sg-nric", "F0000000X", True),
}


@pytest.mark.parametrize(("scheme", "value", "valid"), CASES.values(), ids=CASES)
def test_cases(scheme: str, value: str, valid: bool | None) -> None:
    found = next(one for one in SCHEMES if one.scheme == scheme)
    assert identifiers.validity(found, value) is valid


@pytest.mark.parametrize(
    "system",
    [
        "http://fhir.nl/fhir/NamingSystem/bsn",
        "https://fhir.nl/fhir/NamingSystem/bsn/",
        " http://fhir.nl/fhir/NamingSystem/bsn ",
        "urn:oid:2.16.840.1.113883.2.4.6.3",
    ],
)
def test_spellings_of_a_system(system: str) -> None:
    read = identifiers.read({"system": system, "value": "999900006"})
    assert read is not None
    assert (read[0].scheme, read[0].valid, read[2]) == ("nl-bsn", True, "NL")


@pytest.mark.parametrize("value", [None, "", " ", 7, {}, []])
def test_a_known_system_without_a_value(value: object) -> None:
    read = identifiers.read({"system": "urn:oid:1.2.246.21", "value": value})
    assert read is not None
    assert (read[0].value, read[0].valid) == (None, None)


@pytest.mark.parametrize("sent", [None, {}, {"system": 3}, {"system": "urn:x", "value": "1"}, "x"])
def test_unknown_systems_are_passed_over(sent: Any) -> None:
    assert identifiers.read(sent) is None


def test_an_abha_address_is_no_number() -> None:
    assert identifiers.read({"system": "https://healthid.abdm.gov.in", "value": "a@abdm"}) is None


IMPLICATIONS = {
    "fi-hetu": ("131052-308T", "female", "1952-10-13"),
    "se-pnr": ("199201619906", "female", "1992-01-01"),
    "no-fnr": ("41119099836", "female", "??90-11-01"),
    "dk-cpr": ("070160-9999", "male", "??60-01-07"),
    "cz-rc": ("905101/0001", "female", "??90-01-01"),
    "it-cf": ("RSSMRA85T10A562S", "male", "??85-12-10"),
    "be-ssin": ("30.01.01-001.24", "male", "1930-01-01"),
    "fr-ins": ("285062A99977773", "female", "??85-06-??"),
    "kr-rrn": ("000101-3000008", "male", "2000-01-01"),
    "cn-id": ("11010519491231002X", "female", "1949-12-31"),
    "za-id": ("8001015009087", "male", "??80-01-01"),
    "tw-id": ("A123456789", "male", None),
    "at-svnr": ("1236311299", None, "??99-12-31"),
}


@pytest.mark.parametrize("name", IMPLICATIONS)
def test_what_a_number_carries(name: str) -> None:
    value, sex, birth = IMPLICATIONS[name]
    scheme = next(one for one in SCHEMES if one.scheme == name)
    told = identifiers.implied(scheme, value)
    assert told is not None
    assert (told.sex, told.birth) == (sex, birth)


def test_a_difference_needs_something_to_differ_from() -> None:
    told = IMPLIED["hetu"]("131052-308T")
    assert not told.differs("female", "1952-10-13")
    assert not told.differs("female", "1952")
    assert not told.differs("unknown", None)
    assert told.differs("male", None)
    assert told.differs(None, "1953")


def test_every_check_is_used() -> None:
    assert {scheme.check for scheme in SCHEMES if scheme.check} == set(CHECKS)
