"""Code systems: every published spelling of a URI becomes one (``systems.toml``)."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, NamedTuple

from terminology.facts import HERE, read, record

if TYPE_CHECKING:
    from collections.abc import Mapping

LOINC_PATH = re.compile(r"http://loinc\.org/\d{1,5}-\d\Z")
"""A LOINC code written into the system (``http://loinc.org/8480-6``) still names LOINC."""


class System(NamedTuple):
    """A code system as the tables know it; see the head of ``systems.toml``."""

    key: str
    uri: str
    title: str
    notice: str
    aliases: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()
    bare: tuple[str, ...] = ()
    extends: str | None = None


@functools.cache
def load() -> Mapping[str, System]:
    """Return the systems by their short names."""
    path = HERE / "systems.toml"
    return {
        key: record(System, {"key": key, **table}, f"{path.name}: {key}")
        for key, table in read(path).items()
    }


@functools.cache
def spellings() -> Mapping[str, str]:
    """Return spelling to URI, for everything but prefixes."""
    found: dict[str, str] = {}
    for system in load().values():
        for name in (system.uri, *system.aliases):
            found[plain(name)] = system.uri
        found |= dict.fromkeys(system.bare, system.uri)
    return found


def plain(uri: str) -> str:
    """Return `uri` without blanks, trailing slashes and version, ``https`` as ``http``."""
    text = uri.strip().partition("|")[0].rstrip("/")
    if text[:8].lower() == "https://":
        return "http://" + text[8:]
    return text.lower() if text[:8].lower() == "urn:oid:" else text


LONGEST = 255
"""A longer URI is of no system, and not kept in the cache."""


def normalise(uri: str) -> str:
    """Return the one URI of a known system, else `uri` trimmed.

    >>> normalise("https://loinc.org/")
    'http://loinc.org'
    >>> normalise("http://snomed.info/sct/83821000000107")
    'http://snomed.info/sct'
    """
    return _normalise(uri) if len(uri) <= LONGEST else uri


@functools.lru_cache(maxsize=4096)
def _normalise(uri: str) -> str:
    text = plain(uri)
    if known := spellings().get(text):
        return known
    if LOINC_PATH.match(text):
        return "http://loinc.org"
    for system in load().values():
        if text.startswith(system.prefixes):
            return system.uri
    return uri.strip()


@functools.cache
def by_uri() -> Mapping[str, System]:
    """Return the systems by the URI we write."""
    return {system.uri: system for system in load().values()}
