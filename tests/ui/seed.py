"""Fills a store with invented patients, results and findings for the console's tests.

Everything is drawn from a seed, so that two runs show the same pages; `people` scales it up.
"""

from __future__ import annotations

import hashlib
import json
import random
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from gateway.store.engine import writing
from gateway.store.index import folded
from gateway.store.instants import interval
from gateway.store.tables import (
    assessment,
    finding,
    job,
    measurement,
    outbox,
    refusal,
    resource,
    search_value,
    source,
)
from scoring.cards import load
from scoring.engine import score
from scoring.explain import contributions
from terminology.records import Measurement, Original
from tests.ui.others import HOSTILE, foreign_rows

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
MS = int(NOW.timestamp() * 1000)
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000

SOURCES: dict[str, dict[str, Any]] = {
    "de-mitte": {"country": "DE", "last_pull_at": MS - 20 * MINUTE, "reachable": True},
    "fi-north": {"country": "FI", "last_pull_at": MS - 12 * MINUTE, "reachable": True},
    "gb-west": {"country": "GB", "last_pull_at": MS - 3 * DAY, "reachable": True},
    "jp-kanto": {"country": "JP", "last_pull_at": MS - 2 * HOUR, "reachable": False},
    "nl-zuid": {"country": "NL", "last_pull_at": MS - 40 * MINUTE, "reachable": True},
    "us-east": {"country": "US", "last_pull_at": None, "reachable": None},
}
VERSIONS = {"nl-zuid": "STU3"}
ERRORS = {"jp-kanto": "no answer within 10 s"}

FAMILIES = ("Testperson", "Muster", "Esimerkki", "Voorbeeld", "Sample", "Exempel", "Prova")
GIVEN = ("Alpha", "Beta", "Gamma", "Delta", "Epsilon", "Zeta", "Eta", "Theta")

LONG = "Wolfeschlegelsteinhausenberger" * 6
ODD_NAMES: tuple[dict[str, Any], ...] = (
    {"text": "عينة الاختبار"},
    {"family": "בדיקה", "given": ["דוגמה"]},
    {"family": LONG, "given": ["Long"]},
    {"text": HOSTILE},
    {"family": "試験", "given": ["見本"]},
    {"text": "evil\u202etxt.exe\u0007"},
    {},
)
REASONS = (
    ("unit-missing", "creatinine", "http://loinc.org", "2160-0", None),
    ("unit-unknown", "glucose_fasting", "http://loinc.org", "1558-6", "mmol/litre (old)"),
    ("implausible", "body_temperature", "http://loinc.org", "8310-5", "Cel"),
    ("value-absent", "hdl_cholesterol", "http://loinc.org", "2085-9", None),
    ("status", "systolic_bp", "http://loinc.org", "8480-6", "mm[Hg]"),
    ("qualifier", "systolic_bp", "http://snomed.info/sct", "271649006", "mm[Hg]"),
    ("unit-conflict", "hba1c", "http://loinc.org", "4548-4", "%"),
    ("placeholder", "body_weight", "http://loinc.org", "29463-7", "kg"),
    ("malformed", None, None, None, None),
)


def seed(engine: sa.Engine, people: int = 60, *, odd: bool = True) -> None:
    """Fill the store; the odd names are the first patients of each source."""
    with writing(engine) as connection:
        connection.execute(sa.insert(source), [source_row(name) for name in SOURCES])
        rows = patients(people, odd=odd)
        while part := list(islice(rows, 2000)):
            insert(connection, part)
        connection.execute(sa.insert(job), [dead_job()])
        if odd:
            others = enumerate(foreign_rows(MS - DAY), people + 1)
            connection.execute(sa.insert(resource), [{"seq": seq, **row} for seq, row in others])


def source_row(name: str) -> dict[str, Any]:
    """Return the row of a source."""
    state = SOURCES[name]
    url = f"http://127.0.0.1:1/{name}/fhir"
    settings = {"name": name, "base_url": url, "country": state["country"]}
    return {
        "name": name,
        "base_url": url,
        "settings": settings,
        "capability": {"fhir_version": VERSIONS.get(name, "R4")} if state["last_pull_at"] else None,
        "probed_at": state["last_pull_at"],
        "last_error": ERRORS.get(name),
        **state,
    }


def dead_job() -> dict[str, Any]:
    """Return a job that failed for good."""
    return {
        "kind": "push",
        "key": "gb-west",
        "payload": {},
        "state": "dead",
        "attempts": 8,
        "run_after": MS - HOUR,
        "created_at": MS - DAY,
    }


Rows = dict[sa.Table, list[dict[str, Any]]]


def insert(connection: sa.Connection, patients: list[Rows]) -> None:
    """Insert the rows of some patients, one statement a table."""
    for table in (resource, search_value, measurement, assessment, outbox, refusal, finding):
        rows = [row for one in patients for row in one.get(table, ())]
        if rows:
            connection.execute(sa.insert(table), rows)


def patients(people: int, *, odd: bool) -> Iterator[Rows]:
    """Yield the rows of each patient, sources in turn, one in twenty received directly."""
    names = [name for name, state in SOURCES.items() if state["last_pull_at"]]
    for place in range(people):
        draw = random.Random(place)
        of = "" if place % 20 == 19 else names[place % len(names)]
        name = ODD_NAMES[place] if odd and place < len(ODD_NAMES) else plain_name(draw)
        yield patient(place, of, name, draw)


def plain_name(draw: random.Random) -> dict[str, Any]:
    """Return an invented name."""
    return {"family": draw.choice(FAMILIES), "given": [draw.choice(GIVEN)]}


def patient(place: int, of: str, name: dict[str, Any], draw: random.Random) -> Rows:
    """Return all rows of one patient: seven in ten scored, some refused, some not looked at."""
    own = f"p{place}"
    gid = f"{of}.{own}" if of else own
    country = SOURCES[of]["country"] if of else draw.choice(["SE", None])
    born = f"{draw.randint(1940, 1986)}-{draw.randint(1, 12):02d}-{draw.randint(1, 28):02d}"
    raw = {
        "resourceType": "Patient",
        "id": own,
        "name": [name] if name else [],
        "gender": draw.choice(["male", "female"]),
        "birthDate": born,
        "identifier": [{"system": "urn:example:mrn", "value": f"MRN-{place:06d}"}],
    }
    data = json.dumps(raw, ensure_ascii=False).encode()
    received = MS - draw.randint(1, 2000) * MINUTE
    rows: Rows = {
        resource: [
            {
                "seq": place + 1,
                "source": of,
                "type": "Patient",
                "id": own,
                "gid": gid,
                "last_updated": received,
                "sha256": hashlib.sha256(data).digest(),
                "raw": data,
                "patient": gid,
                "country": country,
                "method": "PUT",
            }
        ],
        search_value: found_by(place + 1, raw),
    }
    rows[measurement] = measured(of, own, gid, draw)
    kind = place % 10
    if kind < 7:
        add_assessments(rows, of, draw, received)
    elif kind < 9:
        rows[refusal] = [refused(of, gid, kind, received)]
    rows[finding] = [found(of, gid, draw) for _ in range(draw.choice([0, 0, 1, 3]))]
    return rows


def found_by(seq: int, raw: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the search values of names, identifiers, sex and birth date."""
    texts = [
        text
        for name in raw["name"]
        for text in (name.get("text"), name.get("family"), *name.get("given", ()))
        if text
    ]
    own = [("name", folded(text), None, None) for text in texts]
    own += [("identifier", one["value"], None, None) for one in raw["identifier"]]
    own += [("gender", raw["gender"], None, None), ("birthdate", None, *interval(raw["birthDate"]))]
    keys = ("param", "text", "low", "high")
    return [
        {"resource": seq, "type": "Patient", **dict(zip(keys, row, strict=True))} for row in own
    ]


NUMBERS = (
    ("systolic_bp", 95, 190, "mm[Hg]", "mm[Hg]", 1.0),
    ("total_cholesterol", 3.2, 8.1, "mmol/L", "mg/dL", 38.67),
    ("hdl_cholesterol", 0.8, 2.2, "mmol/L", "mg/dL", 38.67),
    ("bmi", 18, 41, "kg/m2", "kg/m2", 1.0),
    ("creatinine", 0.5, 2.1, "mg/dL", "umol/L", 88.42),
)


def measured(of: str, own: str, gid: str, draw: random.Random) -> list[dict[str, Any]]:
    """Return the measurements of a patient: numbers old and new, smoking, a condition."""
    rows = []
    for feature, low, high, unit, sent, factor in NUMBERS:
        for days in (30, 400):
            value = round(draw.uniform(low, high), 2)
            original = {"value": f"{value * factor:.1f}", "unit": sent, "code": sent}
            rows.append(value_row((of, own, gid), (feature, value, unit), days, original))
    answer = draw.choice(["never", "former", "current"])
    rows.append(value_row((of, own, gid), ("smoking_status", answer, None), 30, {}))
    rows.append(value_row((of, own, gid), ("diabetes", draw.random() < 0.2, None), 60, {}))
    return rows


def value_row(
    whose: tuple[str, str, str],
    what: tuple[str, float | str | bool, str | None],
    days: int,
    original: dict[str, str],
) -> dict[str, Any]:
    """Return one row of `measurement`."""
    (of, own, gid), (feature, value, unit) = whose, what
    when = datetime.fromtimestamp((MS - days * DAY) / 1000, UTC)
    kind = "Condition" if isinstance(value, bool) else "Observation"
    one = f"{own}-{feature}-{days}"
    effective = when.isoformat()
    return {
        "source": of,
        "type": kind,
        "gid": f"{of}.{one}" if of else one,
        "patient": gid,
        "feature": feature,
        "value_number": None if isinstance(value, str) else float(value),
        "value_text": value if isinstance(value, str) else None,
        "unit": unit,
        "effective": effective,
        "instant": MS - days * DAY,
        "flags": ["outside-plausible"] if feature == "bmi" and float(value) > 40 else [],
        "data": {"feature": feature, "value": value, "unit": unit, "original": original},
    }


def add_assessments(rows: Rows, of: str, draw: random.Random, received: int) -> None:
    """Add a standing assessment, sometimes an earlier one or a second card, and its delivery."""
    by_feature = {row["feature"]: row for row in reversed(rows[measurement])}
    made = [assessed(of, "score2", cardiac(by_feature, draw), by_feature, received)]
    if draw.random() < 0.5:
        old = assessed(of, "score2", cardiac(by_feature, draw), by_feature, received - DAY)
        made.append(
            {**old, "identifier": old["identifier"] + "-old", "replaced_by": made[0]["identifier"]}
        )
    if draw.random() < 0.3:
        made.append(assessed(of, "news2", ward(draw), by_feature, received))
    rows[assessment] = made
    rows[outbox] = [delivery(one, draw) for one in made if of and not one["replaced_by"]]


def cardiac(by_feature: dict[str, dict[str, Any]], draw: random.Random) -> dict[str, Any]:
    """Return inputs of SCORE2."""
    return {
        "age": float(draw.randint(40, 69)),
        "sex": draw.choice(["male", "female"]),
        "risk_region": "moderate",
        "sbp_mmhg": by_feature["systolic_bp"]["value_number"],
        "total_cholesterol_mmol_l": by_feature["total_cholesterol"]["value_number"],
        "hdl_cholesterol_mmol_l": by_feature["hdl_cholesterol"]["value_number"],
        "current_smoker": draw.random() < 0.3,
    }


def ward(draw: random.Random) -> dict[str, Any]:
    """Return inputs of NEWS2."""
    return {
        "age": 60,
        "respiratory_rate_min": draw.randint(11, 26),
        "spo2_percent": draw.randint(91, 99),
        "supplemental_oxygen": draw.random() < 0.3,
        "sbp_mmhg": draw.randint(95, 180),
        "heart_rate_min": draw.randint(50, 125),
        "consciousness": "A",
        "temperature_c": round(draw.uniform(35.5, 39.5), 1),
    }


def assessed(
    of: str, card: str, inputs: dict[str, Any], by_feature: dict[str, dict[str, Any]], made: int
) -> dict[str, Any]:
    """Return a row of `assessment` with the score that the card gives."""
    gid = by_feature["systolic_bp"]["patient"]
    said = score(load()[card], inputs, country="FI")
    assert said.applicable, said.reason
    data = msgspec.to_builtins(said)
    data["contributions"] = msgspec.to_builtins(contributions(load()[card], said.inputs))
    data["basis"] = msgspec.to_builtins([basis(by_feature["systolic_bp"])])
    return {
        "identifier": hashlib.sha256(f"{gid}{card}{made}".encode()).hexdigest()[:32],
        "source": of,
        "patient": gid,
        "card": card,
        "card_version": said.version,
        "status": "final",
        "category": said.category,
        "ranking": next((float(v) for v in said.outputs.values() if type(v) in {int, float}), None),
        "probability": next((v for v in said.outputs.values() if isinstance(v, float)), None),
        "outputs": dict(said.outputs),
        "score": data,
        "basis": [],
        "resource_gid": None,
        "created_at": made,
        "replaced_by": None,
    }


def basis(row: dict[str, Any]) -> Measurement:
    """Return a measurement as it stands in a score."""
    return Measurement(
        feature=row["feature"],
        value=row["value_number"],
        unit=row["unit"],
        at="Observation",
        resource=f"Observation/{row['gid']}",
        effective=row["effective"],
        original=Original(**row["data"]["original"]),
    )


def delivery(one: dict[str, Any], draw: random.Random) -> dict[str, Any]:
    """Return a row of `outbox`: most are written, some wait, few failed."""
    state = draw.choice(["written"] * 8 + ["due", "failed"])
    return {
        "source": one["source"],
        "kind": "RiskAssessment",
        "target_id": one["identifier"],
        "identifier": one["identifier"],
        "state": state,
        "attempts": 1,
        "last_error": "409 conflict" if state == "failed" else None,
        "written_at": one["created_at"] + MINUTE if state == "written" else None,
    }


def refused(of: str, gid: str, kind: int, made: int) -> dict[str, Any]:
    """Return a row of `refusal`."""
    missing = ["total_cholesterol_mmol_l", "hdl_cholesterol_mmol_l"] if kind == 7 else []
    return {
        "source": of,
        "patient": gid,
        "card": "score2",
        "reason": "missing_input" if missing else "age_below_min",
        "missing": missing,
        "created_at": made,
    }


def found(of: str, gid: str, draw: random.Random) -> dict[str, Any]:
    """Return a row of `finding`."""
    reason, feature, system, code, unit = draw.choice(REASONS)
    one = f"o{draw.randint(1, 9999)}"
    return {
        "source": of,
        "type": "Observation",
        "gid": f"{of}.{one}" if of else one,
        "patient": None if reason == "malformed" else gid,
        "at": "Observation",
        "feature": feature,
        "reason": reason,
        "detail": f"The value cannot be used: {reason}.",
        "system": system,
        "code": code,
        "unit": unit,
    }
