"""Names and person numbers of invented people: no real person has either."""

from __future__ import annotations

import itertools
import string
from typing import TYPE_CHECKING

from gateway.sandbox.population import read
from mappers import identifiers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    import numpy as np

    from gateway.sandbox.dialects import Names
    from mappers.countries import Scheme

CHECK = string.digits + string.ascii_uppercase
CONSONANTS = "BCDFGLMNPRSTV"
MONTHS = "ABCDEHLMPRST"
"""Months of an Italian tax code."""
TRIES = 200


def name(names: Names, male: bool, rng: np.random.Generator) -> tuple[str, str, str, str]:
    """Return family and given name, and both in kana where the country writes them so (else '')."""
    parts = [int(rng.integers(len(choices))) for choices in names.family]
    prefix = names.prefix[int(rng.integers(len(names.prefix)))]
    given, kana = (names.male, names.male_kana) if male else (names.female, names.female_kana)
    place = int(rng.integers(len(given)))
    return (
        prefix + joined(names.family, parts, names.joiner),
        given[place],
        joined(names.family_kana, parts, "") if names.family_kana else "",
        kana[place] if kana else "",
    )


def joined(choices: tuple[tuple[str, ...], ...], parts: list[int], joiner: str) -> str:
    """Return one of each list of syllables, put together."""
    return joiner.join(list_[part] for list_, part in zip(choices, parts, strict=True))


def number(scheme: Scheme, birth: date, male: bool, rng: np.random.Generator) -> str | None:
    """Return a number of the scheme that is valid and fits birth date and sex, None without a form.

    Raises:
        ValueError: no number fits: the form in ``identifiers.toml`` is wrong.
    """
    forms = read("identifiers").get(scheme.scheme)
    if forms is None:
        return None
    form = forms["number"]
    if birth.year < 1954:
        form = forms.get("before_1954", form)
    for _ in range(TRIES):
        filled = form.format_map(fields(forms, birth, male, rng))
        for candidate in completed(filled):
            if fits(scheme, candidate, birth, male):
                return candidate
    raise ValueError(f"identifiers.toml: {scheme.scheme}: no valid number of the form {form}")


def fits(scheme: Scheme, candidate: str, birth: date, male: bool) -> bool:
    """Say whether the check digit is right and nothing the number implies is wrong."""
    if identifiers.validity(scheme, candidate) is False:
        return False
    told = identifiers.implied(scheme, candidate)
    return told is None or not told.differs("male" if male else "female", birth.isoformat())


def completed(form: str) -> Iterator[str]:
    """Yield the form with every choice of check characters, digits first."""
    gaps = form.count("?")
    for characters in itertools.product(CHECK if gaps == 1 else string.digits, repeat=gaps):
        filled = iter(characters)
        yield "".join(next(filled) if sign == "?" else sign for sign in form)


def fields(
    forms: dict[str, str | list[str]], birth: date, male: bool, rng: np.random.Generator
) -> Fields:
    """Return what the placeholders of a form stand for, drawn as they are asked for."""
    words = forms.get("century", [""])
    late = birth.year >= 2000
    place = 2 * late + (not male) if len(words) == 4 else int(late and len(words) > 1)
    fixed = {
        "dd": f"{birth.day:02}",
        "mm": f"{birth.month:02}",
        "yy": f"{birth.year % 100:02}",
        "yyyy": str(birth.year),
        "ddw": f"{birth.day + 40 * (not male):02}",
        "mmw": f"{birth.month + 50 * (not male):02}",
        "mm80": f"{birth.month + 80:02}",
        "mit": MONTHS[birth.month - 1],
        "sx": "1" if male else "2",
        "s": str(2 * int(rng.integers(5)) + male),
        "century": words[place],
    }
    return Fields(fixed, rng)


class Fields(dict[str, str]):
    """Fixed placeholders; every other one is drawn each time it is asked for."""

    def __init__(self, fixed: dict[str, str], rng: np.random.Generator) -> None:
        super().__init__(fixed)
        self.rng = rng

    def __missing__(self, key: str) -> str:
        if key[0] == "n":
            return "".join(str(digit) for digit in self.rng.integers(0, 10, int(key[1:])))
        letters = {"d": "123456789", "L": string.ascii_uppercase, "A": "ABCDEFGHJKLMNPQRSTUVWXYZ"}
        if key == "C":
            return "".join(CONSONANTS[i] for i in self.rng.integers(0, len(CONSONANTS), 3))
        return letters[key][int(self.rng.integers(len(letters[key])))]
