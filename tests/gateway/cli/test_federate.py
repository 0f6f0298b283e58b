"""`riskbridge model federate` and `riskbridge studies`, with gateways on loopback."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result

from gateway.cli import riskbridge
from gateway.cli._federate.sites import named, once
from gateway.cli.demo import Gateway
from gateway.config import Settings, Study
from gateway.errors import UsageError
from gateway.sandbox.serving import serve
from gateway.store.engine import open_store
from scoring.cards import parse
from scoring.training.recipe import load
from scoring.training.table import read_table
from tests.scoring.federated.centres import SIZES, lines, written

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RECIPE = load("heart")


def run(*words: str) -> Result:
    return CliRunner().invoke(riskbridge, words)


def federate(files: dict[str, Path], *words: str, status: int = 0) -> dict[str, Any]:
    sites = [word for name, file in files.items() for word in ("--site", f"{name}={file}")]
    result = run("model", "federate", "heart", "--json", *words, *sites)
    assert result.exit_code == status, (result.output, result.exception)
    found: dict[str, Any] = json.loads(result.stdout)
    return found


@dataclass(frozen=True)
class Done:
    """A joint training of all centres, and what it left behind."""

    told: dict[str, Any]
    folder: Path

    @property
    def coefficients(self) -> dict[str, float]:
        """The model."""
        found: dict[str, float] = self.told["coefficients"]
        return found


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return written(tmp_path_factory.mktemp("centres"))


@pytest.fixture(scope="module")
def done(files: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Done:
    folder = tmp_path_factory.mktemp("done")
    places = {"--keep": "kept", "--out": "joint.toml", "--resume": "run.json"}
    words = [word for key, name in places.items() for word in (key, str(folder / name))]
    return Done(federate(files, "--check", *words), folder)


def test_the_joint_model_is_the_pooled_one(done: Done) -> None:
    assert done.told["rounds"] <= 10
    assert done.told["max_difference"] <= 1e-6
    assert [*done.coefficients] == ["intercept", *RECIPE.terms]
    assert {one["name"]: one["rows"] for one in done.told["sites"]} == SIZES
    assert len({one["bytes_out"] for one in done.told["sites"]}) == 1


def test_the_card_holds_the_same_model(done: Done) -> None:
    model = parse((done.folder / "joint.toml").read_text(), "joint.toml")
    assert model.training is not None
    assert model.training.algorithm.startswith("federated logistic regression (newton)")
    assert model.training.rows == sum(SIZES.values())
    found = {"intercept": model.models[0].intercept, **model.models[0].coefficients}
    assert found == pytest.approx(done.coefficients, abs=1e-12)


def test_what_left_is_listed_and_holds_no_row(
    done: Done, files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RISKBRIDGE_STORE__URL", f"sqlite:///{done.folder}/kept/south.db")
    left = [json.loads(line) for line in run("studies", "left", "--json").stdout.splitlines()]
    south = next(one for one in done.told["sites"] if one["name"] == "south")
    assert sum(one["bytes"] for one in left) == south["bytes_out"]
    assert [one["kind"] for one in left[:4]] == ["join", "impute", "moments", "newton"]
    assert left[1]["masked_with"] == ["east", "north", "west"]
    for one in left:
        assert len(one["body"]) == one["bytes"]
        for row in files["south"].read_text().splitlines():
            assert row not in one["body"]
    shown = run("studies", "left", "heart_core10").stdout
    assert f"{len(left)} answers, {south['bytes_out']} bytes" in shown
    assert run("studies", "left", "none").stdout.endswith("0 answers, 0 bytes\n")


def test_a_run_can_be_taken_up_again(done: Done, files: dict[str, Path]) -> None:
    again = federate(files, "--resume", str(done.folder / "run.json"))
    assert again["coefficients"] == done.coefficients
    assert again["sites"] == done.told["sites"]


def test_where_rows_lie_does_not_matter(done: Done, files: dict[str, Path], tmp_path: Path) -> None:
    """Other sites of other sizes, a row that two of them hold, and all in one place."""
    rows = [row for file in files.values() for row in file.read_text().splitlines()]
    other = {}
    for n, name in enumerate("abc"):
        other[name] = tmp_path / f"{name}.csv"
        other[name].write_text("\n".join(sorted(rows)[n::3] + rows[:2]))
    alone = tmp_path / "all.csv"
    alone.write_text("\n".join(rows))
    for given in (other, {"all": alone}):
        found = federate(given, "--check")
        assert found["coefficients"] == pytest.approx(done.coefficients, abs=1e-9)
        assert found["max_difference"] <= 1e-6


def test_sites_that_cannot_take_part_are_told_and_the_others_go_on(
    done: Done, files: dict[str, Path], tmp_path: Path
) -> None:
    bad = {
        "empty": "",
        "few": "\n".join(lines(31, 5)),
        "schema": "a,b\n1,2\n",
        "code": "63,1,9,145,233,1,2,150,0,2.3,3,0,6,0\n",
        "units": "\n".join(f"50,1,1,{n / 10},200,0,0,150,0,0,?,?,?,1" for n in range(90, 190)),
    }
    for name, text in bad.items():
        (tmp_path / f"{name}.data").write_text(text)
    there = {**files, **{name: tmp_path / f"{name}.data" for name in bad}}
    found = federate(there, "--check", "--wait", "1", status=1)
    assert found["max_difference"] <= 1e-6
    told = {one["name"]: one.get("error", "") for one in found["sites"]}
    assert {name for name, error in told.items() if error} == {*bad}
    assert "empty.data" in told["empty"]
    assert "31 usable rows; 32" in told["few"]
    assert "schema.data" in told["schema"]
    assert "row 1, cp" in told["code"]
    assert "unit" in told["units"]
    assert found["coefficients"] == pytest.approx(done.coefficients, abs=1e-12)


def test_one_outcome_at_one_site_counts_and_is_told(
    done: Done, files: dict[str, Path], tmp_path: Path
) -> None:
    rows = [row for file in files.values() for row in file.read_text().splitlines()]
    parted = {}
    for label in "01":
        parted[label] = tmp_path / f"{label}.csv"
        parted[label].write_text("\n".join(row for row in rows if row.endswith(label)))
    sites = [word for name, file in parted.items() for word in ("--site", f"{name}={file}")]
    result = run("model", "federate", "heart", "--json", *sites)
    assert result.exit_code == 0
    assert result.stderr.count("every row has the same outcome") == 2
    found = json.loads(result.stdout)["coefficients"]
    assert found == pytest.approx(done.coefficients, abs=1e-9)


def test_noise_costs_and_the_cost_is_told(files: dict[str, Path]) -> None:
    found = federate(files, "--noise", "2", "--check")
    assert found["noise"] == {
        "epsilon": 2.0,
        "delta": 1e-5,
        "answers": 3,
        "sigma": pytest.approx(4.2, abs=0.3),
    }
    assert found["rounds"] == 3
    assert found["max_difference"] > 0.01
    assert found["figures"]["joint"]["auc"] != found["figures"]["pooled"]["auc"]


def test_averaging_beside_newton(files: dict[str, Path]) -> None:
    found = federate(files, "--algorithm", "fedavg", "--rounds", "12", "--steps", "5", "--check")
    assert found["rounds"] == 14
    assert 1e-4 < found["max_difference"] < 2


@pytest.fixture
def gateways(
    files: dict[str, Path], empty: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dict[str, str]]:
    """Gateways of hospitals that take part in the study ``hearts`` among three or more."""
    monkeypatch.setenv("HEARTS", "geheim")
    monkeypatch.setenv("AMONG_US", "known to the sites")
    urls, running = {}, []
    for name, file in files.items():
        shutil.copyfile(empty, tmp_path / f"{name}.db")
        engine = open_store(f"sqlite:///{tmp_path}/{name}.db")
        study = Study("hearts", "heart", str(file), "env:HEARTS", secret="env:AMONG_US")
        served = serve(Gateway(Settings(studies=(study,)), engine))
        running.append((served, engine))
        urls[name] = served.url.removesuffix("/fhir")
    yield urls
    for served, engine in running:
        served.close()
        engine.dispose()


def at(urls: dict[str, str], token: str) -> list[str]:
    """The words that name the sites."""
    sites = [word for name, url in urls.items() for word in ("--site", f"{name}={url}")]
    tokens = [word for name in urls for word in ("--token", f"{name}={token}")]
    return ["model", "federate", "heart", "--study", "hearts", "--json", *sites, *tokens]


def test_gateways_of_elsewhere(done: Done, gateways: dict[str, str]) -> None:
    result = run(*at(gateways, "env:HEARTS"))
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["coefficients"] == pytest.approx(done.coefficients, abs=1e-12)


def test_gateways_that_do_not_know_the_coordinator(gateways: dict[str, str]) -> None:
    result = run(*at(gateways, "env:AMONG_US"))
    assert isinstance(result.exception, UsageError)
    assert "east: there is no such study here, or the token" in result.exception.text


def test_too_few_gateways(gateways: dict[str, str]) -> None:
    result = run(*at(dict([*gateways.items()][:2]), "env:HEARTS"))
    assert isinstance(result.exception, UsageError)
    assert "2 sites take part; this one asks for 3" in result.exception.text


WRONG = {
    "no pair": (["--site", "x"], "must be NAME=VALUE"),
    "no name": (["--site", "=x"], "must be NAME=VALUE"),
    "no file": (["--site", "a=/none"], "no such file"),
    "one name twice": (["--site", "a={file}", "--site", "a={file}"], "a name of its own"),
    "one file twice": (["--site", "a={file}", "--site", "b={file}"], "no column that parts them"),
    "check of a URL": (["--site", "a=http://127.0.0.1:1", "--check"], "--check needs"),
    "token of a file": (["--site", "a={file}", "--token", "a=env:X"], "no such site"),
    "token in clear": (["--site", "a=http://127.0.0.1:1", "--token", "a=x"], "must be a reference"),
    "noise of averaging": (
        ["--site", "a={file}", "--noise", "1", "--algorithm", "fedavg"],
        "--noise",
    ),
    "nobody": (["--site", "a=http://127.0.0.1:1", "--wait", "0"], "a: has not answered"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_wrong_usage_is_one_line(wrong: str, files: dict[str, Path]) -> None:
    words, told = WRONG[wrong]
    result = run("model", "federate", "heart", *(word.format(file=files["east"]) for word in words))
    assert isinstance(result.exception, UsageError), result.output
    assert told in result.exception.text
    assert "\n" not in result.exception.text


def test_an_unknown_recipe(files: dict[str, Path]) -> None:
    result = run("model", "federate", "lung", "--site", f"a={files['east']}")
    assert isinstance(result.exception, UsageError)


def test_rows_that_two_files_hold_count_once(tmp_path: Path) -> None:
    """Comments, blank lines and repetitions within a file are left to the site."""
    one, other = tmp_path / "one.data", tmp_path / "other.data"
    rows = lines(6, 1)
    one.write_text("\n".join(rows[:3]))
    other.write_text("\n".join([rows[5], "", rows[1], rows[4], rows[4], rows[0], ""]))
    told: list[str] = []
    sites = once(named([f"b={other}", f"a={one}"], RECIPE), RECIPE, tmp_path, told.append)
    assert told == ["b: 2 rows that another site's file holds too are left out"]
    assert [site.name for site in sites] == ["a", "b"]
    assert sites[0].file == one
    assert sites[1].file is not None
    assert sites[1].file.name == "other.data"
    table = read_table(RECIPE, {"b": sites[1].file})
    assert len(table.truth) == 2


def test_studies_say_what_they_can(
    files: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    study = f"[[study]]\nname='a'\nrecipe='heart'\ndata='{files['west']}'\ntoken='env:T'\n"
    bad = "[[study]]\nname='b'\nrecipe='heart'\ndata='none.csv'\ntoken='env:T'\n"
    small = study.replace("'a'", "'c'") + "minimum_rows=46\n"
    (tmp_path / "riskbridge.toml").write_text(study + bad + small)
    found = json.loads(run("studies", "list", "--json").stdout)
    assert [(one["name"], one["rows"]) for one in found] == [("a", 45), ("b", None), ("c", 45)]
    assert found[0]["problem"] is None
    assert "none.csv" in found[1]["problem"]
    assert found[2]["problem"] == "46 rows are the least to take part with"
    assert "heart" in run("studies", "list").stdout
