"""Pages of all kinds: whatever an entry is, the others are read, and none is lost silently."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import UntruthfulError
from gateway.fhir.pages import read_page
from gateway.flow.reading import Asked, read_entries

GOOD = {"resourceType": "Observation", "id": "good", "subject": {"reference": "Patient/p1"}}
ATOMS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
JSON = st.recursive(
    ATOMS, lambda of: st.lists(of, max_size=3) | st.dictionaries(st.text(), of, max_size=3)
)
FRAMES = st.fixed_dictionaries(
    {},
    optional={
        "fullUrl": JSON,
        "resource": JSON
        | st.fixed_dictionaries(
            {"resourceType": ATOMS | st.just("Observation")},
            optional={"id": ATOMS, "meta": JSON, "subject": JSON},
        ),
        "search": JSON | st.fixed_dictionaries({"mode": ATOMS}),
        "request": JSON,
    },
)


def page_of(*entries: Any, **more: Any) -> bytes:
    return json.dumps({"resourceType": "Bundle", "entry": entries, **more}).encode()


@given(st.lists(JSON | FRAMES, max_size=4))
def test_no_entry_hides_another_and_each_is_accounted_for(entries: list[Any]) -> None:
    raw = page_of(*entries, {"resource": GOOD})
    found = read_entries(read_page(raw, "http://a.example/fhir"), Asked("Observation"))
    assert "good" in [one.id for one in found.received]
    modes = [
        one["search"].get("mode")
        for one in entries
        if isinstance(one, dict) and isinstance(one.get("search"), dict)
    ]
    outcomes = modes.count("outcome")
    assert len(found.received) + len(found.refused) >= len(entries) + 1 - outcomes


@pytest.mark.parametrize(
    ("reference", "kept"),
    [
        ("Patient/p1", True),
        ("Patient/p1/_history/3", True),
        ("http://a.example/fhir/Patient/p1", True),
        ("http://b.example/fhir/Patient/p1", False),
        ("Patient/p11", False),
        ("Patient/p2", False),
        ("Group/p1", False),
        ("urn:uuid:p1", False),
        ("", False),
        (None, False),
    ],
)
def test_only_what_is_about_the_patient_who_was_asked_for(
    reference: str | None, kept: bool
) -> None:
    entry = {"resource": {**GOOD, "subject": {"reference": reference}}}
    asked = Asked("Observation", "p1", "http://a.example/fhir")
    found = read_entries(read_page(page_of(entry), "http://a.example/fhir"), asked)
    assert (len(found.received), [one.reason for one in found.refused]) == (
        (1, []) if kept else (0, ["other-patient"])
    )


def test_bytes_are_kept_as_they_came() -> None:
    odd = b'{ "resourceType":"Observation","id":"o", "valueQuantity" : {"value":5.20e0}}'
    raw = b'{"resourceType":"Bundle","entry":[{"resource":' + odd + b"}]}"
    (one,) = read_entries(read_page(raw, "http://a.example"), Asked("Observation")).received
    assert one.raw == odd


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        (b"null", "malformed"),
        (b'{"resource":{"resourceType":"Observation","id":"a","id":"b"}}', "malformed"),
        (b'{"resource":{"resourceType":"Observation","id":"no id"}}', "malformed"),
        (b'{"resource":{"resourceType":"Observation"}}', "malformed"),
        (b'{"resource":{"resourceType":"Patient","id":"p"}}', "unexpected"),
        (b"{}", "malformed"),
    ],
)
def test_why_an_entry_is_not_kept(entry: bytes, told: str) -> None:
    raw = b'{"resourceType":"Bundle","entry":[' + entry + b"]}"
    (one,) = read_entries(read_page(raw, "http://a.example"), Asked("Observation")).refused
    assert one.reason == told


@pytest.mark.parametrize(
    "raw",
    [b"", b"[]", b"null", b'{"resourceType":"Patient"}', b'{"resourceType":"Bundle","entry":7}'],
)
def test_what_is_no_page(raw: bytes) -> None:
    with pytest.raises(UntruthfulError):
        read_page(raw, "http://a.example")


@pytest.mark.parametrize(
    ("links", "onward"),
    [
        (
            [{"relation": "next", "url": "http://a.example/fhir?page=2"}],
            "http://a.example/fhir?page=2",
        ),
        ([{"relation": "next", "url": "?page=2"}], "http://a.example/fhir/Patient?page=2"),
        ([{"relation": "next", "url": "/fhir?page=2"}], "http://a.example/fhir?page=2"),
        ([{"relation": "self", "url": "?page=1"}], None),
        ([None, 5, {"relation": 5, "url": "?x"}, {"relation": "next", "url": None}], None),
        ("?page=2", None),
        ([], None),
        (None, None),
    ],
)
def test_next_links(links: Any, onward: str | None) -> None:
    page = read_page(page_of(link=links), "http://a.example/fhir/Patient?page=1")
    assert page.next == onward


@pytest.mark.parametrize("total", [None, "many", 5.5, True])
def test_a_total_that_is_no_number(total: Any) -> None:
    page = read_page(page_of(total=total), "http://a.example")
    assert page.total is None
