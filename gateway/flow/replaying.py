"""Replay: compute a stored assessment again, from its kept inputs and versions, to the byte.

Nothing is written. The inputs are read in the versions that were used, whatever became of them
since; the card, the country, the moment and the shape are those of then. Where the outcome is
another, what is no longer as it was is told.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gateway import pipeline
from gateway.errors import UsageError
from gateway.fhir.json import decode
from gateway.fhir.references import rewritten
from gateway.fhir.stamp import stamp
from gateway.flow.conclusions import CORRECTED, made_with
from gateway.flow.letters import own
from gateway.flow.makings import card_for, options_of, stamps
from gateway.flow.whereabouts import Whereabouts
from gateway.pipeline import Models
from gateway.store import assessments, history, instants, resources
from gateway.store.assessments import ENTERED_IN_ERROR
from gateway.store.engine import reading
from scoring.cards import load

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import sqlalchemy as sa

    from gateway.pipeline import Risk
    from gateway.store.assessments import Kept
    from gateway.store.resources import Row
    from scoring.cards import Card
    from terminology.records import Resource

STAMPS = {
    "package": "the version of riskbridge",
    "card": "the file of the card",
    "terminology": "the files of features and units",
    "mappers": "the files of countries",
    "scoring": "the files of regions",
}


@dataclass(frozen=True, slots=True)
class Replay:
    """The RiskAssessment as it is kept, as it comes out now, and how they differ."""

    stored: bytes = b""
    """Empty where none is there any more."""
    fresh: bytes = b""
    """Empty where it cannot be computed."""
    problem: str = ""

    @property
    def equal(self) -> bool:
        """Tell whether the same bytes came out."""
        return not self.problem


class LostError(Exception):
    """Something that the assessment was made with is not there any more."""


def replay(engine: sa.Engine, identifier: str) -> Replay:
    """Return what a new computation of the assessment gives.

    `identifier` is its UUID, alone or as ``urn:uuid:``.

    Raises:
        UsageError: there is no such assessment here.
    """
    name = identifier.removeprefix("urn:uuid:")
    with reading(engine) as connection:
        kept = assessments.named(connection, name)
        if kept is None:
            raise UsageError("there is no assessment of that identifier in this store")
        row = resources.read(connection, "RiskAssessment", name)
        stored = row.raw if row and not row.deleted else b""
        try:
            risk, where = computed(connection, kept)
        except LostError as error:
            return Replay(stored, problem=str(error))
    return compared(kept, row, stored, rendered(kept, risk, where))


def computed(connection: sa.Connection, kept: Kept) -> tuple[Risk, Whereabouts]:
    """Return the risk that the card sees in the inputs as they were.

    Raises:
        LostError: the card, a version of an input, or what it was made with is gone.
    """
    made = made_with(kept)
    if made is None:
        raise LostError("it was made before this program kept what an assessment was made with")
    card = card_of(connection, kept)
    used = [*kept.basis, *made["beside"]]
    rows = [version_of(connection, one) for one in used if one["version"]]
    where = Whereabouts.of(kept.source, sorted(rows, key=lambda row: row.seq))
    options = options_of(made, kept.card)
    documents = [decode(row.raw) for row in where.rows.values()]
    mapped = pipeline.mapped_of(documents, options)
    found = pipeline.reassess(mapped, options, Models({kept.card: card}))
    risk = next((one for one in found if where.gid(one.row.patient) == kept.patient), None)
    if risk is None:
        raise LostError(f"the card says nothing of these inputs any more{changed(kept)}")
    return risk, where


def card_of(connection: sa.Connection, kept: Kept) -> Card:
    """Return the card that scored.

    Raises:
        LostError: there is none of that name, or another version of it.
    """
    card = card_for(connection, kept.card, kept.card_version)
    if card is not None:
        return card
    shipped = load().get(kept.card)
    if shipped is None:
        raise LostError(f"it was made by the card {kept.card}, which there is no more")
    raise LostError(
        f"it was made by {kept.card} version {kept.card_version}; the card is now version"
        f" {shipped.version}"
    )


def version_of(connection: sa.Connection, used: Mapping[str, Any]) -> Row:
    """Return the version of an input that was used.

    Raises:
        LostError: it is not kept any more.
    """
    row = history.vread(connection, used["type"], used["gid"], used["version"])
    if row is None or row.deleted:
        raise LostError(
            f"version {used['version']} of the input {used['type']}/{used['gid']} is gone"
        )
    return row


def rendered(kept: Kept, risk: Risk, where: Whereabouts) -> Resource:
    """Return the RiskAssessment that is kept here, computed anew."""
    made = made_with(kept)
    error = kept.status == ENTERED_IN_ERROR
    status = "final" if error else kept.status
    fresh = pipeline.risk_assessment(risk, own(options_of(made, kept.card)), status)
    fresh = rewritten(fresh, where.served)
    return pipeline.withdrawn(fresh, CORRECTED) if error else fresh


def compared(kept: Kept, row: Row | None, stored: bytes, fresh: Resource) -> Replay:
    """Return how what came out differs from what is kept; the same version stamps both."""
    version, at = (row.version, row.last_updated) if row else (1, 0)
    again = stamp(fresh, kept.identifier)(version, instants.written(at))
    if again == stored:
        return Replay(stored, again)
    if not stored:
        return Replay(stored, again, "its RiskAssessment is not kept here any more")
    parts = ", ".join(differing(decode(stored), decode(again))) or "the order of elements"
    return Replay(stored, again, f"another outcome: {parts}{changed(kept)}")


def differing(one: Resource, other: Resource) -> Iterable[str]:
    """Return the elements that differ."""
    return [name for name in dict.fromkeys((*one, *other)) if one.get(name) != other.get(name)]


def changed(kept: Kept) -> str:
    """Return which of the files and versions that computed it are others now."""
    then, now = made_with(kept)["stamps"], stamps(kept.card, kept.card_version)
    named = [what for key, what in STAMPS.items() if then.get(key) != now[key]]
    return f"; since then changed: {', '.join(named)}" if named else "; nothing of it has changed"
