"""Making signature files: a statement and a key in, the bytes of a `.p2.sig` out. The opposite of the gate."""

from __future__ import annotations

from p2sign import sshsig, statement
from p2sign.keys import SigningKey
from p2sign.refusal import Refusal
from p2sign.sidecar import Sidecar, split
from p2sign.statement import Statement


def sign_statement(terms: Statement, key: SigningKey) -> bytes:
    """Sign a statement in the namespace of its kind; gives the signature file. Raises Refusal E_STMT_SIZE."""
    signed = terms.dump()
    return Sidecar(signed, (sshsig.sign(signed, key, terms.kind.namespace),)).join()


def add_signature(data: bytes, key: SigningKey) -> bytes:
    """Give the signature file with one signature more, after checking that those in it are good and of its kind.

    Raises Refusal: what splitting, the statement and the signatures raise, E_SIG_DUPLICATE, E_SIDECAR_COUNT.
    """
    parts = split(data)
    terms = statement.parse(parts.statement)
    for signature in parts.signatures():
        sshsig.check(signature, parts.statement, terms.kind.namespace)
        if signature.key == key.public:
            raise Refusal(
                "E_SIG_DUPLICATE", f"the key {key.public.fingerprint} has signed this file already"
            )
    added = sshsig.sign(parts.statement, key, terms.kind.namespace)
    return Sidecar(parts.statement, (*parts.armours, added)).join()
