"""Versions of models: in the shadow, promoted, rolled back; and what is written meanwhile."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
import time_machine

from gateway.config import Source
from gateway.errors import UsageError
from gateway.flow import assessing, intake, models
from gateway.flow.reading import received
from gateway.store import registry, sources
from gateway.store.engine import reading, writing
from gateway.store.tables import assessment, outbox, shadow_score
from scoring import cards
from tests.gateway.flow.people import person

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gateway.store.registry import Action
    from gateway.store.sources import Known

FOLDER = Path(cards.__file__).parent / "cards"


@pytest.fixture(autouse=True)
def _today() -> Iterator[None]:
    with time_machine.travel("2026-11-25T12:00:00+00:00", tick=False):
        yield


@pytest.fixture
def source(store: sa.Engine) -> Known:
    settings = Source("fi", "http://fi.example/fhir", "FI", write_back="put", cards=("score2",))
    with writing(store) as connection:
        sources.keep(connection, settings)
        found = sources.named(connection, "fi")
        assert found is not None
        sent = [received(one, json.dumps(one).encode()) for one in person()]
        intake.keep(connection, found, [one for one in sent if one])
    return found


@pytest.fixture
def variant(tmp_path: Path) -> Callable[[str], Path]:
    """Give a card file that is SCORE2 in another version, twice as sensitive to pressure."""

    def of(version: str, name: str = "score2") -> Path:
        text = (FOLDER / "score2.toml").read_text()
        shipped = cards.card("score2").version
        changed = text.replace(f'version = "{shipped}"', f'version = "{version}"', 1)
        changed = changed.replace('id = "score2"', f'id = "{name}"', 1)
        changed = changed.partition("[[examples]]")[0]
        path = tmp_path / f"{name}-{version}.toml"
        path.write_text(changed)
        return path

    return of


def decided(store: sa.Engine, version: str, action: Action) -> None:
    with writing(store) as connection:
        models.decide(connection, "score2", version, action, by="anna", reason="trial")


def registered(store: sa.Engine, path: Path) -> None:
    with writing(store) as connection:
        registry.register(connection, models.read(path), by="anna")


def standing(store: sa.Engine) -> list[tuple[str, str]]:
    table = assessment
    with reading(store) as connection:
        rows = connection.execute(
            sa.select(table.c.card, table.c.card_version).where(table.c.replaced_by.is_(None))
        )
        return [(card, version) for card, version in rows]


def due(store: sa.Engine) -> int:
    with reading(store) as connection:
        asked = sa.select(sa.func.count()).where(outbox.c.kind == "RiskAssessment")
        return int(connection.scalar(asked) or 0)


def test_a_shadow_is_scored_kept_and_not_written(
    store: sa.Engine, source: Known, variant: Callable[[str], Path]
) -> None:
    registered(store, variant("x"))
    assessing.assess_due(store, source)
    before = due(store)
    decided(store, "x", "shadow")
    assessing.assess_due(store, source)
    assert due(store) == before == 1
    assert standing(store) == [("score2", cards.card("score2").version)]
    with reading(store) as connection:
        found = registry.compare(connection, "score2", "x")
    assert (found.patients, found.both, found.same_category) == (1, 1, 1)
    assert found.largest_difference == 0.0


def test_who_is_promoted_takes_the_place_and_can_be_rolled_back(
    store: sa.Engine, source: Known, variant: Callable[[str], Path]
) -> None:
    shipped = cards.card("score2").version
    assessing.assess_due(store, source)
    registered(store, variant("x"))
    decided(store, "x", "promote")
    assessing.assess_due(store, source)
    assert standing(store) == [("score2", "x")]
    assert due(store) == 2
    decided(store, "", "roll-back")
    assessing.assess_due(store, source)
    assert standing(store) == [("score2", shipped)]
    with reading(store) as connection:
        told = [(one.action, one.version, one.by) for one in registry.events(connection)]
    assert told == [
        ("register", "x", "anna"),
        ("promote", "x", "anna"),
        ("roll-back", "x", "anna"),
    ]


@pytest.mark.usefixtures("source")
def test_a_card_of_the_site_is_used_when_it_is_asked_for(
    store: sa.Engine, variant: Callable[..., Path]
) -> None:
    registered(store, variant("1", "local_risk"))
    with writing(store) as connection:
        models.decide(connection, "local_risk", "1", "promote", by="anna", reason="")
        sources.keep(
            connection, Source("fi", "http://fi.example/fhir", "FI", cards=("local_risk",))
        )
        found = sources.named(connection, "fi")
    assert found is not None
    assessing.assess_due(store, found)
    assert standing(store) == [("local_risk", "1")]


def test_what_cannot_be_decided_is_told(
    store: sa.Engine, variant: Callable[[str], Path], tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="nothing to roll back"):
        decided(store, "", "roll-back")
    with pytest.raises(UsageError, match="no registered version x"):
        decided(store, "x", "promote")
    path = variant("x")
    registered(store, path)
    registered(store, path)
    decided(store, "x", "promote")
    with pytest.raises(UsageError, match="in use already"):
        decided(store, "x", "promote")
    path.write_text(path.read_text() + "\n# another content\n")
    with pytest.raises(UsageError, match="of other content"):
        registered(store, path)
    with pytest.raises(UsageError, match="is shipped"):
        models.read(FOLDER / "score2.toml")
    (tmp_path / "none.toml").write_text("id = 3")
    with pytest.raises(UsageError, match=r"none\.toml"):
        models.read(tmp_path / "none.toml")


def test_a_retired_shadow_is_scored_no_more(
    store: sa.Engine, source: Known, variant: Callable[[str], Path]
) -> None:
    registered(store, variant("x"))
    decided(store, "x", "shadow")
    decided(store, "x", "retire")
    assessing.assess_due(store, source)
    with reading(store) as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(shadow_score)) == 0
        assert models.in_use(connection).shadows == {}
