"""What a caller sent and wants back: formats, preferences, body; refused before it costs much."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from flask import request
from werkzeug.exceptions import RequestEntityTooLarge

from gateway.errors import (
    MalformedError,
    MediaTypeError,
    NotAcceptableError,
    RequestError,
    TooLargeError,
)
from gateway.fhir.json import decode
from gateway.fhir.xml import to_json
from gateway.web.fhir_server import RELEASES

if TYPE_CHECKING:
    from werkzeug.datastructures import MIMEAccept

    from terminology.records import Resource

JSON = ("application/fhir+json", "application/json", "text/json", "application/json+fhir")
XML = ("application/fhir+xml", "application/xml", "text/xml", "application/xml+fhir")
SHORT = {"json": JSON[0], "xml": XML[0]}
FORM = "application/x-www-form-urlencoded"
CHARSETS = ("", "utf-8", "utf8", "us-ascii")
PREFER = re.compile(r"(return|handling)\s*=\s*\"?([A-Za-z]+)")
VERSION = re.compile(r"fhirversion\s*=\s*\"?([\d.]+)", re.IGNORECASE)
RETURNS = ("minimal", "representation", "operationoutcome")
DRAINED = 256 * 1024 * 1024
"""How much of a body that is too large is still read and dropped, so that the caller, who is
sending, gets to see why."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a caller wants the answer."""

    media_type: str = JSON[0]
    pretty: bool = False
    returns: str = ""
    """``Prefer: return=``, in lower case; empty when nothing was asked."""
    strict: bool = False

    @property
    def xml(self) -> bool:
        """Whether the answer is XML."""
        return self.media_type in XML


def fhir_version() -> str:
    """Return the FHIR version that a request speaks: R5 when it says so, else R4."""
    for header in ("Accept", "Content-Type"):
        found = VERSION.search(request.headers.get(header, ""))
        if found:
            return "R5" if found[1].startswith("5") else "R4"
    return "R4"


def wanted(fhir_version: str) -> Wanted:
    """Return what this request asks for.

    Raises:
        NotAcceptableError: no format or FHIR version that is served.
    """
    asked = request.args.get("_format")
    media_type = by_name(asked) if asked else by_header(fhir_version)
    preferences = dict(PREFER.findall(request.headers.get("Prefer", "")))
    returns = preferences.get("return", "").lower()
    return Wanted(
        media_type,
        request.args.get("_pretty") == "true",
        returns if returns in RETURNS else "",
        preferences.get("handling") == "strict",
    )


def by_name(asked: str) -> str:
    """Return the media type that ``_format`` names; a plus in it may have become a space."""
    plain = asked.partition(";")[0].strip().lower().replace(" ", "+")
    name = SHORT.get(plain, plain)
    if name not in JSON + XML:
        raise NotAcceptableError("_format is json or xml")
    return name


def by_header(fhir_version: str) -> str:
    """Return the first acceptable media type; that of the body when none is said."""
    accept = request.accept_mimetypes
    if not accept.provided:
        sent = request.mimetype
        return sent if sent in XML else JSON[0]
    release = RELEASES[fhir_version]
    acceptable = [name for name, quality in accept if quality > 0 and fits(name, release)]
    for name in acceptable:
        plain = name.partition(";")[0].strip().lower()
        if plain in JSON + XML:
            return plain
        if plain in ("*/*", "application/*", "*"):
            return JSON[0]
    raise NotAcceptableError(told_formats(accept, release))


def fits(name: str, release: str) -> bool:
    """Say whether a media type asks for no other FHIR version than `release`."""
    asked = VERSION.search(name)
    return asked is None or asked[1] == release


def told_formats(accept: MIMEAccept, release: str) -> str:
    """Return what is served, for a caller who wants something else."""
    if any("fhirversion" in name.lower() for name, _ in accept):
        return f"FHIR {release} is served here as {JSON[0]} and {XML[0]}"
    return f"served are {JSON[0]} and {XML[0]}"


def body() -> bytes:
    """Return the bytes of the body.

    Raises:
        TooLargeError: there are more than the limit; they were not kept.
    """
    if request.headers.get("Content-Encoding", "identity").strip().lower() not in ("", "identity"):
        raise MediaTypeError("a compressed body is not read: send it as it is")
    try:
        stream = request.stream
        raw = stream.read()
        if len(raw) == request.max_content_length:
            stream.read(1)  # a body of unknown length was cut off at the limit: this tells
    except RequestEntityTooLarge:
        drain()
        limit = (request.max_content_length or 0) // (1024 * 1024)
        raise TooLargeError(f"a body may have {limit} MiB at most") from None
    return raw


def drain() -> None:
    """Read the rest of the body into nothing, within bounds."""
    stream, left = request.environ.get("wsgi.input"), DRAINED
    length = request.content_length
    if stream is None or (length is None and not request.environ.get("wsgi.input_terminated")):
        return
    left = min(left, length) if length is not None else left
    try:
        while left > 0 and (part := stream.read(min(65536, left))):
            left -= len(part)
    except OSError:
        return


def resource(fhir_version: str) -> Resource:
    """Return the resource in the body, from JSON or XML.

    Raises:
        MediaTypeError: it is in another format, character set or FHIR version.
        MalformedError: it cannot be read.
    """
    named = request.mimetype
    xml = named in XML
    if named and not xml and named not in JSON:
        raise MediaTypeError(f"read are {JSON[0]} and {XML[0]}")
    charset = request.mimetype_params.get("charset", "").lower()
    if charset not in CHARSETS:
        raise MediaTypeError("the character set must be UTF-8")
    if not fits(request.headers.get("Content-Type", ""), RELEASES[fhir_version]):
        raise MediaTypeError(f"FHIR {RELEASES[fhir_version]} is read here")
    raw = body()
    if not raw.strip():
        raise MalformedError("the body is empty, where a resource must stand")
    if xml or (not named and raw.lstrip().startswith(b"<")):
        return to_json(raw, fhir_version)
    return decode(raw)


def parameters(*, posted: bool = False) -> list[tuple[str, str]]:
    """Return the search parameters of the address, and of the form when it was `posted`.

    Raises:
        RequestError: one of them cannot be text.
    """
    pairs = list(request.args.items(multi=True))
    if posted and request.mimetype == FORM:
        try:
            pairs += parse_qsl(body().decode(), keep_blank_values=True, errors="strict")
        except ValueError:
            raise RequestError("the form is no UTF-8 text") from None
    elif posted and request.content_length:
        raise MediaTypeError(f"a search is posted as {FORM}")
    if any("\0" in name or "\0" in value for name, value in pairs):
        raise RequestError("a parameter has a sign that no text of FHIR has")
    return pairs
