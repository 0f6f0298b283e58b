"""Tables as FHIR and back: the same rows, and the same model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from click.testing import CliRunner

from gateway.cli import riskbridge
from gateway.cli._model._data import table_in
from gateway.errors import UsageError
from gateway.sandbox.tables import born, country_of, written
from gateway.training import own_system, table_of
from scoring.training.fit import fit
from scoring.training.recipe import load, names
from scoring.training.table import read_table

if TYPE_CHECKING:
    from pathlib import Path

    from scoring.training.table import Table

FOLDERS = {
    "heart": "heart-disease",
    "stroke": "ist-stroke",
    "diabetes_screening": "nhanes-2009-2012",
    "ckd": "ckd-india",
    "hepatitis": "hcv-germany",
    "diabetes_iraq": "diabetes-iraq",
    "heart_failure": "heart-failure-pakistan",
}
MOST = 600
"""Rows of a table that are turned into FHIR: enough of each site, in seconds."""


def sample(table: Table) -> Table:
    """Return rows of all sites, at most `MOST`."""
    step = max(1, len(table.truth) // MOST)
    return table.part(np.arange(0, len(table.truth), step))


def back(name: str, table: Table) -> Table:
    """Return the table as it is read from the FHIR that it is written as."""
    recipe = load(name)
    sites: dict[str, list[dict[str, object]]] = {}
    for site, resource in written(recipe, table):
        sites.setdefault(site, []).append(resource)
    return table_of(recipe, sites, table.sha256)


@pytest.mark.parametrize("name", names())
def test_every_value_comes_back(name: str, shared: Path) -> None:
    table = sample(read_table(load(name), shared / "data" / FOLDERS[name]))
    found = back(name, table)
    order = np.argsort(table.site, kind="stable")
    assert [found.sites[at] for at in found.site] == [table.sites[at] for at in table.site[order]]
    np.testing.assert_array_equal(found.truth, table.truth[order])
    for column, values in table.columns.items():
        np.testing.assert_allclose(found.columns[column], values[order], rtol=1e-12, err_msg=column)


def test_training_on_the_fhir_gives_the_same_model(shared: Path) -> None:
    recipe = load("heart")
    table = read_table(recipe, shared / "data" / "heart-disease")
    one, other = fit(recipe, table), fit(recipe, back("heart", table))
    np.testing.assert_allclose(other.estimator.coef_, one.estimator.coef_, atol=1e-12)
    np.testing.assert_allclose(other.estimator.intercept_, one.estimator.intercept_, atol=1e-12)


def test_each_site_writes_as_its_country(shared: Path) -> None:
    recipe = load("heart")
    table = sample(read_table(recipe, shared / "data" / "heart-disease"))
    units = {
        (country_of(recipe, site), resource["valueQuantity"].get("code"))
        for site, resource in written(recipe, table)
        if resource["id"].endswith("total-cholesterol-mg-dl")
    }
    assert units == {("US", "mg/dL"), ("HU", "mmol/L")}, "Zurich and Basel have no cholesterol"


def test_the_command_writes_a_folder_that_is_data_again(shared: Path, tmp_path: Path) -> None:
    data, out = str(shared / "data" / "heart-disease"), tmp_path / "fhir"
    for _ in range(2):
        asked = ["model", "fhir", "heart", "--data", data, "--out", str(out)]
        assert CliRunner().invoke(riskbridge, asked).exit_code == 0
    table = table_in(load("heart"), out)
    assert len(table.truth) == len(table_in(load("heart"), shared / "data" / "heart-disease").truth)


def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "CH.ndjson").write_text('{"resourceType":"Patient","id":"a"}\nnonsense\n')
    with pytest.raises(UsageError, match=r"CH\.ndjson, line\[2\]"):
        table_in(load("heart"), tmp_path)


def test_who_has_no_outcome_is_left_out() -> None:
    recipe = load("heart")
    outcome = {
        "resourceType": "Condition",
        "id": "c",
        "code": {"coding": [{"system": own_system(recipe), "code": "outcome"}]},
        "verificationStatus": {"coding": [{"code": "provisional"}]},
        "subject": {"reference": "Patient/a"},
    }
    people = [{"resourceType": "Patient", "id": name} for name in "ab"]
    found = table_of(recipe, {"CH": [*people, outcome]}, "")
    assert not found.truth.size
    assert found.told == {"patients without the outcome left out": 2}


def test_an_age_must_be_in_whole_years() -> None:
    assert born(60.0).isoformat() == "1940-01-01"
    with pytest.raises(UsageError, match=r"60\.5"):
        born(60.5)
