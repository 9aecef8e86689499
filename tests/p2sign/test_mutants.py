"""Some thousands of damaged files: each is refused or means the same, and nothing else ever happens."""

from __future__ import annotations

from collections.abc import Callable

from p2sign import sshsig, statement
from p2sign.gate import Offer, TrustFiles, verify
from p2sign.keys import SigningKey, parse_public_line
from p2sign.make import add_signature, sign_statement
from p2sign.refusal import Refusal
from p2sign.sidecar import split
from p2sign.trust import parse_trust
from p2sign_mutation import mutants
from p2sign_samples import ALICE, BOB, NAMESPACE, NOW, SCRIPT, TERMS, TRUST

SIDECAR = add_signature(sign_statement(TERMS, ALICE), BOB)
PARTS = split(SIDECAR)
STATEMENT = PARTS.statement
BLOB = sshsig.dearmour(PARTS.armours[0])
ROUNDS = 2500


def shows_safely(refusal: Refusal) -> None:
    assert str(refusal).isprintable()


def accepted(sidecar: bytes, files: TrustFiles = TRUST) -> bool:
    """Say whether the gate lets it through; any other exception than a Refusal leaves this function."""
    try:
        verified = verify(Offer(SCRIPT, sidecar, "thermal.p2"), files, NOW)
    except Refusal as refusal:
        shows_safely(refusal)
        return False
    assert verified.statement.dump() == split(sidecar).statement
    return True


def test_a_damaged_signature_file_is_refused_or_says_the_same() -> None:
    for changed in mutants(SIDECAR, 1, ROUNDS):
        if accepted(changed):
            parts = split(changed)
            assert parts.statement == STATEMENT
            blobs = {sshsig.dearmour(armour) for armour in parts.armours}
            assert blobs <= {sshsig.dearmour(armour) for armour in PARTS.armours}


def test_a_damaged_blob_is_always_refused() -> None:
    for changed in mutants(BLOB, 2, ROUNDS):
        assert not accepted(STATEMENT + sshsig.enarmour(changed))


def test_a_damaged_statement_that_was_really_signed_is_refused_or_in_its_one_form() -> None:
    kept = 0
    for changed in mutants(STATEMENT, 3, ROUNDS):
        kept += accepted(changed + sshsig.sign(changed, ALICE, NAMESPACE))
        try:
            assert statement.parse(changed).dump() == changed
        except Refusal:
            continue
    assert kept > 10, "some changes, such as another serial, give a good statement"


def test_a_damaged_trust_file_trusts_no_other_key() -> None:
    known = {ALICE.public, BOB.public}
    for changed in mutants(TRUST.allowed_signers, 4, ROUNDS):
        accepted(SIDECAR, TrustFiles(changed))
        try:
            lines = parse_trust(changed)
        except Refusal:
            continue
        for line in lines:
            assert NAMESPACE in line.namespaces
            if line.key not in known:
                # A flipped bit may give another point of the curve; it must still be this line's own key.
                assert line.key.line().encode() in changed


def test_a_damaged_key_is_refused_or_read() -> None:
    calls: tuple[tuple[bytes, Callable[[bytes], object]], ...] = (
        (ALICE.dump(), SigningKey.load),
        (
            ALICE.public.line("alice").encode(),
            lambda data: parse_public_line(data.decode("utf-8", "replace")),
        ),
    )
    for seed, (data, call) in enumerate(calls, 5):
        for changed in mutants(data, seed, ROUNDS):
            try:
                call(changed)
            except Refusal as refusal:
                shows_safely(refusal)
