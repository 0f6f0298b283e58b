"""The population page tells of many and of nobody alone."""

from __future__ import annotations

import csv
import doctest
import io
import re
from statistics import quantiles
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from gateway.store.engine import reading
from gateway.store.tables import assessment
from gateway.store.views import population as view
from gateway.web import ui_bins, ui_population, ui_population_values
from gateway.web.ui_small_cells import small
from tests.ui.seed import NOW
from tests.ui.test_pages import page, words

if TYPE_CHECKING:
    from flask.testing import FlaskClient

GROUPS = ui_population.GROUPS


def rows(client: FlaskClient, query: str) -> list[dict[str, str]]:
    """Return the lines of the download."""
    answer = client.get(f"/population.csv?{query}")
    assert answer.status_code == 200
    assert 'filename="population.csv"' in answer.headers["Content-Disposition"]
    return list(csv.DictReader(io.StringIO(answer.text)))


@pytest.mark.parametrize("card", ["score2", "news2"])
@pytest.mark.parametrize("group", GROUPS)
def test_no_count_of_a_few_people_is_told(client: FlaskClient, card: str, group: str) -> None:
    told = [one for one in rows(client, f"card={card}&group={group}") if one["part"] != "share"]
    counts = [int(one["value"]) for one in told if re.fullmatch(r"\d+", one["value"])]
    assert len(counts) > 3
    assert [count for count in counts if small(count)] == []
    numbers = re.findall(r'<td class="n"[^>]*>(\d+)</td>', page(client, f"/population?card={card}"))
    assert [number for number in numbers if small(int(number))] == []


@pytest.mark.parametrize("group", GROUPS)
def test_what_is_told_is_what_is_kept(client: FlaskClient, store: sa.Engine, group: str) -> None:
    found = rows(client, f"card=score2&group={group}")
    whole = {one["measure"]: one["value"] for one in found if one["group"] == "Everybody"}
    with reading(store) as connection:
        values = connection.scalars(
            sa.select(assessment.c.ranking).where(
                assessment.c.card == "score2", assessment.c.replaced_by.is_(None)
            )
        ).all()
    assert int(whole["n"]) == len(values)
    median = quantiles(values, method="inclusive")[1]
    assert whole["median"] == f"{median * 100:.1f}\u202f%"
    of_groups = [one for one in found if one["part"] == "results" and one["group"] != "Everybody"]
    told = [int(o["value"]) for o in of_groups if o["measure"] == "n" and o["value"] != "withheld"]
    assert 0 < sum(told) <= len(values)


def test_the_page_and_the_download_withhold_the_same(client: FlaskClient) -> None:
    html = page(client, "/population?card=news2&group=age")
    cells = html.split("Patients by class of results</summary>")[1].split("</table>")[0]
    shown = re.findall(r'<td class="n"[^>]*>([^<]+)</td>', cells)
    found = rows(client, "card=news2&group=age")
    counts = [o for o in found if o["part"] == "results" and o["measure"] not in {"n", "median"}]
    given = [o["value"] for o in counts if "quartile" not in o["measure"]]
    assert sorted(shown) == sorted(given)
    assert "Counts of 1 to 4 people are withheld, and as many more" in words(html)


def test_quartiles_are_told_of_enough_people_only(client: FlaskClient) -> None:
    for card in ("score2", "news2"):
        for one in rows(client, f"card={card}&group=country"):
            if one["measure"] == "median":
                assert one["group"] in {"Everybody", "Finland", "Germany", "Japan"}
    medians = [o for o in rows(client, "card=news2&group=sex") if o["measure"] == "median"]
    assert medians == []


def test_missing_values_and_units_come_from_the_record(client: FlaskClient) -> None:
    text = words(page(client, "/population?card=score2&group=country"))
    assert "of the 60 newest patients of all sources" in text
    assert re.search(r"HDL cholesterol fi-north Finland mg/dL 100\.0 %", text)
    missing = rows(client, "card=news2&group=sex")
    lacking = {o["measure"]: o["value"] for o in missing if o["part"] == "share without a value"}
    assert lacking["Systolic blood pressure"] == "0.0"
    assert lacking["Respiratory rate"] == "1.0"


def test_reasons_are_counted(client: FlaskClient) -> None:
    text = words(page(client, "/population?card=score2"))
    assert "too young for this score Nothing; another score may apply. 6" in text


def test_an_empty_store_says_what_to_do(empty: FlaskClient) -> None:
    assert "No results yet" in words(page(empty, "/population"))
    assert empty.get("/population.csv").text.splitlines() == ["card,part,group,measure,value"]


ODD = ("card=nowhere", "group=secret", "card=%00&group=%ff", f"card={'x' * 5000}", "group=age&x=1")


@pytest.mark.parametrize("query", ODD)
def test_odd_questions_are_answered(client: FlaskClient, query: str) -> None:
    assert client.get(f"/population?{query}").status_code == 200
    assert client.get(f"/population.csv?{query}").status_code == 200


def test_ages_are_of_today(store: sa.Engine) -> None:
    with reading(store) as connection:
        of = ui_population.grouping(connection, "age", NOW)
        births = view.births(connection)
    for name, members in of.split(births.items()).items():
        low = int(re.match(r"\d+", name)[0])  # type: ignore[index]
        for birth in members:
            age = (NOW.timestamp() * 1000 - float(birth or 0)) / ui_population.YEAR_MS
            assert low <= age + 0.01


@pytest.mark.parametrize("module", [ui_bins, ui_population_values])
def test_examples_in_docstrings_hold(module: object) -> None:
    assert doctest.testmod(module).failed == 0  # type: ignore[arg-type]
