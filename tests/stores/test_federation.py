"""What left for joint training is kept byte for byte, once for each question."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from gateway.store import federation
from gateway.store.engine import reading, writing
from gateway.store.federation import Message

if TYPE_CHECKING:
    from collections.abc import Iterator

SENT = Message("heart", "r1", 1, "impute", "127.0.0.1", "q1", {"numbers": 3}, b"\x00\xff", 0.5)


@pytest.fixture
def conn(store: sa.Engine) -> Iterator[sa.Connection]:
    with writing(store) as connection:
        yield connection


def test_the_ledger_holds_what_left(conn: sa.Connection) -> None:
    federation.keep(conn, SENT)
    federation.keep(conn, replace(SENT, round=2, kind="moments", question="q2"))
    federation.keep(conn, replace(SENT, study="stroke", rho=0.0))
    newest, *_ = federation.left(conn, "heart")
    assert (newest.kind, newest.body, newest.what) == ("moments", b"\x00\xff", {"numbers": 3})
    assert newest.created_at > 0
    assert [one.study for one in federation.left(conn)] == ["stroke", "heart", "heart"]
    assert len(federation.left(conn, limit=1)) == 1
    assert federation.answered(conn, "heart", "r1", "q2") == b"\x00\xff"
    assert federation.answered(conn, "heart", "r2", "q2") is None
    assert federation.rounds(conn, "heart", "r1") == 2
    assert federation.spent(conn, "heart") == 1.0
    assert federation.spent(conn, "none") == 0.0


def test_no_question_is_answered_twice(store: sa.Engine) -> None:
    with writing(store) as connection:
        federation.keep(connection, SENT)
    with pytest.raises(sa.exc.IntegrityError), writing(store) as connection:
        federation.keep(connection, SENT)
    with reading(store) as connection:
        assert federation.rounds(connection, "heart", "r1") == 1


def test_a_secret_belongs_to_one_run(conn: sa.Connection) -> None:
    federation.keep_key(conn, "heart", "r1", b"secret")
    assert federation.private_key(conn, "heart", "r1") == b"secret"
    assert federation.private_key(conn, "heart", "r2") is None
