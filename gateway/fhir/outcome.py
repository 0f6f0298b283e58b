"""OperationOutcome: what went wrong, where, in the words of FHIR (R4 and later; STU3 alike)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.errors import Issue

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gateway.errors import GatewayError
    from terminology.records import Resource

ALL_OK = Issue("informational", "All OK", severity="information")


def render(issues: Iterable[Issue]) -> Resource:
    """Return an OperationOutcome of `issues`, in their order; all is well when there is none.

    `Issue.text` becomes ``diagnostics``, `Issue.reason` ``details.text`` and `Issue.at` the
    ``expression``.
    """
    return {
        "resourceType": "OperationOutcome",
        "issue": [one(issue) for issue in issues] or [one(ALL_OK)],
    }


def one(issue: Issue) -> Resource:
    """Return one ``OperationOutcome.issue``; elements without content are left out."""
    rendered: Resource = {"severity": issue.severity, "code": issue.code}
    if issue.reason:
        rendered["details"] = {"text": issue.reason}
    if issue.text:
        rendered["diagnostics"] = issue.text
    if issue.at:
        rendered["expression"] = [issue.at]
    return rendered


def from_error(error: GatewayError) -> Resource:
    """Return the OperationOutcome of an error, one issue for each thing it names."""
    return render(error.issues)
