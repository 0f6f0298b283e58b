"""Named quirks: each changes one thing."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from gateway.errors import ConfigurationError
from gateway.fhir.quirks import QUIRKS, Manner, manner


def test_without_quirks_a_server_is_taken_at_the_specification() -> None:
    assert manner() == Manner()


@pytest.mark.parametrize("name", QUIRKS)
def test_each_quirk_changes_one_thing_and_says_what(name: str) -> None:
    plain, odd = asdict(Manner()), asdict(manner([name]))
    assert [key for key in plain if plain[key] != odd[key]] == list(QUIRKS[name].changes)
    assert QUIRKS[name].text.endswith(".")


def test_an_unknown_quirk_is_named() -> None:
    with pytest.raises(ConfigurationError, match="no-such"):
        manner(["no-such"])
