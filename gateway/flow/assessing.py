"""Assess patients from what is kept of them, and keep what follows, all in one transaction.

Reading and scoring need no lock. The transaction that writes looks whether what was read is still
so; if not, it writes nothing and everything is done again. So two workers on one patient, a job
that is run twice and a process that is killed leave the same state as a single undisturbed run.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa

from gateway import pipeline
from gateway.config import Source
from gateway.fhir.json import decode
from gateway.flow import elsewhere, models
from gateway.flow.conclusions import Conclusions, conclude, used_resources
from gateway.flow.intake import ASSESS, PUSH, job_key
from gateway.flow.letters import Letters, texts_of
from gateway.flow.loose import foreign, note_loose
from gateway.flow.progress import Progress, Step, silent
from gateway.flow.whereabouts import Whereabouts, owned
from gateway.jobs import queue
from gateway.jobs.worker import Task, run
from gateway.pipeline import SHIPPED, Models
from gateway.store import assessments, mirror, outbox, registry, resources
from gateway.store.assessments import Made
from gateway.store.engine import reading, writing
from gateway.store.resources import Key
from gateway.store.sources import Known
from mappers.riskassessment_transparency import GUIDE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gateway.jobs.queue import Job
    from gateway.pipeline import Assessed, Risk
    from gateway.store.assessments import Kept
    from gateway.store.registry import Shadowed
    from gateway.store.resources import Row

KINDS = (
    "Patient", "Observation", "Condition", "MedicationStatement", "MedicationRequest",
    "FamilyMemberHistory",
)  # fmt: skip
AT_ONCE = 50
"""Patients of one transaction."""

TRIES = 8
HERE = Known(Source(name="", base_url=""))
"""The source of what was posted to the gateway itself."""


class OutdatedError(Exception):
    """What was read has changed before it could be written."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What is kept of some patients at one moment."""

    rows: dict[str, list[Row]]
    kept: dict[str, list[Kept]]
    queued: list[int]
    """Jobs that wait for just this."""
    models: Models = SHIPPED
    """The versions of cards that are in use."""

    @property
    def state(self) -> set[tuple[str, str, int | str]]:
        """Return by what a later look tells whether anything has changed."""
        read = {(row.type, row.gid, row.version) for rows in self.rows.values() for row in rows}
        known = {(one.card, one.identifier, one.status) for of in self.kept.values() for one in of}
        return read | known


@dataclass(frozen=True, slots=True)
class Work:
    """Everything to be written for some patients, made before anything is locked."""

    source: Known
    patients: Sequence[str]
    assessed: Assessed
    where: Whereabouts
    letters: Letters
    made: list[Made] = field(default_factory=list)
    amended: list[Made] = field(default_factory=list)
    withdrawn: list[str] = field(default_factory=list)
    replaced: dict[str, str | None] = field(default_factory=dict)
    shadows: list[Shadowed] = field(default_factory=list)


def assess_due(engine: sa.Engine, source: Known, progress: Progress = silent) -> int:
    """Assess all patients of a source that are due; return how many.

    One that cannot be assessed for a fault of ours is left to the worker, and told as a dead job
    in the end; the others go on.
    """
    done = 0
    task = Task(lambda engine, jobs: assess(engine, source, patients_of(jobs), jobs))
    with reading(engine) as connection:
        ids = queue.unfinished(connection, ASSESS, job_key(source.name, ""))
    for start in range(0, len(ids), AT_ONCE):
        with writing(engine) as connection:
            jobs = queue.take(connection, ids[start : start + AT_ONCE])
        if jobs:
            run(engine, task, jobs)
        done += len(jobs)
        progress(Step(source.name, "assess", done, len(ids)))
    note_loose(engine, source)
    return done


def patients_of(jobs: Sequence[Job]) -> list[str]:
    """Return the patients that jobs are about."""
    return sorted({(job.key or "").partition("/")[2] for job in jobs})


def assess(
    engine: sa.Engine,
    source: Known,
    patients: Sequence[str],
    jobs: Sequence[Job] = (),
    *,
    as_of: datetime | None = None,
) -> None:
    """Assess patients of one source, and finish the jobs that asked for it.

    Raises:
        LostLeaseError: a job is someone else's by now; nothing was written.
        OutdatedError: the data changed faster than they could be assessed.
    """
    for _ in range(TRIES):
        snapshot = read(engine, source, patients)
        work = think(engine, source, patients, snapshot, as_of or datetime.now(UTC))
        try:
            with writing(engine) as connection:
                write(connection, work, snapshot, jobs)
        except (OutdatedError, sa.exc.IntegrityError):
            continue
        return
    raise OutdatedError


def read(engine: sa.Engine, source: Known, patients: Sequence[str]) -> Snapshot:
    """Return what is kept of the patients."""
    keys = [job_key(source.name, patient) for patient in patients]
    with reading(engine) as connection:
        return Snapshot(
            assessments.resources_of(connection, patients, KINDS),
            assessments.of_patients(connection, patients),
            queue.queued(connection, ASSESS, keys),
            models.in_use(connection),
        )


def think(
    engine: sa.Engine,
    source: Known,
    patients: Sequence[str],
    snapshot: Snapshot,
    moment: datetime,
) -> Work:
    """Return what follows for the patients."""
    where = Whereabouts.of(source.name, every_row(source, snapshot))
    assessed = pipeline.assess(
        [decode(row.raw) for row in where.rows.values()],
        as_of=moment,
        source=source.name,
        country=source.settings.country,
        cards=source.settings.cards,
        fhir_version=source.fhir_version,
        probability=source.settings.probability,
        ranges=source.settings.ranges,
        guided=GUIDE in source.guides,
        models=snapshot.models,
    )
    letters = Letters(assessed.options, where)
    work = Work(source, patients, assessed, where, letters)
    risks: dict[str, list[Risk]] = {}
    for risk in assessed.risks:
        risks.setdefault(where.gid(risk.row.patient), []).append(risk)
    for patient in patients:
        kept = snapshot.kept.get(patient, [])
        found = conclude(risks.get(patient, []), kept, where.versions)
        put_down(engine, work, patient, found)
    work.shadows.extend(models.shadows(assessed, snapshot.models, where, source.name))
    return work


def every_row(source: Known, snapshot: Snapshot) -> Iterator[Row]:
    """Yield the resources of the source itself, in the order of their ids.

    What was posted here about a patient of a partner uses other references: see `foreign`.
    """
    for rows in snapshot.rows.values():
        yield from (row for row in rows if row.source == source.name)


def put_down(engine: sa.Engine, work: Work, patient: str, found: Conclusions) -> None:
    """Write down what was concluded of one patient."""
    for risk in found.new:
        work.made.append(made_of(work, patient, risk, "final"))
        work.letters.write(risk)
    for risk in found.amended:
        work.amended.append(made_of(work, patient, risk, "amended"))
        work.letters.write(risk, "amended")
    if found.withdrawn:
        withdraw(engine, work, found.withdrawn)
    work.replaced.update(found.replaced)


def made_of(work: Work, patient: str, risk: Risk, status: str) -> Made:
    """Return the record of an assessment; of the card's facts it keeps none, the card has them."""
    return Made(
        risk.identifier,
        patient,
        pipeline.bare(risk.score),
        used_resources(risk, work.assessed.options, work.where.place),
        pipeline.first_probability(risk.score),
        status,
    )


def withdraw(engine: sa.Engine, work: Work, kept: Sequence[Kept]) -> None:
    """Enter assessments in error."""
    keys = [key for one in kept for key in texts_of(one)]
    with reading(engine) as connection:
        here = {key: row.raw for key, row in resources.read_many(connection, keys).items()}
        sent = outbox.present(connection, work.source.name, keys)
    there = {Key(*key): body for key, body in sent.items() if body}
    for one in kept:
        work.letters.withdraw(one, here, there)
        work.withdrawn.append(one.identifier)


def write(connection: sa.Connection, work: Work, snapshot: Snapshot, jobs: Sequence[Job]) -> None:
    """Write everything, if what was read is still so.

    Raises:
        OutdatedError: it is not.
        LostLeaseError: a job is someone else's by now.
    """
    present = Snapshot(
        assessments.resources_of(connection, work.patients, KINDS, lean=True),
        assessments.of_patients(connection, work.patients),
        [],
    )
    if present.state != snapshot.state:
        raise OutdatedError
    write_rows(connection, work, snapshot)
    write_letters(connection, work)
    queue.finish(connection, jobs)
    queue.finish_queued(connection, snapshot.queued)


def write_rows(connection: sa.Connection, work: Work, snapshot: Snapshot) -> None:
    """Write measurements, findings, assessments and refusals."""
    where, patients = work.where, work.patients
    values = owned(map(where.measurement, work.assessed.mapped.measurements), patients)
    findings = owned(map(where.finding, work.assessed.findings), patients)
    findings += [one for rows in snapshot.rows.values() for one in foreign(work.source, rows)]
    findings += elsewhere.findings(connection, patients)
    refusals = [where.refusal(one) for one in work.assessed.refusals]
    keys = [Key(row.type, row.gid) for row in where.rows.values()]
    mirror.settle(connection, keys, "subject")
    assessments.replace_values(connection, patients, values)
    assessments.replace_findings(connection, patients, findings)
    assessments.replace_refusals(
        connection, work.source.name, patients, [one for one in refusals if one.patient in patients]
    )
    assessments.add(connection, work.source.name, work.made)
    assessments.change(connection, work.amended)
    assessments.withdraw(connection, work.withdrawn)
    assessments.replace(connection, work.replaced)
    if work.shadows:
        registry.keep_shadows(connection, patients, work.shadows)


def write_letters(connection: sa.Connection, work: Work) -> None:
    """Keep the resources here, and post those of the partner."""
    letters, settings = work.letters, work.source.settings
    if letters.devices:
        resources.write(connection, list(letters.devices.values()))
    if letters.writes:
        resources.write(connection, list(letters.writes.values()), name=work.source.name)
    if letters.parcels:
        held = settings.write_back == "off"
        outbox.post(connection, settings.name, letters.parcels, held=held)
        if not held:
            queue.enqueue(connection, PUSH, [settings.name])
