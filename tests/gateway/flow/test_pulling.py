"""Pulling: complete, resumable, sceptical."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from gateway.errors import RemoteError, UnreachableError
from gateway.flow.pulling import pull
from gateway.store.tables import finding, job, resource
from tests.fakes.fhir_server import FakeServer, answer, outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.fhir.client import Client
    from gateway.flow.intake import Tally
    from gateway.store.sources import Known

PEOPLE = 5


def patient(n: int, **more: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", "id": f"p{n}", "gender": "female", **more}


def observation(n: int, of: int, value: float = 120.5, **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "id": f"o{n}",
        "status": "final",
        "subject": {"reference": f"Patient/p{of}"},
        "valueQuantity": {"value": value},
        **more,
    }


@pytest.fixture(autouse=True)
def _filled(server: FakeServer) -> None:
    server.add(*(patient(n) for n in range(PEOPLE)))
    server.add(*(observation(n, n % PEOPLE) for n in range(12)))


@pytest.fixture
def bring(
    store: sa.Engine, known: Callable[..., Known], connect: Callable[[Known], Client]
) -> Callable[..., Tally]:
    def bring(*, full: bool = False, **settings: Any) -> Tally:
        source = known(**settings)
        return pull(store, source, connect(source), full=full)

    return bring


def kept(store: sa.Engine) -> dict[str, bytes]:
    query = sa.select(resource.c.type, resource.c.gid, resource.c.raw).where(~resource.c.deleted)
    with store.connect() as connection:
        return {f"{type_}/{gid}": raw for type_, gid, raw in connection.execute(query)}


def everything() -> set[str]:
    people = {f"Patient/fi.p{n}" for n in range(PEOPLE)}
    return people | {f"Observation/fi.o{n}" for n in range(12)}


def findings(store: sa.Engine) -> list[tuple[str, str, str]]:
    with store.connect() as connection:
        query = sa.select(finding.c.type, finding.c.gid, finding.c.reason)
        return sorted(tuple(row) for row in connection.execute(query))


def due(store: sa.Engine) -> set[str | None]:
    with store.connect() as connection:
        return set(connection.scalars(sa.select(job.c.key).where(job.c.state == "queued")))


def done(store: sa.Engine) -> None:
    with store.begin() as connection:
        connection.execute(sa.delete(job))


def test_everything_comes_once_and_everyone_is_due(store: sa.Engine, bring: Any) -> None:
    tally = bring()
    assert set(kept(store)) == everything()
    assert (tally.new, tally.changed, tally.deleted, tally.refused) == (17, 0, 0, 0)
    assert due(store) == {f"fi/fi.p{n}" for n in range(PEOPLE)}
    assert b"120.5" in kept(store)["Observation/fi.o1"]


def test_again_nothing_is_new(store: sa.Engine, server: FakeServer, bring: Any) -> None:
    bring()
    done(store)
    server.log.clear()
    tally = bring()
    assert (tally.new, tally.changed, tally.deleted) == (0, 0, 0)
    assert due(store) == set()
    assert any("_lastUpdated=ge" in url for _, url in server.log)


def test_full_has_everybody_assessed_again(store: sa.Engine, bring: Any) -> None:
    bring()
    done(store)
    tally = bring(full=True)
    assert (tally.new, tally.changed) == (0, 0)
    assert due(store) == {f"fi/fi.p{n}" for n in range(PEOPLE)}


def test_increments_bring_what_changed_and_whom_it_concerns(
    store: sa.Engine, server: FakeServer, bring: Any
) -> None:
    bring()
    done(store)
    server.clock = 400 * 86_400  # so that only these are newer than the checkpoint
    server.add(observation(3, 3, 140), observation(99, 1), observation(4, 0))
    tally = bring()
    assert (tally.new, tally.changed) == (1, 2)
    assert due(store) == {"fi/fi.p3", "fi/fi.p1", "fi/fi.p4", "fi/fi.p0"}


def test_a_killed_pull_goes_on_where_it_was(
    store: sa.Engine, server: FakeServer, bring: Any
) -> None:
    server.faults.extend([None] * 4 + [lambda _: answer({}, 500)] * 3)
    with pytest.raises(UnreachableError):
        bring()
    before = len(kept(store))
    assert 0 < before < 17
    server.log.clear()
    bring()
    assert set(kept(store)) == everything()
    first = next(url for _, url in server.log if "metadata" not in url)
    assert "_offset" in first


def test_a_link_grown_old_begins_its_leg_anew(
    store: sa.Engine, server: FakeServer, bring: Any
) -> None:
    server.faults.extend([None] * 4 + [lambda _: answer({}, 500)] * 3)
    with pytest.raises(UnreachableError):
        bring()
    server.faults.append(lambda _: outcome(410, "not-found"))
    bring()
    assert set(kept(store)) == everything()


def test_an_entry_that_is_nothing_is_told_and_the_rest_comes(
    store: sa.Engine, server: FakeServer, bring: Any
) -> None:
    entries = [
        None,
        {"resource": {"resourceType": "Observation"}},
        {"resource": "Observation/o1"},
        {"fullUrl": f"{server.base_url}/Observation/o77", "resource": {"resourceType": 7}},
        {"resource": {"resourceType": "Basic", "id": "b1"}},
        {
            "resource": {"resourceType": "OperationOutcome", "issue": []},
            "search": {"mode": "outcome"},
        },
        {"resource": observation(50, 1)},
        {"resource": observation(50, 1)},
    ]
    page = {"resourceType": "Bundle", "entry": entries}
    server.faults.extend([None] * 3 + [lambda _: answer(page)])
    tally = bring()
    assert "Observation/fi.o50" in kept(store)
    assert tally.refused == 5
    assert findings(store) == [
        *[("Observation", "", "malformed")] * 3,
        ("Observation", "", "unexpected"),
        ("Observation", "fi.o77", "malformed"),
    ]
    server.faults.extend([None, lambda _: answer(page)])
    assert bring().refused == 0


def test_a_finding_goes_when_everything_is_in_order(
    store: sa.Engine, server: FakeServer, bring: Any
) -> None:
    page = {"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Patient"}}]}
    server.faults.extend([None, lambda _: answer(page)])
    bring()
    assert findings(store)
    bring(full=True)
    assert findings(store) == []


@pytest.mark.parametrize("full", [False, True], ids=["increment", "full"])
@pytest.mark.parametrize("history", [False, True], ids=["no history", "history"])
def test_what_is_deleted_there_is_deleted_here(
    store: sa.Engine, server: FakeServer, bring: Any, full: bool, history: bool
) -> None:
    server.history = history
    bring()
    done(store)
    server.remove("Observation", "o7")
    assert bring(full=full).deleted == 1
    assert set(kept(store)) == everything() - {"Observation/fi.o7"}
    assert "fi/fi.p2" in due(store)
    assert bring().deleted == 0


def test_a_server_that_lies_about_its_number_loses_us_nothing(
    store: sa.Engine, server: FakeServer, bring: Any
) -> None:
    bring()
    lie = {"resourceType": "Bundle", "total": 3}

    def lies(request: Any) -> Any:
        return answer(lie) if request.args.get("_summary") else None

    server.faults.extend([lies] * 100)
    assert bring().deleted == 0
    assert set(kept(store)) == everything()


def test_refused_without_a_patient_it_is_asked_patient_by_patient(
    store: sa.Engine, server: FakeServer, bring: Any
) -> None:
    def needs_patient(request: Any) -> Any:
        wholesale = request.path.endswith("/Observation") and "patient" not in request.args
        return outcome(400, "required") if wholesale else None

    server.faults.extend([needs_patient] * 200)
    bring()
    assert set(kept(store)) == everything()


def test_by_quirk_it_is_asked_patient_by_patient_at_once(
    store: sa.Engine, server: FakeServer, bring: Any
) -> None:
    bring(quirks=("by-patient",))
    assert set(kept(store)) == everything()
    wholesale = [u for _, u in server.log if "Observation" in u and "patient=" not in u]
    assert all("_summary" in url for url in wholesale)


def test_a_server_that_drops_the_patient_mixes_none(
    store: sa.Engine, server: FakeServer, bring: Any
) -> None:
    server.dropped = frozenset({"patient"})
    bring(quirks=("by-patient",))
    assert set(kept(store)) == everything()
    about = {key: raw for key, raw in kept(store).items() if key.startswith("Observation")}
    assert all(f'"Patient/p{int(key[16:]) % PEOPLE}"'.encode() in about[key] for key in about)


def test_pages_in_a_circle_are_got_round(store: sa.Engine, server: FakeServer, bring: Any) -> None:
    def circle(request: Any) -> Any:
        if not request.path.endswith("/Observation") or "patient" in request.args:
            return None
        links = [{"relation": "next", "url": request.url}]
        return answer({"resourceType": "Bundle", "link": links, "entry": []})

    server.faults.extend([circle] * 200)
    bring()
    assert set(kept(store)) == everything()
    assert findings(store) == []


def test_what_cannot_be_got_is_told_until_it_comes(
    store: sa.Engine, server: FakeServer, bring: Any
) -> None:
    def circle(request: Any) -> Any:
        if not request.path.endswith("/Observation"):
            return None
        links = [{"relation": "next", "url": request.url}]
        return answer({"resourceType": "Bundle", "link": links, "entry": []})

    server.faults.extend([circle] * 60)
    bring()
    assert ("Observation", "", "paging") in findings(store)
    server.faults.clear()
    bring()
    assert set(kept(store)) == everything()
    assert findings(store) == []


def test_an_unknown_last_updated_means_everything(server: FakeServer, bring: Any) -> None:
    bring()
    server.add(observation(60, 2))

    def unknown(request: Any) -> Any:
        return outcome(400) if "_lastUpdated" in request.args else None

    server.faults.extend([unknown] * 100)
    assert bring().new == 1


def test_a_failure_is_told_at_the_source(server: FakeServer, known: Any, bring: Any) -> None:
    server.faults.append(lambda _: outcome(401, "login"))
    server.faults.append(lambda _: outcome(401, "login"))
    with pytest.raises(RemoteError):
        bring()
    assert "401" in known().last_error
    assert known().last_pull_at is None
    bring()
    assert known().last_error is None
    assert known().last_pull_at


def test_a_patient_whom_no_search_shows_is_read(
    store: sa.Engine, server: FakeServer, bring: Any
) -> None:
    server.add(observation(70, 42))
    hidden = patient(42)

    def shows(request: Any) -> Any:
        return answer({**hidden, "meta": {}}) if request.path.endswith("/Patient/p42") else None

    server.faults.extend([shows] * 60)
    bring()
    assert "Patient/fi.p42" in kept(store)
    assert findings(store) == []


def test_a_patient_who_is_nowhere_is_told(store: sa.Engine, server: FakeServer, bring: Any) -> None:
    server.add(observation(70, 42))
    bring()
    assert findings(store) == [("Patient", "fi.p42", "absent")]
    server.add(patient(42))
    bring(full=True)
    assert findings(store) == []


def test_by_quirk_pages_are_small(server: FakeServer, bring: Any) -> None:
    bring(quirks=("small-pages",))
    assert ("GET", "/Patient?_count=20") in server.log


def test_by_quirk_every_pull_brings_everything(
    store: sa.Engine, server: FakeServer, bring: Any
) -> None:
    bring(quirks=("no-last-updated",))
    done(store)
    server.log.clear()
    server.remove("Observation", "o7")
    assert bring().deleted == 1
    assert not any("_lastUpdated" in url for _, url in server.log)
    assert due(store) == {"fi/fi.p2"}
