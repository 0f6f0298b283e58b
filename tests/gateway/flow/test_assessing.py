"""Assessing: the same gives nothing new; what was corrected does not stand."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
import time_machine

from gateway.config import Source
from gateway.flow import assessing, intake, receiving
from gateway.flow.reading import received
from gateway.jobs import ledger
from gateway.store import assessments, sources
from gateway.store.engine import reading, writing
from gateway.store.resources import Key, delete, put, read_many
from gateway.store.tables import assessment, finding, measurement, outbox, refusal, resource
from tests.gateway.flow.people import observation, patient, person

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.store.sources import Known

TODAY = "2026-11-25T12:00:00+00:00"


@pytest.fixture(autouse=True)
def _today() -> Any:
    with time_machine.travel(TODAY, tick=False) as traveller:
        yield traveller


@pytest.fixture
def source(store: sa.Engine) -> Known:
    settings = Source("fi", "http://fi.example/fhir", "FI", write_back="put", cards=("score2",))
    with writing(store) as connection:
        sources.keep(connection, settings)
        found = sources.named(connection, "fi")
    assert found is not None
    return found


@pytest.fixture
def bring(store: sa.Engine, source: Known) -> Callable[..., None]:
    """Keep resources as a pull does, each change as its next version, and assess."""
    versions: dict[str, int] = {}

    def bring(*resources: dict[str, Any], of: Known = source) -> None:
        for one in resources:
            versions[one["id"]] = versions.get(one["id"], 0) + 1
        with writing(store) as connection:
            intake.keep(connection, of, [as_sent(one, versions[one["id"]]) for one in resources])
        assessing.assess_due(store, of)

    return bring


def as_sent(one: dict[str, Any], version: int = 1) -> Any:
    whole = {**one, "meta": {"versionId": str(version)}}
    return received(whole, json.dumps(whole).encode())


def rows(store: sa.Engine, table: sa.Table) -> list[dict[str, Any]]:
    with store.connect() as connection:
        return [dict(row) for row in connection.execute(sa.select(table)).mappings()]


def kept(store: sa.Engine, kind: str) -> dict[str, dict[str, Any]]:
    query = sa.select(resource.c.gid, resource.c.raw).where(resource.c.type == kind)
    with store.connect() as connection:
        return {gid: json.loads(raw) for gid, raw in connection.execute(query)}


def sent(store: sa.Engine, kind: str) -> dict[str, dict[str, Any]]:
    return {
        one["target_id"]: json.loads(one["body"])
        for one in rows(store, outbox)
        if one["kind"] == kind
    }


def statuses(store: sa.Engine) -> list[str]:
    return sorted(one["status"] for one in rows(store, assessment))


def test_a_person_is_assessed_and_everything_is_kept(store: sa.Engine, bring: Any) -> None:
    bring(*person())
    (one,) = rows(store, assessment)
    assert (one["source"], one["patient"], one["card"], one["status"]) == (
        "fi", "fi.p1", "score2", "final",
    )  # fmt: skip
    assert 0.01 < one["probability"] < 0.2
    assert {used["gid"] for used in one["basis"]} == {
        "fi.p1", "fi.p1-8480-6", "fi.p1-2093-3", "fi.p1-2085-9", "fi.p1-72166-2",
    }  # fmt: skip
    values = {row["feature"]: row["value_number"] for row in rows(store, measurement)}
    assert values["systolic_bp"] == 132
    with store.connect() as connection:
        assert ledger.counts(connection) == {"queued": 1, "leased": 0, "done": 1, "dead": 0}


def test_ours_and_theirs_have_each_its_own_references(store: sa.Engine, bring: Any) -> None:
    bring(*person())
    (ours,), (theirs,) = (
        kept(store, "RiskAssessment").values(),
        sent(store, "RiskAssessment").values(),
    )
    assert ours["id"] == theirs["id"]
    assert ours["subject"] == {"reference": "Patient/fi.p1"}
    assert theirs["subject"] == {"reference": "Patient/p1"}
    assert {"reference": "Observation/fi.p1-8480-6/_history/1"} in ours["basis"]
    assert {"reference": "Observation/p1-8480-6/_history/1"} in theirs["basis"]
    (device,) = kept(store, "Device")
    assert ours["performer"] == theirs["performer"] == {"reference": f"Device/{device}"}
    (origin,) = kept(store, "Provenance").values()
    assert origin["target"] == [{"reference": f"RiskAssessment/{ours['id']}"}]


def test_the_shape_is_that_of_the_source(store: sa.Engine, bring: Any, source: Known) -> None:
    settings = Source(
        "nl", "http://nl.example/fhir", "NL", "STU3", write_back="put", probability="fraction",
        cards=("score2",),
    )  # fmt: skip
    with writing(store) as connection:
        sources.keep(connection, settings)
        dutch = sources.named(connection, "nl")
    bring(*person(), of=dutch)
    (ours,), (theirs,) = (
        kept(store, "RiskAssessment").values(),
        sent(store, "RiskAssessment").values(),
    )
    assert isinstance(theirs["identifier"], dict)
    assert isinstance(ours["identifier"], list)
    percent, fraction = (one["prediction"][0]["probabilityDecimal"] for one in (ours, theirs))
    assert percent == pytest.approx(fraction * 100)
    assert ours["subject"] == {"reference": "Patient/nl.p1"}
    assert source.name == "fi"


def test_the_same_again_makes_nothing_new(store: sa.Engine, bring: Any, source: Known) -> None:
    bring(*person())
    before = [rows(store, table) for table in (assessment, outbox)]
    documents = kept(store, "RiskAssessment")
    with writing(store) as connection:
        intake.ask(connection, "fi", ["fi.p1"])
    assessing.assess_due(store, source)
    assert [rows(store, table) for table in (assessment, outbox)] == before
    assert kept(store, "RiskAssessment") == documents


def test_two_runs_of_one_day_are_alike_to_the_byte(store: sa.Engine, bring: Any) -> None:
    def outcome() -> list[tuple[str, bytes]]:
        return [(one["target_id"], one["body"]) for one in rows(store, outbox)]

    bring(*person())
    first = outcome()
    with store.begin() as connection:
        for table in ("search_value", "resource", "assessment", "outbox", "measurement"):
            connection.exec_driver_sql(f"DELETE FROM {table}")
        source = sources.named(connection, "fi")
        intake.keep(connection, source, [as_sent(one) for one in person()])
    assessing.assess_due(store, source)
    assert len(first) == 3
    assert outcome() == first


def test_a_newer_value_makes_a_newer_assessment_and_the_earlier_stands(
    store: sa.Engine, bring: Any
) -> None:
    bring(*person())
    bring(observation("later", "p1", "8480-6", 150, "mm[Hg]", effectiveDateTime="2026-11-01"))
    assert statuses(store) == ["final", "final"]
    old, new = sorted(rows(store, assessment), key=lambda one: one["probability"])
    assert (old["replaced_by"], new["replaced_by"]) == (new["identifier"], None)


@pytest.mark.parametrize(
    "correction",
    [
        pytest.param(observation("p1-8480-6", "p1", "8480-6", 160, "mm[Hg]"), id="another value"),
        pytest.param(
            observation("p1-8480-6", "p1", "8480-6", 132, "mm[Hg]", status="corrected"),
            id="another status",
        ),
    ],
)
def test_what_was_corrected_is_assessed_anew_and_the_earlier_withdrawn(
    store: sa.Engine, bring: Any, correction: dict[str, Any]
) -> None:
    bring(*person())
    (first,) = rows(store, assessment)
    bring(correction)
    assert statuses(store) == ["entered-in-error", "final"]
    earlier = first["identifier"]
    for documents in (kept(store, "RiskAssessment"), sent(store, "RiskAssessment")):
        assert documents[earlier]["status"] == "entered-in-error"
        assert "corrected" in documents[earlier]["note"][-1]["text"]
        assert len(documents) == 2
    assert len(sent(store, "Provenance")) == len(kept(store, "Provenance")) == 3


def test_entered_in_error_leaves_no_assessment_standing_and_a_reason(
    store: sa.Engine, bring: Any
) -> None:
    bring(*person())
    bring(observation("p1-8480-6", "p1", "8480-6", 132, "mm[Hg]", status="entered-in-error"))
    assert statuses(store) == ["entered-in-error"]
    (reason,) = rows(store, refusal)
    assert (reason["patient"], reason["card"]) == ("fi.p1", "score2")
    assert reason["missing"] == ["sbp_mmhg"]
    assert {one["reason"] for one in rows(store, finding)} == {"status"}


def test_deleted_at_the_source(store: sa.Engine, bring: Any, source: Known) -> None:
    bring(*person())
    with writing(store) as connection:
        intake.drop(connection, source, "Observation", ["p1-2093-3"], intake.Tally())
    assessing.assess_due(store, source)
    assert statuses(store) == ["entered-in-error"]


def test_a_patient_deleted_takes_the_assessments_along(
    store: sa.Engine, bring: Any, source: Known
) -> None:
    bring(*person())
    with writing(store) as connection:
        intake.drop(connection, source, "Patient", ["p1"], intake.Tally())
    assessing.assess_due(store, source)
    assert statuses(store) == ["entered-in-error"]


def test_a_birth_date_corrected_amends_in_its_place(store: sa.Engine, bring: Any) -> None:
    bring(*person())
    (first,) = rows(store, assessment)
    bring(patient(birth="1960-03-01"))
    (second,) = rows(store, assessment)
    assert second["identifier"] == first["identifier"]
    assert second["status"] == "amended"
    assert second["probability"] > first["probability"]
    (theirs,) = sent(store, "RiskAssessment").values()
    assert theirs["status"] == "amended"
    bring(patient(birth="1960-03-01", active=True))
    assert rows(store, assessment) == [second]


def test_an_address_that_changes_concerns_no_assessment(store: sa.Engine, bring: Any) -> None:
    bring(*person())
    before = rows(store, assessment)
    bring(patient(address=[{"city": "Turku"}]))
    assert rows(store, assessment) == before


def test_an_observation_that_moves_to_another_patient(store: sa.Engine, bring: Any) -> None:
    bring(*person("p1"), *person("p2"))
    bring(observation("p1-8480-6", "p2", "8480-6", 132, "mm[Hg]"))
    found = {(one["patient"], one["status"]) for one in rows(store, assessment)}
    assert ("fi.p1", "entered-in-error") in found
    assert ("fi.p1", "final") not in found
    assert ("fi.p2", "final") in found


def test_a_card_that_is_not_for_them_is_a_reason_and_no_number(
    store: sa.Engine, bring: Any
) -> None:
    bring(*person(birth="2010-03-01"))
    assert rows(store, assessment) == []
    (reason,) = rows(store, refusal)
    assert reason["reason"] == "age_below_min"


def test_findings_stand_with_their_patient_and_go_when_mended(store: sa.Engine, bring: Any) -> None:
    bad = observation("p1-8480-6", "p1", "8480-6", 16, "kPa")
    bring(*person()[:1], {**bad, "valueQuantity": {"value": 132}})
    (found,) = rows(store, finding)
    assert (found["patient"], found["gid"], found["reason"]) == (
        "fi.p1", "fi.p1-8480-6", "unit-missing",
    )  # fmt: skip
    bring(observation("p1-8480-6", "p1", "8480-6", 16, "kPa"))
    assert rows(store, finding) == []


def test_a_change_while_scoring_is_seen_and_nothing_old_is_written(
    store: sa.Engine, bring: Any, source: Known, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring(*person())
    real, changes = assessing.think, [observation("p1-8480-6", "p1", "8480-6", 170, "mm[Hg]")]

    def think(*arguments: Any) -> Any:
        work = real(*arguments)
        if changes:
            with writing(store) as connection:
                intake.keep(connection, source, [as_sent(changes.pop(), 9)])
        return work

    monkeypatch.setattr(assessing, "think", think)
    with writing(store) as connection:
        intake.ask(connection, "fi", ["fi.p1"])
    assessing.assess_due(store, source)
    values = {row["feature"]: row["value_number"] for row in rows(store, measurement)}
    assert values["systolic_bp"] == 170
    assert statuses(store) == ["entered-in-error", "final"]


def test_a_fault_in_one_patient_stops_no_other(
    store: sa.Engine, bring: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = assessing.think

    def think(engine: Any, of: Any, patients: Any, *rest: Any) -> Any:
        if "fi.p2" in patients:
            raise ZeroDivisionError
        return real(engine, of, patients, *rest)

    monkeypatch.setattr(assessing, "think", think)
    bring(*person("p1"), *person("p2"), *person("p3"))
    assert {one["patient"] for one in rows(store, assessment)} == {"fi.p1", "fi.p3"}
    with store.connect() as connection:
        waiting = [one for one in ledger.jobs(connection, ["queued"]) if one.kind == "assess"]
    assert [(one.key, one.last_error) for one in waiting] == [
        ("fi/fi.p2", "unexpected ZeroDivisionError")
    ]


def test_what_is_posted_is_assessed_at_once(store: sa.Engine) -> None:
    documents = person("q1", address=[{"country": "FI"}])
    with writing(store) as connection:
        intake.keep(connection, receiving.HERE, [as_sent(one) for one in documents])
        receiving.stored(connection, ["q1"])
    receiving.received(store, ["q1"])
    (one,) = rows(store, assessment)
    assert (one["source"], one["patient"]) == ("", "q1")
    assert rows(store, outbox) == []
    with store.connect() as connection:
        assert ledger.counts(connection)["queued"] == 0


def test_figures(store: sa.Engine, bring: Any) -> None:
    bring(*person("p1"), *person("p2", birth="2010-01-01"))
    with reading(store) as connection:
        found = assessments.figures(connection, "fi")
    assert (found.patients, found.observations, found.measurements) == (2, 8, 8)
    assert (found.findings, found.assessed, found.not_assessable) == (0, 1, 1)


def test_resources_deleted_here_are_not_read(store: sa.Engine, bring: Any) -> None:
    bring(*person())
    key = Key("Observation", "fi.p1-8480-6")
    with writing(store) as connection:
        delete(connection, [key])
        assert read_many(connection, [key]) == {}


def test_an_observation_about_nobody_gets_a_finding_and_loses_it_with_a_subject(
    store: sa.Engine, bring: Any
) -> None:
    about = observation("lost", "p1", "8480-6", 132, "mm[Hg]")
    nobody = {key: value for key, value in about.items() if key != "subject"}
    group = observation("herd", "p1", "8480-6", 132, "mm[Hg]", subject={"reference": "Group/g"})
    bring(*person(), nobody, group)
    found = {(one["gid"], one["patient"], one["reason"]) for one in rows(store, finding)}
    assert found == {("fi.lost", None, "subject"), ("fi.herd", None, "subject")}
    bring(about)
    assert {one["gid"] for one in rows(store, finding)} == {"fi.herd"}


def test_what_is_posted_about_a_partners_patient_is_told_and_not_used(
    store: sa.Engine, bring: Any
) -> None:
    bring(*person())
    before = rows(store, assessment)
    posted = observation("new", "fi.p1", "8480-6", 190, "mm[Hg]")
    with writing(store) as connection:
        put(connection, "", [as_sent(posted)])
        receiving.stored(connection, ["fi.p1"])
    receiving.received(store, ["fi.p1"])
    assert rows(store, assessment) == before
    (told,) = rows(store, finding)
    assert (told["gid"], told["patient"], told["reason"]) == ("new", "fi.p1", "subject")


def test_a_source_that_was_removed_keeps_what_it_had(store: sa.Engine, bring: Any) -> None:
    bring(*person())
    before = rows(store, assessment)
    with writing(store) as connection:
        sources.remove(connection, "fi")
        receiving.stored(connection, ["fi.p1"])
    receiving.received(store, ["fi.p1"])
    assert [one for one in rows(store, assessment) if one["card"] == "score2"] == before
