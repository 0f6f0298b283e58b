from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.federated.masks import PRIME, Member, agreed, derived, public_key
from scoring.federated.sums import MODULUS, FederatedError, total

NUMBER = st.integers(0, MODULUS - 1)
ANSWERS = st.lists(st.tuples(NUMBER, NUMBER), min_size=2, max_size=6)


def members(count: int, shared: bytes = b"") -> list[Member]:
    return [Member(f"site-{n}", bytes([n + 1]) * 32, shared) for n in range(count)]


def test_the_prime_is_the_safe_one_of_rfc_3526() -> None:
    assert PRIME.bit_length() == 2048
    assert PRIME >> 1984 == (1 << 64) - 1
    assert PRIME % (1 << 64) == (1 << 64) - 1
    for number in (PRIME, (PRIME - 1) // 2):
        assert pow(3, number - 1, number) == 1


def test_derivation_is_hkdf() -> None:
    """RFC 5869, appendix A.1, its first block; and A.3 with neither salt nor info."""
    known = derived(b"\x0b" * 22, bytes(range(0xF0, 0xFA)), bytes(range(13)))
    assert known.hex() == "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"
    assert derived(b"\x0b" * 22, b"").hex().startswith("8da4e775a563c18f715f802a063c5a31")


@settings(max_examples=20, deadline=None)
@given(ANSWERS)
def test_masks_cancel_and_hide(answers: list[tuple[int, int]]) -> None:
    sites = members(len(answers), b"known to the sites")
    keys = {site.name: site.key for site in sites}
    hidden = [
        site.masked(answer, keys, b"question") for site, answer in zip(sites, answers, strict=True)
    ]
    assert total(hidden) == total(answers)
    for one, answer in zip(hidden, answers, strict=True):
        assert one != list(answer)


def test_no_two_questions_have_the_same_masks() -> None:
    one, *_ = members(3)
    keys = {site.name: site.key for site in members(3)}
    fewer = dict(list(keys.items())[:2])
    seen = [
        one.masked([0], keys, b"a"),
        one.masked([0], keys, b"b"),
        one.masked([0], fewer, b"a"),
        members(3, b"x")[0].masked([0], keys, b"a"),
    ]
    assert len({tuple(numbers) for numbers in seen}) == 4


def test_alone_there_is_nobody_to_hide_among() -> None:
    (one,) = members(1)
    assert one.masked([7], {one.name: one.key}, b"a") == [7]


def test_a_pair_agrees_without_telling() -> None:
    one, other = (bytes([n]) * 32 for n in (1, 2))
    assert agreed(one, public_key(other)) == agreed(other, public_key(one))


@pytest.mark.parametrize("key", [0, 1, PRIME - 1, PRIME, -5])
def test_a_key_that_gives_the_secret_away_is_refused(key: int) -> None:
    with pytest.raises(FederatedError):
        agreed(bytes(32), key)
