"""The commands that run the flow, as people and programs use them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from gateway.cli import riskbridge
from gateway.errors import GatewayError, UsageError
from gateway.sandbox.server import create_sandbox, serve
from tests.gateway.flow.people import person
from tests.journeys.conftest import MOMENT, SEED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from click.testing import Result

    from gateway.sandbox.server import Sandbox

PULL_KEYS = [
    "source", "patients", "observations", "new", "changed", "findings", "assessed",
    "not_assessable",
]  # fmt: skip


@pytest.fixture
def server() -> Iterator[tuple[Sandbox, str]]:
    sandbox = create_sandbox("FI", patients=5, seed=SEED, now=MOMENT)
    running = serve(sandbox)
    yield sandbox, running.url
    running.close()
    sandbox.close()


@pytest.fixture
def config(tmp_path: Path, server: tuple[Sandbox, str]) -> Path:
    place = tmp_path / "riskbridge.toml"
    place.write_text(
        f'[store]\nurl = "sqlite:///{tmp_path}/store.db"\n[[source]]\nname = "fi"\n'
        f'base_url = "{server[1]}"\ncountry = "FI"\nwrite_back = "auto"\n'
    )
    return place


@pytest.fixture
def run(config: Path) -> Callable[..., Result]:
    def run(*arguments: str, code: int | None = 0, **options: Any) -> Result:
        command = ["--config", str(config), *arguments]
        done = CliRunner().invoke(riskbridge, command, **options)
        raised = done.exception
        if isinstance(raised, GatewayError):  # as `main` turns it into a status
            done.exit_code = 2 if isinstance(raised, UsageError) else 1
        elif raised is not None and not isinstance(raised, SystemExit):
            raise raised
        assert code is None or done.exit_code == code, (done.output, raised)
        return done

    return run


def test_pull_and_push_and_again(run: Callable[..., Result]) -> None:
    first = json.loads(run("pull", "fi", "--json").stdout)
    assert list(first) == PULL_KEYS
    assert first["patients"] == 5
    assert first["new"] > 5
    pushed = json.loads(run("push", "fi", "--json").stdout)
    assert list(pushed) == ["source", "due", "written", "unchanged", "failed"]
    assert pushed["written"] == pushed["due"] == first["assessed"]
    second = json.loads(run("pull", "fi", "--json").stdout)
    assert (second["new"], second["changed"]) == (0, 0)
    assert {**second, "new": 0} == {**first, "new": 0}
    assert json.loads(run("push", "fi", "--json").stdout)["written"] == 0


def test_tables_for_people_and_progress_in_lines(run: Callable[..., Result]) -> None:
    done = run("pull", "fi", "--full")
    assert "patients        5" in done.stdout
    assert "fi: Observation" in done.stderr
    assert "fi: Observation" not in done.stdout
    assert "written" in run("push", "fi").stdout


def test_what_could_not_be_kept_is_told_by_the_status(
    run: Callable[..., Result], server: tuple[Sandbox, str]
) -> None:
    server[0].faults.set(["invalid-entry"])
    done = run("pull", "fi", "--json", code=1)
    assert json.loads(done.stdout)["patients"] == 5
    assert "entries could not be kept" in done.stderr


def test_what_the_server_refused_is_told_by_the_status(
    run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    from gateway.flow import delivering
    from gateway.flow.sending import Sent

    run("pull", "fi")
    monkeypatch.setattr(delivering, "send", lambda _, of, **__: [Sent(422) for _ in of.sendings])
    done = run("push", "fi", "--json", code=1)
    assert json.loads(done.stdout)["failed"] > 0
    assert "answered 422" in done.stderr
    monkeypatch.undo()
    assert json.loads(run("push", "fi", "--json", code=1).stdout)["due"] == 0
    assert json.loads(run("push", "fi", "--retry", "--json").stdout)["written"] > 0


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["pull", "xx"], 2, "no source 'xx'; known: fi"),
        (["push", "xx"], 2, "no source"),
        (["sources", "probe", "xx"], 2, "no source"),
        (["sources", "remove", "fi"], 2, "configuration file"),
        (["sources", "add", "fi", "http://x.example"], 2, "configuration file"),
        (["sources", "add", "NO", "http://x.example"], 2, "name:"),
        (["sources", "add", "no", "nowhere"], 2, "base_url:"),
        (["sources", "add", "no", "http://x.example", "--card", "tarot"], 2, "tarot"),
        (["sources", "add", "no", "http://x.example", "--quirk", "odd"], 2, "odd"),
        (["sources", "add", "no", "http://x.example", "--auth", "basic"], 2, "username"),
        (["sources", "add", "no", "http://x.example", "--token", "plain"], 2, "env:NAME"),
        (["sources", "add", "no", "http://x.example", "--schedule", "often"], 2, "interval"),
        (["jobs", "show", "7"], 2, "no job 7"),
        (["jobs", "retry"], 2, "--all"),
        (["jobs", "purge", "--state", "leased"], 2, "on lease"),
        (["assess", "no-such-file.json"], 2, "no such file"),
        (["assess", "--card", "tarot", "-"], 2, "tarot"),
        (["assess", "--as-of", "soon", "-"], 2, "--as-of"),
    ],
)
def test_wrong_usage_is_one_line(
    run: Callable[..., Result], arguments: list[str], code: int, told: str
) -> None:
    done = run(*arguments, code=code)
    assert told in (str(getattr(done.exception, "text", "")) + done.output)


def test_sources_can_be_added_probed_listed_and_removed(
    run: Callable[..., Result], server: tuple[Sandbox, str]
) -> None:
    run("sources", "add", "second", server[1], "--country", "FI", "--quirk", "small-pages")
    probed = json.loads(run("sources", "probe", "second", "--json").stdout)
    assert probed["fhir_version"] == "R4"
    assert probed["write_back"] == "transaction"
    assert "Patient" in run("sources", "probe", "second").stdout
    listed = {one["name"]: one for one in json.loads(run("sources", "list", "--json").stdout)}
    assert listed["second"]["reachable"] is True
    assert listed["second"]["quirks"] == ["small-pages"]
    assert (listed["fi"]["configured"], listed["second"]["configured"]) == ("file", "command")
    assert "second" in run("sources", "list").stdout
    assert json.loads(run("pull", "second", "--json").stdout)["patients"] == 5
    assert "write_back is off" in str(run("push", "second", code=2).exception)
    run("sources", "remove", "second")
    assert [one["name"] for one in json.loads(run("sources", "list", "--json").stdout)] == ["fi"]


def test_a_server_that_is_away_is_one_line_and_shows_in_the_list(
    run: Callable[..., Result], server: tuple[Sandbox, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.fhir.patience.Patience.spent", lambda *_: True)
    server[0].faults.set(["unavailable:every=1"])
    done = run("pull", "fi", code=1)
    assert "answered 503" in str(done.exception)
    (listed,) = json.loads(run("sources", "list", "--json").stdout)
    assert "503" in listed["last_error"]


def test_the_worker_does_what_waits(run: Callable[..., Result]) -> None:
    run("pull", "fi")
    assert "did" in run("worker", "--once").stderr
    told = json.loads(run("jobs", "list", "--json").stdout)
    assert told["counts"]["queued"] == 0
    assert {one["kind"] for one in told["jobs"]} == {"assess", "push"}
    assert json.loads(run("push", "fi", "--json").stdout)["due"] == 0
    number = told["jobs"][0]["id"]
    assert json.loads(run("jobs", "show", str(number)).stdout)["state"] == "done"
    assert "done" in run("jobs", "list").stdout
    run("jobs", "retry", "--all")
    run("jobs", "purge", "--older", "7d")
    run("jobs", "purge")
    assert json.loads(run("jobs", "list", "--json").stdout)["jobs"] == []


def test_assess_prints_a_bundle_and_tells_why_not(
    run: Callable[..., Result], tmp_path: Path
) -> None:
    for number, one in enumerate([*person("p1"), *person("p2", birth="2015-01-01")]):
        (tmp_path / f"{number}.json").write_text(json.dumps(one))
    paths = [str(place) for place in sorted(tmp_path.glob("*.json"))]
    done = run("assess", "--country", "FI", "--card", "score2", "--as-of", "2026-11-25", *paths)
    bundle = json.loads(done.stdout)
    assert (bundle["resourceType"], bundle["type"]) == ("Bundle", "collection")
    risks = [one["resource"] for one in bundle["entry"][:-1]]
    assert [one["subject"]["reference"] for one in risks] == ["Patient/p1"]
    outcome = bundle["entry"][-1]["resource"]
    assert outcome["resourceType"] == "OperationOutcome"
    reasons = {issue.get("details", {}).get("text") for issue in outcome["issue"]}
    assert "age_below_min" in reasons


def test_assess_mixes_no_two_people_of_one_reference(
    run: Callable[..., Result], tmp_path: Path
) -> None:
    one, other = person("p1"), person("p1", birth="1980-01-01")
    for name, people in (("one", one), ("other", other)):
        entries = [{"resource": resource} for resource in people]
        document = {"resourceType": "Bundle", "type": "collection", "entry": entries}
        (tmp_path / f"{name}.json").write_text(json.dumps(document))
    done = run(
        "assess", "--country", "FI", str(tmp_path / "one.json"), str(tmp_path / "other.json")
    )
    risks = json.loads(done.stdout)["entry"][:-1]
    assert len(risks) == 2
    percents = {one["resource"]["prediction"][0]["probabilityDecimal"] for one in risks}
    assert len(percents) == 2


def test_assess_reads_standard_input_and_tells_what_it_cannot_read(
    run: Callable[..., Result],
) -> None:
    lines = "\n".join(json.dumps(one) for one in person("p1"))
    done = run("assess", "--country", "FI", "-", input=f"{lines}\nno json\n", code=1)
    bundle = json.loads(done.stdout)
    assert bundle["entry"][0]["resource"]["resourceType"] == "RiskAssessment"
    reasons = {issue["details"]["text"] for issue in bundle["entry"][-1]["resource"]["issue"]}
    assert "malformed" in reasons


@pytest.mark.parametrize(
    ("fault", "code", "told"),
    [
        ("observations-only", 0, "fi: assessments are written as Observation"),
        ("read-only", 1, "fi: assessments are taken in no form that may be written"),
    ],
)
def test_what_is_not_taken_is_told(
    run: Callable[..., Result], server: tuple[Sandbox, str], fault: str, code: int, told: str
) -> None:
    server[0].faults.set([fault])
    run("pull", "fi")
    first = run("push", "fi", "--json", code=code)
    assert told in first.stderr.splitlines()
    again = run("push", "fi", "--json", code=code)
    assert (json.loads(again.stdout)["due"], told in again.stderr) == (0, True)
    probed = json.loads(run("sources", "probe", "fi", "--json").stdout)
    assert probed["forms"] == (["Observation"] if code == 0 else [])
    assert "Device" in probed["refused"]
    assert "assessments" in run("sources", "probe", "fi").stdout
    server[0].faults.set([])
    run("sources", "probe", "fi")
    assert json.loads(run("push", "fi", "--retry", "--json").stdout)["failed"] == 0
