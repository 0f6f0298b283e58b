"""One `Settings`, made from `riskbridge.toml` and the environment; nobody else reads either.

Order, later wins: defaults, the file (`--config`, else `RISKBRIDGE_CONFIG`, else `riskbridge.toml`
when it is there), then `RISKBRIDGE_SECTION__KEY`. An unknown key is an error naming file and key.
Secrets are references, `env:NAME` or `file:PATH`, resolved when they are used and never kept.
"""

from __future__ import annotations

import os
import tomllib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate

from gateway.errors import ConfigurationError

AUTH = ("none", "basic", "bearer")
WRITE_BACK = ("off", "put", "conditional", "transaction", "auto")
NAME = validate.Regexp(r"[a-z0-9][a-z0-9-]{0,19}\Z", error="must be 1 to 20 of a-z, 0-9 and -")
FORMS = ("auto", "riskassessment", "observation", "documentreference", "communication", "flag")
SECRET = validate.Regexp(r"(env|file):.+\Z", error="must be a reference: env:NAME or file:PATH")


@dataclass(frozen=True, slots=True)
class Source:
    """A partner's FHIR server, as configured."""

    name: str
    base_url: str
    country: str | None = None
    fhir_version: str = "auto"
    auth: str = "none"
    username: str | None = None
    password: str | None = None
    token: str | None = None
    cards: tuple[str, ...] = ("auto",)
    write_back: str = "off"
    form: tuple[str, ...] = ("auto",)
    """What is written: ``auto``, or forms in the order in which they are tried."""
    probability: str = "percent"
    ranges: bool = False
    """Whether missing numbers may give a best and a worst case, where the card allows it."""
    schedule: str | None = None
    quirks: tuple[str, ...] = ()
    """Names of `gateway.fhir.quirks` that hold for this server."""


@dataclass(frozen=True, slots=True)
class Study:
    """A joint study that this gateway takes part in: its rows stay, sums over them leave."""

    name: str
    recipe: str
    data: str
    token: str
    """Reference to what the coordinator must show."""
    site: str | None = None
    """The site whose rows count, where the file holds several."""
    minimum_rows: int = 32
    """Sums over fewer give rows away: a summed Hessian of 16 to 30 can be unpicked."""
    minimum_sites: int = 3
    maximum_rounds: int = 40
    secret: str | None = None
    """Reference to what all sites know and the coordinator does not: it strengthens the masks."""
    epsilon: float | None = None
    """Privacy that may be spent in all; then nothing leaves without noise."""
    delta: float = 1e-5


@dataclass(frozen=True, slots=True)
class Settings:
    """All that can be set; see `docs/operator/configuration.md`."""

    base_url: str = "http://127.0.0.1:8080"
    host: str = "127.0.0.1"
    port: int = 8080
    workers: int = 2
    max_body_mib: int = 32
    store_url: str = "sqlite:///riskbridge.db"
    sources: tuple[Source, ...] = ()
    studies: tuple[Study, ...] = ()

    def source(self, name: str) -> Source | None:
        """Return the configured source of that name."""
        return next((source for source in self.sources if source.name == name), None)


def forms(value: Any) -> tuple[str, ...]:  # noqa: ANN401 - whatever the file says
    """Return the forms that a setting names, one or a list.

    Raises:
        ValidationError: one of them is none.
    """
    named = (value,) if isinstance(value, str) else value
    if not isinstance(named, list | tuple) or not named or set(map(str, named)) - set(FORMS):
        raise ValidationError(f"must be one of {', '.join(FORMS)}, or a list of them")
    return tuple(named)


class GatewaySection(Schema):
    """Keys of ``[gateway]``."""

    base_url = fields.Url(require_tld=False, schemes={"http", "https"})
    host = fields.String()
    port = fields.Integer(validate=validate.Range(0, 65535))
    workers = fields.Integer(validate=validate.Range(1, 256))
    max_body_mib = fields.Integer(validate=validate.Range(1, 4096))


class StoreSection(Schema):
    """Keys of ``[store]``."""

    url = fields.String(validate=validate.Regexp(r"(sqlite|postgresql\+psycopg)://"))


class SourceSection(Schema):
    """Keys of one ``[[source]]``."""

    name = fields.String(required=True, validate=NAME)
    base_url = fields.Url(required=True, require_tld=False, schemes={"http", "https"})
    country = fields.String(validate=validate.Regexp(r"[A-Z]{2}\Z"))
    fhir_version = fields.String(validate=validate.OneOf(("auto", "STU3", "R4", "R4B", "R5")))
    auth = fields.String(validate=validate.OneOf(AUTH))
    username = fields.String()
    password = fields.String(validate=SECRET)
    token = fields.String(validate=SECRET)
    cards = fields.Raw()
    write_back = fields.String(validate=validate.OneOf(WRITE_BACK))
    form = fields.Raw(validate=forms)
    probability = fields.String(validate=validate.OneOf(("percent", "fraction")))
    ranges = fields.Boolean()
    schedule = fields.String()
    quirks = fields.List(fields.String())

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Source:  # noqa: ANN401
        """Return the source; ``cards`` and ``form`` are ``auto`` or a list."""
        cards = data.pop("cards", "auto")
        form = forms(data.pop("form", "auto"))
        quirks = tuple(data.pop("quirks", ()))
        cards = (cards,) if isinstance(cards, str) else tuple(cards)
        return Source(**data, cards=cards, quirks=quirks, form=form)


class StudySection(Schema):
    """Keys of one ``[[study]]``."""

    name = fields.String(required=True, validate=NAME)
    recipe = fields.String(required=True)
    data = fields.String(required=True)
    token = fields.String(required=True, validate=SECRET)
    site = fields.String()
    minimum_rows = fields.Integer(validate=validate.Range(1))
    minimum_sites = fields.Integer(validate=validate.Range(1))
    maximum_rounds = fields.Integer(validate=validate.Range(1))
    secret = fields.String(validate=SECRET)
    epsilon = fields.Float(validate=validate.Range(0, min_inclusive=False))
    delta = fields.Float(validate=validate.Range(0, 1, min_inclusive=False, max_inclusive=False))

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Study:  # noqa: ANN401
        """Return the study."""
        return Study(**data)


class File(Schema):
    """The whole file."""

    gateway = fields.Nested(GatewaySection)
    store = fields.Nested(StoreSection)
    source = fields.List(fields.Nested(SourceSection))
    study = fields.List(fields.Nested(StudySection))


def load(path: str | None = None) -> Settings:
    """Return the settings; `path` wins over RISKBRIDGE_CONFIG and `riskbridge.toml`.

    Raises:
        ConfigurationError: the file cannot be read, or a key or value cannot be.
    """
    named = path or os.environ.get("RISKBRIDGE_CONFIG")
    place = Path(named or "riskbridge.toml")
    document = read(place) if named or place.exists() else {}
    for key, value in environment().items():
        section, _, name = key.partition(".")
        document.setdefault(section, {})[name] = value
    try:
        loaded: dict[str, Any] = File().load(document)
    except ValidationError as error:
        raise ConfigurationError(f"{place}: {first_problem(error.messages)}") from None
    return Settings(
        **loaded.get("gateway", {}),
        **{f"store_{key}": value for key, value in loaded.get("store", {}).items()},
        sources=tuple(loaded.get("source", ())),
        studies=tuple(loaded.get("study", ())),
    )


def read(place: Path) -> dict[str, Any]:
    """Return the TOML document at `place`."""
    try:
        return tomllib.loads(place.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{place}: cannot be read: {error}") from None


def environment() -> dict[str, str]:
    """Return ``section.key`` to value for each ``RISKBRIDGE_SECTION__KEY``."""
    prefix = "RISKBRIDGE_"
    return {
        key.removeprefix(prefix).lower().replace("__", ".", 1): value
        for key, value in os.environ.items()
        if key.startswith(prefix) and "__" in key
    }


def first_problem(messages: Any, path: str = "") -> str:  # noqa: ANN401
    """Return ``key: what is wrong`` of the first problem in marshmallow's nested messages."""
    if isinstance(messages, dict):
        key, inner = next(iter(messages.items()))
        return first_problem(inner, f"{path}.{key}" if path else str(key))
    return f"{path}: {messages[0] if isinstance(messages, list) else messages}"


def metrics_folder() -> str | None:
    """Return the folder in which worker processes share their counts, None when there is one."""
    return os.environ.get("PROMETHEUS_MULTIPROC_DIR")


def secret(reference: str) -> str:
    """Return the secret behind ``env:NAME`` or ``file:PATH``.

    Raises:
        ConfigurationError: there is no such variable or file.
    """
    kind, _, place = reference.partition(":")
    try:
        return os.environ[place] if kind == "env" else Path(place).read_text().strip()
    except (KeyError, OSError):
        raise ConfigurationError(f"the secret {reference} cannot be read") from None


def shown(settings: Settings) -> dict[str, Any]:
    """Return the settings as plain data, with a password in the store's URL blotted out."""
    data = asdict(settings)
    scheme, _, rest = settings.store_url.partition("://")
    if "@" in rest:
        data["store_url"] = f"{scheme}://***@{rest.rpartition('@')[2]}"
    return data
