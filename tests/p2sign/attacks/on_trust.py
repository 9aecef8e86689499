"""Trust files, times, scopes, thresholds, ceilings, floors, revocation: who may grant what to whom, and when."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from p2sign import policy
from p2sign.ceilings import Ceiling
from p2sign.gate import TrustFiles
from p2sign.keys import SigningKey
from p2sign.make import add_signature, sign_statement
from p2sign.policy import Delegation, Rules, Scope
from p2sign.rights import Capability
from p2sign.trust import TrustLine
from p2sign.uses import Kind
from p2sign_samples import ALICE, ALICE_LINE, BOB, NAMESPACE, NOW, TERMS, TRUST, trust_text
from signing_attacks import (
    ACCOUNT,
    NOTHING,
    OLD,
    OTHER_USE,
    ROOT,
    SESSION,
    SIDECAR,
    SIGNERS,
    STRANGER,
    TRUSTED,
    Attack,
    Bid,
    Control,
    gate,
    policy_file,
    revoked_keys,
    revoked_scripts,
    trust_file,
    with_terms,
)

EVE = SigningKey.from_seed(b"\x66" * 32)
SECOND = SigningKey.from_seed(b"\x67" * 32)
LINE = ALICE_LINE.dump()
BOTH = add_signature(SIDECAR, BOB)
BY_EVE = sign_statement(TERMS, EVE)
KEY = f"{ALICE.public.line('laptop stolen')}\n".encode()
DIGEST = TERMS.digest_of_entry().encode()
SECOND_MORE = timedelta(seconds=1)
ALL = '[signer."{}"]\nmay = [".*"]\n'
ALICE_ALL, BOB_ALL = ALL.format("alice@lab"), ALL.format("bob@lab")
TWO = '[scope.lab]\nsigners = ["alice@lab", "bob@lab"]\nrequire = 2\n'
ONE_BOB = '[scope.lab]\nsigners = ["bob@lab"]\n'
ALICE_KEY, BOB_KEY = ALICE.public.fingerprint, BOB.public.fingerprint


def file_of(old: str, new: str) -> Callable[[], str]:
    assert old in LINE
    return lambda: LINE.replace(old, new, 1) + "\n"


def lines(*signers: TrustLine, sidecar: bytes = SIDECAR) -> Bid:
    return Bid(sidecar, trusted=TrustFiles(trust_text(*signers)))


def trusted(**files: bytes) -> Bid:
    return Bid(SIDECAR, trusted=replace(TRUST, **files))


def ruled(text: str, sidecar: bytes = SIDECAR, **known: object) -> Bid:
    rules = Rules(policy.parse(text.encode()), **known)  # type: ignore[arg-type]
    return Bid(sidecar, trusted=replace(TRUST, rules=rules))


def ceiling(*patterns: str, right: Capability = TERMS.caps[0]) -> Bid:
    """Bring one right under a ceiling."""
    bid = with_terms(caps=(right,))
    rules = Rules(replace(policy.parse(b""), ceilings={"alice@lab": Ceiling(patterns)}))
    return replace(bid, trusted=replace(TRUST, rules=rules))


LAB = Delegation(
    "lab",
    frozenset({ALICE_KEY}),
    {"lab": Scope("lab", ("alice@lab",))},
    {"alice@lab": Ceiling((".*",))},
    Ceiling(("read bundle:.*", "write frame:.*")),
)


def lent(text: str = "", sidecar: bytes = SIDECAR, **changes: object) -> Bid:
    """Bring what a key of a trust bundle signed."""
    known = {"lent": frozenset({ALICE_KEY}), "delegations": (replace(LAB, **changes),)}
    return ruled(text, sidecar, **known)


def named(name: str, key: SigningKey = ALICE) -> bytes:
    return sign_statement(replace(TERMS, name=name), key)


def twice_alice(*more: TrustLine) -> TrustFiles:
    both = trust_text(ALICE_LINE, TrustLine("alice@lab", (NAMESPACE,), SECOND.public), *more)
    return TrustFiles(both, rules=Rules(policy.parse((TWO + ALICE_ALL + BOB_ALL).encode())))


READ = Capability("read", "bundle", "run-7/loss")

CONTROLS = [
    Control("the trust file", trust_file, lambda: f"# people\n\n{LINE} laptop\n"),
    Control("a trust line with its times", trust_file, file_of("@v1", '@v1",valid-after="20260101Z",valid-before="202701010000Z')),
    Control("the list of revoked keys", revoked_keys, lambda: b"# stolen\n" + KEY),
    Control("the list of revoked scripts", revoked_scripts, lambda: DIGEST + b"  thermal.p2\n"),
    Control("a line that is valid now", gate, lambda: lines(replace(ALICE_LINE, valid_after=NOW, valid_before=NOW + SECOND_MORE))),
    Control("a key that was retired, on what ran before", gate, lambda: replace(lines(replace(ALICE_LINE, valid_before=NOW)), seen=lambda _: NOW - SECOND_MORE)),
    Control("a statement in its last second", gate, lambda: with_terms(issued=NOW - SECOND_MORE, expires=NOW + SECOND_MORE)),
    Control("two of two signers", gate, lambda: ruled(TWO + ALICE_ALL + BOB_ALL, BOTH)),
    Control("the serial that ran last", gate, lambda: Bid(SIDECAR, floors={"lab/thermal": 7})),
    Control("a ceiling that covers the rights", gate, lambda: ruled('[signer."alice@lab"]\nmay = ["read bundle:run-[0-9]+/.*", "write frame:.*"]\n')),
    Control("a key of a trust bundle in its scope", gate, lent),
    Control("an own key without a ceiling", gate, lambda: ruled("", own=frozenset({ALICE_KEY}))),
    Control("the policy", policy_file, lambda: '[policy]\nmode = "ask"\nmin-language = "1.0"\nrevocation-max-age-days = 30\nallow-rsa = true\n' + TWO + ALICE_ALL),
    Control("fresh revocations", gate, lambda: ruled("[policy]\nrevocation-max-age-days = 30\n" + ALICE_ALL, revocations={"lab": NOW - timedelta(days=30)})),
    Control("others are revoked", gate, lambda: trusted(revoked_keys=f"{EVE.public.line()}\n".encode(), revoked_scripts=b"0" * 64 + b"\n")),
    Control("one right under a ceiling", gate, lambda: ceiling("read bundle:run-7/loss")),
]  # fmt: skip

ATTACKS = [
    # ---- the trust file
    Attack("a principal that is everybody", ACCOUNT, trust_file, "E_TRUST_PRINCIPAL", file_of("alice@lab", "*")),
    Attack("a principal with a pattern", ACCOUNT, trust_file, "E_TRUST_PRINCIPAL", file_of("alice@lab", "al*@lab")),
    Attack("a principal that is everybody but one", ACCOUNT, trust_file, "E_TRUST_PRINCIPAL", file_of("alice@lab", "!bob@lab")),
    Attack("two principals on a line", ACCOUNT, trust_file, "E_TRUST_PRINCIPAL", file_of("alice@lab", "alice@lab,bob@lab")),
    Attack("a principal in capital letters", ACCOUNT, trust_file, "E_TRUST_PRINCIPAL", file_of("alice@lab", "Alice@lab")),
    Attack("a principal with a homoglyph of another", STRANGER, trust_file, "E_TRUST_PRINCIPAL", file_of("alice@lab", "аlice@lab")),
    Attack("a principal with a character of no width", STRANGER, trust_file, "E_TRUST_LINE", file_of("alice@lab", "ali\u200bce@lab")),
    Attack("a principal in quotes", ACCOUNT, trust_file, "E_TRUST_PRINCIPAL", file_of("alice@lab", '"alice@lab"')),
    Attack("a principal without a place", ACCOUNT, trust_file, "E_TRUST_PRINCIPAL", file_of("alice@lab", "alice")),
    Attack("a line without uses is good for everything in OpenSSH", ACCOUNT, trust_file, "E_TRUST_NAMESPACE", file_of(f'namespaces="{NAMESPACE}" ', "")),
    Attack("a line whose only option is a time", ACCOUNT, trust_file, "E_TRUST_NAMESPACE", file_of(f'namespaces="{NAMESPACE}"', 'valid-after="20260101Z"')),
    Attack("a use that is a pattern", ACCOUNT, trust_file, "E_TRUST_NAMESPACE", file_of(NAMESPACE, "plotter2-*")),
    Attack("a use of another program", ACCOUNT, trust_file, "E_TRUST_NAMESPACE", file_of(NAMESPACE, f"{NAMESPACE},git")),
    Attack("no use at all", ACCOUNT, trust_file, "E_TRUST_NAMESPACE", file_of(NAMESPACE, "")),
    Attack("a use twice", ACCOUNT, trust_file, "E_TRUST_NAMESPACE", file_of(NAMESPACE, f"{NAMESPACE},{NAMESPACE}")),
    Attack("a certificate authority", STRANGER, trust_file, "E_TRUST_OPTION", file_of("namespaces", "cert-authority,namespaces")),
    Attack("the uses twice: which ones count?", ACCOUNT, trust_file, "E_TRUST_OPTION", file_of('@v1"', '@v1",namespaces="plotter2-pack@v1"')),
    Attack("an option of a newer OpenSSH", ACCOUNT, trust_file, "E_TRUST_OPTION", file_of('@v1"', '@v1",verify-required="yes"')),
    Attack("an option in capital letters", ACCOUNT, trust_file, "E_TRUST_LINE", file_of("namespaces", "NAMESPACES")),
    Attack("a time without Z is another moment elsewhere", ACCOUNT, trust_file, "E_TRUST_TIME", file_of('@v1"', '@v1",valid-before="20271231"')),
    Attack("a time that is no day", ACCOUNT, trust_file, "E_TRUST_TIME", file_of('@v1"', '@v1",valid-before="20270230Z"')),
    Attack("an end before the beginning", ACCOUNT, trust_file, "E_TRUST_TIME", file_of('@v1"', '@v1",valid-after="20280101Z",valid-before="20270101Z"')),
    Attack("a tab between the words", ACCOUNT, trust_file, "E_TRUST_LINE", file_of(" ", "\t")),
    Attack("a space before the line", ACCOUNT, trust_file, "E_TRUST_PRINCIPAL", file_of("alice", " alice")),
    Attack("a line that a terminal overwrites", ACCOUNT, trust_file, "E_TRUST_LINE", lambda: f"{LINE} ok\r# nothing here\n"),
    Attack("a line hidden by an escape sequence", ACCOUNT, trust_file, "E_TRUST_LINE", lambda: f"{LINE} \x1b[8m\n"),
    Attack("a null byte that ends the line in C", ACCOUNT, trust_file, "E_TRUST_LINE", lambda: f"{LINE} x\0 more\n"),
    Attack("a line without its end", ACCOUNT, trust_file, "E_TRUST_LINE", lambda: LINE),
    Attack("a separator of lines that editors hide", ACCOUNT, trust_file, "E_TRUST_LINE", lambda: f"# friends\u2028{LINE}\n"),
    Attack("one key of two people", ACCOUNT, trust_file, "E_TRUST_DUPLICATE", lambda: LINE + "\n" + LINE.replace("alice", "bob") + "\n"),
    Attack("a weak key in the trust file", STRANGER, trust_file, "E_KEY_WEAK", lambda: f'eve@lab namespaces="{NAMESPACE}" ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n'),
    Attack("one bad line is not passed over", ACCOUNT, gate, "E_TRUST_LINE", lambda: Bid(SIDECAR, trusted=TrustFiles(TRUST.allowed_signers + b"eve@lab\n"))),
    Attack("a trust file that is no UTF-8", ACCOUNT, gate, "E_TRUST_LINE", lambda: Bid(SIDECAR, trusted=TrustFiles(TRUST.allowed_signers + b"# \xff\n"))),
    Attack("an empty trust file trusts nobody", NOTHING, gate, "E_SIGNER_UNKNOWN", lambda: Bid(SIDECAR, trusted=TrustFiles(b""))),
    # ---- what is revoked
    Attack("a binary list of revoked keys that nobody reads", OLD, revoked_keys, "E_REVOKED_KEYS", lambda: b"SSHKRL\n\0\n"),
    Attack("a list of revoked keys with one word damaged", OLD, revoked_keys, "E_REVOKED_KEYS", lambda: KEY.replace(b"ssh-", b"shs-")),
    Attack("a list of revoked keys cut in its last line", OLD, revoked_keys, "E_REVOKED_KEYS", lambda: KEY[:-1]),
    Attack("a list of revoked scripts by name", OLD, revoked_scripts, "E_REVOKED_SCRIPTS", lambda: b"thermal.p2\n"),
    Attack("a revoked digest in capital letters", OLD, revoked_scripts, "E_REVOKED_SCRIPTS", lambda: DIGEST.upper() + b"\n"),
    Attack("a revoked digest behind a space", OLD, revoked_scripts, "E_REVOKED_SCRIPTS", lambda: b" " + DIGEST + b"\n"),
    Attack("a revoked key", OLD, gate, "E_SIGNER_REVOKED", lambda: trusted(revoked_keys=KEY)),
    Attack("a revoked key beside a good one", OLD, gate, "E_SIGNER_REVOKED", lambda: Bid(BOTH, trusted=replace(TRUST, revoked_keys=KEY))),
    Attack("a revoked key on what ran here before", OLD, gate, "E_SIGNER_REVOKED", lambda: replace(trusted(revoked_keys=KEY), seen=lambda _: NOW - timedelta(days=9))),
    Attack("a revoked script, signed anew", OLD, gate, "E_SCRIPT_REVOKED", lambda: replace(with_terms(serial=99), trusted=replace(TRUST, revoked_scripts=DIGEST + b"\n"))),
    Attack("a revoked statement", OLD, gate, "E_SCRIPT_REVOKED", lambda: trusted(revoked_scripts=_statement_digest() + b"\n")),
    Attack("revocations that are kept away from us", ACCOUNT, gate, "E_REVOCATION_STALE", lambda: ruled("[policy]\nrevocation-max-age-days = 30\n" + ALICE_ALL, revocations={"lab": NOW - timedelta(days=31)})),
    Attack("one of two lists of revocations is kept away", ACCOUNT, gate, "E_REVOCATION_STALE", lambda: ruled("[policy]\nrevocation-max-age-days = 30\n" + ALICE_ALL, revocations={"lab": NOW, "other": NOW - timedelta(days=31)})),
    Attack("no revocations ever came", ACCOUNT, gate, "E_REVOCATION_STALE", lambda: ruled("[policy]\nrevocation-max-age-days = 30\n" + ALICE_ALL)),
    # ---- who signed
    Attack("a stranger's signature", STRANGER, gate, "E_SIGNER_UNKNOWN", lambda: Bid(BY_EVE)),
    Attack("a stranger beside somebody trusted", STRANGER, gate, "E_SIGNER_UNKNOWN", lambda: Bid(add_signature(SIDECAR, EVE))),
    Attack("somebody trusted for packs only", OTHER_USE, gate, "E_SIGNER_NAMESPACE", lambda: lines(replace(ALICE_LINE, namespaces=(Kind.PACK.namespace,)))),
    Attack("the key of a log signs a script", OTHER_USE, gate, "E_SIGNER_NAMESPACE", lambda: lines(replace(ALICE_LINE, namespaces=("plotter2-log@v1",)))),
    Attack("a line that is not valid yet", TRUSTED, gate, "E_SIGNER_NOT_YET", lambda: lines(replace(ALICE_LINE, valid_after=NOW + SECOND_MORE))),
    Attack("a key that was retired", OLD, gate, "E_SIGNER_EXPIRED", lambda: lines(replace(ALICE_LINE, valid_before=NOW))),
    Attack("a retired key dates its statement back", OLD, gate, "E_SIGNER_EXPIRED", lambda: replace(with_terms(issued=NOW - timedelta(days=99)), trusted=TrustFiles(trust_text(replace(ALICE_LINE, valid_before=NOW))))),
    Attack("what ran here only after the key was retired", OLD, gate, "E_SIGNER_EXPIRED", lambda: replace(lines(replace(ALICE_LINE, valid_before=NOW - timedelta(days=2))), seen=lambda _: NOW - timedelta(days=1))),
    Attack("what ran here before the key was trusted", OLD, gate, "E_SIGNER_EXPIRED", lambda: replace(lines(replace(ALICE_LINE, valid_after=NOW - timedelta(days=9), valid_before=NOW)), seen=lambda _: NOW - timedelta(days=10))),
    Attack("one key of a session signs for ever", SESSION, gate, "E_SIGNER_EXPIRED", lambda: lines(replace(ALICE_LINE, principal="session-1@here", valid_after=NOW - timedelta(hours=13), valid_before=NOW - timedelta(hours=1)))),
    # ---- time of the statement
    Attack("a statement dated in the future", TRUSTED, gate, "E_NOT_YET_ISSUED", lambda: with_terms(issued=NOW + SECOND_MORE)),
    Attack("a statement that expired a moment ago", OLD, gate, "E_EXPIRED", lambda: with_terms(expires=NOW)),
    Attack("a script that ran before and has expired since", OLD, gate, "E_EXPIRED", lambda: replace(with_terms(expires=NOW), seen=lambda _: NOW - SECOND_MORE)),
    Attack("a clock that was set back", ACCOUNT, gate, "E_NOT_YET_ISSUED", lambda: Bid(SIDECAR, now=TERMS.issued - SECOND_MORE)),
    # ---- floors
    Attack("an older version under its own name", OLD, gate, "E_SERIAL", lambda: replace(with_terms(serial=1), floors={"lab/thermal": 7})),
    Attack("an older language, whose rules were looser", OLD, gate, "E_LANGUAGE_FLOOR", lambda: ruled('[policy]\nmin-language = "1.3"\n' + ALICE_ALL)),
    Attack("1.9 is older than 1.10", OLD, gate, "E_LANGUAGE_FLOOR", lambda: ruled('[policy]\nmin-language = "1.10"\n' + ALICE_ALL, sign_statement(replace(TERMS, language="1.9"), ALICE))),
    # ---- scopes and thresholds
    Attack("a trusted signer under a scope of others", TRUSTED, gate, "E_SCOPE", lambda: ruled(ONE_BOB + ALICE_ALL)),
    Attack("one of two that are required", SIGNERS, gate, "E_THRESHOLD", lambda: ruled(TWO + ALICE_ALL + BOB_ALL)),
    Attack("two keys of one person for two people", SIGNERS, gate, "E_THRESHOLD", lambda: Bid(add_signature(SIDECAR, SECOND), trusted=twice_alice())),
    Attack("one of two, and somebody beside them", SIGNERS, gate, "E_THRESHOLD", lambda: Bid(add_signature(SIDECAR, EVE), trusted=twice_alice(TrustLine("eve@lab", (NAMESPACE,), EVE.public)))),
    Attack("a scope of a similar name", TRUSTED, gate, "E_CEILING_NONE", lambda: ruled('[scope.lab]\nsigners = ["alice@lab"]\n[signer."bob@lab"]\nmay = [".*"]\n', named("lab-2/thermal"))),
    # ---- ceilings
    Attack("a trusted signer without a ceiling", TRUSTED, gate, "E_CEILING_NONE", lambda: ruled("")),
    Attack("a ceiling of nothing", TRUSTED, gate, "E_CEILING", lambda: ruled('[signer."alice@lab"]\nmay = []\n')),
    Attack("a right beyond the ceiling", TRUSTED, gate, "E_CEILING", lambda: ruled('[signer."alice@lab"]\nmay = ["read .*"]\n')),
    Attack("who signs beside the scope lends nothing", TRUSTED, gate, "E_CEILING_NONE", lambda: ruled(ONE_BOB + ALICE_ALL, BOTH)),
    Attack("each of two may grant half, and both are required", SIGNERS, gate, "E_CEILING", lambda: ruled(TWO + '[signer."alice@lab"]\nmay = ["read .*"]\n[signer."bob@lab"]\nmay = ["write .*"]\n', BOTH)),
    Attack("one of two that are required has no ceiling", SIGNERS, gate, "E_CEILING_NONE", lambda: ruled(TWO + ALICE_ALL, BOTH)),
    Attack("a pattern covers whole rights, not their beginnings", TRUSTED, gate, "E_CEILING", lambda: ceiling("read bundle:run-7")),
    Attack("a pattern covers whole rights, not their ends", TRUSTED, gate, "E_CEILING", lambda: ceiling("bundle:run-7/loss")),
    Attack("an alternative covers whole rights too", TRUSTED, gate, "E_CEILING", lambda: ceiling("read bundle:x|run-7/loss")),
    Attack("a dot of a pattern that was escaped", TRUSTED, gate, "E_CEILING", lambda: ceiling("read bundle:run.7/loss".replace(".", "\\."))),
    Attack("a class that leaves a character out", TRUSTED, gate, "E_CEILING", lambda: ceiling("read bundle:[^r].*")),
    Attack("more repetitions than the pattern has", TRUSTED, gate, "E_CEILING", lambda: ceiling("read bundle:run-7{2}/loss")),
    Attack("a target that climbs out of a ceiling's folder", TRUSTED, gate, "E_CEILING", lambda: ceiling("read bundle:run-7/[a-z]+", right=replace(READ, target="run-7/../secret"))),
    Attack("an own key whose owner has a ceiling", TRUSTED, gate, "E_CEILING", lambda: ruled('[signer."alice@lab"]\nmay = ["read .*"]\n', own=frozenset({ALICE_KEY}))),
    # ---- trust bundles at the gate
    Attack("a key of a trust bundle beyond its scopes", ROOT, gate, "E_SCOPE", lambda: lent(sidecar=named("own/thermal"))),
    Attack("a key of a trust bundle under a scope that was not agreed", ROOT, gate, "E_SCOPE", lambda: lent(scopes={})),
    Attack("a key of a trust bundle in a scope of the policy", ROOT, gate, "E_SCOPE", lambda: lent('[scope.lab]\nsigners = ["alice@lab"]\n' + ALICE_ALL)),
    Attack("a trust bundle's ceiling beyond what was agreed", ROOT, gate, "E_CEILING", lambda: lent(agreed=Ceiling(("read bundle:.*",)))),
    Attack("what was agreed does not lift a trust bundle's own ceiling", ROOT, gate, "E_CEILING", lambda: lent(ceilings={"alice@lab": Ceiling(("read .*",))})),
    Attack("a signer of a trust bundle without a ceiling there", ROOT, gate, "E_CEILING_NONE", lambda: lent(ALICE_ALL, ceilings={})),
    Attack("a trust bundle that expired", OLD, gate, "E_BUNDLE_EXPIRED", lambda: lent(expires=NOW)),
    Attack("a key of one's own policy in a trust bundle's scope", TRUSTED, gate, "E_SCOPE", lambda: lent(ALICE_ALL + BOB_ALL, named("lab/thermal", BOB))),
    Attack("a scope's name in a trust bundle, signed with another's key", ROOT, gate, "E_SCOPE", lambda: lent(keys=frozenset({BOB_KEY}))),
    # ---- policy.toml
    Attack("a mode that lets everything in", ACCOUNT, policy_file, "E_POLICY_FORM", lambda: '[policy]\nmode = "allow"\n'),
    Attack("a setting with a slip of the pen", ACCOUNT, policy_file, "E_POLICY_FORM", lambda: '[policy]\nmin_language = "1.0"\n'),
    Attack("a section that nobody knows", ACCOUNT, policy_file, "E_POLICY_FORM", lambda: "[trust]\nall = true\n"),
    Attack("a threshold that nobody can reach", ACCOUNT, policy_file, "E_POLICY_FORM", lambda: TWO.replace("= 2", "= 3")),
    Attack("a threshold of zero", ACCOUNT, policy_file, "E_POLICY_FORM", lambda: TWO.replace("= 2", "= 0")),
    Attack("a threshold that is true", ACCOUNT, policy_file, "E_POLICY_FORM", lambda: TWO.replace("= 2", "= true")),
    Attack("one signer twice in a scope", ACCOUNT, policy_file, "E_POLICY_FORM", lambda: TWO.replace("bob", "alice")),
    Attack("a scope of two segments", ACCOUNT, policy_file, "E_POLICY_FORM", lambda: TWO.replace("scope.lab", 'scope."lab/x"')),
    Attack("a scope without signers", ACCOUNT, policy_file, "E_POLICY_FORM", lambda: "[scope.lab]\nrequire = 1\n"),
    Attack("a signer that is a pattern", ACCOUNT, policy_file, "E_TRUST_PRINCIPAL", lambda: ALL.format("*@lab")),
    Attack("a setting in quotes that is none", ACCOUNT, policy_file, "E_POLICY_FORM", lambda: '[policy]\nallow-rsa = "false"\n'),
    Attack("an age of zero days", ACCOUNT, policy_file, "E_POLICY_FORM", lambda: "[policy]\nrevocation-max-age-days = 0\n"),
    Attack("a policy in another language", ACCOUNT, policy_file, "E_POLICY_FORM", lambda: '{"policy": {"mode": "deny"}}'),
    Attack("a section twice", ACCOUNT, policy_file, "E_POLICY_FORM", lambda: ALICE_ALL + ALICE_ALL),
    Attack("a policy as large as memory", ACCOUNT, policy_file, "E_POLICY_FORM", lambda: "#" * 300_000),
    Attack("a pattern that takes for ever", ACCOUNT, policy_file, "E_POLICY_PATTERN", lambda: ALL.format("a@b").replace(".*", "(a*)*{9}")),
    Attack("a pattern that grows when it is written out", ACCOUNT, policy_file, "E_POLICY_PATTERN", lambda: ALL.format("a@b").replace(".*", "((((a{99}){99}){99}){99})")),
    Attack("a pattern that looks back", ACCOUNT, policy_file, "E_POLICY_PATTERN", lambda: "[signer.'a@b']\nmay = ['(read) \\1']\n"),
    Attack("a pattern that looks ahead", ACCOUNT, policy_file, "E_POLICY_PATTERN", lambda: ALL.format("a@b").replace(".*", "(?!write).*")),
    Attack("a pattern with anchors within lines", ACCOUNT, policy_file, "E_POLICY_PATTERN", lambda: ALL.format("a@b").replace(".*", "^read .*$")),
    Attack("a pattern of nothing", ACCOUNT, policy_file, "E_POLICY_PATTERN", lambda: ALL.format("a@b").replace(".*", "")),
    Attack("an empty alternative that covers everything before it", ACCOUNT, policy_file, "E_POLICY_PATTERN", lambda: ALL.format("a@b").replace(".*", "read .*|")),
    Attack("a range of characters that runs backwards", ACCOUNT, policy_file, "E_POLICY_PATTERN", lambda: ALL.format("a@b").replace(".*", "[z-a]")),
    Attack("a pattern with a homoglyph", ACCOUNT, policy_file, "E_POLICY_PATTERN", lambda: ALL.format("a@b").replace(".*", "reаd .*")),
    Attack("a slash that is repeated, where anything was meant", ACCOUNT, policy_file, "E_POLICY_PATTERN", lambda: ALL.format("a@b").replace(".*", "read bundle:lab/*")),
]  # fmt: skip


def _statement_digest() -> bytes:
    from hashlib import sha256

    return sha256(TERMS.dump()).hexdigest().encode()
