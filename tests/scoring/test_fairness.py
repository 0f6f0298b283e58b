from __future__ import annotations

import numpy as np
import pytest

from scoring import fairness
from scoring.fairness import gaps, missing_gaps, net_benefit, treated

# Two groups of 100. a: 40 ill, of whom 30 at .8 and 10 at .2; 60 well, of whom 15 at .8, 45 at .2.
# b: 50 ill, all at .8; 50 well, all at .2.
COUNTS = {
    "a": [(True, 0.8, 30), (True, 0.2, 10), (False, 0.8, 15), (False, 0.2, 45)],
    "b": [(True, 0.8, 50), (False, 0.2, 50)],
}
ROWS = [
    (name, *cell[:2]) for name, cells in COUNTS.items() for cell in cells for _ in range(cell[2])
]
GROUP = np.array([name for name, *_ in ROWS], dtype=object)
TRUTH = np.array([truth for _, truth, _ in ROWS])
P = np.array([p for *_, p in ROWS])
MISSING = {"sbp": np.array([name == "a" and p < 0.5 for name, _, p in ROWS])}
FOUND = treated(P, TRUTH, GROUP, MISSING, 0.5)


@pytest.mark.parametrize(
    ("group", "figure", "value"),
    [
        ("a", "prevalence", 0.40),
        ("a", "false_negative", 10 / 40),
        ("a", "false_positive", 15 / 60),
        ("a", "auc", (30 * 45 + 0.5 * (30 * 15 + 10 * 45)) / (40 * 60)),
        ("a", "brier", (30 * 0.04 + 10 * 0.64 + 15 * 0.64 + 45 * 0.04) / 100),
        ("a", "ece", (45 * abs(30 / 45 - 0.8) + 55 * abs(10 / 55 - 0.2)) / 100),
        ("b", "prevalence", 0.50),
        ("b", "false_negative", 0.0),
        ("b", "false_positive", 0.0),
        ("b", "auc", 1.0),
        ("b", "brier", 0.04),
        ("b", "ece", 0.2),
    ],
)
def test_figures_of_a_hand_made_table(group: str, figure: str, value: float) -> None:
    assert FOUND[group].figure(figure).value == pytest.approx(value)


def test_the_largest_gaps_are_told() -> None:
    found = {gap.figure: gap for gap in gaps(FOUND)}
    missed = found["false_negative"]
    assert (missed.lowest, missed.highest, missed.apart) == ("b", "a", True)
    assert missed.size == pytest.approx(0.25)
    assert not found["prevalence"].apart


def test_missingness_by_group() -> None:
    assert FOUND["a"].missing == {"sbp": 0.55}
    (gap,) = missing_gaps(FOUND)
    assert (gap.figure, gap.highest, gap.apart) == ("sbp", "a", True)
    assert gap.size == pytest.approx(0.55)


def test_a_small_group_is_shown_and_not_compared() -> None:
    small = np.array(["c"] * 20 + [*GROUP[20:]], dtype=object)
    found = treated(P, TRUTH, small, MISSING, 0.5)
    assert not found["c"].compared
    assert found["c"].judgement.n == 20
    assert all("c" not in (gap.lowest, gap.highest) for gap in gaps(found))


@pytest.mark.parametrize(
    ("threshold", "missed", "alarmed"),
    [(0.1, 0.0, 1.0), (0.2, 0.0, 1.0), (0.8, 0.25, 0.25), (0.81, 1.0, 0.0)],
    ids=["all", "on the lower", "on the upper", "none"],
)
def test_the_threshold_is_inside(threshold: float, missed: float, alarmed: float) -> None:
    rows = GROUP == "a"
    found = fairness.errors(P[rows], TRUTH[rows], threshold)
    assert [one.value for one in found] == pytest.approx([missed, alarmed])


def test_nobody_ill_is_no_rate() -> None:
    missed, alarmed = fairness.errors(P[:5], np.zeros(5, dtype=bool), 0.5)
    assert missed.value is None
    assert alarmed.value == 1.0


def test_net_benefit_by_hand() -> None:
    rows = GROUP == "a"
    found = net_benefit(P[rows], TRUTH[rows], np.array([0.1, 0.5, 0.9]))
    assert found == pytest.approx([0.4 - 0.6 / 9, 0.30 - 0.15, 0.0])
