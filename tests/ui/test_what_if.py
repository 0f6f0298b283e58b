"""What-if: a form of a card's inputs, its sliders, and the answer; ranges where numbers lack."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING

import msgspec
import pytest

from gateway.store.views.patient import Assessed
from gateway.web.ui_cards import facts
from gateway.web.ui_scores import sheet
from gateway.web.ui_text import percent
from gateway.web.ui_whatif import what_if
from scoring.cards import load
from scoring.engine import score
from scoring.interval import score_range
from tests.ui.test_pages import page, words

if TYPE_CHECKING:
    from flask.testing import FlaskClient

WHAT_IF = {
    "whatif": "score2", "age": "50", "sex": "male", "risk_region": "high", "sbp_mmhg": "180",
    "total_cholesterol_mmol_l": "7,5", "hdl_cholesterol_mmol_l": "0.9", "current_smoker": "yes",
}  # fmt: skip
ANSWERS = {
    "a result": ({}, "very high higher than now"),
    "too young": ({"age": "20"}, "No result with these values: too young for this score"),
    "no number": ({"sbp_mmhg": "high"}, "Systolic blood pressure is not a number."),
    "nothing": ({"sbp_mmhg": "nan"}, "No result with these values: Systolic blood pressure"),
    "left out": ({"sex": ""}, "No result with these values: values missing"),
    "another condition": ({"diabetes": "yes"}, "has diabetes: SCORE2-Diabetes applies"),
}


@pytest.mark.parametrize(("change", "told"), ANSWERS.values(), ids=ANSWERS.keys())
def test_what_if_says_what_a_change_would_do(
    client: FlaskClient, change: dict[str, str], told: str
) -> None:
    answer = client.get("/patients/fi-north.p21", query_string={**WHAT_IF, **change})
    assert told in words(answer.text)


def test_what_if_with_the_patients_own_values_changes_nothing(client: FlaskClient) -> None:
    html = page(client, "/patients/fi-north.p21")
    form = html.split('name="whatif" value="score2"')[1].split("</form>")[0]
    values = dict(re.findall(r'<input id="[^"]+" name="([^"]+)" value="([^"]*)"', form))
    for name, options in re.findall(r'<select id="[^"]+" name="([^"]+)">(.*?)</select>', form):
        chosen = re.search(r'value="([^"]*)" selected', options)
        values[name] = chosen[1] if chosen else ""
    answer = client.get("/patients/fi-north.p21", query_string={"whatif": "score2", **values})
    assert "same as now" in words(answer.text)


def test_sliders_have_the_limits_of_the_card(client: FlaskClient) -> None:
    html = page(client, "/patients/fi-north.p21")
    slider = '<input type="range" data-for="w-score2-{}" min="{}" max="{}" step="{}"'
    for name, low, high, step in (
        ("age", 40, 69, "0.1"),
        ("sbp_mmhg", 30, 350, 1),
        ("hdl_cholesterol_mmol_l", 0.1, 4.9, 0.02),
    ):
        assert slider.format(name, low, high, step) in html
    assert "40 to 69 years" in html
    assert 'data-for="w-score2-sex"' not in html


def test_what_if_without_a_number_tells_the_best_and_the_worst_case(client: FlaskClient) -> None:
    query = {**WHAT_IF, "hdl_cholesterol_mmol_l": ""}
    text = words(client.get("/patients/fi-north.p21", query_string=query).text)
    assert re.search(r"between \d+\.\d % and \d+\.\d %", text)


INPUTS = {
    "age": 50.0, "sex": "male", "risk_region": "high", "sbp_mmhg": 150.0,
    "total_cholesterol_mmol_l": 6.0, "hdl_cholesterol_mmol_l": 1.2, "current_smoker": False,
}  # fmt: skip


def test_a_stored_range_is_told_with_what_was_missing() -> None:
    card = load()["score2"]
    inputs = {name: value for name, value in INPUTS.items() if name != "hdl_cholesterol_mmol_l"}
    said = score_range(card, inputs)
    assert said is not None
    low, high = said.ranges["cvd_10y"]
    made = Assessed(
        "i", "score2", "1", "final", None, None, None, msgspec.to_builtins(said), [], None, 0, None
    )
    shown = sheet(made, {})
    assert shown.outcomes[0].shown == f"between {percent(low)} and {percent(high)}"
    assert re.search(
        r"HDL cholesterol, taken to lie between [\d.]+ and [\d.]+ mmol/L", shown.missing[0]
    )


def test_what_if_asks_the_version_that_made_the_assessment() -> None:
    shipped = load()["score2"]
    doubled = [
        msgspec.structs.replace(one, coefficients={k: 2 * v for k, v in one.coefficients.items()})
        for one in shipped.models
    ]
    other = msgspec.structs.replace(shipped, version="x", models=tuple(doubled))
    said = score(other, INPUTS)
    made = Assessed(
        "i", "score2", "x", "final", None, None, None, msgspec.to_builtins(said), [], None, 0, None
    )
    shown = sheet(made, facts("score2"))
    own = {name: "no" if value is False else str(value) for name, value in INPUTS.items()}
    asked, day = {"whatif": "score2", **own}, date(2026, 11, 25)
    for card, turn in ((other, "same"), (shipped, "up")):
        found = what_if(shown, card, asked, country=None, day=day)
        assert found is not None
        assert found.pairs[0][2] == turn
    assert what_if(shown, None, asked, country=None, day=day) is None
