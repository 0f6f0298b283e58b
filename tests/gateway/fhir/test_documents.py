"""Files, folders and streams become documents; what cannot be read is told and the rest goes on."""

import io
import sys
from pathlib import Path

import pytest

from gateway.errors import UsageError
from gateway.fhir import documents

PATIENT = b'{"resourceType": "Patient", "id": "p1"}'
XML = b'<Patient xmlns="http://hl7.org/fhir"><id value="p1"/></Patient>'
BOMB = b"""<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>
<Patient xmlns="http://hl7.org/fhir"><id value="&b;"/></Patient>"""
EXTERNAL = b"""<!DOCTYPE p [<!ENTITY x SYSTEM "file:///etc/passwd">]>
<Patient xmlns="http://hl7.org/fhir"><id value="&x;"/></Patient>"""


def read(path: Path) -> list[documents.Document]:
    return list(documents.read([str(path)]))


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        ("a.json", PATIENT),
        ("a.json", b"\xef\xbb\xbf" + PATIENT),
        ("a", PATIENT),
        ("a.xml", XML),
        ("a.json", b"\xef\xbb\xbf \n" + XML),
    ],
    ids=["JSON", "JSON with a mark", "no suffix", "XML", "XML under a wrong name"],
)
def test_one_document(tmp_path: Path, name: str, raw: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(raw)
    (found,) = read(path)
    assert (found.file, found.at, found.error) == (str(path), "", None)
    assert found.resource == {"resourceType": "Patient", "id": "p1"}


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"[]",
        b"7",
        b'{"id": "\xff"}',
        b'{"a": 1, "a": 2}',
        b"[" * 5000 + b"]" * 5000,
        b"<Patient",
        b"<html/>",
        BOMB,
        EXTERNAL,
    ],
    ids=[
        *("empty", "cut off", "a list", "a number", "not UTF-8", "a key twice", "too deep"),
        *("cut off XML", "no FHIR", "an entity bomb", "an external entity"),
    ],
)
def test_what_cannot_be_read_is_told(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(raw)
    (found,) = read(path)
    assert found.resource is None
    assert found.error is not None
    assert found.error.startswith("It cannot be read: ")
    assert "passwd" not in found.error


def test_lines_are_counted_from_one(tmp_path: Path) -> None:
    path = tmp_path / "a.ndjson"
    path.write_bytes(PATIENT + b"\n\n{\r\n" + PATIENT + b"\n")
    found = read(path)
    assert [one.at for one in found] == ["line[1]", "line[3]", "line[4]"]
    assert [one.resource is None for one in found] == [False, True, False]


def test_lines_are_known_by_their_content(tmp_path: Path) -> None:
    path = tmp_path / "bundle.txt"
    path.write_bytes(PATIENT + b"\n" + PATIENT)
    assert [one.at for one in read(path)] == ["line[1]", "line[2]"]


def test_folders_are_read_in_order(tmp_path: Path) -> None:
    for name in ("b.json", "a/c.xml", "a/b.ndjson", "notes.txt"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(XML if name.endswith("xml") else PATIENT)
    found = [Path(one.file).relative_to(tmp_path).as_posix() for one in read(tmp_path)]
    assert found == ["a/b.ndjson", "a/c.xml", "b.json"]


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(PATIENT)))
    (found,) = documents.read(["-"])
    assert (found.file, found.resource) == ("-", {"resourceType": "Patient", "id": "p1"})


def test_a_path_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file or folder"):
        read(tmp_path / "nothing.json")


def test_a_document_of_too_many_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "LARGEST", 10)
    path = tmp_path / "a.json"
    path.write_bytes(PATIENT)
    assert read(path)[0].error == "It is larger than 10 bytes."


def test_xml_of_stu3_is_known_by_its_elements(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    path.write_bytes(
        b'<Condition xmlns="http://hl7.org/fhir"><clinicalStatus value="active"/></Condition>'
    )
    assert read(path)[0].resource == {"resourceType": "Condition", "clinicalStatus": "active"}
