"""The sample of the public terminology-service tests: HTTP class, result, code, system, display."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from terminology.service import ServiceError, answer
from terminology.service.asked import Asked, of_parameters

if TYPE_CHECKING:
    from pathlib import Path

OPERATIONS = {
    "expand": ("ValueSet", "expand"),
    "validate-code": ("ValueSet", "validate-code"),
    "cs-validate-code": ("CodeSystem", "validate-code"),
    "lookup": ("CodeSystem", "lookup"),
    "translate": ("ConceptMap", "translate"),
    "subsumes": ("CodeSystem", "subsumes"),
}
JUDGED = ("result", "code", "system", "display")


def read(path: Path) -> Any:
    return json.loads(path.read_text())


def judged(resource: Any) -> Any:
    """What is compared, in no order."""
    if resource["resourceType"] == "ValueSet":
        rows = list(resource["expansion"].get("contains", ()))
        for row in rows:
            rows += row.get("contains", ())
        keys = ("system", "code", "display", "inactive", "abstract")
        return sorted(tuple(str(row.get(key)) for key in keys) for row in rows)
    return {
        row["name"]: next(v for k, v in row.items() if k.startswith("value"))
        for row in resource["parameter"]
        if row["name"] in JUDGED and not row.get("$optional$")
    }


def test_every_case_at_level_one(shared: Path) -> None:
    folder = shared / "tx" / "tests"
    done = 0
    for suite in read(folder / "test-cases.json")["suites"]:
        setup = tuple(read(folder / name) for name in suite["setup"])
        for case in suite["tests"]:
            given = of_parameters(read(folder / case["request"]))
            asked = Asked({**given, "tx-resource": setup}, fhir_version="R5")
            wanted = judged(read(folder / case["response"]))
            found = judged(answer(*OPERATIONS[case["operation"]], asked))
            if isinstance(wanted, dict):
                found = {key: value for key, value in found.items() if key in wanted}
            assert found == wanted, case["name"]
            done += 1
    assert done == 36


@pytest.mark.parametrize("name", ["nothing", "lookup"])
def test_an_unknown_operation_is_told(name: str) -> None:
    with pytest.raises(ServiceError, match="no operation"):
        answer("ValueSet", name, Asked({}))
