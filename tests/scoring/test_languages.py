"""Labels of the cards in every language: each there, none too many."""

from __future__ import annotations

import pytest

from scoring import languages
from scoring.cards import load
from scoring.languages import labels, labels_for, needed, problems

PUBLISHED = {name: card for name, card in load().items() if card.training is None}


@pytest.mark.parametrize("language", languages.known())
def test_every_label_of_every_published_card_is_there_and_no_other(language: str) -> None:
    found = list(problems(language))
    missing = {
        f"{language}.toml: {table}.{key} is missing"
        for table, keys in needed(PUBLISHED).items()
        for key in keys
    }
    assert [text for text in found if not text.endswith("is missing") or text in missing] == []


def test_there_are_these_languages_at_least() -> None:
    assert {"de", "fr", "es", "ja", "zh"} <= set(languages.known())


@pytest.mark.parametrize("language", languages.known())
def test_words_are_translated_and_whole(language: str) -> None:
    found = labels(language)
    assert found.inputs["systolic blood pressure"] != "systolic blood pressure"
    assert found.values["very_high"] != "very high"
    for text in (*found.inputs.values(), *found.outputs.values(), *found.values.values()):
        assert text == text.strip()
        assert "_" not in text


def test_what_is_missing_or_unknown_is_told() -> None:
    few = {"fib4": load()["fib4"]}
    told = list(problems("de", few))
    assert "de.toml: inputs.statin is unknown" in told
    assert not [text for text in told if text.endswith("missing")]


@pytest.mark.parametrize(
    ("tag", "language"),
    [
        ("de", "de"),
        ("de-AT", "de"),
        ("DE", "de"),
        ("zh-CN", "zh"),
        ("zh-Hans", "zh"),
        ("zh-TW", None),
        ("zh-Hant-HK", None),
        ("en", None),
        ("xx", None),
        ("", None),
        (None, None),
    ],
)
def test_the_file_of_a_tag(tag: str | None, language: str | None) -> None:
    found = labels_for(tag)
    assert (found.language if found else None) == language
