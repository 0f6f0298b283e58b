"""``CodeSystem/$lookup`` and ``$subsumes``."""

from __future__ import annotations

from typing import Any

import pytest

from tests.terminology.service.world import (
    PIECE,
    C,
    ask,
    named,
    refusal,
)


def test_lookup() -> None:
    found = ask("CodeSystem", "lookup", code="red", system=C)
    assert named(found) == {
        "name": "Colours",
        "version": "2",
        "display": "Red",
        "code": "red",
        "system": C,
        "definition": "the colour of blood",
        "abstract": False,
    }
    older = ask("CodeSystem", "lookup", fhir="R4", code="red", system=C)
    assert named(older) == {"name": "Colours", "version": "2", "display": "Red"}
    properties = [
        {part["name"]: list(part.values())[1] for part in row["part"]}
        for row in older["parameter"]
        if row["name"] == "property"
    ]
    assert {"code": "definition", "value": "the colour of blood"} in properties
    assert {"code": "child", "description": "Scarlet", "value": "scarlet"} in properties


def test_lookup_of_a_coding_in_a_language_and_version() -> None:
    coding = {"system": C, "code": "red", "version": "1"}
    assert named(ask("CodeSystem", "lookup", coding=coding))["display"] == "Old red"
    german = ask("CodeSystem", "lookup", code="red", system=C, displayLanguage="de")
    assert named(german)["display"] == "Rot"
    only = ask("CodeSystem", "lookup", code="maroon", system=C, property="dark")
    [row] = [row for row in only["parameter"] if row["name"] == "property"]
    assert row["part"] == [
        {"name": "code", "valueCode": "dark"},
        {"name": "value", "valueBoolean": True},
    ]


@pytest.mark.parametrize(
    ("values", "refused"),
    [
        ({"code": "red"}, (400, "required")),
        ({"system": C}, (400, "required")),
        ({"code": "rad", "system": C}, (404, "not-found")),
        ({"code": "red", "system": "http://example.org/nowhere"}, (404, "not-found")),
        ({"code": "zz", "system": "http://example.org/piece"}, (404, "not-found")),
        ({"code": "mmHg", "system": "http://unitsofmeasure.org"}, (404, "not-found")),
    ],
    ids=range(6),
)
def test_lookup_refuses(values: dict[str, Any], refused: tuple[int, str]) -> None:
    assert refusal("CodeSystem", "lookup", **values) == refused


@pytest.mark.parametrize(
    ("a", "b", "outcome_"),
    [
        ("red", "red", "equivalent"),
        ("red", "scarlet", "subsumes"),
        ("scarlet", "red", "subsumed-by"),
        ("red", "navy", "not-subsumed"),
        ("blue", "navy", "subsumes"),
    ],
)
def test_subsumes(a: str, b: str, outcome_: str) -> None:
    found = ask("CodeSystem", "subsumes", codeA=a, codeB=b, system=C)
    assert named(found) == {"outcome": outcome_}


def test_subsumes_refuses_what_it_does_not_know() -> None:
    piece = "http://example.org/piece"
    more = {**PIECE, "concept": [{"code": "a"}, {"code": "b"}]}
    asked = {"codeA": "a", "codeB": "b", "system": piece, "more": [more]}
    assert refusal("CodeSystem", "subsumes", **asked) == (422, "not-supported")
    other = {"codingA": {"system": C, "code": "red"}, "codingB": {"system": piece, "code": "a"}}
    assert refusal("CodeSystem", "subsumes", **other) == (422, "invalid")
    missing = {"codeA": "red", "codeB": "rad", "system": C}
    assert refusal("CodeSystem", "subsumes", **missing) == (404, "not-found")
