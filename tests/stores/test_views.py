"""The console's queries say the same on both databases, and run on their indexes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gateway.store.engine import reading
from gateway.store.views import COUNTED, Page
from gateway.store.views import findings as findings_view
from gateway.store.views import patients as patients_view
from gateway.store.views.overview import overview
from tests.ui.conftest import console
from tests.ui.seed import MS, seed

if TYPE_CHECKING:
    import sqlalchemy as sa
    from flask.testing import FlaskClient


@pytest.fixture
def filled(store: sa.Engine) -> sa.Engine:
    """Give a store with sixty patients."""
    seed(store)
    return store


@pytest.fixture
def client(filled: sa.Engine) -> FlaskClient:
    """Give a client of the console over it."""
    return console(filled).test_client()


def test_findings_of_a_country_are_those_of_its_sources_or_patients(filled: sa.Engine) -> None:
    with reading(filled) as connection:
        whole = findings_view.by_country(connection, findings_view.Wanted())
        for country, found in whole.items():
            wanted = findings_view.Wanted(country=country)
            assert findings_view.by_country(connection, wanted) == {country: found}
            groups = findings_view.groups(connection, wanted, None)
            assert sum(group.count for group in groups) == found.total()


PATHS = (
    "/", "/patients", "/patients?page=2", "/patients?q=wolfe", "/patients?q=x%00y",
    "/patients?card=score2", "/patients?card=news2&country=FI", "/patients?category=high",
    "/patients?reason=missing_input", "/patients?source=-", "/patients/fi-north.p21",
    "/findings", "/findings?country=FI", "/findings?country=SE", "/findings?country=%3F",
    "/findings?source=gb-west&reason=unit-missing&unit=-&code=2160-0", "/findings.csv",
    "/population?card=score2&group=country", "/population?card=score2&group=sex",
    "/population?card=score2&group=age", "/population.csv?card=score2", "/models",
)  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_every_page_is_answered(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 200


def test_lists_and_counts_are_those_of_the_rows(filled: sa.Engine) -> None:
    with reading(filled) as connection:
        seen = overview(connection, since=MS - 86_400_000, late=MS)
        counts = findings_view.by_country(connection, findings_view.Wanted())
        groups = findings_view.groups(connection, findings_view.Wanted(), None)
        scored = patients_view.patients(connection, patients_view.Wanted(card="score2"))
        choices = patients_view.choices(connection)
    assert [seen.total(name) for name in ("patients", "assessed", "refused", "pending")] == [
        60, 42, 12, 6,
    ]  # fmt: skip
    assert sum(found.total() for found in counts.values()) == 55
    assert sum(group.count for group in groups) == 55
    assert scored.total == 42
    assert choices.country == ("DE", "FI", "GB", "JP", "NL", "SE")
    assert choices.source[0] == ""


def test_longer_lists_than_one_counts_are_told_as_such() -> None:
    long = Page(rows=(1,), total=COUNTED + 1, number=3)
    assert (long.capped, long.shown_total, long.pages, long.first) == (True, COUNTED, 200, 101)


PLANS = {
    "newest": (patients_view.Wanted(), "resource_listed"),
    "of a source": (patients_view.Wanted(source="fi-north"), "resource_sourced"),
    "of a country": (patients_view.Wanted(country="FI"), "resource_placed"),
    "by result": (patients_view.Wanted(card="score2"), "assessment_ranked"),
    "by category": (patients_view.Wanted(category="high"), "assessment_category"),
    "by reason": (patients_view.Wanted(reason="missing_input"), "refusal_reason"),
    "by name": (patients_view.Wanted(q="wolfe"), "search_value_text"),
}


@pytest.mark.parametrize(("wanted", "index"), PLANS.values(), ids=PLANS.keys())
@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_lists_run_on_their_indexes(
    filled: sa.Engine, wanted: patients_view.Wanted, index: str
) -> None:
    """On SQLite alone: PostgreSQL reads as few rows as these without an index."""
    chosen, order = patients_view._chosen(wanted)
    text = chosen.order_by(*order).limit(50).compile(filled, compile_kwargs={"literal_binds": True})
    with reading(filled) as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}").all()
    told = " ".join(row[3] for row in plan)
    assert index in told
    assert "TEMP B-TREE" not in told
