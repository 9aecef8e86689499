"""The gate: what it lets through, in which order it refuses, and what a `Verified` proves."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from dataclasses import FrozenInstanceError, replace
from datetime import timedelta

import pytest

from p2sign import sshsig
from p2sign.gate import Offer, Signer, TrustFiles, Verified, verify
from p2sign.keys import SigningKey
from p2sign.make import add_signature, sign_statement
from p2sign.refusal import Refusal
from p2sign.rights import Capability, SignedLimits
from p2sign.sidecar import MAX_SIGNATURES, Sidecar, split
from p2sign.statement import digests
from p2sign.uses import Kind
from p2sign_samples import (
    ALICE,
    ALICE_LINE,
    BOB,
    BOB_LINE,
    NOW,
    SCRIPT,
    TERMS,
    TRUST,
    offer,
    trust_text,
)

SIDECAR = sign_statement(TERMS, ALICE)
BOTH = add_signature(SIDECAR, BOB)


def refusal_of(offered: Offer, trusted: TrustFiles = TRUST, **options: object) -> str:
    with pytest.raises(Refusal) as caught:
        verify(offered, trusted, NOW, **options)
    return caught.value.name


def test_a_signed_script_of_a_trusted_person_is_verified() -> None:
    verified = verify(offer(), TRUST, NOW)
    assert verified.statement == TERMS
    assert verified.signers == (Signer("alice@lab", ALICE.public.fingerprint),)
    assert verified.script == SCRIPT
    assert verified.script_sha256 == hashlib.sha256(SCRIPT).hexdigest()
    assert verified.statement_sha256 == hashlib.sha256(TERMS.dump()).hexdigest()


def test_nobody_else_makes_or_changes_a_verified() -> None:
    verified = verify(offer(), TRUST, NOW)
    with pytest.raises(TypeError, match="only p2sign"):
        Verified(TERMS, verified.signers, b"other", "", "", object())
    # Python 3.13 made a TypeError of what was a ValueError.
    with pytest.raises((TypeError, ValueError), match="seal"):
        replace(verified, script=b"other")
    with pytest.raises(FrozenInstanceError):
        verified.script = b"other"  # type: ignore[misc]


def test_all_signers_are_named_in_the_order_of_their_signatures() -> None:
    verified = verify(offer(BOTH), TRUST, NOW)
    assert [signer.principal for signer in verified.signers] == ["alice@lab", "bob@lab"]


def test_one_signature_that_is_not_trusted_refuses_the_file() -> None:
    assert refusal_of(offer(BOTH), TrustFiles(trust_text(ALICE_LINE))) == "E_SIGNER_UNKNOWN"
    revoked = f"{BOB.public.line()}\n".encode()
    assert refusal_of(offer(BOTH), replace(TRUST, revoked_keys=revoked)) == "E_SIGNER_REVOKED"


def test_a_signature_over_another_statement_cannot_ride_along() -> None:
    other = split(sign_statement(replace(TERMS, serial=9), BOB)).armours[0]
    assert refusal_of(offer(SIDECAR + other)) == "E_SIG_BAD"


def test_sixteen_signatures_are_the_most() -> None:
    keys = [SigningKey.from_seed(bytes([number]) * 32) for number in range(1, MAX_SIGNATURES + 2)]
    data = SIDECAR
    for key in keys[1:MAX_SIGNATURES]:
        data = add_signature(data, key)
    assert len(split(data).armours) == MAX_SIGNATURES
    with pytest.raises(Refusal) as caught:
        add_signature(data, keys[-1])
    assert caught.value.name == "E_SIDECAR_COUNT"


def test_a_signature_is_added_only_to_good_ones() -> None:
    for data, name in (
        (SIDECAR.replace(b"serial 7", b"serial 8"), "E_SIG_BAD"),
        (BOTH, "E_SIG_DUPLICATE"),
        (TERMS.dump() + sshsig.sign(TERMS.dump(), ALICE, Kind.PACK.namespace), "E_SIG_NAMESPACE"),
    ):
        with pytest.raises(Refusal) as caught:
            add_signature(data, BOB)
        assert caught.value.name == name


def test_a_signature_file_is_split_and_joined_without_loss() -> None:
    assert split(BOTH).join() == BOTH
    assert split(BOTH).statement == TERMS.dump()
    assert split(BOTH).armours == (split(SIDECAR).armours[0], BOTH[len(SIDECAR) :])


ARMOUR = split(SIDECAR).armours[0]


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"", "E_SIDECAR_BLOCK"),
        (ARMOUR, "E_SIDECAR_BLOCK"),
        (b"\n" + SIDECAR, "E_SIDECAR_BLOCK"),
        (b"\xef\xbb\xbf" + SIDECAR, "E_SIDECAR_BLOCK"),
        (TERMS.dump(), "E_UNSIGNED"),
        (SIDECAR[:-1], "E_SIDECAR_BLOCK"),
        (SIDECAR + b"# note\n", "E_SIDECAR_BLOCK"),
        (SIDECAR + b"\0", "E_SIDECAR_BLOCK"),
        (SIDECAR + TERMS.dump(), "E_SIDECAR_BLOCK"),
        (SIDECAR + SIDECAR, "E_SIDECAR_BLOCK"),
        (SIDECAR.replace(b"\n-----END SSH SIGNATURE-----", b""), "E_SIDECAR_BLOCK"),
        (
            SIDECAR.replace(b"-----BEGIN SSH SIGNATURE-----", b"-----BEGIN SSH SIGNATURE----- "),
            "E_UNSIGNED",
        ),
        (
            SIDECAR.replace(b"=\n-----END", b"=\n-----BEGIN SSH SIGNATURE-----\n-----END"),
            "E_SIG_ARMOUR",
        ),
        (TERMS.dump() + b"\n" + ARMOUR, "E_SIG_BAD"),
        (b"plotter2-statement 1\n" + SIDECAR, "E_SIG_BAD"),
    ],
)
def test_whatever_is_not_a_statement_and_its_signatures_is_refused(data: bytes, name: str) -> None:
    assert refusal_of(Offer(SCRIPT, data, "thermal.p2")) == name


def test_the_earlier_check_speaks_first() -> None:
    """Break everything at once, then mend one thing after the other in the order of the checks."""
    stranger = SigningKey.from_seed(b"\x07" * 32)
    terms = replace(TERMS, expires=NOW, files=digests({"thermal.p2": b"another script"}))
    good = sign_statement(terms, stranger)
    unparsable = terms.dump().replace(b"serial 7", b"serial 07")
    key_line = stranger.public.line()
    bad_trust = TrustFiles(b"*\n", f"{key_line}\n".encode())
    trusting = trust_text(replace(ALICE_LINE, principal="eve@lab", key=stranger.public))
    revoking = TrustFiles(
        b"", bad_trust.revoked_keys, f"{hashlib.sha256(SCRIPT).hexdigest()}\n".encode()
    )
    wrong_use = unparsable + sshsig.sign(unparsable, stranger, Kind.PACK.namespace)
    bad = unparsable + split(good).armours[0]
    signed = unparsable + sshsig.sign(unparsable, stranger, Kind.SCRIPT.namespace)
    steps = [
        (Offer(SCRIPT, None, "x"), bad_trust),
        (Offer(SCRIPT, wrong_use + b"x", "x"), bad_trust),
        (Offer(SCRIPT, wrong_use, "x"), bad_trust),
        (Offer(SCRIPT, wrong_use, "x"), revoking),
        (Offer(SCRIPT, bad, "x"), revoking),
        (Offer(SCRIPT, signed, "x"), revoking),
        (Offer(SCRIPT, signed, "x"), replace(revoking, revoked_keys=b"")),
        (Offer(SCRIPT, signed, "x"), replace(revoking, revoked_keys=b"", allowed_signers=trusting)),
        (Offer(SCRIPT, good, "x"), replace(revoking, revoked_keys=b"", allowed_signers=trusting)),
    ]
    names = [
        refusal_of(offered, trusted, serial_floors={"lab/thermal": 8}) for offered, trusted in steps
    ]
    trusted = steps[-1][1]
    alive = replace(terms, expires=None)
    right = replace(alive, files=TERMS.files)
    for current, file_name in ((alive, "x"), (alive, "thermal.p2"), (right, "thermal.p2")):
        offered = Offer(SCRIPT, sign_statement(current, stranger), file_name)
        names.append(refusal_of(offered, trusted, serial_floors={"lab/thermal": 8}))
    names.append(
        refusal_of(offered, replace(trusted, revoked_scripts=b""), serial_floors={"lab/thermal": 8})
    )
    assert names == [
        "E_UNSIGNED",
        "E_SIDECAR_BLOCK",
        "E_TRUST_LINE",
        "E_SIG_NAMESPACE",
        "E_SIG_BAD",
        "E_SIGNER_REVOKED",
        "E_SIGNER_UNKNOWN",
        "E_STMT_NONCANONICAL",
        "E_EXPIRED",
        "E_ENTRY",
        "E_DIGEST",
        "E_SCRIPT_REVOKED",
        "E_SERIAL",
    ]
    assert (
        verify(offered, replace(trusted, revoked_scripts=b""), NOW, {"lab/thermal": 7}).statement
        == right
    )


@pytest.mark.parametrize(
    ("signed", "found"),
    [
        (b"a\nb\n", b"a\r\nb\r\n"),
        (b"a\r\nb\r\n", b"a\nb\n"),
        (b"a\nb\n", b"a\nb"),
        (b"a\nb", b"a\nb\n"),
        (b"a\nb\n", b"a\r\nb"),
        (b"a\nb", b"a\r\nb\r\n"),
        (b"a\r\nb", b"a\nb\n"),
        (b"a\r\nb\r\n", b"a\r\nb"),
        (b"a\nb\n", b"a\r\nb\n"),
    ],
)
def test_a_difference_of_line_ends_is_told_from_a_change(signed: bytes, found: bytes) -> None:
    terms = replace(TERMS, files=digests({"thermal.p2": signed}))
    offered = Offer(found, sign_statement(terms, ALICE), "thermal.p2")
    with pytest.raises(Refusal, match="line ends") as caught:
        verify(offered, TRUST, NOW)
    assert caught.value.name == "E_DIGEST_EOL"
    assert ".gitattributes" in caught.value.remedy
    assert refusal_of(replace(offered, script=found + b" ")) == "E_DIGEST"


def test_a_checkout_that_changed_both_files_says_so_of_the_signature_file() -> None:
    assert (
        refusal_of(offer(SIDECAR.replace(b"\n", b"\r\n"), SCRIPT.replace(b"\n", b"\r\n")))
        == "E_SIDECAR_EOL"
    )


def test_a_statement_is_revoked_by_its_own_digest_too() -> None:
    digest = hashlib.sha256(TERMS.dump()).hexdigest()
    assert (
        refusal_of(offer(), replace(TRUST, revoked_scripts=f"{digest}\n".encode()))
        == "E_SCRIPT_REVOKED"
    )


def test_the_last_serial_that_ran_runs_again_and_an_older_one_does_not() -> None:
    assert verify(offer(), TRUST, NOW, {"lab/thermal": 7, "lab/other": 99}).statement.serial == 7
    assert refusal_of(offer(), serial_floors={"lab/thermal": 8}) == "E_SERIAL"


def test_time_decides_to_the_second() -> None:
    expires = NOW + timedelta(seconds=1)
    limited = offer(issued=NOW, expires=expires)
    verify(limited, TRUST, NOW)
    for moment, name in (
        (NOW - timedelta(microseconds=1), "E_NOT_YET_ISSUED"),
        (expires, "E_EXPIRED"),
    ):
        with pytest.raises(Refusal) as caught:
            verify(limited, TRUST, moment)
        assert caught.value.name == name


def test_a_time_without_a_zone_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="time zone"):
        verify(offer(), TRUST, NOW.replace(tzinfo=None))


def test_a_use_has_its_own_namespace_and_trust() -> None:
    local = offer(kind=Kind.LOCAL)
    host = TrustFiles(trust_text(replace(ALICE_LINE, namespaces=(Kind.LOCAL.namespace,))))
    assert verify(local, host, NOW, use=Kind.LOCAL).statement.kind is Kind.LOCAL
    assert refusal_of(local, host) == "E_SIG_NAMESPACE"
    assert refusal_of(local, TRUST, use=Kind.LOCAL) == "E_SIGNER_NAMESPACE"


@pytest.mark.parametrize("use", [Kind.DRAFT, Kind.PACK])
def test_drafts_and_packs_never_run(use: Kind) -> None:
    with pytest.raises(ValueError, match="never runs"):
        verify(offer(), TRUST, NOW, use=use)


def test_rights_and_limits_are_compared_with_what_was_signed() -> None:
    verified = verify(offer(), TRUST, NOW)
    read, write = TERMS.caps
    more = Capability("read", "bundle", "run-8/loss")
    tight = SignedLimits(cpu_ms=20000, mem_mib=1, out_mib=1, wall_ms=1)
    assert not verified.undeclared([])
    assert not verified.undeclared([write, read, read], tight)
    assert verified.undeclared([more, read], replace(tight, mem_mib=513)) == (
        "read bundle:run-8/loss",
        "mem-mib 513",
    )
    verified.require([read], TERMS.limits)
    with pytest.raises(Refusal, match="read bundle:run-8/loss; wall-ms 60001") as caught:
        verified.require([more], replace(tight, wall_ms=60001))
    assert caught.value.name == "E_CAP_UNDECLARED"


def test_a_file_name_with_control_characters_is_shown_escaped() -> None:
    with pytest.raises(Refusal) as caught:
        verify(Offer(SCRIPT, None, "x\x1b[2J.p2"), TRUST, NOW)
    assert "\x1b" not in str(caught.value)


def test_two_signatures_in_the_other_order_are_the_same_statement() -> None:
    parts = split(BOTH)
    turned = Sidecar(parts.statement, parts.armours[::-1]).join()
    identities = {verify(offer(data), TRUST, NOW).statement_sha256 for data in (BOTH, turned)}
    assert len(identities) == 1
    assert BOB_LINE.principal == verify(offer(turned), TRUST, NOW).signers[0].principal


@pytest.mark.process
def test_the_package_and_its_refusals_load_without_cryptography() -> None:
    program = (
        "import sys, p2sign, p2sign.refusal, p2sign.statement, p2sign.rights\n"
        "print(sorted({name.partition('.')[0] for name in sys.modules} & {'cryptography', 'plotter2', 'bcrypt'}))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert ran.stdout == "[]\n"
