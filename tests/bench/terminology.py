"""Speed of units and codes: ratios to a bare multiplication, to pint, to the standard library."""

from __future__ import annotations

import subprocess
import sys
import timeit
import warnings
from decimal import Decimal
from typing import Any

from terminology import codes, units

VALUE = Decimal("0.9")
UCUM = "http://unitsofmeasure.org"


def bare(left: float, right: float) -> float:
    """Multiply in a function call: the floor of any conversion."""
    return left * right


def seconds(statement: str, number: int = 300, **names: Any) -> float:
    """Return the best time of one call; short windows, for a machine that does other work too."""
    return min(timeit.repeat(statement, globals=names, number=number, repeat=600)) / number


def importing(what: str) -> float:
    """Return the best time that a fresh interpreter takes to import `what`, in seconds."""
    code = (
        "import time; start = time.process_time(); "
        f"import {what}; print(time.process_time() - start)"
    )
    run = [sys.executable, "-c", code]
    return min(
        float(subprocess.run(run, capture_output=True, check=True).stdout) for _ in range(15)
    )


def pint_seconds() -> float:
    """Return the time of one conversion by pint with its units parsed before."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from ucumvert import PintUcumRegistry

        registry = PintUcumRegistry()
        source, target = registry.from_ucum("kPa"), registry.from_ucum("mm[Hg]")
        return seconds("(16.0 * source).to(target).magnitude", 5, source=source, target=target)


def rows() -> list[tuple[str, float, float]]:
    """Return what was measured, its ratio, and the bar."""
    floor = seconds("bare(0.9, 88.402)", bare=bare)
    names: dict[str, Any] = {"units": units, "codes": codes, "value": VALUE, "ucum": UCUM}
    warm = seconds("units.canonical('creatinine', value, 'mg/dL')", **names)
    convert = seconds("units.convert('0.9', 'mg/dL', 'umol/L', 'creatinine')", **names)
    bridge = seconds("units.canonical('systolic_bp', value, 'kPa')", **names)
    resolve = seconds("units.resolve(ucum, 'mg/dL', 'mg/dL', 'creatinine')", **names)
    find = seconds("codes.find('http://loinc.org', '2160-0')", **names)
    library = importing("json, decimal, re, tomllib")
    return [
        ("analyte conversion, warm / bare multiplication", warm / floor, 25),
        ("conversion of a text, warm / bare multiplication", convert / floor, 35),
        ("unit of a quantity, warm / bare multiplication", resolve / floor, 25),
        ("code to feature, warm / bare multiplication", find / floor, 25),
        ("25 conversions / one of pint, parsed before", 25 * bridge / pint_seconds(), 1),
        ("import terminology / json, decimal, re, tomllib", importing("terminology") / library, 3),
        (
            "import its units and codes / json, decimal, re, tomllib",
            importing("terminology.units, terminology.codes") / library,
            3,
        ),
    ]
