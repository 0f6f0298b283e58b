"""Masks that hide each site's numbers from the coordinator and cancel in the total.

Each pair of sites agrees on a secret by Diffie-Hellman in the 2048-bit group 14 of RFC 3526, turns
it with the question into a seed (HKDF, RFC 5869, SHA-256) and the seed into numbers (SHAKE-256,
FIPS 202). The site whose name comes first adds them, the other takes them away: Bonawitz et al.,
"Practical Secure Aggregation", CCS 2017, without its shares for sites that drop out: when one does,
the round is asked again among the others, and other masks come from the other question.

A coordinator that invents sites or keys can see through; a secret that the sites share and the
coordinator does not know (`shared`) prevents that.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from scoring.federated.sums import BYTES, MODULUS, FederatedError, unpacked

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PRIME = int(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74"
    "020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B302B0A6DF25F1437"
    "4FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED"
    "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF05"
    "98DA48361C55D39A69163FA8FD24CF5F83655D23DCA3AD961C62F356208552BB"
    "9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B"
    "E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF695581718"
    "3995497CEA956AE515D2261898FA051015728E5A8AACAA68FFFFFFFFFFFFFFFF",
    16,
)
GENERATOR = 2
KEY_BYTES = 256


def public_key(private: bytes) -> int:
    """Return what a site tells the others, from 32 random bytes of its own."""
    return pow(GENERATOR, int.from_bytes(private, "big"), PRIME)


@lru_cache(maxsize=256)
def agreed(private: bytes, public: int) -> bytes:
    """Return the secret of a pair of sites.

    Raises:
        FederatedError: the other's key is one that would make the secret known.
    """
    if not 1 < public < PRIME - 1:
        raise FederatedError("the key of another site cannot be")
    return pow(public, int.from_bytes(private, "big"), PRIME).to_bytes(KEY_BYTES, "big")


def derived(secret: bytes, info: bytes, salt: bytes = b"") -> bytes:
    """Return 32 bytes for one purpose (HKDF with SHA-256, RFC 5869, one block)."""
    extracted = hmac.digest(salt or bytes(32), secret, hashlib.sha256)
    return hmac.digest(extracted, info + b"\x01", hashlib.sha256)


def mask(seed: bytes, count: int) -> list[int]:
    """Return the numbers of a pair for one question."""
    return unpacked(hashlib.shake_256(seed).digest(BYTES * count))


@dataclass(frozen=True, slots=True)
class Member:
    """A site in a study, with its part of the secrets."""

    name: str
    private: bytes
    """32 random bytes that never leave the site."""
    shared: bytes = b""
    """What all sites know and the coordinator does not, if anything."""

    @property
    def key(self) -> int:
        """Return what it tells the others."""
        return public_key(self.private)

    def masked(self, numbers: Sequence[int], keys: Mapping[str, int], question: bytes) -> list[int]:
        """Return the numbers under this site's masks with each other site of `keys`.

        `question` is the whole question: no two are answered under the same masks.
        """
        hidden = list(numbers)
        for other, public in keys.items():
            if other == self.name:
                continue
            seed = derived(agreed(self.private, public), question, self.shared)
            sign = 1 if self.name < other else -1
            added = mask(seed, len(hidden))
            hidden = [(n + sign * m) % MODULUS for n, m in zip(hidden, added, strict=True)]
        return hidden
