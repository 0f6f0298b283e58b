"""Under which id the gateway serves a resource, and what a reference means here.

A resource that a partner posts keeps its id. One that was pulled from a source is served as
``source.id``, so that two countries' ``Patient/1`` never meet; such an id longer than FHIR's 64
characters is shortened by its hash. Raw bytes stay as received: references inside them are read,
and served, by the same rule.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

LONGEST = 64
REFERENCE = re.compile(
    r"(?P<base>.*/)?(?P<type>[A-Z][A-Za-z]{1,63})/(?P<id>[A-Za-z0-9\-.]{1,64})"
    r"(?:/_history/[A-Za-z0-9\-.]{1,64})?\Z"
)


def gid_of(source: str, identity: str) -> str:
    """Return the id under which the resource `identity` of `source` is served.

    >>> gid_of("fi", "p1"), gid_of("", "p1")
    ('fi.p1', 'p1')
    """
    if not source:
        return identity
    whole = f"{source}.{identity}"
    if len(whole) <= LONGEST:
        return whole
    return f"{source}.{hashlib.sha256(identity.encode()).hexdigest()[:24]}"


@dataclass(frozen=True, slots=True)
class Place:
    """Where references stand: the source they were pulled from, and the base URLs that mean it."""

    source: str = ""
    bases: tuple[str, ...] = ()

    def localise(self, reference: str) -> str:
        """Return ``Type/gid`` of a reference to a resource of this place, others as they are.

        >>> Place("fi", ("https://fhir.example/r4",)).localise("https://fhir.example/r4/Patient/1")
        'Patient/fi.1'
        """
        match = REFERENCE.match(reference)
        if match is None:
            return reference
        base = match["base"]
        if base and base.rstrip("/") not in self.bases:
            return reference
        return f"{match['type']}/{gid_of(self.source, match['id'])}"
