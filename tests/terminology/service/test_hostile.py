"""Patterns, bodies and hierarchies of strangers: refused, or done in bounded time."""

from __future__ import annotations

import contextlib
import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terminology.service import OPERATIONS, ServiceError, answer
from terminology.service.asked import Asked, languages_of, of_parameters
from terminology.service.patterns import matches
from tests.terminology.service.world import WORLD, C, ask, named, refusal, value_set

NAMES = ("url", "code", "system", "coding", "codeableConcept", "valueSet", "codeSystem", "display",
         "conceptMap", "count", "offset", "filter", "codeA", "codeB", "version", "displayLanguage",
         "property", "targetSystem", "reverse", "useSupplement", "abstract", "sourceCode",
         "targetCode", "system-version", "dependency", "activeOnly")  # fmt: skip
KEYS = ("resourceType", "url", "version", "concept", "code", "display", "property", "designation",
        "value", "valueCode", "compose", "include", "exclude", "system", "valueSet", "filter", "op",
        "group", "source", "target", "element", "unmapped", "mode", "coding", "content", "language",
        "extension", "contained", "id", "expansion", "contains", "caseSensitive", "supplements",
        "inactive", "dependsOn", "product", "part", "name", "relationship")  # fmt: skip
WORDS = (C, "red", "navy", "", "CodeSystem", "ValueSet", "ConceptMap", "is-a", "=", "regex",
         "http://example.org/vs/all", "http://example.org/piece", "fragment", "supplement", "#x",
         "other-map", "fixed", "true", "de", "(a+)+")  # fmt: skip


@pytest.mark.parametrize(
    "pattern",
    ["(a+)+", "(a|a)*", "(a*)*b", "a*a*a*a*a*", "(?=a)", r"(a)\1", "(a|b){20}", "x" * 501, "(", "[",
     "a{99999999999}", "(a|a)" * 11, "(?P<x>a)", "((a?)b)+"],
    ids=range(14),
)  # fmt: skip
def test_patterns_that_may_not_end_are_refused(pattern: str) -> None:
    with pytest.raises(ServiceError):
        matches("a" * 30, pattern)


@pytest.mark.parametrize(
    ("value", "pattern", "found"),
    [
        ("code1", "[^ \\t\\r\\n\\f]{4}[0-9]", True),
        ("code12", "[^ \\t\\r\\n\\f]{4}[0-9]", False),
        ("old", "o[a-z]*", True),
        ("ab-1", "(?:ab|cd)-[0-9]+", True),
        ("a]", "[]a]+", True),
        ("a(b", r"a\(b", True),
        ("aa", "(a)(a)", True),
        ("", "", True),
    ],
)
def test_patterns_match_the_whole(value: str, pattern: str, found: bool) -> None:
    assert matches(value, pattern) is found


def test_a_pattern_ends_soon() -> None:
    start = time.process_time()
    assert not matches("a" * 60 + "b", "a*a*a*")
    with pytest.raises(ServiceError):
        matches("a" * 2000, "a*")
    assert time.process_time() - start < 0.2


@pytest.mark.parametrize(
    "body",
    [
        {"resourceType": "Patient"},
        {"resourceType": "Parameters", "parameter": 3},
        {"resourceType": "Parameters", "parameter": [3]},
        {"resourceType": "Parameters", "parameter": [{}]},
    ],
    ids=range(4),
)
def test_bad_parameters(body: dict[str, Any]) -> None:
    with pytest.raises(ServiceError):
        of_parameters(body)


def test_a_loop_in_a_hierarchy_ends() -> None:
    loop = {
        "resourceType": "CodeSystem",
        "url": "http://example.org/loop",
        "concept": [
            {"code": "a", "property": [{"code": "parent", "valueCode": "b"}]},
            {"code": "b", "property": [{"code": "parent", "valueCode": "a"}]},
        ],
    }
    given = {"resourceType": "ValueSet", "compose": {"include": [{"system": loop["url"]}]}}
    found = ask("ValueSet", "expand", more=[loop], valueSet=given)["expansion"]
    assert [row["code"] for row in found["contains"]] == ["a", "b"]


def test_a_deep_hierarchy_ends() -> None:
    deep = {
        "resourceType": "CodeSystem",
        "url": "http://example.org/deep",
        "concept": [
            {"code": str(n), "property": [{"code": "parent", "valueCode": str(n - 1)}]}
            for n in range(3000)
        ],
    }
    given = {"resourceType": "ValueSet", "compose": {"include": [{"system": deep["url"]}]}}
    found = ask("ValueSet", "expand", more=[deep], valueSet=given)
    assert len(json.dumps(found)) > 3000


@pytest.mark.parametrize(
    ("header", "tags"),
    [
        ("de-CH;q=0.5, fr", ("fr", "de-CH")),
        ("en, en-AU; q=0.4", ("en", "en-AU")),
        ("*", ()),
        ("", ()),
        (None, ()),
        ("de;q=x", ("de",)),
    ],
)
def test_languages(header: str | None, tags: tuple[str, ...]) -> None:
    assert languages_of(header) == tags


def test_value_sets_that_import_twice_and_twice_again_are_refused() -> None:
    laughs = [
        {
            "resourceType": "ValueSet",
            "url": f"http://example.org/vs/laugh{n}",
            "compose": {
                "include": [
                    {"valueSet": [f"http://example.org/vs/laugh{n + 1}"]},
                    {"valueSet": [f"http://example.org/vs/laugh{n + 1}"]},
                ]
            },
        }
        for n in range(19)
    ]
    last = value_set("laugh19", include=[{"system": C, "concept": [{"code": "red"}]}])
    start = time.process_time()
    asked = {"url": "http://example.org/vs/laugh0", "more": [*laughs, last]}
    assert refusal("ValueSet", "expand", **asked) == (422, "too-costly")
    found = ask("ValueSet", "validate-code", code="blue", system=C, **asked)
    assert named(found)["result"] is False
    assert time.process_time() - start < 5


def test_a_deep_filter_ends_soon() -> None:
    deep = {
        "resourceType": "CodeSystem",
        "url": "http://example.org/deep",
        "concept": [
            {"code": str(n), "property": [{"code": "parent", "valueCode": str(n - 1)}]}
            for n in range(5000)
        ],
    }
    rule = {"property": "concept", "op": "is-a", "value": "0"}
    given = value_set("deep", include=[{"system": deep["url"], "filter": [rule]}])
    start = time.process_time()
    found = ask("ValueSet", "expand", more=[deep], valueSet=given)["expansion"]
    assert found["total"] == 5000
    assert time.process_time() - start < 3


SCALARS = st.none() | st.booleans() | st.integers(-2, 3) | st.sampled_from(WORDS)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5)
    ),
    max_leaves=20,
)


@given(
    st.sampled_from(sorted(OPERATIONS)),
    st.dictionaries(st.sampled_from(NAMES), ANYTHING, max_size=6),
    st.lists(ANYTHING | st.sampled_from(WORLD), max_size=3),
)
@settings(deadline=None, max_examples=300)
def test_whatever_is_asked_is_answered_or_refused(
    operation: tuple[str, str], values: dict[str, Any], more: list[Any]
) -> None:
    given_ = {name: (value,) for name, value in values.items()}
    asked = Asked({**given_, "tx-resource": tuple(more)}, "R5")
    with contextlib.suppress(ServiceError):
        assert isinstance(answer(*operation, asked), dict)
