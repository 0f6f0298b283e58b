"""`riskbridge assess`: FHIR files in, one Bundle of RiskAssessments out; nothing is stored.

Or an assessment of the store once more, from what it was made with.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from typing import TYPE_CHECKING

import click

from gateway import pipeline
from gateway.cli._options import configured
from gateway.cli._replay import replayed
from gateway.cli.map_ import context_of, joined, mapped_of, moment_of
from gateway.errors import UsageError
from gateway.fhir import documents
from gateway.fhir.bundles import collected
from gateway.fhir.findings import issues_of
from gateway.fhir.json import encode
from gateway.fhir.outcome import render
from mappers.document import Mapped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.config import Settings
    from gateway.pipeline import Assessed
    from terminology.records import Person, Resource

VERSIONS = click.Choice(["STU3", "R4", "R4B", "R5"])


@click.command(epilog="Example: riskbridge assess --country FI --card score2 patients/")
@configured
@click.argument("paths", metavar="PATH...", nargs=-1)
@click.option("--card", "cards", multiple=True, metavar="ID", help="Default: chosen for each.")
@click.option("--country", metavar="CC", help="Country of the source, such as FI.")
@click.option("--source", metavar="NAME", help="Configured source: gives country and version.")
@click.option("--fhir-version", type=VERSIONS, help="Of the files, and of the result.")
@click.option("--as-of", metavar="T", help="Day of the assessment. Default: now.")
@click.option(
    "--ranges", is_flag=True, help="Best and worst case where one or two numbers are missing."
)
@click.option("--replay", metavar="IDENTIFIER", help="Compute a stored assessment once more.")
def command(
    settings: Settings,
    *,
    paths: tuple[str, ...],
    cards: tuple[str, ...],
    country: str | None,
    source: str | None,
    fhir_version: str | None,
    as_of: str | None,
    ranges: bool,
    replay: str | None,
) -> None:
    """Map and score files, folders or stdin (-): prints a Bundle (collection).

    It holds the RiskAssessments, and an OperationOutcome with the findings and with the reason
    where a card says nothing. Exit status 1: a document could not be read.

    With --replay an assessment of the store is computed once more from the versions of its inputs
    that were kept: prints the stored RiskAssessment. Exit status 1: another one came out, which is
    printed too, or it cannot be computed any more; what differs is told.
    """
    if replay:
        sys.exit(replayed(settings, alone(replay, paths)))
    if not paths:
        raise UsageError("assess what? Name files or folders, - for stdin, or --replay IDENTIFIER")
    context, moment = context_of(settings, country, source, fhir_version), moment_of(as_of)
    pipeline.check_cards(cards)
    mapped = [
        mapped_of(document, context) for document in documents.read(paths, context.fhir_version)
    ]
    found = [
        pipeline.assess(
            group,
            as_of=moment,
            source=source or "",
            country=context.country,
            cards=cards or pipeline.AUTO,
            fhir_version=context.fhir_version or "R4",
            ranges=ranges,
        )
        for group in groups(mapped)
    ]
    sys.stdout.buffer.write(encode(bundle(found)) + b"\n")
    unread = any(one.reason == "malformed" for group in mapped for one in group.findings)
    sys.exit(1 if unread else 0)


def alone(identifier: str, paths: tuple[str, ...]) -> str:
    """Return the identifier to replay.

    Raises:
        UsageError: there are files, too.
    """
    if paths:
        raise UsageError("--replay takes no files: it reads the store")
    return identifier


def groups(mapped: Sequence[Mapped]) -> list[Mapped]:
    """Return the documents that belong together as one.

    Loose files complete one another: a Patient here, Observations there. But where two documents
    have different people under one reference, each stands for itself, so that no two people mix.
    """
    people: dict[str, set[tuple[object, ...]]] = defaultdict(set)
    for one in mapped:
        for person in one.people:
            people[person.reference].add(who(person))
    apart = {reference for reference, found in people.items() if len(found) > 1}
    whole = Mapped()
    alone: list[Mapped] = []
    for one in mapped:
        if apart & {person.reference for person in one.people}:
            alone.append(one)
        else:
            whole = joined(whole, one)
    return [whole, *alone]


def who(person: Person) -> tuple[object, ...]:
    """Return what tells two people with the same reference apart."""
    return person.sex, person.birth, person.identifiers


def bundle(found: Sequence[Assessed]) -> Resource:
    """Return the Bundle of everything."""
    resources = [one for assessed in found for one in assessed.assessments]
    issues = [issue for assessed in found for issue in issues_of(assessed)]
    entries = [collected(one) for one in (*resources, render(issues))]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}
