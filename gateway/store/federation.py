"""The ledger of what left this site for joint training, and its secret of each run."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from gateway.store.instants import now
from gateway.store.tables import federation_key as keys
from gateway.store.tables import federation_message as messages

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Message:
    """One answer that left, byte for byte."""

    study: str
    run: str
    round: int
    kind: str
    coordinator: str
    question: str
    """Hash of what was asked: the same is answered by the same bytes."""
    what: Mapping[str, Any]
    """The shape of the answer: how many numbers, under masks with whom, with which noise."""
    body: bytes
    rho: float = 0.0
    created_at: int = 0

    @property
    def sha256(self) -> str:
        """Return the hash of the body."""
        return hashlib.sha256(self.body).hexdigest()


def private_key(connection: sa.Connection, study: str, run: str) -> bytes | None:
    """Return this site's secret of a run; None before it joined."""
    found: bytes | None = connection.scalar(
        sa.select(keys.c.private).where(keys.c.study == study, keys.c.run == run)
    )
    return found


def keep_key(connection: sa.Connection, study: str, run: str, private: bytes) -> None:
    """Keep this site's secret of a run."""
    connection.execute(
        sa.insert(keys).values(study=study, run=run, private=private, created_at=now())
    )


def keep(connection: sa.Connection, message: Message) -> None:
    """Note an answer before it leaves."""
    connection.execute(
        sa.insert(messages).values(
            study=message.study,
            run=message.run,
            round=message.round,
            kind=message.kind,
            coordinator=message.coordinator,
            question=message.question,
            what=dict(message.what),
            rho=message.rho,
            sha256=message.sha256,
            body=message.body,
            created_at=now(),
        )
    )


def answered(connection: sa.Connection, study: str, run: str, question: str) -> bytes | None:
    """Return the answer that was given to this question before."""
    found: bytes | None = connection.scalar(
        sa.select(messages.c.body).where(
            messages.c.study == study, messages.c.run == run, messages.c.question == question
        )
    )
    return found


def rounds(connection: sa.Connection, study: str, run: str) -> int:
    """Return how many questions of a run have been answered."""
    query = sa.select(sa.func.count()).where(messages.c.study == study, messages.c.run == run)
    return connection.scalar(query) or 0


def spent(connection: sa.Connection, study: str) -> float:
    """Return the rho that all answers of a study have spent."""
    query = sa.select(sa.func.sum(messages.c.rho)).where(messages.c.study == study)
    return connection.scalar(query) or 0.0


def left(
    connection: sa.Connection, study: str | None = None, *, limit: int | None = None
) -> list[Message]:
    """Return what left, the newest first, of one study or of all."""
    query = sa.select(messages).order_by(messages.c.seq.desc()).limit(limit)
    if study is not None:
        query = query.where(messages.c.study == study)
    names = Message.__dataclass_fields__
    rows = connection.execute(query).mappings()
    return [Message(**{name: row[name] for name in names}) for row in rows]
