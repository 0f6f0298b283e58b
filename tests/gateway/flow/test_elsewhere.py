"""RiskAssessments that others made are kept and shown, and nothing else becomes of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
import time_machine

from gateway.flow import elsewhere
from gateway.flow.pushing import push
from gateway.flow.reports import pull_and_assess
from gateway.store.tables import assessment, finding, outbox, resource
from tests.fakes.fhir_server import outcome
from tests.gateway.flow.people import observation, person

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.flow.pushing import PushReport
    from gateway.flow.reports import PullReport
    from tests.fakes.fhir_server import FakeServer

TABLES = ("search_value", "resource", "resource_version", "assessment", "outbox", "job")


@pytest.fixture(autouse=True)
def _today() -> Any:
    with time_machine.travel("2026-11-25T12:00:00+00:00"):
        yield


@pytest.fixture
def go(store: sa.Engine, known: Any, connect: Any) -> Callable[..., tuple[PullReport, PushReport]]:
    """Pull, assess, write back."""

    def go(*, full: bool = False) -> tuple[PullReport, PushReport]:
        source = known(write_back="auto", cards=("score2",))
        pulled = pull_and_assess(store, source, connect(source), full=full)
        return pulled, push(store, known(), connect(source))

    return go


def theirs(name: str = "r1", of: str = "p1", **more: Any) -> dict[str, Any]:
    """Return a RiskAssessment of somebody else, who uses our card's name and a like Device."""
    return {
        "resourceType": "RiskAssessment",
        "id": name,
        "identifier": [{"system": "urn:ietf:rfc:3986", "value": "urn:uuid:" + "1" * 36}],
        "status": "final",
        "subject": {"reference": f"Patient/{of}"},
        "method": {"coding": [{"system": "urn:riskbridge:cards", "code": "score2"}]},
        "performer": {"reference": "Device/6206da31-eb8b-5b81-93a4-0ee14e2ae914"},
        "prediction": [{"probabilityDecimal": 0.02}],
        **more,
    }


def kept(store: sa.Engine, *columns: str) -> list[Any]:
    """Return the RiskAssessments of the store that were not made here."""
    made = sa.exists().where(assessment.c.identifier == resource.c.gid)
    query = sa.select(*(resource.c[name] for name in columns)).where(
        resource.c.type == "RiskAssessment", ~made, ~resource.c.deleted
    )
    with store.connect() as connection:
        return [tuple(row) for row in connection.execute(query)]


def found(store: sa.Engine) -> list[tuple[str, str, str]]:
    query = sa.select(finding.c.gid, finding.c.at, finding.c.reason).order_by(finding.c.at)
    with store.connect() as connection:
        return [tuple(row) for row in connection.execute(query)]


def test_they_are_kept_beside_ours_and_count_for_nothing(
    store: sa.Engine, server: FakeServer, go: Any
) -> None:
    server.add(*person())
    without, _ = go()
    server.clock = 400 * 86_400
    server.add(theirs())
    pulled, pushed = go()
    assert pulled.figures == without.figures
    assert (pulled.tally.new, pulled.tally.changed, pushed.due) == (0, 0, 0)
    ((gid, patient, raw),) = kept(store, "gid", "patient", "raw")
    assert (gid, patient) == ("fi.r1", "fi.p1")
    assert json.loads(raw)["prediction"] == [{"probabilityDecimal": 0.02}]
    assert found(store) == [
        ("fi.r1", "RiskAssessment.prediction[0].probabilityDecimal", "probability-ambiguous")
    ]
    assert pulled.failures == []
    with store.connect() as connection:
        sent = set(connection.scalars(sa.select(outbox.c.target_id)))
    assert "r1" not in sent
    before = server.store["RiskAssessment", "r1"]
    go(full=True)
    assert server.store["RiskAssessment", "r1"] == before
    assert len(kept(store, "gid")) == 1


def test_findings_stay_while_it_does(store: sa.Engine, server: FakeServer, go: Any) -> None:
    server.add(*person(), theirs())
    go()
    server.clock = 400 * 86_400
    server.add(observation("p1-8480-6", "p1", "8480-6", 160, "mm[Hg]"))
    go()
    assert [reason for *_, reason in found(store)] == ["probability-ambiguous"]
    server.add(theirs(prediction=[{"probabilityDecimal": 2.5}]))
    go()
    assert found(store) == []
    server.remove("RiskAssessment", "r1")
    go(full=True)
    assert kept(store, "gid") == []


@pytest.mark.parametrize("switches", [{}, {"updates_create": False}], ids=["our ids", "its ids"])
@pytest.mark.parametrize("lost", [False, True], ids=["known", "lost store"])
def test_ours_that_come_back_are_not_theirs(
    store: sa.Engine, server: FakeServer, go: Any, switches: dict[str, Any], lost: bool
) -> None:
    for name, value in switches.items():
        setattr(server, name, value)
    server.add(*person())
    _, pushed = go()
    assert pushed.written == 1
    if lost:
        with store.begin() as connection:
            for name in TABLES:
                connection.exec_driver_sql(f"DELETE FROM {name}")
    pulled, pushed = go(full=True)
    assert kept(store, "gid") == []
    assert (pulled.figures.assessed, pushed.written) == (1, 0)
    assert len(server.of("RiskAssessment")) == 1


@pytest.mark.parametrize("declared", [False, True], ids=["not declared", "refused"])
def test_a_server_without_them_misses_nothing(
    store: sa.Engine, server: FakeServer, go: Any, declared: bool
) -> None:
    server.add(*person(), theirs())
    if declared:
        refuse = lambda request: outcome(403) if "RiskA" in request.path else None  # noqa: E731
        server.faults.extend([refuse] * 40)
    else:
        server.listed = ("Patient", "Observation")
    pulled, _ = go()
    assert (pulled.failures, pulled.figures.assessed) == ([], 1)
    assert kept(store, "gid") == []


@pytest.mark.parametrize(
    ("prediction", "places"),
    [
        ([{"probabilityDecimal": 0.02}], [0]),
        ([{"probabilityDecimal": 1}], [0]),
        ([{"probabilityDecimal": 0}], []),
        ([{"probabilityDecimal": 1.0001}], []),
        ([{"probabilityDecimal": True}, {"probabilityDecimal": "0.1"}], []),
        ([{"probabilityRange": {"low": {"value": 0.1}}}, {"probabilityDecimal": 0.5}], [1]),
        ([{"qualitativeRisk": {"text": "high"}}], []),
        ({"probabilityDecimal": 0.5}, []),
        ([None, 0.5, {"probabilityDecimal": 0.5}], [2]),
    ],
)
def test_what_is_ambiguous(prediction: Any, places: list[int]) -> None:
    found = list(elsewhere.ambiguous(theirs(prediction=prediction)))
    assert found == [f"RiskAssessment.prediction[{n}].probabilityDecimal" for n in places]


@pytest.mark.parametrize(
    "odd",
    [{"identifier": None}, {"method": []}, {"subject": "x"}, {"basis": [None]}, {"basis": {}}],
    ids=str,
)
def test_whatever_it_looks_like_it_is_not_ours(odd: dict[str, Any]) -> None:
    assert not elsewhere.ours(theirs(**odd), "fi", frozenset())
