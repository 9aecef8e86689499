"""What an insider can write into a statement with tools of their own: every line, and what the file then is."""

from __future__ import annotations

from dataclasses import replace

from p2sign import sshsig
from p2sign.make import sign_statement
from p2sign.rights import Capability, SignedLimits
from p2sign.statement import Import, digests
from p2sign.uses import Kind
from p2sign_samples import ALICE, BOB, NAMESPACE, SCRIPT, TERMS
from signing_attacks import (
    NOTHING,
    OLD,
    OTHER_USE,
    SIDECAR,
    STATEMENT,
    TRUSTED,
    Attack,
    Bid,
    Control,
    changed,
    gate,
    signed_anyway,
    with_terms,
)

DIGEST = TERMS.digest_of_entry().encode()
FILE_LINE = b"SHA256 (thermal.p2) = " + DIGEST + b"\n"
CAPS = b"cap read bundle:run-7/loss\ncap write frame:loss-summary\n"
HUGE = b"".join(b"cap read bundle:run-%06d\n" % number for number in range(12_000))
RIGHT = Capability("read", "bundle", "run-7/loss")
LIMITS = TERMS.limits
IMPORTED = TERMS.imports[0]


def entry(name: str) -> Bid:
    """Bring a file of this name, signed under it by other tools."""
    text = STATEMENT.replace(b"entry thermal.p2", b"entry " + name.encode())
    return Bid(signed_anyway(text.replace(b"(thermal.p2)", b"(" + name.encode() + b")")), name=name)


def as_kind(kind: bytes, namespace: str) -> Bid:
    text = STATEMENT.replace(b"kind script", b"kind " + kind)
    return Bid(text + sshsig.sign(text, ALICE, namespace))


def two_files(names: tuple[str, ...]) -> Bid:
    text = "".join(f"SHA256 ({name}) = {DIGEST.decode()}\n" for name in names).encode()
    return changed(FILE_LINE, text)


def of_script(script: bytes, **terms: str) -> Bid:
    """Bring another script, signed as it is."""
    signed = replace(TERMS, files=digests({"thermal.p2": script}), **terms)
    return Bid(sign_statement(signed, ALICE), script)


CONTROLS = [
    Control("an edition line below comments", gate, lambda: of_script(b"# p2 2\n\n  p2 1 # p2 3\n" + SCRIPT)),
    Control("the statement, signed with other tools", gate, lambda: Bid(signed_anyway(STATEMENT))),
    Control("other terms", gate, lambda: with_terms(serial=9, name="lab/x.y_z-1", expires=None)),
    Control("other limits and rights", gate, lambda: with_terms(limits=SignedLimits(1, 1, 1, 1), caps=())),
    Control("rights and limits that were signed", gate, lambda: Bid(SIDECAR, needs=(RIGHT,), limits=LIMITS, uses=(IMPORTED,))),
    Control("the form of an entry", gate, lambda: entry("thermal.p2")),
    Control("a local statement where one is wanted", gate, lambda: replace(_local(), use=Kind.LOCAL, trusted=_local_trust())),
]  # fmt: skip


def _local() -> Bid:
    return Bid(sign_statement(replace(TERMS, kind=Kind.LOCAL), ALICE))


def _local_trust() -> object:
    from p2sign.gate import TrustFiles
    from p2sign.trust import TrustLine
    from p2sign_samples import trust_text

    return TrustFiles(trust_text(TrustLine("machine@lab", (Kind.LOCAL.namespace,), ALICE.public)))


ATTACKS = [
    # ---- form
    Attack("a statement of a version of the future", TRUSTED, gate, "E_STMT_VERSION", lambda: changed(b"statement 1", b"statement 2")),
    Attack("a version with a zero in front", TRUSTED, gate, "E_STMT_VERSION", lambda: changed(b"statement 1", b"statement 01")),
    Attack("a line that nobody knows, before the rights", TRUSTED, gate, "E_STMT_LINE", lambda: changed(b"cap read", b"allow all\ncap read")),
    Attack("a line that nobody knows, at the end", TRUSTED, gate, "E_STMT_LINE", lambda: changed(b"end\n", b"allow all\nend\n")),
    Attack("something after the last line", TRUSTED, gate, "E_STMT_LINE", lambda: changed(b"end\n", b"end\ncap write output:x\n")),
    Attack("the last line is missing", TRUSTED, gate, "E_STMT_LINE", lambda: changed(b"end\n", b"")),
    Attack("the last line twice", TRUSTED, gate, "E_STMT_LINE", lambda: changed(b"end\n", b"end\nend\n")),
    Attack("a comment", TRUSTED, gate, "E_STMT_LINE", lambda: changed(b"cap read", b"# harmless\ncap read")),
    Attack("an empty line", TRUSTED, gate, "E_STMT_LINE", lambda: changed(b"kind ", b"\nkind ")),
    Attack("lines in another order", TRUSTED, gate, "E_STMT_LINE", lambda: changed(b"kind script\nname lab/thermal\n", b"name lab/thermal\nkind script\n")),
    Attack("a name twice: which one counts?", TRUSTED, gate, "E_STMT_LINE", lambda: changed(b"name lab/thermal\n", b"name lab/thermal\nname own/thermal\n")),
    Attack("no expiry at all", TRUSTED, gate, "E_STMT_LINE", lambda: changed(b"expires 2027-11-25T09:46:40Z\n", b"")),
    Attack("a space at the end of a line", TRUSTED, gate, "E_STMT_NUMBER", lambda: changed(b"serial 7\n", b"serial 7 \n")),
    Attack("two spaces between words", TRUSTED, gate, "E_STMT_NUMBER", lambda: changed(b"serial 7", b"serial  7")),
    Attack("a tab between words", TRUSTED, gate, "E_STMT_LINE", lambda: changed(b"serial 7", b"serial\t7")),
    Attack("words in capital letters", TRUSTED, gate, "E_STMT_LINE", lambda: changed(b"serial 7", b"SERIAL 7")),
    Attack("a byte beyond ASCII", TRUSTED, gate, "E_STMT_LINE", lambda: changed(b"lab/thermal", "läb/thermal".encode())),
    Attack("a name with a homoglyph", TRUSTED, gate, "E_STMT_LINE", lambda: changed(b"lab/thermal", "lаb/thermal".encode())),
    Attack("a null byte", TRUSTED, gate, "E_STMT_NAME", lambda: changed(b"lab/thermal", b"lab/thermal\0")),
    Attack("an escape sequence in the name", TRUSTED, gate, "E_STMT_NAME", lambda: changed(b"lab/thermal", b"lab/\x1b[8mthermal")),
    Attack("more rights than anybody reads", TRUSTED, gate, "E_STMT_SIZE", lambda: Bid(signed_anyway(STATEMENT.replace(CAPS, HUGE)))),
    Attack("a serial with a zero in front", TRUSTED, gate, "E_STMT_NONCANONICAL", lambda: changed(b"serial 7", b"serial 07")),
    Attack("a limit with a zero in front", TRUSTED, gate, "E_STMT_NONCANONICAL", lambda: changed(b"mem-mib 512", b"mem-mib 0512")),
    Attack("limits in another order", TRUSTED, gate, "E_STMT_NONCANONICAL", lambda: changed(b"limit mem-mib 512\nlimit out-mib 64\n", b"limit out-mib 64\nlimit mem-mib 512\n")),
    Attack("rights in another order", TRUSTED, gate, "E_STMT_NONCANONICAL", lambda: changed(CAPS, b"cap write frame:loss-summary\ncap read bundle:run-7/loss\n")),
    Attack("a right twice", TRUSTED, gate, "E_STMT_NONCANONICAL", lambda: changed(b"cap read bundle:run-7/loss\n", 2 * b"cap read bundle:run-7/loss\n")),
    Attack("a library twice, with two digests", TRUSTED, gate, "E_STMT_NONCANONICAL", lambda: changed(b"import ", b"import sha256:" + b"0" * 64 + b" std/fit\nimport ")),
    # ---- numbers
    Attack("serial zero, below every floor", TRUSTED, gate, "E_STMT_NUMBER", lambda: changed(b"serial 7", b"serial 0")),
    Attack("a negative serial", TRUSTED, gate, "E_STMT_NUMBER", lambda: changed(b"serial 7", b"serial -7")),
    Attack("a serial that is the last one for ever", TRUSTED, gate, "E_STMT_NUMBER", lambda: changed(b"serial 7", b"serial 2147483648")),
    Attack("a serial of a hundred digits", TRUSTED, gate, "E_STMT_NUMBER", lambda: changed(b"serial 7", b"serial " + b"9" * 100)),
    Attack("a serial in other digits of Unicode", TRUSTED, gate, "E_STMT_LINE", lambda: changed(b"serial 7", "serial ٧".encode())),
    Attack("a serial with an underscore", TRUSTED, gate, "E_STMT_NUMBER", lambda: changed(b"serial 7", b"serial 1_0")),
    Attack("a limit of zero", TRUSTED, gate, "E_STMT_NUMBER", lambda: changed(b"cpu-ms 20000", b"cpu-ms 0")),
    Attack("a limit without end", TRUSTED, gate, "E_STMT_NUMBER", lambda: changed(b"cpu-ms 20000", b"cpu-ms 4294967296")),
    Attack("a language that is no number", TRUSTED, gate, "E_STMT_NUMBER", lambda: changed(b"language 1.2", b"language latest")),
    Attack("a language with a zero in front", TRUSTED, gate, "E_STMT_NUMBER", lambda: changed(b"language 1.2", b"language 1.02")),
    # ---- times
    Attack("a time without a zone", TRUSTED, gate, "E_STMT_TIME", lambda: changed(b"09:46:40Z", b"09:46:40")),
    Attack("a time with an offset", TRUSTED, gate, "E_STMT_TIME", lambda: changed(b"09:46:40Z", b"09:46:40+09:00")),
    Attack("a day that is not", TRUSTED, gate, "E_STMT_TIME", lambda: changed(b"2027-11-25", b"2027-02-30")),
    Attack("a leap second", TRUSTED, gate, "E_STMT_TIME", lambda: changed(b"09:46:40Z", b"09:46:60Z")),
    Attack("an expiry before the issue", TRUSTED, gate, "E_STMT_TIME", lambda: changed(b"expires 2027", b"expires 2025")),
    Attack("an expiry in the moment of the issue", TRUSTED, gate, "E_STMT_TIME", lambda: changed(b"expires 2027-11-25", b"expires 2026-11-24")),
    Attack("an issue before computers could sign", TRUSTED, gate, "E_STMT_TIME", lambda: changed(b"issued 2026", b"issued 1999")),
    Attack("a week in place of a date", TRUSTED, gate, "E_STMT_TIME", lambda: changed(b"2026-11-24T", b"2026-W48-2T")),
    # ---- names and paths
    Attack("a name without a scope", TRUSTED, gate, "E_STMT_NAME", lambda: changed(b"lab/thermal", b"thermal")),
    Attack("a name of five segments", TRUSTED, gate, "E_STMT_NAME", lambda: changed(b"lab/thermal", b"lab/a/b/c/d")),
    Attack("a name that climbs", TRUSTED, gate, "E_STMT_NAME", lambda: changed(b"lab/thermal", b"lab/../own")),
    Attack("a name in capital letters, another one on some disks", TRUSTED, gate, "E_STMT_NAME", lambda: changed(b"lab/thermal", b"lab/Thermal")),
    Attack("a name with an empty segment", TRUSTED, gate, "E_STMT_NAME", lambda: changed(b"lab/thermal", b"lab//thermal")),
    Attack("a name of a thousand characters", TRUSTED, gate, "E_STMT_NAME", lambda: changed(b"lab/thermal", b"lab/" + b"t" * 1000)),
    Attack("an entry that climbs out of the folder", TRUSTED, gate, "E_STMT_PATH", lambda: entry("../thermal.p2")),
    Attack("an entry from the root of the disk", TRUSTED, gate, "E_STMT_PATH", lambda: entry("/etc/thermal.p2")),
    Attack("an entry that is a device of Windows", TRUSTED, gate, "E_STMT_PATH", lambda: entry("nul.p2")),
    Attack("an entry with a stream of Windows", TRUSTED, gate, "E_STMT_PATH", lambda: entry("thermal.p2:evil")),
    Attack("an entry that ends with a dot", TRUSTED, gate, "E_STMT_PATH", lambda: entry("thermal.p2.")),
    Attack("an entry with a backslash", TRUSTED, gate, "E_STMT_PATH", lambda: entry("a\\thermal.p2")),
    Attack("a hidden entry", TRUSTED, gate, "E_STMT_PATH", lambda: entry(".thermal.p2")),
    Attack("an entry that a shell would run", TRUSTED, gate, "E_STMT_PATH", lambda: entry("$(id).p2")),
    Attack("an entry with a space, an option of tools", TRUSTED, gate, "E_STMT_PATH", lambda: entry("-rf x.p2")),
    Attack("an entry nine folders deep", TRUSTED, gate, "E_STMT_PATH", lambda: entry("a/" * 8 + "t.p2")),
    Attack("an entry longer than file systems allow", TRUSTED, gate, "E_STMT_PATH", lambda: entry("a" * 241)),
    Attack("an entry in a folder", TRUSTED, gate, "E_STMT_FILES", lambda: entry("sub/thermal.p2")),
    # ---- files and digests
    Attack("a script of two files", TRUSTED, gate, "E_STMT_FILES", lambda: two_files(("other.p2", "thermal.p2"))),
    Attack("two files that differ by case only", TRUSTED, gate, "E_STMT_PATH", lambda: two_files(("Thermal.p2", "thermal.p2"))),
    Attack("a file that is a folder of another", TRUSTED, gate, "E_STMT_PATH", lambda: two_files(("thermal.p2", "thermal.p2/x"))),
    Attack("two folders that differ by case only", TRUSTED, gate, "E_STMT_PATH", lambda: two_files(("A/x", "a/y", "thermal.p2"))),
    Attack("no file at all", TRUSTED, gate, "E_STMT_FILES", lambda: changed(FILE_LINE, b"")),
    Attack("the entry is another file than the digest's", TRUSTED, gate, "E_STMT_FILES", lambda: changed(b"entry thermal.p2", b"entry gain.p2")),
    Attack("a digest in capital letters", TRUSTED, gate, "E_STMT_DIGEST", lambda: changed(DIGEST, DIGEST.upper())),
    Attack("a digest that was cut", TRUSTED, gate, "E_STMT_DIGEST", lambda: changed(DIGEST, DIGEST[:63])),
    Attack("a digest of another hash", TRUSTED, gate, "E_STMT_LINE", lambda: changed(b"SHA256 (", b"SHA1 (")),
    Attack("a digest line in the form of other tools", TRUSTED, gate, "E_STMT_LINE", lambda: changed(FILE_LINE, DIGEST + b"  thermal.p2\n")),
    Attack("a digest without its form", TRUSTED, gate, "E_STMT_LINE", lambda: changed(b") = ", b"): ")),
    Attack("an import without a hash", TRUSTED, gate, "E_STMT_LINE", lambda: changed(b"import sha256:", b"import md5:")),
    Attack("an import whose digest is short", TRUSTED, gate, "E_STMT_DIGEST", lambda: changed(b"import sha256:69", b"import sha256:6")),
    Attack("an import by a name that climbs", TRUSTED, gate, "E_STMT_NAME", lambda: changed(b" std/fit", b" std/../fit")),
    # ---- rights and limits
    Attack("a right to everything", TRUSTED, gate, "E_STMT_CAP", lambda: changed(CAPS, b"cap * *:*\n")),
    Attack("a right without a target's kind", TRUSTED, gate, "E_STMT_CAP", lambda: changed(b"cap read bundle:", b"cap read bundle ")),
    Attack("a right with a word in capital letters", TRUSTED, gate, "E_STMT_CAP", lambda: changed(b"cap read", b"cap READ")),
    Attack("a target that spells a character in two ways", TRUSTED, gate, "E_STMT_CAP", lambda: changed(b"run-7/loss", b"run-7%2Floss")),
    Attack("a target with percent signs in small letters", TRUSTED, gate, "E_STMT_CAP", lambda: changed(b"run-7/loss", b"run-7%c3%a4")),
    Attack("a target that is not UTF-8 when decoded", TRUSTED, gate, "E_STMT_CAP", lambda: changed(b"run-7/loss", b"run-7%FF")),
    Attack("a target with a space, to look like two rights", TRUSTED, gate, "E_STMT_CAP", lambda: changed(b"run-7/loss", b"run-7; nothing else")),
    Attack("a target without anything", TRUSTED, gate, "E_STMT_CAP", lambda: changed(b"bundle:run-7/loss", b"bundle:")),
    Attack("a word of a right as long as memory", TRUSTED, gate, "E_STMT_CAP", lambda: changed(b"cap read", b"cap r" + b"e" * 500)),
    Attack("no limit of memory", TRUSTED, gate, "E_STMT_LIMIT", lambda: changed(b"limit mem-mib 512\n", b"")),
    Attack("no limits at all", TRUSTED, gate, "E_STMT_LIMIT", lambda: Bid(signed_anyway(STATEMENT[: STATEMENT.index(b"limit")] + b"end\n"))),
    Attack("a limit twice", TRUSTED, gate, "E_STMT_LIMIT", lambda: changed(b"limit mem-mib 512\n", b"limit mem-mib 512\nlimit mem-mib 9999\n")),
    Attack("a limit that nobody knows", TRUSTED, gate, "E_STMT_LIMIT", lambda: changed(b"limit mem-mib", b"limit gpu-mib")),
    Attack("a limit without a number", TRUSTED, gate, "E_STMT_NUMBER", lambda: changed(b"limit mem-mib 512", b"limit mem-mib")),
    # ---- kinds
    Attack("a kind that nobody knows", TRUSTED, gate, "E_STMT_KIND", lambda: changed(b"kind script", b"kind macro")),
    Attack("a draft, signed as a draft", OTHER_USE, gate, "E_SIG_DRAFT", lambda: as_kind(b"draft", "plotter2-draft@v1")),
    Attack("a draft whose signature says script", TRUSTED, gate, "E_KIND", lambda: as_kind(b"draft", NAMESPACE)),
    Attack("a script whose signature says draft", OTHER_USE, gate, "E_SIG_DRAFT", lambda: as_kind(b"script", "plotter2-draft@v1")),
    Attack("a machine's statement passed off as a person's", OTHER_USE, gate, "E_SIG_NAMESPACE", lambda: as_kind(b"local", "plotter2-local@v1")),
    Attack("a local statement whose signature says script", TRUSTED, gate, "E_KIND", lambda: as_kind(b"local", NAMESPACE)),
    Attack("a pack's statement in place of a script's", TRUSTED, gate, "E_STMT_PACK", lambda: as_kind(b"pack", NAMESPACE)),
    Attack("a signature of a trust bundle on a script", OTHER_USE, gate, "E_SIG_NAMESPACE", lambda: as_kind(b"script", "plotter2-trust@v1")),
    Attack("a signature of a list of revocations on a script", OTHER_USE, gate, "E_SIG_NAMESPACE", lambda: as_kind(b"script", "plotter2-revoke@v1")),
    Attack("a countersignature of a log on a script", OTHER_USE, gate, "E_SIG_NAMESPACE", lambda: as_kind(b"script", "plotter2-log@v1")),
    Attack("a signature of git on a script", OTHER_USE, gate, "E_SIG_NAMESPACE", lambda: as_kind(b"script", "git")),
    Attack("a signature of a file by hand", OTHER_USE, gate, "E_SIG_NAMESPACE", lambda: as_kind(b"script", "file")),
    Attack("a person's script where the machine's own is wanted", OTHER_USE, gate, "E_SIG_NAMESPACE", lambda: Bid(SIDECAR, use=Kind.LOCAL)),
    # ---- the script beside it
    Attack("another script under a good signature", NOTHING, gate, "E_DIGEST", lambda: Bid(SIDECAR, SCRIPT.replace(b"loss", b"gain"))),
    Attack("an empty script", NOTHING, gate, "E_DIGEST", lambda: Bid(SIDECAR, b"")),
    Attack("a byte after the script", NOTHING, gate, "E_DIGEST", lambda: Bid(SIDECAR, SCRIPT + b" ")),
    Attack("the script with line ends of Windows", NOTHING, gate, "E_DIGEST_EOL", lambda: Bid(SIDECAR, SCRIPT.replace(b"\n", b"\r\n"))),
    Attack("the script without its last line feed", NOTHING, gate, "E_DIGEST_EOL", lambda: Bid(SIDECAR, SCRIPT[:-1])),
    Attack("the script with one more line feed", NOTHING, gate, "E_DIGEST_EOL", lambda: Bid(SIDECAR, SCRIPT + b"\n")),
    Attack("a byte order mark before the script", NOTHING, gate, "E_DIGEST", lambda: Bid(SIDECAR, b"\xef\xbb\xbf" + SCRIPT)),
    Attack("the script under another name", NOTHING, gate, "E_ENTRY", lambda: Bid(SIDECAR, name="other.p2")),
    Attack("the script under its name in capital letters", NOTHING, gate, "E_ENTRY", lambda: Bid(SIDECAR, name="Thermal.p2")),
    Attack("the script under a name with a homoglyph", NOTHING, gate, "E_ENTRY", lambda: Bid(SIDECAR, name="thermаl.p2")),
    Attack("a file name that paints the terminal", NOTHING, gate, "E_ENTRY", lambda: Bid(SIDECAR, name="\x1b]0;owned\x07thermal.p2")),
    Attack("a file name that turns its direction", NOTHING, gate, "E_ENTRY", lambda: Bid(SIDECAR, name="thermal\u202e2p.exe")),
    Attack("a file name over two lines", NOTHING, gate, "E_UNSIGNED", lambda: Bid(None, name="a.p2\ngood: signed by alice@lab")),
    Attack("an older version put back with its own signature", OLD, gate, "E_SERIAL", lambda: Bid(SIDECAR, floors={"lab/thermal": 8})),
    Attack("a script of the second edition signed as the first", TRUSTED, gate, "E_LANGUAGE", lambda: of_script(b"# made by a program\n\np2 2\n" + SCRIPT)),
    Attack("a script of the first edition signed as the second", TRUSTED, gate, "E_LANGUAGE", lambda: of_script(b"p2 1\n" + SCRIPT, language="2.0")),
    Attack("the signature of one script of alice on another of hers", OLD, gate, "E_DIGEST", lambda: Bid(sign_statement(replace(TERMS, files=digests({"thermal.p2": b"other"})), ALICE))),
    # ---- what the compiled script then asks for
    Attack("a right that was not signed", TRUSTED, gate, "E_CAP_UNDECLARED", lambda: Bid(SIDECAR, needs=(Capability("write", "output", "x"),))),
    Attack("the signed right to a longer target", TRUSTED, gate, "E_CAP_UNDECLARED", lambda: Bid(SIDECAR, needs=(replace(RIGHT, target="run-7/loss2"),))),
    Attack("the signed right to the folder above", TRUSTED, gate, "E_CAP_UNDECLARED", lambda: Bid(SIDECAR, needs=(replace(RIGHT, target="run-7"),))),
    Attack("a star in a signed right is no pattern", TRUSTED, gate, "E_CAP_UNDECLARED", lambda: replace(with_terms(caps=(replace(RIGHT, target="*"),)), needs=(RIGHT,))),
    Attack("more memory than was signed", TRUSTED, gate, "E_CAP_UNDECLARED", lambda: Bid(SIDECAR, limits=SignedLimits(1, 513, 1, 1))),
    Attack("a library that was not signed", TRUSTED, gate, "E_IMPORT", lambda: Bid(SIDECAR, uses=(Import("0" * 64, "lab/smoothing/1.2.0"),))),
    Attack("another text of a signed library", TRUSTED, gate, "E_IMPORT", lambda: Bid(SIDECAR, uses=(Import("0" * 64, "std/fit"),))),
    Attack("another version of a signed library", TRUSTED, gate, "E_IMPORT", lambda: Bid(SIDECAR, uses=(replace(IMPORTED, name="std/fit2"),))),
    Attack("bob signed a statement that alice did not", TRUSTED, gate, "E_SIG_BAD", lambda: Bid(STATEMENT.replace(b"serial 7", b"serial 8") + SIDECAR[len(STATEMENT) :] + sshsig.sign(STATEMENT.replace(b"serial 7", b"serial 8"), BOB, NAMESPACE))),
]  # fmt: skip
