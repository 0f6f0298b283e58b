"""The element tables: what they say, and that they say what the classes of fhir.resources say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gateway.fhir.structure import VERSIONS, Element, resource_types, structure, table

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "gateway" / "fhir" / "structures"


@pytest.mark.parametrize(
    ("version", "owner", "name", "expected"),
    [
        ("R4", "Patient", "gender", Element("gender", "code")),
        ("R4", "Patient", "name", Element("name", "HumanName", many=True)),
        ("R4", "Patient", "contact", Element("contact", "PatientContact", many=True)),
        (
            "R4",
            "RiskAssessment",
            "subject",
            Element("subject", "Reference", required=True, targets=("Patient", "Group")),
        ),
        (
            "R4",
            "RiskAssessmentPrediction",
            "probabilityDecimal",
            Element("probabilityDecimal", "decimal", choice="probability"),
        ),
        ("R4", "Extension", "valueMeta", Element("valueMeta", "Meta", choice="value")),
        ("R4", "BundleEntry", "resource", Element("resource", "Resource")),
        ("R4", "Bundle", "id", Element("id", "id")),
        ("R4", "HumanName", "id", Element("id", "string")),
        ("R4", "Narrative", "div", Element("div", "xhtml", required=True)),
        ("STU3", "RiskAssessment", "comment", Element("comment", "string")),
        ("R5", "Attachment", "size", Element("size", "integer64")),
    ],
)
def test_elements(version: str, owner: str, name: str, expected: Element) -> None:
    shape = structure(owner, version)
    assert shape is not None
    assert shape.elements[name] == expected


@pytest.mark.parametrize(
    ("version", "owner", "name"),
    [
        ("R4", "Extension", "valueCodeableReference"),
        ("R4", "RiskAssessment", "reason"),
        ("R4B", "RiskAssessment", "comment"),
        ("STU3", "RiskAssessment", "note"),
        ("R5", "RiskAssessment", "reasonCode"),
    ],
)
def test_what_a_version_has_not(version: str, owner: str, name: str) -> None:
    shape = structure(owner, version)
    assert shape is not None
    assert name not in shape.elements


@pytest.mark.parametrize(
    ("version", "count", "has", "has_not"),
    [
        ("STU3", 117, "ProcedureRequest", "ServiceRequest"),
        ("R4", 146, "MedicinalProduct", "Citation"),
        ("R4B", 141, "Citation", "MedicinalProduct"),
        ("R5", 158, "InventoryItem", "RequestGroup"),
    ],
)
def test_resource_types(version: str, count: int, has: str, has_not: str) -> None:
    types = resource_types(version)
    assert (len(types), has in types, has_not in types) == (count, True, False)


@pytest.mark.parametrize("version", VERSIONS)
def test_every_type_that_is_named_exists(version: str) -> None:
    for name in table(version):
        shape = structure(name, version)
        for element in shape.elements.values() if shape else ():
            known = element.primitive or structure(element.type, version)
            assert known or element.type == "Resource", (name, element.name)
            assert resource_types(version).issuperset(element.targets), (name, element.name)


def test_order_is_that_of_the_specification() -> None:
    shape = structure("Patient", "R4")
    assert shape is not None
    names = list(shape.elements)
    assert names[:9] == [
        *("id", "meta", "implicitRules", "language", "text", "contained"),
        *("extension", "modifierExtension", "identifier"),
    ]
    assert names[-1] == "link"


@pytest.mark.parametrize("name", ["any", "", "Nothing", "string"])
def test_what_is_no_type(name: str) -> None:
    assert structure(name, "R4") is None


def test_an_unknown_version() -> None:
    with pytest.raises(ValueError, match="R6"):
        resource_types("R6")


@pytest.mark.slow
@pytest.mark.parametrize("version", ["STU3", "R4B", "R5"])
def test_the_tables_are_those_of_the_classes(version: str, tmp_path: Path) -> None:
    script = ROOT / "scripts" / "structures.py"
    run = [sys.executable, str(script), str(tmp_path), version]
    subprocess.run(run, check=True, timeout=120)
    assert (tmp_path / f"{version}.json").read_bytes() == (FOLDER / f"{version}.json").read_bytes()
