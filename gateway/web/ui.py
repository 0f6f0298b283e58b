"""The console: server-rendered pages that work without scripts.

Views ask `gateway.store.views`, hand the rows to the `ui_*` modules that put them in words, and
fill a template. Filters and pages stand in the address, so that every view can be bookmarked.
"""

from __future__ import annotations

from collections.abc import Callable  # noqa: TC003 - dataclass annotation
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import sqlalchemy as sa  # noqa: TC002 - dataclass annotation
from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from werkzeug.exceptions import HTTPException

from gateway.flow import intake, receiving
from gateway.jobs.queue import enqueue
from gateway.jobs.schedule import PROBE, PULL
from gateway.store.engine import reading, writing
from gateway.store.sources import named
from gateway.store.views import findings as findings_view
from gateway.store.views import patients as patients_view
from gateway.store.views.drift import drifts
from gateway.store.views.overview import overview
from gateway.store.views.patient import patient
from gateway.web import (
    ui_attention,
    ui_cards,
    ui_codes,
    ui_findings,
    ui_guard,
    ui_models,
    ui_patient,
    ui_population,
)
from gateway.web.ui_overview import chart_of
from gateway.web.ui_page import furnish, narrowed, options
from gateway.web.ui_people import face
from mappers import countries

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

W = TypeVar("W")

ACTS = (PULL, PROBE)
"""Kinds of jobs that the overview can queue."""

DAY = timedelta(days=1)
LONGEST = 120
"""Characters of a filter that count; names and identifiers are shorter."""


def moment() -> datetime:
    """Return this moment in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Console:
    """The views over one store; `now` can be another clock."""

    engine: sa.Engine
    now: Callable[[], datetime] = moment

    def overview(self) -> str:
        """Return the network: each source, what came and went, what needs a person."""
        now = self.now()
        since, late = now - DAY, now - ui_attention.LATE
        with reading(self.engine) as connection:
            seen = overview(connection, since=milliseconds(since), late=milliseconds(late))
        return self.page(
            "overview",
            seen=seen,
            tasks=ui_attention.tasks(seen, now, drifts(self.engine)),
            stale=partial(ui_attention.stale, now=now),
            chart=chart_of(seen),
            acts=ACTS,
            queued=request.args.get("queued"),
            queued_source=request.args.get("source"),
        )

    def patients(self) -> str:
        """Return one page of patients, filtered and searched."""
        wanted = asked(patients_view.Wanted)
        with reading(self.engine) as connection:
            found = patients_view.patients(connection, wanted)
            choices = patients_view.choices(connection)
        now = self.now()
        faces = {one.gid: face(one.raw, now) for one in found.rows}
        return self.listing("patients", wanted, choices, found=found, faces=faces, cards=ui_cards)

    def patient(self, gid: str) -> str:
        """Return one patient's page, with what-if answers when the address asks for them."""
        with reading(self.engine) as connection:
            found = patient(connection, gid) or abort(404)
            shown = ui_patient.context(connection, found, request.args, self.now())
        again = request.args.get("assessed") == "again"
        return self.page("patient", here="patients", cards=ui_cards, again=again, **shown)

    def findings(self) -> str:
        """Return findings by country and reason, in groups, with examples."""
        wanted = asked(findings_view.Wanted)
        with reading(self.engine) as connection:
            counts = findings_view.by_country(connection, wanted)
            choices = findings_view.choices(connection)
            shown: dict[str, Any] = {
                "groups": findings_view.groups(connection, wanted),
                "found": findings_view.findings(connection, wanted),
                "countries": findings_view.countries(connection),
            }
        return self.listing(
            "findings",
            wanted,
            choices,
            counts=counts,
            ordered=sorted(counts.items(), key=lambda pair: -pair[1].total()),
            reasons=ui_findings.reasons_of(counts),
            chart=ui_findings.chart_of(counts),
            most=findings_view.GROUPS,
            subject_of=ui_findings.subject_of,
            suggestions=ui_findings.suggestions,
            question=ui_findings.question,
            **shown,
        )

    def findings_csv(self) -> Response:
        """Return all groups of findings as a file."""
        wanted = asked(findings_view.Wanted)
        with reading(self.engine) as connection:
            groups = findings_view.groups(connection, wanted, None)
            text = ui_findings.as_csv(groups, findings_view.countries(connection))
        return file_of(text, "findings.csv")

    def codes(self) -> str:
        """Return what a code, a unit or a feature means, and a conversion that was tried."""
        return self.page("codes", **ui_codes.context(request.args))

    def population(self) -> str:
        """Return the results of a card over all patients, by country, sex or age."""
        return self.page("population", **self._population())

    def population_csv(self) -> Response:
        """Return the figures of the population as a file, with the same counts withheld."""
        return file_of(ui_population.as_csv(self._population()), "population.csv")

    def _population(self) -> dict[str, Any]:
        with reading(self.engine) as connection:
            return ui_population.context(connection, request.args, self.now())

    def country(self, code: str) -> str:
        """Return what the file of a country says."""
        found = countries.load().get(code.upper()) or abort(404)
        return self.page("country", here="findings", file=found)

    def act(self, name: str, kind: str) -> ResponseReturnValue:
        """Queue a pull or a probe of a source, and go back to the overview."""
        with writing(self.engine) as connection:
            if named(connection, name) is None:
                abort(404)
            enqueue(connection, kind, [name])
        return redirect(url_for("ui.overview", queued=kind, source=name), 303)

    def listing(self, template: str, wanted: Any, choices: Any, **shown: Any) -> str:  # noqa: ANN401
        """Return the page of a list with its filter."""
        return self.page(
            template,
            wanted=wanted,
            narrowed=narrowed(wanted),
            options=options(choices),
            turn=lambda number: link(wanted, page=number),
            **shown,
        )

    def assess(self, gid: str) -> ResponseReturnValue:
        """Assess a patient again, durably asked for and done at once, and show the page."""
        with writing(self.engine) as connection:
            found = patient(connection, gid) or abort(404)
            intake.ask(connection, found.source, [gid])
        receiving.received(self.engine, [gid])
        return redirect(url_for("ui.patient", gid=gid, assessed="again"), 303)

    def page(self, template: str, here: str | None = None, **shown: Any) -> str:  # noqa: ANN401
        """Return a filled template."""
        return render_template(f"{template}.html", here=here or template, link=link, **shown)


def blueprint(
    engine: sa.Engine, base_url: str = "", *, now: Callable[[], datetime] = moment
) -> Blueprint:
    """Return the console over a store; `base_url` is where the gateway is reached."""
    console = Console(engine, now)
    site = Blueprint(
        "ui", __name__, template_folder="templates", static_folder="static",
        static_url_path="/assets",
    )  # fmt: skip
    site.add_url_rule("/", view_func=console.overview, endpoint="overview")
    site.add_url_rule("/patients", view_func=console.patients, endpoint="patients")
    site.add_url_rule("/patients/<gid>", view_func=console.patient, endpoint="patient")
    site.add_url_rule("/findings", view_func=console.findings, endpoint="findings")
    site.add_url_rule("/findings.csv", view_func=console.findings_csv, endpoint="findings_csv")
    site.add_url_rule("/population", view_func=console.population, endpoint="population")
    site.add_url_rule(
        "/population.csv", view_func=console.population_csv, endpoint="population_csv"
    )
    site.add_url_rule("/countries/<code>", view_func=console.country, endpoint="country")
    site.add_url_rule("/codes", view_func=console.codes, endpoint="codes")
    for kind in ACTS:
        site.add_url_rule(
            f"/sources/<name>/{kind}",
            endpoint=kind,
            view_func=console.act,
            defaults={"kind": kind},
            methods=["POST"],
        )
    site.add_url_rule(
        "/patients/<gid>/assess", view_func=console.assess, endpoint="assess", methods=["POST"]
    )
    ui_models.register(site, engine)
    site.before_request(partial(ui_guard.same_origin, base_url))
    site.after_request(ui_guard.secured)
    site.register_error_handler(HTTPException, ui_guard.http_problem)
    site.register_error_handler(Exception, ui_guard.failed)
    site.record_once(partial(furnish, now=now))
    return site


def asked(kind: type[W]) -> W:
    """Return a filter from the address; what is no page number is the first page."""
    names = [item.name for item in fields(kind) if item.name != "page"]  # type: ignore[arg-type]
    texts = {name: request.args.get(name, "").replace("\0", "").strip()[:LONGEST] for name in names}
    try:
        page = max(int(request.args.get("page", "1")), 1)
    except ValueError:
        page = 1
    return kind(**texts, page=page)  # type: ignore[call-arg]


def link(wanted: Any, endpoint: str | None = None, **changed: Any) -> str:  # noqa: ANN401
    """Return the address of the same view with something changed; empty filters are left out."""
    kept = {**asdict(wanted), "page": 1, **changed}
    shown = {name: value for name, value in kept.items() if value and (name, value) != ("page", 1)}
    return url_for(endpoint or request.endpoint or "ui.overview", **shown)


def file_of(text: str, name: str) -> Response:
    """Return a CSV file to be saved under a name."""
    answer = Response(text, mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def milliseconds(when: datetime) -> int:
    """Return a moment as the store keeps it."""
    return int(when.timestamp() * 1000)
