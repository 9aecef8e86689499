"""Packs: the container, what is in it and in which place, and packers who are trusted to bind and for no more."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from hashlib import sha256

from p2sign import pack as packs
from p2sign import sshsig
from p2sign.gate import TrustFiles
from p2sign.make import add_signature, sign_statement
from p2sign.pack import MAX_PACK, packed
from p2sign.policy import Rules
from p2sign.policy import parse as policy_of
from p2sign.statement import Import, digests
from p2sign.trust import TrustLine
from p2sign.uses import Kind
from p2sign_samples import ALICE, BOB, NAMESPACE, NOW, SCRIPT, TERMS, trust_text
from pack_samples import (
    FILES,
    LIBRARY,
    LIBRARY_PATH,
    LIBRARY_TERMS,
    PACK_NAMESPACE,
    PACK_TRUST,
    PLAIN,
    PLAIN_TERMS,
    pack_of,
    pack_terms,
    with_files,
)
from signing_attacks import (
    NOTHING,
    OLD,
    OTHER_USE,
    PACKER,
    SIDECAR,
    STRANGER,
    Attack,
    Bid,
    Control,
    PackBid,
    gate,
    pack,
)

PACK = pack_of()
PACK_SIDECAR = sign_statement(pack_terms(), ALICE)
NAME = "lab/thermal-pack"


def bid(data: bytes, **more: object) -> PackBid:
    return PackBid(data, PACK_TRUST, **more)  # type: ignore[arg-type]


def cut(old: bytes, new: bytes) -> PackBid:
    """Bring the good pack with changed bytes."""
    assert old in PACK
    return bid(PACK.replace(old, new, 1))


def holding(files: dict[str, bytes | None], **terms: object) -> PackBid:
    """Bring what a trusted packer made of other files."""
    return bid(pack_of(with_files(files), **terms))  # type: ignore[arg-type]


def raw(files: list[tuple[str, bytes]], sidecar: bytes = PACK_SIDECAR) -> PackBid:
    """Bring the files in any order, as the packer's tools would not write them."""
    return bid(packs.Pack(sidecar, tuple(files)).join())


def other_sidecar(sidecar: bytes) -> PackBid:
    return bid(packed(sidecar, FILES))


def resigned(path: str, terms: object, key: object = ALICE) -> dict[str, bytes | None]:
    return {f"{path}.sig": sign_statement(terms, key)}  # type: ignore[arg-type]


def library(name: str, where: str) -> dict[str, bytes | None]:
    """Give the files with the library under another name or in another place."""
    terms = replace(LIBRARY_TERMS, name=name, entry=where.rpartition("/")[2])
    terms = replace(terms, files=digests({terms.entry: LIBRARY}))
    gone = {LIBRARY_PATH: None, f"{LIBRARY_PATH}.sig": None}
    return {**gone, where: LIBRARY, f"{where}.sig": sign_statement(terms, ALICE)}


def ruled(text: str) -> PackBid:
    return replace(bid(PACK), trusted=replace(PACK_TRUST, rules=Rules(policy_of(text.encode()))))


def revoked(digest: str) -> PackBid:
    return replace(bid(PACK), trusted=replace(PACK_TRUST, revoked_scripts=f"{digest}\n".encode()))


def pieces() -> list[tuple[str, bytes]]:
    return [(path, FILES[path]) for path in sorted(FILES)]


OTHER = b"pipe smooth = other\n"
OTHER_LIBRARY = replace(LIBRARY_TERMS, files=digests({"1.0.0.p2": OTHER}))

CONTROLS = [
    Control("the pack", pack, lambda: bid(PACK)),
    Control("the pack, put together again", pack, lambda: raw(pieces())),
    Control("the version that was opened last", pack, lambda: bid(PACK, floors={NAME: 3})),
    Control("a script of a stranger in a pack", pack, lambda: holding(resigned("plain.p2", PLAIN_TERMS, BOB))),
    Control("another name of the library, everywhere", pack, lambda: holding(library("lab/fit/1.0.0", LIBRARY_PATH))),
    Control("a packer of the scope", pack, lambda: ruled('[scope.lab]\nsigners = ["alice@lab"]\n')),
    Control("somebody else's script is revoked", pack, lambda: revoked("0" * 64)),
]  # fmt: skip

ATTACKS = [
    # ---- the container
    Attack("no pack at all", NOTHING, pack, "E_PACK_FORM", lambda: bid(b"")),
    Attack("a zip under the name of a pack", NOTHING, pack, "E_PACK_FORM", lambda: bid(b"PK\3\4" + PACK)),
    Attack("a pack behind a script for a shell", NOTHING, pack, "E_PACK_FORM", lambda: bid(b"#!/bin/sh\n" + PACK)),
    Attack("a pack of the future", NOTHING, pack, "E_PACK_FORM", lambda: cut(b"P2PACK 1", b"P2PACK 2")),
    Attack("a pack with line ends of Windows", NOTHING, pack, "E_PACK_EOL", lambda: bid(PACK.replace(b"\n", b"\r\n"))),
    Attack("a pack that fills the disk", NOTHING, pack, "E_PACK_SIZE", lambda: bid(PACK + bytes(MAX_PACK))),
    Attack("bytes after the end", NOTHING, pack, "E_PACK_END", lambda: bid(PACK + b"\0")),
    Attack("a second pack after the end", NOTHING, pack, "E_PACK_END", lambda: bid(PACK + PACK)),
    Attack("a pack without its end", NOTHING, pack, "E_PACK_END", lambda: bid(PACK[:-4])),
    Attack("a pack cut in a file", NOTHING, pack, "E_PACK_LENGTH", lambda: bid(PACK[:-30])),
    Attack("a length with a zero in front", NOTHING, pack, "E_PACK_LENGTH", lambda: cut(b"\nsig ", b"\nsig 0")),
    Attack("a length with a sign", NOTHING, pack, "E_PACK_LENGTH", lambda: cut(b"\nsig ", b"\nsig +")),
    Attack("a length in other digits of Unicode", NOTHING, pack, "E_PACK_LENGTH", lambda: cut(b"\nsig ", "\nsig ٣".encode())),
    Attack("a length of a terabyte", NOTHING, pack, "E_PACK_LENGTH", lambda: cut(b"\nsig ", b"\nsig 99")),
    Attack("a length that is one too many", NOTHING, pack, "E_PACK_LENGTH", lambda: bid(b"P2PACK 1\nsig 4\nab\n\nend\n")),
    Attack("a signature larger than any", NOTHING, pack, "E_PACK_LENGTH", lambda: bid(b"P2PACK 1\nsig 500000\n" + bytes(500_000) + b"\nend\n")),
    Attack("a line without an end", NOTHING, pack, "E_PACK_FORM", lambda: bid(b"P2PACK 1\nsig " + b"1" * 5000)),
    Attack("a line that nobody knows", NOTHING, pack, "E_PACK_FORM", lambda: cut(b"\nfile ", b"\nlink ")),
    Attack("two spaces in a line", NOTHING, pack, "E_PACK_FORM", lambda: cut(b"\nfile ", b"\nfile  ")),
    Attack("a file before the signature", NOTHING, pack, "E_PACK_FORM", lambda: bid(b"P2PACK 1\nfile 1 a.p2\nx\n" + PACK[9:])),
    Attack("a file without a name", NOTHING, pack, "E_PACK_FORM", lambda: bid(b"P2PACK 1\nsig 0\n\nfile 1 \nx\nend\n")),
    Attack("a name that paints the terminal", NOTHING, pack, "E_PACK_FORM", lambda: bid(b"P2PACK 1\nsig 0\n\nfile 1 \x1b[2Ja.p2\nx\nend\n")),
    Attack("five thousand files", NOTHING, pack, "E_PACK_FILES", lambda: bid(b"P2PACK 1\nsig 0\n\n" + b"file 0 a\n\n" * 5000 + b"end\n")),
    Attack("no signature", NOTHING, pack, "E_SIDECAR_BLOCK", lambda: other_sidecar(b"")),
    Attack("a statement without a signature", NOTHING, pack, "E_UNSIGNED", lambda: other_sidecar(pack_terms().dump())),
    # ---- the files against the statement
    Attack("another picture", NOTHING, pack, "E_PACK_DIGEST", lambda: cut(b"not parsed", b"not parsex")),
    Attack("other data", NOTHING, pack, "E_PACK_DIGEST", lambda: cut(b"P2B not looked", b"P2B now looked")),
    Attack("another script under the old signature of the pack", OLD, pack, "E_PACK_DIGEST", lambda: raw([(path, b"access" if path == "plain.p2" else data) for path, data in pieces()])),
    Attack("a file under another name", NOTHING, pack, "E_PACK_FILES", lambda: cut(b"/loss.png\n", b"/lost.png\n")),
    Attack("a file that the statement does not name", NOTHING, pack, "E_PACK_FILES", lambda: raw(sorted([*pieces(), ("zz.p2", b"x")]))),
    Attack("a file that was left out", NOTHING, pack, "E_PACK_FILES", lambda: raw(pieces()[1:])),
    Attack("a file twice, good and evil", NOTHING, pack, "E_PACK_FILES", lambda: raw([*pieces(), ("thermal.p2", b"evil")])),
    Attack("the files in another order", NOTHING, pack, "E_PACK_FILES", lambda: raw(pieces()[::-1])),
    Attack("the statement of another pack of the same packer", OLD, pack, "E_PACK_FILES", lambda: bid(packed(sign_statement(pack_terms({"plain.p2": PLAIN, "plain.p2.sig": FILES["plain.p2.sig"]}), ALICE), FILES))),
    # ---- who bound it
    Attack("a pack of a stranger", STRANGER, pack, "E_SIGNER_UNKNOWN", lambda: bid(pack_of(key=BOB))),
    Attack("a stranger binds beside a trusted packer", STRANGER, pack, "E_SIGNER_UNKNOWN", lambda: other_sidecar(add_signature(PACK_SIDECAR, BOB))),
    Attack("somebody who may sign scripts binds a pack", OTHER_USE, pack, "E_SIGNER_NAMESPACE", lambda: replace(bid(PACK), trusted=TrustFiles(trust_text(TrustLine("alice@lab", (NAMESPACE,), ALICE.public))))),
    Attack("a script's signature on a pack", OTHER_USE, pack, "E_SIG_NAMESPACE", lambda: other_sidecar(pack_terms().dump() + sshsig.sign(pack_terms().dump(), ALICE, NAMESPACE))),
    Attack("a script's statement with a pack's signature", PACKER, pack, "E_KIND", lambda: other_sidecar(TERMS.dump() + sshsig.sign(TERMS.dump(), ALICE, PACK_NAMESPACE))),
    Attack("a draft of a pack", OTHER_USE, pack, "E_SIG_DRAFT", lambda: other_sidecar(pack_terms().dump() + sshsig.sign(pack_terms().dump(), ALICE, Kind.DRAFT.namespace))),
    Attack("a packer's key that was revoked", OLD, pack, "E_SIGNER_REVOKED", lambda: replace(bid(PACK), trusted=replace(PACK_TRUST, revoked_keys=f"{ALICE.public.line()}\n".encode()))),
    Attack("a packer whose time is over", OLD, pack, "E_SIGNER_EXPIRED", lambda: replace(bid(PACK), trusted=TrustFiles(trust_text(TrustLine("alice@lab", (PACK_NAMESPACE,), ALICE.public, valid_before=NOW))))),
    Attack("a packer under a scope of others", PACKER, pack, "E_SCOPE", lambda: ruled('[scope.lab]\nsigners = ["bob@lab"]\n')),
    Attack("one of two packers that are required", PACKER, pack, "E_THRESHOLD", lambda: ruled('[scope.lab]\nsigners = ["alice@lab", "bob@lab"]\nrequire = 2\n')),
    Attack("a pack where revocations are not fresh", OLD, pack, "E_REVOCATION_STALE", lambda: ruled("[policy]\nrevocation-max-age-days = 3\n")),
    Attack("a pack that expired", OLD, pack, "E_EXPIRED", lambda: bid(pack_of(expires=NOW))),
    Attack("a pack dated in the future", PACKER, pack, "E_NOT_YET_ISSUED", lambda: bid(pack_of(issued=NOW + timedelta(seconds=1)))),
    Attack("an older pack", OLD, pack, "E_PACK_SERIAL", lambda: bid(PACK, floors={NAME: 4})),
    Attack("a pack that grants rights to itself", PACKER, pack, "E_STMT_PACK", lambda: other_sidecar(_granting())),
    Attack("a pack that was revoked", OLD, pack, "E_SCRIPT_REVOKED", lambda: revoked(sha256(pack_terms().dump()).hexdigest())),
    Attack("a pack with a revoked script in it", OLD, pack, "E_SCRIPT_REVOKED", lambda: revoked(sha256(PLAIN).hexdigest())),
    Attack("a pack with a revoked statement in it", OLD, pack, "E_SCRIPT_REVOKED", lambda: revoked(sha256(LIBRARY_TERMS.dump()).hexdigest())),
    Attack("a pack with a revoked picture", OLD, pack, "E_SCRIPT_REVOKED", lambda: revoked(sha256(FILES["pictures/loss.png"]).hexdigest())),
    # ---- what an insider binds
    Attack("a program at the top of a pack", PACKER, pack, "E_PACK_PLACE", lambda: holding({"run.sh": b"rm -rf ~"})),
    Attack("a file that git or a shell would read", PACKER, pack, "E_PACK_PLACE", lambda: holding({"pictures/sub/x": b""})),
    Attack("a key file in a pack", PACKER, pack, "E_PACK_PLACE", lambda: holding({"config/trust/allowed_signers": b""})),
    Attack("an entry that climbs out", PACKER, pack, "E_STMT_PATH", lambda: other_sidecar(_climbing())),
    Attack("an entry that is a picture", PACKER, pack, "E_PACK_PLACE", lambda: holding({}, entry="pictures/loss.png")),
    Attack("a script without a signature", PACKER, pack, "E_PACK_UNSIGNED", lambda: holding({"thermal.p2.sig": None})),
    Attack("a library without a signature", PACKER, pack, "E_PACK_UNSIGNED", lambda: holding({f"{LIBRARY_PATH}.sig": None})),
    Attack("a signature without its script", PACKER, pack, "E_PACK_PLACE", lambda: holding({"plain.p2": None}, entry="thermal.p2")),
    Attack("a signature of a picture, to look official", PACKER, pack, "E_PACK_PLACE", lambda: holding({"loss.png.sig": SIDECAR})),
    Attack("a script under another's signature file", PACKER, pack, "E_ENTRY", lambda: holding({"plain.p2.sig": FILES["thermal.p2.sig"]})),
    Attack("a script that was changed after its signing", PACKER, pack, "E_DIGEST", lambda: holding({"plain.p2": PLAIN + b"x"})),
    Attack("a script with other line ends", PACKER, pack, "E_DIGEST_EOL", lambda: holding({"plain.p2": PLAIN.replace(b"\n", b"\r\n")})),
    Attack("a draft as a script of a pack", PACKER, pack, "E_SIG_DRAFT", lambda: holding(resigned("plain.p2", replace(PLAIN_TERMS, kind=Kind.DRAFT)))),
    Attack("a machine's own script in a pack", PACKER, pack, "E_SIG_NAMESPACE", lambda: holding(resigned("plain.p2", replace(PLAIN_TERMS, kind=Kind.LOCAL)))),
    Attack("a local statement with a script's signature in a pack", PACKER, pack, "E_KIND", lambda: holding({"plain.p2.sig": _kind_of_local()})),
    Attack("a script whose signature does not fit", PACKER, pack, "E_SIG_BAD", lambda: holding({"plain.p2.sig": FILES["plain.p2.sig"].replace(b"serial 7", b"serial 8")})),
    Attack("a script's signature with something after it", PACKER, pack, "E_SIDECAR_BLOCK", lambda: holding({"plain.p2.sig": FILES["plain.p2.sig"] + b"\n"})),
    # ---- mix and match
    Attack("a new library with an old script", PACKER, pack, "E_PACK_MIX", lambda: holding({LIBRARY_PATH: OTHER, f"{LIBRARY_PATH}.sig": sign_statement(OTHER_LIBRARY, ALICE)})),
    Attack("a script without its library", PACKER, pack, "E_PACK_MIX", lambda: holding({LIBRARY_PATH: None, f"{LIBRARY_PATH}.sig": None})),
    Attack("a library under a name that it was not signed with", PACKER, pack, "E_PACK_MIX", lambda: holding(library("eve/fit/1.0.0", LIBRARY_PATH))),
    Attack("a library that no script uses", PACKER, pack, "E_PACK_MIX", lambda: holding(_more_library())),
    Attack("a library of plotter2's own scope", PACKER, pack, "E_PACK_PLACE", lambda: holding(library("p2/statistics/1.0.0", "libraries/p2/statistics/1.0.0.p2"))),
    Attack("a library that uses one that is not there", PACKER, pack, "E_PACK_MIX", lambda: holding(resigned(LIBRARY_PATH, replace(LIBRARY_TERMS, imports=(Import("0" * 64, "lab/base/1.0.0"),))))),
    # ---- a packer at the gate of scripts
    Attack("a packer signs a script", PACKER, gate, "E_SIGNER_NAMESPACE", lambda: Bid(SIDECAR, trusted=TrustFiles(trust_text(TrustLine("alice@lab", (PACK_NAMESPACE,), ALICE.public))))),
    Attack("a pack's signature file beside a script", PACKER, gate, "E_SIG_NAMESPACE", lambda: Bid(PACK_SIDECAR, SCRIPT)),
    Attack("a script of a pack under the packer's signature alone", PACKER, gate, "E_SIG_NAMESPACE", lambda: Bid(PACK_SIDECAR, PLAIN, "plain.p2", PACK_TRUST)),
]  # fmt: skip


def _granting() -> bytes:
    text = pack_terms().dump().replace(b"end\n", b"cap write output:x\nend\n")
    return text + sshsig.sign(text, ALICE, PACK_NAMESPACE)


def _climbing() -> bytes:
    text = pack_terms().dump().replace(b"entry plain.p2", b"entry ../plain.p2")
    return text + sshsig.sign(text, ALICE, PACK_NAMESPACE)


def _kind_of_local() -> bytes:
    text = replace(PLAIN_TERMS, kind=Kind.LOCAL).dump()
    return text + sshsig.sign(text, ALICE, NAMESPACE)


def _more_library() -> dict[str, bytes | None]:
    where = "libraries/lab/more/1.0.0.p2"
    terms = replace(LIBRARY_TERMS, name="lab/more/1.0.0")
    return {where: LIBRARY, f"{where}.sig": sign_statement(terms, ALICE)}
