"""Migrations lead to the tables as the code has them, whoever starts first."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from gateway.errors import ConfigurationError
from gateway.store.engine import open_store
from gateway.store.migrations import configuration, present, upgrade
from gateway.store.tables import REVISION, metadata

if TYPE_CHECKING:
    from pathlib import Path


def test_they_lead_to_the_tables_of_the_code(store: sa.Engine) -> None:
    with store.connect() as conn:
        context = MigrationContext.configure(conn, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_the_code_names_the_newest() -> None:
    assert ScriptDirectory.from_config(configuration()).get_current_head() == REVISION


def test_a_store_that_is_up_to_date_is_left_alone(store: sa.Engine) -> None:
    assert present(store) == REVISION
    assert upgrade(store) is False


def test_services_that_start_together_migrate_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/new.db"
    engines: list[sa.Engine] = []
    threads = [threading.Thread(target=lambda: engines.append(open_store(url))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [present(engine) for engine in engines] == [REVISION] * 3


def test_they_can_be_taken_back(tmp_path: Path) -> None:
    from alembic import command

    engine = open_store(f"sqlite:///{tmp_path}/new.db")
    settings = configuration()
    with engine.connect().execution_options(writing=True) as conn, conn.begin():
        settings.attributes["connection"] = conn
        command.downgrade(settings, "base")
    with engine.connect() as conn:
        assert sa.inspect(conn).get_table_names() == ["alembic_version"]


UNUSABLE = {
    "no URL": "nonsense",
    "no such folder": "sqlite:////no/such/folder/store.db",
    "nobody listens": "postgresql+psycopg://me:geheim@127.0.0.1:1/x",
    "no such driver": "oracle://x",
}


@pytest.mark.parametrize("url", UNUSABLE.values(), ids=UNUSABLE)
def test_a_store_that_cannot_be_is_told_in_one_line(url: str) -> None:
    with pytest.raises(ConfigurationError) as told:
        open_store(url)
    assert "\n" not in told.value.text
    assert "geheim" not in told.value.text


def test_what_is_no_store_is_told(tmp_path: Path) -> None:
    place = tmp_path / "store.db"
    place.write_bytes(b"this is no database, not at all" * 100)
    with pytest.raises(ConfigurationError, match="not a database"):
        open_store(f"sqlite:///{place}")
