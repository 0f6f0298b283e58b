"""``ConceptMap/$translate``: both versions, backwards, unmapped, contradictions."""

from __future__ import annotations

from typing import Any

import pytest

from tests.terminology.service.world import (
    DENIED,
    EQUAL,
    GOOD,
    LOOSE,
    OTHER,
    C,
    a_map,
    ask,
    matches_of,
    named,
    refusal,
)


def test_translate_in_the_words_of_r4() -> None:
    found = ask("ConceptMap", "translate", fhir="R4", more=[GOOD], code="red", system=C)
    assert named(found) == {"result": True}
    assert matches_of(found) == [
        {
            "equivalence": "wider",
            "concept": {"system": "http://example.org/farben", "code": "rot", "display": "Rot"},
            "source": "http://example.org/map/good|3",
        }
    ]


def test_translate_in_the_words_of_r5() -> None:
    found = ask("ConceptMap", "translate", more=[GOOD], url=GOOD["url"], sourceCode="red", system=C)
    [match] = matches_of(found)
    assert match["relationship"] == "source-is-narrower-than-target"
    assert match["originMap"] == "http://example.org/map/good|3"


def test_translate_backwards() -> None:
    farben = "http://example.org/farben"
    modern = ask("ConceptMap", "translate", more=[GOOD], targetCode="rot", targetSystem=farben)
    older = ask("ConceptMap", "translate", fhir="R4", more=[GOOD], code="rot", system=farben,
                reverse=True)  # fmt: skip
    [match] = matches_of(modern)
    assert match["concept"] == {"system": C, "code": "red", "display": "Red"}
    assert match["relationship"] == "source-is-broader-than-target"
    assert matches_of(older)[0]["equivalence"] == "narrower"


def test_maps_that_contradict_one_another_are_an_error() -> None:
    asked = {"sourceCode": "red", "system": C}
    assert refusal("ConceptMap", "translate", more=[EQUAL, OTHER], **asked) == (409, "conflict")
    found = ask("ConceptMap", "translate", more=[EQUAL, OTHER], url=OTHER["url"], **asked)
    assert matches_of(found)[0]["concept"]["code"] == "purpur"
    for one in (EQUAL, GOOD):
        assert refusal("ConceptMap", "translate", more=[one, DENIED], **asked) == (409, "conflict")
    agreed = ask("ConceptMap", "translate", more=[EQUAL, GOOD, LOOSE], **asked)
    assert {match["concept"]["code"] for match in matches_of(agreed)} == {"rot", "farbe"}


def test_no_translation_is_said() -> None:
    nothing = ask("ConceptMap", "translate", more=[GOOD], sourceCode="navy", system=C)
    assert named(nothing)["result"] is False
    assert named(nothing)["message"]
    none = {**GOOD, "group": [{**GOOD["group"][0], "element": [{"code": "red", "noMap": True}]}]}
    modern = ask("ConceptMap", "translate", more=[none], sourceCode="red", system=C)
    assert named(modern)["result"] is False
    assert matches_of(modern)[0]["relationship"] == "not-related-to"
    older = ask("ConceptMap", "translate", fhir="R4", more=[none], code="red", system=C)
    assert matches_of(older)[0]["equivalence"] == "unmatched"


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ({"mode": "provided"}, "navy"),
        ({"mode": "use-source-code"}, "navy"),
        ({"mode": "fixed", "code": "bunt"}, "bunt"),
        ({"mode": "other-map", "url": "http://example.org/map/last"}, "letzte"),
        ({"mode": "other-map", "otherMap": "http://example.org/map/last"}, "letzte"),
    ],
    ids=lambda value: value if isinstance(value, str) else value["mode"],
)
def test_unmapped_codes(rule: dict[str, str], code: str) -> None:
    first = a_map("first", {"code": "rot"}, unmapped=rule)
    last = a_map("last", {"code": "rot"}, unmapped={"mode": "fixed", "code": "letzte"})
    found = ask(
        "ConceptMap", "translate", more=[first, last], url=first["url"], code="navy", system=C
    )
    assert matches_of(found)[0]["concept"]["code"] == code


def test_maps_that_hand_on_in_a_ring_end() -> None:
    rule = {"mode": "other-map", "url": "http://example.org/map/ring"}
    ring = a_map("ring", {"code": "rot"}, unmapped=rule)
    found = ask("ConceptMap", "translate", more=[ring], code="navy", system=C)
    assert named(found)["result"] is False


def test_a_product_and_a_dependency_are_told() -> None:
    target = {
        "code": "rot",
        "relationship": "equivalent",
        "dependsOn": [{"attribute": "light", "valueCode": "day"}],
        "product": [{"attribute": "tone", "valueCode": "warm"}],
    }
    found = ask("ConceptMap", "translate", more=[a_map("deep", target)], code="red", system=C)
    names = [part["name"] for row in found["parameter"] if "part" in row for part in row["part"]]
    assert names == ["relationship", "concept", "dependsOn", "product", "originMap"]


@pytest.mark.parametrize(
    ("values", "refused"),
    [
        ({}, (400, "required")),
        ({"system": C}, (400, "required")),
        ({"code": "red", "url": "http://example.org/map/nowhere"}, (404, "not-found")),
        (
            {"code": "red", "more": [{"resourceType": "ConceptMap", "group": [3]}]},
            (422, "structure"),
        ),
        ({"code": "red", "more": [{"resourceType": "Patient"}]}, (400, "invalid")),
        ({"code": "red", "more": [{"resourceType": "CodeSystem"}]}, (422, "structure")),
        ({"code": "red", "more": ["x"]}, (400, "invalid")),
    ],
    ids=range(7),
)
def test_translate_refuses(values: dict[str, Any], refused: tuple[int, str]) -> None:
    assert refusal("ConceptMap", "translate", **values) == refused


def test_two_maps_of_one_name_must_be_the_same() -> None:
    asked = {"sourceCode": "red", "system": C}
    twin = {**OTHER, "url": EQUAL["url"]}
    assert refusal("ConceptMap", "translate", more=[EQUAL, twin], **asked) == (409, "conflict")
    twice = ask("ConceptMap", "translate", more=[EQUAL, {**EQUAL}], **asked)
    assert len(matches_of(twice)) == 1


@pytest.mark.parametrize("key", ["equivalence", "relationship"])
def test_a_relationship_that_fhir_has_not_is_no_guess(key: str) -> None:
    bogus = a_map("bogus", {"code": "rot", key: "bogus"})
    told = refusal("ConceptMap", "translate", more=[bogus], sourceCode="red", system=C)
    assert told == (422, "code-invalid")
