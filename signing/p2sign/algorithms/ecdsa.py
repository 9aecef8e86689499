"""ecdsa-sha2-nistp256, -nistp384, -nistp521: RFC 5656 with one form for each key and one for each pair r, s.

Both s and n - s verify, and ssh-keygen writes either; so a signature is no identity (FORMAT.md section 3).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache, partial

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.serialization.ssh import SSHPrivateKeyTypes

from p2sign.algorithms.model import Algorithm
from p2sign.fields import Fields, mpint, string
from p2sign.refusal import Refusal


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """A curve as SSH names it: its bytes for one coordinate, its order, and the hash that goes with it."""

    name: str
    curve: ec.EllipticCurve
    width: int
    order: int
    hash: hashes.HashAlgorithm


P256 = Curve(
    "nistp256",
    ec.SECP256R1(),
    32,
    0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    hashes.SHA256(),
)
"""The curve of 256 bits."""
_P384 = Curve(
    "nistp384",
    ec.SECP384R1(),
    48,
    0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973,
    hashes.SHA384(),
)
_P521 = Curve(
    "nistp521",
    ec.SECP521R1(),
    66,
    0x1FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFA51868783BF2F966B7FCC0148F709A5D03BB5C9B8899C47AEBB6FB71E91386409,
    hashes.SHA512(),
)


def read_point(curve: Curve, fields: Fields) -> bytes:
    """Take the curve's name and a point. Raises Refusal E_KEY_WEAK and the cause of the fields."""
    named = fields.string("curve")
    if named != curve.name.encode("ascii"):
        raise fields.misfit(f"the key names another curve than {curve.name}")
    point = fields.string("point")
    if len(point) != 1 + 2 * curve.width or point[0] != 4:
        raise fields.misfit(
            f"a point of {curve.name} has {1 + 2 * curve.width} bytes and begins with 04"
        )
    if _loaded(curve, point) is None:
        raise Refusal(
            "E_KEY_WEAK", "the public key is not a point of the curve: nobody could sign with it"
        )
    return point


def read_pair(curve: Curve, fields: Fields) -> tuple[int, int]:
    """Take r and s. Raises Refusal E_SIG_MALLEABLE and the cause of the fields."""
    pair = Fields(fields.string("signature bytes"), "E_SIG_BLOB")
    r, s = pair.number("r", "E_SIG_MALLEABLE"), pair.number("s", "E_SIG_MALLEABLE")
    pair.end()
    if r >= curve.order or s >= curve.order:
        raise Refusal("E_SIG_MALLEABLE", "r or s of the signature is not below the group order")
    return r, s


def is_good(curve: Curve, point: bytes, pair: tuple[int, int], message: bytes) -> bool:
    """Say whether r and s fit the key and the message."""
    public = _loaded(curve, point)
    assert public is not None
    try:
        public.verify(encode_dss_signature(*pair), message, ec.ECDSA(curve.hash))
    except InvalidSignature:
        return False
    return True


@lru_cache(maxsize=1024)
def _loaded(curve: Curve, point: bytes) -> ec.EllipticCurvePublicKey | None:
    """Give the key of a point, None if it is not on the curve: the test costs more than the rest, so it is kept."""
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(curve.curve, point)
    except ValueError:
        return None


def _read_key(curve: Curve, fields: Fields) -> None:
    read_point(curve, fields)
    fields.end()


def _read_signature(curve: Curve, key: Fields, fields: Fields) -> None:
    del key
    read_pair(curve, fields)
    fields.end()


def _verifies(curve: Curve, key: Fields, signature: Fields, message: bytes) -> bool:
    key.string("curve")
    return is_good(curve, key.string("point"), read_pair(curve, signature), message)


def _sign(curve: Curve, private: SSHPrivateKeyTypes, message: bytes) -> bytes:
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    r, s = decode_dss_signature(private.sign(message, ec.ECDSA(curve.hash)))
    return string(mpint(r) + mpint(s))


def _of(curve: Curve) -> Algorithm:
    name = f"ecdsa-sha2-{curve.name}"
    return Algorithm(
        name=name,
        signature_name=name,
        title=f"ECDSA P-{curve.curve.key_size}",
        read_key=partial(_read_key, curve),
        read_signature=partial(_read_signature, curve),
        verifies=partial(_verifies, curve),
        sign=partial(_sign, curve),
        generate=partial(ec.generate_private_key, curve.curve),
    )


ECDSA_P256, ECDSA_P384, ECDSA_P521 = _of(P256), _of(_P384), _of(_P521)
