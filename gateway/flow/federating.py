"""A site's side of joint training: it answers with sums over its own rows, and notes what left.

What is refused is told with the reason: another token or edition of the recipe, too few rows or
sites, too many rounds, spent privacy. The same question is answered by the same bytes, whenever it
comes again.
"""

from __future__ import annotations

import hashlib
import hmac
import math
import secrets
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from gateway.auth.outbound import printable
from gateway.config import secret
from gateway.errors import (
    ConfigurationError,
    ConflictError,
    ForbiddenError,
    InvalidError,
    UnauthorizedError,
)
from gateway.store import federation
from gateway.store.engine import reading, writing
from gateway.store.federation import Message
from scoring.federated.answers import answer
from scoring.federated.masks import KEY_BYTES, Member
from scoring.federated.noise import rho_of, spent
from scoring.federated.questions import Impute, Joined, Newton, Noise, Sums, edition
from scoring.federated.sums import FederatedError, encoded, packed
from scoring.training.recipe import Recipe, TrainingError, load
from scoring.training.table import Table, read_table

if TYPE_CHECKING:
    from collections.abc import Mapping

    import sqlalchemy as sa

    from gateway.config import Study
    from scoring.federated.questions import Joining, Round

SLACK = 1e-9
"""So much more privacy may be spent, because of rounding."""


def admitted(studies: Mapping[str, Study], name: str, token: str | None) -> Study:
    """Return the study that a coordinator may ask about.

    Raises:
        UnauthorizedError: there is none, or the token is another: which of the two is not told.
    """
    study = studies.get(name)
    try:
        wanted = secret(study.token) if study else secrets.token_hex()
    except ConfigurationError:
        wanted = secrets.token_hex()
    fits = hmac.compare_digest((token or "").encode(), wanted.encode())
    if study is None or not wanted or not fits:
        raise UnauthorizedError("there is no such study here, or the token does not fit it")
    return study


def join(engine: sa.Engine, study: Study, asked: Joining, coordinator: str) -> bytes:
    """Return the answer to a coordinator that starts, or resumes, a run.

    Raises:
        RequestError: this site cannot take part; the text says why.
    """
    rows = len(taking_part(study, asked.recipe).truth)
    with writing(engine) as connection:
        private = federation.private_key(connection, study.name, asked.run)
        if private is None:
            private = secrets.token_bytes(32)
            federation.keep_key(connection, study.name, asked.run, private)
        key = Member("", private).key.to_bytes(KEY_BYTES, "big").hex()
        body = msgspec.json.encode(Joined(asked.run, key, rows))
        what = {"key": KEY_BYTES, "rows": 1}
        message = Message(study.name, asked.run, 0, "join", coordinator, "join", what, body)
        return noted(connection, message, study)


def respond(engine: sa.Engine, study: Study, asked: Round, coordinator: str) -> bytes:
    """Return the answer to one round.

    Raises:
        RequestError: it is not answered; the text says why.
    """
    if len(asked.sites) < study.minimum_sites:
        raise ForbiddenError(
            f"{len(asked.sites)} sites take part; this one asks for {study.minimum_sites}"
        )
    table = taking_part(study, asked.recipe)
    member = member_of(engine, study, asked)
    question = hashlib.sha256(asked.canonical()).hexdigest()
    with reading(engine) as connection:
        before = federation.answered(connection, study.name, asked.run, question)
    if before is not None:
        return before
    noise = noise_of(study, asked)
    keys = keys_of(asked)
    numbers = sums_of(asked, recipe_of(study.recipe), table)
    hidden = member.masked(numbers, keys, asked.canonical())
    body = msgspec.json.encode(Sums(asked.run, asked.number, packed(hidden)))
    what = {
        "numbers": len(numbers),
        "masked_with": sorted({*keys} - {member.name}),
        "noise": msgspec.to_builtins(noise),
    }
    kind = str(asked.question.__struct_config__.tag)
    rho = spent(noise.sigma) if noise else 0.0
    message = Message(
        study.name, asked.run, asked.number, kind, coordinator, question, what, body, rho
    )
    with writing(engine) as connection:
        return noted(connection, message, study)


def taking_part(study: Study, recipe: str) -> Table:
    """Return this site's rows, if it takes part with them.

    Raises:
        RequestError: they cannot be read, are too few, or the recipe is of another edition.
    """
    try:
        if edition(recipe_of(study.recipe)) != recipe:
            raise ConflictError(f"the recipe {study.recipe} is of another edition here")
        table = rows_of(study)
    except TrainingError as error:
        raise InvalidError(str(error)) from None
    if len(table.truth) < study.minimum_rows:
        raise ForbiddenError(
            f"{len(table.truth)} usable rows; {study.minimum_rows} are the least to take part with"
        )
    return table


@lru_cache(maxsize=32)
def recipe_of(name: str) -> Recipe:
    """Return the shipped recipe of that name.

    Raises:
        TrainingError: there is none.
    """
    return load(name)


def rows_of(study: Study) -> Table:
    """Return the rows of the study's file, or of its site in it.

    Raises:
        TrainingError: it cannot be read, or holds no such site.
    """
    path = Path(study.data)
    stamp = path.stat().st_mtime_ns if path.is_file() else 0
    table = file_of(study.recipe, path, study.site is not None, stamp)
    if study.site is None:
        return table
    if study.site not in table.sites:
        raise TrainingError(f"{path.name}: there are no rows of {study.site}")
    return table.part(np.flatnonzero(table.site == table.sites.index(study.site)))


@lru_cache(maxsize=32)
def file_of(recipe: str, path: Path, many: bool, _stamp: int) -> Table:
    """Return the rows of a file, with the site of each when it holds `many`; kept until it changes.

    Raises:
        TrainingError: it cannot be read.
    """
    plan = recipe_of(recipe)
    return read_table(plan, {next(iter(plan.data.sites)) if many else path.name: path})


def member_of(engine: sa.Engine, study: Study, asked: Round) -> Member:
    """Return this site as the run knows it: by its key.

    Raises:
        ConflictError: it has not joined the run, or the run has another key of it.
        ForbiddenError: the secret that the sites share cannot be read.
    """
    with reading(engine) as connection:
        private = federation.private_key(connection, study.name, asked.run)
    if private is not None:
        shared = shared_secret(study)
        own = Member("", private).key
        for name, key in keys_of(asked).items():
            if key == own:
                return Member(name, private, shared)
    raise ConflictError("this site has not joined the run, or not with this key")


def shared_secret(study: Study) -> bytes:
    """Return what all sites know, nothing when the study has no such secret.

    Raises:
        ForbiddenError: it cannot be read, or is empty: masks would be weaker than was agreed.
    """
    if study.secret is None:
        return b""
    try:
        return printable(secret(study.secret), study.secret).encode()
    except ConfigurationError:
        raise ForbiddenError("the secret that the sites share cannot be read here") from None


def keys_of(asked: Round) -> dict[str, int]:
    """Return the sites' keys.

    Raises:
        InvalidError: one is no hexadecimal number, or two are the same.
    """
    try:
        keys = {name: int.from_bytes(bytes.fromhex(key)) for name, key in asked.sites.items()}
    except ValueError:
        raise InvalidError("the key of a site cannot be read") from None
    if len({*keys.values()}) < len(keys):
        raise InvalidError("two sites have the same key")
    return keys


def noise_of(study: Study, asked: Round) -> Noise | None:
    """Return the noise that is asked for.

    Raises:
        ForbiddenError: this site answers with noise only, or that is none.
    """
    question = asked.question
    noise = question.noise if isinstance(question, (Impute, Newton)) else None
    if noise is None and study.epsilon is not None:
        raise ForbiddenError("this site answers with noise only")
    if noise and not all(math.isfinite(n) and n > 0 for n in (noise.clip, noise.sigma)):
        raise InvalidError("noise needs a length and a multiple above 0")
    return noise


def sums_of(asked: Round, recipe: Recipe, table: Table) -> list[int]:
    """Return the sums as whole numbers.

    Raises:
        InvalidError: the question does not fit the recipe.
    """
    draws = np.random.default_rng(secrets.randbits(256)).standard_normal
    try:
        with np.errstate(all="ignore"):
            return encoded(answer(asked.question, recipe, table, draws))
    except FederatedError as error:
        raise InvalidError(str(error)) from None


def noted(connection: sa.Connection, message: Message, study: Study) -> bytes:
    """Return the body, once it stands in the ledger; what was answered before stays the answer.

    Raises:
        ForbiddenError: the run has had its rounds, or the study its privacy.
    """
    before = federation.answered(connection, study.name, message.run, message.question)
    if before is not None:
        return before
    if federation.rounds(connection, study.name, message.run) > study.maximum_rounds:
        raise ForbiddenError(f"this site answers {study.maximum_rounds} rounds of a run")
    if study.epsilon is not None:
        budget = rho_of(study.epsilon, study.delta)
        if federation.spent(connection, study.name) + message.rho > budget + SLACK:
            raise ForbiddenError("the privacy that this site grants the study is spent")
    federation.keep(connection, message)
    return message.body


def described(message: Message) -> dict[str, Any]:
    """Return one answer that left, as JSON: its shape, size and hash, without the bytes."""
    return {
        "study": message.study,
        "run": message.run,
        "round": message.round,
        "kind": message.kind,
        "coordinator": message.coordinator,
        **message.what,
        "bytes": len(message.body),
        "sha256": message.sha256,
        "at": message.created_at,
    }
