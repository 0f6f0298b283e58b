"""CodeSystems, ValueSets and ConceptMaps made from the feature files, so that peers can read them.

Code systems of others are served as fragments: the codes that the features use, with the notice of
their owners. One map a system leads its codes to our features, another the national ones to LOINC.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from terminology import analytes, systems, ucum
from terminology.analytes import USED
from terminology.service.concepts import CodeSystem, code_system
from terminology.service.library import Library
from terminology.service.maps import BROADER, EQUIVALENT, NARROWER, RELATED, TO_R4, table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from terminology.analytes import Analyte, Code
    from terminology.records import Resource

VERSION = "1"
OWN = "riskbridge"
LOINC = "loinc"
RELATIONSHIPS = {
    "same": EQUIVALENT,
    "narrower": NARROWER,
    "broader": BROADER,
    "specimen": RELATED,
    "related": RELATED,
}
PROPERTIES = (
    ("feature", "code", "The feature that the code measures"),
    ("relation", "code", "How the code relates to the feature"),
    ("property", "string", "The kind of property measured, as LOINC abbreviates it"),
    ("unit", "string", "The unit that the code states or is sent with"),
)


@functools.cache
def library() -> Library:
    """Return all that is generated, made once."""
    made = [code_system(one) for one in code_systems()]
    units = CodeSystem(
        systems.load()["ucum"].uri, name="UCUM", content="complete", grammar=ucum.valid
    )
    return Library(
        {one.url: (one,) for one in (*made, units)},
        {one["url"]: (one,) for one in value_sets()},
        tuple(table(one) for one in concept_maps()),
    )


@functools.cache
def resources() -> tuple[Resource, ...]:
    """Return every generated resource, with its id."""
    return (*code_systems(), *value_sets(), *concept_maps())


def served(fhir_version: str) -> dict[str, Resource]:
    """Return ``Type/id`` to every generated resource, in the words of a FHIR version."""
    modern = fhir_version == "R5"
    return {
        f"{one['resourceType']}/{one['id']}": one if modern else in_r4(one) for one in resources()
    }


def in_r4(resource: Resource) -> Resource:
    """Return a resource with the equivalences of R4 in the place of the relationships of R5."""
    if resource["resourceType"] != "ConceptMap":
        return resource
    groups = [
        {**group, "element": [element_in_r4(element) for element in group["element"]]}
        for group in resource["group"]
    ]
    return {**resource, "group": groups}


def element_in_r4(element: Resource) -> Resource:
    """Return one source code of a map with the equivalences of R4."""
    targets = [
        {
            **{key: value for key, value in target.items() if key != "relationship"},
            "equivalence": TO_R4[target["relationship"]],
        }
        for target in element["target"]
    ]
    return {**element, "target": targets}


def base() -> str:
    """Return the root of our canonical URLs."""
    return systems.load()[OWN].uri.partition("/CodeSystem/")[0]


def head(kind: str, name: str, title: str) -> Resource:
    """Return what every generated resource begins with."""
    return {
        "resourceType": kind,
        "id": name,
        "url": f"{base()}/{kind}/{name}",
        "version": VERSION,
        "name": "Riskbridge"
        + "".join(part.capitalize() for part in name.replace("_", "-").split("-")),
        "title": title,
        "status": "active",
        "experimental": False,
    }


def code_systems() -> Iterator[Resource]:
    """Return our own code system, and a fragment of each other one."""
    for key, system in systems.load().items():
        rows = concepts(system.uri)
        if key == OWN:
            rows = {**features(), **rows}
        if not rows:
            continue
        made = head("CodeSystem", f"{key}-codes", system.title)
        if key != OWN:
            made |= {"url": system.uri, "copyright": system.notice}
            del made["version"]
        yield (
            made
            | {
                "caseSensitive": True,
                "content": "complete" if key == OWN else "fragment",
                "count": len(rows),
                "property": [
                    {"code": code, "type": kind, "description": text}
                    for code, kind, text in PROPERTIES
                ],
                "concept": list(rows.values()),
            }
            | ({"url": system.uri} if key == OWN else {})
        )


def features() -> dict[str, Resource]:
    """Return the features as concepts."""
    return {
        key: concept(key, feature.label, unit=feature.canonical)
        for key, feature in analytes.load().items()
    }


def concepts(uri: str) -> dict[str, Resource]:
    """Return the concepts of one system: codes of features, and answers."""
    found: dict[str, Resource] = {}
    for feature in analytes.load().values():
        for code in feature.codes:
            if code.system == uri:
                found.setdefault(code.code, of_code(code))
        for answer in feature.answers:
            if answer.system == uri:
                found.setdefault(answer.code, concept(answer.code, answer.display))
    return found


def of_code(code: Code) -> Resource:
    """Return a code of a feature as a concept."""
    return concept(
        code.code,
        code.display,
        feature=code.feature,
        relation=code.relation,
        property=code.property,
        unit=code.unit,
    )


def concept(code: str, display: str, **properties: str | None) -> Resource:
    """Return a concept with those of its properties that have a value."""
    kinds = {name: kind for name, kind, _ in PROPERTIES}
    rows = [
        {"code": name, f"value{kinds[name].capitalize()}": value}
        for name, value in properties.items()
        if value
    ]
    return {"code": code, "display": display, **({"property": rows} if rows else {})}


def value_sets() -> Iterator[Resource]:
    """Return for each feature its codes, and its answers when it has some."""
    for key, feature in analytes.load().items():
        codes = [(c.system, c.code, c.display) for c in feature.codes if c.relation in USED]
        if codes:
            yield value_set(key, f"Codes of: {feature.label}", codes)
        answers = [(a.system, a.code, a.display) for a in feature.answers]
        if answers:
            yield value_set(f"{key}-answers", f"Answers of: {feature.label}", answers)


def value_set(name: str, title: str, codes: list[tuple[str, str, str]]) -> Resource:
    """Return a value set of listed codes."""
    include: dict[str, list[Resource]] = {}
    for system, code, display in codes:
        include.setdefault(system, []).append({"code": code, "display": display})
    notices = [systems.by_uri()[uri].notice for uri in include]
    return head("ValueSet", name.replace("_", "-"), title) | {
        "copyright": "\n".join(notices),
        "compose": {"include": [{"system": s, "concept": rows} for s, rows in include.items()]},
    }


def concept_maps() -> Iterator[Resource]:
    """Return one map a system to our features, and one to LOINC for each but LOINC."""
    for key, system in systems.load().items():
        codes = [
            code
            for feature in analytes.load().values()
            for code in feature.codes
            if code.system == system.uri and code.relation in RELATIONSHIPS
        ]
        if not codes:
            continue
        to_feature = [(code, of_feature(code)) for code in codes]
        yield concept_map(f"{key}-to-feature", system.uri, systems.load()[OWN].uri, to_feature)
        if key not in (LOINC, OWN):
            to_loinc = [(code, target) for code in codes if (target := of_loinc(code))]
            if to_loinc:
                yield concept_map(
                    f"{key}-to-loinc", system.uri, systems.load()[LOINC].uri, to_loinc
                )


def concept_map(name: str, source: str, target: str, rows: list[tuple[Code, Resource]]) -> Resource:
    """Return a ConceptMap (R5 in its relationships; R4 gets its own words when it is served)."""
    elements = [{"code": c.code, "display": c.display, "target": [each]} for c, each in rows]
    made = head("ConceptMap", name, f"{source} to {target}")
    return made | {
        "copyright": systems.by_uri()[source].notice,
        "group": [{"source": source, "target": target, "element": elements}],
    }


def of_feature(code: Code) -> Resource:
    """Return the feature that a code measures, as a target."""
    label = analytes.load()[code.feature].label
    target = {
        "code": code.feature,
        "display": label,
        "relationship": RELATIONSHIPS[code.relation],
    }
    return target | ({"comment": code.note} if code.note else {})


def of_loinc(code: Code) -> Resource | None:
    """Return the LOINC code that a national one may stand for, as a target.

    A code of ours that names its LOINC code is equivalent. Any other is at best narrower than the
    LOINC code of its feature that measures the same kind of property.
    """
    feature = analytes.load()[code.feature]
    if code.loinc:
        found = next((c for c in feature.codes if c.code == code.loinc), None)
        relationship = RELATIONSHIPS[code.relation]
    else:
        found = by_kind(feature, code.unit)
        relationship = NARROWER if code.relation in ("same", "narrower") else RELATED
    if found is None:
        return None
    return {"code": found.code, "display": found.display, "relationship": relationship}


def by_kind(feature: Analyte, unit: str | None) -> Code | None:
    """Return the LOINC code of a feature that fits a unit: moles to moles, mass to mass."""
    uri = systems.load()[LOINC].uri
    same = [c for c in feature.codes if c.system == uri and c.relation == "same"]
    kinds = {c.property for c in same}
    if {"MCnc", "SCnc"} <= kinds:
        if not unit:
            return None
        wanted = "SCnc" if "mol" in unit or "Eq" in unit else "MCnc"
        return next(c for c in same if c.property == wanted)
    return next((c for c in same if c.code == feature.loinc), None)
