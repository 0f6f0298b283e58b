"""The terminology service: FHIR operations as functions of a library and a request.

Nothing here knows HTTP. `answer` takes what was asked and returns the resource to answer with, or
raises a `ServiceError` that says with which status and issue it is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from terminology.service.expand import expand
from terminology.service.generated import library
from terminology.service.library import shelved
from terminology.service.lookup import lookup, subsumes
from terminology.service.problems import ServiceError
from terminology.service.shapes import check_parameters
from terminology.service.translate import translate
from terminology.service.validate import validate_in_code_system, validate_in_value_set

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from terminology.records import Resource
    from terminology.service.asked import Asked
    from terminology.service.library import Library

__all__ = ["OPERATIONS", "ServiceError", "answer"]

OPERATIONS: Mapping[tuple[str, str], Callable[[Library, Asked], Resource]] = {
    ("CodeSystem", "lookup"): lookup,
    ("CodeSystem", "validate-code"): validate_in_code_system,
    ("CodeSystem", "subsumes"): subsumes,
    ("ValueSet", "expand"): expand,
    ("ValueSet", "validate-code"): validate_in_value_set,
    ("ConceptMap", "translate"): translate,
}


def answer(kind: str, operation: str, asked: Asked) -> Resource:
    """Return the answer of an operation, over our own resources and those of the request.

    Raises:
        ServiceError: it cannot be answered.
    """
    done = OPERATIONS.get((kind, operation))
    if done is None:
        raise ServiceError(404, "not-supported", f"{kind} has no operation ${operation}")
    check_parameters(asked.values)
    return done(shelved(library(), asked.values.get("tx-resource", ())), asked)
