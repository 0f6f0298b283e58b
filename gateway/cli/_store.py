"""The store as commands use it: migrated, and with the configured sources in it."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING

from gateway.flow import models, partners
from gateway.store import sources
from gateway.store.engine import open_store

if TYPE_CHECKING:
    from collections.abc import Iterator

    import sqlalchemy as sa

    from gateway.config import Settings
    from gateway.store.sources import Known


@contextmanager
def opened(settings: Settings) -> Iterator[sa.Engine]:
    """Give the store for the length of a command."""
    engine = open_store(settings.store_url)
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)  # scoring makes many small objects, hardly any in cycles
    try:
        sources.keep_all(engine, settings.sources)
        yield engine
    finally:
        engine.dispose()


def chosen(engine: sa.Engine, name: str) -> Known:
    """Return the source that a command is about, its cards checked."""
    source = partners.known(engine, name)
    models.check_cards(engine, source.settings.cards)
    return source
