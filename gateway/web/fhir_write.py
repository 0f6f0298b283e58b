"""Writes, one or many, in one database transaction: what create, update, delete and Bundles share.

The order is FHIR's: deletions, then creates and updates. Conditions are searched for at that time,
ids assigned, references between the resources rewritten to them, and everything stored in bulk.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import uuid4

from gateway.errors import ConflictError, GatewayError, Issue, PreconditionError, RequestError
from gateway.fhir.json import encode
from gateway.fhir.references import relinked
from gateway.fhir.stamp import stamp
from gateway.store import resources
from gateway.store.resources import Key, Known, Write
from gateway.web.fhir_answer import Answer, refusal
from gateway.web.fhir_conditions import Conditions
from gateway.web.fhir_server import etag, version_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import sqlalchemy as sa

    from gateway.web.fhir_server import Server
    from terminology.records import Resource

RESTFUL = re.compile(r"https?://.*?/([A-Z][A-Za-z]+/[A-Za-z0-9\-.]{1,64})\Z")


@dataclass(frozen=True, slots=True)
class Operation:
    """One write, as it was asked for."""

    method: str
    """``POST``, ``PUT`` or ``DELETE``."""
    type: str
    gid: str = ""
    """The id asked for; empty when the server chooses, or a condition does."""
    resource: Resource | None = None
    condition: str = ""
    """The search of a conditional update or delete, or of ``If-None-Exist``."""
    if_match: str = ""
    if_none_match: str = ""
    full_url: str = ""
    at: str = ""
    """Place in the Bundle."""
    unless_same: bool = False
    """Whether the same content again makes no new version."""
    issues: tuple[Issue, ...] = ()


@dataclass(slots=True)
class Unit:
    """The writes of one transaction; `patients` gathers whose data they changed."""

    server: Server
    conn: sa.Connection
    patients: set[str] = field(default_factory=set)
    observed: bool = False
    """Whether an Observation came or changed, be it about somebody known or not."""
    refused: dict[int, GatewayError] = field(default_factory=dict)
    answers: dict[int, Answer] = field(default_factory=dict)
    named: set[tuple[str, str]] = field(default_factory=set)

    def run(self, operations: Sequence[Operation], *, atomic: bool) -> list[Answer]:
        """Do all operations; return their answers in the order given.

        Raises:
            GatewayError: one cannot be done and all are to be done or none (`atomic`).
        """
        for group in groups(operations, atomic=atomic):
            targets = self.targets(group, atomic=atomic)
            for batch in self.distinct(targets, atomic=atomic):
                known = resources.present(self.conn, (one.key for one in batch), hold=True)
                sound = [one for one in batch if self.holds(one, known.get(one.key), atomic)]
                if group[0][1].method == "DELETE":
                    self.delete(sound)
                else:
                    self.write(sound, targets, known)
        return [
            self.answers[n] if n in self.answers else refusal(self.refused[n])
            for n in range(len(operations))
        ]

    def targets(self, wanted: Iterable[tuple[int, Operation]], *, atomic: bool) -> list[Target]:
        """Return which resource each operation is about."""
        found: list[Target] = []
        for number, operation in wanted:
            try:
                found.append(self.target(number, operation))
            except GatewayError as error:
                self.refuse(number, placed(error, operation.at), atomic=atomic)
        return found

    def target(self, number: int, operation: Operation) -> Target:
        """Return which resource an operation is about: asked for, found, or new."""
        self.server.check_type(operation.type)
        conditions = Conditions(self.server, self.conn)
        key = conditions.one(operation.type, operation.condition) if operation.condition else None
        own = operation.resource.get("id", "") if operation.resource else ""
        if key is not None and operation.method == "PUT" and own not in ("", key.gid):
            raise RequestError("the id in the resource is not that of the one found")
        if key is not None and operation.method == "POST":
            return Target(number, operation, key, settled=True)
        if key is None:
            if operation.condition and own and operation.method == "PUT":
                self.unused(Key(operation.type, own))
            gid = operation.gid or (own if operation.method == "PUT" else "")
            gid = gid if gid or operation.method == "DELETE" else str(uuid4())
            key = Key(operation.type, gid)
        if operation.resource is None:
            return Target(number, operation, key)
        raw = encode(operation.resource)
        links = conditions.meant(operation.resource, operation.at) if b"?" in raw else {}
        return Target(number, operation, key, raw, links)

    def unused(self, key: Key) -> None:
        """Raise when a resource is there that a condition should have found and did not.

        Raises:
            ConflictError: it is.
        """
        if key in resources.read_many(self.conn, [key]):
            raise ConflictError("the condition is not met by the resource of that id")

    def distinct(self, targets: Sequence[Target], *, atomic: bool) -> Iterable[list[Target]]:
        """Yield the targets in batches that name each resource once.

        Raises:
            RequestError: a transaction names one twice.
        """
        settled = [one for one in targets if one.settled]
        for one in settled:
            self.settle(one)
        left = [one for one in targets if not one.settled]
        while left:
            batch: dict[tuple[str, str], Target] = {}
            later: list[Target] = []
            for one in left:
                named = one.identity
                if atomic and (named in batch or named in self.named):
                    place = one.operation.at or None
                    raise RequestError("the same resource is written twice", at=place)
                if named in batch:
                    later.append(one)
                else:
                    batch[named] = one
            self.named |= batch.keys()
            yield list(batch.values())
            left = later

    def settle(self, target: Target) -> None:
        """Answer a conditional create whose resource is there already."""
        row = resources.read(self.conn, *target.key)
        assert row is not None
        self.answers[target.number] = Answer(
            200,
            row.raw,
            row.version,
            row.last_updated,
            self.location(target.key, row.version),
            written=True,
        )

    def holds(self, target: Target, known: Known | None, atomic: bool) -> bool:
        """Say whether the preconditions of an operation hold, refusing it when not."""
        try:
            check(target.operation, target.key, known)
        except GatewayError as error:
            self.refuse(target.number, placed(error, target.operation.at), atomic=atomic)
            return False
        return True

    def refuse(self, number: int, error: GatewayError, *, atomic: bool) -> None:
        """Note that an operation cannot be done; with the rest when `atomic`."""
        if atomic:
            raise error
        self.refused[number] = error

    def delete(self, targets: Sequence[Target]) -> None:
        """Delete resources; what is not there is as good as deleted."""
        done = resources.delete(self.conn, [one.key for one in targets])
        self.patients |= done.patients
        for one in targets:
            now = done.standing.get(one.key)
            self.answers[one.number] = (
                Answer(204, None, now.version, now.instant) if now else Answer(204)
            )

    def write(
        self, targets: Sequence[Target], everything: Sequence[Target], known: Mapping[Key, Known]
    ) -> None:
        """Store resources, their references to one another rewritten."""
        links = Links(links_of(everything))
        writes = [made(one, links.rewritten(one)) for one in targets]
        bases = self.server.place.bases
        done = resources.write(self.conn, writes, bases=bases, known=known)
        self.patients |= done.patients
        self.observed |= any(key.type == "Observation" for key in (*done.new, *done.changed))
        for one in targets:
            now, before = done.standing[one.key], known.get(one.key)
            self.answers[one.number] = Answer(
                200 if before and not before.deleted else 201,
                now.raw,
                now.version,
                now.instant,
                self.location(one.key, now.version),
                written=True,
                issues=one.operation.issues,
            )

    def location(self, key: Key, version: int) -> str:
        """Return where a version is read."""
        return f"{self.server.url(*key)}/_history/{version}"


@dataclass(frozen=True, slots=True)
class Target:
    """An operation and the resource that it is about."""

    number: int
    operation: Operation
    key: Key
    raw: bytes = b""
    """The resource as it came, to look quickly whether something is in it at all."""
    links: dict[str, str] = field(default_factory=dict)
    """What the conditional references in its resource mean."""
    settled: bool = False
    """Whether the resource is there already and nothing is to be written."""

    @property
    def identity(self) -> tuple[str, str]:
        """Return what no other write may name: the resource, or the condition."""
        if self.operation.condition and self.operation.method == "POST":
            return self.key.type, f"?{self.operation.condition}"
        return self.key


def groups(
    operations: Sequence[Operation], *, atomic: bool
) -> Iterable[list[tuple[int, Operation]]]:
    """Yield the operations that are done together: deletions first, then creates and updates.

    Outside a transaction a condition is searched for after all that went before.
    """
    numbered = list(enumerate(operations))
    for rank in (("DELETE",), ("POST", "PUT")):
        those = [(n, one) for n, one in numbered if one.method in rank]
        together = [(n, one) for n, one in those if atomic or not one.condition]
        if together:
            yield together
        yield from ([(n, one)] for n, one in those if one.condition and not atomic)


def check(operation: Operation, key: Key, known: Known | None) -> None:
    """Raise unless the preconditions of an operation hold.

    Raises:
        PreconditionError: ``If-Match`` or ``If-None-Match`` does not hold.
        ConflictError: the resource is a copy of what a source has.
    """
    if known is not None and known.id != key.gid:
        raise ConflictError("this resource is a copy from a source, and is changed there")
    present = known.version if known is not None and not known.deleted else None
    if operation.if_match and operation.if_match != "*":
        if present is None or version_of(operation.if_match) != str(present):
            raise PreconditionError("If-Match names another version than the present one")
    elif operation.if_match and present is None:
        raise PreconditionError("If-Match: there is no such resource")
    if operation.if_none_match and present is not None:
        tags = [tag.strip() for tag in operation.if_none_match.split(",")]
        if "*" in tags or etag(present) in tags:
            raise PreconditionError("If-None-Match: the resource is there")


class Links:
    """What the fullUrls of a Bundle's entries are here."""

    def __init__(self, links: Mapping[str, str]) -> None:
        self.links = links
        self.marks = [encode(url)[1:-1] for url in links]

    def rewritten(self, target: Target) -> Resource:
        """Return a resource with its links to others of the Bundle replaced by what they are."""
        content = target.operation.resource
        assert content is not None
        if target.links or any(mark in target.raw for mark in self.marks):
            rewritten: Resource = relinked(content, {**self.links, **target.links})
            return rewritten
        return content


def made(target: Target, content: Resource) -> Write:
    """Return the write of a resource to its target."""
    one = stamp(content, target.key.gid)
    operation = target.operation
    return Write(
        target.key.type,
        target.key.gid,
        content,
        one,
        operation.method,
        one.digest,
        operation.unless_same,
    )


def links_of(targets: Iterable[Target]) -> dict[str, str]:
    """Return what the fullUrls of a Bundle's entries are here."""
    links: dict[str, str] = {}
    for one in targets:
        here = f"{one.key.type}/{one.key.gid}"
        url = one.operation.full_url
        if url:
            links[url] = here
            match = RESTFUL.match(url)
            if match and match[1] != here and match[1].startswith(one.key.type):
                links[match[1]] = here
    return links


def placed(error: GatewayError, at: str) -> GatewayError:
    """Return the error with its place in the Bundle, when it names none."""
    if at:
        error.issues = tuple(
            issue if issue.at else Issue(issue.code, issue.text, at, issue.severity, issue.reason)
            for issue in error.issues
        )
    return error
