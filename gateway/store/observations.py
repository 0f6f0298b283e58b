"""The Observations of one source as it sent them, read in batches by their place in the store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from gateway.store.tables import resource

if TYPE_CHECKING:
    from collections.abc import Iterator

BATCH = 1000


def raw_of(conn: sa.Connection, source: str) -> Iterator[bytes]:
    """Return the bytes of each Observation of a source that is not deleted."""
    after = 0
    while True:
        rows = conn.execute(
            sa.select(resource.c.seq, resource.c.raw)
            .where(resource.c.source == source, resource.c.type == "Observation")
            .where(resource.c.seq > after, ~resource.c.deleted)
            .order_by(resource.c.seq)
            .limit(BATCH)
        ).all()
        if not rows:
            return
        after = rows[-1].seq
        for row in rows:
            yield row.raw
