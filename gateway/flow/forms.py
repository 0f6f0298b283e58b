"""In which form a server takes assessments: as set, as it declares, as it has shown.

A form that was refused for its type (403, 404, 405, 422 not-supported) is remembered for the source
and not tried again until people say so; the same holds for what belongs to assessments.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.flow.probing import Abilities, remembered
from mappers.fallback import FORMS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.store.sources import Known

BEST = "RiskAssessment"


def forms_of(source: Known, abilities: Abilities) -> list[str]:
    """Return the types in which assessments may be written at a source, the best first.

    With ``auto`` all but those that are declared as not to be written; what is not declared at all
    is tried.
    """
    wanted = ordered(source.settings.form)
    if "auto" in source.settings.form:
        wanted = [type_ for type_ in wanted if abilities.takes(type_) is not False]
    return [type_ for type_ in wanted if type_ not in source.refused]


def ordered(names: Sequence[str]) -> list[str]:
    """Return the types of the forms that are set; ``auto`` stands for all others."""
    types = [FORMS[name] for name in names if name != "auto"]
    return [*types, *(one for one in FORMS.values() if "auto" in names and one not in types)]


def told(source: Known) -> list[str]:
    """Return, in lines for people, what the server does not take and what is written instead."""
    abilities = remembered(source.capability) or Abilities()
    lines = [
        f"{text}: not tried again, except by `push --retry`" for text in source.refused.values()
    ]
    forms = forms_of(source, abilities)
    if not forms:
        lines.append("assessments are taken in no form that may be written")
    elif forms[0] != BEST:
        lines.append(f"assessments are written as {forms[0]}")
    return lines
