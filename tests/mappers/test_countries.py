"""Country files: every one sound, every mistake told with file and key."""

import pytest

from mappers import choice, countries, identifiers

SOUND = """
code = "XX"
name = "Nowhere"
"""
IDENTIFIER = """
[[identifier]]
scheme = "xx-id"
label = "x"
systems = ["http://a.example/id"]
"""
LOCAL = """
[[local_code]]
system = "http://a.example"
code = "1"
"""
WRONG = {
    "an unknown key": ('colour = "red"', "colour: Unknown field."),
    "no toml": ("= 3", ""),
    "an unknown key of an identifier": (
        IDENTIFIER + "pattern = 'x'\nchecks = 3",
        "identifier.0.checks: Unknown field.",
    ),
    "an unknown check": (
        IDENTIFIER + "pattern = 'x'\ncheck = 'magic'",
        "identifier.0.check: Must be one of:",
    ),
    "a broken pattern": (
        IDENTIFIER + "pattern = '('",
        "identifier.0.pattern: is no regular expression",
    ),
    "a bad unit": (
        '[writes.units]\ncreatinine = "parsec"',
        "writes.units.creatinine: parsec is no unit of it",
    ),
    "a unit of no feature": (
        '[writes.units]\nhappiness = "kg"',
        "writes.units.happiness: no such feature",
    ),
    "a code of no feature": (
        LOCAL + 'feature = "happiness"',
        "local_code.0.feature: no such feature: happiness",
    ),
    "a version of no FHIR": ('fhir_versions = ["R3"]', "fhir_versions.0: Must be one of"),
}


@pytest.mark.parametrize(("more", "told"), WRONG.values(), ids=WRONG)
def test_mistakes_name_file_and_key(more: str, told: str) -> None:
    with pytest.raises(ValueError, match=r"xx\.toml: ") as error:
        countries.parse("xx.toml", SOUND + more)
    assert str(error.value).startswith(f"xx.toml: {told}")


def test_a_sound_file() -> None:
    assert countries.parse("xx.toml", SOUND).name == "Nowhere"


OTHER = SOUND.replace("XX", "YY")
DOUBLE = {
    "code": SOUND,
    "identifier.systems": OTHER
    + IDENTIFIER.replace("xx-", "yy-").replace("http:", "https:").replace("/id", "/id/")
    + "pattern = 'x'",
    "local_code.code": OTHER + LOCAL + 'feature = "creatinine"',
}
FIRST = SOUND + IDENTIFIER + "pattern = 'x'" + LOCAL + 'feature = "body_weight"'


@pytest.mark.parametrize(("key", "text"), DOUBLE.items(), ids=DOUBLE)
def test_two_files_that_claim_one_thing(key: str, text: str) -> None:
    read = [("xx.toml", countries.parse("xx.toml", FIRST)), ("yy.toml", countries.parse("y", text))]
    with pytest.raises(ValueError, match=rf"yy\.toml: {key}: .* claimed by xx\.toml too"):
        countries.unclaimed(iter(read))


def test_a_new_country_needs_no_code(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {**countries.load(), "XX": countries.parse("xx.toml", FIRST)}
    with monkeypatch.context() as patch:
        patch.setattr(countries, "load", lambda: known)
        for table in (countries.schemes, countries.local_codes):
            table.cache_clear()
        choice.chosen.cache_clear()
        sent = {"coding": [{"system": "https://a.example/", "code": "1"}]}
        chosen = choice.chosen(choice.as_sent(sent))
        read = identifiers.read({"system": "http://a.example/id", "value": "x"})
    for table in (countries.schemes, countries.local_codes, choice.chosen):
        table.cache_clear()
    assert chosen is not None
    assert chosen.feature == "body_weight"
    assert read is not None
    assert read[2] == "XX"


def test_the_countries_that_are_needed_are_there() -> None:
    wanted = (
        "US GB AU DE AT CH NL BE FR IT ES SE NO DK FI CZ CA IN JP KR TW CN BR CL AR IL SA NZ ID"
    )
    assert {*wanted.split(), "SG", "ZA", "EU", "IPS", "PHD"} <= set(countries.load())


@pytest.mark.parametrize("code", countries.load())
def test_every_file_says_how_its_country_writes(code: str) -> None:
    country = countries.load()[code]
    assert country.writes.codes
    assert {"creatinine", "total_cholesterol", "hba1c"} <= set(country.writes.units)
    assert country.guides
