"""Findings say what to do, and lead to codes and countries."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING, Any

import pytest

from gateway.store.views.findings import Group
from gateway.web import ui_findings
from mappers import countries
from terminology import reasons
from tests.ui.test_pages import page, words

if TYPE_CHECKING:
    from flask.testing import FlaskClient

LOINC, SNOMED, NPU = "http://loinc.org", "http://snomed.info/sct", "http://npu-terminology.org"
NEAR = {
    "a misspelt unit": (
        ("unit-unknown", "glucose_fasting", LOINC, "1558-6", "mmol/litr"),
        "mmol/L",
    ),
    "another meaning": (("qualifier", "systolic_bp", SNOMED, "271649006", "mm[Hg]"), "8480-6"),
    "a code in other letters": (("status", None, NPU, "npu18016", None), "NPU18016"),
}


@pytest.mark.parametrize(("told", "near"), NEAR.values(), ids=NEAR)
def test_the_nearest_known_is_suggested(told: tuple[Any, ...], near: str) -> None:
    group = Group("fi-north", *told, 3)
    assert near in [text for _, text in ui_findings.suggestions(group)]


def test_findings_say_what_to_do_and_where_to_look(client: FlaskClient) -> None:
    html = page(client, "/findings?source=fi-north")
    text = words(html)
    for reason in ("unit-missing", "value-absent"):
        assert reasons.load()[reason].do in text
        assert reasons.load()[reason].why in text
    assert "Sender: Send the unit as a UCUM code" in text
    assert 'href="/codes?q=http://loinc.org%7C2085-9"' in html
    assert 'href="/countries/FI"' in html


def test_links_to_countries_and_codes_lead_somewhere(client: FlaskClient) -> None:
    html = page(client, "/findings")
    links = set(re.findall(r'href="(/(?:codes|countries)[^"]*)"', html))
    assert len(links) > 10
    for link in links:
        assert client.get(unescape(link)).status_code == 200
    assert client.get("/countries/XX").status_code == 404


@pytest.mark.parametrize("code", sorted(countries.load()))
def test_every_country_file_is_shown(client: FlaskClient, code: str) -> None:
    assert countries.load()[code].name in words(page(client, f"/countries/{code}"))
