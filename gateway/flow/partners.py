"""The way to a partner's server: a client as its settings say, and the probe of what it can do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.auth.outbound import authentication
from gateway.errors import GatewayError, RemoteError, UnreachableError, UsageError
from gateway.fhir.client import Client
from gateway.fhir.quirks import manner
from gateway.flow.probing import Abilities, abilities, remembered
from gateway.store import sources
from gateway.store.engine import reading, writing
from gateway.store.instants import now

if TYPE_CHECKING:
    import sqlalchemy as sa

    from gateway.config import Source
    from gateway.fhir.patience import Patience
    from gateway.store.sources import Known

STALE_MS = 24 * 3_600_000
"""After a day a server is asked again what it can do."""


def known(engine: sa.Engine, name: str) -> Known:
    """Return the source of that name.

    Raises:
        UsageError: there is none.
    """
    with reading(engine) as connection:
        found = sources.named(connection, name)
        names = ", ".join(one.name for one in sources.every(connection)) if not found else ""
    if found is None:
        raise UsageError(f"no source {name!r}; known: {names or 'none'}")
    return found


def connect(source: Source, patience: Patience | None = None) -> Client:
    """Return a client for the source's server; close it after use."""
    return Client(
        source.base_url,
        authentication(source),
        manner=manner(source.quirks),
        patience=patience,
    )


def probe(engine: sa.Engine, source: Known, client: Client) -> Abilities:
    """Ask the server what it can do, and keep the answer or the failure.

    A server that answers, but with no CapabilityStatement, is taken as one that declares nothing.
    """
    try:
        found = abilities(client.capability())
    except UnreachableError as error:
        told(engine, source, error)
        raise
    except RemoteError:
        found = Abilities()
    with writing(engine) as connection:
        sources.probed(connection, source.name, found.plain())
    return found


def abilities_of(engine: sa.Engine, source: Known, client: Client) -> Abilities:
    """Return what the server can do: as remembered of the last day, else as it says now."""
    kept = remembered(source.capability)
    if kept is not None and now() - (source.probed_at or 0) < STALE_MS:
        return kept
    return probe(engine, source, client)


def told(engine: sa.Engine, source: Known, error: GatewayError) -> None:
    """Note a failure of the source where people see it."""
    away = isinstance(error, UnreachableError)
    with writing(engine) as connection:
        sources.failed(connection, source.name, error.text, reachable=not away)
