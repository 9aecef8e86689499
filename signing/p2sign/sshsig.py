"""SSHSIG, OpenSSH's signature format (PROTOCOL.sshsig): the blob and its armour, made and checked.

Accepts a strict subset of what `ssh-keygen -Y verify` accepts, and says nothing about whom to trust.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from typing import Protocol

from p2sign.algorithms import COMMON, Touch, accept, algorithm
from p2sign.fields import Fields, string
from p2sign.keys import PublicKey, decoded_base64, parse_public_blob
from p2sign.refusal import Refusal, shown
from p2sign.uses import Kind

HEADER = b"-----BEGIN SSH SIGNATURE-----\n"
"""The first line of an armour."""
FOOTER = b"-----END SSH SIGNATURE-----\n"
"""The last line of an armour."""
MAX_ARMOUR = 8192
"""The most bytes an armour may have; the largest known signatures need a quarter of it."""

_MAGIC = b"SSHSIG"
_VERSION = 1
_HASH = b"sha512"
_OPENSSH_COLUMNS = 70
_BODY = re.compile(rb"(?:[A-Za-z0-9+/=]{1,76}\n)+")
_NAMESPACE = re.compile(r"[A-Za-z0-9._@-]{1,64}")


@dataclass(frozen=True, slots=True)
class Signature:
    """The content of a well-formed blob: who claims to have signed, for what use, and the signature itself."""

    key: PublicKey
    namespace: str
    signature: bytes

    def dump(self) -> bytes:
        """Give the blob."""
        return b"".join(
            (
                _MAGIC,
                _VERSION.to_bytes(4, "big"),
                string(self.key.blob),
                string(self.namespace.encode("ascii")),
                string(b""),
                string(_HASH),
                string(self.signature),
            )
        )


class SignsBytes(Protocol):
    """Whoever can sign bytes as a key does: a key in memory, or an agent that holds one."""

    @property
    def public(self) -> PublicKey:
        """The public half."""

    def signature_fields(self, message: bytes) -> bytes:
        """Sign `message` as it is; gives the type of the signature and the signature, as SSH strings."""


def sign(message: bytes, key: SignsBytes, namespace: str) -> bytes:
    """Sign `message`; gives the armour as `ssh-keygen -Y sign -n NAMESPACE` writes it with this key.

    For ed25519 and RSA the two write the same bytes; the others sign differently each time.
    """
    fields = key.signature_fields(_signed_bytes(message, namespace))
    return enarmour(Signature(key.public, namespace, fields).dump())


def check(signature: Signature, message: bytes, namespace: str) -> None:
    """Check that `signature` was made by its key over `message` for `namespace`.

    Raises Refusal E_SIG_DRAFT, E_SIG_NAMESPACE, E_SIG_BAD.
    """
    if signature.namespace != namespace:
        if signature.namespace == Kind.DRAFT.namespace:
            raise Refusal("E_SIG_DRAFT")
        raise Refusal(
            "E_SIG_NAMESPACE",
            f"the signature was made for {signature.namespace}, and this use needs {namespace}",
        )
    key, made = (
        Fields(signature.key.blob, "E_KEY_FORMAT"),
        Fields(signature.signature, "E_SIG_BLOB"),
    )
    name = key.string("key type").decode("ascii")
    made.string("algorithm")
    if not algorithm(name).verifies(key, made, _signed_bytes(message, namespace)):
        raise Refusal("E_SIG_BAD")


def touch_of(signature: Signature) -> Touch | None:
    """Give what a security key told with the signature; None for other keys."""
    read = algorithm(signature.key.algorithm).touch
    if read is None:
        return None
    made = Fields(signature.signature, "E_SIG_BLOB")
    made.string("algorithm")
    return read(made)


def parse(armour: bytes, accepted: frozenset[str] = COMMON) -> Signature:
    """Read an armour down to its fields. Raises what `dearmour` and `parse_blob` raise."""
    return parse_blob(dearmour(armour), accepted)


def parse_blob(blob: bytes, accepted: frozenset[str] = COMMON) -> Signature:
    """Read a blob to its last byte; the key's type must be one of the `accepted`.

    Raises Refusal E_SIG_BLOB, E_SIG_VERSION, E_SIG_RESERVED, E_SIG_HASH, E_SIG_MALLEABLE, E_SIG_PRESENCE,
    E_KEY_ALGORITHM, E_KEY_WEAK.
    """
    fields = Fields(blob, "E_SIG_BLOB")
    if fields.fixed(len(_MAGIC), "magic") != _MAGIC:
        raise fields.misfit("the signature does not begin with SSHSIG")
    version = fields.uint32("version")
    if version != _VERSION:
        raise Refusal(
            "E_SIG_VERSION", f"the signature has version {version}, and only {_VERSION} is known"
        )
    key_blob = fields.string("publickey")
    namespace = fields.string("namespace").decode("ascii", "backslashreplace")
    if fields.string("reserved"):
        raise Refusal("E_SIG_RESERVED")
    hash_name = fields.string("hash_algorithm")
    if hash_name != _HASH:
        raise Refusal(
            "E_SIG_HASH",
            f"the signature uses the hash {shown(hash_name)}, and only sha512 is accepted",
        )
    signature = fields.string("signature")
    fields.end()
    if not _NAMESPACE.fullmatch(namespace):
        raise fields.misfit(f"{shown(namespace)} cannot be a namespace")
    key = _signing_public_key(key_blob)
    accept(key.algorithm, accepted)
    _read_signature(signature, key)
    return Signature(key, namespace, signature)


def enarmour(blob: bytes) -> bytes:
    """Put a blob between the header and footer lines, in lines of 70 characters as OpenSSH does."""
    text = base64.b64encode(blob)
    lines = (
        text[at : at + _OPENSSH_COLUMNS] + b"\n" for at in range(0, len(text), _OPENSSH_COLUMNS)
    )
    return HEADER + b"".join(lines) + FOOTER


def dearmour(armour: bytes) -> bytes:
    """Take a blob out of its armour: exact first and last line, base64 lines of 1 to 76, LF only, nothing around.

    Raises Refusal E_SIG_ARMOUR.
    """
    if len(armour) > MAX_ARMOUR:
        raise Refusal(
            "E_SIG_ARMOUR",
            f"a signature has at most {MAX_ARMOUR} bytes, this one has {len(armour)}",
        )
    if not armour.startswith(HEADER):
        raise Refusal(
            "E_SIG_ARMOUR", f"the signature does not begin with the line {HEADER.decode().strip()}"
        )
    if not armour.endswith(b"\n" + FOOTER):
        raise Refusal(
            "E_SIG_ARMOUR", f"the signature does not end with the line {FOOTER.decode().strip()}"
        )
    body = armour[len(HEADER) : -len(FOOTER)]
    if not _BODY.fullmatch(body):
        raise Refusal(
            "E_SIG_ARMOUR",
            "between its first and last line a signature has base64 lines of 1 to 76 only",
        )
    return decoded_base64(body.replace(b"\n", b"").decode("ascii"), "E_SIG_ARMOUR")


# ------------------------------------------------------------------ inside


def _signed_bytes(message: bytes, namespace: str) -> bytes:
    """Give what the key really signs: the namespace and the hash of the message, bound together."""
    digest = hashlib.sha512(message).digest()
    return _MAGIC + string(namespace.encode("ascii")) + string(b"") + string(_HASH) + string(digest)


def _signing_public_key(blob: bytes) -> PublicKey:
    try:
        return parse_public_blob(blob)
    except Refusal as refusal:
        if refusal.name != "E_KEY_FORMAT":
            raise
        raise Refusal(
            "E_SIG_BLOB", f"the public key in the signature is malformed: {refusal.what}"
        ) from None


def _read_signature(signature: bytes, key: PublicKey) -> None:
    fields = Fields(signature, "E_SIG_BLOB")
    name = fields.string("algorithm")
    entry = algorithm(key.algorithm)
    if name != entry.signature_name.encode("ascii"):
        raise fields.misfit(
            f"the signature is of the type {shown(name)}, and keys of the type {key.algorithm} "
            f"sign with {entry.signature_name}"
        )
    key_fields = Fields(key.blob, "E_SIG_BLOB")
    key_fields.string("key type")
    entry.read_signature(key_fields, fields)
