"""The whole chain to servers that take no RiskAssessments: another form, once, and told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from gateway.flow import forms, partners
from gateway.store.tables import outbox, resource
from mappers.riskassessment_identity import modelcard_identity
from scoring.cards import card
from tests.journeys.conftest import everything

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.journeys.conftest import Chain

UUID = "________-____-5___-____-____________"


def ours(one: Chain, *names: str) -> list[tuple[Any, ...]]:
    """Return what is at the server under ids like ours, but for the model card."""
    trained = card("heart_core10")
    described = str(modelcard_identity(trained.id, trained.version))
    those = resource.c.id.like(UUID) & (resource.c.id != described)
    with one.sandbox.engine.connect() as connection:
        return everything(connection, resource, *names, where=those)


def lines(one: Chain) -> list[str]:
    return forms.told(partners.known(one.engine, one.name))


def states(one: Chain) -> dict[tuple[str, str], int]:
    with one.engine.connect() as connection:
        query = sa.select(outbox.c.kind, outbox.c.state, sa.func.count()).group_by(
            outbox.c.kind, outbox.c.state
        )
        return {(row[0], row[1]): row[2] for row in connection.execute(query)}


CASES = [
    pytest.param(["no-risk-assessment"], "Observation", True, id="no RiskAssessment"),
    pytest.param(["no-risk-assessment", "undeclared"], "Observation", True, id="a false word"),
    pytest.param(["observations-only"], "Observation", False, id="Observation alone"),
    pytest.param(["observations-only", "undeclared"], "Observation", False, id="found by trying"),
    pytest.param(["documents-only"], "DocumentReference", False, id="DocumentReference alone"),
]


@pytest.mark.parametrize(("faults", "form", "complete"), CASES)
def test_another_form(
    chain: Callable[..., Chain],
    undisturbed: dict[str, Any],
    faults: list[str],
    form: str,
    complete: bool,
) -> None:
    one = chain(*faults)
    pulled, pushed = one.go()
    wanted = len(undisturbed["assessments"])
    assert (pushed.due, pushed.written, pushed.failed) == (wanted, wanted, 0)
    assert pushed.others_failed == 0
    assert one.state()["assessments"] == undisturbed["assessments"]
    identifiers = {row[0] for row in undisturbed["assessments"]}
    assert {id_ for kind, id_ in ours(one, "type", "id") if kind == form} == identifiers
    kinds = {form, "Device", "Provenance"} if complete else {form}
    assert {kind for (kind,) in ours(one, "type")} == kinds
    assert lines(one)[-1] == f"assessments are written as {form}"
    again, push = one.go()
    assert (again.tally.new, again.tally.changed, push.due, push.written) == (0, 0, 0, 0)
    assert again.figures == pulled.figures
    one.go(full=True)
    assert {version for (version,) in ours(one, "version")} == {1}
    assert one.state()["assessments"] == undisturbed["assessments"]


@pytest.mark.parametrize("faults", [["read-only"], ["read-only", "undeclared"]])
def test_no_form_is_taken_and_the_rest_goes_on(
    chain: Callable[..., Chain], undisturbed: dict[str, Any], faults: list[str]
) -> None:
    one = chain(*faults)
    _, pushed = one.go()
    wanted = len(undisturbed["assessments"])
    assert (pushed.written, pushed.failed, pushed.others_failed) == (0, wanted, 0)
    assert one.state()["assessments"] == undisturbed["assessments"]
    assert one.state()["refusals"] == undisturbed["refusals"]
    assert lines(one)[-1] == "assessments are taken in no form that may be written"
    assert {state for _, state in states(one)} == {"refused", "omitted"}
    assert one.go()[1].due == 0
    one.sandbox.faults.set([])
    _, pushed = one.go()
    assert pushed.due == 0  # until people say so
