"""Our verdicts beside those of the HL7 validator, and its verdicts on all that we make."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gateway.fhir.xml import to_xml
from tests.gateway.fhir.faults import Fault, broken, faults, names, valid

if TYPE_CHECKING:
    from tests.counterpart.conftest import Validator

pytestmark = [pytest.mark.counterpart, pytest.mark.xdist_group("counterpart")]

ONLY_OURS = frozenset(("control",))
"""Faults that HAPI lets pass: control characters in a text."""


@pytest.mark.parametrize("name", names())
def test_what_is_valid_here_is_valid_there(validator: Validator, name: str) -> None:
    assert validator.errors(valid(name)) == []


@pytest.mark.parametrize("name", names())
def test_what_we_write_as_xml_is_valid_there(validator: Validator, name: str) -> None:
    assert validator.errors(to_xml(valid(name))) == []


@pytest.mark.parametrize("fault", faults(), ids=lambda fault: fault.id)
def test_what_is_a_fault_here_is_one_there(validator: Validator, fault: Fault) -> None:
    assert bool(validator.errors(broken(fault))) == (fault.id not in ONLY_OURS)
