"""The sentences of every language: the same ones as in English, with the same places."""

from __future__ import annotations

from typing import Any

import pytest

from mappers import languages
from mappers.languages import Voice, differences, read, voice


@pytest.mark.parametrize("language", languages.known())
def test_every_language_says_what_english_says(language: str) -> None:
    found = voice(language)
    assert found.language == language
    assert found.sentences.keys() == voice("en").sentences.keys()
    assert all(text.strip() for text in (*found.sentences.values(), *found.units.values()))
    assert language == "en" or found.say("caution") != voice("en").say("caution")


def test_there_are_these_languages_at_least() -> None:
    assert {"en", "de", "fr", "es", "ja", "zh"} <= set(languages.known())


def without(table: str, key: str) -> dict[str, Any]:
    document = read("en")
    del document[table][key]
    return document


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ({"decimal": ","}, "has decimal, not"),
        (without("sentences", "yes"), "sentences.yes is missing or unknown"),
        (without("units", "a"), "units.a is missing or unknown"),
        (read("en") | {"units": read("en")["units"] | {"h": "hours"}}, "units.h is missing"),
        (
            read("en") | {"sentences": read("en")["sentences"] | {"points": "{n} points"}},
            "sentences.points has other places to fill in",
        ),
    ],
)
def test_a_file_that_differs_is_told(document: dict[str, Any], told: str) -> None:
    assert [text for text in differences(document, read("en")) if text.startswith(told)]
    assert not list(differences(read("en"), read("en")))


@pytest.mark.parametrize(
    ("language", "value", "written"),
    [
        ("de", 5.25, "5,25"),
        ("en", 5.25, "5.25"),
        ("en", 1234567.0, "1.23457e+06"),
        ("fr", True, "oui"),
        ("ja", False, "なし"),
        ("de", "very_high", "very high"),
    ],
)
def test_values_are_written_as_the_language_does(
    language: str, value: float | bool | str, written: str
) -> None:
    assert voice(language).value(value) == written


@pytest.mark.parametrize(
    ("unit", "written"),
    [(None, ""), ("1", ""), ("{count}", ""), ("a", " Jahre"), ("mm[Hg]", " mmHg"), ("g/L", " g/L")],
)
def test_units(unit: str | None, written: str) -> None:
    found: Voice = voice("de")
    assert found.unit(unit) == written
