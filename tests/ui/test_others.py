"""RiskAssessments of others on a patient's page: as sent, never converted."""

from __future__ import annotations

import doctest
import re
from typing import TYPE_CHECKING

import pytest

from gateway.store.engine import reading
from gateway.web import ui_others
from tests.ui.others import HOSTILE
from tests.ui.test_pages import page, words

if TYPE_CHECKING:
    import sqlalchemy as sa
    from flask.testing import FlaskClient

UNSURE = "It is not known whether this is a percentage or a fraction."
PATIENT = "/patients/gb-west.p52"


@pytest.fixture
def section(client: FlaskClient) -> str:
    """Give the section of the page."""
    return page(client, PATIENT).split('id="others"')[1].split("</section>")[0]


TOLD = {
    "a number up to 1": f"Heart attack 0.12 {UNSURE}",
    "a number above 1": "Stroke 4.25 A percentage: it is too large for a fraction.",
    "a range in per cent": "Kidney failure low 2026 – 2031 1 % – 3 % Risk Q",
    "a range without a unit": f"Fall 0.1 – 0.2 {UNSURE}",
    "method, performer and source": "Risk Q Clinic West Show as FHIR 2026-04-02 09:30 +01:00",
    "no number": "no method named Show as FHIR no date",
    "more than fit": "5 more predictions in the FHIR view",
}


@pytest.mark.parametrize("told", TOLD.values(), ids=TOLD)
def test_it_is_shown_as_it_was_sent(section: str, told: str) -> None:
    assert told in words(section)


def test_nothing_is_converted(section: str) -> None:
    text = words(section)
    assert not re.search(r"12(\.0)? ?%|0\.0425|0\.01\b", text)


def test_hostile_texts_are_text(section: str) -> None:
    assert HOSTILE not in section
    assert "&lt;script&gt;" in section


def test_the_newest_comes_first(store: sa.Engine) -> None:
    with reading(store) as connection:
        dates = [one.date for one in ui_others.others(connection, "gb-west.p52")]
    assert dates == sorted(dates, reverse=True)
    assert dates[0].startswith("2026-04-02")


def test_a_patient_without_any_has_no_such_section(client: FlaskClient) -> None:
    assert 'id="others"' not in page(client, "/patients/fi-north.p21")


def test_examples_in_docstrings_hold() -> None:
    assert doctest.testmod(ui_others).failed == 0
