"""Each refusal of the table has one case that provokes it; a new entry without a case fails here."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from p2sign import policy, sshsig, statement, trust
from p2sign.causes import CAUSES
from p2sign.ceilings import Ceiling
from p2sign.fields import string
from p2sign.gate import Offer, TrustFiles, verify
from p2sign.keys import SigningKey, parse_public_blob, parse_public_line
from p2sign.make import add_signature, sign_statement
from p2sign.pack import MAX_PACK
from p2sign.pack_gate import verify_pack
from p2sign.policy import Delegation, Rules, Scope
from p2sign.refusal import Refusal
from p2sign.rights import Capability
from p2sign.sidecar import split
from p2sign.statement import Import
from p2sign.uses import Kind
from p2sign_keys import SK_ALICE
from p2sign_log_samples import LOG_CASES
from p2sign_mutation import with_order_added
from p2sign_samples import (
    ALICE,
    ALICE_LINE,
    BOB,
    NAMESPACE,
    NOW,
    SCRIPT,
    TERMS,
    TRUST,
    offer,
    trust_text,
)
from pack_samples import (
    LIBRARY_PATH,
    LIBRARY_TERMS,
    PACK_TRUST,
    pack_of,
    with_files,
)
from trust_bundle_samples import BUNDLE_CASES

SIDECAR = sign_statement(TERMS, ALICE)
STATEMENT = TERMS.dump()
ARMOUR = split(SIDECAR).armours[0]
BLOB = sshsig.dearmour(ARMOUR)
LINE = ALICE_LINE.dump()


def gate(
    sidecar: bytes | None = SIDECAR,
    script: bytes = SCRIPT,
    name: str = "thermal.p2",
    trusted: TrustFiles = TRUST,
) -> None:
    verify(Offer(script, sidecar, name), trusted, NOW)


def signed_anyway(data: bytes) -> bytes:
    """Sign bytes that p2sign itself would never sign."""
    return data + sshsig.sign(data, ALICE, NAMESPACE)


def changed_statement(old: bytes, new: bytes) -> None:
    assert old in STATEMENT
    gate(signed_anyway(STATEMENT.replace(old, new)))


def changed_blob(old: bytes, new: bytes) -> None:
    assert old in BLOB
    gate(STATEMENT + sshsig.enarmour(BLOB.replace(old, new)))


def changed_trust(old: str, new: str) -> None:
    assert old in LINE
    trust.parse_trust((LINE.replace(old, new) + "\n").encode())


def larger_s() -> None:
    gate(STATEMENT + sshsig.enarmour(with_order_added(BLOB)))


def passphrase_case(given: str | None) -> None:
    SigningKey.load(ALICE.dump("open"), given)


def pack_with_rights() -> None:
    replace(TERMS, kind=Kind.PACK)


def revoked_script() -> None:
    digest = TERMS.digest_of_entry()
    gate(trusted=replace(TRUST, revoked_scripts=f"{digest}  thermal.p2\n".encode()))


def signed_as(kind: Kind) -> bytes:
    return STATEMENT + sshsig.sign(STATEMENT, ALICE, kind.namespace)


def kind_against_namespace() -> None:
    as_local = replace(TERMS, kind=Kind.LOCAL).dump()
    gate(signed_anyway(as_local))


def ruled(text: str) -> TrustFiles:
    """Give the trust files with a policy under which alice's key is an own one."""
    own = frozenset({ALICE.public.fingerprint})
    return replace(TRUST, rules=Rules(policy.parse(text.encode()), own))


EXPIRED = Delegation(
    "lab",
    frozenset({ALICE.public.fingerprint}),
    {"lab": Scope("lab", ("alice@lab",))},
    {"alice@lab": Ceiling((".*",))},
    Ceiling((".*",)),
    NOW,
)


def valid(**window: object) -> TrustFiles:
    return TrustFiles(trust_text(replace(ALICE_LINE, **window)))


def pack_gate(data: bytes, floors: dict[str, int] | None = None) -> None:
    verify_pack(data, PACK_TRUST, NOW, floors)


def other_library() -> dict[str, bytes | None]:
    content = b"pipe smooth = other\n"
    terms = replace(LIBRARY_TERMS, files=statement.digests({"1.0.0.p2": content}))
    return {LIBRARY_PATH: content, f"{LIBRARY_PATH}.sig": sign_statement(terms, ALICE)}


PACK = pack_of()


CASES: dict[str, Callable[[], object]] = {
    **LOG_CASES,
    "E_UNSIGNED": lambda: gate(None),
    "E_SIDECAR_SIZE": lambda: gate(SIDECAR + b"x" * 500_000),
    "E_SIDECAR_EOL": lambda: gate(SIDECAR.replace(b"\n", b"\r\n")),
    "E_SIDECAR_BLOCK": lambda: gate(SIDECAR + b"\n"),
    "E_SIDECAR_COUNT": lambda: gate(SIDECAR + 16 * ARMOUR),
    "E_SIG_ARMOUR": lambda: gate(STATEMENT + ARMOUR.replace(b"\n-----END", b"\n\n-----END")),
    "E_SIG_BLOB": lambda: gate(STATEMENT + sshsig.enarmour(BLOB + b"\0")),
    "E_SIG_VERSION": lambda: changed_blob(b"SSHSIG\0\0\0\1", b"SSHSIG\0\0\0\0"),
    "E_SIG_RESERVED": lambda: changed_blob(b"@v1" + string(b""), b"@v1" + string(b"x")),
    "E_SIG_HASH": lambda: changed_blob(string(b"sha512"), string(b"sha256")),
    "E_SIG_NAMESPACE": lambda: gate(signed_as(Kind.PACK)),
    "E_SIG_DRAFT": lambda: gate(signed_as(Kind.DRAFT)),
    "E_SIG_MALLEABLE": larger_s,
    "E_SIG_BAD": lambda: gate(SIDECAR.replace(b"serial 7", b"serial 8")),
    "E_SIG_DUPLICATE": lambda: gate(SIDECAR + ARMOUR),
    "E_KEY_FORMAT": lambda: parse_public_line("ssh-ed25519"),
    "E_KEY_ALGORITHM": lambda: parse_public_line("ssh-dss AAAAB3NzaC1kc3M="),
    "E_KEY_WEAK": lambda: parse_public_blob(string(b"ssh-ed25519") + string(b"\1" + bytes(31))),
    "E_KEY_PRIVATE": lambda: SigningKey.load(b"-----BEGIN RSA PRIVATE KEY-----\n"),
    "E_KEY_PASSPHRASE_MISSING": lambda: passphrase_case(None),
    "E_KEY_PASSPHRASE_WRONG": lambda: passphrase_case("shut"),
    "E_TRUST_LINE": lambda: changed_trust(" ", "\t"),
    "E_TRUST_PRINCIPAL": lambda: changed_trust("alice@lab", "*@lab"),
    "E_TRUST_NAMESPACE": lambda: changed_trust(f'namespaces="{NAMESPACE}" ', ""),
    "E_TRUST_TIME": lambda: changed_trust("@v1", '@v1",valid-before="20271231'),
    "E_TRUST_OPTION": lambda: changed_trust("@v1", '@v1",valid-until="20271231Z'),
    "E_TRUST_DUPLICATE": lambda: changed_trust(LINE, f"{LINE}\n{LINE}"),
    "E_REVOKED_KEYS": lambda: gate(trusted=replace(TRUST, revoked_keys=b"SSHKRL\n\0\n")),
    "E_REVOKED_SCRIPTS": lambda: gate(trusted=replace(TRUST, revoked_scripts=b"thermal.p2\n")),
    "E_SIGNER_UNKNOWN": lambda: gate(sign_statement(TERMS, SigningKey.generate())),
    "E_SIGNER_REVOKED": lambda: gate(
        trusted=replace(TRUST, revoked_keys=ALICE.public.line("laptop stolen").encode() + b"\n")
    ),
    "E_SIGNER_NAMESPACE": lambda: gate(trusted=valid(namespaces=("plotter2-pack@v1",))),
    "E_SIGNER_NOT_YET": lambda: gate(trusted=valid(valid_after=NOW + timedelta(seconds=1))),
    "E_SIGNER_EXPIRED": lambda: gate(trusted=valid(valid_before=NOW)),
    "E_STMT_SIZE": lambda: statement.parse(b"x" * (statement.MAX_STATEMENT + 1)),
    "E_STMT_VERSION": lambda: changed_statement(b"statement 1", b"statement 2"),
    "E_STMT_LINE": lambda: changed_statement(b"cap read", b"color red\ncap read"),
    "E_STMT_NONCANONICAL": lambda: changed_statement(b"serial 7", b"serial 07"),
    "E_STMT_NAME": lambda: changed_statement(b"lab/thermal", b"thermal"),
    "E_STMT_PATH": lambda: changed_statement(b"entry thermal.p2", b"entry ../thermal.p2"),
    "E_STMT_FILES": lambda: changed_statement(b"entry thermal.p2", b"entry other.p2"),
    "E_STMT_DIGEST": lambda: changed_statement(b"sha256:69", b"sha256:XX"),
    "E_STMT_NUMBER": lambda: changed_statement(b"serial 7", b"serial 0"),
    "E_STMT_TIME": lambda: changed_statement(b"2026-11-24T09:46:40Z", b"2026-11-31T09:46:40Z"),
    "E_STMT_CAP": lambda: changed_statement(b"cap read bundle:", b"cap read bundle "),
    "E_STMT_LIMIT": lambda: changed_statement(b"limit mem-mib 512\n", b""),
    "E_STMT_KIND": lambda: changed_statement(b"kind script", b"kind macro"),
    "E_STMT_PACK": pack_with_rights,
    "E_LANGUAGE": lambda: verify(offer(language="2.0"), TRUST, NOW),
    "E_KIND": kind_against_namespace,
    "E_NOT_YET_ISSUED": lambda: verify(offer(issued=NOW + timedelta(seconds=1)), TRUST, NOW),
    "E_EXPIRED": lambda: verify(offer(expires=NOW), TRUST, NOW),
    "E_ENTRY": lambda: gate(name="other.p2"),
    "E_DIGEST": lambda: gate(script=SCRIPT.replace(b"loss", b"gain")),
    "E_DIGEST_EOL": lambda: gate(script=SCRIPT.replace(b"\n", b"\r\n")),
    "E_SCRIPT_REVOKED": revoked_script,
    "E_SERIAL": lambda: verify(offer(), TRUST, NOW, {"lab/thermal": 8}),
    "E_CAP_UNDECLARED": lambda: verify(offer(), TRUST, NOW).require(
        [Capability("read", "bundle", "run-8/loss")]
    ),
    "E_IMPORT": lambda: verify(offer(), TRUST, NOW).require_imports(
        [Import("0" * 64, "lab/smoothing/1.2.0")]
    ),
    "E_PACK_SIZE": lambda: pack_gate(PACK + bytes(MAX_PACK)),
    "E_PACK_FORM": lambda: pack_gate(b"PK" + PACK),
    "E_PACK_EOL": lambda: pack_gate(PACK.replace(b"\n", b"\r\n")),
    "E_PACK_LENGTH": lambda: pack_gate(PACK.replace(b"\nsig ", b"\nsig 0")),
    "E_PACK_END": lambda: pack_gate(PACK + b"\n"),
    "E_PACK_FILES": lambda: pack_gate(PACK.replace(b"/loss.png\n", b"/lost.png\n")),
    "E_PACK_DIGEST": lambda: pack_gate(PACK.replace(b"not parsed", b"not parsex")),
    "E_PACK_PLACE": lambda: pack_gate(pack_of(with_files({"run.sh": b""}))),
    "E_PACK_UNSIGNED": lambda: pack_gate(pack_of(with_files({"thermal.p2.sig": None}))),
    "E_PACK_MIX": lambda: pack_gate(pack_of(with_files(other_library()))),
    "E_PACK_SERIAL": lambda: pack_gate(PACK, {"lab/thermal-pack": 4}),
}

CASES |= {
    "E_SIG_PRESENCE": lambda: sshsig.parse(SK_ALICE.armour(STATEMENT, NAMESPACE, flags=0)),
    "E_KEY_HANDLE": lambda: SigningKey.load(SK_ALICE.handle()),
}

CASES |= {
    "E_POLICY_FORM": lambda: policy.parse(b"[policy]\nmode = 'open'\n"),
    "E_POLICY_PATTERN": lambda: Ceiling((r"(read) \1",)),
    "E_SCOPE": lambda: gate(trusted=ruled('[scope.lab]\nsigners = ["bob@lab"]\n')),
    "E_THRESHOLD": lambda: gate(
        trusted=ruled('[scope.lab]\nsigners = ["alice@lab", "bob@lab"]\nrequire = 2\n')
    ),
    "E_LANGUAGE_FLOOR": lambda: gate(trusted=ruled('[policy]\nmin-language = "1.3"\n')),
    "E_CEILING_NONE": lambda: gate(trusted=replace(TRUST, rules=Rules())),
    "E_CEILING": lambda: gate(trusted=ruled('[signer."alice@lab"]\nmay = ["read .*"]\n')),
    "E_REVOCATION_STALE": lambda: gate(trusted=ruled("[policy]\nrevocation-max-age-days = 30\n")),
    "E_BUNDLE_EXPIRED": lambda: gate(trusted=replace(TRUST, rules=Rules(delegations=(EXPIRED,)))),
}

CASES |= BUNDLE_CASES

NEEDS_A_PROCESS = {"E_KEY_PASSPHRASE_UNSUPPORTED"}


@pytest.mark.parametrize("name", CASES)
def test_the_case_is_refused_under_its_name(name: str) -> None:
    with pytest.raises(Refusal) as caught:
        CASES[name]()
    assert (caught.value.name, caught.value.code) == (name, CAUSES[name].code)
    assert caught.value.what
    assert caught.value.remedy
    assert "\n" not in str(caught.value)


def test_every_refusal_has_a_case() -> None:
    assert set(CAUSES) == set(CASES) | NEEDS_A_PROCESS


@pytest.mark.process
@pytest.mark.parametrize(
    "call", ["SigningKey.generate().dump('open')", "SigningKey.load(key, 'open')"]
)
def test_without_bcrypt_a_passphrase_is_refused_with_the_way_to_install_it(
    call: str, tmp_path: Path
) -> None:
    key_file = tmp_path / "key"
    key_file.write_bytes(ALICE.dump("open"))
    program = (
        "import sys, pathlib; sys.modules['bcrypt'] = None\n"
        "from p2sign.keys import SigningKey\nfrom p2sign.refusal import Refusal\n"
        f"key = pathlib.Path({str(key_file)!r}).read_bytes()\n"
        f"try: {call}\n"
        "except Refusal as refusal: print(refusal.name, refusal.remedy)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert ran.stdout == "E_KEY_PASSPHRASE_UNSUPPORTED install it: python -m pip install bcrypt\n"


def test_codes_are_unique_and_lie_in_the_range_of_p2sign() -> None:
    codes = [cause.code for cause in CAUSES.values()]
    assert codes == sorted(set(codes))
    assert all("P2-S0700" < code < "P2-S0890" for code in codes)


def test_the_format_page_lists_every_refusal() -> None:
    page = (Path(__file__).parents[2] / "signing" / "FORMAT.md").read_text(encoding="utf-8")
    for cause in CAUSES.values():
        assert f"| {cause.code} | {cause.name} | {cause.cause} | {cause.remedy} |" in page


def test_the_place_of_a_refusal_says_file_and_block() -> None:
    with pytest.raises(Refusal) as caught:
        gate(
            SIDECAR
            + add_signature(SIDECAR, BOB)[len(SIDECAR) :].replace(b"\n-----END", b"\n\n-----END")
        )
    assert caught.value.where == "thermal.p2.sig, signature 2"
    with pytest.raises(Refusal) as caught:
        changed_statement(b"serial 7", b"serial x")
    assert caught.value.where == "thermal.p2.sig, line 4"
    with pytest.raises(Refusal) as caught:
        gate(trusted=TrustFiles(b"# the lab\n\n*@lab ...\n"))
    assert caught.value.where == "allowed_signers, line 3"
