"""What a report says, as tables of texts: the same for the page and the document."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp
from typing import TYPE_CHECKING

from scoring.applicability import in_words
from scoring.runtimes import linear

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scoring.appraisal import Appraisal
    from scoring.calibration import Group
    from scoring.cards import Card, Input
    from scoring.judge import Figure

FIGURES = {
    "observed": "Observed",
    "expected": "Expected",
    "o_e": "O/E",
    "auc": "AUC",
    "brier": "Brier",
    "ece": "ECE",
    "intercept": "Intercept",
    "slope": "Slope",
}
MOST_GAPS = 6


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table with its heading and what has to be known to read it."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


def number(figure: Figure) -> str:
    """Return a figure with its interval, a dash where there is none."""
    if figure.value is None:
        return "–"
    if figure.low is None or figure.high is None:
        return f"{figure.value:.2f}"
    digits = 3 if abs(figure.value) < 0.1 else 2
    return f"{figure.value:.{digits}f} ({figure.low:.{digits}f} to {figure.high:.{digits}f})"


def facts(card: Card) -> Sheet:
    """Return the model card: what it is for, what it rests on, whose it is."""
    output = next(iter(card.outputs.values()))
    ages = f"{card.ages[0]} to {card.ages[1]} years" if card.ages else "not stated"
    refused = ", ".join(reason.replace("_", " ") for reason in card.exclude.values())
    rows = (
        ("Predicts", f"{output.outcome or output.label}; {horizon(card)}"),
        ("Intended for", card.setting),
        ("Ages", ages),
        ("Refuses", refused or "ages beyond these, values that cannot be, missing inputs"),
        ("Limits", card.disclaimer or "none stated"),
        ("Calibrated for", calibrated(card)),
        ("Kind of model", kind(card)),
        ("Licence", card.licence),
        ("Sources", "; ".join(card.citation)),
        *(("Note", note) for note in card.notes),
    )
    return Sheet("Model card", ("", ""), rows)


def horizon(card: Card) -> str:
    """Return when the outcome comes."""
    output = next(iter(card.outputs.values()))
    if output.horizon is None:
        return "now, not within a horizon"
    units = {"a": "years", "d": "days", "h": "hours"}
    return f"within {output.horizon:g} {units[output.horizon_unit]}"


def calibrated(card: Card) -> str:
    """Return for whom the card is calibrated."""
    if card.calibration is None:
        return "no group in particular; its scores say so"
    return ", ".join(card.calibration.groups) if card.calibration.by else "everybody alike"


def kind(card: Card) -> str:
    """Return how the model was made."""
    return card.training.algorithm if card.training else f"published score ({card.runtime})"


def calibration(card: Card) -> Sheet:
    """Return how the log odds of each group are moved."""
    known = card.calibration
    rows = tuple(
        (name, str(one.n), str(one.events), one.method, *moved(one))
        for name, one in (known.groups.items() if known else ())
    )
    heads = ("Group", "Rows", "With the outcome", "Method", "Intercept", "Slope")
    note = ""
    if known:
        toward = " and ".join(f"{value:.2f}" for value in known.shrunk_to)
        note = f"Learned from {known.data}; small groups are drawn towards {toward}."
    return Sheet("Calibration", heads, rows, note)


def moved(group: Group) -> tuple[str, str]:
    """Return intercept and slope of a group; a rising line has neither."""
    if group.knots:
        return f"line of {len(group.knots)} knots", "–"
    return f"{group.intercept:.3f}", f"{group.slope:.3f}"


def data_sheet(found: Appraisal) -> Sheet:
    """Return where the rows come from, what was cleaned, and what the training saw."""
    training, evidence = found.card.training, found.evidence
    rows = [
        ("Files judged on", ", ".join(evidence.files)),
        ("Rows judged on", str(len(evidence.truth))),
        ("SHA-256 of the files", evidence.sha256),
        *((words.capitalize(), str(count)) for words, count in evidence.told.items()),
    ]
    if training:
        rows += [
            ("Trained on", f"{training.data} ({training.rows} rows)"),
            ("SHA-256 of the training data", training.sha256),
            *cleaned(training.recipe),
        ]
    return Sheet("Data sheet", ("", ""), tuple(rows))


def cleaned(recipe: dict[str, object]) -> Iterator[tuple[str, str]]:
    """Yield what the recipe says of cleaning: codes for missing, repetitions, leaks."""
    data = recipe.get("data")
    if isinstance(data, dict):
        if data.get("zero_is_missing"):
            yield "0 taken as missing in", ", ".join(data["zero_is_missing"])
        if data.get("drop_repeated_rows", True):
            yield "Repeated rows", "count once"
    for key, words in (("leaks", "Left out because it leaks"), ("told", "Cleaned in training")):
        told = recipe.get(key)
        for name, why in told.items() if isinstance(told, dict) else ():
            yield words, f"{name}: {why}"


def figures(found: Appraisal) -> Sheet:
    """Return discrimination and calibration over all rows and by group."""
    groups = [("All", found.overall)]
    groups += [
        (f"{by.capitalize()} {name}", one.judgement)
        for by, treated in found.by.items()
        for name, one in treated.items()
    ]
    rows = tuple(
        (
            name,
            str(one.n),
            *(number(getattr(one, key)) for key in FIGURES),
            "–" if one.ece_by_chance is None else f"{one.ece_by_chance:.3f}",
        )
        for name, one in groups
    )
    note = (
        "In brackets 95 % intervals. A dash: too few rows, or one outcome only. By chance: the "
        "calibration error (ECE) of so many rows if every probability were true."
    )
    heads = ("Group", "Rows", *FIGURES.values(), "By chance")
    return Sheet("Discrimination and calibration", heads, rows, note)


def fairness(found: Appraisal) -> Sheet:
    """Return who is missed and who is alarmed at the threshold."""
    rows = tuple(
        (
            f"{by.capitalize()} {name}",
            str(one.judgement.n),
            number(one.judgement.observed),
            number(one.false_negative),
            number(one.false_positive),
            f"{sum(one.missing.values()) / max(1, len(one.missing)):.1%}",
        )
        for by, treated in found.by.items()
        for name, one in treated.items()
    )
    heads = ("Group", "Rows", "Prevalence", "Missed", "Falsely alarmed", "Inputs missing")
    note = (
        f"At a probability of {found.threshold:.0%}. Missed: share of those with the outcome below "
        "it. Falsely alarmed: share of those without the outcome at or above it."
    )
    return Sheet("Fairness", heads, rows, note)


def gaps(found: Appraisal) -> Sheet:
    """Return the largest gaps between groups."""
    told = [(by, gap) for by, found_gaps in found.gaps.items() for gap in found_gaps]
    told += [
        (by, gap)
        for by, found_gaps in found.missing_gaps.items()
        for gap in found_gaps[:MOST_GAPS]
        if gap.apart
    ]
    rows = tuple(
        (
            by.capitalize(),
            gap.figure.replace("_", " ") if gap.figure not in found.card.inputs else
            f"missing: {found.card.inputs[gap.figure].label}",
            gap.lowest,
            gap.highest,
            f"{gap.size:.3f}",
            "yes" if gap.apart else "no",
        )
        for by, gap in told
    )  # fmt: skip
    heads = ("By", "Figure", "Lowest in", "Highest in", "Gap", "Intervals apart")
    return Sheet("Largest gaps", heads, rows, "Between groups large enough to be compared.")


def inputs(card: Card) -> Sheet:
    """Return what the model asks for."""
    rows = tuple(
        (given.label, unit(given), stand_in(card, name, given))
        for name, given in card.inputs.items()
    )
    return Sheet("Inputs", ("Input", "Unit or answers", "When missing"), rows)


def unit(given: Input) -> str:
    """Return the unit of an input, or its answers."""
    if given.type == "boolean":
        return "yes, no"
    return ", ".join(map(in_words, given.levels)) or given.unit or "number"


def stand_in(card: Card, name: str, given: Input) -> str:
    """Return what happens when an input is missing."""
    imputed = card.training.impute if card.training else {}
    value = given.default if given.default is not None else imputed.get(name)
    if value is None or (given.required and given.default is None):
        return "no score"
    return f"taken as {in_words(value)}"


def odds_ratios(card: Card) -> list[tuple[str, float]]:
    """Return each term with its odds ratio, of one standard deviation where it is scaled."""
    if len(card.models) != 1 or card.models[0].link != "logistic":
        return []
    scales = card.training.standardise if card.training else {}
    found = card.models[0].coefficients
    return [
        (f"{term.replace('_', ' ')}{' (per SD)' if term in scales else ''}", exp(weight))
        for term, weight in found.items()
    ]


def coefficients(card: Card) -> Sheet:
    """Return the linear predictor: its terms on their own scale, and as odds ratios."""
    ratios = odds_ratios(card)
    weights = linear.weights(card, card.models[0]) if ratios else {}
    rows = tuple(
        (name, card.terms[term], f"{weight:.4g}", f"{ratio:.2f}")
        for (name, ratio), (term, weight) in zip(ratios, weights.items(), strict=True)
    )
    note = f"Constant {linear.constant(card, card.models[0]):.4g}." if ratios else ""
    return Sheet("Coefficients", ("Term", "Is", "Log odds a unit", "Odds ratio"), rows, note)


def validation(card: Card) -> Sheet:
    """Return the figures that training kept, on rows that the model had not seen."""
    metrics = card.training.metrics if card.training else {}
    rows = tuple((name.replace("_", " "), f"{value:.3f}") for name, value in metrics.items())
    note = "cv: other folds of the same sites; left out: a site predicted by the others."
    return Sheet("On rows never seen in training", ("Figure", "Value"), rows, note)


def sheets(found: Appraisal) -> list[Sheet]:
    """Return all tables of the report that say something."""
    card = found.card
    made = [
        figures(found), fairness(found), gaps(found), calibration(card),
        validation(card), inputs(card), coefficients(card), data_sheet(found),
    ]  # fmt: skip
    return [sheet for sheet in made if sheet.rows]
