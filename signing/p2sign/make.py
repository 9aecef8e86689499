"""Making signature files: a statement and a key in, the bytes of a `.p2.sig` out. The opposite of the gate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from p2sign import sshsig, statement
from p2sign.algorithms import COMMON, accept
from p2sign.keys import PublicKey, SigningKey
from p2sign.refusal import Refusal
from p2sign.sidecar import Sidecar, split
from p2sign.sshsig import Signature
from p2sign.statement import Statement


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A key that something else signs with, as an agent or a program does.

    `make` gives the armour for a message and a namespace; it is read strictly and checked before it is used.
    """

    public: PublicKey
    make: Callable[[bytes, str], bytes]


AnyKey = SigningKey | ForeignKey
"""A key that can sign."""


def sign_statement(terms: Statement, key: AnyKey, accepted: frozenset[str] = COMMON) -> bytes:
    """Sign a statement in the namespace of its kind; gives the signature file.

    Raises Refusal E_STMT_SIZE, E_KEY_ALGORITHM; with a foreign key what its signature is refused for.
    """
    signed = terms.dump()
    return Sidecar(signed, (armour_of(signed, key, terms.kind.namespace, accepted),)).join()


def add_signature(data: bytes, key: AnyKey, accepted: frozenset[str] = COMMON) -> bytes:
    """Give the signature file with one signature more, after checking that those in it are good and of its kind.

    Raises Refusal: what splitting, the statement and the signatures raise, E_SIG_DUPLICATE, E_SIDECAR_COUNT.
    """
    parts = split(data)
    namespace = statement.parse(parts.statement).kind.namespace
    good = parts.good_signatures(namespace, accepted)
    return signed_once_more(parts, good, key, namespace, accepted)


def signed_once_more(
    parts: Sidecar,
    good: tuple[Signature, ...],
    key: AnyKey,
    namespace: str,
    accepted: frozenset[str],
) -> bytes:
    """Give the file with one signature more than its `good` ones, unless one of them is by this key.

    Raises Refusal E_SIG_DUPLICATE, E_SIDECAR_COUNT, and what `armour_of` raises.
    """
    if key.public in (each.key for each in good):
        raise Refusal(
            "E_SIG_DUPLICATE", f"the key {key.public.fingerprint} has signed this file already"
        )
    added = armour_of(parts.statement, key, namespace, accepted)
    return Sidecar(parts.statement, (*parts.armours, added)).join()


def armour_of(signed: bytes, key: AnyKey, namespace: str, accepted: frozenset[str]) -> bytes:
    """Give the armour of one signature. Raises Refusal E_KEY_ALGORITHM, and what a foreign key's is refused for."""
    accept(key.public.algorithm, accepted)
    if isinstance(key, SigningKey):
        return sshsig.sign(signed, key, namespace)
    made = key.make(signed, namespace)
    signature = sshsig.parse(made, accepted)
    sshsig.check(signature, signed, namespace)
    if signature.key != key.public:
        raise Refusal(
            "E_SIG_BAD",
            f"the signature was made with {signature.key.fingerprint}, not with {key.public.fingerprint}",
        )
    return made
