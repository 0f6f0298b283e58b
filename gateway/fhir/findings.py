"""What an assessment has to say beside the RiskAssessments, as issues of an OperationOutcome."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.errors import Issue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.pipeline import Assessed, NotAssessed
    from terminology.records import Finding


def issues_of(assessed: Assessed) -> Iterator[Issue]:
    """Yield what could not be used, and who is not assessed; `Issue.reason` is the machine's."""
    yield from map(issue_of, assessed.findings)
    yield from map(refusal, assessed.refusals)


def issue_of(finding: Finding) -> Issue:
    """Return the issue of a finding."""
    code = "structure" if finding.reason == "malformed" else "incomplete"
    about = finding.resource or None
    text = f"{about}: {finding.detail}" if about else finding.detail
    return Issue(code, text, finding.at or None, "warning", finding.reason)


def refusal(one: NotAssessed) -> Issue:
    """Return the issue of a patient whom a card does not assess."""
    missing = f"; missing: {', '.join(one.missing)}" if one.missing else ""
    text = f"{one.row.patient}: {one.card} was not assessed{missing}"
    return Issue("incomplete", text, None, "information", one.reason)
