"""ssh-ed25519: RFC 8032; the checks beyond it follow "Taming the many EdDSAs" (Chalkias, Garillot, Nikolaenko 2020)."""

from __future__ import annotations

from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization.ssh import SSHPrivateKeyTypes

from p2sign.algorithms.model import Algorithm
from p2sign.fields import Fields, string
from p2sign.refusal import Refusal

_P = 2**255 - 19
_D = -121665 * pow(121666, -1, _P) % _P
_ORDER = 2**252 + 27742317777372353535851937790883648493
# The y with D y^4 + 2 y^2 = 1: doubled, such a point has y = 0.
_ORDER_8_Y = 2707385501144840649318225287225658788936804267575313519463743609750303402022
# The y of all eight points whose order divides 8; with such a key a signature can fit every message.
_SMALL_ORDER_Y = frozenset({0, 1, _P - 1, _ORDER_8_Y, _P - _ORDER_8_Y})


@lru_cache(maxsize=1024)
def _weakness(encoded: bytes) -> str:
    """Say what is wrong with an encoded point ("" if nothing): the test of a curve point costs 60 us, so it is kept."""
    y = int.from_bytes(encoded, "little") & (2**255 - 1)
    if y >= _P:
        return "the public key is not in its one canonical form"
    if y in _SMALL_ORDER_Y:
        return "the public key is a point of small order: anybody could sign for it"
    square = (y * y - 1) * (_D * y * y + 1) % _P
    if pow(square, (_P - 1) // 2, _P) != 1:
        return "the public key is not a point of the curve: nobody could sign with it"
    return ""


def read_point(fields: Fields) -> bytes:
    """Take the 32 bytes of a public key. Raises Refusal E_KEY_WEAK and the cause of the fields."""
    encoded = fields.string("key")
    if len(encoded) != 32:
        raise fields.misfit(f"an ed25519 key has 32 bytes, not {len(encoded)}")
    weakness = _weakness(encoded)
    if weakness:
        raise Refusal("E_KEY_WEAK", weakness)
    return encoded


def read_raw_signature(fields: Fields) -> bytes:
    """Take R and S. Raises Refusal E_SIG_MALLEABLE and the cause of the fields."""
    raw = fields.string("signature bytes")
    if len(raw) != 64:
        raise fields.misfit(f"an ed25519 signature has 64 bytes, not {len(raw)}")
    if int.from_bytes(raw[32:], "little") >= _ORDER:
        raise Refusal("E_SIG_MALLEABLE", "S of the signature is not below the group order")
    return raw


def is_good(key: bytes, raw: bytes, message: bytes) -> bool:
    """Say whether R and S fit the key and the message."""
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(raw, message)
    except InvalidSignature:
        return False
    return True


def _read_key(fields: Fields) -> None:
    read_point(fields)
    fields.end()


def _read_signature(key: Fields, fields: Fields) -> None:
    del key
    read_raw_signature(fields)
    fields.end()


def _verifies(key: Fields, signature: Fields, message: bytes) -> bool:
    return is_good(key.string("key"), signature.string("signature bytes"), message)


def _sign(private: SSHPrivateKeyTypes, message: bytes) -> bytes:
    assert isinstance(private, Ed25519PrivateKey)
    return string(private.sign(message))


ED25519 = Algorithm(
    name="ssh-ed25519",
    signature_name="ssh-ed25519",
    title="Ed25519",
    read_key=_read_key,
    read_signature=_read_signature,
    verifies=_verifies,
    sign=_sign,
    generate=Ed25519PrivateKey.generate,
)
"""Ed25519."""
