"""ssh-rsa: keys of 3072 bits and more with the exponent 65537, signatures of the type rsa-sha2-512 only (RFC 8332)."""

from __future__ import annotations

from functools import lru_cache
from math import gcd, prod

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization.ssh import SSHPrivateKeyTypes

from p2sign.algorithms.model import Algorithm
from p2sign.fields import Fields, string
from p2sign.refusal import Refusal

_EXPONENT = 65537
_LEAST_BITS, _MOST_BITS = 3072, 8192
_SMALL_PRIMES = [n for n in range(2, 200) if all(n % d for d in range(2, int(n**0.5) + 1))]
_SMALL_FACTORS = prod(_SMALL_PRIMES)


def _read_key(fields: Fields) -> None:
    exponent, modulus = fields.number("exponent"), fields.number("modulus")
    fields.end()
    bits = modulus.bit_length()
    if not _LEAST_BITS <= bits <= _MOST_BITS:
        raise Refusal(
            "E_KEY_WEAK", f"an RSA key has {_LEAST_BITS} to {_MOST_BITS} bits, this one has {bits}"
        )
    if exponent != _EXPONENT:
        raise Refusal("E_KEY_WEAK", f"an RSA key has the exponent {_EXPONENT}")
    if gcd(modulus, _SMALL_FACTORS) != 1:
        raise Refusal("E_KEY_WEAK", "the RSA key can be divided by a small number")


def _read_signature(key: Fields, fields: Fields) -> None:
    modulus = _modulus(key)
    raw = fields.string("signature bytes")
    fields.end()
    width = (modulus.bit_length() + 7) // 8
    if len(raw) != width:
        raise fields.misfit(f"a signature of this RSA key has {width} bytes, not {len(raw)}")
    if int.from_bytes(raw, "big") >= modulus:
        raise Refusal("E_SIG_MALLEABLE", "the signature is not below the modulus of the RSA key")


def _verifies(key: Fields, signature: Fields, message: bytes) -> bool:
    raw = signature.string("signature bytes")
    try:
        _loaded(_modulus(key)).verify(raw, message, padding.PKCS1v15(), hashes.SHA512())
    except InvalidSignature:
        return False
    return True


def _sign(private: SSHPrivateKeyTypes, message: bytes) -> bytes:
    assert isinstance(private, rsa.RSAPrivateKey)
    return string(private.sign(message, padding.PKCS1v15(), hashes.SHA512()))


def _modulus(key: Fields) -> int:
    key.number("exponent")
    return key.number("modulus")


@lru_cache(maxsize=1024)
def _loaded(modulus: int) -> rsa.RSAPublicKey:
    return rsa.RSAPublicNumbers(_EXPONENT, modulus).public_key()


RSA = Algorithm(
    name="ssh-rsa",
    signature_name="rsa-sha2-512",
    title="RSA",
    read_key=_read_key,
    read_signature=_read_signature,
    verifies=_verifies,
    sign=_sign,
)
"""RSA, accepted only where a policy allows it."""
