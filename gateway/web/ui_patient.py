"""One patient's page: values by feature with where they came from, scores, reasons, history."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from gateway.flow.intake import ASSESS, job_key
from gateway.flow.makings import card_for
from gateway.jobs.queue import waiting_keys
from gateway.store.views import findings as findings_view
from gateway.store.views import patient as view
from gateway.store.views.patients import refusals
from gateway.web.ui_cards import facts
from gateway.web.ui_others import others
from gateway.web.ui_people import face
from gateway.web.ui_scores import sheet
from gateway.web.ui_text import clean, concept, number, unit
from gateway.web.ui_whatif import what_if
from gateway.web.words import label

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    import sqlalchemy as sa

    from gateway.store.views.patient import Patient, Valued
    from terminology.records import JSON


@dataclass(frozen=True, slots=True)
class Shown:
    """One value: in the canonical unit, as it was sent, when, from where, with remarks."""

    label: str
    value: str
    unit: str
    original: str
    effective: str | None
    source: str
    reference: str
    flags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Feature:
    """The newest value of a feature, a few earlier ones, and how many there are in all."""

    newest: Shown
    earlier: tuple[Shown, ...]
    more: int


def context(
    connection: sa.Connection, patient: Patient, asked: Mapping[str, str], now: datetime
) -> dict[str, Any]:
    """Return all that the template of a patient's page needs."""
    assessments = view.assessments(connection, patient.gid)
    deliveries = view.deliveries(connection, [one.identifier for one in assessments])
    sheets = [sheet(one, facts(one.card), deliveries.get(one.identifier)) for one in assessments]
    standing = sorted((one for one in sheets if one.standing), key=lambda one: one.card)
    day = now.date()
    made_by = {one.card: card_for(connection, one.card, one.version) for one in standing}
    forms = {
        one.card: what_if(one, made_by[one.card], asked, country=patient.country, day=day)
        for one in standing
    }
    return {
        "patient": patient,
        "face": face(patient.raw, now),
        "sheets": standing,
        "history": sheets,
        "forms": forms,
        "refusals": refusals(connection, [patient.gid])[patient.gid],
        "others": others(connection, patient.gid),
        "features": features(view.values(connection, patient.gid)),
        "waiting": bool(waiting_keys(connection, ASSESS, [job_key(patient.source, patient.gid)])),
        "findings": findings_view.of_patient(connection, patient.gid),
    }


def features(values: Sequence[Valued]) -> list[Feature]:
    """Return the values by feature, in the order of their names."""
    found = []
    for _, group in groupby(values, key=lambda value: value.feature):
        newest, *earlier = group
        shown = tuple(_shown(value) for value in earlier)
        found.append(Feature(_shown(newest), shown, newest.count - 1))
    return sorted(found, key=lambda feature: feature.newest.label.casefold())


def _shown(value: Valued) -> Shown:
    """Return one value in words."""
    bound = value.data.get("comparator") or ""
    text = value.value if isinstance(value.value, str) else None
    return Shown(
        label=concept(value.feature),
        value=label("answer", text) if text else f"{bound}{number(value.value)}",
        unit=unit(value.unit),
        original=original(value.data),
        effective=value.effective,
        source=value.source,
        reference=f"{value.type}/{value.gid}",
        flags=tuple(label("flag", flag) for flag in value.flags),
    )


def original(data: Mapping[str, JSON]) -> str:
    """Return value and unit as they were sent; nothing for what was not sent as a quantity.

    >>> original({"original": {"value": "16.0", "unit": "kPa", "code": "kPa"}})
    '16.0 kPa'
    """
    sent = data.get("original") or {}
    shown = sent.get("unit") or sent.get("code") or ""
    return clean(f"{sent['value']} {shown}".strip()) if sent.get("value") else ""
