"""Outbound schemes: what is sent, and that nothing is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import requests

from gateway.auth.outbound import authentication
from gateway.config import Source
from gateway.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path


def prepared(source: Source) -> requests.PreparedRequest:
    request = requests.Request("GET", "http://partner.example/fhir/Patient")
    return authentication(source)(request.prepare())


def a_source(**settings: str) -> Source:
    return Source(name="fi", base_url="http://partner.example/fhir", **settings)


def test_none_sends_nothing() -> None:
    assert "Authorization" not in prepared(a_source()).headers


def test_basic_is_utf8_and_read_when_used(monkeypatch: pytest.MonkeyPatch) -> None:
    source = a_source(auth="basic", username="käyttäjä", password="env:FI_PASSWORD")
    scheme = authentication(source)
    monkeypatch.setenv("FI_PASSWORD", "salaisuus")
    request = scheme(requests.Request("GET", source.base_url).prepare())
    assert request.headers["Authorization"] == "Basic a8OkeXR0w6Rqw6Q6c2FsYWlzdXVz"


def test_a_rotated_token_is_used_at_once(tmp_path: Path) -> None:
    place = tmp_path / "token"
    source = a_source(auth="bearer", token=f"file:{place}")
    scheme = authentication(source)
    for token in ("first", "second"):
        place.write_text(f"{token}\n")
        request = scheme(requests.Request("GET", source.base_url).prepare())
        assert request.headers["Authorization"] == f"Bearer {token}"


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        pytest.param({"auth": "oauth9"}, "oauth9", id="unknown scheme"),
        pytest.param({"auth": "basic", "username": "a"}, "password", id="basic without password"),
        pytest.param({"auth": "bearer"}, "token", id="bearer without token"),
    ],
)
def test_a_scheme_that_lacks_something_is_refused(settings: dict[str, str], named: str) -> None:
    with pytest.raises(ConfigurationError, match=named):
        authentication(a_source(**settings))


@pytest.mark.parametrize("content", ["", "two\nlines", "bad\x00byte", "töken"])
def test_a_token_that_fits_no_header_is_not_told(tmp_path: Path, content: str) -> None:
    place = tmp_path / "token"
    place.write_text(content)
    with pytest.raises(ConfigurationError) as caught:
        prepared(a_source(auth="bearer", token=f"file:{place}"))
    assert not content or content not in str(caught.value)


def test_secrets_are_in_no_repr(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("T", "hush-hush")
    scheme = authentication(a_source(auth="bearer", token="env:T"))
    prepared(a_source(auth="bearer", token="env:T"))
    assert "hush-hush" not in repr(scheme) + repr(vars(scheme))
