"""The same suite on SQLite and on PostgreSQL: `store` is an engine with empty tables."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
import sqlalchemy as sa

from gateway.store.engine import open_store, writing
from gateway.store.tables import metadata

if TYPE_CHECKING:
    from collections.abc import Iterator

WITH_POSTGRES = Path(__file__).resolve().parents[2] / "scripts" / "with-postgres"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """URL of a PostgreSQL server: the one given by scripts/with-postgres, else one of our own."""
    pytest.importorskip("psycopg", reason="needs the extra `postgres`, which is not installed")
    given = os.environ.get("DATABASE_URL")
    if given:
        yield given
        return
    command = [str(WITH_POSTGRES), "sh", "-c", 'echo "$DATABASE_URL"; read _ || true']
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        url = server.stdout.readline().strip()
        if not url:
            assert server.stderr is not None
            pytest.skip(server.stderr.read().strip() or "PostgreSQL could not be started")
        yield url
        server.communicate("\n")


@pytest.fixture(scope="session")
def postgres_url(postgres_server: str) -> Iterator[str]:
    """URL of a database of this process alone."""
    name = f"riskbridge_{uuid4().hex}"
    server = sa.create_engine(postgres_server, isolation_level="AUTOCOMMIT")
    with server.connect() as conn:
        conn.execute(sa.text(f"CREATE DATABASE {name}"))
    yield sa.make_url(postgres_server).set(database=name).render_as_string(hide_password=False)
    with server.connect() as conn:
        conn.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))
    server.dispose()


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite store with empty tables, to be copied: migrating takes longer."""
    place = tmp_path_factory.mktemp("store") / "empty.db"
    engine = open_store(f"sqlite:///{place}")
    with engine.connect() as conn:
        conn.exec_driver_sql("ROLLBACK")
        conn.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        conn.exec_driver_sql("BEGIN")
    engine.dispose()
    return place


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of a store."""
    if request.param == "postgres":
        given: str = request.getfixturevalue("postgres_url")
        return given
    place = tmp_path / "store.db"
    shutil.copyfile(request.getfixturevalue("empty"), place)
    return f"sqlite:///{place}"


@pytest.fixture
def store(url: str) -> Iterator[sa.Engine]:
    """A store with empty tables."""
    engine = open_store(url)
    yield engine
    if engine.dialect.name == "postgresql":
        names = ", ".join(table.name for table in metadata.sorted_tables)
        with writing(engine) as conn:
            conn.execute(sa.text(f"TRUNCATE {names} RESTART IDENTITY CASCADE"))
    engine.dispose()
