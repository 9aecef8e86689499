"""The small print: forms that one check alone refuses, found by switching each check off in turn."""

from __future__ import annotations

import base64
from dataclasses import replace
from math import gcd, prod

from p2sign import pack as packs
from p2sign import policy, sshsig
from p2sign.bundles import Agreement
from p2sign.ceilings import Ceiling
from p2sign.fields import mpint, string
from p2sign.gate import TrustFiles
from p2sign.keys import SigningKey, public_of_private
from p2sign.log.note import NoteKey
from p2sign.make import add_signature, sign_statement
from p2sign.policy import Rules
from p2sign.sshsig import FOOTER, HEADER
from p2sign.trust import TrustLine
from p2sign_keys import SK_TYPES, blob_of, file_key, rsa_key, software_device, sshsig_bytes
from p2sign_log_samples import NOTE, NOTE_KEY, ORIGIN, PROOF
from p2sign_samples import ALICE, BOB, NAMESPACE, TERMS, TRUST, trust_text
from pack_samples import FILES, PACK_NAMESPACE, PACK_TRUST, pack_terms
from signing_attacks import (
    ACCOUNT,
    ARMOUR,
    BLOB,
    LOG_FILES,
    NOTHING,
    PACKER,
    READER,
    SIDECAR,
    STATEMENT,
    STRANGER,
    TRUSTED,
    Attack,
    Bid,
    Control,
    LogBid,
    PackBid,
    gate,
    key_line,
    log_key,
    log_verify,
    pack,
    policy_file,
    private_key,
    proof_alone,
)

P256 = "ecdsa-sha2-nistp256"
SK_EC = software_device(SK_TYPES[1])
SMALL = prod(n for n in range(2, 200) if all(n % d for d in range(2, n)))
RSA_ON = "[policy]\nallow-rsa = true\n"
AGREED = Agreement.of(["lab", "x"], ["read bundle:.*", "write output:.*"]).dump()
LOCKED = ALICE.dump("open sesame")
PACK_TEXT = pack_terms().dump()
TWO = '[scope.lab]\nsigners = ["alice@lab", "bob@lab"]\nrequire = 2\n'


# ------------------------------------------------------------------ doors of their own


def ceiling(patterns: tuple[str, ...]) -> None:
    """The patterns of one signer."""
    Ceiling(patterns)


def agreement(data: bytes) -> None:
    """What was agreed with a trust bundle, as it is kept."""
    Agreement.parse(data)


def armour_alone(data: bytes) -> None:
    """One armour, as an agent or a program gives it."""
    sshsig.parse(data)


def key_looked_at(data: bytes) -> None:
    """A private key file of which only the public half is read."""
    public_of_private(data)


def shown_comment(comment: str) -> None:
    """A public key line that is written."""
    ALICE.public.line(comment)


def log_named(given: tuple[str, SigningKey]) -> None:
    """A key that becomes a log's."""
    NoteKey(given[0], given[1].public)


def one_more(given: tuple[bytes, SigningKey]) -> None:
    """Adding a signature to a file."""
    add_signature(*given)


def pack_made(size: int) -> None:
    """Making a pack."""
    packs.Pack(SIDECAR, (("data/x.p2b", bytes(size)),)).join()


# ------------------------------------------------------------------ what is made


def coprime(bits: int) -> int:
    """Give a number of so many bits that no small prime divides."""
    number = (1 << (bits - 1)) | 1
    while gcd(number, SMALL) != 1:
        number += 2
    return number


def rsa_line(modulus: int, exponent: int = 65537) -> str:
    blob = string(b"ssh-rsa") + mpint(exponent) + mpint(modulus)
    return f"ssh-rsa {base64.b64encode(blob).decode()}"


def by_rsa(text: str, signed: bytes = STATEMENT) -> Bid:
    """Bring the statement with an RSA signature over `signed`, under a policy."""
    key = rsa_key(3072)
    made = key.signature_fields(sshsig_bytes(signed, NAMESPACE))
    armour = sshsig.enarmour(blob_of(key.public.blob, NAMESPACE, made))
    lines = trust_text(TrustLine("alice@lab", (NAMESPACE,), key.public))
    rules = Rules(policy.parse(text.encode()), frozenset({key.public.fingerprint}))
    return Bid(STATEMENT + armour, trusted=TrustFiles(lines, rules=rules))


def zero_r() -> Bid:
    key = file_key(P256)
    made = string(P256.encode()) + string(string(b"\0") + mpint(5))
    return Bid(STATEMENT + sshsig.enarmour(blob_of(key.public.blob, NAMESPACE, made)))


def told_again() -> Bid:
    """Bring a signature of an ECDSA device whose counter was changed."""
    blob = sshsig.dearmour(SK_EC.armour(STATEMENT, NAMESPACE))
    lines = trust_text(TrustLine("alice@lab", (NAMESPACE,), SK_EC.public))
    return Bid(STATEMENT + sshsig.enarmour(blob[:-1] + b"\x63"), trusted=TrustFiles(lines))


def under(pattern: str) -> Bid:
    rules = Rules(replace(policy.parse(b""), ceilings={"alice@lab": Ceiling((pattern,))}))
    terms = replace(TERMS, caps=TERMS.caps[:1])
    return Bid(sign_statement(terms, ALICE), trusted=replace(TRUST, rules=rules))


def body_of(data: bytes, old: bytes, new: bytes) -> bytes:
    """Change bytes inside the armour of a private key."""
    head, *lines, foot = data.splitlines(keepends=True)
    body = base64.b64decode(b"".join(lines))
    assert old in body
    return head + base64.b64encode(body.replace(old, new, 1)) + b"\n" + foot


def packed(text: bytes, files: dict[str, bytes] = FILES) -> PackBid:
    """Bring a pack under any statement that alice signs with her own tools."""
    signed = text + sshsig.sign(text, ALICE, PACK_NAMESPACE)
    return PackBid(packs.packed(signed, files), PACK_TRUST)


def pack_text(old: bytes, new: bytes) -> PackBid:
    assert old in PACK_TEXT
    return packed(PACK_TEXT.replace(old, new, 1))


def swapped_lines() -> PackBid:
    lines = PACK_TEXT.split(b"\n")
    first = next(at for at, line in enumerate(lines) if line.startswith(b"SHA256"))
    lines[first], lines[first + 1] = lines[first + 1], lines[first]
    return packed(b"\n".join(lines))


def large_note() -> LogBid:
    """Bring a checkpoint with signatures of strangers, each well formed, larger than any may be."""
    more = "".join(f"— x{n} {base64.b64encode(bytes(1500)).decode()}\n" for n in range(50))
    return LogBid((), NOTE + more.encode(), NOTE_KEY)


def sixteen() -> bytes:
    data = SIDECAR
    for n in range(100, 115):
        data = add_signature(data, SigningKey.from_seed(bytes([n]) * 32))
    return data


def scopes(count: int) -> str:
    return "".join(f'[scope.s{n}]\nsigners = ["a@b"]\n' for n in range(count))


CONTROLS = [
    Control("an RSA key with a modulus of no small factor", key_line, lambda: rsa_line(coprime(3072))),
    Control("RSA where the policy allows it", gate, lambda: by_rsa(RSA_ON)),
    Control("what was agreed", agreement, lambda: AGREED),
    Control("one armour", armour_alone, lambda: ARMOUR),
    Control("sixty-four patterns", ceiling, lambda: tuple(f"read bundle:{n}" for n in range(64))),
    Control("a pattern of two hundred characters", ceiling, lambda: ("a" * 200,)),
    Control("groups ten deep", ceiling, lambda: ("(" * 10 + "a" + ")" * 10,)),
    Control("the public half of a locked key", key_looked_at, lambda: LOCKED),
    Control("a second signature", one_more, lambda: (SIDECAR, BOB)),
    Control("a pack under its own text", pack, lambda: packed(PACK_TEXT)),
    Control("a thousand scopes", policy_file, lambda: scopes(1000)),
    Control("a log's key of a name", log_named, lambda: (ORIGIN, ALICE)),
]  # fmt: skip

ATTACKS = [
    # ---- keys
    Attack("RSA of 2048 bits without a small factor", STRANGER, key_line, "E_KEY_WEAK", lambda: rsa_line(coprime(2048))),
    Attack("RSA of 8193 bits without a small factor", STRANGER, key_line, "E_KEY_WEAK", lambda: rsa_line(coprime(8193))),
    Attack("an exponent of 3 without another fault", STRANGER, key_line, "E_KEY_WEAK", lambda: rsa_line(coprime(3072), 3)),
    Attack("an RSA signature of another statement", TRUSTED, gate, "E_SIG_BAD", lambda: by_rsa(RSA_ON, b"other")),
    Attack("RSA where the policy says false", TRUSTED, gate, "E_KEY_ALGORITHM", lambda: by_rsa("[policy]\nallow-rsa = false\n")),
    Attack("the counter of an ECDSA device was changed", NOTHING, gate, "E_SIG_BAD", told_again),
    Attack("r of zero in the form of a number", TRUSTED, gate, "E_SIG_MALLEABLE", zero_r),
    Attack("a type without a key", STRANGER, key_line, "E_KEY_FORMAT", lambda: "ssh-ed25519"),
    Attack("a key without a type", STRANGER, key_line, "E_KEY_FORMAT", lambda: " " + ALICE.public.line().split()[1]),
    Attack("a locked key of another format", TRUSTED, key_looked_at, "E_KEY_PRIVATE", lambda: body_of(LOCKED, b"key-v1\0", b"key-v2\0")),
    Attack("a locked file that holds two keys", TRUSTED, key_looked_at, "E_KEY_PRIVATE", lambda: body_of(LOCKED, b"\0\0\0\1\0\0\0\x33", b"\0\0\0\2\0\0\0\x33")),
    Attack("a locked key of a cipher that nobody knows", TRUSTED, private_key, "E_KEY_PRIVATE", lambda: (body_of(LOCKED, b"aes256-ctr", b"rot256-ctr"), "open sesame")),
    Attack("a comment that would be shown", READER, shown_comment, "E_KEY_FORMAT", lambda: "\x1b[2J"),
    # ---- armours
    Attack("an armour too large, well formed", NOTHING, gate, "E_SIG_ARMOUR", lambda: Bid(STATEMENT + sshsig.enarmour(BLOB + bytes(9000)))),
    Attack("an agent's armour without its first line", STRANGER, armour_alone, "E_SIG_ARMOUR", lambda: b"-" * len(HEADER[:-1]) + b"\n" + ARMOUR[len(HEADER) :]),
    Attack("an agent's armour without its last line", STRANGER, armour_alone, "E_SIG_ARMOUR", lambda: ARMOUR[: -len(FOOTER)] + b"-" * len(FOOTER[:-1]) + b"\n"),
    Attack("a seventeenth signature is added", TRUSTED, one_more, "E_SIDECAR_COUNT", lambda: (sixteen(), BOB)),
    # ---- ceilings
    Attack("a right that is the beginning of a pattern", TRUSTED, gate, "E_CEILING", lambda: under("read bundle:run-7/loss-and-more")),
    Attack("sixty-five patterns", ACCOUNT, ceiling, "E_POLICY_PATTERN", lambda: tuple(f"read bundle:{n}" for n in range(65))),
    Attack("a pattern of 201 characters", ACCOUNT, ceiling, "E_POLICY_PATTERN", lambda: ("a" * 201,)),
    Attack("a pattern with a control character", ACCOUNT, ceiling, "E_POLICY_PATTERN", lambda: ("read\x7f.*",)),
    Attack("a pattern that closes what is not open", ACCOUNT, ceiling, "E_POLICY_PATTERN", lambda: ("read .*)",)),
    Attack("a pattern that ends in its escape", ACCOUNT, ceiling, "E_POLICY_PATTERN", lambda: ("read .*\\",)),
    Attack("a pattern of fewer repetitions than at least", ACCOUNT, ceiling, "E_POLICY_PATTERN", lambda: ("a{5,2}",)),
    Attack("a pattern of a repetition without a number", ACCOUNT, ceiling, "E_POLICY_PATTERN", lambda: ("a{}",)),
    Attack("a pattern that begins with its repetition", ACCOUNT, ceiling, "E_POLICY_PATTERN", lambda: ("*read",)),
    Attack("groups eleven deep", ACCOUNT, ceiling, "E_POLICY_PATTERN", lambda: ("(" * 11 + "a" + ")" * 11,)),
    Attack("a group that is not closed", ACCOUNT, ceiling, "E_POLICY_PATTERN", lambda: ("(read",)),
    Attack("a class within a class", ACCOUNT, ceiling, "E_POLICY_PATTERN", lambda: ("[[a]",)),
    Attack("a range from a class of characters", ACCOUNT, ceiling, "E_POLICY_PATTERN", lambda: ("[\\d-z]",)),
    Attack("a range to a class of characters", ACCOUNT, ceiling, "E_POLICY_PATTERN", lambda: ("[!-\\d]",)),
    # ---- policy.toml
    Attack("a scope's setting that nobody knows", ACCOUNT, policy_file, "E_POLICY_FORM", lambda: TWO + "anybody = true\n"),
    Attack("a signer's setting that nobody knows", ACCOUNT, policy_file, "E_POLICY_FORM", lambda: '[signer."a@b"]\nmay = []\nmust = []\n'),
    Attack("a language floor that is no version", ACCOUNT, policy_file, "E_POLICY_FORM", lambda: '[policy]\nmin-language = "latest"\n'),
    Attack("a scope signed by everybody", ACCOUNT, policy_file, "E_TRUST_PRINCIPAL", lambda: '[scope.lab]\nsigners = ["*@lab"]\n'),
    Attack("a scope of 1001 signers", ACCOUNT, policy_file, "E_POLICY_FORM", lambda: f"[scope.lab]\nsigners = {[f'a{n}@b' for n in range(1001)]!r}\n"),
    Attack("1001 scopes", ACCOUNT, policy_file, "E_POLICY_FORM", lambda: scopes(1001)),
    Attack("scopes that are a number", ACCOUNT, policy_file, "E_POLICY_FORM", lambda: "scope = 3\n"),
    Attack("one scope that is a number", ACCOUNT, policy_file, "E_POLICY_FORM", lambda: "[scope]\nlab = 3\n"),
    Attack("a mode that is a number", ACCOUNT, policy_file, "E_POLICY_FORM", lambda: "[policy]\nmode = 3\n"),
    Attack("a signer that is a number", ACCOUNT, policy_file, "E_POLICY_FORM", lambda: "[scope.lab]\nsigners = [3]\n"),
    Attack("a threshold in quotes", ACCOUNT, policy_file, "E_POLICY_FORM", lambda: TWO.replace("= 2", '= "2"')),
    # ---- agreements
    Attack("an agreement of a version of the future", ACCOUNT, agreement, "E_BUNDLE_FORM", lambda: AGREED.replace(b"agreed 1", b"agreed 2")),
    Attack("an agreement with something after its end", ACCOUNT, agreement, "E_BUNDLE_FORM", lambda: AGREED + b"may .*\n"),
    Attack("an agreement without its first word", ACCOUNT, agreement, "E_BUNDLE_FORM", lambda: AGREED.replace(b"plotter2-agreed", b"PLOTTER2-agreed")),
    Attack("an agreement in another order", ACCOUNT, agreement, "E_BUNDLE_FORM", lambda: AGREED.replace(b"may read bundle:.*\nmay write output:.*\n", b"may write output:.*\nmay read bundle:.*\n")),
    Attack("an agreement about no scope", ACCOUNT, agreement, "E_POLICY_FORM", lambda: AGREED.replace(b"scope lab", b"scope */x")),
    Attack("an agreement whose version is no number", ACCOUNT, agreement, "E_BUNDLE_FORM", lambda: AGREED.replace(b"agreed 1", b"agreed one")),
    # ---- packs
    Attack("a picture whose path climbs out", PACKER, pack, "E_STMT_PATH", lambda: pack_text(b"(pictures/loss.png)", b"(pictures/../../x)")),
    Attack("the files of a pack's statement in another order", PACKER, pack, "E_STMT_NONCANONICAL", swapped_lines),
    Attack("a pack with libraries of its own", PACKER, pack, "E_STMT_PACK", lambda: pack_text(b"end\n", b"import sha256:" + b"0" * 64 + b" lab/fit\nend\n")),
    Attack("a pack with limits of its own", PACKER, pack, "E_STMT_PACK", lambda: pack_text(b"end\n", b"limit cpu-ms 1\nlimit mem-mib 1\nlimit out-mib 1\nlimit wall-ms 1\nend\n")),
    Attack("a pack that would fill the disk is not made", NOTHING, pack_made, "E_PACK_SIZE", lambda: packs.MAX_PACK),
    # ---- the log
    Attack("a log's key of 31 bytes", STRANGER, log_key, "E_LOG_KEY", lambda: f"{ORIGIN}+00000000+{base64.b64encode(bytes([1]) + bytes(31)).decode()}"),
    Attack("a log's key of a curve", STRANGER, log_named, "E_LOG_KEY", lambda: (ORIGIN, file_key(P256))),
    Attack("a log's name with a plus", STRANGER, log_named, "E_LOG_NOTE", lambda: ("a+b", ALICE)),
    Attack("a checkpoint too large, well formed", LOG_FILES, log_verify, "E_LOG_NOTE", large_note),
    Attack("a proof too large for its parts", NOTHING, proof_alone, "E_LOG_PROOF", lambda: (PROOF.dump() + b"x" * 300_000, NOTE_KEY)),
    Attack("a proof that ends before its checkpoint", NOTHING, proof_alone, "E_LOG_PROOF", lambda: (PROOF.dump().partition(b"\n\n")[0], NOTE_KEY)),
    Attack("a proof of its first line alone", NOTHING, proof_alone, "E_LOG_PROOF", lambda: (b"c2sp.org/tlog-proof@v1\n\n" + NOTE, NOTE_KEY)),
    Attack("a proof whose entry has no name", NOTHING, proof_alone, "E_LOG_PROOF", lambda: (PROOF.dump().replace(b"extra ", b"", 1), NOTE_KEY)),
]  # fmt: skip
