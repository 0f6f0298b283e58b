"""Files, folders and standard input -> documents: JSON, XML and NDJSON, told by their content.

A document that cannot be read is a document too, with an error in the place of its resource, so
that the rest goes on. NDJSON is read line by line; a file of another kind is held as a whole.
"""

from __future__ import annotations

import codecs
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from gateway.errors import GatewayError, MalformedError, UsageError
from gateway.fhir import json, xml

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from terminology.records import Resource

SUFFIXES = frozenset({".json", ".xml", ".ndjson", ".jsonl"})
LINES = frozenset({".ndjson", ".jsonl"})
STDIN = "-"
LARGEST = 256 * 1024 * 1024
"""Bytes of one document; NDJSON may be of any length, each of its lines is a document."""
STU3 = re.compile(rb"<(related|context|assertedDate|taken|clinicalStatus value=)[ >\"/]")
"""Elements in XML that only STU3 has, or writes that way."""


@dataclass(frozen=True, slots=True)
class Document:
    """One document: the path it was asked for by, where it stands in it, and what it holds."""

    file: str
    at: str
    """Empty, or ``line[7]`` in NDJSON (lines are counted from 1)."""
    resource: Resource | None = None
    error: str | None = None


def read(paths: Iterable[str], fhir_version: str | None = None) -> Iterator[Document]:
    """Yield the documents of files, folders (sorted, nested) and ``-`` in the order given.

    Raises:
        UsageError: a path does not exist or cannot be opened.
    """
    for path in paths:
        if path == STDIN:
            yield from read_stream(STDIN, sys.stdin.buffer, fhir_version)
        else:
            for file in files(Path(path)):
                yield from read_file(file, fhir_version)


def files(path: Path) -> list[Path]:
    """Return a file, or the files of a folder that may be documents.

    Raises:
        UsageError: there is no such path.
    """
    if path.is_dir():
        return sorted(file for file in path.rglob("*") if file.suffix.lower() in SUFFIXES)
    if not path.exists():
        raise UsageError(f"{path}: no such file or folder")
    return [path]


def read_file(path: Path, fhir_version: str | None) -> Iterator[Document]:
    """Yield the documents of one file."""
    try:
        with path.open("rb") as stream:
            if path.suffix.lower() in LINES:
                yield from read_lines(str(path), stream)
            else:
                yield from read_stream(str(path), stream, fhir_version)
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from None


def read_stream(name: str, stream: BinaryIO, fhir_version: str | None) -> Iterator[Document]:
    """Yield the documents of a stream whose kind only its content tells."""
    raw = stream.read(LARGEST + 1)
    if len(raw) > LARGEST:
        yield Document(name, "", error=f"It is larger than {LARGEST} bytes.")
        return
    try:
        yield Document(name, "", decode(raw, fhir_version))
    except GatewayError as error:
        listed = raw.splitlines()
        if isinstance(error, MalformedError) and looks_like_lines(listed):
            yield from read_lines(name, listed)
        else:
            yield Document(name, "", error=told(error))


def looks_like_lines(listed: list[bytes]) -> bool:
    """Say whether the first line alone is a resource and another line follows."""
    if len(listed) < 2 or not listed[0].lstrip(codecs.BOM_UTF8).lstrip().startswith(b"{"):
        return False
    try:
        return "resourceType" in decode_json(listed[0])
    except GatewayError:
        return False


def read_lines(name: str, lines: Iterable[bytes]) -> Iterator[Document]:
    """Yield one document a line; blank lines are counted and passed over."""
    for number, line in enumerate(lines, start=1):
        if line.strip():
            at = f"line[{number}]"
            try:
                yield Document(name, at, decode_json(line))
            except GatewayError as error:
                yield Document(name, at, error=told(error))


def decode(raw: bytes, fhir_version: str | None = None) -> Resource:
    """Return the resource that JSON or XML bytes hold.

    Raises:
        MalformedError: they hold none.
        TooLargeError: they are more than a document may have.
    """
    bare = raw.removeprefix(codecs.BOM_UTF8).lstrip()
    if bare.startswith(b"<"):
        return xml.to_json(bare, fhir_version or ("STU3" if STU3.search(bare) else "R4"))
    return decode_json(raw)


def decode_json(raw: bytes) -> Resource:
    """Return the JSON object of bytes, its decimals with their digits.

    Raises:
        MalformedError: the bytes are no JSON object, or leave open what they say.
    """
    decoded = json.load(raw)
    if not isinstance(decoded, dict):
        raise MalformedError("a JSON object must stand here")
    return decoded


def told(error: GatewayError) -> str:
    """Return what is wrong with a document, and where."""
    at = error.issues[0].at
    return f"It cannot be read: {error.text}{f' ({at})' if at else ''}."
