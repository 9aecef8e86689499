"""A proof of the gate holds as long as the gate would give the same one, also by other files of trust."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from p2sign import policy
from p2sign.again import still_holds
from p2sign.gate import TrustFiles, Verified, verify
from p2sign.make import sign_statement
from p2sign.policy import Rules
from p2sign.refusal import Refusal
from p2sign_samples import ALICE, ALICE_LINE, BOB_LINE, NOW, TERMS, TRUST, offer, trust_text

ENDS = NOW + timedelta(days=30)
FILES = replace(TRUST, allowed_signers=trust_text(replace(ALICE_LINE, valid_before=ENDS), BOB_LINE))


def asked(files: TrustFiles, **other: Any) -> dict[str, Any]:
    known = {"now": NOW, "serial_floors": {}, "seen": lambda _: None}
    return {"files": files, **known, **other}


def ruled(text: str) -> TrustFiles:
    return replace(FILES, rules=Rules(policy.parse(text.encode())))


VERIFIED = verify(offer(), FILES, NOW)
CAROL = replace(ALICE_LINE, principal="carol@lab")
OTHERWISE: Mapping[str, dict[str, Any]] = {
    "nobody has the key": asked(TrustFiles(trust_text(BOB_LINE))),
    "the key is somebody else's": asked(TrustFiles(trust_text(CAROL, BOB_LINE))),
    "the key is for packs": asked(
        TrustFiles(trust_text(replace(ALICE_LINE, namespaces=("plotter2-pack@v1",))))
    ),
    "the key was revoked": asked(replace(FILES, revoked_keys=f"{ALICE.public.line()}\n".encode())),
    "the script was revoked": asked(
        replace(FILES, revoked_scripts=f"{VERIFIED.script_sha256}\n".encode())
    ),
    "the statement was revoked": asked(
        replace(FILES, revoked_scripts=f"{VERIFIED.statement_sha256}\n".encode())
    ),
    "the key is valid no more": asked(FILES, now=ENDS),
    "the statement has expired": asked(TRUST, now=TERMS.expires),
    "the statement is of the future": asked(FILES, now=TERMS.issued - timedelta(seconds=1)),
    "a newer one ran": asked(FILES, serial_floors={TERMS.name: TERMS.serial + 1}),
    "others sign for the scope": asked(ruled('[scope.lab]\nsigners = ["bob@lab"]\n')),
    "revocations are old": asked(ruled("[policy]\nrevocation-max-age-days = 1\n")),
    "the trust file does not read": asked(replace(FILES, allowed_signers=b"*\n")),
}


@pytest.mark.parametrize("what", OTHERWISE)
def test_a_proof_that_the_gate_would_not_give_again_does_not_hold(what: str) -> None:
    case = OTHERWISE[what]
    assert still_holds(VERIFIED, **asked(FILES))
    assert not still_holds(VERIFIED, **case)
    assert given_by_the_gate(case) != VERIFIED


def given_by_the_gate(case: dict[str, Any]) -> Verified | None:
    try:
        return verify(offer(), case["files"], case["now"], case["serial_floors"], seen=case["seen"])
    except Refusal:
        return None


def test_a_proof_holds_where_nothing_that_matters_is_other() -> None:
    assert still_holds(VERIFIED, **asked(FILES, now=ENDS - timedelta(seconds=1)))
    assert still_holds(VERIFIED, **asked(FILES, now=ENDS, seen=lambda _: NOW))
    assert still_holds(VERIFIED, **asked(FILES, serial_floors={TERMS.name: TERMS.serial}))
    assert still_holds(VERIFIED, **asked(TrustFiles(trust_text(ALICE_LINE))))
    never = replace(TERMS, expires=None)
    forever = verify(offer(sign_statement(never, ALICE)), TRUST, NOW)
    assert still_holds(forever, **asked(TRUST, now=NOW + timedelta(days=9000)))
