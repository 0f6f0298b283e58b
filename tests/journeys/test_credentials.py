"""Servers that want to know who asks: with the right credentials all goes well, else it is told."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest

from gateway.config import Source
from gateway.errors import RefusedError
from gateway.flow import partners
from gateway.flow.pushing import push
from gateway.flow.reports import pull_and_assess
from gateway.sandbox.server import create_sandbox, serve
from gateway.store import sources
from gateway.store.engine import open_store, writing
from tests.journeys.conftest import MOMENT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECRET = "open-sesame"


@pytest.fixture
def url() -> Iterator[str]:
    sandbox = create_sandbox(
        "FI", patients=3, seed=7, now=MOMENT, token=SECRET, user=f"gateway:{SECRET}"
    )
    running = serve(sandbox)
    yield running.url
    running.close()
    sandbox.close()


@pytest.fixture
def store(empty_store: Path, tmp_path: Path) -> Iterator[Any]:
    shutil.copyfile(empty_store, tmp_path / "store.db")
    engine = open_store(f"sqlite:///{tmp_path}/store.db", durable=False)
    yield engine
    engine.dispose()


SCHEMES = [
    pytest.param({"auth": "bearer", "token": "env:PARTNER_SECRET"}, id="bearer"),
    pytest.param(
        {"auth": "basic", "username": "gateway", "password": "env:PARTNER_SECRET"}, id="basic"
    ),
]


def chain(store: Any, url: str, scheme: dict[str, str]) -> tuple[int, int]:
    with writing(store) as connection:
        sources.keep(connection, Source("fi", url, "FI", write_back="auto", **scheme))
    source = partners.known(store, "fi")
    with partners.connect(source.settings) as client:
        pulled = pull_and_assess(store, source, client)
        pushed = push(store, partners.known(store, "fi"), client)
    return pulled.figures.patients, pushed.failed


@pytest.mark.parametrize("scheme", SCHEMES)
def test_with_the_right_secret(
    store: Any, url: str, scheme: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARTNER_SECRET", SECRET)
    assert chain(store, url, scheme) == (3, 0)


@pytest.mark.parametrize("scheme", [*SCHEMES, pytest.param({}, id="none")])
def test_with_a_wrong_one_it_is_told_without_it(
    store: Any, url: str, scheme: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PARTNER_SECRET", "wrong-one")
    with pytest.raises(RefusedError, match="401") as caught:
        chain(store, url, scheme)
    assert "wrong-one" not in caught.value.text
    told = partners.known(store, "fi").last_error
    assert told is not None
    assert "401" in told
    store.dispose()
    assert b"wrong-one" not in b"".join(place.read_bytes() for place in tmp_path.glob("store.db*"))
