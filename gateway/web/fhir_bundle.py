"""What is posted to the root: batches, transactions, Bundles of every other type, single resources.

A Bundle that is no batch or transaction is a delivery: each resource in it is received under its
own id (the same again changes nothing), or under the UUID of its fullUrl, else under a new one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

import sqlalchemy as sa

from gateway.errors import (
    GatewayError,
    InvalidError,
    Issue,
    NotAllowedError,
    RequestError,
    TooLargeError,
)
from gateway.fhir.bundles import answered, bundle
from gateway.fhir.json import decode
from gateway.fhir.validate import is_valid, validate
from gateway.store.engine import writing
from gateway.watch.logs import log
from gateway.web import fhir_read
from gateway.web.fhir_answer import Answer, in_bundle, preferred, refusal
from gateway.web.fhir_server import ID
from gateway.web.fhir_write import Operation, Unit, placed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.web.fhir_server import Server
    from terminology.records import Resource

IN_ENTRY = re.compile(r"Bundle\.entry\[(\d+)\]\.resource(?=[.\[]|\Z)")
UUID = re.compile(r"urn:uuid:([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})\Z")
TURNS = 3
"""How often a transaction is tried that meets another one."""

MEETING = ("23505", "40001", "40P01")
"""PostgreSQL's states for that: the same key, a serialization failure, a deadlock."""

WRITES = ("POST", "PUT", "DELETE")


@dataclass(frozen=True, slots=True)
class Get:
    """A read inside a batch or transaction."""

    url: str
    if_none_match: str
    at: str


def receive(server: Server, resource: Resource, returns: str = "") -> Answer:
    """Return the answer to what was posted to the root, after it is durable."""
    if resource["resourceType"] != "Bundle":
        return single(server, resource)
    entries = resource.get("entry")
    if isinstance(entries, list) and len(entries) > server.max_entries:
        raise TooLargeError(f"a Bundle may have {server.max_entries} entries at most")
    faults = sorted_out(server, resource)
    kind = resource.get("type")
    if kind == "transaction":
        refuse_faulty(faults)
        answers = transaction(server, operations(server, resource))
    elif kind == "batch":
        answers = separately(server, operations(server, resource), faults)
    else:
        answers = separately(server, deliveries(resource), faults)
    label = "transaction-response" if kind == "transaction" else "batch-response"
    return Answer(200, bundle(label, (entry(answer, returns) for answer in answers)))


def single(server: Server, resource: Resource) -> Answer:
    """Return the answer to one resource: received under its own id when it has one."""
    kind, gid = resource["resourceType"], resource.get("id")
    server.check_type(kind)
    issues = server.check(resource)
    method = "PUT" if gid else "POST"
    return write(server, [Operation(method, kind, gid or "", resource, issues=issues)])[0]


def write(server: Server, operations: Sequence[Operation], *, atomic: bool = True) -> list[Answer]:
    """Do writes in one transaction, and tell the hooks whose data changed.

    Where writers run side by side (PostgreSQL) one of two that meet is undone and tries again.
    """
    for turn in range(TURNS):
        try:
            answers, patients = written(server, operations, atomic=atomic)
            break
        except sa.exc.DBAPIError as error:
            if turn == TURNS - 1 or getattr(error.orig, "sqlstate", None) not in MEETING:
                raise
    if patients:
        hear(server, patients)
    return answers


def written(
    server: Server, operations: Sequence[Operation], *, atomic: bool
) -> tuple[list[Answer], list[str]]:
    """Return the answers to writes, and whose data they changed."""
    with writing(server.engine) as conn:
        unit = Unit(server, conn)
        answers = unit.run(operations, atomic=atomic)
        patients = sorted(unit.patients)
        if patients:
            server.hooks.stored(conn, patients)
    return answers, patients


def hear(server: Server, patients: list[str]) -> None:
    """Let the hook do what follows; what fails there does not make the data any less stored."""
    try:
        server.hooks.received(server.engine, patients)
    except Exception as error:  # noqa: BLE001 - whatever it is, the caller's data are kept
        log().error("what follows a write failed", error=type(error).__name__)


def sorted_out(server: Server, resource: Resource) -> dict[int, tuple[Issue, ...]]:
    """Return the errors inside each entry's resource.

    Raises:
        InvalidError: the Bundle itself breaks the specification.
    """
    found = validate(resource, server.fhir_version, limit=None)
    errors = [issue for issue in found if not is_valid((issue,))]
    inside: dict[int, list[Issue]] = {}
    for issue in errors:
        match = IN_ENTRY.match(issue.at or "")
        if match is None:
            raise InvalidError("the Bundle is not valid", issues=tuple(errors))
        inside.setdefault(int(match[1]), []).append(issue)
    return {number: tuple(found) for number, found in inside.items()}


def refuse_faulty(faults: dict[int, tuple[Issue, ...]]) -> None:
    """Refuse a transaction with anything wrong in it.

    Raises:
        InvalidError: there is; each issue names its place.
    """
    if faults:
        issues = tuple(issue for found in faults.values() for issue in found)
        raise InvalidError("the transaction is not valid", issues=issues)


def operations(server: Server, resource: Resource) -> list[Operation | Get | GatewayError]:
    """Return what each entry of a batch or transaction asks for, or why it cannot be."""
    found: list[Operation | Get | GatewayError] = []
    for number, one in enumerate(resource.get("entry", ())):
        at = f"Bundle.entry[{number}]"
        try:
            found.append(operation(server, one, at))
        except GatewayError as error:
            found.append(placed(error, at))
    return found


def operation(server: Server, one: Resource, at: str) -> Operation | Get:
    """Return what one entry asks for."""
    request = one["request"]
    method, url = request["method"], relative(server, request["url"])
    if method == "GET":
        return Get(url, request.get("ifNoneMatch", ""), at)
    if method not in WRITES:
        raise NotAllowedError(f"{method} is not supported", at=f"{at}.request.method")
    path, _, condition = url.partition("?")
    kind, _, gid = path.strip("/").partition("/")
    check_entry(method, kind, gid, one.get("resource"), condition)
    return Operation(
        method,
        kind,
        gid,
        one.get("resource") if method != "DELETE" else None,
        condition=condition if method != "POST" else request.get("ifNoneExist", ""),
        if_match=request.get("ifMatch", ""),
        if_none_match=request.get("ifNoneMatch", ""),
        full_url=one.get("fullUrl", ""),
        at=at,
    )


def check_entry(
    method: str, kind: str, gid: str, resource: Resource | None, condition: str
) -> None:
    """Raise unless method, address and resource of an entry go together.

    Raises:
        RequestError: they do not.
    """
    if gid and (method == "POST" or not ID.match(gid)):
        raise RequestError(f"the address is none for {method}")
    if not gid and method != "POST" and not condition:
        raise RequestError(f"{method} needs an id or a condition")
    if method == "DELETE":
        return
    if resource is None:
        raise RequestError(f"{method} needs a resource")
    if resource["resourceType"] != kind:
        raise RequestError("the resource is not of the type in the address")
    if gid and resource.get("id") != gid:
        raise RequestError("the id in the resource is not that in the address")


def relative(server: Server, url: str) -> str:
    """Return an entry's address relative to this server."""
    return url.removeprefix(server.base_url).removeprefix("/")


def deliveries(resource: Resource) -> list[Operation | Get | GatewayError]:
    """Return the writes that receive the resources of a Bundle; outcomes of a search are none."""
    found: list[Operation | Get | GatewayError] = []
    for number, one in enumerate(resource.get("entry", ())):
        content = one.get("resource")
        if content is None or content.get("resourceType") == "OperationOutcome":
            continue
        url = one.get("fullUrl", "")
        named = UUID.match(url)
        gid = content.get("id") or (named[1].lower() if named else "")
        found.append(
            Operation(
                "PUT" if gid else "POST",
                content.get("resourceType", ""),
                gid if isinstance(gid, str) else "",
                content,
                full_url=url,
                at=f"Bundle.entry[{number}]",
                unless_same=True,
            )
        )
    return found


def transaction(server: Server, asked: Sequence[Operation | Get | GatewayError]) -> list[Answer]:
    """Do everything or nothing; reads see what was written.

    Raises:
        GatewayError: something cannot be done, so nothing was.
    """
    for one in asked:
        if isinstance(one, GatewayError):
            raise one
    writes = [one for one in asked if isinstance(one, Operation)]
    done = iter(write(server, writes))
    return [get(server, one) if isinstance(one, Get) else next(done) for one in asked]


def separately(
    server: Server,
    asked: Sequence[Operation | Get | GatewayError],
    faults: dict[int, tuple[Issue, ...]],
) -> list[Answer]:
    """Do what can be done, each entry by itself, in one commit; tell of each that cannot."""
    checked = [faulty(one, faults) for one in asked]
    done = iter(write(server, [one for one in checked if isinstance(one, Operation)], atomic=False))
    return [
        next(done)
        if isinstance(one, Operation)
        else refusal(one)
        if isinstance(one, GatewayError)
        else get(server, one)
        for one in checked
    ]


def faulty(
    one: Operation | Get | GatewayError, faults: dict[int, tuple[Issue, ...]]
) -> Operation | Get | GatewayError:
    """Return the error of an entry whose resource is not valid, else the entry as it is."""
    if not isinstance(one, Operation):
        return one
    number = int(one.at.removeprefix("Bundle.entry[").removesuffix("]"))
    if number not in faults or one.method == "DELETE":
        return one
    return InvalidError("the resource is not valid", issues=faults[number])


def get(server: Server, one: Get) -> Answer:
    """Return the answer to a read inside a Bundle."""
    try:
        return fetched(server, one)
    except GatewayError as error:
        return refusal(placed(error, one.at))


def fetched(server: Server, one: Get) -> Answer:
    """Return what is read: a resource, a version, a search, a history."""
    parts = urlsplit(one.url)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    match parts.path.strip("/").split("/"):
        case [kind]:
            return fhir_read.find(server, kind, pairs)
        case [kind, "_history"]:
            return fhir_read.past(server, pairs, kind)
        case [kind, gid]:
            answer = fhir_read.get(server, kind, gid)
        case [kind, gid, "_history"]:
            return fhir_read.past(server, pairs, kind, gid)
        case [kind, gid, "_history", version]:
            answer = fhir_read.get(server, kind, gid, version)
        case _:
            raise NotAllowedError("this address cannot be read in a Bundle")
    if fhir_read.unchanged(answer, one.if_none_match, ""):
        return replace(answer, status=304, raw=None)
    return answer


def entry(answer: Answer, returns: str) -> bytes:
    """Return the entry that tells of an answer; writes show the resource when asked to."""
    said = in_bundle(answer)
    if answer.status >= 400:
        return answered(None, said._replace(outcome=decode(answer.raw) if answer.raw else None))
    if not answer.written:
        return answered(answer.raw, said)
    if returns == "operationoutcome":
        shown = preferred(answer, returns).raw
        return answered(None, said._replace(outcome=decode(shown) if shown else None))
    return answered(answer.raw if returns == "representation" else None, said)
