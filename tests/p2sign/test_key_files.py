"""Keys: made, written, read back; what is weak, damaged or locked is refused."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from p2sign.fields import string
from p2sign.keys import (
    PublicKey,
    SigningKey,
    needs_passphrase,
    parse_public_blob,
    parse_public_line,
)
from p2sign.refusal import Refusal
from p2sign_samples import ALICE, BOB

P = 2**255 - 19
D = -121665 * pow(121666, -1, P) % P
Point = tuple[int, int]


def refusal_of(call: object, *arguments: object) -> str:
    assert callable(call)
    with pytest.raises(Refusal) as caught:
        call(*arguments)
    return caught.value.name


def blob_of(encoded: bytes) -> bytes:
    return string(b"ssh-ed25519") + string(encoded)


def added(one: Point, other: Point) -> Point:
    """Add two points of the twisted Edwards curve of RFC 8032."""
    (x1, y1), (x2, y2) = one, other
    product = D * x1 * x2 * y1 * y2 % P
    x = (x1 * y2 + x2 * y1) * pow(1 + product, -1, P) % P
    y = (y1 * y2 + x1 * x2) * pow(1 - product, -1, P) % P
    return x, y


def root(square: int) -> int | None:
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    return x if (x * x - square) % P == 0 else None


def points_of_small_order() -> set[Point]:
    """Solve for a point whose double has y = 0, that is D y^4 + 2 y^2 = 1, and take its multiples."""
    half = root(1 + D)
    assert half is not None
    squares = ((sign * half - 1) * pow(D, -1, P) % P for sign in (1, -1))
    y = next(y for y in map(root, squares) if y is not None)
    x = root((y * y - 1) * pow(D * y * y + 1, -1, P) % P)
    assert x is not None
    generator = (x, y)
    points, point = set(), generator
    for _ in range(8):
        points.add(point)
        point = added(point, generator)
    assert point == generator, "the generator has order 8"
    return points


def encoded(point: Point, lift: int = 0) -> bytes:
    x, y = point
    return ((y + lift) | (x & 1) << 255).to_bytes(32, "little")


def test_all_eight_points_of_small_order_are_refused() -> None:
    points = points_of_small_order()
    assert len(points) == 8
    assert {refusal_of(parse_public_blob, blob_of(encoded(point))) for point in points} == {
        "E_KEY_WEAK"
    }


def test_small_order_is_refused_with_the_other_sign_too() -> None:
    for y in (1, P - 1):
        for sign in (0, 1 << 255):
            assert (
                refusal_of(parse_public_blob, blob_of((y | sign).to_bytes(32, "little")))
                == "E_KEY_WEAK"
            )


def test_a_point_written_with_y_above_the_prime_is_refused() -> None:
    for y in range(P, 2**255):
        assert refusal_of(parse_public_blob, blob_of(y.to_bytes(32, "little"))) == "E_KEY_WEAK"


def test_bytes_that_are_no_point_of_the_curve_are_refused() -> None:
    assert refusal_of(parse_public_blob, blob_of((2).to_bytes(32, "little"))) == "E_KEY_WEAK"


@given(st.binary(min_size=32, max_size=32))
def test_every_key_that_can_be_made_is_accepted(seed: bytes) -> None:
    key = SigningKey.from_seed(seed).public
    assert parse_public_line(key.line()) == (key, "")


@given(st.text(max_size=40).filter(str.isprintable))
def test_a_public_line_is_read_back_with_its_comment(comment: str) -> None:
    assert parse_public_line(ALICE.public.line(comment)) == (ALICE.public, comment)
    assert parse_public_line(ALICE.public.line(comment) + "\n") == (ALICE.public, comment)


LINE = ALICE.public.line("alice")
BODY = LINE.split(" ")[1]


@pytest.mark.parametrize(
    "line",
    [
        "",
        "ssh-ed25519",
        f" {LINE}",
        f"{LINE}\n\n",
        f"{LINE}\r\n",
        f"{LINE}\n{LINE}",
        LINE.replace(" ", "  ", 1),
        LINE.replace(" ", "\t"),
        LINE + "\x1b[2J",
        LINE + "\u202e",
        f"ssh-ed25519 {BODY}=",
        f"ssh-ed25519 {BODY[:-4]}",
        f"ssh-ed25519 {BODY[:20]}\u00e4{BODY[21:]}",
        f"ssh-ed25519 {base64.b64encode(ALICE.public.blob + b'x').decode()}",
        f"ssh-ed25519 {base64.b64encode(blob_of(bytes(31))).decode()}",
        "ssh-ed25519 " + "A" * 20_000,
        ALICE.dump().decode(),
    ],
)
def test_a_line_that_is_not_exactly_a_public_key_is_refused(line: str) -> None:
    assert refusal_of(parse_public_line, line) == "E_KEY_FORMAT"


def test_padding_bits_that_say_nothing_are_refused() -> None:
    blob = blob_of(bytes(32))[:-1]
    text = base64.b64encode(blob).decode()
    assert text.endswith("AAA=")
    with pytest.raises(Refusal, match="canonical"):
        parse_public_line(f"ssh-ed25519 {text[:-2]}B=")


@pytest.mark.parametrize(
    "name", ["ssh-dss", "ecdsa-sha2-nistp192", "ssh-ed25519-cert-v01@openssh.com", "x\x07"]
)
def test_another_key_type_is_refused_by_its_name(name: str) -> None:
    assert refusal_of(parse_public_line, f"{name} {BODY}") == "E_KEY_ALGORITHM"
    assert (
        refusal_of(parse_public_blob, string(name.encode()) + string(bytes(32)))
        == "E_KEY_ALGORITHM"
    )


def test_a_key_is_written_and_read_back() -> None:
    for passphrase in (None, "correct horse \u00e4"):
        data = ALICE.dump(passphrase)
        assert needs_passphrase(data) == (passphrase is not None)
        assert SigningKey.load(data, passphrase).public == ALICE.public


def test_a_passphrase_for_a_key_without_one_is_not_used() -> None:
    assert SigningKey.load(ALICE.dump(), "open").public == ALICE.public


def test_generated_keys_differ() -> None:
    assert SigningKey.generate().public != SigningKey.generate().public


def test_the_text_of_a_key_does_not_show_the_secret() -> None:
    assert "_private" not in repr(ALICE)
    assert repr(ALICE) == f"SigningKey(public={ALICE.public!r})"


def envelope(data: bytes) -> bytes:
    return base64.b64decode(b"".join(data.splitlines()[1:-1]))


def armoured(body: bytes) -> bytes:
    text = base64.b64encode(body).decode()
    return (
        f"-----BEGIN OPENSSH PRIVATE KEY-----\n{text}\n-----END OPENSSH PRIVATE KEY-----\n".encode()
    )


@pytest.mark.parametrize(
    "data",
    [
        b"",
        ALICE.public.line().encode(),
        b"x" * 70_000,
        b"\xff" + ALICE.dump(),
        ALICE.dump() + b"more",
        ALICE.dump() + ALICE.dump(),
        armoured(b""),
        armoured(envelope(ALICE.dump())[:-9]),
        armoured(envelope(ALICE.dump()) + b"x"),
        armoured(envelope(ALICE.dump()).replace(b"key-v1", b"key-v2")),
        armoured(envelope(ALICE.dump()).replace(b"none\0\0\0\0\0\0\0\1", b"none\0\0\0\0\0\0\0\2")),
        armoured(envelope(ALICE.dump()).replace(ALICE.public.blob, BOB.public.blob, 1)),
        armoured(envelope(ALICE.dump()).replace(b"\x01" * 32, b"\x03" * 32)),
        armoured(envelope(ALICE.dump("x")).replace(b"aes256-ctr", b"aes999-ctr")),
        armoured(
            envelope(ALICE.dump("x")).replace(b"\0\0\0\x18\0\0\0\1", b"\x7f\xff\xff\xff\0\0\0\1")
        ),
    ],
)
def test_a_damaged_private_key_is_refused(data: bytes) -> None:
    assert refusal_of(SigningKey.load, data, "x") == "E_KEY_PRIVATE"


def test_a_public_key_is_the_same_wherever_it_comes_from() -> None:
    assert PublicKey("ssh-ed25519", ALICE.public.blob) == ALICE.public
    assert len({ALICE.public, SigningKey.from_seed(b"\x01" * 32).public}) == 1


def test_a_comment_that_cannot_be_shown_is_not_written() -> None:
    assert refusal_of(ALICE.public.line, "alice\nbob@lab ...") == "E_KEY_FORMAT"
