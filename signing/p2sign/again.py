"""A script that passed the gate, asked about again: what time, serials and revocations tell, and nothing else.

For the same bytes of script, signature file and trust files everything else comes out as it did. Pure, as the gate is.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType

from p2sign.gate import Seen, TrustFiles, Verified, check_serial, check_terms, read_trust
from p2sign.keys import PublicKey
from p2sign.refusal import Refusal
from p2sign.trust import Trust


def still_holds(
    verified: Verified,
    files: TrustFiles,
    now: datetime,
    serial_floors: Mapping[str, int],
    seen: Seen,
) -> bool:
    """Tell whether the gate would give the same proof now, of the same bytes by the same trust files; `now` is aware.

    Where it would not, the gate says why.
    """
    try:
        return _trusted_now(verified, files, now, serial_floors, seen)
    except Refusal:
        return False


def _trusted_now(
    verified: Verified,
    files: TrustFiles,
    now: datetime,
    serial_floors: Mapping[str, int],
    seen: Seen,
) -> bool:
    trusted, keys = _read(files.allowed_signers, files.revoked_keys, files.revoked_scripts)
    terms, rules = verified.statement, files.rules
    if rules is not None:
        rules.require_fresh(now)
    for signer in verified.signers:
        key = keys.get(signer.fingerprint)
        if key is None:
            return False
        who = trusted.principal_of(
            key, terms.kind.namespace, now, lambda: seen(verified.statement_sha256)
        )
        if who != signer.principal:
            return False
    check_terms(terms, now, terms.kind)
    if rules is not None:
        rules.count(terms, verified.signers, now)
    trusted.require_unrevoked(verified.script_sha256, verified.statement_sha256)
    check_serial(terms, serial_floors)
    return True


@lru_cache(maxsize=8)
def _read(
    signers: bytes, revoked_keys: bytes, revoked_scripts: bytes
) -> tuple[Trust, Mapping[str, PublicKey]]:
    trusted = read_trust(TrustFiles(signers, revoked_keys, revoked_scripts))
    keys = {line.key.fingerprint: line.key for line in trusted.lines}
    return trusted, MappingProxyType(keys)
