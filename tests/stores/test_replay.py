"""An assessment is computed again to the byte, whatever became of its inputs; on both databases."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
import sqlalchemy as sa
import time_machine

from gateway.config import Source
from gateway.errors import UsageError
from gateway.flow import assessing, intake, makings, models, receiving, replaying
from gateway.flow.reading import received
from gateway.flow.replaying import replay
from gateway.store import registry, resources, sources
from gateway.store.engine import writing
from gateway.store.tables import assessment, resource, resource_version
from scoring.cards import FOLDER, load
from tests.gateway.flow.people import observation, patient, person
from tests.stores.builders import a_write

if TYPE_CHECKING:
    from pathlib import Path

OLD = "2009-10-01T10:00:00+03:00"
BMI = [
    observation("height", "p1", "8302-2", 180, "cm", effectiveDateTime=OLD),
    observation("weight", "p1", "29463-7", 80, "kg", effectiveDateTime=OLD),
]


@pytest.fixture(autouse=True)
def _today() -> Any:
    with time_machine.travel("2026-11-25T12:00:00+00:00"):
        yield


def as_sent(one: dict[str, Any], version: int) -> Any:
    whole = {**one, "meta": {"versionId": str(version)}}
    return received(whole, json.dumps(whole).encode())


class Pulled:
    """What a source sends, each resource as its next version, assessed at once."""

    def __init__(self, store: sa.Engine, **settings: Any) -> None:
        self.store, self.versions = store, dict[str, int]()
        base = {"name": "fi", "base_url": "http://fi.example/fhir", "country": "FI"}
        source = Source(**{**base, "cards": ("score2",), "write_back": "put", **settings})
        with writing(store) as connection:
            sources.keep(connection, source)
            self.known = sources.named(connection, source.name)

    def bring(self, *documents: dict[str, Any]) -> None:
        sent = []
        for one in documents:
            self.versions[one["id"]] = self.versions.get(one["id"], 0) + 1
            sent.append(as_sent(one, self.versions[one["id"]]))
        with writing(self.store) as connection:
            intake.keep(connection, self.known, sent)
        assessing.assess_due(self.store, self.known)

    def delete(self, kind: str, id_: str) -> None:
        with writing(self.store) as connection:
            intake.drop(connection, self.known, kind, [id_], intake.Tally())
        assessing.assess_due(self.store, self.known)


class Posted:
    """What callers of the gateway put there, assessed at once."""

    def __init__(self, store: sa.Engine) -> None:
        self.store = store

    def bring(self, *documents: dict[str, Any]) -> None:
        at_home = [{**one, "address": [{"country": "FI"}]} if "birthDate" in one else one
                   for one in documents]  # fmt: skip
        with writing(self.store) as connection:
            done = resources.write(connection, [a_write(one) for one in at_home])
            receiving.stored(connection, sorted(done.patients))
        receiving.received(self.store, sorted(done.patients))

    def delete(self, kind: str, id_: str) -> None:
        with writing(self.store) as connection:
            done = resources.delete(connection, [resources.Key(kind, id_)])
            receiving.stored(connection, sorted(done.patients))
        receiving.received(self.store, sorted(done.patients))


WAYS = pytest.mark.parametrize("way", [Pulled, Posted], ids=["pulled", "posted"])


def identifiers(store: sa.Engine) -> dict[str, str]:
    with store.connect() as connection:
        query = sa.select(assessment.c.identifier, assessment.c.status)
        return {row.identifier: row.status for row in connection.execute(query)}


def stored(store: sa.Engine, identifier: str) -> bytes:
    query = sa.select(resource.c.raw).where(
        resource.c.type == "RiskAssessment", resource.c.gid == identifier
    )
    with store.connect() as connection:
        return bytes(connection.scalar(query))


def check_all(store: sa.Engine, *statuses: str) -> None:
    """Hold every assessment of the store to its replay."""
    found = identifiers(store)
    assert sorted(found.values()) == sorted(statuses)
    for identifier in found:
        again = replay(store, identifier)
        assert again.problem == ""
        assert again.fresh == again.stored == stored(store, identifier)


@WAYS
def test_what_has_not_changed(store: sa.Engine, way: Any) -> None:
    way(store).bring(*person())
    check_all(store, *["final"] * len(identifiers(store)))
    assert identifiers(store)


@WAYS
def test_a_value_corrected(store: sa.Engine, way: Any) -> None:
    gateway = way(store)
    gateway.bring(*person())
    before = identifiers(store)
    gateway.bring(observation("p1-8480-6", "p1", "8480-6", 160, "mm[Hg]"))
    after = [status for one, status in identifiers(store).items() if one in before]
    assert set(after) == {"entered-in-error"}
    check_all(store, *after, *["final"] * (len(identifiers(store)) - len(after)))


@WAYS
def test_an_input_deleted(store: sa.Engine, way: Any) -> None:
    gateway = way(store)
    gateway.bring(*person())
    gateway.delete("Observation", "p1-2093-3")
    assert "entered-in-error" in identifiers(store).values()
    check_all(store, *identifiers(store).values())


@WAYS
def test_a_patient_corrected_and_then_deleted(store: sa.Engine, way: Any) -> None:
    gateway = way(store)
    gateway.bring(*person())
    gateway.bring(patient(birth="1960-03-01"))
    assert set(identifiers(store).values()) == {"amended"}
    check_all(store, *identifiers(store).values())
    gateway.delete("Patient", "p1")
    assert set(identifiers(store).values()) == {"entered-in-error"}
    check_all(store, *identifiers(store).values())


@WAYS
def test_an_address_that_changed_later_is_not_seen(store: sa.Engine, way: Any) -> None:
    gateway = way(store)
    gateway.bring(*person())
    gateway.bring(patient(name="p1", active=True))
    check_all(store, *["final"] * len(identifiers(store)))


def test_other_data_that_came_later_is_not_seen(store: sa.Engine) -> None:
    gateway = Pulled(store)
    gateway.bring(*person())
    gateway.bring(
        observation("later", "p1", "8480-6", 150, "mm[Hg]", effectiveDateTime="2026-11-01")
    )
    check_all(store, *identifiers(store).values())
    assert len(identifiers(store)) == 2


@pytest.mark.parametrize(
    ("settings", "more"),
    [
        pytest.param({"fhir_version": "STU3", "probability": "fraction"}, [], id="another shape"),
        pytest.param({"cards": ("qdiabetes", "findrisc", "score2")}, BMI, id="values too old"),
        pytest.param({"cards": ("auto",)}, [], id="cards by policy"),
    ],
)
def test_as_it_was_written(
    store: sa.Engine, settings: dict[str, Any], more: list[dict[str, Any]]
) -> None:
    cards = [name for name in settings.pop("cards", ("score2",)) if name in {*load(), "auto"}]
    Pulled(store, cards=tuple(cards), **settings).bring(*person(), *more)
    check_all(store, *["final"] * max(len(identifiers(store)), 1))


@pytest.fixture
def one(store: sa.Engine) -> str:
    Pulled(store).bring(*person())
    (identifier,) = identifiers(store)
    return identifier


def test_the_identifier_may_be_a_urn(store: sa.Engine, one: str) -> None:
    assert replay(store, f"urn:uuid:{one}").equal


def test_an_unknown_identifier(store: sa.Engine) -> None:
    with pytest.raises(UsageError, match="no assessment"):
        replay(store, "00000000-0000-5000-8000-000000000000")


def test_a_card_of_another_version(
    store: sa.Engine, one: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer = {**load(), "score2": replace_version(load()["score2"], "2031")}
    for module in (replaying, makings):
        monkeypatch.setattr(module, "load", lambda: newer)
    found = replay(store, one)
    assert (found.stored, found.fresh) == (stored(store, one), b"")
    assert "score2 version 2021; the card is now version 2031" in found.problem


def replace_version(card: Any, version: str) -> Any:
    return msgspec.structs.replace(card, version=version)


def test_a_card_that_is_gone(store: sa.Engine, one: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (replaying, makings):
        monkeypatch.setattr(module, "load", dict)
    assert "the card score2, which there is no more" in replay(store, one).problem


def test_a_version_of_an_input_that_is_gone(store: sa.Engine) -> None:
    gateway = Pulled(store)
    gateway.bring(*person())
    gateway.delete("Observation", "p1-2093-3")
    with store.begin() as connection:
        connection.execute(sa.delete(resource_version))
    (identifier,) = identifiers(store)
    problem = replay(store, identifier).problem
    assert problem == "version 1 of the input Observation/fi.p1-2093-3 is gone"


def test_another_outcome_is_shown_and_explained(
    store: sa.Engine, one: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = replaying.pipeline.risk_assessment

    def rendered(*arguments: Any) -> Any:
        return {**other(*arguments), "mitigation": "less salt"}

    monkeypatch.setattr(replaying.pipeline, "risk_assessment", rendered)
    assert replay(store, one).problem.endswith("nothing of it has changed")
    monkeypatch.setattr(makings, "card_digest", lambda _: "0000")
    found = replay(store, one)
    assert found.problem == (
        "another outcome: mitigation; since then changed: the file of the card"
    )
    assert (found.stored, b"less salt" in found.fresh) == (stored(store, one), True)


def test_what_is_not_kept_here_any_more(store: sa.Engine, one: str) -> None:
    with writing(store) as connection:
        resources.delete(connection, [resources.Key("RiskAssessment", one)])
    found = replay(store, one)
    assert (found.stored, bool(found.fresh)) == (b"", True)
    assert "not kept here any more" in found.problem


def test_an_assessment_of_an_earlier_release(store: sa.Engine, one: str) -> None:
    with store.begin() as connection:
        basis = connection.scalar(sa.select(assessment.c.basis))
        bare = [{key: used[key] for key in used if key != "making"} for used in basis]
        connection.execute(sa.update(assessment).values(basis=bare))
    assert "before this program kept" in replay(store, one).problem


def test_a_registered_version_of_a_card(store: sa.Engine, tmp_path: Path) -> None:
    text = (FOLDER / "score2.toml").read_text()
    path = tmp_path / "score2.toml"
    path.write_text(text.replace(f'version = "{load()["score2"].version}"', 'version = "ours"'))
    with writing(store) as connection:
        registry.register(connection, models.read(path), by="anna")
        models.decide(connection, "score2", "ours", "promote", by="anna", reason="")
    gateway = Pulled(store)
    gateway.bring(*person())
    with store.connect() as connection:
        assert connection.scalar(sa.select(assessment.c.card_version)) == "ours"
    with writing(store) as connection:
        models.decide(connection, "score2", "", "roll-back", by="anna", reason="")
    assessing.assess_due(store, gateway.known)
    check_all(store, "final", "final")


def test_stamps_tell_what_computed_it() -> None:
    number = load()["score2"].version
    found = makings.stamps("score2", number)
    assert set(found) == set(replaying.STAMPS)
    assert all(found.values())
    assert makings.stamps("score2", "ours")["card"] == ""
