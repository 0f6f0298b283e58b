"""Versions: recognised by what only they have, named by number, members of each."""

from typing import Any

import pytest

from mappers import versions

SHOWN: dict[str, tuple[dict[str, Any], str | None]] = {
    "STU3 related": ({"resourceType": "Observation", "related": []}, "STU3"),
    "STU3 status": ({"resourceType": "Condition", "clinicalStatus": "active"}, "STU3"),
    "STU3 taken": ({"resourceType": "MedicationStatement", "taken": "y"}, "STU3"),
    "STU3 animal": ({"resourceType": "Patient", "animal": {}}, "STU3"),
    "R4": ({"resourceType": "Observation", "hasMember": []}, "R4"),
    "R5": ({"resourceType": "MedicationRequest", "medication": {}}, "R5"),
    "R4 or later": ({"resourceType": "Condition", "clinicalStatus": {}}, None),
    "nothing": ({"resourceType": "Observation"}, None),
    "another type": ({"resourceType": "Basic", "related": []}, None),
    "in a Bundle": (
        {"resourceType": "Bundle", "entry": [{}, {"resource": {"resourceType": "Observation",
                                                              "comment": "x"}}]},
        "STU3",
    ),
    "no resource": ({"resourceType": ["Observation"], "related": []}, None),
}  # fmt: skip


@pytest.mark.parametrize(("sent", "version"), SHOWN.values(), ids=SHOWN)
def test_recognised(sent: dict[str, Any], version: str | None) -> None:
    assert versions.recognise(sent) == version


@pytest.mark.parametrize(
    ("number", "name"),
    [
        *(("3.0.2", "STU3"), ("4.0.1", "R4"), ("4.1.0", "R4B"), ("4.3.0-cibuild", "R4B")),
        *(("5.0.0", "R5"), ("1.0.2", None), ("", None), ("6", None)),
    ],
)
def test_named(number: str, name: str | None) -> None:
    assert versions.named(number) == name


def test_the_table_has_every_version_by_its_own_number() -> None:
    assert {name: versions.named(one.number) for name, one in versions.load().items()} == {
        name: name for name in ("STU3", "R4", "R4B", "R5")
    }


def test_members_of_both_versions() -> None:
    related = [
        {"type": "has-member", "target": {"reference": "Observation/1"}},
        {"target": {"reference": "Observation/2"}},
        {"type": "derived-from", "target": {"reference": "Observation/3"}},
        "x",
    ]
    sent = {"related": related, "hasMember": [{"reference": "Observation/4"}, {}, None]}
    assert versions.members(sent) == ["Observation/4", "Observation/1", "Observation/2"]


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("active", "active"),
        ({"coding": [{}, {"code": "active"}]}, "active"),
        ({"text": "active"}, None),
        (None, None),
        (["active"], None),
    ],
)
def test_statuses_of_both_forms(status: object, code: str | None) -> None:
    assert versions.status_code(status) == code
