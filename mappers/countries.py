"""What differs from country to country: one TOML file each, checked strictly, loaded once.

A country is a file in `mappers/countries/`; adding one touches no code. An unknown key, a code that
two files claim or a unit that is none is a `ValueError` naming file and key.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from marshmallow import Schema, ValidationError, fields, post_load, validate

from mappers.checkdigits import CHECKS
from mappers.implied import IMPLIED
from terminology import analytes, units

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

VERSIONS = ("STU3", "R4", "R4B", "R5")
MEANINGS = ("birth-estimated", "certainty", "identifier-status")
RELATIONS = ("same", "narrower", "broader", "specimen", "related")
EQUATIONS = ("ckd-epi-2009", "ckd-epi-2021")
URI = validate.Regexp(r"(https?://|urn:)\S+\Z", error="must be an absolute URI")


@dataclass(frozen=True, slots=True)
class Scheme:
    """A kind of person number: how it is written, where it stands and how it is checked."""

    scheme: str
    label: str
    systems: tuple[str, ...]
    pattern: str
    keeps: str = ""
    """Signs that belong to the number (others are passed over)."""
    check: str | None = None
    guaranteed: bool = True
    """False where real numbers exist whose check digit does not fit."""
    implies: str | None = None
    """Name of the reading of sex and birth date that the number carries."""
    ignores: str | None = None
    """Values of this pattern are another thing under the same system, and passed over."""
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LocalCode:
    """A code of the country's own that means a feature."""

    system: str
    code: str
    feature: str
    relation: str = "same"


@dataclass(frozen=True, slots=True)
class Question:
    """A question of a national form whose answer is a fact (yes or no)."""

    system: str
    code: str
    fact: str
    answers: str
    yes: tuple[str, ...]
    no: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Extension:
    """A national extension and what it means; ``values`` gives codes their general meaning."""

    url: str
    means: str
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Writes:
    """How the country's systems write: which codes come first, and in which units."""

    codes: tuple[str, ...] = ("loinc",)
    units: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Country:
    """One country (or group) as its file says."""

    code: str
    name: str
    names: tuple[str, ...] = ()
    fhir_versions: tuple[str, ...] = ("R4",)
    egfr: str = "ckd-epi-2021"
    guides: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()
    quirks: tuple[str, ...] = ()
    identifiers: tuple[Scheme, ...] = ()
    codes: tuple[LocalCode, ...] = ()
    questions: tuple[Question, ...] = ()
    extensions: tuple[Extension, ...] = ()
    writes: Writes = Writes()


class Strict(Schema):
    """A table that becomes the frozen record `makes`; lists become tuples."""

    makes: Any = None

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Any:  # noqa: ANN401 - marshmallow's hook
        """Return the record."""
        frozen = {key: tuple(v) if isinstance(v, list) else v for key, v in data.items()}
        frozen = {k: MappingProxyType(v) if isinstance(v, dict) else v for k, v in frozen.items()}
        return self.makes(**frozen)


class IdentifierTable(Strict):
    """Keys of ``[[identifier]]``."""

    makes = Scheme
    scheme = fields.String(required=True, validate=validate.Regexp(r"[a-z]{2}(-[a-z]+)+\Z"))
    label = fields.String(required=True)
    systems = fields.List(fields.String(validate=URI), required=True)
    pattern = fields.String(required=True)
    keeps = fields.String()
    check = fields.String(validate=validate.OneOf(sorted(CHECKS)))
    guaranteed = fields.Boolean()
    implies = fields.String(validate=validate.OneOf(sorted(IMPLIED)))
    ignores = fields.String()
    examples = fields.List(fields.String())


class CodeTable(Strict):
    """Keys of ``[[local_code]]``."""

    makes = LocalCode
    system = fields.String(required=True, validate=URI)
    code = fields.String(required=True, validate=validate.Length(1))
    feature = fields.String(required=True)
    relation = fields.String(validate=validate.OneOf(RELATIONS))


class QuestionTable(Strict):
    """Keys of ``[[question]]``."""

    makes = Question
    system = fields.String(required=True, validate=URI)
    code = fields.String(required=True, validate=validate.Length(1))
    fact = fields.String(required=True, validate=validate.Regexp(r"[a-z][a-z0-9_]*\Z"))
    answers = fields.String(required=True, validate=URI)
    yes = fields.List(fields.String(), required=True)
    no = fields.List(fields.String(), required=True)


class ExtensionTable(Strict):
    """Keys of ``[[extension]]``."""

    makes = Extension
    url = fields.String(required=True, validate=URI)
    means = fields.String(required=True, validate=validate.OneOf(MEANINGS))
    values = fields.Dict(fields.String(), fields.String(), load_default=dict)


class WritesTable(Strict):
    """Keys of ``[writes]``."""

    makes = Writes
    codes = fields.List(fields.String())
    units = fields.Dict(fields.String(), fields.String())


class CountryFile(Strict):
    """Keys of one file."""

    makes = Country
    code = fields.String(required=True, validate=validate.Regexp(r"[A-Z]{2,3}\Z"))
    name = fields.String(required=True)
    names = fields.List(fields.String())
    fhir_versions = fields.List(fields.String(validate=validate.OneOf(VERSIONS)))
    egfr = fields.String(validate=validate.OneOf(EQUATIONS))
    guides = fields.List(fields.String(validate=URI))
    profiles = fields.List(fields.String(validate=URI))
    quirks = fields.List(fields.String())
    identifiers = fields.List(fields.Nested(IdentifierTable), data_key="identifier")
    codes = fields.List(fields.Nested(CodeTable), data_key="local_code")
    questions = fields.List(fields.Nested(QuestionTable), data_key="question")
    extensions = fields.List(fields.Nested(ExtensionTable), data_key="extension")
    writes = fields.Nested(WritesTable)


@cache
def load() -> Mapping[str, Country]:
    """Return all countries by their code (``FI``, ``EU`` ...), in the order of their codes.

    Raises:
        ValueError: a file has an unknown key or a value that cannot be; the text names both.
    """
    folder = resources.files("mappers") / "countries"
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".toml")), key=lambda f: f.name)
    read = [parse(file.name, file.read_text(encoding="utf-8")) for file in files]
    unclaimed(zip((file.name for file in files), read, strict=True))
    return MappingProxyType({country.code: country for country in read})


def parse(name: str, text: str) -> Country:
    """Return the country of one file's text; `name` is the file's, for errors.

    Raises:
        ValueError: see `load`.
    """
    try:
        country: Country = CountryFile().load(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{name}: {error}") from None
    except ValidationError as error:
        raise ValueError(f"{name}: {first_problem(error.messages)}") from None
    for key, problem in problems(country):
        raise ValueError(f"{name}: {key}: {problem}")
    return country


def problems(country: Country) -> Iterator[tuple[str, str]]:
    """Yield key and problem of what a schema cannot see: units, patterns, features, doubles."""
    known = analytes.load()
    for feature, unit in country.writes.units.items():
        if feature not in known:
            yield f"writes.units.{feature}", "no such feature"
        elif units.resolve("http://unitsofmeasure.org", unit, None, feature).ucum is None:
            yield f"writes.units.{feature}", f"{unit} is no unit of it"
    for place, local in enumerate(country.codes):
        if local.feature not in known:
            yield f"local_code.{place}.feature", f"no such feature: {local.feature}"
    for place, scheme in enumerate(country.identifiers):
        yield from (
            (f"identifier.{place}.{key}", "is no regular expression")
            for key, pattern in (("pattern", scheme.pattern), ("ignores", scheme.ignores or ""))
            if not compiles(pattern)
        )


def compiles(pattern: str) -> bool:
    """Say whether `pattern` is a regular expression."""
    try:
        re.compile(pattern)
    except re.error:
        return False
    return True


def unclaimed(read: Iterator[tuple[str, Country]]) -> None:
    """Raise when two tables claim one country code, identifier system, local code or question."""
    seen: dict[tuple[str, ...], str] = {}
    for name, country in read:
        for claim in claims(country):
            if claim in seen:
                raise ValueError(f"{name}: {claim[0]}: {claim[-1]} is claimed by {seen[claim]} too")
            seen[claim] = name


def claims(country: Country) -> Iterator[tuple[str, ...]]:
    """Yield what only one table of all files may say."""
    yield ("code", country.code)
    for scheme in country.identifiers:
        yield ("identifier.scheme", scheme.scheme)
        yield from (("identifier.systems", plain(system)) for system in scheme.systems)
    yield from (("local_code.code", local.system, local.code) for local in country.codes)
    yield from (("question.code", asked.system, asked.code) for asked in country.questions)
    yield from (("extension.url", extension.url) for extension in country.extensions)


def plain(system: str) -> str:
    """Return a system's URI without what spellings differ in: case, http or https, a last slash.

    >>> plain("https://fhir.nl/fhir/NamingSystem/bsn/")
    'http://fhir.nl/fhir/namingsystem/bsn'
    """
    text = system.strip().rstrip("/").lower()
    return "http" + text[5:] if text.startswith("https:") else text


def first_problem(messages: Any, path: str = "") -> str:  # noqa: ANN401 - marshmallow's nesting
    """Return ``key: what is wrong`` of the first problem in marshmallow's messages."""
    if isinstance(messages, dict):
        key, inner = next(iter(messages.items()))
        return first_problem(inner, f"{path}.{key}" if path else str(key))
    return f"{path}: {messages[0] if isinstance(messages, list) else messages}"


@cache
def schemes() -> Mapping[str, tuple[Scheme, str]]:
    """Return plain system to scheme and country code, of all countries."""
    return {
        plain(system): (scheme, country.code)
        for country in load().values()
        for scheme in country.identifiers
        for system in scheme.systems
    }


@cache
def local_codes() -> Mapping[tuple[str, str], LocalCode]:
    """Return plain system and code to the local code, of all countries."""
    return {(plain(c.system), c.code): c for country in load().values() for c in country.codes}


@cache
def questions() -> Mapping[tuple[str, str], Question]:
    """Return plain system and code to the question, of all countries."""
    return {(plain(q.system), q.code): q for one in load().values() for q in one.questions}


@cache
def extensions(means: str) -> Mapping[str, Extension]:
    """Return url to extension, of those that mean `means`, of all countries."""
    return {
        extension.url: extension
        for country in load().values()
        for extension in country.extensions
        if extension.means == means
    }


@cache
def by_name() -> Mapping[str, str]:
    """Return upper-case names and codes of countries, as addresses write them, to the code."""
    return {
        name.upper(): country.code
        for country in load().values()
        if len(country.code) == 2
        for name in (country.code, country.name, *country.names)
    }
