"""`riskbridge model fhir`: a recipe's table as FHIR, one NDJSON file a site."""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter
from pathlib import Path

import click

from gateway.errors import UsageError
from gateway.fhir.json import encode
from gateway.sandbox.tables import written
from scoring.training.recipe import TrainingError, load
from scoring.training.table import read_table


@click.command(epilog="Example: riskbridge model fhir heart --data DIR --out heart-fhir")
@click.argument("recipe")
@click.option("--data", required=True, type=click.Path(file_okay=False, path_type=Path))
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path))
def command(recipe: str, data: Path, out: Path) -> None:
    """Write the rows of a data set as the FHIR of each site's country.

    OUT gets one NDJSON file a site: Patients, Observations and the outcome as a Condition.
    `riskbridge model train` takes such a folder as its data.
    """
    try:
        plan = load(recipe)
        table = read_table(plan, data)
        out.mkdir(parents=True, exist_ok=True)
        for site, group in groupby(written(plan, table), key=itemgetter(0)):
            lines = [encode(resource) + b"\n" for _, resource in group]
            (out / f"{site}.ndjson").write_bytes(b"".join(lines))
            click.echo(f"{site}: {len(lines)} resources", err=True)
    except TrainingError as error:
        raise UsageError(str(error)) from None
    except OSError as error:
        raise UsageError(f"{error.filename}: {error.strerror}") from None
