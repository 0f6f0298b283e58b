"""Illness in the family is brought where it can be searched, and is a fact about the family."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from gateway.flow.reports import pull_and_assess
from gateway.store.tables import measurement
from tests.gateway.flow.people import person

if TYPE_CHECKING:
    from tests.fakes.fhir_server import FakeServer

ROLE = "http://terminology.hl7.org/CodeSystem/v3-RoleCode"
MOTHER = {
    "resourceType": "FamilyMemberHistory",
    "id": "f1",
    "status": "completed",
    "patient": {"reference": "Patient/p1"},
    "relationship": {"coding": [{"system": ROLE, "code": "MTH"}]},
    "condition": [{"code": {"coding": [{"system": "http://snomed.info/sct", "code": "44054006"}]}}],
}


@pytest.mark.parametrize("listed", [True, False], ids=["listed", "not listed"])
def test_a_mother_with_diabetes(
    listed: bool, store: sa.Engine, server: FakeServer, known: Any, connect: Any
) -> None:
    server.add(*person(), MOTHER)
    if listed:
        server.listed = (*server.listed, "FamilyMemberHistory")
    source = known(cards=("score2",))
    pull_and_assess(store, source, connect(source))
    told = sa.select(measurement.c.patient, measurement.c.type, measurement.c.feature).where(
        measurement.c.feature.like("%diabetes%")
    )
    with store.connect() as connection:
        found = [tuple(row) for row in connection.execute(told)]
    feature = "family_history_diabetes_first_degree"
    assert found == ([("fi.p1", "FamilyMemberHistory", feature)] if listed else [])
