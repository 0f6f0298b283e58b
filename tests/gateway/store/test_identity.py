"""Ids under which pulled resources are served: always valid, never two alike."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from gateway.store.identity import Place, gid_of

ids = st.from_regex(r"[A-Za-z0-9\-.]{1,64}", fullmatch=True)
names = st.from_regex(r"[a-z0-9][a-z0-9-]{0,19}", fullmatch=True)


@given(names, ids)
def test_an_id_of_ours_is_one_that_fhir_allows(name: str, identity: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9\-.]{1,64}", gid_of(name, identity))


@given(names, ids, names, ids)
def test_two_resources_never_share_one(one: str, first: str, other: str, second: str) -> None:
    assert (gid_of(one, first) == gid_of(other, second)) == ((one, first) == (other, second))


@given(names, ids)
def test_a_reference_leads_to_the_id(name: str, identity: str) -> None:
    place = Place(name, ("https://fhir.example/r4",))
    expected = f"Patient/{gid_of(name, identity)}"
    for text in (
        f"Patient/{identity}",
        f"Patient/{identity}/_history/1",
        f"https://fhir.example/r4/Patient/{identity}",
    ):
        assert place.localise(text) == expected


@given(st.text())
def test_no_text_raises(text: str) -> None:
    Place("fi").localise(text)
