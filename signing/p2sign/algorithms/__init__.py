"""The signature algorithms of p2sign, one file for each family, all stricter than OpenSSH. FORMAT.md says how."""

from __future__ import annotations

from p2sign.algorithms.ecdsa import ECDSA_P256, ECDSA_P384, ECDSA_P521
from p2sign.algorithms.ed25519 import ED25519
from p2sign.algorithms.model import Algorithm, Touch
from p2sign.algorithms.rsa import RSA
from p2sign.algorithms.security_keys import SK_ECDSA_P256, SK_ED25519
from p2sign.refusal import Refusal

__all__ = ["ALGORITHMS", "COMMON", "EVERY", "Algorithm", "Touch", "accept", "algorithm"]

ALGORITHMS: dict[str, Algorithm] = {
    entry.name: entry
    for entry in (
        ED25519,
        SK_ED25519,
        ECDSA_P256,
        ECDSA_P384,
        ECDSA_P521,
        SK_ECDSA_P256,
        RSA,
    )
}
"""The known key types by name."""

EVERY: frozenset[str] = frozenset(ALGORITHMS)
"""The names of all known key types."""
COMMON: frozenset[str] = EVERY - {RSA.name}
"""The key types whose signatures count unless a policy says otherwise: all but RSA."""


def algorithm(name: str) -> Algorithm:
    """Give the entry for a key type such as `ssh-ed25519`. Raises Refusal E_KEY_ALGORITHM."""
    found = ALGORITHMS.get(name)
    if found is None:
        known = ", ".join(ALGORITHMS)
        raise Refusal(
            "E_KEY_ALGORITHM", f"the key type {name[:60]!a} is not accepted; accepted: {known}"
        )
    return found


def accept(name: str, accepted: frozenset[str]) -> None:
    """Refuse (E_KEY_ALGORITHM) a known key type that is not among the accepted ones."""
    if name not in accepted:
        raise Refusal(
            "E_KEY_ALGORITHM",
            f"signatures of {name} keys are not accepted here",
            remedy=_ALLOW_RSA if name == RSA.name else "",
        )


_ALLOW_RSA = (
    "sign with a key of another type (plotter2 key new), or write allow-rsa = true "
    "into [policy] of config/trust/policy.toml"
)
