"""`riskbridge db`: the store's tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from gateway.cli._options import configured
from gateway.store.engine import open_store
from gateway.store.migrations import upgrade
from gateway.store.tables import REVISION

if TYPE_CHECKING:
    from gateway.config import Settings


@click.group(epilog="Example: riskbridge db upgrade")
def command() -> None:
    """Look after the store."""


@command.command("upgrade", epilog="Example: riskbridge db upgrade --config riskbridge.toml")
@configured
def upgrade_(settings: Settings) -> None:
    """Bring the store's tables to this version; an empty store gets all of them.

    Every command that uses the store does so by itself. This one is for those who migrate before
    they start a new version.
    """
    changed = upgrade(open_store(settings.store_url, migrate=False))
    click.echo(f"the store is {'now' if changed else 'already'} at {REVISION}")
