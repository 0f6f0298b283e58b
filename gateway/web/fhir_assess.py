"""``$assess-risk``: resources in, RiskAssessments and findings out; nothing is stored."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from gateway import pipeline
from gateway.errors import Issue, NotFoundError
from gateway.fhir.bundles import bundle
from gateway.fhir.json import decode, encode
from gateway.fhir.outcome import render
from gateway.store.engine import reading
from gateway.store.resources import of_patient
from gateway.web.fhir_answer import Answer
from gateway.web.fhir_server import bodies
from mappers.document import Context, map_document, map_resources

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.pipeline import Assessed
    from gateway.web.fhir_server import Server
    from terminology.records import Resource


def assess(server: Server, sent: Resource | None, gid: str | None = None) -> Answer:
    """Return the risks of those in `sent`, or of the Patient `gid` with what is kept here.

    Raises:
        NotFoundError: there is no such Patient.
    """
    if sent is not None:
        server.check(sent)
    given = list(resources(sent)) if sent is not None else []
    context = Context(None, server.fhir_version)
    if gid is None:
        document = {"resourceType": "Bundle", "type": "collection", "entry": given}
        mapped = map_document(document, context)
    else:
        mapped = map_resources([*kept(server, gid), *(one["resource"] for one in given)], context)
    found = pipeline.assess(mapped, as_of=datetime.now(UTC), fhir_version=server.fhir_version)
    return Answer(200, told(found))


def resources(sent: Resource) -> Iterator[Resource]:
    """Yield the entries in a Bundle, in Parameters, or the one resource as an entry."""
    if sent["resourceType"] == "Bundle":
        yield from (one for one in sent.get("entry", ()) if "resource" in one)
    elif sent["resourceType"] == "Parameters":
        for parameter in sent.get("parameter", ()):
            if "resource" in parameter:
                yield from resources(parameter["resource"])
    else:
        yield {"resource": sent}


def kept(server: Server, gid: str) -> list[Resource]:
    """Return what is kept of a Patient."""
    with reading(server.engine) as conn:
        rows = of_patient(conn, gid)
        raws = bodies(conn, rows)
    if not any(row.type == "Patient" for row in rows):
        raise NotFoundError("there is no such Patient")
    return [decode(raw) for raw in raws]


def told(found: Assessed) -> bytes:
    """Return the Bundle of RiskAssessments, and the OperationOutcome of findings."""
    issues = [
        Issue(
            "informational" if finding.feature is None else "incomplete",
            finding.detail,
            finding.at or None,
            "warning",
            finding.reason,
        )
        for finding in found.findings
    ]
    issues += [
        Issue("incomplete", not_assessed(one), one.row.patient or None, "information", one.reason)
        for one in found.refusals
    ]
    entries = [*found.assessments, render(issues)]
    return bundle("collection", (b'{"resource":%b}' % encode(entry) for entry in entries))


def not_assessed(one: pipeline.NotAssessed) -> str:
    """Return a sentence on a card that says nothing of a patient."""
    missing = f"; missing: {', '.join(one.missing)}" if one.missing else ""
    return f"{one.card} was not assessed{missing}"
