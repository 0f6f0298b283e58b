"""The whole flow on both databases: pull, assess, correct, write back, again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.config import Source
from gateway.flow import partners
from gateway.flow.pushing import push
from gateway.flow.reports import pull_and_assess
from gateway.store import sources
from gateway.store.engine import writing
from tests.fakes.fhir_server import FakeServer, running
from tests.gateway.flow.people import observation, person

if TYPE_CHECKING:
    import sqlalchemy as sa

    from gateway.flow.pushing import PushReport
    from gateway.flow.reports import PullReport


def chain(store: sa.Engine) -> tuple[PullReport, PushReport]:
    source = partners.known(store, "fi")
    with partners.connect(source.settings) as client:
        pulled = pull_and_assess(store, source, client)
        return pulled, push(store, partners.known(store, "fi"), client)


def test_the_flow(store: sa.Engine) -> None:
    with running(FakeServer(page_size=4)) as server:
        server.add(*person("p1"), *person("p2"), *person("p3", birth="2015-01-01"))
        source = Source("fi", server.base_url, "FI", write_back="auto", cards=("score2",))
        with writing(store) as connection:
            sources.keep(connection, source)
        pulled, pushed = chain(store)
        assert (pulled.tally.new, pulled.figures.assessed) == (15, 2)
        assert (pulled.figures.not_assessable, pushed.written) == (1, 2)
        pulled, pushed = chain(store)
        assert (pulled.tally.new, pushed.due, pushed.written) == (0, 0, 0)
        server.clock = 400 * 86_400
        server.add(observation("p1-8480-6", "p1", "8480-6", 170, "mm[Hg]"))
        pulled, pushed = chain(store)
        assert (pulled.tally.changed, pulled.figures.assessed, pushed.written) == (1, 2, 2)
        found = sorted(one["status"] for one in server.of("RiskAssessment"))
        assert found == ["entered-in-error", "final", "final"]
        server.remove("Observation", "p2-8480-6")
        pulled, pushed = chain(store)
        assert (pulled.tally.deleted, pulled.figures.assessed, pushed.written) == (1, 1, 1)
