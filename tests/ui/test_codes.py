"""The codes page says what the tables say, whatever is asked of it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from gateway.web import ui_codes
from gateway.web.ui_codes_units import exactly, formula, sheet
from terminology import analytes, codes, units
from tests.ui.test_pages import page, words

if TYPE_CHECKING:
    from flask.testing import FlaskClient

ASKED = {
    "a code": ("2160-0", "2160-0 Creatinine [Mass/volume] in Serum or Plasma Feature Creatinine"),
    "a code of a system": ("https://loinc.org/|8480-6", "Feature Systolic blood pressure"),
    "a system by its short name": ("snomed|15373003", "SNOMED CT http://snomed.info/sct"),
    "a narrower code": ("NPU04998", "Relation narrower, a special case: used"),
    "a related code": ("62388-4", "related only: never used as the feature"),
    "a national code": ("09015C", "In LOINC 2160-0 Creatinine"),
    "an answer": ("LA18978-9", "Answer to Smoking, kept as never"),
    "taken for a feature": ("2161-8", "Not used: urine Feature Not Creatinine"),
    "contradicting": ("8440-0", "Not used: pulmonary artery systolic"),
    "a unit": ("mm[Hg]", "UCUM valid as it stands Read as mm[Hg] In base units 133322 g·m⁻¹·s⁻²"),
    "a unit's factor": ("mg/dL", "Creatinine, serum or plasma mg/dL × 88.402 umol/L molar mass"),
    "a text for some features": ("K/uL", "Read as 10*3/uL only for Platelets , Leukocytes"),
    "a text that is not UCUM": ("mmHg", "not UCUM Read as mm[Hg]"),
    "a feature": ("hba1c", "mmol/mol × 0.09148 + 2.152 IFCC-NGSP master equation"),
    "a feature by its words": ("hdl cholesterol", "HDL cholesterol Name in data hdl_cholesterol"),
    "a feature's range": ("creatinine", "Possible range 5 to 3 000 µmol/L"),
    "a feature's molar mass": ("creatinine", "Molar mass 113.12 g/mol"),
    "several features": ("cholesterol", "4 features of that name"),
    "a misspelt feature": ("systolik blood", "for a person to judge: Systolic blood pressure"),
    "a misspelt unit": ("mmol/litre old", "for a person to judge: mmol/L"),
    "other letters": ("npu18016", "NPU18016, P—Creatininium; subst.c. = ? µmol/L (the same code"),
    "nothing": ("zzzz", "Nothing is known of this zzzz"),
    "a code of no system of ours": ("urn:nowhere|1", "Nothing is known of this urn:nowhere|1"),
}


@pytest.mark.parametrize(("asked", "told"), ASKED.values(), ids=ASKED)
def test_the_page_says_what_is_known(client: FlaskClient, asked: str, told: str) -> None:
    assert told in words(page(client, f"/codes?q={quote(asked, safe='')}"))


def test_the_page_lists_all_features_before_anything_is_asked(client: FlaskClient) -> None:
    html = page(client, "/codes")
    assert [key for key in analytes.load() if f'href="/codes?q={key}"' not in html] == []


TRIED = {
    "by molar mass": (("5.4", "mmol/L", "mg/dL", "total_cholesterol"), "is 208.791 mg/dL"),
    "to the canonical unit": (("1.2", "mg/dL", "", "creatinine"), "is 106.0824 umol/L"),
    "without a feature": (("37", "Cel", "[degF]", ""), "is 98.6 [degF]"),
    "mass to moles without one": (
        ("5", "mg/dL", "mmol/L", ""), "No result: unit does not fit mg/dL and mmol/L are of",
    ),
    "no number": (("5,4", "mg/dL", "", "creatinine"), "No result: wrong kind of value"),
    "no unit": (("5", "furlongs", "", "creatinine"), "No result: unknown unit"),
    "no target": (("5", "mg/dL", "", ""), "No result: no unit"),
    "no feature": (("5", "mg/dL", "mmol/L", "luck"), "No result: unknown feature"),
}  # fmt: skip


@pytest.mark.parametrize(("fields", "told"), TRIED.values(), ids=TRIED)
def test_a_conversion_gives_a_result_or_the_reason(
    client: FlaskClient, fields: tuple[str, ...], told: str
) -> None:
    query = dict(zip(("value", "from", "to", "feature"), fields, strict=True))
    assert told in words(client.get("/codes", query_string=query).text)


def test_every_code_of_every_feature_is_found_with_and_without_its_system() -> None:
    for (system, code), entry in codes.index().items():
        for text in (code, f"{system}|{code}"):
            found = ui_codes.look_up(text)
            assert entry in [meaning.entry for meaning in found.meanings], text


def test_every_accepted_unit_shows_the_factor_that_conversions_use() -> None:
    for feature in analytes.load().values():
        for row in feature.accepted:
            if row.codes:
                continue
            shown = sheet(row.unit)
            assert shown is not None
            use = next(use for use in shown.uses if use.feature == feature.key)
            assert use.formula == formula(row.factor, row.offset)
            led = units.canonical(feature.key, 1.0, row.unit).value
            assert led == pytest.approx(float(row.factor + row.offset))


HOSTILE = {
    "a megabyte": "x" * 1_000_000,
    "a megabyte of a code": "http://loinc.org|" + "8" * 1_000_000,
    "a script": "<script>alert(1)</script>",
    "out of the attribute": '"><img src=x onerror=alert(1)>',
    "bidi controls": "\u202e\u2066mg/dL\u202d",
    "null": "mg\0/dL",
    "brackets": "(" * 120,
    "nested": "(" * 59 + "m" + ")" * 59,
    "exponents": "m99999999999999999999",
    "powers": "10*" + "9" * 100,
    "braces": "{" * 120,
    "bars": "|" * 120,
    "emoji": "\U0001f9ea" * 120,
    "half a surrogate": "%ed%a0%80",
    "template": "{{7*7}}{% for x in y %}",
    "sign of a format": "{0.__class__} %s %d",
    "sqlish": "'; DROP TABLE resource; --",
    "spaces": " " * 200,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_input_is_text_and_answered_at_once(client: FlaskClient, text: str) -> None:
    began = time.process_time()
    query = {"q": text, "value": text, "from": text, "to": text, "feature": text}
    answer = client.get("/codes", query_string=query)
    assert answer.status_code == 200
    assert time.process_time() - began < 5, "five megabytes of address are read in a second"
    assert len(answer.data) < 100_000
    assert "<script>" not in answer.text
    assert "<img" not in answer.text
    assert not set("\u202e\u2066\u202d\0") & set(answer.text)


def test_a_long_text_is_cut_and_told(client: FlaskClient) -> None:
    assert "Only the first 120 characters were looked at" in page(client, f"/codes?q={'y' * 121}")


def test_a_long_factor_stands_as_a_fraction() -> None:
    assert exactly(analytes.load()["hdl_cholesterol"].accepted[1].factor).startswith("200/7733")
