"""The signature algorithms of p2sign: one table entry each, all stricter than OpenSSH.

An entry reads what follows the algorithm's name in a public key and in a signature, and checks or makes a signature.
Ed25519 is RFC 8032; the checks beyond it follow "Taming the many EdDSAs" (Chalkias, Garillot, Nikolaenko 2020).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization.ssh import SSHPrivateKeyTypes

from p2sign.fields import Fields, string
from p2sign.refusal import Refusal


@dataclass(frozen=True, slots=True)
class Algorithm:
    """One key type. Its name stands in front of the key's fields and of the signature's fields alike.

    `read_key` and `read_signature` take all fields after the name and refuse what is malformed or weak.
    `verifies(key fields, signature fields, message)` says whether the signature is good; both were read before.
    `sign(private key, message)` gives the signature's fields; it is None where the private key cannot be here.
    """

    name: str
    read_key: Callable[[Fields], None]
    read_signature: Callable[[Fields], None]
    verifies: Callable[[Fields, Fields, bytes], bool]
    sign: Callable[[SSHPrivateKeyTypes, bytes], bytes] | None


def algorithm(name: str) -> Algorithm:
    """Give the entry for a key type such as `ssh-ed25519`. Raises Refusal E_KEY_ALGORITHM."""
    found = ALGORITHMS.get(name)
    if found is None:
        known = ", ".join(ALGORITHMS)
        raise Refusal(
            "E_KEY_ALGORITHM", f"the key type {name[:60]!a} is not accepted; accepted: {known}"
        )
    return found


# ------------------------------------------------------------------ ssh-ed25519

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


def _read_ed25519_key(fields: Fields) -> None:
    encoded = fields.string("key")
    fields.end()
    if len(encoded) != 32:
        raise fields.misfit(f"an ed25519 key has 32 bytes, not {len(encoded)}")
    weakness = _weakness(encoded)
    if weakness:
        raise Refusal("E_KEY_WEAK", weakness)


def _read_ed25519_signature(fields: Fields) -> None:
    raw = fields.string("signature bytes")
    fields.end()
    if len(raw) != 64:
        raise fields.misfit(f"an ed25519 signature has 64 bytes, not {len(raw)}")
    if int.from_bytes(raw[32:], "little") >= _ORDER:
        raise Refusal("E_SIG_MALLEABLE")


def _ed25519_verifies(key: Fields, signature: Fields, message: bytes) -> bool:
    public = Ed25519PublicKey.from_public_bytes(key.string("key"))
    try:
        public.verify(signature.string("signature bytes"), message)
    except InvalidSignature:
        return False
    return True


def _ed25519_sign(private: SSHPrivateKeyTypes, message: bytes) -> bytes:
    assert isinstance(private, Ed25519PrivateKey)
    return string(private.sign(message))


ALGORITHMS: dict[str, Algorithm] = {
    entry.name: entry
    for entry in (
        Algorithm(
            "ssh-ed25519",
            _read_ed25519_key,
            _read_ed25519_signature,
            _ed25519_verifies,
            _ed25519_sign,
        ),
    )
}
"""The accepted key types by name."""
