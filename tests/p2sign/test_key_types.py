"""Each key type: its keys and signatures are read in one form only, to the last byte, and what is weak is refused."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from p2sign import sshsig
from p2sign.algorithms import ALGORITHMS, COMMON, EVERY
from p2sign.fields import Fields, mpint, string
from p2sign.gate import TrustFiles, verify
from p2sign.keys import SigningKey, parse_public_blob, parse_public_line, public_of_private
from p2sign.make import ForeignKey, add_signature, sign_statement
from p2sign.refusal import Refusal
from p2sign.sidecar import split
from p2sign.trust import TrustLine
from p2sign_keys import (
    FILE_TYPES,
    RSA,
    SK_TYPES,
    SoftwareDevice,
    any_key,
    blob_of,
    file_key,
    rsa_file,
    rsa_key,
    software_device,
)
from p2sign_samples import ALICE, NAMESPACE, NOW, TERMS, counting_rsa, offer, trust_text

ORDERS = {
    "nistp256": 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    "nistp384": int(
        "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973",
        16,
    ),
    "nistp521": int(
        "1fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5"
        "d03bb5c9b8899c47aebb6fb71e91386409",
        16,
    ),
}
CURVES = ("nistp256", "nistp384", "nistp521")
MESSAGE = TERMS.dump()


def refused(blob: bytes, accepted: frozenset[str] = EVERY) -> str:
    with pytest.raises(Refusal) as caught:
        sshsig.parse_blob(blob, accepted)
    return caught.value.name


def refused_key(blob: bytes) -> str:
    with pytest.raises(Refusal) as caught:
        parse_public_blob(blob)
    return caught.value.name


def trusting(key: object) -> TrustFiles:
    assert isinstance(key, SigningKey | ForeignKey)
    return TrustFiles(trust_text(TrustLine("alice@lab", (NAMESPACE,), key.public)))


@pytest.mark.parametrize("name", sorted(EVERY))
def test_a_key_of_every_type_signs_and_is_verified(name: str) -> None:
    key = any_key(name)
    sidecar = sign_statement(TERMS, key, EVERY)
    files = counting_rsa(trusting(key), key.public)
    verified = verify(offer(sidecar), files, NOW)
    assert verified.signers[0].fingerprint == key.public.fingerprint
    with pytest.raises(Refusal) as caught:
        verify(offer(sidecar.replace(b"serial 7", b"serial 8")), files, NOW)
    assert caught.value.name == "E_SIG_BAD"
    assert parse_public_line(key.public.line("a b")) == (key.public, "a b")


def test_rsa_counts_only_where_it_is_said() -> None:
    key = rsa_key(3072)
    sidecar = sign_statement(TERMS, key, EVERY)
    with pytest.raises(Refusal, match="ssh-rsa") as caught:
        verify(offer(sidecar), trusting(key), NOW)
    assert caught.value.name == "E_KEY_ALGORITHM"
    assert "allow-rsa" in caught.value.remedy
    with pytest.raises(Refusal) as caught:
        sign_statement(TERMS, key)
    assert caught.value.name == "E_KEY_ALGORITHM"
    assert COMMON == EVERY - RSA


def test_keys_of_all_types_sign_one_file() -> None:
    sidecar = sign_statement(TERMS, ALICE)
    for name in sorted(COMMON):
        sidecar = add_signature(sidecar, any_key(name))
    assert len(split(sidecar).signatures()) == 1 + len(COMMON)


@pytest.mark.parametrize("name", [*FILE_TYPES, "ssh-rsa"])
def test_a_key_of_every_file_type_is_written_and_read_back(name: str) -> None:
    key = file_key(name)
    for passphrase in (None, "correct horse"):
        written = key.dump(passphrase)
        assert SigningKey.load(written, passphrase).public == key.public
        assert public_of_private(written) == key.public


def test_a_handle_of_a_security_key_says_what_can_sign_with_it() -> None:
    device = software_device(SK_TYPES[0])
    with pytest.raises(Refusal) as caught:
        SigningKey.load(device.handle())
    assert caught.value.name == "E_KEY_HANDLE"
    assert "agent" in caught.value.remedy
    assert public_of_private(device.handle()) == device.public


def test_keys_of_security_keys_and_rsa_are_not_made_here() -> None:
    for name in EVERY - set(FILE_TYPES):
        with pytest.raises(Refusal):
            SigningKey.generate(name)


# ------------------------------------------------------------------ ECDSA


def point_of(key: SigningKey) -> bytes:
    fields = Fields(key.public.blob, "E_KEY_FORMAT")
    fields.string("type")
    fields.string("curve")
    return fields.string("point")


def ecdsa_blob(curve: str, point: bytes, name: str = "") -> bytes:
    return string((name or f"ecdsa-sha2-{curve}").encode()) + string(curve.encode()) + string(point)


@pytest.mark.parametrize("curve", CURVES)
def test_a_point_has_one_form_and_lies_on_the_curve(curve: str) -> None:
    point = point_of(file_key(f"ecdsa-sha2-{curve}"))
    half = len(point) // 2
    assert parse_public_blob(ecdsa_blob(curve, point))
    compressed = bytes([2 + (point[-1] & 1)]) + point[1 : half + 1]
    for other in (compressed, b"", b"\0", b"\6" + point[1:], point + b"\0", point[:-1]):
        assert refused_key(ecdsa_blob(curve, other)) == "E_KEY_FORMAT"
    off = point[:-1] + bytes([point[-1] ^ 1])
    for nowhere in (off, b"\4" + bytes(2 * half), b"\4" + b"\xff" * (2 * half)):
        assert refused_key(ecdsa_blob(curve, nowhere)) == "E_KEY_WEAK"
    other_curve = CURVES[(CURVES.index(curve) + 1) % 3]
    assert refused_key(ecdsa_blob(other_curve, point, f"ecdsa-sha2-{curve}")) == "E_KEY_FORMAT"
    assert refused_key(ecdsa_blob(curve, point) + b"\0") == "E_KEY_FORMAT"


def pair_of(curve: str) -> tuple[SigningKey, int, int]:
    key = file_key(f"ecdsa-sha2-{curve}")
    signature = Fields(sshsig.parse(sshsig.sign(MESSAGE, key, NAMESPACE)).signature, "E_SIG_BLOB")
    signature.string("type")
    pair = Fields(signature.string("pair"), "E_SIG_BLOB")
    return key, pair.number("r"), pair.number("s")


def with_pair(key: SigningKey, pair: bytes) -> bytes:
    signature = string(key.public.algorithm.encode()) + string(pair)
    return blob_of(key.public.blob, NAMESPACE, signature)


def padded(number: int) -> bytes:
    whole = mpint(number)[4:]
    return string(b"\0" + whole)


def negative(number: int) -> bytes:
    data = number.to_bytes(number.bit_length() // 8 + 1, "big")
    return string(bytes([data[0] | 0x80, *data[1:]]))


@pytest.mark.parametrize("curve", CURVES)
def test_a_pair_has_one_form_and_lies_in_its_range(curve: str) -> None:
    key, r, s = pair_of(curve)
    order = ORDERS[curve]
    sshsig.check(sshsig.parse_blob(with_pair(key, mpint(r) + mpint(s))), MESSAGE, NAMESPACE)
    malleable = [
        mpint(r) + mpint(s + order),
        mpint(r + order) + mpint(s),
        mpint(r) + padded(s),
        padded(r) + mpint(s),
        mpint(r) + negative(s),
        mpint(r) + string(b""),
        string(b"\0") + mpint(s),
        mpint(order) + mpint(s),
    ]
    assert {refused(with_pair(key, pair)) for pair in malleable} == {"E_SIG_MALLEABLE"}
    for pair in (b"", mpint(r), mpint(r) + mpint(s) + b"\0", mpint(r) + mpint(s) + mpint(s)):
        assert refused(with_pair(key, pair)) in ("E_SIG_BLOB", "E_SIG_MALLEABLE")


@pytest.mark.parametrize("curve", CURVES)
def test_both_forms_of_s_sign_the_same_statement(curve: str) -> None:
    key, r, s = pair_of(curve)
    other = sshsig.parse_blob(with_pair(key, mpint(r) + mpint(ORDERS[curve] - s)))
    sshsig.check(other, MESSAGE, NAMESPACE)


# ------------------------------------------------------------------ security keys


@pytest.mark.parametrize("name", SK_TYPES)
@pytest.mark.parametrize(
    ("flags", "expected"),
    [(0, "E_SIG_PRESENCE"), (4, "E_SIG_PRESENCE"), (2, "E_SIG_BLOB"), (0x41, "E_SIG_BLOB")],
)
def test_a_signature_without_touch_or_with_unknown_flags_is_refused(
    name: str, flags: int, expected: str
) -> None:
    armour = software_device(name).armour(MESSAGE, NAMESPACE, flags=flags)
    assert refused(sshsig.dearmour(armour)) == expected


@pytest.mark.parametrize("name", SK_TYPES)
def test_what_the_key_tells_is_read_and_bound(name: str) -> None:
    device = software_device(name)
    armour = device.armour(MESSAGE, NAMESPACE, flags=5, counter=2**32 - 1)
    signature = sshsig.parse(armour)
    sshsig.check(signature, MESSAGE, NAMESPACE)
    touch = sshsig.touch_of(signature)
    assert touch is not None
    assert (touch.verified, touch.counter) == (True, 2**32 - 1)
    blob = sshsig.dearmour(armour)
    for changed in (blob[:-1] + b"\0", blob[:-5] + b"\1" + blob[-4:]):
        with pytest.raises(Refusal) as caught:
            sshsig.check(sshsig.parse_blob(changed), MESSAGE, NAMESPACE)
        assert caught.value.name == "E_SIG_BAD"
    for changed in (blob[:-1], blob + b"\0"):
        assert refused(changed) == "E_SIG_BLOB"


@pytest.mark.parametrize("name", SK_TYPES)
@pytest.mark.parametrize(
    "application",
    [b"", b"ssh", b"https://example.org", b"ssh:a b", b"ssh:\0", b"ssh:" + b"x" * 300],
)
def test_an_application_that_is_not_ssh_is_refused(name: str, application: bytes) -> None:
    device = SoftwareDevice(name, software_device(name).inside, application)
    assert refused_key(device.blob) == "E_KEY_FORMAT"


def test_an_ordinary_signature_does_not_pass_for_one_of_a_security_key() -> None:
    device = software_device(SK_TYPES[0])
    plain = sshsig.parse(sshsig.sign(MESSAGE, device.inside, NAMESPACE))
    raw = plain.signature[4 + len("ssh-ed25519") :]
    told = string(SK_TYPES[0].encode()) + raw + b"\1\0\0\0\7"
    signature = sshsig.parse_blob(blob_of(device.blob, NAMESPACE, told))
    with pytest.raises(Refusal) as caught:
        sshsig.check(signature, MESSAGE, NAMESPACE)
    assert caught.value.name == "E_SIG_BAD"


# ------------------------------------------------------------------ RSA


def weak_rsa() -> Iterator[tuple[int, int]]:
    good = 2**3071 + 2**20
    modulus = next(n for n in range(good + 1, good + 10**6, 2) if all(n % p for p in range(3, 200)))
    yield modulus, 3
    yield modulus, 65536
    yield modulus + 1, 65537
    yield modulus * 3, 65537
    yield modulus >> 1 | 1, 65537
    yield modulus**3, 65537


def test_weak_rsa_keys_are_refused() -> None:
    for modulus, exponent in weak_rsa():
        blob = string(b"ssh-rsa") + mpint(exponent) + mpint(modulus)
        assert refused_key(blob) == "E_KEY_WEAK"
    with pytest.raises(Refusal) as caught:
        SigningKey.load(rsa_file(2048))
    assert caught.value.name == "E_KEY_WEAK"


def test_the_numbers_of_an_rsa_key_have_one_form() -> None:
    fields = Fields(rsa_key(3072).public.blob, "E_KEY_FORMAT")
    fields.string("type")
    exponent, modulus = fields.number("exponent"), fields.number("modulus")
    for numbers in (
        padded(exponent) + mpint(modulus),
        mpint(exponent) + padded(modulus),
        mpint(exponent) + string(modulus.to_bytes(384, "big")),
        mpint(exponent) + mpint(modulus) + b"\0",
    ):
        assert refused_key(string(b"ssh-rsa") + numbers) == "E_KEY_FORMAT"


def test_an_rsa_signature_has_the_length_of_the_modulus_and_is_sha_512() -> None:
    key = rsa_key(3072)
    made = Fields(sshsig.parse(sshsig.sign(MESSAGE, key, NAMESPACE), EVERY).signature, "E_SIG_BLOB")
    made.string("type")
    raw = made.string("raw")

    def blob(name: bytes, data: bytes) -> bytes:
        return blob_of(key.public.blob, NAMESPACE, string(name) + string(data))

    sshsig.check(sshsig.parse_blob(blob(b"rsa-sha2-512", raw), EVERY), MESSAGE, NAMESPACE)
    for name in (b"ssh-rsa", b"rsa-sha2-256"):
        assert refused(blob(name, raw)) == "E_SIG_BLOB"
    for data in (raw[:-1], b"\0" + raw, raw + b"\0"):
        assert refused(blob(b"rsa-sha2-512", data)) == "E_SIG_BLOB"
    assert refused(blob(b"rsa-sha2-512", b"\xff" * len(raw))) == "E_SIG_MALLEABLE"


# ------------------------------------------------------------------ keys that others sign with


def test_what_another_signs_is_checked_before_it_is_used() -> None:
    key, other = file_key("ecdsa-sha2-nistp256"), file_key("ecdsa-sha2-nistp384")
    good = ForeignKey(key.public, lambda m, n: sshsig.sign(m, key, n))
    assert split(sign_statement(TERMS, good)).signatures()[0].key == key.public
    wrong = {
        "E_SIG_BAD": lambda m, n: sshsig.sign(m, other, n),
        "E_SIG_NAMESPACE": lambda m, n: sshsig.sign(m, key, "plotter2-pack@v1"),
        "E_SIG_ARMOUR": lambda m, n: b"",
    }
    for name, make in wrong.items():
        with pytest.raises(Refusal) as caught:
            sign_statement(TERMS, ForeignKey(key.public, make))
        assert caught.value.name == name
    with pytest.raises(Refusal) as caught:
        sign_statement(TERMS, ForeignKey(key.public, lambda m, n: sshsig.sign(m + b"x", key, n)))
    assert caught.value.name == "E_SIG_BAD"


def test_the_page_of_formats_names_every_key_type() -> None:
    from pathlib import Path

    page = (Path(__file__).parents[2] / "signing" / "FORMAT.md").read_text(encoding="utf-8")
    assert [name for name in ALGORITHMS if f"`{name}`" not in page] == []


@pytest.mark.parametrize("curve", CURVES)
def test_the_orders_are_those_of_the_curves(curve: str) -> None:
    from cryptography.hazmat.primitives.asymmetric import ec

    known = {"nistp256": ec.SECP256R1(), "nistp384": ec.SECP384R1(), "nistp521": ec.SECP521R1()}
    assert ec.derive_private_key(ORDERS[curve] - 1, known[curve])
    with pytest.raises(ValueError, match="range"):
        ec.derive_private_key(ORDERS[curve], known[curve])
