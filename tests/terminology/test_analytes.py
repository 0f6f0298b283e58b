"""Every feature file, swept: codes, check digits, units, factors, ranges, answers."""

from __future__ import annotations

import json
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from terminology import analytes, codes, systems, ucum, units
from terminology.facts import FactError, exact

if TYPE_CHECKING:
    from pathlib import Path

LOINC, SNOMED = "http://loinc.org", "http://snomed.info/sct"
FEATURES = analytes.load()
CODES = [code for feature in FEATURES.values() for code in feature.codes]
ACCEPTED = [(f.key, row) for f in FEATURES.values() for row in f.accepted]

each_feature = pytest.mark.parametrize("feature", FEATURES.values(), ids=lambda f: f.key)


def loinc_holds(code: str) -> bool:
    """Mod 10, every other digit doubled from the right (LOINC users' guide, appendix).

    The letters of an answer code weigh 8 over an odd number of digits and 5 over an even one:
    read off published codes, as the guide does not say.
    """
    digits, _, check = code.removeprefix("LA").rpartition("-")
    letters = 0 if not code.startswith("LA") else 8 if len(digits) % 2 else 5
    doubled = [
        sum(divmod(int(digit) * (2 if place % 2 == 0 else 1), 10))
        for place, digit in enumerate(reversed(digits))
    ]
    return -(sum(doubled) + letters) % 10 == int(check)


def dihedral(left: int, right: int) -> int:
    """Multiply in the dihedral group of order ten."""
    turned = left + right if left < 5 else left - right
    return turned % 5 + (5 if (left < 5) != (right < 5) else 0)


def snomed_holds(code: str) -> bool:
    """Verhoeff, over all digits (SNOMED CT release file specification)."""
    first = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4]
    total = 0
    for place, digit in enumerate(reversed(code)):
        value = int(digit)
        for _ in range(place % 8):
            value = first[value]
        total = dihedral(total, value)
    return total == 0


def test_there_are_44_features() -> None:
    assert len(FEATURES) == 44


def test_check_digits_can_fail() -> None:
    assert loinc_holds("8480-6")
    assert not loinc_holds("8480-7")
    assert snomed_holds("271649006")
    assert not snomed_holds("14682006")
    assert not snomed_holds("248234009")


@pytest.mark.parametrize("system", [LOINC, SNOMED])
def test_check_digits_of_every_code(system: str) -> None:
    holds = loinc_holds if system == LOINC else snomed_holds
    coded = [c.code for c in CODES if c.system == system]
    answered = [a.code for f in FEATURES.values() for a in f.answers if a.system == system]
    contradicting = [code for uri, code in codes.contradictions()[0] if uri == system]
    assert coded
    assert answered
    assert contradicting
    assert [c for c in coded + answered + contradicting if not holds(c)] == []


def test_a_code_measures_one_feature() -> None:
    measuring = [(c.system, c.code) for c in CODES if c.relation not in codes.SIDE]
    assert len(measuring) == len(set(measuring)) == len(codes.index())


def test_a_code_that_is_not_the_feature_is_no_code_of_it() -> None:
    for feature in FEATURES.values():
        own = {(c.system, c.code) for c in feature.codes}
        assert not own & {(n.system, n.code) for n in feature.not_codes}


def test_contradicting_codes_are_no_codes_of_a_feature() -> None:
    assert not codes.contradictions()[0].keys() & codes.index().keys()


@each_feature
def test_kinds_have_what_they_need(feature: analytes.Analyte) -> None:
    assert ("quantity" in feature.kind) <= bool(feature.canonical and feature.accepted)
    assert (feature.kind == "coded") <= bool(feature.values)
    assert feature.kind != "panel" or not feature.accepted
    assert {answer.value for answer in feature.answers} <= set(feature.values)


@each_feature
def test_canonical_code_is_one_of_its_own(feature: analytes.Analyte) -> None:
    if feature.loinc:
        assert (LOINC, feature.loinc) in {(c.system, c.code) for c in feature.codes}


@each_feature
def test_ranges_are_sane(feature: analytes.Analyte) -> None:
    if feature.hard and feature.plausible:
        assert feature.hard[0] <= feature.plausible[0] < feature.plausible[1] <= feature.hard[1]
    assert bool(feature.hard) == bool(feature.plausible) == bool(feature.canonical)


@each_feature
def test_canonical_unit_is_accepted_as_it_is(feature: analytes.Analyte) -> None:
    if feature.canonical:
        assert units.canonical(feature.key, Decimal("12.5"), feature.canonical).value == 12.5


@pytest.mark.parametrize(("key", "row"), ACCEPTED, ids=lambda v: getattr(v, "unit", v))
def test_accepted_unit_is_ucum(key: str, row: analytes.AcceptedUnit) -> None:
    assert key
    assert ucum.valid(row.unit)
    assert row.factor > 0
    assert row.source


def by_engine(row: analytes.AcceptedUnit, feature: analytes.Analyte) -> Fraction:
    return ucum.ratio(row.unit, feature.canonical or "") or Fraction(0)


@pytest.mark.parametrize(
    ("key", "row"),
    [(key, row) for key, row in ACCEPTED if row.source in ("dimension", "annotation")],
    ids=lambda v: getattr(v, "unit", v),
)
def test_factor_by_dimension_is_that_of_the_engine(key: str, row: analytes.AcceptedUnit) -> None:
    feature = FEATURES[key]
    if (key, row.unit) == ("bmi", "[lb_av]/[in_i]2"):
        assert row.factor == by_engine(row, feature)
    sibling = next(
        other
        for other in feature.accepted
        if other.source != "dimension"
        and ucum.parse(other.unit).dimensions == ucum.parse(row.unit).dimensions
    )
    assert row.factor / sibling.factor == ucum.ratio(row.unit, sibling.unit)


MOLES = {("mmol/L", "mg/dL"): 10, ("mmol/L", "g/L"): 1000, ("umol/L", "mg/dL"): 10_000,
         ("umol/L", "mg/L"): 1000}  # fmt: skip


@pytest.mark.parametrize(
    ("key", "row"),
    [(key, row) for key, row in ACCEPTED if row.source.startswith("molar mass")],
    ids=lambda v: getattr(v, "unit", v),
)
def test_molar_factor_follows_from_the_molar_mass(key: str, row: analytes.AcceptedUnit) -> None:
    feature = FEATURES[key]
    mass = feature.molar_mass
    assert mass is not None
    way = (feature.canonical or "", row.unit)
    if way in MOLES:
        expected = MOLES[way] / mass
    elif feature.key == "urine_acr":
        expected = 1000 / mass
    else:
        expected = mass / (1000 if row.unit == "mmol/L" else 1_000_000)
    assert abs(row.factor / expected - 1) < Fraction(1, 100_000)


@pytest.mark.parametrize(("ifcc", "ngsp"), [("42", 5.99), ("48", 6.54), ("53", 7.00)])
def test_ifcc_anchors(ifcc: str, ngsp: float) -> None:
    found = units.canonical("hba1c", Decimal(ifcc), "mmol/mol").value
    assert found == pytest.approx(ngsp, abs=0.005)


def test_every_alias_is_of_one_system() -> None:
    names = [
        systems.plain(n) for s in systems.load().values() for n in (s.uri, *s.aliases, *s.bare)
    ]
    assert len(names) == len(set(names))
    assert all(s.notice for s in systems.load().values())


def test_values_agree_with_the_table_beside_the_project(shared: Path) -> None:
    table = json.loads((shared / "terminology" / "features.json").read_text())["features"]
    assert {row["key"] for row in table} == set(FEATURES)
    for row in table:
        feature = FEATURES[row["key"]]
        accepted = {u.unit: u for u in feature.accepted}
        for unit in row.get("units", {}).get("accepted", []):
            if "factor" in unit:
                assert float(accepted[unit["ucum"]].factor) == pytest.approx(unit["factor"])
        stated = [c for system in ("loinc", "snomed", "npu") for c in row[system]]
        own = {c.code: c for c in feature.codes}
        assert {c["code"]: c["relation"] for c in stated} == {
            c["code"]: own[c["code"]].relation for c in stated
        }


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('key = "x"\nlabel = "X"\nkind = "quantity"\ncolour = 1', "unknown key colour"),
        ('key = "x"\nkind = "quantity"', "label is missing"),
        ('key = "y"\nlabel = "X"\nkind = "quantity"', "key must be x"),
        ('key = "x"\nlabel = "X"\nkind = "sort"', "kind must be one of"),
        ('key = "x"\nlabel = "X"\nkind = "coded"\ncodes.loink = []', None),
        (
            'key = "x"\nlabel = "X"\nkind = "coded"\n[codes]\nloink = [{code = "1"}]',
            "unknown system loink",
        ),
        (
            (
                'key = "x"\nlabel = "X"\nkind = "coded"\n[codes]\n'
                'loinc = [{code = "1", display = "d", source = "s", relation = "twin"}]'
            ),
            "unknown relation twin",
        ),
        ('key = "x"\nlabel = "X"\nkind = "quantity"\naccepted = [{unit = "kg"}]', "is missing"),
        ('key = "x"\nlabel = 7\nkind = "quantity"', "label has a wrong type"),
        ('key = "x"\nlabel = "X"\nkind = "quantity"\ntraps = "one"', "traps has a wrong type"),
        ("key = ", "cannot be read"),
    ],
)
def test_a_wrong_file_is_named(tmp_path: Path, text: str, told: str | None) -> None:
    path = tmp_path / "x.toml"
    path.write_text(text)
    if told is None:
        assert analytes.analyte(path).codes == ()
        return
    with pytest.raises(FactError, match=told) as error:
        analytes.analyte(path)
    assert "x.toml" in str(error.value)


@pytest.mark.parametrize(("text", "value"), [("5/9", Fraction(5, 9)), ("0.1", Fraction(1, 10))])
def test_exact_numbers(text: str, value: Fraction) -> None:
    assert exact(text) == value
