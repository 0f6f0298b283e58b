"""Putting, reading, versions and deletions, the same on both databases."""

from __future__ import annotations

import threading
from decimal import Decimal

import pytest
import sqlalchemy as sa

from gateway.store import history as past
from gateway.store.engine import reading, writing
from gateway.store.resources import (
    Key,
    delete,
    of_patient,
    put,
    read,
    read_many,
    write,
)
from gateway.store.tables import resource_version, search_value, source
from tests.stores.builders import a_patient, a_write, an_observation, received


def rows_of(store: sa.Engine, table: sa.Table) -> int:
    with reading(store) as conn:
        return conn.scalar(sa.select(sa.func.count()).select_from(table)) or 0


def test_what_was_put_is_read_byte_for_byte(store: sa.Engine) -> None:
    sent = received(an_observation(valueQuantity={"value": Decimal("5.20"), "unit": "%"}))
    with writing(store) as conn:
        done = put(conn, "fi", [sent], country="FI")
    assert done.new == (Key("Observation", "fi.o1"),)
    with reading(store) as conn:
        row = read(conn, "Observation", "fi.o1")
    assert row is not None
    assert (row.raw, row.id, row.source, row.version) == (sent.raw, "o1", "fi", 1)
    assert b"5.20" in row.raw


def test_the_same_bytes_again_change_nothing(store: sa.Engine) -> None:
    both = [received(a_patient()), received(an_observation())]
    with writing(store) as conn:
        put(conn, "fi", both)
    before = rows_of(store, search_value)
    with writing(store) as conn:
        again = put(conn, "fi", both)
    assert (again.new, again.changed, len(again.unchanged)) == ((), (), 2)
    assert again.patients == frozenset()
    assert rows_of(store, search_value) == before


def test_other_bytes_make_a_version_and_keep_the_earlier_one(store: sa.Engine) -> None:
    with writing(store) as conn:
        put(conn, "fi", [received(a_patient())])
        put(conn, "fi", [received(a_patient(gender="male"))])
    with reading(store) as conn:
        now, before = (past.vread(conn, "Patient", "fi.p1", version) for version in (2, 1))
        rows, more = past.history(conn, past.Asked("Patient", "fi.p1"))
    assert now is not None
    assert before is not None
    assert b'"male"' in now.raw
    assert b'"female"' in before.raw
    assert ([row.version for row in rows], more) == ([2, 1], False)
    assert rows_of(store, resource_version) == 1


def test_a_page_with_one_resource_twice_keeps_the_last(store: sa.Engine) -> None:
    with writing(store) as conn:
        twice = [received(a_patient()), received(a_patient(gender="other"))]
        done = put(conn, "fi", twice)
    assert len(done.new) == 1
    with reading(store) as conn:
        row = read(conn, "Patient", "fi.p1")
    assert row is not None
    assert b'"other"' in row.raw


def test_two_sources_with_the_same_id_never_meet(store: sa.Engine) -> None:
    with writing(store) as conn:
        for name in ("fi", "de"):
            put(conn, name, [received(a_patient()), received(an_observation())])
    with reading(store) as conn:
        assert [row.gid for row in of_patient(conn, "fi.p1")] == ["fi.p1", "fi.o1"]
        assert [row.source for row in of_patient(conn, "de.p1")] == ["de", "de"]


def test_an_absolute_reference_to_the_source_itself_is_understood(store: sa.Engine) -> None:
    reference = {"reference": "https://fhir.example/r4/Patient/p1/_history/3"}
    with writing(store) as conn:
        conn.execute(source.insert().values(name="fi", base_url="https://fhir.example/r4/"))
        done = put(conn, "fi", [received(an_observation(subject=reference))])
    assert done.patients == {"fi.p1"}


def test_a_resource_that_changes_its_patient_touches_both(store: sa.Engine) -> None:
    with writing(store) as conn:
        put(conn, "", [received(an_observation(patient="p1"))])
        done = put(conn, "", [received(an_observation(patient="p2"))])
    assert done.patients == {"p1", "p2"}


def test_a_model_touches_no_patient(store: sa.Engine) -> None:
    device = {"resourceType": "Device", "id": "d1", "patient": {"reference": "Patient/p1"}}
    with writing(store) as conn:
        assert put(conn, "", [received(device)]).patients == frozenset()
        assert delete(conn, [Key("Device", "d1")]).patients == frozenset()


def test_a_deletion_is_a_version_and_can_be_undone_by_another(store: sa.Engine) -> None:
    key = Key("Observation", "o1")
    with writing(store) as conn:
        write(conn, [a_write(an_observation())])
        gone = delete(conn, [key, Key("Observation", "never")])
    assert gone.changed == (key,)
    assert gone.patients == {"p1"}
    with reading(store) as conn:
        row = read(conn, *key)
        assert row is not None
        assert (row.deleted, row.version) == (True, 2)
        assert read_many(conn, [key]) == {}
    assert rows_of(store, search_value) == 0
    with writing(store) as conn:
        back = write(conn, [a_write(an_observation())])
    assert back.standing[key].version == 3


def test_a_write_makes_a_version_each_time_unless_told_otherwise(store: sa.Engine) -> None:
    with writing(store) as conn:
        write(conn, [a_write(a_patient())])
        assert write(conn, [a_write(a_patient())]).changed
        assert write(conn, [a_write(a_patient(), unless_same=True)]).unchanged


def test_a_write_stamps_version_and_time_into_the_bytes(store: sa.Engine) -> None:
    with writing(store) as conn:
        write(conn, [a_write(a_patient(meta={"versionId": "99", "tag": [{"code": "x"}]}))])
    with reading(store) as conn:
        row = read(conn, "Patient", "p1")
    assert row is not None
    assert b'"meta":{"versionId":"1","lastUpdated":"20' in row.raw
    assert b'"tag":[{"code":"x"}]' in row.raw


def test_more_resources_than_a_statement_names(store: sa.Engine) -> None:
    many = [received(an_observation(f"o{number}")) for number in range(1203)]
    with writing(store) as conn:
        assert len(put(conn, "fi", many).new) == 1203
        assert len(put(conn, "fi", many).unchanged) == 1203
    with reading(store) as conn:
        assert len(of_patient(conn, "fi.p1")) == 1203


def test_texts_that_a_database_might_not_take(store: sa.Engine) -> None:
    odd = a_patient(
        name=[{"family": "a\0b"}, {"text": "x" * 9000}, {"given": ["👩‍🔬", "Ö\u0301"]}],
        identifier=[{"system": "s" * 5000, "value": "v" * 5000}],
        multipleBirthInteger=10**30,
    )
    with writing(store) as conn:
        put(conn, "fi", [received(odd)])
    with reading(store) as conn:
        row = read(conn, "Patient", "fi.p1")
    assert row is not None
    assert b"a\\u0000b" in row.raw


def test_nothing_of_a_failed_transaction_stays(store: sa.Engine) -> None:
    def fails() -> None:
        with writing(store) as conn:
            put(conn, "fi", [received(a_patient())])
            raise KeyError

    with pytest.raises(KeyError):
        fails()
    with reading(store) as conn:
        assert read(conn, "Patient", "fi.p1") is None


def test_writers_side_by_side_lose_nothing(store: sa.Engine) -> None:
    def work(number: int) -> None:
        for turn in range(5):
            with writing(store) as conn:
                put(conn, f"s{number}", [received(a_patient(f"p{turn}"))])

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    keys = [Key("Patient", f"s{number}.p{turn}") for number in range(4) for turn in range(5)]
    with reading(store) as conn:
        assert len(read_many(conn, keys)) == 20
