"""What a terminology request cannot be answered with, and the issues that an answer carries."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from terminology.records import Resource

KINDS = "http://hl7.org/fhir/tools/CodeSystem/tx-issue-type"


class ServiceError(Exception):
    """A request that gets no answer: HTTP status, FHIR issue code, text and kind of issue."""

    def __init__(self, status: int, code: str, text: str, kind: str | None = None) -> None:
        super().__init__(text)
        self.status = status
        self.code = code
        self.text = text
        self.kind = kind


class UnresolvedError(ServiceError):
    """A value set or code system that another one needs and that nobody has."""

    def __init__(self, what: str, canonical: str) -> None:
        text = f"a definition of the {what} '{canonical[:200]}' could not be found"
        super().__init__(404, "not-found", text, "not-found")
        self.canonical = canonical


def issue(severity: str, code: str, kind: str, text: str, at: str = "") -> Resource:
    """Return one issue of an OperationOutcome, `kind` from the list of the tx ecosystem."""
    made: Resource = {
        "severity": severity,
        "code": code,
        "details": {"coding": [{"system": KINDS, "code": kind}], "text": text},
    }
    return made | ({"location": [at], "expression": [at]} if at else {})


def outcome(error: ServiceError) -> Resource:
    """Return the OperationOutcome of an error."""
    made = issue("error", error.code, error.kind or "", error.text)
    if not error.kind:
        made["details"] = {"text": error.text}
    return {"resourceType": "OperationOutcome", "issue": [made | {"diagnostics": error.text}]}
