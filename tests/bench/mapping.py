"""Reading: both lanes of the mapper against a bare `orjson.loads` of the same bytes.

The full lane decodes and reads the JSON of the shared corpus (left out where it is absent), without
the checks that the gateway makes of what is sent to it; the fast lane folds
clean Observations into each patient's newest values. The work for one hardly grows with its size,
so both kinds are measured: those with narrative (about 1.4 kB each, made here; many a patient and
feature), and the lean ones of sandbox servers (0.7 kB; few, so that nearly each is held), as lines
and as Bundles of 100.
"""

from __future__ import annotations

import random
import statistics
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import orjson

from gateway.sandbox import dialects, people
from mappers import fast
from mappers.document import map_document
from mappers.fold import Fold

if TYPE_CHECKING:
    from collections.abc import Callable

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
ROUNDS = 15
VITALS = [
    ("8867-4", "Heart rate", "/min", 55, 100),
    ("9279-1", "Respiratory rate", "/min", 10, 22),
    ("8310-5", "Body temperature", "Cel", 36, 39),
    ("59408-5", "Oxygen saturation", "%", 92, 99),
    ("29463-7", "Body weight", "kg", 50, 110),
    ("8302-2", "Body height", "cm", 150, 195),
    ("2093-3", "Cholesterol", "mg/dL", 140, 260),
    ("2085-9", "Cholesterol in HDL", "mg/dL", 35, 80),
    ("2160-0", "Creatinine", "mg/dL", 1, 2),
    ("4548-4", "Hemoglobin A1c", "%", 5, 9),
]


def rows() -> list[tuple[str, float, float]]:
    """Return the ratios: smaller is better."""
    lines = [msgspec.json.encode(one) for one in synthetic(400)]
    lane = Fold()
    lane.lines(cohort())
    lean = [line for line in cohort() if is_clean(line)]
    packed = [bundle(lean[start : start + 100]) for start in range(0, len(lean), 100)]
    found = [
        ("fast lane / orjson.loads", ratio(lines, lambda: Fold().lines(lines)), 1.3),
        ("fast lane, lean / orjson.loads", ratio(lean, lambda: Fold().lines(lean)), 1.5),
        (
            "fast lane, lean Bundles / orjson.loads",
            ratio(packed, lambda: Fold().lines(packed)),
            2.2,
        ),
        ("fast lane with a record each / orjson.loads", ratio(lines, lambda: every(lines)), 3.0),
        (
            "share of a sandbox's Observations for the full lane / 5 %",
            lane.full / lane.documents / 0.05,
            1.0,
        ),
    ]
    if CORPUS.exists():
        raws = corpus()
        found.append(("full lane / orjson.loads", ratio(raws, lambda: read_all(raws)), 5.0))
    return found


def cohort() -> list[bytes]:
    """Return the Observations of sandbox servers of six countries, flaws and all."""
    now = datetime(2025, 6, 1, 12, tzinfo=UTC)
    encode = msgspec.json.Encoder(decimal_format="number").encode
    return [
        encode(resource)
        for country in ("US", "GB", "FI", "DE", "JP", "NL")
        for resource in people.cohort(dialects.load(country), 40, 1, now).resources
        if resource["resourceType"] == "Observation"
    ]


def is_clean(line: bytes) -> bool:
    """Say whether the fast lane reads an Observation."""
    lane = Fold()
    lane.take(line)
    return not lane.full


def bundle(lines: list[bytes]) -> bytes:
    """Return a Bundle of some resources."""
    listed = b",".join(b'{"resource":' + line + b"}" for line in lines)
    return b'{"resourceType":"Bundle","type":"collection","entry":[' + listed + b"]}"


def every(lines: list[bytes]) -> None:
    """Map each line by itself, keeping nothing."""
    for line in lines:
        fast.map_bytes(line)


def corpus() -> list[bytes]:
    """Return the JSON files of the corpus that can be read."""
    raws = []
    for path in sorted(CORPUS.glob("*/*.json")):
        if path.parent.name not in ("expected", "policy"):
            raw = path.read_bytes()
            try:
                orjson.loads(raw)
            except ValueError:
                continue
            raws.append(raw)
    return raws


def read_all(raws: list[bytes]) -> None:
    """Map each document by the full lane, from its bytes."""
    for raw in raws:
        map_document(fast.DOCUMENT.decode(raw))


def ratio(raws: list[bytes], work: Callable[[], object]) -> float:
    """Return the median of CPU of `work` over CPU of `orjson.loads`, taken in turns."""

    def base() -> None:
        for raw in raws:
            orjson.loads(raw)

    work()
    return statistics.median(cpu(work) / cpu(base) for _ in range(ROUNDS))


def cpu(work: Callable[[], object]) -> float:
    """Return the CPU seconds of one call."""
    start = time.process_time()
    work()
    return time.process_time() - start


def synthetic(visits: int) -> list[dict[str, Any]]:
    """Return clean Observations of some visits, with narrative and profile as servers add them."""
    chance = random.Random(7)
    made = []
    for visit in range(visits):
        when = f"20{10 + visit % 14}-0{1 + visit % 9}-1{visit % 10}T08:{visit % 60:02}:00+00:00"
        subject = {"reference": f"Patient/p{visit // 50}"}
        made.append(pressure(visit, when, subject, chance))
        for code, name, unit, low, high in VITALS:
            value = round(chance.uniform(low, high), 1)
            made.append(whole(f"o{visit}-{code}", when, subject, code, name) | held(value, unit))
    return made


def whole(name: str, when: str, subject: dict[str, str], code: str, text: str) -> dict[str, Any]:
    """Return an Observation without its value."""
    category = {
        "system": "http://terminology.hl7.org/CodeSystem/observation-category",
        "code": "vital-signs",
        "display": "Vital signs",
    }
    normal = {
        "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation",
        "code": "N",
        "display": "Normal",
    }
    return {
        "resourceType": "Observation",
        "id": name,
        "meta": {
            "versionId": "1",
            "lastUpdated": when,
            "source": f"urn:uuid:4b0d6f5e-9d1c-4b8e-8a53-{visit_number(name):012}",
            "profile": ["http://hl7.org/fhir/StructureDefinition/vitalsigns"],
        },
        "text": {
            "status": "generated",
            "div": f'<div xmlns="http://www.w3.org/1999/xhtml"><p><b>{text}</b>, taken on {when} '
            f"of {subject['reference']}: see the value; status final, within range.</p></div>",
        },
        "identifier": [{"system": "https://hospital.example/observations", "value": name}],
        "status": "final",
        "category": [{"coding": [category], "text": "Vital signs"}],
        "code": {
            "coding": [{"system": "http://loinc.org", "code": code, "display": text}],
            "text": text,
        },
        "subject": subject,
        "encounter": {"reference": f"Encounter/{name}"},
        "effectiveDateTime": when,
        "issued": when,
        "performer": [{"reference": "Practitioner/nurse-7", "display": "Nurse on duty"}],
        "interpretation": [{"coding": [normal]}],
    }


def visit_number(name: str) -> int:
    """Return the digits of an Observation's name."""
    return int("".join(sign for sign in name if sign.isdigit()))


def held(value: float, unit: str) -> dict[str, Any]:
    """Return a value element."""
    system = "http://unitsofmeasure.org"
    return {"valueQuantity": {"value": value, "unit": unit, "system": system, "code": unit}}


def pressure(
    visit: int, when: str, subject: dict[str, str], chance: random.Random
) -> dict[str, Any]:
    """Return a blood pressure panel."""
    parts = [
        {"code": {"coding": [{"system": "http://loinc.org", "code": code}]}} | held(value, "mm[Hg]")
        for code, value in (
            ("8480-6", chance.randint(105, 170)),
            ("8462-4", chance.randint(60, 95)),
        )
    ]
    return whole(f"bp{visit}", when, subject, "85354-9", "Blood pressure") | {"component": parts}
