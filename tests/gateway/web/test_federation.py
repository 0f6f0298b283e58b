"""A site's endpoints: sums leave, once noted, by the same bytes; all else is refused and told."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from gateway.app import create_app
from gateway.config import Settings, Study
from gateway.store import federation
from gateway.store.engine import reading
from scoring.federated.answers import answer, size
from scoring.federated.masks import Member
from scoring.federated.noise import epsilon_of, spent
from scoring.federated.questions import (
    Averaging,
    Impute,
    Moments,
    Newton,
    Noise,
    Round,
    edition,
)
from scoring.federated.sums import decoded, unpacked
from scoring.training.recipe import load
from scoring.training.table import read_table
from tests.scoring.federated.centres import lines, written

if TYPE_CHECKING:
    from pathlib import Path

    import sqlalchemy as sa
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

TOKEN = {"Authorization": "Bearer geheim"}
RECIPE = load("heart")
EDITION = edition(RECIPE)
RUN = "r1"
OTHERS = {name: f"{Member(name, bytes([n + 1]) * 32).key:0512x}" for n, name in enumerate("ab")}
TERMS = len(RECIPE.terms)
FILLED = dict.fromkeys(RECIPE.inputs, 1.0)
SCALES = ((0.0,) * TERMS, (1.0,) * TERMS, (0.0,) * (TERMS + 1))
QUESTIONS = {
    "impute": Impute(),
    "moments": Moments(FILLED, (1.0,) * TERMS),
    "newton": Newton(FILLED, *SCALES),
    "fedavg": Averaging(FILLED, *SCALES, 2, 0.1, 0.01),
}


@pytest.fixture
def study(tmp_path: Path) -> Study:
    (tmp_path / "token").write_text("geheim")
    data = written(tmp_path)["north"]
    return Study("heart", "heart", str(data), f"file:{tmp_path}/token")


@pytest.fixture
def client(study: Study, store: sa.Engine) -> FlaskClient:
    return client_of(study, store)


def client_of(study: Study, store: sa.Engine) -> FlaskClient:
    return create_app(Settings(studies=(study,)), engine=store).test_client()


def join(client: FlaskClient, **more: Any) -> TestResponse:
    asked = {"run": RUN, "recipe": EDITION, **more}
    return client.post("/federation/heart/join", json=asked, headers=TOKEN)


def ask(client: FlaskClient, question: Any, sites: dict[str, str], number: int = 1) -> TestResponse:
    body = Round(RUN, number, EDITION, sites, question).canonical()
    return client.post("/federation/heart/round", data=body, headers=TOKEN)


def joined(client: FlaskClient) -> dict[str, str]:
    answer = join(client)
    assert answer.status_code == 200, answer.data
    assert answer.json is not None
    return {**OTHERS, "north": answer.json["key"]}


@pytest.mark.parametrize("kind", QUESTIONS)
def test_what_leaves_is_masked_noted_and_always_the_same(
    kind: str, client: FlaskClient, store: sa.Engine, tmp_path: Path
) -> None:
    sites = joined(client)
    first = ask(client, QUESTIONS[kind], sites)
    assert first.status_code == 200, first.data
    assert ask(client, QUESTIONS[kind], sites).data == first.data
    numbers = unpacked(base64.b64decode(first.json["sums"]))  # type: ignore[index]
    table = read_table(RECIPE, {"north": tmp_path / "north.data"})
    sums = answer(QUESTIONS[kind], RECIPE, table, lambda _: None)  # type: ignore[arg-type, return-value]
    assert len(numbers) == len(sums) == size(QUESTIONS[kind], RECIPE)
    assert not {*decoded(numbers).tolist()} & {*sums.tolist()}
    with reading(store) as connection:
        newest, before = federation.left(connection)
    assert (newest.body, newest.kind, newest.round) == (first.data, kind, 1)
    assert newest.what["masked_with"] == ["a", "b"]
    assert (before.kind, before.round) == ("join", 0)


def test_a_gateway_that_starts_again_answers_by_the_same_bytes(
    client: FlaskClient, study: Study, store: sa.Engine
) -> None:
    sites = joined(client)
    first = ask(client, Impute(), sites)
    again = client_of(study, store)
    assert joined(again) == sites
    assert ask(again, Impute(), sites).data == first.data
    assert ask(again, Impute(), sites, number=2).data != first.data


def test_no_row_leaves_and_sizes_do_not_tell_how_many_there_are(
    study: Study, store: sa.Engine, tmp_path: Path
) -> None:
    long = tmp_path / "long.data"
    long.write_text("\n".join(lines(400, 9)))
    sizes = []
    for data in (study.data, str(long)):
        own = client_of(replace(study, data=data), store)
        sites = joined(own)
        answers = [ask(own, question, sites, n) for n, question in enumerate(QUESTIONS.values())]
        sizes.append([len(each.data) for each in answers])
        for row in (tmp_path / data).read_text().splitlines():
            cells = row.split(",")
            for each in answers:
                assert row.encode() not in each.data
                assert ",".join(cells[:4]).encode() not in each.data
    assert sizes[0] == sizes[1]


WRONG = {
    "no token": ({}, 401),
    "another token": ({"Authorization": "Bearer other"}, 401),
    "no bearer": ({"Authorization": "Basic Z2VoZWlt"}, 401),
}


@pytest.mark.parametrize(("headers", "status"), WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("name", ["heart", "none"])
def test_only_a_coordinator_is_answered(
    headers: dict[str, str], status: int, name: str, client: FlaskClient, store: sa.Engine
) -> None:
    for what in ("join", "round"):
        answer = client.post(f"/federation/{name}/{what}", json={}, headers=headers)
        assert answer.status_code == status
        assert answer.json == {
            "error": "login",
            "detail": "there is no such study here, or the token does not fit it",
        }
    with reading(store) as connection:
        assert federation.left(connection) == []


def test_another_study_is_as_unknown_as_a_wrong_token(client: FlaskClient) -> None:
    assert client.post("/federation/none/join", json={}, headers=TOKEN).status_code == 401


def test_a_secret_that_cannot_be_read_lets_nobody_in(study: Study, store: sa.Engine) -> None:
    client = client_of(replace(study, token="env:ABSENT"), store)
    for token in ("", "geheim"):
        headers = {"Authorization": f"Bearer {token}"}
        assert client.post("/federation/heart/join", json={}, headers=headers).status_code == 401


def test_an_empty_secret_is_none(
    study: Study, store: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMPTY", "")
    client = client_of(replace(study, token="env:EMPTY"), store)
    headers = {"Authorization": "Bearer "}
    assert client.post("/federation/heart/join", json={}, headers=headers).status_code == 401
    client = client_of(replace(study, secret="env:EMPTY"), store)
    answer = ask(client, Impute(), joined(client))
    assert answer.status_code == 403
    assert "secret that the sites share" in answer.json["detail"]  # type: ignore[index]


BODIES = {
    "nothing": b"",
    "no JSON": b"{",
    "no UTF-8": b'{"run":"\xff"}',
    "a list": b"[]",
    "deep": b'{"run":' + b"[" * 100_000,
    "another key": b'{"run":"r","recipe":"x","rows":1}',
    "a number": b'{"run":1,"recipe":"x"}',
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("what", ["join", "round"])
def test_bodies_of_another_form_are_refused(body: bytes, what: str, client: FlaskClient) -> None:
    answer = client.post(f"/federation/heart/{what}", data=body, headers=TOKEN)
    assert (answer.status_code, answer.json["error"]) == (400, "structure")  # type: ignore[index]


def test_a_body_that_is_too_large_is_refused(client: FlaskClient) -> None:
    body = b'{"run":"' + b"x" * 2**20 + b'"}'
    assert client.post("/federation/heart/join", data=body, headers=TOKEN).status_code == 413


def test_an_unknown_kind_of_question_is_refused(client: FlaskClient) -> None:
    sites = joined(client)
    asked = msgspec.to_builtins(Round(RUN, 1, EDITION, sites, Impute()))
    asked["question"]["kind"] = "rows"
    answer = client.post("/federation/heart/round", json=asked, headers=TOKEN)
    assert answer.status_code == 400


def test_a_run_that_this_site_has_not_joined(client: FlaskClient) -> None:
    assert ask(client, Impute(), {**OTHERS, "north": OTHERS["a"][:-1] + "0"}).status_code == 409


REFUSED = {
    "another edition": (lambda client, _: join(client, recipe="other"), 409, "edition"),
    "too few sites": (
        lambda client, sites: ask(client, Impute(), dict([*sites.items()][1:])),
        403,
        "2 sites take part; this one asks for 3",
    ),
    "no key": (lambda client, sites: ask(client, Impute(), {**sites, "a": "zz"}), 422, "key"),
    "one key twice": (
        lambda client, sites: ask(client, Impute(), {**sites, "a": sites["b"]}),
        422,
        "same key",
    ),
    "other terms": (
        lambda client, sites: ask(client, Moments(FILLED, (1.0,)), sites),
        422,
        "1 numbers came where the recipe has",
    ),
    "other inputs": (
        lambda client, sites: ask(client, Moments({}, (1.0,) * TERMS), sites),
        422,
        "inputs of the recipe",
    ),
    "out of bounds": (
        lambda client, sites: ask(client, Moments(FILLED, (1e300,) * TERMS), sites),
        422,
        "not finite",
    ),
}


@pytest.mark.parametrize(("act", "status", "told"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused_is_told(
    act: Any, status: int, told: str, client: FlaskClient, store: sa.Engine
) -> None:
    sites = joined(client)
    answer = act(client, sites)
    assert answer.status_code == status
    assert told in answer.json["detail"]
    with reading(store) as connection:
        assert len(federation.left(connection)) == 1, "what is refused leaves nothing"


DATA: dict[str, tuple[list[str] | None, int, str]] = {
    "too few rows": (lines(31, 1), 403, "31 usable rows; 32"),
    "no row": ([], 422, "mine.data: no row"),
    "another table": (["a,b", "1,2"], 422, "mine.data"),
    "an unknown code": (["63,1,9,145,233,1,2,150,0,2.3,3,0,6,0"], 422, "row 1, cp"),
    "no file": (None, 422, "mine.data: cannot be read"),
}


@pytest.mark.parametrize("wrong", DATA)
def test_a_site_that_cannot_take_part_says_why(
    wrong: str, study: Study, store: sa.Engine, tmp_path: Path
) -> None:
    rows, status, told = DATA[wrong]
    data = tmp_path / "mine.data"
    if rows is not None:
        data.write_text("\n".join(rows))
    answer = join(client_of(replace(study, data=str(data)), store))
    assert answer.status_code == status
    assert told in answer.json["detail"]  # type: ignore[index]
    assert str(tmp_path) not in answer.json["detail"]  # type: ignore[index]


def test_a_run_has_so_many_rounds(study: Study, store: sa.Engine) -> None:
    client = client_of(replace(study, maximum_rounds=2), store)
    sites = joined(client)
    found = [ask(client, Impute(), sites, number) for number in (1, 2, 3, 1)]
    assert [one.status_code for one in found] == [200, 200, 403, 200]
    assert "2 rounds" in found[2].json["detail"]  # type: ignore[index]


def test_a_site_that_grants_a_budget_sends_nothing_without_noise(
    study: Study, store: sa.Engine
) -> None:
    budget = replace(study, epsilon=epsilon_of(2 * spent(3.0), 1e-5))
    client = client_of(budget, store)
    sites = joined(client)
    noisy = Impute(Noise(4.0, 3.0))
    found = [
        ask(client, question, sites, number)
        for number, question in enumerate((Impute(), QUESTIONS["moments"], noisy, noisy, noisy))
    ]
    assert [one.status_code for one in found] == [403, 403, 200, 200, 403]
    assert "with noise only" in found[0].json["detail"]  # type: ignore[index]
    assert "privacy" in found[4].json["detail"]  # type: ignore[index]
    assert ask(client, noisy, sites, 2).data == found[2].data, "an answer is spent once"
    with reading(store) as connection:
        newest, *_ = federation.left(connection)
    assert newest.rho == spent(3.0)
    assert newest.what["noise"] == {"clip": 4.0, "sigma": 3.0}


@pytest.mark.parametrize("noise", [Noise(0.0, 1.0), Noise(1.0, -1.0)])
def test_noise_that_is_none_is_refused(noise: Noise, client: FlaskClient) -> None:
    sites = joined(client)
    assert ask(client, Impute(noise), sites).status_code == 422
