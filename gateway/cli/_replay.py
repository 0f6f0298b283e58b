"""The replay of a stored assessment, as `riskbridge assess --replay` prints it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from gateway.cli._store import opened
from gateway.flow.replaying import replay

if TYPE_CHECKING:
    from gateway.config import Settings


def replayed(settings: Settings, identifier: str) -> int:
    """Print the stored RiskAssessment, and the fresh one where it differs; return the status.

    Raises:
        UsageError: there is no such assessment.
    """
    with opened(settings) as engine:
        found = replay(engine, identifier)
    lines = [found.stored] if found.equal else [found.stored, found.fresh]
    sys.stdout.buffer.write(b"".join(line + b"\n" for line in lines if line))
    if not found.equal:
        click.echo(f"not replayed: {found.problem}", err=True)
    return 0 if found.equal else 1
