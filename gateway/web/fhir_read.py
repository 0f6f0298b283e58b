"""Reads: one resource, a version, pages of searches and histories, all about a Patient."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from gateway.errors import GoneError, NotFoundError, RequestError
from gateway.fhir.bundles import Response, bundle, changed, match
from gateway.fhir.subset import with_elements, without_text
from gateway.store import instants
from gateway.store.engine import reading
from gateway.store.history import Asked, Before, history, size, vread
from gateway.store.query import COUNT, MOST, parse
from gateway.store.resources import read
from gateway.store.search import Compartment, compartment, search
from gateway.web import fhir_pages
from gateway.web.fhir_answer import Answer
from gateway.web.fhir_server import bodies, etag

if TYPE_CHECKING:
    import sqlalchemy as sa

    from gateway.store.query import SearchQuery
    from gateway.store.resources import Row
    from gateway.store.search import Page
    from gateway.web.fhir_server import Server

Pairs = list[tuple[str, str]]
STATUS = {"POST": "201 Created", "PUT": "200 OK", "DELETE": "204 No Content"}


def get(server: Server, kind: str, gid: str, version: str | None = None) -> Answer:
    """Return a resource, or one version of it."""
    with reading(server.engine) as conn:
        if version is None:
            return read_one(server, conn, kind, gid)
        return read_version(server, conn, kind, gid, version)


def read_one(server: Server, conn: sa.Connection, kind: str, gid: str) -> Answer:
    """Return a resource.

    Raises:
        NotFoundError, GoneError: there never was one, or it has been deleted.
    """
    server.check_type(kind)
    fixed = server.fixed.get(f"{kind}/{gid}")
    if fixed is not None:
        return Answer(200, fixed)
    row = read(conn, kind, gid)
    if row is None:
        raise NotFoundError(f"there is no such {kind}")
    return of_row(conn, row)


def read_version(server: Server, conn: sa.Connection, kind: str, gid: str, version: str) -> Answer:
    """Return one version of a resource."""
    server.check_type(kind)
    row = vread(conn, kind, gid, int(version)) if is_number(version) else None
    if row is None:
        raise NotFoundError(f"there is no such version of this {kind}")
    return of_row(conn, row)


def of_row(conn: sa.Connection, row: Row) -> Answer:
    """Return the answer that shows a row.

    Raises:
        GoneError: the row is a deletion.
    """
    if row.deleted:
        raise GoneError(f"this {row.type} has been deleted")
    return Answer(200, bodies(conn, [row])[0], row.version, row.last_updated)


def is_number(text: str) -> bool:
    """Say whether a text is a whole number that a column can hold."""
    return text.isascii() and text.isdecimal() and len(text) <= 9


def unchanged(answer: Answer, if_none_match: str, if_modified_since: str) -> bool:
    """Say whether the caller has this version already; the tag counts before the time."""
    if if_none_match:
        tags = [tag.strip() for tag in if_none_match.split(",")]
        return "*" in tags or etag(answer.version or 0) in tags
    try:
        since = parsedate_to_datetime(if_modified_since) if if_modified_since else None
    except ValueError:
        return False
    if since is None or since.tzinfo is None or answer.instant is None:
        return False
    return answer.instant // 1000 <= since.timestamp()


def find(
    server: Server, kind: str, pairs: Pairs, *, strict: bool = False, posted: bool = False
) -> Answer:
    """Return a page of a search, the first or the one that ``_page`` means."""
    server.check_type(kind)
    with reading(server.engine) as conn:
        token = dict(pairs).get("_page")
        spot = fhir_pages.spot(conn, token) if token else None
        if spot is not None and spot.type != kind:
            raise RequestError(fhir_pages.NO_SUCH)
        query = parse(kind, spot.pairs if spot else pairs, strict=strict and spot is None)
        page = search(conn, query, spot.cursor if spot else None, server.place)
        entries = entries_of(server, conn, page, query)
    applied = urlencode(query.applied)
    here = f"{server.base_url}/{kind}"
    links = {"self": f"{here}?{applied}" if applied else here}
    if page.after:
        onward = fhir_pages.link(server.engine, query, page.after, posted=posted or kept(token))
        links["next"] = f"{here}?_page={onward}"
    return listed("searchset", entries, links, page.total)


def kept(token: str | None) -> bool:
    """Say whether a page was reached by a place that does not show, so that the next does not."""
    return bool(token and token.startswith("_"))


def entries_of(
    server: Server, conn: sa.Connection, page: Page, query: SearchQuery | None = None
) -> list[bytes]:
    """Return the entries of a page: what matches, then what was brought along."""
    rows = (*page.rows, *page.included)
    raws = bodies(conn, rows)
    if query is not None and (query.elements or query.summary):
        found = len(page.rows)
        raws = [part(server, raw, query) for raw in raws[:found]] + raws[found:]
    modes = ["match"] * len(page.rows) + ["include"] * len(page.included)
    shown = zip(rows, raws, modes, strict=True)
    return [match(server.url(row.type, row.gid), raw, mode) for row, raw, mode in shown]


def part(server: Server, raw: bytes, query: SearchQuery) -> bytes:
    """Return the part of a resource that a search asks for."""
    if query.elements:
        return with_elements(raw, query.elements, server.fhir_version)
    if query.summary == "text":
        return with_elements(raw, ("text",), server.fhir_version)
    return without_text(raw, server.fhir_version)


def listed(kind: str, entries: list[bytes], links: dict[str, str], total: int | None) -> Answer:
    """Return the answer that is a Bundle of what was found."""
    now = instants.written(instants.now())
    return Answer(200, bundle(kind, entries, links=links, total=total, timestamp=now))


def past(server: Server, pairs: Pairs, kind: str | None = None, gid: str | None = None) -> Answer:
    """Return a page of the history of a resource, of a type, or of everything."""
    if kind is not None:
        server.check_type(kind)
    given = dict(pairs)
    asked = Asked(kind, gid, since_of(given), count_of(given))
    token = given.get("_page")
    before = Before(*vars_of(fhir_pages.older(token))) if token else None
    with reading(server.engine) as conn:
        if kind is not None and gid is not None and read(conn, kind, gid) is None:
            raise NotFoundError(f"there is no such {kind}")
        rows, more = history(conn, asked, before)
        total = size(conn, asked)
        raws = bodies(conn, rows)
    entries = [told(server, row, raw) for row, raw in zip(rows, raws, strict=True)]
    here = "/".join(part for part in (server.base_url, kind, gid, "_history") if part)
    kept = [(name, value) for name, value in pairs if name in ("_since", "_count") and value]
    links = {"self": f"{here}?{urlencode(kept)}" if kept else here}
    if more:
        last = rows[-1]
        place = fhir_pages.token(fhir_pages.Older(last.last_updated, last.seq, last.version))
        links["next"] = f"{here}?{urlencode([*kept, ('_page', place)])}"
    return listed("history", entries, links, total)


def vars_of(spot: fhir_pages.Older) -> tuple[int, int, int]:
    """Return the parts of a place in a history."""
    return spot.last_updated, spot.seq, spot.version


def told(server: Server, row: Row, raw: bytes) -> bytes:
    """Return the entry of one version in a history."""
    url = row.type if row.method == "POST" else f"{row.type}/{row.gid}"
    request = {"method": row.method, "url": url}
    response = Response(
        "201 Created" if row.version == 1 else STATUS.get(row.method, "200 OK"),
        etag=etag(row.version),
        last_modified=instants.written(row.last_updated),
    )
    return changed(server.url(row.type, row.gid), None if row.deleted else raw, request, response)


def since_of(given: dict[str, str]) -> int | None:
    """Return the instant of ``_since``."""
    text = given.get("_since", "").replace(" ", "+")
    if not text:
        return None
    ends = instants.interval(text)
    if ends is None:
        raise RequestError("_since is no instant")
    return ends[0]


def count_of(given: dict[str, str]) -> int:
    """Return the number of entries asked for by ``_count``, within bounds."""
    text = given.get("_count", "")
    if text and not is_number(text):
        raise RequestError("_count is a whole number")
    return min(int(text), MOST) or COUNT if text else COUNT


def everything(server: Server, gid: str, pairs: Pairs) -> Answer:
    """Return a page of all that is known of a Patient, the Patient first."""
    given = dict(pairs)
    token = given.get("_page")
    here = f"{server.url('Patient', gid)}/$everything"
    kinds = [kind for kind in given.get("_type", "").split(",") if kind]
    with reading(server.engine) as conn:
        read_one(server, conn, "Patient", gid)
        cursor = fhir_pages.spot(conn, token).cursor if token else None
        asked = Compartment(gid, kinds, since_of(given), count_of(given))
        page = compartment(conn, asked, cursor)
        entries = entries_of(server, conn, page)
    names = ("_type", "_since", "_count")
    applied = [(name, value) for name, value in pairs if name in names and value]
    links = {"self": f"{here}?{urlencode(applied)}" if applied else here}
    if page.after:
        after = page.after
        spot = fhir_pages.Spot("", [], list(after.keys), after.seq, after.newest, after.total)
        links["next"] = f"{here}?{urlencode([*applied, ('_page', fhir_pages.token(spot))])}"
    return listed("searchset", entries, links, page.total)
