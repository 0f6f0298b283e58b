"""Sums as whole numbers modulo 2**128, so that their total depends on no order and can be masked.

A number stands as multiples of 2**-64 (5e-20): what a double holds between 2**-11 and 2**50 is kept
to the last bit. Whoever adds such vectors, in whatever order, gets the same bits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from scoring.codegen import Array

BYTES = 16
"""Of one number on the wire."""

MODULUS = 1 << (8 * BYTES)
UNIT = 1 << 64
LARGEST = float(1 << 50)
"""No site's sum may be larger: then the total of 4,096 sites fits with its sign."""


class FederatedError(ValueError):
    """Data or answers that no joint model can come from; the text says why, without a value."""


def encoded(values: Array) -> list[int]:
    """Return real numbers as whole multiples of 2**-64, modulo 2**128.

    Raises:
        FederatedError: one is not finite, or too large to be added up safely.

    >>> encoded(np.array([1.0, -1.0])) == [2**64, 2**128 - 2**64]
    True
    """
    if not np.all(np.abs(values) <= LARGEST):
        raise FederatedError("a sum is not finite, or larger than 2**50")
    return [round(value * UNIT) % MODULUS for value in values.tolist()]


def decoded(numbers: Sequence[int]) -> Array:
    """Return the real numbers that whole ones stand for; the upper half is negative."""
    signed = (number - MODULUS if number >= MODULUS // 2 else number for number in numbers)
    return np.array([number / UNIT for number in signed])


def total(vectors: Iterable[Sequence[int]]) -> list[int]:
    """Return the sum of the sites' vectors, modulo 2**128.

    Raises:
        FederatedError: they are not of one length.
    """
    try:
        return [sum(column) % MODULUS for column in zip(*vectors, strict=True)]
    except ValueError:
        raise FederatedError("the sites' answers are of different lengths") from None


def packed(numbers: Sequence[int]) -> bytes:
    """Return the numbers as bytes, 16 each, least significant first."""
    return b"".join(number.to_bytes(BYTES, "little") for number in numbers)


def unpacked(raw: bytes) -> list[int]:
    """Return the numbers in the bytes.

    Raises:
        FederatedError: they are no whole number of numbers.
    """
    if len(raw) % BYTES:
        raise FederatedError("an answer is cut off")
    return [int.from_bytes(raw[at : at + BYTES], "little") for at in range(0, len(raw), BYTES)]
