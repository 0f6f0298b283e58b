"""What the pages say, asked for without a browser."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from gateway.store.engine import open_store, reading
from gateway.store.tables import assessment, finding, job, refusal, resource
from gateway.web import ui_findings, ui_guard
from tests.ui.conftest import console
from tests.ui.others import HOSTILE
from tests.ui.seed import LONG, SOURCES

if TYPE_CHECKING:
    from pathlib import Path

    from flask.testing import FlaskClient

PAGES = (
    "/",
    "/patients",
    "/patients/fi-north.p1",
    "/findings",
    "/patients/nobody",
    "/findings.csv",
    "/codes",
    "/codes?q=hba1c&value=48&from=mmol/mol&to=%25&feature=hba1c",
    "/countries/FI",
    "/models",
)
ORIGIN = {"Origin": "http://localhost"}


def page(client: FlaskClient, path: str) -> str:
    """Return a page's HTML."""
    answer = client.get(path)
    assert answer.status_code == 200, answer.status
    return answer.text


class Tags(HTMLParser):
    """Collects the elements of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))


def tags(html: str) -> list[tuple[str, dict[str, str]]]:
    """Return the elements of a page with their attributes."""
    parser = Tags()
    parser.feed(html)
    return parser.found


def words(html: str) -> str:
    """Return a page's text, white space made single."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def gids(html: str) -> list[str]:
    """Return the patients that a list links to, in its order."""
    return re.findall(r'<th scope="row"><a href="/patients/([^"]+)"', html)


@pytest.mark.parametrize("path", PAGES)
def test_every_answer_has_all_headers_and_nothing_inline(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    for name, value in ui_guard.HEADERS.items():
        assert answer.headers[name] == value
    assert answer.headers["Cache-Control"] == "no-store"
    for tag, given in tags(answer.text):
        assert tag != "style"
        assert tag != "script" or given["src"].startswith("/assets/")
        assert not [name for name in given if name == "style" or name.startswith("on")]
        for name in ("src", "href", "action"):
            place = (given.get(name) or "").partition("?")[0]
            away = tag == "a" and place.startswith("https://") and "noopener" in given["rel"]
            assert "//" not in place or away


def test_assets_are_kept_by_their_content_and_are_small(client: FlaskClient) -> None:
    links = re.findall(r'"(/assets/[^"]+)"', page(client, "/"))
    assert len(links) == 3
    for link in links:
        with client.get(unescape(link)) as answer:
            assert "immutable" in answer.headers["Cache-Control"]
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert len(answer.data) < 20_000


def test_the_overview_counts_as_the_store_does(client: FlaskClient, store: sa.Engine) -> None:
    html = page(client, "/")
    with reading(store) as connection:
        rows = connection.execute(
            sa.select(finding.c.source, sa.func.count()).group_by(finding.c.source)
        ).all()
        people = connection.scalar(
            sa.select(sa.func.count()).select_from(resource).where(resource.c.type == "Patient")
        )
    assert f"Totals patients {people}" in words(html)
    for name, count in rows:
        assert f'href="/findings?source={name or "-"}">{count}</a>' in html


def test_the_overview_says_what_needs_a_person_and_since_when(client: FlaskClient) -> None:
    text = words(page(client, "/"))
    assert "jp-kanto does not answer. last answered 2026-05-04 10:00 UTC 2 hours ago" in text
    assert "gb-west was last pulled more than a day ago." in text
    assert "us-east has never been pulled." in text
    assert "1 job has failed for good." in text


def test_charts_have_a_title_a_description_and_a_table(client: FlaskClient) -> None:
    for path in ("/", "/findings", "/patients/fi-north.p21"):
        html = page(client, path)
        charts = re.findall(r'<svg role="img" aria-labelledby="(\S+) (\S+)"', html)
        assert charts, path
        for title, desc in charts:
            assert re.search(rf'<title id="{title}">[^<]+</title><desc id="{desc}">[^<]+', html)
        assert "<table" in html


@pytest.mark.parametrize("path", ["/", "/patients", "/findings"])
def test_empty_pages_say_what_to_do(empty: FlaskClient, path: str) -> None:
    html = page(empty, path)
    assert 'class="sheet blank"' in html
    assert "<svg role" not in html


def test_patients_show_number_word_and_shape_or_why_there_is_none(client: FlaskClient) -> None:
    html = page(client, "/patients")
    assert re.search(r"<strong>[\d.]+\u202f%</strong> <span class=\"mark\"><svg", html)
    text = words(html)
    assert "No score SCORE2: too young for this score" in text
    assert "No score SCORE2: values missing ( Total cholesterol, HDL cholesterol )" in text
    assert "Not looked at yet" in text


def test_names_from_outside_are_text_and_isolated(client: FlaskClient) -> None:
    html = page(client, "/patients") + page(client, "/patients?page=2")
    assert HOSTILE not in html
    assert "<bdi>&lt;script&gt;alert" in html
    assert "<bdi>عينة الاختبار</bdi>" in html
    assert "\u0007" not in html
    assert f'<bdi title="Long {LONG}' in html


def test_a_long_name_is_cut_with_the_whole_at_hand(client: FlaskClient) -> None:
    html = page(client, "/patients/gb-west.p2")
    assert f"<bdi>Long {LONG}</bdi></details>" in html


FILTERS = {
    "source": ("source=fi-north", lambda gid: gid.startswith("fi-north.")),
    "received directly": ("source=-", lambda gid: "." not in gid),
    "country": ("country=JP", lambda gid: gid.startswith("jp-kanto.")),
    "identifier": ("q=MRN-000021", lambda gid: gid == "fi-north.p21"),
    "identifier in small letters": ("q=mrn-000021", lambda gid: gid == "fi-north.p21"),
    "beginning of a name": ("q=WOLFE", lambda gid: gid == "gb-west.p2"),
    "two names in any order": ("q=long+wolfe", lambda gid: gid == "gb-west.p2"),
    "other script": ("q=בדיקה", lambda gid: gid == "fi-north.p1"),
    "id": ("q=gb-west.p12", lambda gid: gid == "gb-west.p12"),
}


@pytest.mark.parametrize(("query", "fits"), FILTERS.values(), ids=FILTERS.keys())
def test_filters_and_search_narrow_the_list(client: FlaskClient, query: str, fits: object) -> None:
    found = gids(page(client, f"/patients?{query}"))
    assert found
    assert all(fits(gid) for gid in found)  # type: ignore[operator]


def test_a_card_brings_its_highest_results_first(client: FlaskClient, store: sa.Engine) -> None:
    html = page(client, "/patients?card=score2&category=high")
    with reading(store) as connection:
        wanted = connection.scalars(
            sa.select(assessment.c.patient)
            .where(
                assessment.c.card == "score2",
                assessment.c.category == "high",
                assessment.c.replaced_by.is_(None),
            )
            .order_by(assessment.c.ranking.desc())
        ).all()
    assert gids(html) == list(wanted)


def test_points_rank_too(client: FlaskClient) -> None:
    html = page(client, "/patients?card=news2")
    points = [int(number) for number in re.findall(r"<strong>(\d+) points?</strong>", html)]
    assert len(points) > 5
    assert points == sorted(points, reverse=True)


def test_a_reason_lists_those_who_have_no_score_for_it(
    client: FlaskClient, store: sa.Engine
) -> None:
    with reading(store) as connection:
        wanted = connection.scalars(
            sa.select(refusal.c.patient).where(refusal.c.reason == "missing_input")
        ).all()
    assert sorted(gids(page(client, "/patients?reason=missing_input"))) == sorted(wanted)


def test_pages_together_hold_every_patient_once(client: FlaskClient) -> None:
    first, second = (gids(page(client, f"/patients?page={number}")) for number in (1, 2))
    assert (len(first), len(second)) == (50, 10)
    assert not set(first) & set(second)


ODD_QUERIES = (
    "page=0", "page=-1", "page=x", "page=999999999999999999999", f"page={'9' * 5000}",
    "page=2&source=nowhere", "q=%00", "q=%F0%9F%98%80", "q=%25_%27%22%3B--", f"q={'a ' * 500}",
    "card=%3Cscript%3E", "source=%ff", "category=&reason=", "unknown=1",
)  # fmt: skip


@pytest.mark.parametrize("query", ODD_QUERIES)
@pytest.mark.parametrize(
    "path", ["/patients", "/findings", "/findings.csv", "/patients/fi-north.p1"]
)
def test_odd_queries_are_answered(client: FlaskClient, path: str, query: str) -> None:
    answer = client.get(f"{path}?{query}")
    assert answer.status_code == 200
    assert "<script>" not in answer.text


def test_a_patient_has_values_with_original_date_and_origin(client: FlaskClient) -> None:
    html = page(client, "/patients/fi-north.p21")
    text = words(html)
    assert re.search(r"Total cholesterol [^A-Z]*1 earlier value", text)
    assert re.search(r"<bdi>\d+\.\d mg/dL</bdi>", html)
    assert "2026-04-04 12:00 UTC 30 days ago" in text
    assert 'href="/fhir/Observation/fi-north.p21-total_cholesterol-30"' in html
    assert 'href="/fhir/Patient/fi-north.p21"' in html


def test_a_score_has_horizon_citation_assumptions_and_history(client: FlaskClient) -> None:
    text = words(page(client, "/patients/fi-north.p21"))
    assert "10-year risk of cardiovascular events" in text
    assert "doi:10.1093/eurheartj/ehab309" in text
    assert "diabetes: not given, taken as no" in text
    assert "Missing inputs All inputs were there." in text
    assert "An estimate from people like this one" in text
    assert re.search(r"History of assessments .* replaced", text)


def test_a_patient_without_a_score_says_what_it_would_need(client: FlaskClient) -> None:
    text = words(page(client, "/patients/gb-west.p47"))
    assert "No score for this patient" in text
    assert re.search(r"SCORE2 values missing [^.]*\. Total cholesterol, HDL cholesterol", text)


def test_a_patient_not_looked_at_says_so(client: FlaskClient) -> None:
    assert "the assessment waits for its turn" in page(client, "/patients/nl-zuid.p9")


def test_findings_are_counted_by_country_and_reason(client: FlaskClient, store: sa.Engine) -> None:
    with reading(store) as connection:
        rows = connection.execute(
            sa.select(finding.c.reason, sa.func.count())
            .where(finding.c.source == "fi-north")
            .group_by(finding.c.reason)
        ).all()
    html = page(client, "/findings")
    for reason, count in rows:
        assert f'href="/findings?country=FI&amp;reason={reason}">{count}</a>' in html


@pytest.mark.parametrize("name", [*SOURCES, "-"])
def test_findings_of_a_source_are_those_of_its_country(
    client: FlaskClient, store: sa.Engine, name: str
) -> None:
    with reading(store) as connection:
        count = connection.scalar(
            sa.select(sa.func.count()).where(finding.c.source == ("" if name == "-" else name))
        )
    text = words(page(client, f"/findings?source={name}"))
    assert (f"{count} finding" in text) if count else ("No finding fits" in text)


def test_examples_of_a_group_are_as_many_as_it_counts(client: FlaskClient) -> None:
    html = page(client, "/findings")
    counts = re.findall(r'data-label="Count">(\d+)<', html)
    links = re.findall(r'href="([^"]+)#examples"', html)
    for count, link in list(zip(counts, links, strict=True))[:5]:
        assert re.search(rf">{count} findings?<", page(client, unescape(link)))


def test_the_download_has_every_group_and_no_formula(client: FlaskClient) -> None:
    lines = client.get("/findings.csv").text.splitlines()
    assert lines[0] == ",".join([*ui_findings.COLUMNS, "count"])
    assert sum(int(line.rsplit(",", 1)[1]) for line in lines[1:]) == 55


def test_posts_from_elsewhere_are_refused(client: FlaskClient) -> None:
    for headers in (
        {},
        {"Origin": "http://evil.example"},
        {**ORIGIN, "Sec-Fetch-Site": "cross-site"},
    ):
        answer = client.post("/sources/fi-north/pull", headers=headers)
        assert answer.status_code == 403
        assert "did not come from a page of this console" in answer.text


@pytest.mark.parametrize("kind", ["pull", "probe"])
def test_acts_are_queued_once_and_told(client: FlaskClient, store: sa.Engine, kind: str) -> None:
    for _ in range(2):
        answer = client.post(f"/sources/fi-north/{kind}", headers=ORIGIN)
        assert answer.status_code == 303
    assert f"A {kind} " in words(page(client, answer.headers["Location"]))
    with reading(store) as connection:
        queued = sa.select(sa.func.count()).where(job.c.kind == kind, job.c.key == "fi-north")
        assert connection.scalar(queued) == 1


def test_acts_on_what_is_not_there_are_not_found(client: FlaskClient) -> None:
    assert client.post("/sources/nowhere/pull", headers=ORIGIN).status_code == 404
    assert client.post("/patients/nobody/assess", headers=ORIGIN).status_code == 404
    assert client.get("/sources/fi-north/pull").status_code == 405


def test_a_store_that_fails_is_told_as_a_page_without_data(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    engine = open_store(f"sqlite:///{tmp_path}/broken.db", durable=False)
    with engine.begin() as connection:
        connection.execute(sa.text("DROP TABLE search_value"))
    answer = console(engine).test_client().get("/patients?q=secretname")
    assert answer.status_code == 503
    assert "The store does not answer" in answer.text
    assert "2026-05-04 12:00 UTC" in answer.text
    assert "secretname" not in answer.text + "".join(capsys.readouterr())


def test_a_fault_of_ours_is_told_as_a_page_without_data(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("gateway.web.ui_patient.features", lambda _: {}["Secret Name"])
    answer = client.get("/patients/fi-north.p21")
    assert answer.status_code == 500
    assert "Something failed on our side" in answer.text
    assert "Secret" not in answer.text + "".join(capsys.readouterr())
