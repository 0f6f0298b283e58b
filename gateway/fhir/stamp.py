"""The bytes of a version: a resource's own content with ``id`` and ``meta`` of this server.

The content is encoded once; each version splices its ``meta`` in, so digits stay as sent.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.fhir.json import encode

if TYPE_CHECKING:
    from terminology.records import JSON, Resource

HEAD = frozenset({"resourceType", "id", "meta"})
OURS = frozenset({"versionId", "lastUpdated"})
"""Elements of ``meta`` that the server sets, whatever was sent."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """A resource on its way into the store; call it with version and instant for the bytes."""

    head: bytes
    meta: JSON
    rest: bytes

    def __call__(self, version: int, last_updated: str) -> bytes:
        """Return the resource as version `version`, updated at `last_updated`."""
        meta = {"versionId": str(version), "lastUpdated": last_updated, **self.meta}
        return b"".join((self.head, encode(meta), b"," if self.rest else b"", self.rest, b"}"))

    @property
    def digest(self) -> bytes:
        """Return the hash of the content without version and instant."""
        return hashlib.sha256(b"\0".join((self.head, encode(self.meta), self.rest))).digest()


def stamp(resource: Resource, gid: str) -> Stamp:
    """Return the stamp for a resource that is kept under the id `gid`."""
    kind = encode(resource["resourceType"])
    meta = resource.get("meta")
    kept = {name: one for name, one in meta.items() if name not in OURS} if meta else {}
    rest = encode({name: value for name, value in resource.items() if name not in HEAD})
    head = b'{"resourceType":' + kind + b',"id":' + encode(gid) + b',"meta":'
    return Stamp(head, kept, rest[1:-1])
