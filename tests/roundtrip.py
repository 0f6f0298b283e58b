"""`make roundtrip`: what the sandbox draws for each country and version comes back within 0.1 %.

The tests hold every country and version to it with some people; this command does it with many and
tells the figures. Exit status 1 when a value is lost, wrong, or read where none was drawn.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from gateway.cli._progress import shown
from gateway.flow.progress import Step
from gateway.sandbox.dialects import load
from gateway.sandbox.people import cohort
from mappers import countries
from mappers.document import Context, map_resources
from terminology import analytes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from gateway.sandbox.people import Cohort
    from terminology.records import Measurement, Value

EVERY = [(code, version) for code, one in countries.load().items() for version in one.fhir_versions]
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
"""The moment that the records are made for."""
WITHIN = 1e-3


class Back(NamedTuple):
    """People as drawn, and what was read back of them."""

    made: Cohort
    found: Mapping[tuple[str, str], Measurement]
    """By resource and feature."""
    refused: Mapping[str, set[str]]
    """Reasons by resource."""


def there_and_back(country: str, version: str, people: int, seed: int = 11) -> Back:
    """Return what is drawn for some people of a country, and what the mapper reads of it."""
    made = cohort(load(country, version), people, seed, NOW)
    mapped = map_resources(made.resources, Context(country=country, fhir_version=version))
    refused: dict[str, set[str]] = defaultdict(set)
    for finding in mapped.findings:
        refused[finding.resource].add(finding.reason)
    found = {(one.resource, one.feature): one for one in mapped.measurements}
    return Back(made, found, refused)


def faults(back: Back) -> Iterator[str]:
    """Yield what did not come back as it was drawn, and what came back undrawn."""
    drawn = set()
    for one in back.made.drawn:
        key = (one.resource, one.feature)
        found = back.found.get(key)
        if not one.usable:
            if found is not None or one.reason not in back.refused[one.resource]:
                yield f"{key}: not refused as {one.reason}"
            continue
        drawn.add(key)
        if found is None or not same(found.value, one.value) or found.effective != one.effective:
            yield f"{key}: drawn {one.value} of {one.effective}, found {found}"
    for key in back.found:
        if key not in drawn and key[1] in analytes.load():
            yield f"{key}: found where nothing was drawn"


def same(found: Value, drawn: Value) -> bool:
    """Say whether a value came back: numbers within 0.1 %, all else as it is."""
    if isinstance(drawn, str | bool) or isinstance(found, str | bool):
        return found == drawn
    return abs(found - drawn) <= WITHIN * abs(drawn)


def main() -> int:
    parser = argparse.ArgumentParser(prog="make roundtrip", description=__doc__)
    parser.add_argument("--people", type=int, default=300, help="of each country and version")
    people = parser.parse_args().people
    drawn = wrong = 0
    with shown() as step:
        for done, (country, version) in enumerate(EVERY):
            step(Step("round trip", f"{country} {version}", done, len(EVERY)))
            back = there_and_back(country, version, people)
            drawn += len(back.made.drawn)
            for fault in faults(back):
                wrong += 1
                sys.stdout.write(f"{country} {version}: {fault}\n")
    told = f"{len(EVERY)} countries and versions, {people} people each"
    sys.stdout.write(f"{told}: {drawn} values drawn, {wrong} not back as drawn\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
