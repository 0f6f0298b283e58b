"""Every setting stands in the docs; wrong ones are told with file and key."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.config import (
    GatewaySection,
    SourceSection,
    StoreSection,
    StudySection,
    load,
    secret,
    shown,
)
from gateway.errors import ConfigurationError

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = [
    f"{section}.{key}"
    for section, schema in (
        ("gateway", GatewaySection),
        ("store", StoreSection),
        ("source", SourceSection),
        ("study", StudySection),
    )
    for key in schema().fields
]


@pytest.mark.parametrize("setting", SETTINGS)
def test_the_docs_tell_of_it(setting: str) -> None:
    text = (ROOT / "docs" / "operator" / "configuration.md").read_text()
    assert f"`{setting}`" in text


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RISKBRIDGE_CONFIG", raising=False)


WRONG = {
    "unknown section": ("[gatway]\nport = 1", "gatway"),
    "unknown key": ("[gateway]\nprot = 1", "gateway.prot"),
    "port out of range": ("[gateway]\nport = 70000", "gateway.port"),
    "store of another kind": ("[store]\nurl = 'mysql://x'", "store.url"),
    "source without address": ("[[source]]\nname = 'a'", "source.0.base_url"),
    "source name": ("[[source]]\nname = 'A b'\nbase_url = 'http://x'", "source.0.name"),
    "secret in clear": (
        "[[source]]\nname = 'a'\nbase_url = 'http://x'\nauth = 'bearer'\ntoken = 'abc'",
        "source.0.token",
    ),
    "form": ("[[source]]\nname = 'a'\nbase_url = 'http://x'\nform = ['fax']", "source.0.form"),
    "study without data": (
        "[[study]]\nname = 'a'\nrecipe = 'heart'\ntoken = 'env:T'",
        "study.0.data",
    ),
    "no TOML": ("[gateway", "cannot be read"),
}


@pytest.mark.parametrize(("text", "named"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_is_named(tmp_path: Path, text: str, named: str) -> None:
    place = tmp_path / "x.toml"
    place.write_text(text)
    with pytest.raises(ConfigurationError) as told:
        load(str(place))
    assert named in told.value.text
    assert "x.toml" in told.value.text


def test_the_environment_wins_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "riskbridge.toml").write_text("[gateway]\nport = 1\nworkers = 3")
    monkeypatch.setenv("RISKBRIDGE_GATEWAY__PORT", "9")
    assert (load().port, load().workers) == (9, 3)


def test_a_password_in_the_store_url_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RISKBRIDGE_STORE__URL", "postgresql+psycopg://me:geheim@db/x")
    assert "geheim" not in str(shown(load()))


def test_secrets_are_read_when_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "token").write_text("from-file\n")
    monkeypatch.setenv("TOKEN_X", "from-environment")
    assert secret("env:TOKEN_X") == "from-environment"
    assert secret(f"file:{tmp_path}/token") == "from-file"
    with pytest.raises(ConfigurationError, match="env:ABSENT"):
        secret("env:ABSENT")
