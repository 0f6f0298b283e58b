"""Values that follow from others: body mass index, eGFR, non-HDL cholesterol, family history.

Each is marked ``derived`` and carries its inputs. Nothing follows from a bounded value, and an eGFR
only from an adult's creatinine, sex and full birth date.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mappers import countries, dates
from terminology import units
from terminology.records import Measurement

if TYPE_CHECKING:
    from collections.abc import Mapping

    from terminology.records import Person, Value

FLAG = "derived"
EQUATIONS = {
    "ckd-epi-2021": {"scale": 142.0, "over": -1.200, "age": 0.9938, "female": 1.012},
    "ckd-epi-2009": {"scale": 141.0, "over": -1.209, "age": 0.993, "female": 1.018},
}
UNDER = {
    ("ckd-epi-2021", "male"): -0.302,
    ("ckd-epi-2021", "female"): -0.241,
    ("ckd-epi-2009", "male"): -0.411,
    ("ckd-epi-2009", "female"): -0.329,
}
KAPPA = {"male": 0.9, "female": 0.7}
"""Creatinine (mg/dL) at which the two branches of the equations meet."""
DEFAULT = "ckd-epi-2021"
ADULT = 18


def derivations(
    features: Mapping[str, Measurement], person: Person | None, country: str | None
) -> dict[str, Measurement]:
    """Return the derived values that the features of one patient allow."""
    found = {
        "bmi": bmi(features),
        "egfr": egfr(features, person, country),
        "non_hdl_cholesterol": non_hdl(features),
        "family_history_diabetes": diabetic_family(features),
    }
    return {key: value for key, value in found.items() if value is not None}


def number(features: Mapping[str, Measurement], feature: str) -> float | None:
    """Return an unbounded number among the features."""
    found = features.get(feature)
    if found is None or found.comparator is not None or not isinstance(found.value, float):
        return None
    return found.value


def bmi(features: Mapping[str, Measurement]) -> Measurement | None:
    """Return weight over height squared, in kg/m2, as of the weight."""
    weight, height = number(features, "body_weight"), number(features, "body_height")
    if weight is None or not height:
        return None
    value = weight / (height / 100) ** 2
    return follows("bmi", value, "kg/m2", features["body_weight"], features["body_height"])


def non_hdl(features: Mapping[str, Measurement]) -> Measurement | None:
    """Return total minus HDL cholesterol of one moment, in mmol/L."""
    total, hdl = number(features, "total_cholesterol"), number(features, "hdl_cholesterol")
    if total is None or hdl is None or total <= hdl:
        return None
    whole, part = features["total_cholesterol"], features["hdl_cholesterol"]
    if (whole.effective or "")[:10] != (part.effective or "")[:10]:
        return None
    return follows("non_hdl_cholesterol", total - hdl, "mmol/L", whole, part)


def diabetic_family(features: Mapping[str, Measurement]) -> Measurement | None:
    """Return the closest degree of relatives with diabetes; a silent closer one leaves it open."""
    first = features.get("family_history_diabetes_first_degree")
    second = features.get("family_history_diabetes_second_degree")
    if first is not None and first.value is True:
        return follows("family_history_diabetes", "first_degree", None, first)
    if first is None or second is None:
        return None
    value = "second_degree" if second.value is True else "none"
    return follows("family_history_diabetes", value, None, second, first)


def egfr(
    features: Mapping[str, Measurement], person: Person | None, country: str | None
) -> Measurement | None:
    """Return the estimated glomerular filtration rate, in mL/min/{1.73_m2}.

    CKD-EPI 2021 (Inker, N Engl J Med 2021;385:1737) without, or CKD-EPI 2009 (Levey, Ann Intern
    Med 2009;150:604) with its term for Black people left out, as the country's file says.
    """
    creatinine = number(features, "creatinine")
    if creatinine is None or person is None or person.sex not in KAPPA:
        return None
    source = features["creatinine"]
    age = age_at(person, source.effective)
    milligrams = units.convert(creatinine, "umol/L", "mg/dL", "creatinine").value
    if age is None or age < ADULT or not milligrams:
        return None
    known = countries.load().get(country or "")
    equation = known.egfr if known else DEFAULT
    value = ckd_epi(equation, milligrams, person.sex, age)
    return follows("egfr", value, "mL/min/{1.73_m2}", source, flags=(FLAG, equation))


def ckd_epi(equation: str, creatinine: float, sex: str, age: int) -> float:
    """Return the eGFR by an equation; `creatinine` in mg/dL, `age` in completed years.

    >>> round(ckd_epi("ckd-epi-2021", 1.0, "female", 50), 1)
    68.6
    """
    terms = EQUATIONS[equation]
    relative = creatinine / KAPPA[sex]
    value: float = terms["scale"] * min(relative, 1.0) ** UNDER[equation, sex]
    value *= max(relative, 1.0) ** terms["over"] * terms["age"] ** float(age)
    return value * terms["female"] if sex == "female" else value


def age_at(person: Person, effective: str | None) -> int | None:
    """Return completed years on a day, None when the birth date is not known to the day."""
    born, then = person.birth, effective
    if born is None or len(born) != 10 or person.birth_estimated or then is None or len(then) < 10:
        return None
    birth, day = dates.day(born), dates.day(then[:10])
    if birth is None or day is None:
        return None
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def follows(
    feature: str,
    value: Value,
    unit: str | None,
    first: Measurement,
    *others: Measurement,
    flags: tuple[str, ...] = (FLAG,),
) -> Measurement:
    """Return a derived measurement, as of `first`; doubts about its inputs stay with it."""
    inputs = (first, *others)
    doubts = tuple(dict.fromkeys(f for m in inputs for f in m.flags if f == "preliminary"))
    return Measurement(
        feature,
        value,
        unit,
        first.at,
        resource=first.resource,
        version=first.version,
        subject=first.subject,
        effective=first.effective,
        flags=(*flags, *doubts),
        derived_from=inputs,
    )
