"""``$validate-code``: membership, displays, languages, several codings."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.terminology.service.world import (
    COLOURS,
    SETS,
    C,
    ask,
    named,
    refusal,
    validate,
)


def test_a_good_code() -> None:
    found = validate("all", code="red", system=C, display="RED")
    assert found == {"result": True, "code": "red", "system": C, "version": "2", "display": "Red"}


@pytest.mark.parametrize(
    ("name", "values", "result"),
    [
        ("all", {"code": "red", "system": C}, True),
        ("all", {"code": "redd", "system": C}, False),
        ("all", {"code": "Red", "system": C}, False),
        ("all", {"code": "red", "system": "http://example.org/nowhere"}, False),
        ("all", {"code": "red", "system": C, "systemVersion": "9"}, False),
        ("all", {"code": "red"}, True),
        ("all", {"code": "redd"}, False),
        ("all", {"coding": {"code": "red"}}, False),
        ("all", {"coding": {"code": "red", "system": C, "display": "Crimson"}}, True),
        ("all", {"coding": {"code": "red", "system": C, "display": "Pink"}}, False),
        ("all", {"coding": {"code": "red", "system": C, "display": "Rot"}}, True),
        ("all", {"code": "red", "system": C, "display": "Rot", "displayLanguage": "en"}, False),
        ("all", {"code": "red", "system": C, "display": "Rot", "displayLanguage": "de-CH"}, True),
        ("all", {"code": "red", "system": C, "display": "Red", "displayLanguage": "de"}, False),
        ("all", {"code": "red", "system": C, "display": "Red", "displayLanguage": "fr"}, True),
        ("all", {"code": "blue", "system": C}, True),
        ("all", {"code": "blue", "system": C, "abstract": False}, False),
        ("all", {"code": "maroon", "system": C}, True),
        ("all", {"code": "maroon", "system": C, "activeOnly": True}, False),
        ("active", {"code": "maroon", "system": C}, False),
        ("listed", {"code": "scarlet", "system": C}, False),
        ("listed", {"code": "red", "system": C, "display": "My red"}, True),
        ("reds", {"code": "red", "system": C}, False),
        ("reds", {"code": "scarlet", "system": C}, True),
        ("old", {"code": "red", "system": C, "systemVersion": "1"}, True),
        ("old", {"code": "red", "system": C, "systemVersion": "2"}, False),
        ("piece", {"code": "a", "system": "http://example.org/piece"}, True),
        ("piece", {"code": "b", "system": "http://example.org/piece"}, True),
        ("shut", {"code": "b", "system": "http://example.org/shut"}, False),
        ("stranger", {"code": "red", "system": C}, False),
        ("lost", {"code": "red", "system": C}, False),
        ("ring", {"code": "red", "system": C}, False),
        ("bad-op", {"code": "red", "system": C}, False),
        ("slow", {"code": "red", "system": C}, False),
        ("ucum", {"code": "mm[Hg]", "system": "https://unitsofmeasure.org/"}, True),
        ("ucum", {"code": "mmHg", "system": "http://unitsofmeasure.org"}, False),
    ],
    ids=lambda value: value if isinstance(value, str) else json.dumps(value),
)
def test_validate(name: str, values: dict[str, Any], result: bool) -> None:
    found = validate(name, **values)
    assert found["result"] is result
    assert result or found["message"]


def test_a_wrong_display_may_be_a_warning() -> None:
    given = {"code": "red", "system": C, "display": "Pink"}
    found = validate("all", lenient_display_validation=True, **given)
    assert found["result"] is True
    assert "Pink" not in found["message"]
    assert "'Red'" in found["message"]
    assert validate("all", **given)["display"] == "Red"


def test_one_good_coding_is_enough_unless_another_is_wrong() -> None:
    good = {"code": "red", "system": C}
    local = {"code": "x", "system": "http://example.org/local"}
    wrong = {"code": "rad", "system": C}
    outside = {"code": "a", "system": "http://example.org/piece"}
    for others, result in (([], True), ([local], True), ([outside], True), ([wrong], False)):
        concept = {"coding": [*others, good]}
        found = validate("all", codeableConcept=concept)
        assert (found["result"], found["code"]) == (result, "red")
        assert found["codeableConcept"] == concept
    only = {"codeableConcept": {"coding": [wrong, good]}}
    assert validate("all", valueset_membership_only=True, **only)["result"] is True
    assert validate("all", codeableConcept={"coding": [local]})["result"] is False
    assert validate("all", codeableConcept={"text": "red"})["result"] is False


def test_the_language_of_the_value_set_counts() -> None:
    german = {**SETS[0], "url": "http://example.org/vs/de", "language": "de"}
    given = {"url": german["url"], "code": "red", "system": C, "more": [german]}
    assert named(ask("ValueSet", "validate-code", display="Rot", **given))["result"] is True
    assert named(ask("ValueSet", "validate-code", display="Red", **given))["result"] is False


@pytest.mark.parametrize(
    ("values", "refused"),
    [
        ({"url": "http://example.org/vs/nowhere", "code": "red"}, (404, "not-found")),
        ({"url": "http://example.org/vs/all"}, (400, "required")),
        ({"code": "red", "system": C}, (400, "required")),
        ({"url": "http://example.org/vs/all", "coding": {"system": C}}, (400, "invalid")),
        ({"url": "http://example.org/vs/all", "coding": {"code": 3}}, (422, "structure")),
    ],
    ids=range(5),
)
def test_validate_refuses(values: dict[str, Any], refused: tuple[int, str]) -> None:
    assert refusal("ValueSet", "validate-code", **values) == refused


@pytest.mark.parametrize(
    ("values", "result"),
    [
        ({"url": C, "code": "red"}, True),
        ({"url": C, "code": "rad"}, False),
        ({"url": C, "code": "red", "version": "1", "display": "Old red"}, True),
        ({"url": C, "code": "red", "version": "7"}, False),
        ({"url": "http://example.org/nowhere", "code": "red"}, False),
        ({"coding": {"system": C, "code": "red"}}, True),
        ({"url": "http://example.org/piece", "code": "zz"}, True),
        ({"url": "http://unitsofmeasure.org", "code": "kg"}, True),
        ({"url": "http://loinc.org", "code": "8480-6", "display": "Systolic blood pressure"}, True),
        ({"codeSystem": COLOURS, "code": "navy"}, True),
    ],
    ids=json.dumps,
)
def test_validate_in_a_code_system(values: dict[str, Any], result: bool) -> None:
    assert named(ask("CodeSystem", "validate-code", **values))["result"] is result


def test_validate_in_a_code_system_refuses() -> None:
    assert refusal("CodeSystem", "validate-code", code="red") == (400, "required")
    other = {"system": "http://example.org/piece", "code": "a"}
    assert refusal("CodeSystem", "validate-code", url=C, coding=other) == (422, "invalid")
