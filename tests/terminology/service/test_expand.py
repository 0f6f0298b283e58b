"""``ValueSet/$expand``: composition, filters, pages, trees, refusals."""

from __future__ import annotations

from typing import Any

import pytest

from tests.terminology.service.world import (
    SETS,
    C,
    ask,
    expand,
    filtered,
    refusal,
    value_set,
)


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("all", ["red", "scarlet", "maroon", "blue", "navy"]),
        ("active", ["red", "scarlet", "blue", "navy"]),
        ("listed", ["red"]),
        ("below-red", ["red", "scarlet", "maroon"]),
        ("reds", ["scarlet", "maroon"]),
        ("old", ["red"]),
        ("piece", ["a"]),
    ],
)
def test_expand(name: str, codes: list[str]) -> None:
    assert expand(name, excludeNested=True) == codes


@pytest.mark.parametrize(
    ("property_", "op", "value", "codes"),
    [
        ("concept", "descendent-of", "red", ["scarlet", "maroon"]),
        ("concept", "is-not-a", "red", ["blue", "navy"]),
        ("concept", "generalizes", "navy", ["blue", "navy"]),
        ("concept", "child-of", "blue", ["navy"]),
        ("concept", "descendent-leaf", "red", ["scarlet", "maroon"]),
        ("code", "in", "red, navy", ["red", "navy"]),
        ("code", "not-in", "red,navy", ["scarlet", "maroon", "blue"]),
        ("code", "regex", "[a-z]{4}", ["blue", "navy"]),
        ("display", "=", "Navy", ["navy"]),
        ("dark", "=", "true", ["maroon"]),
        ("dark", "exists", "true", ["scarlet", "maroon"]),
        ("dark", "exists", "false", ["red", "blue", "navy"]),
        ("parent", "=", "blue", ["navy"]),
        ("inactive", "=", "true", ["maroon"]),
    ],
)
def test_filters(property_: str, op: str, value: str, codes: list[str]) -> None:
    given = filtered("given", property_, op, value)
    found = ask("ValueSet", "expand", valueSet=given, excludeNested=True)
    assert [row["code"] for row in found["expansion"]["contains"]] == codes


def test_a_whole_code_system_is_a_tree() -> None:
    found = ask("ValueSet", "expand", url="http://example.org/vs/all")["expansion"]
    assert [row["code"] for row in found["contains"]] == ["red", "blue"]
    assert [row["code"] for row in found["contains"][1]["contains"]] == ["navy"]
    assert found["contains"][1]["abstract"] is True
    assert found["contains"][0]["contains"][1]["inactive"] is True


def test_pages() -> None:
    found = ask("ValueSet", "expand", url="http://example.org/vs/all", offset=1, count=2)
    assert found["expansion"]["total"] == 5
    assert [row["code"] for row in found["expansion"]["contains"]] == ["scarlet", "maroon"]
    assert expand("all", count=0) == []
    assert expand("all", offset=99) == []


def test_wishes_of_an_expansion() -> None:
    assert expand("all", filter="AR") == ["scarlet", "maroon"]
    assert expand("all", activeOnly=True, excludeNested=True) == ["red", "scarlet", "blue", "navy"]
    shown = ask("ValueSet", "expand", url="http://example.org/vs/all", displayLanguage="de")
    assert shown["expansion"]["contains"][0]["display"] == "Rot"
    listed = ask("ValueSet", "expand", url="http://example.org/vs/listed", includeDesignations=True)
    [row] = listed["expansion"]["contains"]
    assert row["display"] == "My red"
    assert {"language": "de", "value": "Rot"} in row["designation"]
    assert "compose" not in listed
    with_compose = ask(
        "ValueSet", "expand", url="http://example.org/vs/listed", includeDefinition=True
    )
    assert with_compose["compose"] == SETS[2]["compose"]


def test_the_words_of_an_expansion_follow_the_version() -> None:
    modern, r4 = (
        ask("ValueSet", "expand", fhir=version, url="http://example.org/vs/below-red")
        for version in ("R5", "R4")
    )
    assert {"name": "used-codesystem", "valueUri": f"{C}|2"} in modern["expansion"]["parameter"]
    assert {"name": "version", "valueUri": f"{C}|2"} in r4["expansion"]["parameter"]
    assert "property" in modern["expansion"]
    assert "property" not in r4["expansion"]


def test_a_stored_expansion_counts_where_there_is_no_compose() -> None:
    row = {"system": C, "code": "red", "contains": [{"system": C, "code": "navy"}]}
    given = {"resourceType": "ValueSet", "status": "active", "expansion": {"contains": [row]}}
    found = ask("ValueSet", "expand", valueSet=given)["expansion"]
    assert [one["code"] for one in found["contains"]] == ["red", "navy"]


@pytest.mark.parametrize(
    ("values", "refused"),
    [
        ({}, (400, "required")),
        ({"url": "http://example.org/vs/nowhere"}, (404, "not-found")),
        ({"url": 3}, (400, "invalid")),
        ({"url": "http://example.org/vs/stranger"}, (404, "not-found")),
        ({"url": "http://example.org/vs/shut"}, (404, "not-found")),
        ({"url": "http://example.org/vs/lost"}, (404, "not-found")),
        ({"url": "http://example.org/vs/ring"}, (422, "processing")),
        ({"url": "http://example.org/vs/bad-op"}, (422, "invalid")),
        ({"url": "http://example.org/vs/bad-property"}, (422, "invalid")),
        ({"url": "http://example.org/vs/bad-value"}, (422, "invalid")),
        ({"url": "http://example.org/vs/slow"}, (422, "too-costly")),
        ({"url": "http://example.org/vs/ucum"}, (422, "too-costly")),
        ({"url": "http://example.org/vs/all", "count": -1}, (400, "invalid")),
        ({"url": "http://example.org/vs/all", "count": "x"}, (400, "invalid")),
        ({"url": "http://example.org/vs/all", "count": True}, (400, "invalid")),
        ({"url": "http://example.org/vs/all", "activeOnly": "maybe"}, (400, "invalid")),
        ({"url": "http://example.org/vs/all", "useSupplement": "http://x"}, (404, "not-found")),
        ({"valueSet": {"resourceType": "CodeSystem"}}, (400, "invalid")),
        ({"valueSet": {"resourceType": "ValueSet"}}, (422, "invalid")),
        ({"valueSet": value_set("x", include=["a"])}, (422, "structure")),
        ({"valueSet": value_set("x", include=[{"concept": []}])}, (422, "invalid")),
        ({"valueSet": value_set("x", include=[{"valueSet": ["#no"]}])}, (404, "not-found")),
    ],
    ids=range(22),
)
def test_expand_refuses(values: dict[str, Any], refused: tuple[int, str]) -> None:
    assert refusal("ValueSet", "expand", **values) == refused


def test_a_supplement_adds_names() -> None:
    extra = {
        "resourceType": "CodeSystem",
        "url": "http://example.org/extra",
        "content": "supplement",
        "supplements": C,
        "concept": [{"code": "navy", "designation": [{"language": "fr", "value": "Marine"}]}],
    }
    found = ask(
        "ValueSet",
        "expand",
        more=[extra],
        url="http://example.org/vs/all",
        excludeNested=True,
        displayLanguage="fr",
        useSupplement="http://example.org/extra",
    )
    assert found["expansion"]["contains"][-1]["display"] == "Marine"
