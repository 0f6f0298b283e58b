"""UCUM exactly: grammar, special units, bounds, and the official and clinical cases."""

from __future__ import annotations

import json
import math
import time
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terminology import essence, ucum
from terminology.ucum import UnitError

if TYPE_CHECKING:
    from pathlib import Path

ATOMS = ("m", "g", "s", "L", "mol", "mmol", "mg", "uL", "[in_i]", "min", "%", "10*3", "[IU]", "m2",
         "kPa", "mm[Hg]", "{cells}", "1", "12", "kat", "Hz")  # fmt: skip


@pytest.mark.parametrize(
    "unit",
    [
        "m", "1", "/min", "{beats}/min", "mm[Hg]", "10*9/L", "10^-3", "10*+3/uL", "m2{a}", "{a}.m",
        "1{c}", "mmol/(8.h.kg)", "((m))", "[m/s2/Hz^(1/2)]", "B[10.nV]", "mL/min/{1.73_m2}",
        "/{tot}", "%[slope]", "m[H2O]", "umol/2.h", "kat/L", "Cel/min", "dB", "mg%", "2.m-2",
    ],
)  # fmt: skip
def test_valid(unit: str) -> None:
    assert ucum.valid(unit)


@pytest.mark.parametrize(
    "unit",
    [
        "", " ", "mmHg", "Mol", "bpm", "lbs", "m ", "m g", "m//s", "m/", ".m", "m.", "(m", "m)",
        "()", "(/m)", "m{", "m}", "{a}m", "{a}{b}", "m{a}2", "12h", "10+3/ul", "-1", "+3", "m-",
        "k[in_i]", "kk", "°C", "µmol/L", "m\u00b2", "m\n", "\x00", "[IU", "IU]", "0", "m/0", "00.m",
        "{a b}", "m^2", "m**2", "[degC]", "mL/min/1.73m2", "2^3",
    ],
)  # fmt: skip
def test_invalid(unit: str) -> None:
    assert not ucum.valid(unit)


@pytest.mark.parametrize("name", sorted(essence.load().units))
def test_every_unit_of_the_tables_resolves(name: str) -> None:
    assert ucum.parse(name).factor > 0


@pytest.mark.parametrize(
    ("value", "source", "target", "expected"),
    [
        ("37", "Cel", "[degF]", "98.6"),
        ("98.6", "[degF]", "K", "310.15"),
        ("29.6", "[degRe]", "Cel", "37"),
        ("310150", "mK", "Cel", "37"),
        ("37000", "mCel", "Cel", "37"),
        ("120", "mm[Hg]", "kPa", "15.99864"),
        ("1", "m[H2O]", "kPa", "9.80665"),
        ("70", "kg", "[stone_av]", None),
        ("5", "mmol/L", "umol/mL", "5"),
        ("1", "kat", "U", "60000000"),
        ("4", "meq/L", "mmol/L", "4"),
        ("1", "[iU]/mL", "k[IU]/L", "1"),
        ("1", "10*3{rbc}", "10*3", "1"),
    ],
)
def test_conversion_is_exact(value: str, source: str, target: str, expected: str | None) -> None:
    there = ucum.convert(Fraction(value), source, target)
    assert ucum.convert(there, target, source) == Fraction(value)
    if expected:
        assert there == Fraction(expected)


@pytest.mark.parametrize(
    ("value", "source", "target", "expected"),
    [
        ("7.4", "[pH]", "nmol/L", 39.81071705534969),
        ("3", "B", "1", 1000),
        ("30", "dB", "1", 1000),
        ("1", "Np", "1", math.e),
        ("94", "dB[SPL]", "Pa", 1.0023744672545447),
        ("60", "dB[mV]", "V", 1.0),
        ("3", "bit_s", "1", 8),
        ("100", "%[slope]", "deg", 45),
        ("4", "[m/s2/Hz^(1/2)]", "m2/s4/Hz", 16),
        ("2", "[hp'_X]", "1", 0.01),
    ],
)
def test_logarithms(value: str, source: str, target: str, expected: float) -> None:
    there = ucum.convert(Fraction(value), source, target)
    assert float(there) == pytest.approx(expected, rel=1e-12)
    assert float(ucum.convert(there, target, source)) == pytest.approx(float(value), rel=1e-12)


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("mmol/L", "10*9/L"), ("mmol/mol", "%"), ("mmol/mol", "1"), ("mg/dL", "mmol/L"),
        ("[IU]/L", "U/L"), ("[arb'U]", "[IU]"), ("[IU]/[IU]", "%"), ("Cel", "Cel/s"),
        ("Cel/s", "K/s"), ("K/uL", "10*9/L"), ("st", "kg"), ("ft", "m"), ("u/L", "U/L"),
        ("mg/g", "mg/mmol"), ("/min", "min"), ("mm[Hg]", "mm"), ("rad", "1"), ("Cel2", "K2"),
        ("2.Cel", "K"), ("zz", "m"), ("m", "zz"),
    ],
)  # fmt: skip
def test_refused(source: str, target: str) -> None:
    with pytest.raises(UnitError):
        ucum.convert(Fraction(1), source, target)


@pytest.mark.parametrize(
    "unit",
    [
        "(" * 200 + "m" + ")" * 54,
        "(" * 100 + "m" + ")" * 100,
        "m" * 255,
        "m" * 1_000_000,
        "(" * 1_000_000,
        "{" * 1_000_000,
        "[" * 255,
        "10*99999999",
        "m999999999999999999999999",
        "Ym300.Ym300.Ym300.Ym300",
        "Ym-300",
        "9" * 250,
        ".".join(["Ym99"] * 50),
        "/".join(["[pi]"] * 50),
        ".".join(["[c]300"] * 30),
        "m" + "0" * 200 + "1",
    ],
    ids=range(16),
)
def test_hostile_units_end_soon(unit: str) -> None:
    start = time.process_time()
    ucum.valid(unit)
    assert time.process_time() - start < 0.05
    assert len(unit) < 250 or unit.isdigit() or not ucum.valid(unit)


@given(st.lists(st.tuples(st.sampled_from("./"), st.sampled_from(ATOMS)), max_size=8))
def test_products_multiply_and_quotients_divide(parts: list[tuple[str, str]]) -> None:
    text, factor = "1", Fraction(1)
    for sign, name in parts:
        text += sign + name
        unit = ucum.parse(name)
        factor = factor * unit.factor if sign == "." else factor / unit.factor
    assert ucum.parse(text).factor == factor


@given(st.sampled_from(ATOMS), st.sampled_from(ATOMS))
def test_multiplication_rules(left: str, right: str) -> None:
    assert ucum.parse(f"{left}.{right}") == ucum.parse(f"{right}.{left}")
    assert ucum.parse(f"{left}/({right})") == ucum.parse(f"{left}/{right}")
    assert ucum.parse(f"({left}.{right})/{right}").factor == ucum.parse(left).factor
    inverse = ucum.parse(f"/{left}")
    assert inverse.factor * ucum.parse(left).factor == 1


@given(st.text(max_size=200) | st.text("mgsLkol[]{}()./*^0123456789+-%IU'_ ", max_size=200))
@settings(deadline=None, max_examples=300)
def test_no_text_crashes_or_takes_long(text: str) -> None:
    start = time.process_time()
    ucum.valid(text)
    assert time.process_time() - start < 0.05


@given(st.fractions(min_value=-(10**6), max_value=10**6), st.data())
def test_there_and_back(value: Fraction, data: st.DataObject) -> None:
    family = data.draw(
        st.sampled_from([("mg/dL", "g/L", "ug/mL"), ("Cel", "K", "[degF]"), ("mm[Hg]", "kPa"),
                         ("U/L", "ukat/L", "nmol/s/L"), ("d", "wk", "a_g", "mo_j")])
    )  # fmt: skip
    source, target = data.draw(st.sampled_from(family)), data.draw(st.sampled_from(family))
    assert ucum.convert(ucum.convert(value, source, target), target, source) == value


def near(found: float, stated: str) -> bool:
    """Half a unit of the last printed digit, or one in a million."""
    digits = stated.partition(".")[2]
    half = 0.5 * 10 ** -len(digits) if digits or not stated.endswith("0") else 0
    return math.isclose(found, float(stated), rel_tol=1e-6, abs_tol=half)


def test_official_cases(shared: Path) -> None:
    cases = json.loads((shared / "ucum" / "functional_sample.json").read_text())["sections"]
    wrong = [c for c in cases["validation"] if ucum.valid(c["unit"]) != (c["valid"] == "true")]
    assert wrong == []
    for case in cases["conversion"]:
        found = ucum.convert(Fraction(case["value"]), case["srcUnit"], case["dstUnit"])
        assert near(float(found), case["outcome"]), case
    for section, sign in (("multiplication", "."), ("division", "/")):
        for case in cases[section]:
            made = ucum.parse(f"({case['u1']}){sign}({case['u2']})")
            assert made == ucum.parse(case["uRes"])


def test_clinical_cases(shared: Path) -> None:
    cases = json.loads((shared / "ucum" / "clinical_conversions.json").read_text())
    for case in cases["convert"]:
        found = float(ucum.convert(Fraction(case["value"]), case["from"], case["to"]))
        assert math.isclose(found, case["expected"], rel_tol=case["rel_tol"]), case
    for case in cases["refuse"] + cases["clinical_refuse"]:
        with pytest.raises(UnitError):
            ucum.convert(Fraction(case["value"]), case["from"], case["to"])


def test_missing_tables_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(essence.EssenceError, match="ucumvert"):
        essence.place()
