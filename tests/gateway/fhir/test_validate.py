"""Every single fault is found at its place; what is valid is not spoken of."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.fhir.bindings import bindings
from gateway.fhir.structure import VERSIONS, resource_types, structure
from gateway.fhir.validate import is_valid, validate
from gateway.fhir.xml import to_json
from tests.gateway.fhir.faults import Fault, broken, faults, names, valid

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FAULTS = faults()
NAMES = st.sampled_from(
    [
        *("id", "meta", "text", "div", "contained", "extension", "url", "valueQuantity"),
        *("status", "code", "coding", "system", "value", "subject", "reference", "start"),
        *("end", "entry", "resource", "request", "fullUrl", "type", "component", "low"),
        *("prediction", "probabilityRange", "_status", "name", "given", "_given"),
        *("rest", "kind", "identifier", "clinicalStatus", "parameter", "resourceType"),
    ]
)
LEAVES = st.none() | st.booleans() | st.integers() | st.decimals() | st.text(max_size=5)
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=25,
)
KINDS = st.sampled_from(
    ["Patient", "Observation", "RiskAssessment", "Bundle", "CapabilityStatement", "Condition"]
)


def errors(resource: dict[str, Any], version: str = "R4") -> list[str]:
    return [issue.at or "" for issue in validate(resource, version) if issue.severity == "error"]


@pytest.mark.parametrize("name", names())
def test_a_valid_resource_is_not_spoken_of(name: str) -> None:
    assert validate(valid(name)) == ()


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.id)
def test_a_fault_is_found_at_its_place(fault: Fault) -> None:
    assert fault.at in errors(broken(fault))


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.id)
def test_no_text_holds_a_value(fault: Fault) -> None:
    said = " ".join(issue.text for issue in validate(broken(fault)))
    for private in ("Example", "Ada", "Bea", "0000000", "12345", "1970-02-28"):
        assert private not in said


def test_an_element_that_fhir_does_not_know_is_a_warning() -> None:
    issues = validate(valid("Patient") | {"shoeSize": 42})
    assert [(issue.at, issue.severity) for issue in issues] == [("Patient.shoeSize", "warning")]
    assert is_valid(issues)


@pytest.mark.parametrize(
    "resource",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"resourceType": "Patients"}, id="unknown"),
        pytest.param({"resourceType": "HumanName", "family": "x"}, id="a data type"),
        pytest.param({"resourceType": ["Patient"]}, id="a list"),
        pytest.param([], id="no object"),
        pytest.param(None, id="null"),
        pytest.param("Patient", id="text"),
    ],
)
def test_what_is_no_resource(resource: Any) -> None:
    (issue,) = validate(resource)
    assert issue.severity == "error"
    assert issue.at in ("Resource", "Resource.resourceType")


def test_issues_are_bounded() -> None:
    resource = {"resourceType": "Patient", "name": [{}] * 1000}
    assert len(validate(resource)) == 200
    assert len(validate(resource, limit=None)) == 1000


def test_warnings_leave_first() -> None:
    unknown = {f"x{number}": 1 for number in range(300)}
    issues = validate({"resourceType": "Patient", **unknown, "gender": "F"})
    assert len(issues) == 200
    assert not is_valid(issues)


@pytest.mark.parametrize("version", VERSIONS)
def test_every_bound_element_exists(version: str) -> None:
    for path in bindings(version):
        owner, _, name = path.partition(".")
        shape = structure(owner, version)
        assert shape, path
        assert name in shape.elements, path


@pytest.mark.parametrize("version", VERSIONS)
def test_every_type_has_a_check(version: str) -> None:
    for name in resource_types(version):
        validate({"resourceType": name, "id": "a"}, version)


def test_an_unknown_version_is_refused() -> None:
    with pytest.raises(ValueError, match="R3"):
        validate({"resourceType": "Patient"}, "R3")


@pytest.mark.parametrize(
    ("version", "places"),
    [
        ("STU3", ["RiskAssessment.prediction[0].outcome"]),
        ("R4", ["RiskAssessment.subject"]),
        ("R4B", ["RiskAssessment.subject"]),
        ("R5", ["RiskAssessment.subject"]),
    ],
)
def test_versions_differ(version: str, places: list[str]) -> None:
    risk = {"resourceType": "RiskAssessment", "status": "final", "prediction": [{"rationale": "x"}]}
    assert errors(risk, version) == places


def test_a_resource_of_another_version_is_told_by_its_elements() -> None:
    shape_of_r5 = valid("RiskAssessment") | {"reason": [{"concept": {"text": "x"}}]}
    assert [issue.at for issue in validate(shape_of_r5)] == ["RiskAssessment.reason"]


@given(st.dictionaries(NAMES, JSON, max_size=6), KINDS)
def test_no_json_makes_it_trip(content: dict[str, Any], kind: str) -> None:
    assert isinstance(validate(content | {"resourceType": kind}), tuple)


ODD = [None, {}, [], "x", 5, True, [{}], [[]], {"coding": [{"code": {}}]}, {"id": []}, [None], ""]


def edits(value: Any) -> Iterator[Any]:
    """Yield the value with each member and item in turn replaced by each odd value."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in items:
        outer = value.copy()
        inside = edits(inner) if isinstance(inner, dict | list) else ()
        unlisted = inner[0] if isinstance(inner, list) and inner else [inner]
        for odd in [*ODD, unlisted, *inside]:
            outer[key] = odd
            yield outer


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", names())
def test_no_edit_makes_it_trip(name: str, version: str) -> None:
    for resource in edits(valid(name)):
        assert isinstance(validate(resource, version), tuple)


def examples(shared: Path) -> list[tuple[Path, dict[str, Any]]]:
    """Return every readable example of FHIR R4 with its file."""
    found = []
    for path in sorted((shared / "corpus").glob("*/*")):
        raw = path.read_bytes()
        if path.parent.name == "expected" or path.suffix not in (".json", ".xml"):
            continue
        try:
            parsed = (
                json.loads(raw, parse_float=Decimal) if path.suffix == ".json" else to_json(raw)
            )
        except ValueError:
            continue
        found.append((path, parsed))
    return found


def test_examples_of_all_countries_make_no_check_trip(shared: Path) -> None:
    found = examples(shared)
    assert len(found) > 400
    clean = sum(not errors(resource) for _, resource in found)
    assert clean / len(found) > 0.85
