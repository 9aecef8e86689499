"""sk-ssh-ed25519@openssh.com, sk-ecdsa-sha2-nistp256@openssh.com: keys in FIDO devices (OpenSSH's PROTOCOL.u2f).

The device signs the hash of the application, its flags, its counter and the hash of the message. It must have been
touched for this signature, which OpenSSH does not ask for.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable

from p2sign.algorithms import ecdsa, ed25519
from p2sign.algorithms.model import Algorithm, Touch
from p2sign.fields import Fields
from p2sign.refusal import Refusal, shown

_PRESENT, _VERIFIED = 0x01, 0x04
_APPLICATION = re.compile(rb"ssh:[\x21-\x7e]{0,252}")


def _read_application(fields: Fields) -> None:
    application = fields.string("application")
    if not _APPLICATION.fullmatch(application):
        raise fields.misfit(
            f"the application {shown(application)} of a security key begins with ssh: and has no spaces"
        )
    fields.end()


def _read_touch(fields: Fields) -> tuple[int, int]:
    flags, counter = fields.fixed(1, "flags")[0], fields.uint32("counter")
    fields.end()
    if flags & ~(_PRESENT | _VERIFIED):
        raise fields.misfit(f"the security key sent unknown flags: {flags:#04x}")
    if not flags & _PRESENT:
        raise Refusal("E_SIG_PRESENCE")
    return flags, counter


def _signed_by_device(key: Fields, signature: Fields, message: bytes) -> bytes:
    application = hashlib.sha256(key.string("application")).digest()
    told = signature.fixed(5, "flags and counter")
    return application + told + hashlib.sha256(message).digest()


def _read_ed25519_key(fields: Fields) -> None:
    ed25519.read_point(fields)
    _read_application(fields)


def _read_ed25519_signature(key: Fields, fields: Fields) -> None:
    del key
    ed25519.read_raw_signature(fields)
    _read_touch(fields)


def _ed25519_verifies(key: Fields, signature: Fields, message: bytes) -> bool:
    point, raw = key.string("key"), signature.string("signature bytes")
    return ed25519.is_good(point, raw, _signed_by_device(key, signature, message))


def _read_ecdsa_key(fields: Fields) -> None:
    ecdsa.read_point(ecdsa.P256, fields)
    _read_application(fields)


def _read_ecdsa_signature(key: Fields, fields: Fields) -> None:
    del key
    ecdsa.read_pair(ecdsa.P256, fields)
    _read_touch(fields)


def _ecdsa_verifies(key: Fields, signature: Fields, message: bytes) -> bool:
    key.string("curve")
    point, pair = key.string("point"), ecdsa.read_pair(ecdsa.P256, signature)
    return ecdsa.is_good(ecdsa.P256, point, pair, _signed_by_device(key, signature, message))


def _touch(signature: Fields) -> Touch:
    signature.string("signature bytes")
    flags, counter = _read_touch(signature)
    return Touch(bool(flags & _VERIFIED), counter)


def _of(
    name: str,
    title: str,
    read_key: Callable[[Fields], None],
    read_signature: Callable[[Fields, Fields], None],
    verifies: Callable[[Fields, Fields, bytes], bool],
) -> Algorithm:
    return Algorithm(name, name, title, read_key, read_signature, verifies, touch=_touch)


SK_ED25519 = _of(
    "sk-ssh-ed25519@openssh.com",
    "security key, Ed25519",
    _read_ed25519_key,
    _read_ed25519_signature,
    _ed25519_verifies,
)
"""A security key that makes Ed25519 signatures."""
SK_ECDSA_P256 = _of(
    "sk-ecdsa-sha2-nistp256@openssh.com",
    "security key, ECDSA P-256",
    _read_ecdsa_key,
    _read_ecdsa_signature,
    _ecdsa_verifies,
)
"""A security key that makes ECDSA signatures."""
