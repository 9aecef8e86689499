"""What every key type says of itself: how its key and its signature are read, checked and made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cryptography.hazmat.primitives.serialization.ssh import SSHPrivateKeyTypes

from p2sign.fields import Fields


@dataclass(frozen=True, slots=True)
class Touch:
    """What a security key tells with a signature: whether it knew who touched it, and how often it signed before."""

    verified: bool
    counter: int


@dataclass(frozen=True, slots=True)
class Algorithm:
    """One key type. `name` stands in front of the key's fields, `signature_name` in front of the signature's.

    `read_key` takes all fields of a key after its name, `read_signature(key fields, signature fields)` those of a
    signature; both refuse what is malformed, weak or not in its one form.
    `verifies(key fields, signature fields, message)` says whether the signature is good; both were read before.
    `sign(private key, message)` gives the signature's fields, `generate()` a new private key; they are None where the
    private key cannot be here. `touch(signature fields)` is for keys that must be touched.
    """

    name: str
    signature_name: str
    title: str
    read_key: Callable[[Fields], None]
    read_signature: Callable[[Fields, Fields], None]
    verifies: Callable[[Fields, Fields, bytes], bool]
    sign: Callable[[SSHPrivateKeyTypes, bytes], bytes] | None = None
    generate: Callable[[], SSHPrivateKeyTypes] | None = None
    touch: Callable[[Fields], Touch] | None = None
