"""`riskbridge countries`: the country files, listed, shown and checked."""

from __future__ import annotations

import json
import sys
from dataclasses import is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.table import Table

from gateway.cli._coverage import coverage
from gateway.errors import UsageError
from mappers import countries, identifiers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mappers.countries import Country


@click.group(epilog="Example: riskbridge countries show FI")
def command() -> None:
    """List, show and check the countries and how their FHIR differs."""


command.add_command(coverage)


@command.command("list", epilog="Example: riskbridge countries list --json")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_(as_json: bool) -> None:
    """List the countries and groups."""
    known = loaded()
    if as_json:
        shown = [
            {
                "code": one.code,
                "name": one.name,
                "fhir_versions": one.fhir_versions,
                "identifiers": [scheme.scheme for scheme in one.identifiers],
                "egfr": one.egfr,
            }
            for one in known.values()
        ]
        click.echo(json.dumps(shown, ensure_ascii=False))
        return
    table = Table("Code", "Name", "FHIR", "Identifiers", "eGFR")
    for one in known.values():
        schemes = ", ".join(scheme.scheme for scheme in one.identifiers)
        table.add_row(one.code, one.name, " ".join(one.fhir_versions), schemes, one.egfr)
    Console().print(table)


@command.command(epilog="Example: riskbridge countries show NL")
@click.argument("code")
def show(code: str) -> None:
    """Show one country's file as it is understood, in JSON."""
    country = loaded().get(code.upper())
    if country is None:
        raise UsageError(f"no country is {code}; riskbridge countries list shows them")
    click.echo(json.dumps(plain(country), ensure_ascii=False, indent=2))


@command.command(epilog="Example: riskbridge countries check my-country.toml")
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False))
def check(files: tuple[str, ...]) -> None:
    """Check the country files that are installed, or the FILES given."""
    try:
        read = [countries.parse(file, Path(file).read_text(encoding="utf-8")) for file in files]
    except (ValueError, OSError) as error:
        raise UsageError(str(error)) from None
    wrong = [text for one in read or loaded().values() for text in wrong_examples(one)]
    for text in wrong:
        click.echo(text, err=True)
    click.echo(f"{len(read or loaded())} files checked, {len(wrong)} problems")
    sys.exit(1 if wrong else 0)


def loaded() -> Mapping[str, Country]:
    """Return the countries.

    Raises:
        UsageError: a file is wrong; the text names file and key.
    """
    try:
        return countries.load()
    except ValueError as error:
        raise UsageError(str(error)) from None


def wrong_examples(country: Country) -> list[str]:
    """Return the example numbers of a country that its own scheme calls wrong."""
    return [
        f"{country.code}: {scheme.scheme}: the example {example} is not valid"
        for scheme in country.identifiers
        for example in scheme.examples
        if identifiers.validity(scheme, example) is False
    ]


def plain(value: Any) -> Any:  # noqa: ANN401 - any field of the records
    """Return records, mappings and tuples as JSON can hold them."""
    if is_dataclass(value) and not isinstance(value, type):
        value = {field: getattr(value, field) for field in value.__dataclass_fields__}
    if hasattr(value, "items"):
        return {key: plain(inner) for key, inner in value.items()}
    return [plain(inner) for inner in value] if isinstance(value, tuple) else value
