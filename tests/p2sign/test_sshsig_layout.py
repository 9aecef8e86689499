"""SSHSIG: the bytes are those of the published layout, and nothing else is read."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from p2sign import sshsig
from p2sign.fields import string
from p2sign.refusal import Refusal
from p2sign_mutation import ED25519_ORDER, with_order_added
from p2sign_samples import ALICE, BOB, NAMESPACE, TERMS

MESSAGE = TERMS.dump()
ARMOUR = sshsig.sign(MESSAGE, ALICE, NAMESPACE)
BLOB = sshsig.dearmour(ARMOUR)
HEADER, FOOTER = "-----BEGIN SSH SIGNATURE-----\n", "-----END SSH SIGNATURE-----\n"

GOLDEN = b"""\
-----BEGIN SSH SIGNATURE-----
U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAgiojj3XQJ8ZX9UtstPLpdcspnCb
8dlBIb83SIAbQPb1wAAAAScGxvdHRlcjItc2NyaXB0QHYxAAAAAAAAAAZzaGE1MTIAAABT
AAAAC3NzaC1lZDI1NTE5AAAAQHTFaIiLs5GqD6pVJ6C/UXyRnu+2QImjDubIxYATwOb4tH
TCJyAS0GskGUENwqfYHXVKLF1fpbRaG4Z3Kn7QRgI=
-----END SSH SIGNATURE-----
"""


def refusal_of(blob: bytes) -> str:
    with pytest.raises(Refusal) as caught:
        sshsig.parse_blob(blob)
    return caught.value.name


def blob(**changes: bytes) -> bytes:
    """Build a blob field by field, as the layout has it, with some fields changed."""
    fields = {
        "magic": b"SSHSIG",
        "version": b"\0\0\0\1",
        "publickey": string(ALICE.public.blob),
        "namespace": string(NAMESPACE.encode()),
        "reserved": string(b""),
        "hash_algorithm": string(b"sha512"),
        "signature": string(string(b"ssh-ed25519") + string(BLOB[-64:])),
    }
    return b"".join((fields | changes).values())


def test_the_bytes_of_a_signature_are_golden() -> None:
    assert ARMOUR == GOLDEN
    assert len(ARMOUR) == 314


def test_the_blob_has_188_bytes_at_the_published_places() -> None:
    assert len(BLOB) == 188
    assert blob() == BLOB
    places = {6: b"\0\0\0\1", 10: b"\0\0\0\x33", 65: b"\0\0\0\x12plotter2-script@v1", 87: bytes(4)}
    places |= {91: b"\0\0\0\6sha512", 101: b"\0\0\0\x53\0\0\0\x0bssh-ed25519\0\0\0\x40"}
    for place, expected in places.items():
        assert BLOB[place : place + len(expected)] == expected


def test_the_key_signs_110_bytes_that_bind_namespace_and_hash() -> None:
    signed = b"SSHSIG" + string(NAMESPACE.encode()) + string(b"") + string(b"sha512")
    signed += string(hashlib.sha512(MESSAGE).digest())
    assert len(signed) == 110
    assert BLOB[105:] == ALICE.signature_fields(signed)


@given(st.binary(max_size=200), st.sampled_from([ALICE, BOB]))
def test_what_is_signed_checks_and_any_other_message_does_not(
    message: bytes, key: sshsig.SigningKey
) -> None:
    signature = sshsig.parse(sshsig.sign(message, key, NAMESPACE))
    assert signature.key == key.public
    sshsig.check(signature, message, NAMESPACE)
    with pytest.raises(Refusal) as caught:
        sshsig.check(signature, message + b"\n", NAMESPACE)
    assert caught.value.name == "E_SIG_BAD"


@given(st.binary(max_size=300))
def test_armour_gives_back_what_was_put_in(data: bytes) -> None:
    if data:
        assert sshsig.dearmour(sshsig.enarmour(data)) == data


def test_a_blob_is_read_and_written_back() -> None:
    assert sshsig.parse_blob(BLOB).dump() == BLOB


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("E_SIG_BLOB", b""),
        ("E_SIG_BLOB", BLOB[:-1]),
        ("E_SIG_BLOB", BLOB + b"\0"),
        ("E_SIG_BLOB", blob(magic=b"SSHSIF")),
        ("E_SIG_VERSION", blob(version=b"\0\0\0\0")),
        ("E_SIG_VERSION", blob(version=b"\0\0\0\2")),
        ("E_SIG_BLOB", blob(publickey=string(ALICE.public.blob + b"\0"))),
        ("E_SIG_BLOB", blob(publickey=string(string(b"ssh-ed25519") + string(bytes(31))))),
        ("E_KEY_ALGORITHM", blob(publickey=string(string(b"ssh-dss") + string(bytes(32))))),
        ("E_KEY_WEAK", blob(publickey=string(string(b"ssh-ed25519") + string(b"\1" + bytes(31))))),
        ("E_SIG_BLOB", blob(namespace=string(NAMESPACE.encode() + b"\0"))),
        ("E_SIG_BLOB", blob(namespace=string(b""))),
        ("E_SIG_BLOB", blob(namespace=string(b"plotter2-*"))),
        ("E_SIG_BLOB", blob(namespace=b"\xff\xff\xff\xff" + NAMESPACE.encode())),
        ("E_SIG_RESERVED", blob(reserved=string(b"\0"))),
        ("E_SIG_HASH", blob(hash_algorithm=string(b"sha256"))),
        ("E_SIG_HASH", blob(hash_algorithm=string(b"SHA512"))),
        ("E_SIG_HASH", blob(hash_algorithm=string(b""))),
        ("E_SIG_BLOB", blob(signature=string(string(b"ssh-rsa") + string(BLOB[-64:])))),
        ("E_SIG_BLOB", blob(signature=string(string(b"ssh-ed25519") + string(BLOB[-64:-1])))),
        ("E_SIG_BLOB", blob(signature=string(string(b"ssh-ed25519") + string(BLOB[-64:]) + b"\0"))),
    ],
)
def test_a_blob_with_one_field_out_of_form_is_refused(name: str, changed: bytes) -> None:
    assert refusal_of(changed) == name


def test_the_second_form_of_a_signature_is_refused() -> None:
    s = int.from_bytes(BLOB[-32:], "little")
    for times in range(1, 16):
        if s + times * ED25519_ORDER < 2**256:
            assert refusal_of(with_order_added(BLOB, times)) == "E_SIG_MALLEABLE"


def test_the_identity_as_public_key_does_not_fit_every_message() -> None:
    # With the neutral point as key, R neutral and S = 0 satisfy the equation for any message at all.
    neutral = b"\1" + bytes(31)
    key = string(string(b"ssh-ed25519") + string(neutral))
    forged = blob(
        publickey=key, signature=string(string(b"ssh-ed25519") + string(neutral + bytes(32)))
    )
    assert refusal_of(forged) == "E_KEY_WEAK"


BODY = ARMOUR.decode()[len(HEADER) : -len(FOOTER)]


@pytest.mark.parametrize(
    "text",
    [
        "",
        HEADER + FOOTER,
        HEADER + "\n" + FOOTER,
        HEADER + BODY,
        BODY + FOOTER,
        HEADER + BODY + FOOTER.strip(),
        HEADER + BODY + FOOTER + "\n",
        " " + HEADER + BODY + FOOTER,
        HEADER + BODY.replace("\n", "\n\n") + FOOTER,
        HEADER + BODY.replace("\n", " \n") + FOOTER,
        (HEADER + BODY + FOOTER).replace("\n", "\r\n"),
        HEADER + BODY.replace("=\n", "\n") + FOOTER,
        HEADER + BODY.replace("RgI=", "RgJ=") + FOOTER,
        HEADER + BODY.replace("=\n", "==\n") + FOOTER,
        HEADER + BODY.replace("\n", "") + "\n" + FOOTER,
        HEADER + BODY + BODY + FOOTER,
        HEADER + "Comment: x\n\n" + BODY + FOOTER,
        HEADER + "A" * 9000 + "\n" + FOOTER,
        HEADER + BODY + FOOTER.replace("END", "end"),
    ],
)
def test_an_armour_in_any_other_form_is_refused(text: str) -> None:
    with pytest.raises(Refusal) as caught:
        sshsig.dearmour(text.encode())
    assert caught.value.name == "E_SIG_ARMOUR"


@given(st.lists(st.integers(1, 76), min_size=1, max_size=40))
def test_lines_of_1_to_76_are_read_whatever_their_lengths(lengths: list[int]) -> None:
    text, lines = BODY.replace("\n", ""), []
    while text:
        length = lengths[len(lines) % len(lengths)]
        lines.append(text[:length] + "\n")
        text = text[length:]
    assert sshsig.dearmour((HEADER + "".join(lines) + FOOTER).encode()) == BLOB
