"""Where RiskAssessments are not taken: another form, once, remembered, and told."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
import time_machine

from gateway.flow import assessing, forms, intake, partners
from gateway.flow.pushing import push
from gateway.flow.reading import received
from gateway.store import outbox, sources
from gateway.store.engine import writing
from gateway.store.tables import source as table
from tests.gateway.flow.people import observation, patient, person

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.flow.pushing import PushReport
    from gateway.store.sources import Known
    from tests.fakes.fhir_server import FakeServer

TYPES = ("RiskAssessment", "Observation", "DocumentReference", "Communication", "Flag")
TABLES = ("search_value", "resource", "resource_version", "assessment", "outbox", "job")
ALL = ("Patient", *TYPES, "Device", "Provenance")


@pytest.fixture(autouse=True)
def _today() -> Any:
    with time_machine.travel("2026-11-25T12:00:00+00:00"):
        yield


@pytest.fixture
def go(store: sa.Engine, known: Any, connect: Any, server: FakeServer) -> Callable[..., PushReport]:
    """Keep resources as a pull does, assess, write back; twice, the second time nothing."""
    versions: dict[str, list[dict[str, Any]]] = {}
    server.listed = ALL

    def go(*documents: dict[str, Any], **settings: Any) -> PushReport:
        source: Known = known(write_back="auto", cards=("score2",), **settings)
        for one in documents:
            before = versions.setdefault(one["id"], [])
            before += [] if before[-1:] == [one] else [one]
        whole = [{**one, "meta": {"versionId": str(len(versions[one["id"]]))}} for one in documents]
        with writing(store) as connection:
            sent = [received(one, json.dumps(one).encode()) for one in whole]
            intake.keep(connection, source, sent)
        assessing.assess_due(store, source)
        first = push(store, source, connect(source))
        server.log.clear()
        again = push(store, known(), connect(source))
        assert (again.due, again.written, again.others_written) == (0, 0, 0)
        assert not [one for one in server.log if one[0] in ("PUT", "POST")]
        return first

    return go


def ours(server: FakeServer) -> dict[str, list[dict[str, Any]]]:
    """Return what stands for assessments at the server, by type."""
    found = {kind: [one for one in server.of(kind) if "identifier" in one] for kind in TYPES}
    return {kind: those for kind, those in found.items() if those}


def lines(known: Any) -> list[str]:
    return forms.told(known())


SERVERS: list[dict[str, Any]] = [
    {},
    {"bundles": ()},
    {"bundles": ("batch",)},
    {"updates_create": False},
    {"updates_create": False, "bundles": ()},
]
TAKEN = [
    pytest.param("Observation", ("RiskAssessment",), id="Observation"),
    pytest.param("DocumentReference", TYPES[:2], id="DocumentReference"),
    pytest.param("Communication", TYPES[:3], id="Communication"),
    pytest.param("Flag", TYPES[:4], id="Flag"),
]


CASES = [
    *(("Observation", TYPES[:1], how, one) for how in ("declared", "refused") for one in SERVERS),
    *((*form.values, "refused", one) for form in TAKEN[1:] for one in (SERVERS[0], SERVERS[4])),
]


@pytest.mark.parametrize(("form", "missing", "how", "switches"), CASES)
def test_the_best_form_that_is_taken(  # noqa: PLR0917 - fixtures
    store: sa.Engine,
    server: FakeServer,
    go: Any,
    known: Any,
    form: str,
    missing: tuple[str, ...],
    how: str,
    switches: dict[str, Any],
) -> None:
    for name, value in switches.items():
        setattr(server, name, value)
    if how == "declared":
        server.read_only = frozenset(missing)
    else:
        server.untaken = dict(zip(missing, (404, 405, 422, 403), strict=False))
    report = go(*person("p1"), *person("p2"))
    assert (report.due, report.written, report.failed) == (2, 2, 0)
    assert {kind: len(those) for kind, those in ours(server).items()} == {form: 2}
    assert lines(known)[-1] == f"assessments are written as {form}"
    targets = {one["target"][0]["reference"] for one in server.of("Provenance")}
    assert targets == {f"{form}/{one['id']}" for one in ours(server)[form]}
    assert report.others_written == 3
    lose_everything(store)
    again = go(*person("p1"), *person("p2"))
    assert (again.written, again.unchanged, again.others_written) == (0, 2, 0)
    assert {kind: len(those) for kind, those in ours(server).items()} == {form: 2}


def lose_everything(store: sa.Engine) -> None:
    with store.begin() as connection:
        for name in TABLES:
            connection.exec_driver_sql(f"DELETE FROM {name}")
        connection.execute(sa.update(table).values(capability=None, probed_at=None))


WITHDRAWN = {"Observation": ("status", "entered-in-error", "amended"),
             "DocumentReference": ("docStatus", "entered-in-error", "amended"),
             "Communication": ("status", "entered-in-error", "completed"),
             "Flag": ("status", "entered-in-error", "active")}  # fmt: skip


@pytest.mark.parametrize("updates_create", [True, False], ids=["our ids", "its ids"])
@pytest.mark.parametrize(("form", "missing"), TAKEN)
def test_what_becomes_of_it_is_carried_on(
    server: FakeServer, go: Any, form: str, missing: tuple[str, ...], updates_create: bool
) -> None:
    server.untaken, server.updates_create = dict.fromkeys(missing, 404), updates_create
    name, error, amended = WITHDRAWN[form]
    go(*person())
    (before,) = ours(server)[form]
    assert go(patient(birth="1960-03-01")).written == 1
    (after,) = ours(server)[form]
    assert (after["id"], after[name]) == (before["id"], amended)
    assert without_meta(after) != without_meta(before)
    go(observation("p1-8480-6", "p1", "8480-6", 160, "mm[Hg]"))
    states = sorted((one["id"] == before["id"], one[name]) for one in ours(server)[form])
    assert states == [(False, states[0][1]), (True, error)]
    assert states[0][1] != error


def without_meta(resource: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in resource.items() if key != "meta"}


def test_an_observation_says_what_the_score_says(server: FakeServer, go: Any) -> None:
    server.untaken = {"RiskAssessment": 404}
    go(*person())
    (found,) = ours(server)["Observation"]
    assert found["category"][0]["coding"][0]["code"] == "survey"
    assert found["code"]["coding"][0]["code"] == "score2"
    quantity = found["valueQuantity"]
    assert (quantity["unit"], 1 < quantity["value"] < 20) == ("%", True)
    assert {one["reference"] for one in found["derivedFrom"]} == {
        f"Observation/p1-{code}/_history/1" for code in ("8480-6", "2093-3", "2085-9", "72166-2")
    }
    assert found["device"]["reference"].startswith("Device/")


@pytest.mark.parametrize("status", [403, 404, 405, 422])
def test_none_is_taken(
    store: sa.Engine, server: FakeServer, go: Any, known: Any, status: int
) -> None:
    server.untaken = dict.fromkeys(ALL, status)
    report = go(*person("p1"), *person("p2"))
    assert (report.due, report.written, report.failed) == (2, 0, 2)
    assert (report.others_written, report.others_failed, ours(server)) == (0, 0, {})
    assert lines(known)[-1] == "assessments are taken in no form that may be written"
    with store.connect() as connection:
        (told, _) = outbox.problems(connection, "fi")
    assert str(told.error).startswith(f"taken in no form: Device answered {status}")
    server.log.clear()
    assert go(*person("p3")).failed == 1  # remembered: nothing is even tried
    assert [one for one in server.log if one[0] in ("PUT", "POST")] == []


def test_refusals_are_few_for_a_type_that_is_not_declared(server: FakeServer, go: Any) -> None:
    server.listed, server.bundles = (), ()
    server.untaken = {"RiskAssessment": 404}
    log: list[Any] = []
    server.faults.extend([lambda request: log.append((request.method, request.path))] * 400)
    go(*(one for n in range(9) for one in person(f"p{n}")))
    tries = [path for method, path in log if method in ("PUT", "POST") and "RiskA" in path]
    assert len(tries) == 2  # one assessment, as PUT and as POST


def test_when_people_say_so_it_is_tried_again(
    store: sa.Engine, server: FakeServer, go: Any, known: Any
) -> None:
    server.untaken = dict.fromkeys(TYPES, 404)
    assert go(*person()).failed == 1
    server.untaken = {}
    with writing(store) as connection:
        outbox.retry(connection, "fi")
        sources.remember(connection, "fi", {})
    assert go().written == 1
    assert list(ours(server)) == ["RiskAssessment"]
    assert lines(known) == []
    assert len(server.of("Provenance")) == 1


def test_a_form_once_taken_stays_with_its_assessments(server: FakeServer, go: Any) -> None:
    go(*person("p1"))
    go(*person("p2"), form=("observation",))
    assert {kind: len(those) for kind, those in ours(server).items()} == {
        "RiskAssessment": 1, "Observation": 1,
    }  # fmt: skip
    go(patient("p1", birth="1961-03-01"), patient("p2", birth="1961-03-01"))
    found = ours(server)
    assert {kind: [one["status"] for one in those] for kind, those in found.items()} == {
        "RiskAssessment": ["amended"], "Observation": ["amended"],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("wanted", "written"),
    [
        (("flag",), "Flag"),
        (("communication", "auto"), "Communication"),
        (("documentreference", "observation"), "Observation"),
    ],
)
def test_the_form_may_be_set(
    server: FakeServer, go: Any, wanted: tuple[str, ...], written: str
) -> None:
    server.untaken = {"DocumentReference": 405}
    go(*person(), form=wanted)
    assert list(ours(server)) == [written]


@pytest.mark.parametrize("updates_create", [True, False], ids=["our ids", "its ids"])
def test_what_is_not_there_is_named_by_its_identifier(
    server: FakeServer, go: Any, updates_create: bool
) -> None:
    server.untaken, server.updates_create = {"Device": 404, "RiskAssessment": 404}, updates_create
    report = go(*person())
    assert (report.written, report.others_failed) == (1, 0)
    (found,) = ours(server)["Observation"]
    assert found["device"].keys() == {"identifier"}
    (origin,) = server.of("Provenance")
    assert origin["agent"][0]["who"] == found["device"]


def test_the_shape_is_that_of_the_source(server: FakeServer, go: Any) -> None:
    server.untaken, server.fhir_version = {"RiskAssessment": 404}, "3.0.2"
    go(*person(), fhir_version="STU3", probability="fraction")
    (found,) = ours(server)["Observation"]
    assert found["related"][0]["type"] == "derived-from"
    assert "comment" in found
    assert (
        found["valueQuantity"]["value"] > 1
    )  # per cent, whatever the source says of RiskAssessment


def test_at_another_address_everything_is_written_anew(
    store: sa.Engine, server: FakeServer, go: Any, known: Any
) -> None:
    server.untaken = {"RiskAssessment": 404}
    go(*person())
    other = {"base_url": server.base_url.replace("127.0.0.1", "localhost")}
    server.untaken, server.store = {}, {}
    assert go(**other).written == 1
    assert list(ours(server)) == ["RiskAssessment"]
    assert known().refused == {}
    assert partners.known(store, "fi").settings.base_url == other["base_url"]


def test_what_is_not_listed_may_be_taken_nevertheless(server: FakeServer, go: Any) -> None:
    server.listed = ("Patient", "Observation")
    report = go(*person())
    assert (report.written, list(ours(server))) == (1, ["RiskAssessment"])
