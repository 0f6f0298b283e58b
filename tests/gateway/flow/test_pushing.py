"""Writing back: once, whatever happens, in whatever way the server takes it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from gateway.errors import RefusedError, UnreachableError, UsageError
from gateway.flow.pushing import push
from gateway.store import outbox
from gateway.store.engine import writing
from gateway.store.outbox import Parcel
from gateway.store.tables import outbox as table
from tests.fakes.fhir_server import FakeServer, answer, outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.fhir.client import Client
    from gateway.flow.pushing import PushReport
    from gateway.store.sources import Known

DEVICE = "d0000000-0000-4000-8000-000000000000"
MANY = 7


def uuid(n: int, kind: str = "a") -> str:
    return f"{kind}{n:07}-0000-4000-8000-000000000000"


def own(id_: str) -> list[dict[str, str]]:
    return [{"system": "urn:ietf:rfc:3986", "value": f"urn:uuid:{id_}"}]


def device() -> dict[str, Any]:
    return {
        "resourceType": "Device",
        "id": DEVICE,
        "identifier": own(DEVICE),
        "status": "active",
    }


def assessment(n: int, status: str = "final", percent: float = 5.25) -> dict[str, Any]:
    return {
        "resourceType": "RiskAssessment",
        "id": uuid(n),
        "identifier": own(uuid(n)),
        "status": status,
        "subject": {"reference": f"Patient/p{n}"},
        "performer": {"reference": f"Device/{DEVICE}"},
        "prediction": [{"probabilityDecimal": percent}],
    }


def provenance(n: int, code: str = "MADE") -> dict[str, Any]:
    return {
        "resourceType": "Provenance",
        "id": uuid(n, "b" if code == "MADE" else "c"),
        "target": [{"reference": f"RiskAssessment/{uuid(n)}"}],
        "recorded": f"2026-11-01T00:00:0{len(code)}Z",
        "activity": {"coding": [{"code": code}]},
        "agent": [{"who": {"reference": f"Device/{DEVICE}"}}],
    }


def everything() -> list[dict[str, Any]]:
    pairs = [one for n in range(MANY) for one in (assessment(n), provenance(n))]
    return [device(), *pairs]


@pytest.fixture
def due(store: sa.Engine, known: Callable[..., Known]) -> Callable[..., None]:
    known(write_back="auto")

    def due(*resources: dict[str, Any]) -> None:
        parcels = [
            Parcel(one["resourceType"], one["id"], json.dumps(one).encode(), one["id"])
            for one in resources
        ]
        with writing(store) as connection:
            outbox.post(connection, "fi", parcels)

    return due


@pytest.fixture
def send(
    store: sa.Engine, known: Callable[..., Known], connect: Callable[[Known], Client]
) -> Callable[..., PushReport]:
    def send(**settings: Any) -> PushReport:
        source = known(**{"write_back": "auto", **settings})
        return push(store, source, connect(source))

    return send


def states(store: sa.Engine) -> dict[str, int]:
    with store.connect() as connection:
        query = sa.select(table.c.state, sa.func.count()).group_by(table.c.state)
        return {row[0]: row[1] for row in connection.execute(query)}


def lose_ledger(store: sa.Engine) -> None:
    with store.begin() as connection:
        connection.execute(sa.delete(table))


MODES = [
    pytest.param({"write_back": "auto"}, {}, id="auto"),
    pytest.param({"write_back": "put"}, {}, id="put"),
    pytest.param({"write_back": "transaction"}, {}, id="transaction"),
    pytest.param({"write_back": "conditional"}, {}, id="conditional"),
    pytest.param({}, {"bundles": ("batch",)}, id="batch only"),
    pytest.param({}, {"bundles": ()}, id="no bundles"),
    pytest.param({}, {"updates_create": False}, id="its own ids, in a transaction"),
    pytest.param({}, {"updates_create": False, "bundles": ()}, id="its own ids, one by one"),
    pytest.param({}, {"listed": ()}, id="declares nothing"),
    pytest.param({"quirks": ("no-id-search",)}, {}, id="no search by id"),
    pytest.param({"quirks": ("no-bundles",)}, {}, id="no bundles by quirk"),
    pytest.param({}, {"dropped": frozenset({"_id"})}, id="drops _id"),
]


@pytest.mark.parametrize(("settings", "switches"), MODES)
def test_each_is_written_once_and_the_second_time_nothing(  # noqa: PLR0917 - fixtures
    store: sa.Engine,
    server: FakeServer,
    due: Any,
    send: Any,
    settings: dict[str, Any],
    switches: dict[str, Any],
) -> None:
    for name, value in switches.items():
        setattr(server, name, value)
    due(*everything())
    report = send(**settings)
    assert (report.due, report.written, report.unchanged, report.failed) == (MANY, MANY, 0, 0)
    assert report.others_written == MANY + 1
    assert {kind: len(server.of(kind)) for kind in outbox.KINDS} == {
        "DocumentReference": 0,
        "Device": 1,
        "RiskAssessment": MANY,
        "Provenance": MANY,
    }
    assert states(store) == {"written": 2 * MANY + 1}
    clock = server.clock
    again = send(**settings)
    assert (again.due, again.written, again.others_written) == (0, 0, 0)
    lose_ledger(store)
    due(*everything())
    third = send(**settings)
    assert (third.due, third.written, third.unchanged) == (MANY, 0, MANY)
    assert (third.others_written, server.clock) == (0, clock)


@pytest.mark.parametrize("switches", [{}, {"updates_create": False}], ids=["our ids", "its ids"])
def test_references_lead_to_what_is_there(
    server: FakeServer, due: Any, send: Any, switches: dict[str, Any]
) -> None:
    for name, value in switches.items():
        setattr(server, name, value)
    due(*everything())
    send()
    there = {f"{kind}/{id_}" for kind, id_ in server.store}
    for one in server.of("RiskAssessment"):
        assert one["performer"]["reference"] in there
    targets = {one["target"][0]["reference"] for one in server.of("Provenance")}
    assert targets == {f"RiskAssessment/{one['id']}" for one in server.of("RiskAssessment")}
    assert all(one["agent"][0]["who"]["reference"] in there for one in server.of("Provenance"))


@pytest.mark.parametrize("switches", [{}, {"updates_create": False}], ids=["our ids", "its ids"])
def test_an_assessment_withdrawn_is_written_over(
    server: FakeServer, due: Any, send: Any, switches: dict[str, Any]
) -> None:
    for name, value in switches.items():
        setattr(server, name, value)
    due(*everything())
    send()
    due(assessment(3, "entered-in-error"), provenance(3, "UPDATE"))
    report = send()
    assert (report.due, report.written, report.others_written) == (1, 1, 1)
    found = [one["status"] for one in server.of("RiskAssessment")]
    assert sorted(found) == ["entered-in-error", *["final"] * (MANY - 1)]
    assert len(server.of("Provenance")) == MANY + 1
    assert send().written == 0


def test_amended_twice_is_written_twice(server: FakeServer, due: Any, send: Any) -> None:
    due(assessment(1))
    send()
    for percent in (6.5, 7.5):
        due(assessment(1, "amended", percent))
        assert send().written == 1
        (there,) = server.of("RiskAssessment")
        assert there["prediction"][0]["probabilityDecimal"] == percent


def test_one_bad_entry_stops_no_other(
    store: sa.Engine, server: FakeServer, due: Any, send: Any
) -> None:
    server.refused = frozenset({"Provenance"})
    due(*everything())
    report = send()
    assert (report.written, report.failed, report.others_failed) == (MANY, 0, MANY)
    assert states(store) == {"written": MANY + 1, "refused": MANY}
    with store.connect() as connection:
        errors = set(connection.scalars(sa.select(table.c.last_error)))
    assert errors == {None, "Provenance answered 422 (business-rule)"}
    server.log.clear()
    assert send().others_failed == 0
    assert not any(method in ("PUT", "POST") for method, _ in server.log)


def test_what_was_refused_is_tried_when_people_say_so(
    store: sa.Engine, server: FakeServer, due: Any, send: Any
) -> None:
    server.refused = frozenset({"RiskAssessment"})
    due(assessment(1))
    assert send().failed == 1
    server.refused = frozenset()
    with writing(store) as connection:
        assert outbox.retry(connection, "fi") == 1
    assert send().written == 1


def test_declared_but_not_served_transactions_are_done_without(
    server: FakeServer, due: Any, send: Any
) -> None:
    def no_bundles(request: Any) -> Any:
        return outcome(501) if request.method == "POST" and request.path == "/fhir" else None

    server.faults.extend([no_bundles] * 100)
    due(*everything())
    assert send().written == MANY


def test_putting_that_is_refused_becomes_creating(server: FakeServer, due: Any, send: Any) -> None:
    def no_new_puts(request: Any) -> Any:
        return outcome(405) if request.method == "PUT" else None

    server.bundles = ()
    server.faults.extend([no_new_puts] * 200)
    due(*everything())
    assert send().written == MANY
    assert len(server.of("RiskAssessment")) == MANY


@pytest.mark.parametrize("switches", [{}, {"updates_create": False}], ids=["our ids", "its ids"])
def test_lost_answers_are_looked_for_and_nothing_is_sent_twice(
    server: FakeServer, due: Any, send: Any, switches: dict[str, Any]
) -> None:
    for name, value in switches.items():
        setattr(server, name, value)
    due(*everything())

    def lost(request: Any) -> Any:
        if request.method != "POST":
            return None
        server.respond(request)  # it was done, but the answer got lost
        return answer({}, 502)

    server.faults.extend([lost] * 60)
    report = send()
    assert (report.written, report.unchanged, report.failed) == (MANY, 0, 0)
    assert {one["meta"]["versionId"] for one in server.store.values()} == {"1"}
    assert len(server.of("RiskAssessment")) == len(server.of("Provenance")) == MANY


def test_a_server_that_goes_away_loses_nothing(
    store: sa.Engine, server: FakeServer, due: Any, send: Any
) -> None:
    due(*everything())
    server.faults.extend([None] * 4 + [lambda _: answer({}, 502)] * 30)
    with pytest.raises(UnreachableError):
        send()
    server.faults.clear()
    assert send().failed == 0
    assert len(server.of("RiskAssessment")) == len(server.of("Provenance")) == MANY
    assert set(states(store)) <= {"written", "unchanged"}


def test_a_conflict_is_tried_later(
    store: sa.Engine, server: FakeServer, due: Any, send: Any
) -> None:
    server.bundles = ()

    def conflict(request: Any) -> Any:
        return outcome(409, "conflict") if request.method == "PUT" else None

    due(assessment(1))
    server.faults.extend([conflict] * 4)
    assert send().failed == 1
    assert states(store) == {"failed": 1}
    with store.begin() as connection:
        connection.execute(sa.update(table).values(next_attempt=0))
    server.faults.clear()
    assert send().written == 1


def test_a_lost_right_stops_the_push_and_is_told(
    server: FakeServer, due: Any, send: Any, known: Any
) -> None:
    due(*everything())
    server.faults.extend([None] * 2 + [lambda _: outcome(401, "login")] * 9)
    with pytest.raises(RefusedError):
        send()
    assert "401" in known().last_error
    server.faults.clear()
    assert send().failed == 0
    assert len(server.of("RiskAssessment")) == MANY


def test_write_back_off_is_a_wrong_usage(due: Any, send: Any) -> None:
    due(assessment(1))
    with pytest.raises(UsageError, match="off"):
        send(write_back="off")


def test_what_was_held_goes_out_when_the_source_says_so(
    store: sa.Engine, server: FakeServer, known: Any, send: Any
) -> None:
    known(write_back="off")
    one = assessment(1)
    with writing(store) as connection:
        parcel = Parcel("RiskAssessment", one["id"], json.dumps(one).encode())
        outbox.post(connection, "fi", [parcel], held=True)
    assert states(store) == {"held": 1}
    assert send().written == 1
    assert len(server.of("RiskAssessment")) == 1


def test_an_entry_that_changed_while_it_was_sent_stays_due(
    store: sa.Engine, server: FakeServer, due: Any, send: Any
) -> None:
    due(assessment(1))

    def meanwhile(request: Any) -> None:
        if request.method == "POST":
            due(assessment(1, "entered-in-error"))

    server.faults.extend([None] * 2 + [meanwhile])
    send()
    (there,) = server.of("RiskAssessment")
    assert there["status"] == "entered-in-error"
    assert states(store) == {"written": 1}
