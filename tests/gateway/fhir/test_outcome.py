"""OperationOutcomes are themselves valid, and say code, place and text."""

from __future__ import annotations

import pytest

from gateway.errors import InvalidError, Issue, NotFoundError
from gateway.fhir.outcome import from_error, render
from gateway.fhir.structure import VERSIONS
from gateway.fhir.validate import validate


def test_an_issue() -> None:
    issue = Issue("value", "not a date", "Patient.birthDate", reason="date-invalid")
    assert render([issue])["issue"] == [
        {
            "severity": "error",
            "code": "value",
            "details": {"text": "date-invalid"},
            "diagnostics": "not a date",
            "expression": ["Patient.birthDate"],
        }
    ]


def test_nothing_wrong_is_told_too() -> None:
    (issue,) = render([])["issue"]
    assert (issue["severity"], issue["code"]) == ("information", "informational")


def test_errors() -> None:
    assert from_error(NotFoundError("no such thing"))["issue"] == [
        {"severity": "error", "code": "not-found", "diagnostics": "no such thing"}
    ]
    issues = (Issue("required", "must be there", "Patient.x"), Issue("value", "no date"))
    assert len(from_error(InvalidError("two", issues=issues))["issue"]) == 2


@pytest.mark.parametrize("version", VERSIONS)
def test_what_is_rendered_is_valid(version: str) -> None:
    issues = [Issue("value", "a", "b", reason="c"), Issue("invariant", ""), Issue("x" * 3, "y")]
    assert validate(render(issues[:2]), version) == ()
    assert validate(render([]), version) == ()
