"""JSON: digits kept, duplicates and depth refused, every error with its place and no data."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import MalformedError
from gateway.fhir.json import DEEPEST, decode, encode, load

KEPT = ["5.20", "0.10", "100", "-0.0", "1E+3", "12345678901234567890123", "1E-9", "0.1000000000"]


@pytest.mark.parametrize("digits", KEPT)
def test_digits_are_kept(digits: str) -> None:
    raw = f'{{"resourceType":"Basic","x":{digits}}}'.encode()
    assert encode(decode(raw)) == raw


def test_a_byte_order_mark_is_no_content() -> None:
    assert decode(b'\xef\xbb\xbf{"resourceType":"Basic"}') == {"resourceType": "Basic"}


REFUSED = {
    b"": "ends too early",
    b'{"resourceType":"Basic"': "ends too early",
    b'{"resourceType":"Basic",\n "x": tru}': "line 2, column 11",
    b'{"resourceType":"Basic","x":NaN}': "line 1, column 29",
    b'{"resourceType":"Basic","x":"\xff"}': "not UTF-8",
    b'{"resourceType":"Basic","x":1e99999999999999999999}': "a number cannot be read",
    b"[]": "must stand here",
    b"7": "must stand here",
    b"{}": "no resourceType",
    b'{"resourceType":["Basic"]}': "no resourceType",
}


@pytest.mark.parametrize(("raw", "told"), REFUSED.items(), ids=repr)
def test_what_is_no_resource_is_told_with_its_place(raw: bytes, told: str) -> None:
    with pytest.raises(MalformedError, match=told):
        decode(raw)


DOUBLED = {
    b'{"resourceType":"Patient","id":"a","id":"b"}': "Patient.id",
    b'{"resourceType":"Patient","id":"a","\\u0069d":"b"}': "Patient.id",
    b'{"resourceType":"Patient","name":[{"text":"a"},{"text":"b","text":"b"}]}': (
        "Patient.name[1].text"
    ),
    b'{"resourceType":"Patient","a":{"b":{"c":1,"c":{}}}}': "Patient.a.b.c",
    b'{"resourceType":"Patient","a":[[{"c":1,"c":2}]]}': "Patient.a[0][0].c",
}


@pytest.mark.parametrize(("raw", "at"), DOUBLED.items(), ids=DOUBLED.values())
def test_a_key_that_stands_twice_is_refused(raw: bytes, at: str) -> None:
    with pytest.raises(MalformedError) as told:
        decode(raw)
    assert told.value.issues[0].at == at


def test_colons_in_texts_and_keys_do_not_matter() -> None:
    odd = {"resourceType": "Basic", "a:b": "::", "\\u003a": "\\u003a:", ":": [":", {":": ":"}]}
    assert decode(json.dumps(odd).encode()) == odd
    assert decode(b'{"resourceType":"Basic","x":"\\u003a"}')["x"] == ":"


@pytest.mark.parametrize("inner", ["[" * 62 + "]" * 62, '{"a":' * 62 + "1" + "}" * 62])
def test_depth_up_to_the_limit(inner: str) -> None:
    shallow = f'{{"resourceType":"Basic","x":[{inner}]}}'
    assert decode(shallow.encode())
    deep = f'{{"resourceType":"Basic","x":[[{inner}]]}}'
    with pytest.raises(MalformedError, match=f"more than {DEEPEST} deep"):
        decode(deep.encode())


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(values)
def test_what_was_written_is_read_back(value: object) -> None:
    assert load(encode(value)) == value


@given(st.binary(max_size=60))
def test_no_bytes_raise_anything_else(raw: bytes) -> None:
    with contextlib.suppress(MalformedError):
        decode(raw)
