"""Conditions of conditional interactions and references: searched for, and meaning one at most."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

import sqlalchemy as sa

from gateway.errors import PreconditionError, RequestError
from gateway.fhir.references import references
from gateway.store.query import parse
from gateway.store.search import matching

if TYPE_CHECKING:
    from gateway.store.resources import Key
    from gateway.web.fhir_server import Server
    from terminology.records import Resource

LOCK = sa.text("SELECT pg_advisory_xact_lock(:number)")
CONDITIONAL = re.compile(r"([A-Z][A-Za-z]+)\?(.+)\Z", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Conditions:
    """Searches of one transaction for what conditions mean."""

    server: Server
    conn: sa.Connection

    def one(self, kind: str, condition: str) -> Key | None:
        """Return the one resource that a condition means, None when there is none.

        Raises:
            PreconditionError: there are several.
        """
        self.alone(kind, condition)
        found = self.search(kind, condition)
        if len(found) > 1:
            raise PreconditionError("the condition is met by several resources")
        return found[0] if found else None

    def alone(self, kind: str, condition: str) -> None:
        """Let nobody else search for the same condition until this transaction is done.

        SQLite has one writer anyway; on PostgreSQL two could both find nothing, and both create.
        """
        if self.conn.dialect.name == "postgresql":
            name = hashlib.blake2b(f"{kind}?{condition}".encode(), digest_size=8).digest()
            number = int.from_bytes(name, signed=True)
            self.conn.execute(LOCK, {"number": number})

    def search(self, kind: str, condition: str) -> list[Key]:
        """Return up to two resources that a condition means.

        Raises:
            RequestError: something in it is unknown, or it would hold of everything.
        """
        text = condition.removeprefix(kind).removeprefix("?")
        query = parse(kind, parse_qsl(text, keep_blank_values=True), strict=True)
        if not query.conditions:
            raise RequestError("the condition names no search parameter")
        return matching(self.conn, kind, query.conditions, self.server.place)

    def meant(self, resource: Resource, at: str = "") -> dict[str, str]:
        """Return each conditional reference in a resource and what it means.

        Raises:
            PreconditionError: it means none, or several.
        """
        found: dict[str, str] = {}
        for text in set(references(resource)):
            match = CONDITIONAL.match(text) if "?" in text else None
            if match is None:
                continue
            self.server.check_type(match[1])
            keys = self.search(match[1], match[2])
            if len(keys) != 1:
                how = "several resources" if keys else "none that is here"
                raise PreconditionError(f"a conditional reference means {how}", at=at or None)
            found[text] = f"{keys[0].type}/{keys[0].gid}"
        return found
