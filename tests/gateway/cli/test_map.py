"""`riskbridge map` and `riskbridge countries` from outside."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from gateway.cli import riskbridge
from gateway.cli.countries import wrong_examples
from gateway.errors import UsageError
from mappers import countries

BUNDLE = {
    "resourceType": "Bundle",
    "type": "collection",
    "entry": [
        {"resource": {
            "resourceType": "Patient", "id": "p1", "gender": "female", "birthDate": "1980-05-12",
            "identifier": [{"system": "urn:oid:1.2.246.21", "value": "131052-308T"}],
        }},
        {"resource": {
            "resourceType": "Observation", "id": "o1", "status": "final",
            "code": {"coding": [{"system": "http://loinc.org", "code": "8480-6"}]},
            "subject": {"reference": "Patient/p1"},
            "effectiveDateTime": "2020-03-01T10:00:00+01:00",
            "valueQuantity": {
                "value": 16.0, "unit": "kPa", "system": "http://unitsofmeasure.org", "code": "kPa"
            },
        }},
        {"resource": {
            "resourceType": "Observation", "status": "final",
            "code": {"coding": [{"system": "http://loinc.org", "code": "2160-0"}]},
            "subject": {"reference": "Patient/p1"},
            "valueQuantity": {"value": 80},
        }},
        {"resource": {
            "resourceType": "Condition",
            "code": {"coding": [{"system": "http://snomed.info/sct", "code": "73211009"}]},
            "subject": {"reference": "Patient/p1"},
        }},
    ],
}  # fmt: skip


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "bundle.json"
    path.write_text(json.dumps(BUNDLE))
    return str(path)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(riskbridge, list(arguments))


def lines(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_one_line_for_each_thing_in_the_order_of_the_input(file: str) -> None:
    result = run("map", file)
    assert result.exit_code == 0
    found = [(line["kind"], line["at"]) for line in lines(result)]
    assert [at for _, at in found] == sorted(at for _, at in found)
    assert [kind for kind, _ in found][:4] == ["patient", "finding", "measurement", "finding"]
    assert {kind for kind, _ in found[4:]} == {"condition"}


def test_a_patient_line(file: str) -> None:
    assert lines(run("map", file))[0] == {
        "kind": "patient", "file": file, "at": "Bundle.entry[0].resource", "id": "p1",
        "country": "FI", "sex": "female", "birth": "1980-05-12", "birth_estimated": False,
        "identifiers": [{"scheme": "fi-hetu", "value": "131052-308T", "valid": True}],
    }  # fmt: skip


def test_a_measurement_line(file: str) -> None:
    (found,) = (line for line in lines(run("map", file)) if line["kind"] == "measurement")
    value = found.pop("value")
    assert value == pytest.approx(120.01, abs=0.001)
    assert found == {
        "kind": "measurement", "file": file, "at": "Bundle.entry[1].resource",
        "feature": "systolic_bp", "unit": "mm[Hg]", "comparator": None,
        "effective": "2020-03-01T10:00:00+01:00", "subject": "Patient/p1",
        "code": {"system": "http://loinc.org", "code": "8480-6"},
        "original": {"value": "16.0", "unit": "kPa", "code": "kPa"}, "flags": [],
    }  # fmt: skip


def test_a_finding_line(file: str) -> None:
    found = next(line for line in lines(run("map", file)) if line.get("feature") == "creatinine")
    assert (found["kind"], found["reason"]) == ("finding", "unit-missing")
    assert found["at"] == "Bundle.entry[2].resource"
    assert found["detail"]


def test_rows(file: str) -> None:
    result = run("map", "--rows", "--as-of", "2024-01-01", "--country", "fi", file)
    (row,) = (line for line in lines(result) if line["kind"] == "row")
    assert (row["patient"], row["country"]) == ("Patient/p1", "FI")
    assert row["features"]["diabetes"]["value"] is True
    assert row["features"]["systolic_bp"]["unit"] == "mm[Hg]"


def test_rows_before_a_value_leave_it_out(file: str) -> None:
    result = run("map", "--rows", "--as-of", "2020-02", file)
    (row,) = (line for line in lines(result) if line["kind"] == "row")
    assert "systolic_bp" not in row["features"]


def test_rows_join_files(tmp_path: Path) -> None:
    for index, entry in enumerate(BUNDLE["entry"]):
        (tmp_path / f"{index}.json").write_text(json.dumps(entry["resource"]))
    found = [line for line in lines(run("map", "--rows", str(tmp_path))) if line["kind"] == "row"]
    assert [(row["patient"], row["birth"]) for row in found] == [("Patient/p1", "1980-05-12")]


def test_a_file_that_cannot_be_read_is_a_finding_and_the_rest_goes_on(
    file: str, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text("{")
    result = run("map", str(broken), file)
    assert result.exit_code == 1
    first, *others = lines(result)
    assert (first["reason"], first["at"], first["file"]) == ("malformed", "", str(broken))
    assert others


def test_lines_of_ndjson(tmp_path: Path) -> None:
    path = tmp_path / "a.ndjson"
    path.write_text("\n" + json.dumps(BUNDLE["entry"][1]["resource"]))
    assert lines(run("map", str(path)))[0]["at"] == "line[2].Observation"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("map", "nowhere.json"), "no such file"),
        (("map", "--country", "Finland", "x"), "two letters"),
        (("map", "--as-of", "yesterday", "x"), "--as-of"),
        (("map", "--source", "helsinki", "x"), "no source is named helsinki"),
        (("countries", "show", "XX"), "no country is XX"),
    ],
)
def test_wrong_usage_is_one_clear_line(arguments: tuple[str, ...], told: str) -> None:
    result = run(*arguments)
    assert isinstance(result.exception, UsageError)
    assert told in result.exception.text


def test_a_configured_source_gives_its_country(tmp_path: Path, file: str) -> None:
    settings = tmp_path / "riskbridge.toml"
    settings.write_text(
        '[[source]]\nname = "turku"\nbase_url = "http://127.0.0.1/fhir"\ncountry = "SE"\n'
    )
    found = lines(run("map", "--config", str(settings), "--source", "turku", file))
    assert next(line["country"] for line in found if line["kind"] == "patient") == "SE"


def test_countries_are_listed_shown_and_checked() -> None:
    listed = json.loads(run("countries", "list", "--json").stdout)
    assert {"FI", "US", "IPS"} <= {one["code"] for one in listed}
    assert "Finland" in run("countries", "list").stdout
    shown = json.loads(run("countries", "show", "fi").stdout)
    assert shown["identifiers"][0]["scheme"] == "fi-hetu"
    checked = run("countries", "check")
    assert (checked.exit_code, "0 problems" in checked.stdout) == (0, True)


def test_a_country_file_of_ones_own_is_checked(tmp_path: Path) -> None:
    path = tmp_path / "xx.toml"
    path.write_text('code = "XX"\nname = "Nowhere"\ncolour = "red"\n')
    result = run("countries", "check", str(path))
    assert isinstance(result.exception, UsageError)
    assert "xx.toml: colour: Unknown field." in result.exception.text


def test_a_wrong_example_is_told() -> None:
    text = 'code = "XX"\nname = "N"\n[[identifier]]\nscheme = "xx-id"\nlabel = "x"\n'
    text += 'systems = ["urn:oid:1.2.3"]\npattern = "[0-9]{10}"\ncheck = "nhs"\n'
    country = countries.parse("xx.toml", text + 'examples = ["1234567890"]\n')
    assert wrong_examples(country) == ["XX: xx-id: the example 1234567890 is not valid"]
