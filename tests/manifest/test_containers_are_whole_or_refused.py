"""A package as one file: read as a stream, and every flipped bit and every missing byte is seen."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manifest_samples import container, digests
from plotter2.errors import DataError
from plotter2.manifest import codes
from plotter2.manifest.container import FIRST_BYTES, Opened, verified

FILES = {"steps.csv": b"a,b\n1,2\n", "more.txt": b"", "z/large.bin": bytes(range(256)) * 40}
SOUND = container(FILES)


def read(data: bytes, step: int = 1000) -> Opened:
    return verified((data[at : at + step] for at in range(0, len(data), step)), "x.p2b")


def refusal(data: bytes) -> DataError:
    with pytest.raises(DataError) as caught:
        read(data)
    assert caught.value.help
    return caught.value


@pytest.mark.parametrize("step", [1, 7, 1 << 20])
def test_a_package_is_read_piece_by_piece(step: int) -> None:
    found = read(SOUND, step)
    for payload in found.payloads:
        assert SOUND[payload.offset : payload.offset + payload.bytes] == FILES[payload.path]
    assert found.size == len(SOUND)


def test_every_truncation_is_seen() -> None:
    for length in range(0, len(SOUND), 61):
        assert refusal(SOUND[:length]).code == codes.DAMAGED
    assert "cut off" in refusal(SOUND[:-1]).message


def test_bytes_behind_the_end_are_seen() -> None:
    assert refusal(SOUND + b"\n").code == codes.DAMAGED


def test_every_flipped_bit_is_seen() -> None:
    dice = random.Random(4)
    for _ in range(400):
        place, bit = dice.randrange(len(SOUND)), dice.randrange(8)
        flipped = bytearray(SOUND)
        flipped[place] ^= 1 << bit
        assert refusal(bytes(flipped)).code in (
            codes.NOT_JSON,
            codes.NEWER,
            codes.BAD_VALUE,
            codes.BAD_NAME,
            codes.DISAGREES,
            codes.DAMAGED,
        )


def test_a_payload_that_is_not_what_was_promised_is_named() -> None:
    wrong = container(FILES, digests=digests({**FILES, "steps.csv": b"a,b\n1,3\n"}))
    error = refusal(wrong)
    assert error.code == codes.DAMAGED
    assert "steps.csv" in error.message


def test_a_container_of_a_newer_form_is_refused() -> None:
    assert refusal(SOUND.replace(b"P2B 1", b"P2B 2", 1)).code == codes.NEWER


def test_what_is_no_container_is_refused() -> None:
    assert refusal(b"PK\x03\x04" + b"x" * 100).code == codes.DAMAGED
    assert refusal(b"P2B 1 9999999999\n").code == codes.DAMAGED
    assert len(b"P2B 1 9999999999\n") == FIRST_BYTES


@given(st.binary(max_size=120), st.sampled_from([b"", b"P2B ", b"P2B 1 0000000020\n", SOUND[:300]]))
def test_any_bytes_give_a_data_error(data: bytes, start: bytes) -> None:
    refusal(start + data)


@given(st.data())
def test_pieces_of_packages_put_together_anyhow_give_a_data_error(data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(SOUND)), min_size=2, max_size=4)))
    pieces = [SOUND[a:b] for a, b in pairwise([0, *cuts, len(SOUND)])]
    mixed = b"".join(data.draw(st.permutations(pieces)))
    if mixed != SOUND:
        refusal(mixed)
