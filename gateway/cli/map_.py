"""`riskbridge map`: FHIR files in, one JSON object a line out."""

from __future__ import annotations

import re
import sys
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click
import msgspec
from rich.console import Console

from gateway.cli._advice import tell
from gateway.cli._options import configured
from gateway.errors import UsageError
from gateway.fhir import documents
from mappers import countries, dates
from mappers.document import Context, Mapped, map_document
from mappers.features import rows
from terminology.records import Finding, Measurement, Person

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.config import Settings
    from gateway.fhir.documents import Document
    from terminology.records import JSON, FeatureRow

ENCODER = msgspec.json.Encoder(decimal_format="number")
NUMBERS = re.compile(r"\d+")
EPILOG = "Example: riskbridge map --country FI --rows bundles/ | jq ."


@click.command(epilog=EPILOG)
@configured
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@click.option("--country", metavar="CC", help="Country of the source, such as FI.")
@click.option("--source", metavar="NAME", help="Configured source: gives country and version.")
@click.option("--fhir-version", type=click.Choice(["STU3", "R4", "R4B", "R5"]), help="Default: R4.")
@click.option("--as-of", metavar="T", help="Moment for which rows are made. Default: now.")
@click.option("--rows", "with_rows", is_flag=True, help="Print each patient's newest values too.")
@click.option("--advice", is_flag=True, help="Tell on stderr what to do about the findings.")
def command(
    settings: Settings,
    *,
    paths: tuple[str, ...],
    country: str | None,
    source: str | None,
    fhir_version: str | None,
    as_of: str | None,
    with_rows: bool,
    advice: bool,
) -> None:
    """Map FHIR files, folders or stdin (-) to measurements and findings.

    PATH is JSON, XML or NDJSON: resources or Bundles of any type. Exit status 1: a document could
    not be read (a finding tells which).
    """
    context, moment = context_of(settings, country, source, fhir_version), moment_of(as_of)
    gathered, failed = Mapped(), False
    counts: Counter[str] = Counter()
    for document in documents.read(paths, context.fhir_version):
        mapped = mapped_of(document, context)
        failed |= document.resource is None
        counts.update(finding.reason for finding in mapped.findings)
        for line in lines(mapped):
            write({**line, "file": document.file})
        if with_rows:
            gathered = joined(gathered, mapped)
    for row in rows(gathered, moment, context.country):
        write(row_line(row))
    if advice:
        tell(counts, Console(stderr=True))
    sys.exit(1 if failed else 0)


def context_of(
    settings: Settings, country: str | None, source: str | None, version: str | None
) -> Context:
    """Return what the options and the configured source say of the documents."""
    known = settings.source(source) if source else None
    if source and known is None:
        raise UsageError(f"no source is named {source}")
    if known is not None:
        country = country or known.country
        version = version or (None if known.fhir_version == "auto" else known.fhir_version)
    code = country.upper() if country else None
    if code is not None and code not in countries.load() and not re.fullmatch(r"[A-Z]{2}", code):
        raise UsageError("--country is two letters, such as FI, or a group of countries list")
    return Context(code, version)


def moment_of(text: str | None) -> datetime:
    """Return the moment of ``--as-of``: the end of a day, month or year that is given alone."""
    if text is None:
        return datetime.now(UTC)
    moment = dates.end(text)
    if moment is None:
        raise UsageError(
            "--as-of is a date or a moment, such as 2025-06-30 or 2025-06-30T12:00:00Z"
        )
    return moment


def mapped_of(document: Document, context: Context) -> Mapped:
    """Return what a document says; one that cannot be read says so."""
    if document.resource is None:
        finding = Finding(document.at, "malformed", document.error or "It cannot be read.")
        return Mapped(findings=(finding,))
    return map_document(document.resource, context, document.at)


def joined(first: Mapped, second: Mapped) -> Mapped:
    """Return two results as one."""
    return Mapped(
        first.people + second.people,
        first.measurements + second.measurements,
        first.findings + second.findings,
    )


def lines(mapped: Mapped) -> Iterator[dict[str, JSON]]:
    """Yield what one document says in the order of its places."""
    found: list[Person | Measurement | Finding] = [
        *mapped.people,
        *mapped.measurements,
        *mapped.findings,
    ]
    for one in sorted(found, key=lambda one: place(one.at)):
        if isinstance(one, Person):
            yield person_line(one)
        elif isinstance(one, Measurement):
            yield measurement_line(one)
        else:
            yield finding_line(one)


def place(at: str) -> list[int]:
    """Return the counts of a place, by which places are ordered."""
    return [int(number) for number in NUMBERS.findall(at)]


def person_line(person: Person) -> dict[str, JSON]:
    """Return the line of a patient."""
    return {
        "kind": "patient",
        "file": None,
        "at": person.at,
        "id": person.id,
        "country": person.country,
        "sex": person.sex,
        "birth": person.birth,
        "birth_estimated": person.birth_estimated,
        "identifiers": [
            {"scheme": one.scheme, "value": one.value, "valid": one.valid}
            for one in person.identifiers
        ],
    }


def measurement_line(found: Measurement) -> dict[str, JSON]:
    """Return the line of a measurement, or of a fact (kind ``condition``)."""
    fact = isinstance(found.value, bool)
    line = {
        "kind": "condition" if fact else "measurement",
        "file": None,
        "at": found.at,
        "feature": found.feature,
        "value": found.value,
        "unit": found.unit,
        "comparator": found.comparator,
        "effective": found.effective,
        "subject": found.subject,
        "code": found.code,
        "original": found.original,
        "flags": found.flags,
    }
    if fact:
        for key in ("unit", "comparator", "original"):
            del line[key]
    return line


def finding_line(finding: Finding) -> dict[str, JSON]:
    """Return the line of a finding."""
    return {
        "kind": "finding",
        "file": None,
        "at": finding.at,
        "feature": finding.feature,
        "reason": finding.reason,
        "detail": finding.detail,
        "subject": finding.subject,
        "code": finding.code,
        "unit": finding.unit,
    }


def row_line(row: FeatureRow) -> dict[str, JSON]:
    """Return the line of a patient's newest values."""
    return {
        "kind": "row",
        "patient": row.patient,
        "country": row.country,
        "sex": row.sex,
        "birth": row.birth,
        "features": {
            key: {
                "value": found.value,
                "unit": found.unit,
                "effective": found.effective,
                "at": found.at,
                "flags": found.flags,
            }
            for key, found in row.features.items()
        },
    }


def write(line: dict[str, JSON]) -> None:
    """Print one line of JSON."""
    sys.stdout.buffer.write(ENCODER.encode(line) + b"\n")
