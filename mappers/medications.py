"""MedicationStatements and MedicationRequests -> facts about treatment, true or unknown.

A drug that is taken makes its facts true; one drug that is not taken denies nothing, only a
statement that there are no medications does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mappers import choice, facts
from mappers.conditions import denied
from mappers.references import resolve
from mappers.statements import first_date, gathered, state, unsure
from mappers.versions import as_list, status_code
from terminology.records import Coding

if TYPE_CHECKING:
    from mappers.choice import Sent
    from mappers.gather import Place
    from terminology.records import Resource

TAKEN = frozenset({"active", "recorded"})
ORDERED = frozenset({"order", "original-order", "reflex-order", "filler-order", "instance-order"})
NOT_TAKEN = frozenset({"n", "unk", "na", "not-taking", "unknown", "on-hold", "stopped"})
DATES = ("effectiveDateTime", "effectivePeriod", "dateAsserted", "authoredOn")


def map_medication(place: Place) -> None:
    """Add the facts of one MedicationStatement or MedicationRequest."""
    resource = place.resource
    if unsure(resource):
        return
    sent = drug(place)
    about = resource.get("subject") or resource.get("patient")
    when = first_date(resource, DATES)
    if resource.get("status") != "entered-in-error":
        state(place, gathered(denied(sent)), about, when, true=False)
    if not is_taken(resource):
        return
    found = [
        (fact, Coding(system, code))
        for system, code, _ in sent
        if system and code
        for fact in facts.stated(system, code, "medication")
    ]
    state(place, gathered(found), about, when, true=True)


def is_taken(resource: Resource) -> bool:
    """Say whether the drug is taken now, as far as one statement or order can tell."""
    if status_code(resource.get("status")) not in TAKEN or resource.get("doNotPerform") is True:
        return False
    if resource.get("resourceType") == "MedicationRequest":
        return status_code(resource.get("intent", "order")) in ORDERED
    adherence = resource.get("adherence")
    told = status_code(adherence.get("code")) if isinstance(adherence, dict) else None
    return status_code(resource.get("taken", "y")) not in NOT_TAKEN and told not in NOT_TAKEN


def drug(place: Place) -> Sent:
    """Return the codings of the drug: its own, or those of the Medication it refers to."""
    resource = place.resource
    concept = resource.get("medicationCodeableConcept")
    if isinstance(concept, dict):
        return choice.as_sent(concept)
    reference = resource.get("medicationReference")
    both = resource.get("medication")
    if isinstance(both, dict):
        if isinstance(both.get("concept"), dict):
            return choice.as_sent(both["concept"])
        reference = both.get("reference")
    found = resolve(reference, place.container, place.scope)
    return contents(found) if found is not None else ()


def contents(medication: Resource) -> Sent:
    """Return the codings of a Medication and of its active ingredients (R4 and STU3, R5)."""
    sent = choice.as_sent(medication.get("code"))
    for part in as_list(medication.get("ingredient")):
        if isinstance(part, dict) and part.get("isActive") is not False:
            item = part.get("item")
            inner = item.get("concept") if isinstance(item, dict) else None
            sent += choice.as_sent(part.get("itemCodeableConcept") or inner)
    return sent
