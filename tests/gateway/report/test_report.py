from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec
import pytest

from scoring.appraisal import Appraisal, appraise
from scoring.evidence import gather
from tests.scoring.angina import lines, plain_card

if TYPE_CHECKING:
    from scoring.cards import Card

pytest.importorskip("matplotlib")

from gateway.report import made


def appraisal(card: Card) -> Appraisal:
    files = {
        "processed.switzerland.data": lines(120, 1, shift=1.5).encode(),
        "processed.hungarian.data": lines(120, 2).encode(),
    }
    return appraise(gather(card, files))


@pytest.fixture(scope="module")
def found() -> Appraisal:
    return appraisal(plain_card())


@pytest.fixture(scope="module")
def small() -> Appraisal:
    return appraise(gather(plain_card(), {"x.data": lines(60, 3).encode()}), ["sex"])


@pytest.fixture(scope="module")
def page(found: Appraisal) -> str:
    return made(found, "html").decode()


def test_the_page_needs_nothing_else(page: str) -> None:
    assert "<script" not in page
    assert not re.findall(r'(?:src|href)="(?!#)', page)
    assert not re.findall(r"url\((?!#)", page)
    for said in ("Reliability by country", "Decision curve", "Odds ratios", "Data sheet", "CC BY"):
        assert said in page


def test_the_drawings_are_well_formed_and_keep_to_themselves(page: str) -> None:
    drawings = re.findall(r"<svg.*?</svg>", page, flags=re.DOTALL)
    assert len(drawings) == 5
    for drawing in drawings:
        assert ET.fromstring(drawing).get("role") == "img"
    names = re.findall(r'\bid="([^"]+)"', page)
    assert len(names) == len(set(names))
    assert "#1a2126" not in re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)


def test_texts_of_a_card_are_no_markup(small: Appraisal) -> None:
    card = msgspec.structs.replace(plain_card(), title="<b>x</b>", setting="$\\frac{1}$ & <i>")
    text = made(replace(small, evidence=replace(small.evidence, card=card)), "html")
    assert b"<b>x</b>" not in text
    assert b"<i>" not in text


def test_the_same_rows_give_the_same_page(found: Appraisal, page: str) -> None:
    assert made(found, "html").decode() == page


def test_the_same_rows_give_the_same_document(small: Appraisal) -> None:
    text = made(small, "pdf")
    assert text.startswith(b"%PDF")
    assert text.count(b"/Type /Page ") >= 6
    assert b"Date" not in text
    assert made(small, "pdf") == text


def test_a_group_without_the_outcome_is_drawn() -> None:
    well = "".join(line[:-1] + "0\n" for line in lines(60, 3).splitlines())
    files = {
        "processed.switzerland.data": well.encode(),
        "processed.hungarian.data": lines(40, 4).encode(),
    }
    text = made(appraise(gather(plain_card(), files)), "html").decode()
    assert "CH" in text
