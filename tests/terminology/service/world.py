"""A small world of code systems, value sets and maps of our own, and how to ask about it."""

from __future__ import annotations

from typing import Any

import pytest

from terminology.service import ServiceError, answer
from terminology.service.asked import Asked
from terminology.service.problems import outcome


def truth(code: str, value: bool) -> dict[str, Any]:
    """A property of a concept."""
    return {"code": code, "valueBoolean": value}


FHIR = "http://hl7.org/fhir/concept-properties"
COLOURS = {
    "resourceType": "CodeSystem",
    "url": "http://example.org/colours",
    "version": "2",
    "name": "Colours",
    "language": "en",
    "content": "complete",
    "caseSensitive": True,
    "property": [
        {"code": "dark", "type": "boolean"},
        {"code": "off", "uri": f"{FHIR}#inactive", "type": "boolean"},
    ],
    "concept": [
        {
            "code": "red",
            "display": "Red",
            "definition": "the colour of blood",
            "designation": [
                {"language": "de", "value": "Rot"},
                {"use": {"code": "old"}, "value": "crimson"},
            ],
            "concept": [
                {"code": "scarlet", "display": "Scarlet", "property": [truth("dark", False)]},
                {
                    "code": "maroon",
                    "display": "Maroon",
                    "property": [truth("dark", True), truth("off", True)],
                },
            ],
        },
        {"code": "blue", "display": "Blue", "property": [truth("notSelectable", True)]},
        {"code": "navy", "display": "Navy", "property": [{"code": "parent", "valueCode": "blue"}]},
    ],
}  # fmt: skip
OLD = {**COLOURS, "version": "1", "concept": [{"code": "red", "display": "Old red"}]}
PIECE = {
    "resourceType": "CodeSystem",
    "url": "http://example.org/piece",
    "content": "fragment",
    "concept": [{"code": "a", "display": "A"}],
}
SHUT = {"resourceType": "CodeSystem", "url": "http://example.org/shut", "content": "not-present"}
C = "http://example.org/colours"


def value_set(name: str, **compose: Any) -> dict[str, Any]:
    url = f"http://example.org/vs/{name}"
    return {"resourceType": "ValueSet", "url": url, "status": "active", "compose": compose}


def filtered(name: str, property_: str, op: str, value: str) -> dict[str, Any]:
    rule = {"property": property_, "op": op, "value": value}
    return value_set(name, include=[{"system": C, "filter": [rule]}])


SETS = [
    value_set("all", include=[{"system": C}]),
    value_set("active", inactive=False, include=[{"system": C}]),
    value_set("listed", include=[{"system": C, "concept": [{"code": "red", "display": "My red"}]}]),
    value_set("reds", include=[{"valueSet": ["http://example.org/vs/below-red"]}],
              exclude=[{"system": C, "concept": [{"code": "red"}]}]),
    filtered("below-red", "concept", "is-a", "red"),
    filtered("bad-op", "concept", "sounds-like", "red"),
    filtered("bad-property", "smell", "=", "red"),
    filtered("bad-value", "concept", "is-a", ""),
    filtered("slow", "code", "regex", "(a+)+$"),
    value_set("old", include=[{"system": C, "version": "1"}]),
    value_set("piece", include=[{"system": "http://example.org/piece"}]),
    value_set("shut", include=[{"system": "http://example.org/shut"}]),
    value_set("stranger", include=[{"system": "http://example.org/nowhere"}]),
    value_set("lost", include=[{"valueSet": ["http://example.org/vs/nowhere"]}]),
    value_set("ring", include=[{"valueSet": ["http://example.org/vs/gnir"]}]),
    value_set("gnir", include=[{"valueSet": ["http://example.org/vs/ring"]}]),
    value_set("mixed", include=[{"system": C}, {"system": "http://example.org/piece"}]),
    value_set("ucum", include=[{"system": "http://unitsofmeasure.org"}]),
]  # fmt: skip


def a_map(name: str, *targets: dict[str, Any], **more: Any) -> dict[str, Any]:
    group = {
        "source": C,
        "target": "http://example.org/farben",
        "element": [{"code": "red", "display": "Red", "target": list(targets)}],
        **more,
    }
    url = f"http://example.org/map/{name}"
    return {"resourceType": "ConceptMap", "url": url, "version": "3", "group": [group]}


GOOD = a_map("good", {"code": "rot", "display": "Rot", "equivalence": "wider"})
EQUAL = a_map("equal", {"code": "rot", "relationship": "equivalent"})
OTHER = a_map("other", {"code": "purpur", "relationship": "equivalent"})
DENIED = a_map("denied", {"code": "rot", "relationship": "not-related-to"})
LOOSE = a_map("loose", {"code": "farbe", "relationship": "related-to"})
WORLD: list[dict[str, Any]] = [COLOURS, OLD, PIECE, SHUT, *SETS]


def ask(kind: str, operation: str, fhir: str = "R5", more: Any = (), **values: Any) -> Any:
    """Answer an operation over `WORLD` and `more`; ``_`` in a name stands for ``-``."""
    given = {name.replace("_", "-"): (value,) for name, value in values.items()}
    return answer(kind, operation, Asked({**given, "tx-resource": (*WORLD, *more)}, fhir))


def named(parameters: Any) -> dict[str, Any]:
    """Name to value of the parameters that have one."""
    return {
        row["name"]: next(v for k, v in row.items() if k.startswith("value"))
        for row in parameters["parameter"]
        if any(k.startswith("value") for k in row)
    }


def validate(name: str, **values: Any) -> dict[str, Any]:
    return named(ask("ValueSet", "validate-code", url=f"http://example.org/vs/{name}", **values))


def expand(name: str, **values: Any) -> list[str]:
    found = ask("ValueSet", "expand", url=f"http://example.org/vs/{name}", **values)["expansion"]
    return [row["code"] for row in found.get("contains", ())]


def refusal(kind: str, operation: str, **values: Any) -> tuple[int, str]:
    with pytest.raises(ServiceError) as error:
        ask(kind, operation, **values)
    assert outcome(error.value)["issue"][0]["severity"] == "error"
    return error.value.status, error.value.code


def matches_of(found: Any) -> list[dict[str, Any]]:
    """The translations, each as name to value of its parts."""
    return [
        named({"parameter": row["part"]}) for row in found["parameter"] if row["name"] == "match"
    ]
