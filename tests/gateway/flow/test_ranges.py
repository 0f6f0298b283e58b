"""A source may ask for best and worst cases; by default a missing number is a refusal."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine

from gateway.config import Source
from gateway.flow import assessing, intake
from gateway.flow.reading import received
from gateway.store import sources
from gateway.store.engine import writing
from gateway.store.tables import assessment, outbox, refusal
from tests.gateway.flow.people import person

SETTINGS = Source("fi", "http://fi.example/fhir", "FI", write_back="put", cards=("score2",))


def brought(store: sa.Engine, settings: Source, *without: str) -> None:
    """Keep a person without some of the values, and assess."""
    with writing(store) as connection:
        sources.keep(connection, settings)
        known = sources.named(connection, "fi")
        assert known is not None
        whole = [
            {**one, "meta": {"versionId": "1"}} for one in person() if one["id"] not in without
        ]
        intake.keep(connection, known, [received(one, json.dumps(one).encode()) for one in whole])
    assessing.assess_due(store, known)


def rows(store: sa.Engine, table: sa.Table) -> list[dict[str, Any]]:
    with store.connect() as connection:
        return [dict(row) for row in connection.execute(sa.select(table)).mappings()]


@pytest.mark.parametrize("ranges", [False, True])
def test_a_range_is_made_and_posted_only_when_the_source_asks(
    store: sa.Engine, ranges: bool
) -> None:
    with time_machine.travel("2026-11-25T12:00:00+00:00", tick=False):
        brought(store, replace(SETTINGS, ranges=ranges), "p1-8480-6")
        made, refused = rows(store, assessment), rows(store, refusal)
        assert (len(made), len(refused)) == ((1, 0) if ranges else (0, 1))
        bodies = [json.loads(row["body"]) for row in rows(store, outbox) if row["body"]]
        posted = [one for one in bodies if one["resourceType"] == "RiskAssessment"]
        assert len(posted) == int(ranges)
        for one in posted:
            assert "probabilityRange" in one["prediction"][0]
            assert made[0]["probability"] is None
        brought(store, replace(SETTINGS, ranges=ranges), "p1-8480-6")
        assert len(rows(store, assessment)) == len(made)
        brought(store, replace(SETTINGS, ranges=ranges))
        assert [row["probability"] is None for row in rows(store, assessment)].count(False) == 1
