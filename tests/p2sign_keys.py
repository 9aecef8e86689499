"""One key of each type for the tests of p2sign; those of security keys are made in software, as a device makes them."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from functools import cache

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization.ssh import SSHPrivateKeyTypes

from p2sign import sshsig
from p2sign.algorithms import algorithm
from p2sign.fields import string
from p2sign.keys import PublicKey, SigningKey, parse_public_blob
from p2sign.make import ForeignKey

FILE_TYPES = ("ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521")
"""The types of common keys that can be in a file."""
SK_TYPES = ("sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com")
"""The types of security keys."""
RSA = frozenset({"ssh-rsa"})
PRESENT, VERIFIED = 1, 4
APPLICATION = b"ssh:"
_INSIDE = {SK_TYPES[0]: "ssh-ed25519", SK_TYPES[1]: "ecdsa-sha2-nistp256"}


@dataclass(frozen=True)
class SoftwareDevice:
    """A security key in software: an ordinary key that signs as OpenSSH's PROTOCOL.u2f says."""

    name: str
    inside: SigningKey
    application: bytes = APPLICATION

    @property
    def public(self) -> PublicKey:
        return parse_public_blob(self.blob)

    @property
    def blob(self) -> bytes:
        """The public key blob, which p2sign may refuse."""
        fields = self.inside.public.blob[4 + len(self.inside.public.algorithm) :]
        return string(self.name.encode()) + fields + string(self.application)

    def signature(self, message: bytes, flags: int = PRESENT, counter: int = 7) -> bytes:
        """Sign what SSHSIG has signed; gives the field `signature`."""
        told = bytes([flags]) + counter.to_bytes(4, "big")
        application = hashlib.sha256(self.application).digest()
        made = self.inside.signature_fields(application + told + hashlib.sha256(message).digest())
        raw = made[4 + len(self.inside.public.algorithm) :]
        return string(self.name.encode()) + raw + told

    def armour(
        self, message: bytes, namespace: str, flags: int = PRESENT, counter: int = 7
    ) -> bytes:
        """Give the armour over a message, as ssh-keygen -Y sign does."""
        signed = sshsig_bytes(message, namespace)
        return sshsig.enarmour(
            blob_of(self.blob, namespace, self.signature(signed, flags, counter))
        )

    def key(self) -> ForeignKey:
        """Give the key as one that something else signs with."""
        return ForeignKey(self.public, self.armour)

    def handle(self) -> bytes:
        """Give the private key file that ssh-keygen keeps for a key inside a device."""
        check = bytes(8)
        private = check + self.blob + b"\x01" + string(b"handle") + string(b"") + string(b"")
        private += bytes(range(1, 1 + -len(private) % 8))
        body = b"openssh-key-v1\0" + string(b"none") + string(b"none") + string(b"")
        body += (1).to_bytes(4, "big") + string(self.blob) + string(private)
        text = base64.b64encode(body).decode()
        return (
            f"-----BEGIN OPENSSH PRIVATE KEY-----\n{text}\n-----END OPENSSH PRIVATE KEY-----\n"
        ).encode()


def sshsig_bytes(message: bytes, namespace: str, hash_name: bytes = b"sha512") -> bytes:
    """Give what a key really signs (PROTOCOL.sshsig)."""
    digest = hashlib.new(hash_name.decode(), message).digest()
    head = b"SSHSIG" + string(namespace.encode()) + string(b"")
    return head + string(hash_name) + string(digest)


def blob_of(key: bytes, namespace: str, signature: bytes) -> bytes:
    """Put the fields of a blob together, whatever they are."""
    head = b"SSHSIG\0\0\0\1" + string(key) + string(namespace.encode()) + string(b"")
    return head + string(b"sha512") + string(signature)


@cache
def software_device(name: str) -> SoftwareDevice:
    """Give a security key of this type."""
    return SoftwareDevice(name, SigningKey.generate(_INSIDE[name]))


@cache
def file_key(name: str) -> SigningKey:
    """Give a key of this type."""
    if name == "ssh-rsa":
        return rsa_key(3072)
    return SigningKey.generate(name)


def rsa_file(bits: int, exponent: int = 65537) -> bytes:
    """Give an RSA private key file."""
    private: SSHPrivateKeyTypes = rsa.generate_private_key(exponent, bits)
    return private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.OpenSSH,
        serialization.NoEncryption(),
    )


@cache
def rsa_key(bits: int) -> SigningKey:
    """Give an RSA key."""
    return SigningKey.load(rsa_file(bits))


def any_key(name: str) -> SigningKey | ForeignKey:
    """Give a key of any type that can sign."""
    return software_device(name).key() if algorithm(name).touch else file_key(name)


SK_ALICE = software_device(SK_TYPES[0])
