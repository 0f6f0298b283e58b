"""Bring what is new at a partner's server, page by page, so that a killed pull goes on.

A pull is a run of legs, each one search: Patients first, then what is said of them. Every page is
one transaction: its resources, the patients to assess, and the checkpoint with the link to the next
page. A run asks for what changed since the run before (by the server's own clock, with an overlap,
since duplicates are harmless), and goes over everything with ``full``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from gateway.errors import GatewayError, RefusedError, UntruthfulError
from gateway.fhir.json import encode
from gateway.fhir.patience import http_date
from gateway.flow import elsewhere, intake, partners
from gateway.flow.progress import Progress, Step, silent
from gateway.flow.reading import Asked, Refused, id_in, read_entries, received
from gateway.flow.vanished import find_vanished
from gateway.store import mirror, sources
from gateway.store.engine import reading, writing

if TYPE_CHECKING:
    from collections.abc import Iterator

    import sqlalchemy as sa

    from gateway.fhir.client import Client
    from gateway.fhir.pages import Page
    from gateway.flow.probing import Abilities
    from gateway.store.sources import Known

DATA = ("Patient", "Observation", "Condition", "MedicationStatement", "MedicationRequest")
MORE = ("FamilyMemberHistory", elsewhere.KIND)
"""Pulled where they can be searched: diseases of relatives, and the RiskAssessments of others."""
KINDS = (*DATA, *MORE)

OVERLAP = timedelta(minutes=2)
"""How far increments reach back: clocks of a server's nodes differ, transactions take time."""

ORPHANS = 1000
"""How many Patients are read one by one at the end of a pull."""

UNAUTHORIZED = 401
ELSEWISE = frozenset({400, 403, 404, 405, 422, 501})
"""Statuses that say: not in this way."""


@dataclass(frozen=True, slots=True)
class Leg:
    """One search of a run: all of a type, or what there is of one patient."""

    kind: str
    patient: str = ""

    @property
    def place(self) -> tuple[int, str]:
        """Return where in the order of a run the leg comes."""
        return KINDS.index(self.kind), self.patient


@dataclass(slots=True)
class Run:
    """A pull under way; `state` is the checkpoint, see `begin`."""

    engine: sa.Engine
    source: Known
    client: Client
    abilities: Abilities
    state: dict[str, Any]
    progress: Progress = silent
    tally: intake.Tally = field(default_factory=intake.Tally)
    seen: dict[str, set[str]] = field(default_factory=dict)
    """The ids that came, for each type that was gone over wholly, without a break."""

    @property
    def now(self) -> dict[str, Any]:
        """Return the part of the checkpoint that is about this run."""
        part: dict[str, Any] = self.state["run"]
        return part


def pull(
    engine: sa.Engine,
    source: Known,
    client: Client,
    *,
    full: bool = False,
    progress: Progress = silent,
) -> intake.Tally:
    """Bring what changed at the source, or everything; return what that was.

    Raises:
        RemoteError: the server failed for good; what came until then is kept, and the next pull
            goes on from there.
    """
    try:
        run = begin(engine, source, client, full=full, progress=progress)
        for leg in legs(run):
            go(run, leg)
        fetch_orphans(run)
        end(run)
    except GatewayError as error:
        partners.told(engine, source, error)
        raise
    return run.tally


def begin(
    engine: sa.Engine, source: Known, client: Client, *, full: bool, progress: Progress
) -> Run:
    """Return the run to make, or the one that a killed pull left.

    The checkpoint holds ``since`` (type to the instant until which it was pulled), ``surplus`` (see
    `find_vanished`) and, while a run is under way, ``run``: whether it goes over everything
    (``full``), whether ``everybody`` is to be assessed again, its ``leg`` and the ``next`` link of
    that, the types asked for ``by_patient``, those asked for ``anew``, those that ``failed``, and
    the server's ``clock`` when each type was begun.
    """
    state = {"since": {}, "surplus": {}, **source.checkpoint}
    fresh: dict[str, Any] = {
        "full": full or not client.manner.increments,
        "everybody": full,
        "leg": None,
        "next": None,
        "by_patient": list(KINDS[1:]) if client.manner.by_patient else [],
        "anew": [],
        "failed": [],
        "clock": {},
    }
    left = state.get("run")
    if left is None or left.keys() != fresh.keys() or (full and not left["everybody"]):
        state["run"] = fresh
    abilities = partners.abilities_of(engine, source, client)
    return Run(engine, source, client, abilities, state, progress)


def legs(run: Run) -> Iterator[Leg]:
    """Yield the legs that are still to be made; one may turn its type to patient by patient."""
    reached = Leg(*run.now["leg"]).place if run.now["leg"] else (0, "")
    for kind in pulled(run):
        if kind not in run.now["by_patient"] and Leg(kind).place >= reached:
            yield Leg(kind)
        if kind in run.now["by_patient"]:
            with reading(run.engine) as connection:
                patients = mirror.ids(connection, run.source.name, "Patient")
            every = (Leg(kind, patient) for patient in patients)
            yield from (leg for leg in every if leg.place >= reached and not failed(run, kind))


def pulled(run: Run) -> tuple[str, ...]:
    """Return the types to ask for."""
    return (*DATA, *filter(run.abilities.searched, MORE))


def failed(run: Run, kind: str) -> bool:
    """Tell whether asking for the type has been given up."""
    return kind in run.now["failed"]


def go(run: Run, leg: Leg) -> None:
    """Make one leg; what the server refuses or spoils is noted, and the rest goes on."""
    resumed = run.now["leg"] == [leg.kind, leg.patient] and run.now["next"]
    run.now["leg"] = [leg.kind, leg.patient]
    if run.now["full"] and not resumed and not leg.patient:
        with writing(run.engine) as connection:
            mirror.clear(connection, run.source.name, leg.kind, intake.ENTRY_REASONS)
    try:
        fetch(run, leg, resumed or first_page(run, leg))
    except RefusedError as error:
        if resumed and error.answered != UNAUTHORIZED:  # links grow old
            run.now["next"] = None
            go(run, leg)
        elif error.answered in ELSEWISE:
            refused(run, leg, error)
        else:
            raise
    except UntruthfulError as error:
        spoiled(run, leg, error)
    run.now["next"] = None


def first_page(run: Run, leg: Leg) -> str:
    """Return the URL that a leg begins with."""
    asked = {"_count": str(run.client.manner.page_size)}
    since = run.state["since"].get(leg.kind)
    if leg.patient:
        asked["patient"] = leg.patient
    elif since and not run.now["full"] and leg.kind not in run.now["anew"]:
        asked["_lastUpdated"] = f"ge{since}"
    return run.client.search_url(leg.kind, asked)


def fetch(run: Run, leg: Leg, url: str) -> None:
    """Follow the pages from `url`, and keep each with the link to the one behind it."""
    asked = Asked(leg.kind, leg.patient or None, run.client.base_url)
    seen: set[str] = set()
    done = 0
    for page in run.client.follow(url):
        run.now["clock"].setdefault(leg.kind, clock(page))
        run.now["next"] = page.next
        found = read_entries(page, asked, kept_of(run, leg.kind, page))
        if leg.kind == elsewhere.KIND:
            elsewhere.set_apart(run.engine, run.source.name, found)
        with writing(run.engine) as connection:
            intake.keep_page(connection, run.source, leg.kind, found, run.tally)
            sources.checkpoint(connection, run.source.name, run.state)
        seen |= found.ids
        done += len(page.entries)
        if not leg.patient:
            run.progress(Step(run.source.name, leg.kind, done, page.total))
    if url == first_page(run, leg) and not leg.patient:
        run.seen[leg.kind] = seen


def kept_of(run: Run, kind: str, page: Page) -> dict[str, bytes]:
    """Return the digests of what is kept of the resources of a page."""
    ids = [id_ for entry in page.entries if (id_ := id_in(entry.full_url, kind))]
    with reading(run.engine) as connection:
        return mirror.digests(connection, run.source.name, kind, ids)


def clock(page: Page) -> str:
    """Return the server's time when it answered, or ours."""
    return fhir_instant(http_date(page.date or "") or datetime.now(UTC))


def fhir_instant(moment: datetime) -> str:
    """Return a FHIR instant in UTC, whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def refused(run: Run, leg: Leg, error: RefusedError) -> None:
    """Ask otherwise: for everything, or patient by patient; else note that nothing came."""
    if leg.kind == "Patient" and "_lastUpdated" not in first_page(run, leg):
        raise error
    if "_lastUpdated" in first_page(run, leg):
        run.now["anew"].append(leg.kind)
        go(run, leg)
    elif leg.patient:
        give_up(run, leg.kind, "refused", error)
    elif leg.kind == "Observation" or (leg.kind in DATA and leg.kind in run.abilities.types):
        run.now["by_patient"].append(leg.kind)


def spoiled(run: Run, leg: Leg, error: UntruthfulError) -> None:
    """After pages that lead nowhere, ask patient by patient, in pages too short to need a link."""
    if leg.patient or leg.kind == "Patient":
        give_up(run, leg.kind, "paging", error)
    else:
        run.now["by_patient"].append(leg.kind)


def give_up(run: Run, kind: str, reason: str, error: GatewayError) -> None:
    """Note that a type did not come wholly; the next pull asks again for what this one lacks."""
    run.now["failed"].append(kind)
    run.tally.incomplete.append(kind)
    with writing(run.engine) as connection:
        intake.note(connection, run.source, kind, [Refused(kind, reason, error.text)])


def fetch_orphans(run: Run) -> None:
    """Read the Patients that others speak of and no search has shown."""
    with reading(run.engine) as connection:
        gids = mirror.orphans(connection, run.source.name)
    for gid in gids[:ORPHANS]:
        id_ = gid.removeprefix(f"{run.source.name}.")
        try:
            found = run.client.read("Patient", id_)
        except (RefusedError, UntruthfulError):
            found = None
        with writing(run.engine) as connection:
            if found is None:
                lost = Refused("Patient", "absent", "others speak of it, and it is not there", id_)
                intake.note(connection, run.source, "Patient", [lost])
            else:
                run.tally.new += 1
                intake.keep(connection, run.source, [received(found, encode(found))])


def end(run: Run) -> None:
    """Look for what is gone at the source, and note until when everything has been pulled."""
    for kind in pulled(run):
        if failed(run, kind):
            continue
        find_vanished(run, kind)
        with writing(run.engine) as connection:
            mirror.clear(connection, run.source.name, kind, intake.PAGE_REASONS)
    since = dict(run.state["since"])
    for kind, moment in run.now["clock"].items():
        if not failed(run, kind):
            since[kind] = fhir_instant(datetime.fromisoformat(moment) - OVERLAP)
    state = {"since": since, "surplus": run.state["surplus"]}
    with writing(run.engine) as connection:
        if run.now["everybody"]:  # cards and settings may be new where the data are not
            intake.ask_all(connection, run.source.name)
        sources.pulled(connection, run.source.name, state)
