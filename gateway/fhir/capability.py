"""CapabilityStatement: written from the same tables that serve, so that it says what is true."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from importlib.metadata import version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from terminology.records import Resource

RELEASES = {"STU3": "3.0.2", "R4": "4.0.1", "R4B": "4.3.0", "R5": "5.0.0"}
INTERACTIONS = (
    "read", "vread", "update", "delete", "history-instance", "history-type", "create",
    "search-type",
)  # fmt: skip
SYSTEM = ("transaction", "batch", "history-system")
DEFINITIONS = "http://hl7.org/fhir/OperationDefinition/"
ASSESS = "assess-risk"
TERMINOLOGY = {
    "CodeSystem": ("lookup", "validate-code", "subsumes"),
    "ValueSet": ("expand", "validate-code"),
    "ConceptMap": ("translate",),
}
"""Operations of the terminology service, served beside the store by the gateway itself."""


@dataclass(frozen=True, slots=True)
class Found:
    """A search parameter as it is declared: its FHIR type, and what a reference may name."""

    kind: str
    targets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Served:
    """What a server serves."""

    base_url: str
    fhir_version: str
    title: str
    date: str
    types: Mapping[str, Mapping[str, Found]]
    """Resource type to its search parameters by name."""
    assess: bool = False
    security: str = "Answers on the loopback interface of its machine only, to everybody there."
    formats: tuple[str, ...] = field(
        default=("application/fhir+json", "application/fhir+xml", "json", "xml")
    )


def statement(served: Served) -> Resource:
    """Return the CapabilityStatement of a server in its FHIR version."""
    stu3 = served.fhir_version == "STU3"
    return {
        "resourceType": "CapabilityStatement",
        "id": "riskbridge",
        "url": f"{served.base_url}/metadata",
        "name": "Riskbridge",
        "title": served.title,
        "status": "active",
        "date": served.date,
        "kind": "instance",
        "software": {"name": "riskbridge", "version": version("riskbridge")},
        "implementation": {"description": served.title, "url": served.base_url},
        "fhirVersion": RELEASES[served.fhir_version],
        **({"acceptUnknown": "both"} if stu3 else {}),
        "format": list(served.formats),
        "rest": [
            {
                "mode": "server",
                "security": {"cors": False, "description": served.security},
                "resource": [of_type(served, kind) for kind in sorted(served.types)],
                "interaction": [{"code": code} for code in SYSTEM],
                **({"operation": [operation(served, ASSESS)]} if served.assess else {}),
            }
        ],
    }


def terminology_statement(served: Served) -> Resource:
    """Return the CapabilityStatement of the terminology operations, which are served in R5 too."""
    whole = statement(replace(served, fhir_version="R5", types={}))
    kinds = [
        {"type": kind, "operation": [operation(served, name, kind) for name in names]}
        for kind, names in TERMINOLOGY.items()
    ]
    security = whole["rest"][0]["security"]
    return {**whole, "rest": [{"mode": "server", "security": security, "resource": kinds}]}


def of_type(served: Served, kind: str) -> Resource:
    """Return what is served of one resource type."""
    parameters = served.types[kind]
    includes = [f"{kind}:{name}" for name, one in parameters.items() if one.kind == "reference"]
    reverse = sorted(
        f"{other}:{name}"
        for other, theirs in served.types.items()
        for name, one in theirs.items()
        if kind in one.targets
    )
    operations = ["everything", *([ASSESS] if served.assess else [])] if kind == "Patient" else []
    operations += TERMINOLOGY.get(kind, ()) if served.assess else ()
    return {
        "type": kind,
        "interaction": [{"code": code} for code in INTERACTIONS],
        "versioning": "versioned",
        "readHistory": True,
        "updateCreate": True,
        "conditionalCreate": True,
        "conditionalRead": "full-support",
        "conditionalUpdate": True,
        "conditionalDelete": "single",
        "referencePolicy": ["literal", "local"],
        **({"searchInclude": ["*", *includes]} if includes else {}),
        **({"searchRevInclude": reverse} if reverse else {}),
        "searchParam": [
            {"name": name, "type": one.kind} for name, one in sorted(parameters.items())
        ],
        **({"operation": [operation(served, n, kind) for n in operations]} if operations else {}),
    }


def operation(served: Served, name: str, kind: str = "") -> Resource:
    """Return the declaration of an operation; STU3 refers to its definition."""
    own = f"{served.base_url}/OperationDefinition/{ASSESS}"
    url = own if name == ASSESS else f"{DEFINITIONS}{kind}-{name}"
    stu3 = served.fhir_version == "STU3"
    return {"name": name, "definition": {"reference": url} if stu3 else url}


def assess_definition(served: Served) -> Resource:
    """Return the OperationDefinition of ``$assess-risk``."""
    return {
        "resourceType": "OperationDefinition",
        "id": ASSESS,
        "url": f"{served.base_url}/OperationDefinition/{ASSESS}",
        "name": "AssessRisk",
        "title": "Assess risk",
        "status": "active",
        "kind": "operation",
        "date": served.date,
        "description": "Scores the Patients in the resources given, or the Patient addressed with "
        "what is known of him or her here, and returns RiskAssessments and findings; "
        "nothing is stored.",
        "affectsState": False,
        "code": ASSESS,
        "resource": ["Patient"],
        "system": True,
        "type": False,
        "instance": True,
        "parameter": [
            {
                "name": "resource",
                "use": "in",
                "min": 0,
                "max": "*",
                "documentation": "A resource about the Patient, or a Bundle of them; a Bundle may "
                "also be the body itself.",
                "type": "Resource",
            },
            {
                "name": "return",
                "use": "out",
                "min": 1,
                "max": "1",
                "documentation": "A collection of RiskAssessments, and an OperationOutcome of "
                "findings: each measurement that was not used, each Patient without a score, "
                "and why.",
                "type": "Bundle",
            },
        ],
    }
