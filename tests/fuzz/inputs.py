"""Seeds, and changes of a document that keep it one."""

from __future__ import annotations

import json
import random
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import atheris
import msgspec

from gateway.fhir.xml import to_xml
from gateway.sandbox import dialects, people

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
LONGEST = 12_000
"""Bytes of a seed."""
ODD: list[Any] = [
    *(None, True, 0, -1, 1e308, 10**30, "", " ", "x" * 300, [], {}, [[]], [None], {"a": {}}),
    *("Patient/p1", "#p", "urn:uuid:1", "2024-02-30", "${X}", "final", "<", "kg", "mmol/L", "%"),
    *("http://loinc.org", "http://snomed.info/sct", "http://unitsofmeasure.org", "NaN", "1e5"),
]


def seeds() -> Path:
    """Return a new folder with small documents: of sandboxes, and of the corpus where it is."""
    folder = Path(tempfile.mkdtemp(prefix="riskbridge-fuzz-"))
    now = datetime(2025, 6, 1, 12, tzinfo=UTC)
    encode = msgspec.json.Encoder(decimal_format="number").encode
    for country in ("US", "FI", "DE", "JP"):
        made = people.cohort(dialects.load(country), 5, 1, now).resources
        for number, resource in enumerate(made[::3]):
            (folder / f"{country}-{number}.json").write_bytes(encode(resource))
        (folder / f"{country}.xml").write_bytes(to_xml(made[1]))
        entries = [{"fullUrl": f"urn:x:{n}", "resource": one} for n, one in enumerate(made[:9])]
        bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
        (folder / f"{country}-bundle.json").write_bytes(encode(bundle))
    for path in sorted(CORPUS.glob("*/*.*")):
        if path.parent.name != "expected" and path.stat().st_size <= LONGEST:
            (folder / f"{path.parent.name}-{path.name}").write_bytes(path.read_bytes())
    return folder


def mutated(raw: bytes, size: int, seed: int) -> bytes:
    """Return JSON with some of its nodes changed; other bytes, changed anyhow."""
    chance = random.Random(seed)
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict) or chance.random() < 0.2:
        changed: bytes = atheris.Mutate(raw, size)
        return changed
    nodes = [*holders(document)]
    for _ in range(chance.randint(1, 4)):
        change(chance, chance.choice(nodes), nodes)
    try:
        return json.dumps(document).encode()[:size]
    except (ValueError, RecursionError):  # a node that was put into itself
        return raw


def holders(node: Any) -> list[Any]:
    """Return the objects and lists of a document."""
    found, left = [], [node]
    while left and len(found) < 2000:
        one = left.pop()
        if isinstance(one, dict | list):
            found.append(one)
            left += one.values() if isinstance(one, dict) else one
    return found


def change(chance: random.Random, node: Any, nodes: list[Any]) -> None:
    """Change one place of an object or list: take away, double, replace, or bring from afar."""
    places = list(node) if isinstance(node, dict) else list(range(len(node)))
    if not places:
        return
    place = chance.choice(places)
    kind = chance.randrange(5)
    if kind == 0:
        del node[place]
    elif kind == 1 and isinstance(node, list):
        node.append(node[place])
    elif kind == 2:
        other = chance.choice(nodes)
        node[place] = json.loads(json.dumps(other)) if len(str(other)) < LONGEST else None
    elif kind == 3 and isinstance(node, dict):
        node[chance.choice(["value", "code", "system", "reference", "id", "unit"])] = node[place]
    else:
        node[place] = chance.choice(ODD)
