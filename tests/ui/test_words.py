"""The catalogue has every text that is used, and none that is not."""

from __future__ import annotations

import doctest
import importlib
import re
from pathlib import Path

import pytest

import gateway.web
from gateway.web.words import catalogue, say
from mappers.countries import load as countries
from scoring.cards import load as cards

HERE = Path(gateway.web.__file__).parent
SOURCES = [*HERE.glob("ui*.py"), HERE / "charts.py", *HERE.glob("templates/*.html")]
FAMILIES = (
    "answer", "category", "concept", "country", "dimension", "flag", "horizon", "level", "problem",
    "property", "relation", "scale", "sex", "status", "unit", "who",
)  # fmt: skip
"""Sections asked for by a machine word."""

USED = re.compile(r"""f?["']([a-z]+\.[a-z_{}.0-9]*)["']( ~)?""")


def used() -> tuple[set[str], set[str]]:
    """Return the keys that the sources name, and the beginnings of those they put together."""
    sections = {key.partition(".")[0] for key in catalogue()}
    whole, begun = set(), set()
    for path in SOURCES:
        for key, more in USED.findall(path.read_text()):
            if key.partition(".")[0] in sections and not key.endswith((".html", ".toml", ".csv")):
                (begun if more or "{" in key else whole).add(key.partition("{")[0])
    return whole, begun


def keys() -> set[str]:
    """Return the keys of the catalogue, forms of one text as one."""
    return {re.sub(r"\.(one|other)$", "", key) for key in catalogue()}


def test_every_text_that_is_used_is_there() -> None:
    whole, begun = used()
    assert whole - keys() == set()
    assert [start for start in begun if not any(key.startswith(start) for key in keys())] == []


def test_every_text_that_is_there_is_used() -> None:
    whole, begun = used()
    unused = [
        key
        for key in sorted(keys() - whole)
        if key.partition(".")[0] not in FAMILIES
        and not any(key.startswith(start) for start in begun)
    ]
    assert unused == []


def test_every_country_has_a_name() -> None:
    named = {key.removeprefix("country.") for key in catalogue() if key.startswith("country.")}
    states = {code for code in countries() if len(code) == 2} - {"EU"}
    assert states - named == set()


def test_every_band_of_every_card_has_words_or_reads_well() -> None:
    labels = {name for card in cards().values() for bands in card.bands for name, _ in bands.bands}
    told = {name for name in labels if f"category.{name}" in catalogue()}
    assert [name for name in labels - told if "_" in name] == []


def test_forms_follow_the_number() -> None:
    assert say("patients.found", n=1) == "1 patient"
    assert say("patients.found", n=1200) == "1\u202f200 patients"


@pytest.mark.parametrize(
    "name",
    [
        "words",
        "charts",
        "ui_text",
        "ui_scores",
        "ui_findings",
        "ui_patient",
        "ui_codes_units",
        "ui_whatif",
    ],
)
def test_examples_in_docstrings_hold(name: str) -> None:
    assert doctest.testmod(importlib.import_module(f"gateway.web.{name}")).failed == 0
