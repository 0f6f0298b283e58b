"""`riskbridge sources`: partners' servers, listed, added, probed and removed."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click
from marshmallow import ValidationError
from rich.console import Console
from rich.table import Table

from gateway.auth.outbound import authentication
from gateway.cli._options import configured
from gateway.cli._store import opened
from gateway.config import AUTH, FORMS, WRITE_BACK, Source, SourceSection, first_problem
from gateway.errors import UsageError
from gateway.fhir.quirks import QUIRKS, manner
from gateway.flow import partners
from gateway.flow.forms import forms_of
from gateway.jobs.schedule import interval_ms
from gateway.pipeline import check_cards
from gateway.store import sources
from gateway.store.engine import reading, writing

if TYPE_CHECKING:
    from gateway.config import Settings
    from gateway.store.sources import Known

QUIRK_HELP = "A known departure of the server: " + "; ".join(
    f"{name}: {quirk.text.rstrip('.')}" for name, quirk in QUIRKS.items()
)


@click.group(epilog="Example: riskbridge sources add fi https://fhir.example.org/r4 --country FI")
def command() -> None:
    """Partners' servers: where they are and what they can do."""


@command.command("list", epilog="Example: riskbridge sources list --json")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@configured
def list_(settings: Settings, *, as_json: bool) -> None:
    """List the sources of the configuration, and those that were added."""
    with opened(settings) as engine, reading(engine) as connection:
        known = sources.every(connection)
    if as_json:
        click.echo(json.dumps([plain(one) for one in known]))
        return
    table = Table("name", "country", "FHIR", "address", "reachable", "last pull", "write back")
    for one in known:
        table.add_row(
            one.name,
            one.settings.country or "",
            one.fhir_version,
            one.settings.base_url,
            {True: "yes", False: "no", None: "not asked yet"}[one.reachable],
            moment(one.last_pull_at),
            one.settings.write_back,
        )
    Console().print(table)


def plain(one: Known) -> dict[str, Any]:
    """Return a source as JSON; of secrets only the references are known here."""
    return {
        "name": one.name,
        "base_url": one.settings.base_url,
        "country": one.settings.country,
        "fhir_version": one.fhir_version,
        "auth": one.settings.auth,
        "write_back": one.settings.write_back,
        "quirks": list(one.settings.quirks),
        "configured": "command" if one.added else "file",
        "reachable": one.reachable,
        "last_pull": moment(one.last_pull_at) or None,
        "last_error": one.last_error,
    }


def moment(instant: int | None) -> str:
    """Return an instant in UTC; nothing for none."""
    if instant is None:
        return ""
    return datetime.fromtimestamp(instant / 1000, UTC).isoformat(timespec="seconds")


@command.command(
    epilog="Example: riskbridge sources add fi https://fhir.example.org/r4 --country FI"
)
@click.argument("name")
@click.argument("base_url")
@click.option("--country", help="Whose dialect it speaks; each patient's own when not given.")
@click.option("--fhir-version", help="STU3, R4, R4B or R5; as the server says when not given.")
@click.option("--auth", type=click.Choice(AUTH), help="How to authenticate.")
@click.option("--username", help="The user of basic.")
@click.option("--password", help="Of basic: env:NAME or file:PATH.")
@click.option("--token", help="Of bearer: env:NAME or file:PATH.")
@click.option("--card", "cards", multiple=True, help="A card to score; chosen when not given.")
@click.option("--write-back", type=click.Choice(WRITE_BACK), help="How to write back.")
@click.option("--form", multiple=True, type=click.Choice(FORMS), help="What is written, in order.")
@click.option("--probability", type=click.Choice(["percent", "fraction"]), help="How written.")
@click.option("--schedule", help="How often the worker pulls: 15m, 6h, 1d.")
@click.option("--quirk", "quirks", multiple=True, help=QUIRK_HELP)
@configured
def add(settings: Settings, *, name: str, base_url: str, **options: Any) -> None:  # noqa: ANN401
    """Add the server at BASE_URL as the source NAME, or change one that was added."""
    source = checked({"name": name, "base_url": base_url, **options})
    if settings.source(name):
        raise UsageError(f"the source {name} stands in the configuration file: change it there")
    with opened(settings) as engine, writing(engine) as connection:
        sources.keep(connection, source, added=True)
    click.echo(f"added {name}; `riskbridge sources probe {name}` asks what it can do", err=True)


def checked(given: dict[str, Any]) -> Source:
    """Return the source that the options say.

    Raises:
        UsageError: an option cannot be so.
    """
    told = {key: value for key, value in given.items() if value not in (None, ())}
    told |= {key: list(told[key]) for key in ("cards", "quirks", "form") if key in told}
    try:
        source: Source = SourceSection().load(told)
    except ValidationError as error:
        raise UsageError(first_problem(error.messages)) from None
    authentication(source)
    manner(source.quirks)
    check_cards(source.cards)
    if source.schedule:
        interval_ms(source.name, source.schedule)
    return source


@command.command(epilog="Example: riskbridge sources probe fi")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@configured
def probe(settings: Settings, *, name: str, as_json: bool) -> None:
    """Ask the server what it can do, by its CapabilityStatement."""
    with opened(settings) as engine:
        source = partners.known(engine, name)
        with partners.connect(source.settings) as client:
            found = partners.probe(engine, source, client)
        source = partners.known(engine, name)
    forms = forms_of(source, found)
    if as_json:
        told_of = {"forms": forms, "refused": dict(source.refused)}
        click.echo(json.dumps({**found.plain(), **told_of}))
        return
    click.echo(f"server      {found.software or 'does not say'}")
    click.echo(f"FHIR        {found.fhir_version}")
    click.echo(f"Bundles     {', '.join(sorted(found.system)) or 'none declared'}")
    click.echo(f"write back  {found.mode('auto')} (with write_back = auto)")
    click.echo(f"assessments {' else '.join(forms) or 'in no form that may be written'}")
    for line in source.refused.values():
        click.echo(f"refused     {line}; tried again by `push --retry`")
    table = Table("type", "interactions", "search", "our ids", "conditional create")
    for type_, able in sorted(found.types.items()):
        table.add_row(
            type_,
            " ".join(sorted(able.interactions)),
            str(len(able.search)),
            "yes" if able.update_create else "no",
            "yes" if able.conditional_create else "no",
        )
    Console().print(table)


@command.command(epilog="Example: riskbridge sources remove fi")
@click.argument("name")
@configured
def remove(settings: Settings, *, name: str) -> None:
    """Forget a source that was added; what was pulled from it stays."""
    if settings.source(name):
        raise UsageError(f"the source {name} stands in the configuration file: remove it there")
    with opened(settings) as engine:
        partners.known(engine, name)
        with writing(engine) as connection:
            sources.remove(connection, name)
    click.echo(f"removed {name}", err=True)
