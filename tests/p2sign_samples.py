"""Fixed keys, a script, a statement and trust files for the tests of p2sign."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from p2sign.gate import Offer, TrustFiles
from p2sign.keys import PublicKey, SigningKey
from p2sign.make import sign_statement
from p2sign.policy import Policy, Rules
from p2sign.rights import Capability, SignedLimits
from p2sign.statement import Import, Statement, digests
from p2sign.trust import TrustLine
from p2sign.uses import Kind

ALICE = SigningKey.from_seed(b"\x01" * 32)
BOB = SigningKey.from_seed(b"\x02" * 32)
NOW = datetime(2026, 12, 1, 12, 0, 0, tzinfo=UTC)
SCRIPT = b'access("run-7/loss")\n  | line(x=step, y=loss)\n'
NAMESPACE = "plotter2-script@v1"

TERMS = Statement(
    kind=Kind.SCRIPT,
    name="lab/thermal",
    serial=7,
    language="1.2",
    issued=datetime(2026, 11, 24, 9, 46, 40, tzinfo=UTC),
    expires=datetime(2027, 11, 25, 9, 46, 40, tzinfo=UTC),
    entry="thermal.p2",
    files=digests({"thermal.p2": SCRIPT}),
    imports=(
        Import("6966200918a6b94bce073b152a197eb56fecb4af317b203a26d4b16c3c3dd5bb", "std/fit"),
    ),
    caps=(
        Capability("read", "bundle", "run-7/loss"),
        Capability("write", "frame", "loss-summary"),
    ),
    limits=SignedLimits(cpu_ms=20000, mem_mib=512, out_mib=64, wall_ms=60000),
)

ALICE_LINE = TrustLine("alice@lab", (NAMESPACE,), ALICE.public)
BOB_LINE = TrustLine("bob@lab", (NAMESPACE,), BOB.public)


def trust_text(*signers: TrustLine) -> bytes:
    """Give an allowed_signers file with these lines."""
    return "".join(signer.dump() + "\n" for signer in signers).encode()


def counting_rsa(files: TrustFiles, *own: PublicKey) -> TrustFiles:
    """Give trust files under a policy by which keys of every type count; the own ones may grant everything."""
    rules = Rules(Policy(allow_rsa=True), frozenset(key.fingerprint for key in own))
    return replace(files, rules=rules)


TRUST = TrustFiles(trust_text(ALICE_LINE, BOB_LINE))


def offer(
    sidecar: bytes | None = None,
    script: bytes = SCRIPT,
    file_name: str = "thermal.p2",
    **terms: Any,
) -> Offer:
    """Give the script with a signature file, made by alice over TERMS with changes unless one is given."""
    if sidecar is None:
        sidecar = sign_statement(replace(TERMS, **terms), ALICE)
    return Offer(script, sidecar, file_name)
