"""A store, a small server, and a source that is that server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from gateway.config import Source
from gateway.fhir.patience import Patience
from gateway.flow import partners
from gateway.store import sources
from gateway.store.engine import writing
from tests.fakes.fhir_server import FakeServer, running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import sqlalchemy as sa

    from gateway.fhir.client import Client
    from gateway.store.sources import Known


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with running(FakeServer()) as fake:
        yield fake


@pytest.fixture
def known(store: sa.Engine, server: FakeServer) -> Callable[..., Known]:
    """Give the source as it stands, after changing settings of it."""

    def of(**settings: Any) -> Known:
        if settings or not stands():
            source = Source(
                **{"name": "fi", "base_url": server.base_url, "country": "FI", **settings}
            )
            with writing(store) as connection:
                sources.keep(connection, source)
        return partners.known(store, "fi")

    def stands() -> bool:
        with store.connect() as connection:
            return sources.named(connection, "fi") is not None

    return of


@pytest.fixture
def connect() -> Iterator[Callable[[Known], Client]]:
    """Give a client that does not really wait."""
    opened: list[Client] = []

    def to(source: Known) -> Client:
        patience = Patience(attempts=3, sleep=lambda _: None)
        opened.append(partners.connect(source.settings, patience))
        return opened[-1]

    yield to
    for client in opened:
        client.close()
