"""What follows for a patient's assessments: pure, from what is kept and what is said now.

- The same card over the same inputs is the same assessment: nothing new.
- If the patient's birth date, sex or country was corrected since, it is amended in its place.
- An earlier one, of other inputs, stands as history while what it rests on stands; when an input
  was corrected, deleted or entered in error, it is entered in error as well.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gateway import pipeline
from gateway.flow.makings import making, placed
from gateway.store.assessments import ENTERED_IN_ERROR, Kept

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from gateway.pipeline import Options, Risk
    from terminology.records import FeatureRow

CORRECTED = "An input of this assessment was corrected, deleted or entered in error at its source."


@dataclass(slots=True)
class Conclusions:
    """What is to be done about the assessments of one patient."""

    new: list[Risk] = field(default_factory=list)
    amended: list[Risk] = field(default_factory=list)
    withdrawn: list[Kept] = field(default_factory=list)
    replaced: dict[str, str | None] = field(default_factory=dict)
    """Earlier assessment to the one that takes its place; None for one that stands again."""


def conclude(
    risks: Sequence[Risk], kept: Sequence[Kept], versions: Mapping[str, int]
) -> Conclusions:
    """Return what follows of `risks` for the assessments `kept` of one patient.

    `versions` tells the present version of each resource that is there, by ``Type/gid``.
    """
    found = Conclusions()
    known = {one.identifier: one for one in kept}
    now = {risk.identifier: risk for risk in risks}
    for identifier, risk in now.items():
        if identifier not in known:
            found.new.append(risk)
        elif stale(known[identifier], facts(risk.row)):
            found.amended.append(risk)
    present = facts(risks[0].row) if risks else None
    latest = {risk.score.card: risk.identifier for risk in risks}
    for one in kept:
        gone = one.identifier not in now and one.status != ENTERED_IN_ERROR
        if gone and not stands(one, versions, present):
            found.withdrawn.append(one)
        successor = None if one.identifier in now else latest.get(one.card, one.replaced_by)
        if one.replaced_by != successor:
            found.replaced[one.identifier] = successor
    return found


def facts(row: FeatureRow) -> dict[str, str | None]:
    """Return what a Patient resource itself adds to the inputs."""
    return {"birth": row.birth, "sex": row.sex, "country": row.country}


def stale(kept: Kept, now: Mapping[str, str | None]) -> bool:
    """Tell whether an assessment of the same inputs must be made again."""
    return kept.status == ENTERED_IN_ERROR or patient_facts(kept) != now


def stands(kept: Kept, versions: Mapping[str, int], now: Mapping[str, str | None] | None) -> bool:
    """Tell whether everything that an assessment rests on is there as it was."""
    unchanged = all(
        versions.get(f"{used['type']}/{used['gid']}") == used["version"]
        for used in kept.basis
        if used["type"] != "Patient"
    )
    patient = next((used for used in kept.basis if used["type"] == "Patient"), None)
    there = patient is None or f"Patient/{patient['gid']}" in versions
    return unchanged and there and (now is None or patient_facts(kept) == now)


def patient_facts(kept: Kept) -> Any:  # noqa: ANN401 - JSON of the store
    """Return the patient's facts as they were for an assessment."""
    return next((used["facts"] for used in kept.basis if used["type"] == "Patient"), None)


def made_with(kept: Kept) -> Any:  # noqa: ANN401 - JSON of the store
    """Return what an assessment was made with; None for one made before that was kept."""
    return next((used.get("making") for used in kept.basis if used["type"] == "Patient"), None)


def used_resources(
    risk: Risk, options: Options, place: Callable[[str], tuple[str, int]]
) -> tuple[dict[str, Any], ...]:
    """Return what an assessment rests on, as the store keeps it: the patient last.

    `place` tells gid and present version of a reference of the source. Beside the patient stand
    what the Patient resource added, and what the assessment was made with.
    """
    references = pipeline.basis(risk.score)
    used = [placed(reference, place) for reference in (*references, risk.row.patient)]
    used[-1]["facts"] = facts(risk.row)
    used[-1]["making"] = making(risk, options, place, references)
    return tuple(used)
