"""RiskAssessments that others made: kept as they came and shown; never scored, changed, sent back.

Ours come back from the servers that they were written to, and are told from others' by what only we
know: the identifier, which follows from source, patient, card and inputs. A name of a card or of
a Device proves nothing, since another gateway may use the same.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from gateway.fhir.json import decode
from gateway.flow.addressing import identifiers
from gateway.flow.likeness import objects
from gateway.store import assessments
from gateway.store.engine import reading
from mappers.riskassessment_identity import assessment_identity

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    import sqlalchemy as sa

    from gateway.flow.reading import Reading
    from gateway.store.resources import Row
    from terminology.records import Resource

KIND = "RiskAssessment"
URN = "urn:uuid:"
AMBIGUOUS = "probability-ambiguous"
DETAIL = "It may be a percentage, as FHIR says, or a fraction; it is shown as it was sent."


def set_apart(engine: sa.Engine, source: str, found: Reading) -> None:
    """Take what we wrote ourselves out of what a page of RiskAssessments holds."""
    with reading(engine) as connection:
        known = known_of(connection, [one.resource for one in found.received])
    own = {one.id for one in found.received if ours(one.resource, source, known)}
    found.own += sorted(own)
    found.received = [one for one in found.received if one.id not in own]


def known_of(connection: sa.Connection, resources: Sequence[Resource]) -> frozenset[str]:
    """Return those identifiers of RiskAssessments that assessments of this store have."""
    named = (value for one in resources for value in identifiers(one))
    return assessments.known(connection, [one.removeprefix(URN) for one in named])


def ours(resource: Resource, source: str, known: Collection[str]) -> bool:
    """Tell whether a RiskAssessment is one that was made here for the source.

    Either its identifier is known, or (with a lost store) it follows from what it says itself.
    """
    named = {value.removeprefix(URN) for value in identifiers(resource)}
    return bool(named & frozenset(known)) or identity(resource, source) in named


def identity(resource: Resource, source: str) -> str:
    """Return the identifier that we would give to an assessment that says this of itself."""
    method = resource.get("method")
    coding = (objects(method, "coding") if isinstance(method, dict) else []) or [{}]
    subject = resource.get("subject")
    patient = reference_of(subject) if isinstance(subject, dict) else ""
    basis = [reference_of(one) for one in objects(resource, "basis")]
    card, version = (str(coding[0].get(name)) for name in ("code", "version"))
    return str(assessment_identity(source, patient, card, version, basis))


def reference_of(one: Resource) -> str:
    """Return ``Type/id``, with its version if it has one, whatever server stands before it."""
    name, slash, version = str(one.get("reference", "")).partition("/_history/")
    return "/".join(name.split("/")[-2:]) + slash + version


def findings(connection: sa.Connection, patients: Sequence[str]) -> list[dict[str, Any]]:
    """Return the rows of what cannot be read in one way in others' RiskAssessments of patients."""
    rows = assessments.received(connection, patients, KIND)
    documents = [decode(row.raw) for row in rows]
    known = known_of(connection, documents)
    return [
        finding_of(row, place)
        for row, document in zip(rows, documents, strict=True)
        if not ours(document, row.source, known)
        for place in ambiguous(document)
    ]


def ambiguous(resource: Resource) -> Iterator[str]:
    """Yield the places of probabilities that may be percentages or fractions.

    A number up to 1 may be either: R4 says percentages, its own examples and many senders write
    fractions. A Range carries its unit.
    """
    listed = resource.get("prediction")
    for place, one in enumerate(listed if isinstance(listed, list) else ()):
        value = one.get("probabilityDecimal") if isinstance(one, dict) else None
        if isinstance(value, int | float | Decimal) and value is not True and 0 < value <= 1:
            yield f"{KIND}.prediction[{place}].probabilityDecimal"


def finding_of(row: Row, at: str) -> dict[str, Any]:
    """Return the row of a finding."""
    return {
        "source": row.source,
        "type": KIND,
        "gid": row.gid,
        "patient": row.patient,
        "at": at,
        "feature": None,
        "reason": AMBIGUOUS,
        "detail": DETAIL,
        "system": None,
        "code": None,
        "unit": None,
    }
