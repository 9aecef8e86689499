"""Damages bytes at random, from a seed: by bytes and by lines; and makes the second form of an Ed25519 signature."""

from __future__ import annotations

import random

SPECIAL = (
    b"\n",
    b"\r\n",
    b"\0",
    b" ",
    b"=",
    b"-",
    b"\xff",
    b"%",
    b"0",
    b",",
    b"#",
    b"\xe2\x80\xae",
    b"-----BEGIN SSH SIGNATURE-----\n",
)


ED25519_ORDER = 2**252 + 27742317777372353535851937790883648493


def with_order_added(data: bytes, times: int = 1) -> bytes:
    """Add the group order to S of the Ed25519 signature at the end: to lenient readers it fits as well."""
    s = int.from_bytes(data[-32:], "little") + times * ED25519_ORDER
    return data[:-32] + s.to_bytes(32, "little")


def mutants(data: bytes, seed: int, rounds: int) -> list[bytes]:
    """Give up to `rounds` damaged forms of `data`, none equal to it."""
    chance = random.Random(seed)
    changed = [_mutant(data, chance) for _ in range(rounds)]
    return [form for form in changed if form != data]


def _mutant(data: bytes, chance: random.Random) -> bytes:
    for _ in range(chance.choice((1, 1, 1, 2))):
        change = chance.choice((_changed_bytes, _changed_bytes, _changed_lines))
        data = change(data or b"x", chance)
    return data


def _changed_bytes(data: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(data))
    to = min(len(data), at + chance.choice((1, 1, 2, 4, 30)))
    special = chance.choice(SPECIAL)
    flipped = bytes([data[at] ^ 1 << chance.randrange(8)])
    before = chance.choice((data[:at], data[:to]))
    middle = chance.choice((b"", special, flipped, flipped))
    after = chance.choice((data[at:], data[to:], data[at + 1 :], data[at + 1 :], b""))
    return before + middle + after


def _changed_lines(data: bytes, chance: random.Random) -> bytes:
    lines = data.splitlines(keepends=True)
    one, other = chance.randrange(len(lines)), chance.randrange(len(lines))
    inserted = chance.choice(([], [lines[other]]))
    return b"".join([*lines[:one], *inserted, *lines[one + chance.choice((0, 1)) :]])
