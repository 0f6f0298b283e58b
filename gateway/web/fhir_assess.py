"""``$assess-risk``: resources in, RiskAssessments and findings out; nothing is stored.

A resource that breaks the specification is left out and told, like any other finding: the rest is
assessed. A Bundle or Parameters that is itself wrong is refused.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from gateway import pipeline
from gateway.errors import InvalidError, Issue, MalformedError, NotFoundError
from gateway.fhir.bundles import bundle, collected
from gateway.fhir.findings import issues_of
from gateway.fhir.json import decode, encode
from gateway.fhir.outcome import render
from gateway.fhir.validate import is_valid, validate
from gateway.store import sources
from gateway.store.engine import reading
from gateway.store.resources import of_patient
from gateway.web.fhir_answer import Answer
from gateway.web.fhir_server import bodies
from mappers.document import Context, Mapped, map_document, map_resources

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.web.fhir_server import Server
    from terminology.records import JSON, Resource

HOLDER = re.compile(r"(?:Bundle\.entry|Parameters\.parameter)\[(\d+)\]\.resource(?=[.\[]|\Z)")


def assess(server: Server, sent: Resource | None, gid: str | None = None) -> Answer:
    """Return the risks of those in `sent`, or of the Patient `gid` with what is kept here.

    Raises:
        NotFoundError: there is no such Patient.
        InvalidError: `sent` cannot be used at all.
    """
    faults: tuple[Issue, ...] = ()
    given, context = Mapped(), Context(None, server.fhir_version)
    if sent is not None:
        sent, faults = usable(server, sent)
        given = map_document(sent, context)
    elif gid is None:
        raise MalformedError("the body is empty, where a Bundle or Parameters must stand")
    if gid is not None:
        kept, context = kept_of(server, gid)
        given = joined(kept, given)
    found = pipeline.assess(
        given,
        as_of=datetime.now(UTC),
        country=context.country,
        fhir_version=server.fhir_version,
    )
    issues = [*faults, *issues_of(found)]
    entries = map(collected, (*found.assessments, render(issues)))
    return Answer(200, bundle("collection", map(encode, entries)))


def usable(server: Server, sent: Resource) -> tuple[Resource, tuple[Issue, ...]]:
    """Return what can be used of a document, and the errors in the resources that cannot.

    Raises:
        InvalidError: the errors are of the document itself.
    """
    found = validate(sent, server.fhir_version, limit=None)
    errors = tuple(issue for issue in found if not is_valid((issue,)))
    matches = [HOLDER.match(issue.at or "") for issue in errors]
    if not all(matches):
        raise InvalidError("the resource is not valid", issues=errors)
    faulty = {int(match[1]) for match in matches if match}
    name = "entry" if sent["resourceType"] == "Bundle" else "parameter"
    return without(sent, name, faulty) if faulty else sent, errors


def without(sent: Resource, name: str, faulty: set[int]) -> Resource:
    """Return a document whose faulty members hold no resource, so that places stay as they are."""
    members: Sequence[JSON] = sent[name]
    kept = [
        {key: value for key, value in one.items() if key != "resource"} if number in faulty else one
        for number, one in enumerate(members)
    ]
    return {**sent, name: kept}


def kept_of(server: Server, gid: str) -> tuple[Mapped, Context]:
    """Return what is kept of a Patient, read as his or her source writes it."""
    with reading(server.engine) as conn:
        rows = of_patient(conn, gid)
        patient = next((row for row in rows if row.type == "Patient"), None)
        if patient is None:
            raise NotFoundError("there is no such Patient")
        source = sources.named(conn, patient.source) if patient.source else None
        raws = bodies(conn, rows)
    context = Context(
        source.settings.country if source else None,
        source.fhir_version if source else server.fhir_version,
    )
    return map_resources([decode(raw) for raw in raws], context), context


def joined(one: Mapped, other: Mapped) -> Mapped:
    """Return what two documents say together."""
    return Mapped(
        one.people + other.people,
        one.measurements + other.measurements,
        one.findings + other.findings,
    )
