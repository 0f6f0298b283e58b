"""Brings a store's tables to the newest revision, by Alembic; `versions/` holds the steps."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from gateway.store.tables import REVISION

if TYPE_CHECKING:
    from alembic.config import Config

HERE = Path(__file__).parent
ALONE = threading.Lock()
"""Alembic keeps the migration under way in a global: one at a time in a process."""


def upgrade(engine: sa.Engine) -> bool:
    """Migrate to the newest revision; return whether there was anything to do."""
    if present(engine) == REVISION:
        return False
    from alembic import command  # noqa: PLC0415 - half a second that an up-to-date store saves

    settings = configuration()
    with (
        ALONE,
        engine.connect().execution_options(writing=True) as connection,
        connection.begin(),
    ):
        one_at_a_time(connection)
        settings.attributes["connection"] = connection
        command.upgrade(settings, "head")
    return True


def present(engine: sa.Engine) -> str | None:
    """Return the revision that the store says it has; None for an empty one."""
    with engine.connect() as connection:
        if not sa.inspect(connection).has_table("alembic_version"):
            return None
        revision: str | None = connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
        return revision


def configuration() -> Config:
    """Return Alembic's configuration, which names this folder and no file."""
    from alembic.config import Config  # noqa: PLC0415 - see `upgrade`

    settings = Config()
    settings.set_main_option("script_location", str(HERE))
    settings.set_main_option("path_separator", "os")
    return settings


def one_at_a_time(connection: sa.Connection) -> None:
    """Let services that start together migrate one after another (SQLite's lock does already)."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(7240061)"))
