"""What is generated from the feature files, and what it answers."""

from __future__ import annotations

import json

import pytest

from gateway.fhir.validate import is_valid, validate
from terminology.service import answer
from terminology.service.asked import Asked, of_pairs
from terminology.service.capabilities import statement
from terminology.service.generated import library, resources, served
from tests.terminology.service.world import (
    matches_of,
    named,
)


def test_generated_maps_lead_national_codes_to_features_and_loinc() -> None:
    asked = {"code": "NPU18016", "system": "urn:oid:1.2.208.176.2.1"}
    found = matches_of(answer("ConceptMap", "translate", Asked(of_pairs(asked.items()), "R5")))
    assert {(m["concept"]["code"], m["relationship"]) for m in found} == {
        ("creatinine", "equivalent"),
        ("14682-9", "source-is-narrower-than-target"),
    }
    assert all("|" in match["originMap"] for match in found)


@pytest.mark.parametrize(
    ("system", "code", "target", "equivalence"),
    [
        ("https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/medical-service-payment-tw", "09001C",
         "2093-3", "equivalent"),
        ("http://medis.or.jp/CodeSystem/master-JLAC10-17digits", "3C015000002327101", "2160-0",
         "wider"),
        ("http://npu-terminology.org", "NPU02187", "14749-6", "relatedto"),
    ],
)  # fmt: skip
def test_national_codes_in_loinc(system: str, code: str, target: str, equivalence: str) -> None:
    asked = [("code", code), ("system", system), ("targetsystem", "http://loinc.org")]
    [match] = matches_of(answer("ConceptMap", "translate", Asked(of_pairs(asked))))
    assert (match["concept"]["code"], match["equivalence"]) == (target, equivalence)


def test_every_generated_map_answers_without_contradiction() -> None:
    for one in library().concept_maps:
        for group in one.resource["group"]:
            for element in group["element"]:
                asked = of_pairs([("code", element["code"]), ("system", group["source"])])
                assert named(answer("ConceptMap", "translate", Asked(asked)))["result"] in (
                    True,
                    False,
                )


def test_every_generated_value_set_expands_and_holds_its_codes() -> None:
    for url in library().value_sets:
        expanded = answer("ValueSet", "expand", Asked({"url": (url,)}))["expansion"]
        assert expanded["total"] == len(expanded["contains"])
        for row in expanded["contains"][:3]:
            given = {"url": (url,), "code": (row["code"],), "system": (row["system"],)}
            assert named(answer("ValueSet", "validate-code", Asked(given)))["result"] is True


def test_generated_resources_carry_notices_and_ids() -> None:
    ids = [(one["resourceType"], one["id"]) for one in resources()]
    assert len(ids) == len(set(ids))
    assert all(len(name) <= 64 for _, name in ids)
    for one in resources():
        if "riskbridge" not in json.dumps(one.get("group", one.get("url"))):
            assert one["copyright"]


def test_a_feature_is_a_code_of_ours() -> None:
    own = "https://riskbridge.example/CodeSystem/feature"
    found = named(
        answer("CodeSystem", "lookup", Asked(of_pairs([("code", "hba1c"), ("system", own)])))
    )
    assert found["display"] == "HbA1c"


def test_capabilities_name_what_is_known() -> None:
    told = statement("http://127.0.0.1/fhir", "2026-01-01T00:00:00Z")
    assert {one["uri"] for one in told["codeSystem"]} == set(library().code_systems)


@pytest.mark.parametrize("version", ["R4", "R5"])
def test_generated_resources_are_valid(version: str) -> None:
    for name, one in served(version).items():
        issues = validate(one, version)
        assert is_valid(issues), (name, issues[:3])
