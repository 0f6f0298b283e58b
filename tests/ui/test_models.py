"""The page of models: what is in use, what is tried, and decisions made there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gateway.flow import models
from gateway.store import federation, registry
from gateway.store.engine import open_store, reading, writing
from gateway.store.registry import Shadowed
from scoring import cards
from tests.ui.conftest import console

if TYPE_CHECKING:
    from collections.abc import Iterator

    import sqlalchemy as sa
    from flask.testing import FlaskClient

    from gateway.store.registry import Event

HEART = Path(cards.__file__).parent / "cards" / "heart_core10.toml"
ORIGIN = {"Origin": "http://localhost"}
MARK = "<b>trial</b>"


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[sa.Engine]:
    """A store with one version in the shadow, which has scored three patients."""
    text = HEART.read_text()
    version = f'version = "{cards.card("heart_core10").version}"'
    card = tmp_path / "heart.toml"
    card.write_text(text.replace(version, 'version = "2024-b"', 1))
    opened = open_store(f"sqlite:///{tmp_path}/store.db", durable=False)
    with writing(opened) as connection:
        registry.register(connection, models.read(card), by="anna", reason=MARK)
        models.decide(connection, "heart_core10", "2024-b", "shadow", by="anna", reason="")
        rows = [
            Shadowed(str(n), "heart_core10", "2024-b", "fi", True, 0.2, None, "1", n > 0, 0.3, None)
            for n in range(3)
        ]
        registry.keep_shadows(connection, ["0", "1", "2"], rows)
        what = {"numbers": 171, "masked_with": ["budapest", MARK]}
        sums = federation.Message(
            "heart", "r1", 3, "newton", "127.0.0.1", "q", what, b"x" * 1200, created_at=1
        )
        federation.keep(connection, sums)
    yield opened
    opened.dispose()


@pytest.fixture
def client(engine: sa.Engine) -> FlaskClient:
    return console(engine).test_client()


def told(engine: sa.Engine) -> list[Event]:
    with reading(engine) as connection:
        return registry.events(connection)


def test_the_page_says_what_is_in_use_and_what_is_tried(client: FlaskClient) -> None:
    html = client.get("/models").text
    assert cards.card("score2").title in html
    assert "2 of 3 patients assessed by both" in html
    assert "values differ by 0.1 on average" in html
    assert "Take out of shadow" in html
    assert "What left for joint training" in html
    assert "1\u202f200" in html
    assert MARK not in html
    assert "&lt;b&gt;trial" in html


def test_an_empty_store_says_how_to_begin(tmp_path: Path) -> None:
    opened = open_store(f"sqlite:///{tmp_path}/bare.db", durable=False)
    html = console(opened).test_client().get("/models").text
    opened.dispose()
    assert "riskbridge model registry add FILE" in html


def test_a_decision_is_noted_and_can_be_taken_back(client: FlaskClient, engine: sa.Engine) -> None:
    at = "/models/heart_core10/2024-b"
    for action in ("promote", "roll-back"):
        answer = client.post(f"{at}/{action}", data={"reason": "enough seen"}, headers=ORIGIN)
        assert (answer.status_code, answer.location) == (303, "/models")
    assert [(one.action, one.by, one.reason) for one in told(engine)[2:]] == [
        ("promote", "console", "enough seen"),
        ("roll-back", "console", "enough seen"),
    ]
    assert client.get("/models").text.count("Roll back") == 0


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("heart_core10/2024-b/roll-back", 409),
        ("heart_core10/nothing/promote", 409),
        ("heart_core10/2024-b/delete", 404),
    ],
)
def test_what_cannot_be_decided_is_refused(
    client: FlaskClient, engine: sa.Engine, path: str, status: int
) -> None:
    before = told(engine)
    assert client.post(f"/models/{path}", headers=ORIGIN).status_code == status
    assert told(engine) == before


def test_another_site_decides_nothing(client: FlaskClient, engine: sa.Engine) -> None:
    before = told(engine)
    elsewhere = {"Origin": "http://elsewhere.example"}
    answer = client.post("/models/heart_core10/2024-b/promote", headers=elsewhere)
    assert answer.status_code == 403
    assert told(engine) == before
