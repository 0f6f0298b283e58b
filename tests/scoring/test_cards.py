from __future__ import annotations

import pickle
from typing import TYPE_CHECKING

import pytest

from scoring.cards import FOLDER, CardError, card, load, parse, read, region
from scoring.choose import policy

if TYPE_CHECKING:
    from pathlib import Path

SOUND = (FOLDER / "score2.toml").read_text(encoding="utf-8")


WRONG = {
    "a type that is none": ('type = "number"', 'type = "numbr"', "inputs.age"),
    "unknown key of an input": ("guard = [30, 350]", "gaurd = [30, 350]", "inputs.sbp_mmhg"),
    "its name": ("guard = [30, 350]", "gaurd = [30, 350]", "gaurd"),
    "limits swapped": ("guard = [30, 350]", "guard = [350, 30]", "inputs.sbp_mmhg"),
    "a number where a formula is": ("\n[terms]", "\nsurprise = 1\n[terms]", "derived.surprise"),
    "unknown key of the card": ('id = "score2"', 'identity = "score2"', "identity"),
    "a coefficient without a term": ("age = 0.3742", "aeg = 0.3742", "aeg"),
    "a number as text": ("age = 0.3742", 'age = "0.3742"', "coefficients"),
    "an unknown name": ("(age-60)/5", "(aeg-60)/5", "cage: unknown name aeg"),
    "code in an expression": ("(age-60)/5", "__import__('os')", "cage: __import__"),
    "an unknown level": ('when = { sex = "male" }', 'when = { sex = "man" }', "man"),
    "a survival above one": ("baseline_survival = 0.9605", "baseline_survival = 9605", "between"),
    "a region without a row": ("low = [-0.569857, 0.747593]\n", "", "male.low"),
    "bands of no output": ('on = "cvd_10y"', 'on = "cvd"', "bands[0]"),
    "an exclusion by nobody": ('prior_cvd = "known_cvd"', 'prior = "known_cvd"', "prior"),
    "a default of another kind": ("default = false", 'default = "no"', "inputs.diabetes.default"),
    "no TOML": ('title = "SCORE2"', "title = ", "Invalid"),
}


@pytest.mark.parametrize(("old", "new", "told"), WRONG.values(), ids=WRONG)
def test_a_wrong_card_is_refused_with_file_and_key(old: str, new: str, told: str) -> None:
    assert old in SOUND
    with pytest.raises(CardError, match=r"^mine\.toml: ") as caught:
        parse(SOUND.replace(old, new, 1), "mine.toml")
    assert told in str(caught.value)


def test_a_file_that_cannot_be_read_is_a_card_error(tmp_path: Path) -> None:
    with pytest.raises(CardError, match=r"none\.toml: cannot be read"):
        read(tmp_path / "none.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(CardError, match=r"bytes\.toml: cannot be read"):
        read(tmp_path / "bytes.toml")


def test_a_model_file_in_the_place_of_a_card_is_said_to_be_one(tmp_path: Path) -> None:
    (tmp_path / "m.onnx").write_bytes(pickle.dumps({"a": "é" * 200}))
    with pytest.raises(CardError, match=r"m\.onnx: .* refused: a pickle .* would run code"):
        read(tmp_path / "m.onnx")
    (tmp_path / "m.onnx").write_bytes(b"\x08\x07\xff")
    with pytest.raises(CardError, match="a model in onnx form needs one beside it"):
        read(tmp_path / "m.onnx")


def test_a_card_is_found_by_id_with_hyphens_too() -> None:
    assert card("heart-core10") is load()["heart_core10"]
    with pytest.raises(ValueError, match="there is no card 'nobody'"):
        card("nobody")


def test_file_names_are_the_ids() -> None:
    assert {path.stem for path in FOLDER.glob("*.toml")} == set(load())


def test_the_policy_names_cards_that_there_are() -> None:
    assert policy().rule("FI").first[0] == "score2"
    assert policy().rule("KE") is policy().default


@pytest.mark.parametrize(
    ("table", "country", "expected"),
    [
        ("score2", "FI", "moderate"),
        ("score2", "US", None),
        ("score2", "MC", None),
        ("who_2019", "TH", "southeast_asia"),
        ("who_2019", "HK", None),
        ("kfre", "CA", "north_america"),
        ("kfre", "FI", "other"),
        ("kfre", None, None),
        ("bmi_reference", "JP", "asian"),
        ("bmi_reference", "FR", "who"),
    ],
)
def test_region_of_a_country_is_listed_or_unknown(
    table: str, country: str | None, expected: str | None
) -> None:
    assert region(table, country) == expected
