"""The table of a recipe from a folder: the data set's own files, or FHIR as NDJSON."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from gateway.errors import UsageError
from gateway.fhir.documents import read_file
from gateway.training import table_of
from scoring.training.table import read_table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from scoring.training.recipe import Recipe
    from scoring.training.table import Table
    from terminology.records import Resource


def table_in(recipe: Recipe, folder: Path) -> Table:
    """Return the rows in a folder: of the recipe's own files, else of one NDJSON file a site.

    Raises:
        TrainingError: the recipe's files cannot be read.
        UsageError: an NDJSON file cannot be read, or a line of it is no resource.
    """
    files = sorted(folder.glob("*.ndjson"))
    if not files or any((folder / name).is_file() for name in recipe.data.sites.values()):
        return read_table(recipe, folder)
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.read_bytes())
    return table_of(recipe, {file.stem: resources(file) for file in files}, digest.hexdigest())


def resources(file: Path) -> Iterator[Resource]:
    """Yield the resources of an NDJSON file.

    Raises:
        UsageError: a line is none.
    """
    for document in read_file(file, None):
        if document.resource is None:
            raise UsageError(f"{file.name}, {document.at}: {document.error}")
        yield document.resource
