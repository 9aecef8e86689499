"""What an attack on signatures is, the doors that it may knock at, and the corpus of them under p2sign/attacks.

An entry says what the attacker has, how the bytes are made, and with which name they must be refused. Controls stand
beside the attacks of each class: the same material without the attack, which must pass, so that none is dead.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any

from p2sign import bundles, feed, sshsig, trust
from p2sign.algorithms import COMMON, EVERY
from p2sign.bundles import Agreement, Place, TrustBundle
from p2sign.gate import Offer, Seen, TrustFiles, verify
from p2sign.keys import PublicKey, SigningKey, parse_public_line
from p2sign.log.checkpoint import open_checkpoint
from p2sign.log.entry import parse_entry
from p2sign.log.history import checked_tree, require_history
from p2sign.log.note import NoteKey, parse_note_key
from p2sign.log.proof import parse_proof
from p2sign.log.tree import leaf_hash
from p2sign.log.witness import witnesses
from p2sign.make import sign_statement
from p2sign.pack_gate import verify_pack
from p2sign.policy import Policy, parse
from p2sign.refusal import Refusal
from p2sign.rights import Capability, SignedLimits
from p2sign.sidecar import split
from p2sign.statement import Import
from p2sign.trust import TrustLine
from p2sign.uses import Kind
from p2sign_samples import ALICE, NAMESPACE, NOW, SCRIPT, TERMS, TRUST

FOLDER = Path(__file__).parent / "p2sign" / "attacks"

NOTHING = "the files, and no key"
STRANGER = "a key of their own that nobody trusts"
OTHER_USE = "a good signature that was made for something else"
TRUSTED = "a trusted key"
SIGNERS = "some of the keys that are required"
OLD = "what was good once"
PACKER = "a key that is trusted for packs"
ROOT = "keys of the root of a trust bundle"
READER = "nothing but what they hand to a person"
DISK = "the folder with the script, while it is used"
LOG_FILES = "the files of the log"
LOG_KEY = "the files and the private key of the log"
SESSION = "the key of a session"
ACCOUNT = "another account on the machine"


@dataclass(frozen=True)
class Attack:
    """One idea: its name, what the attacker has, the door, the name or code of the refusal, and what is brought."""

    name: str
    has: str
    door: Callable[[Any], object]
    refused: str
    made: Callable[[], Any]


@dataclass(frozen=True)
class Control:
    """The same material without an attack: it must pass."""

    name: str
    door: Callable[[Any], object]
    made: Callable[[], Any]


@dataclass(frozen=True)
class Corpus:
    """All entries, each with the class it is of: the name of its file."""

    attacks: tuple[tuple[str, Attack], ...]
    controls: tuple[tuple[str, Control], ...]


def corpus(folder: Path = FOLDER) -> Corpus:
    """Read all files of the corpus."""
    attacks: list[tuple[str, Attack]] = []
    controls: list[tuple[str, Control]] = []
    for path in sorted(folder.glob("on_*.py")):
        module = loaded(path)
        attacks += [(path.stem, each) for each in module.ATTACKS]
        controls += [(path.stem, each) for each in module.CONTROLS]
    return Corpus(tuple(attacks), tuple(controls))


def loaded(path: Path) -> ModuleType:
    """Import a file of the corpus."""
    spec = importlib.util.spec_from_file_location(f"signing_attacks_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def outcome(entry: Attack | Control) -> str:
    """Knock: give the name of the refusal, "" when it passes."""
    brought = entry.made()
    try:
        entry.door(brought)
    except Refusal as error:
        refusal = error
    else:
        return ""
    assert str(refusal).isprintable(), f"the refusal would disturb a terminal: {str(refusal)!a}"
    assert refusal.remedy
    return refusal.name


# ------------------------------------------------------------------ the gate of scripts


@dataclass(frozen=True)
class Bid:
    """What is brought to the gate; `needs`, `limits` and `uses` are what the compiled script then asks for."""

    sidecar: bytes | None
    script: bytes = SCRIPT
    name: str = "thermal.p2"
    trusted: TrustFiles = TRUST
    now: datetime = NOW
    floors: Mapping[str, int] = field(default_factory=dict)
    use: Kind = Kind.SCRIPT
    seen: Seen = lambda _: None
    needs: tuple[Capability, ...] = ()
    limits: SignedLimits | None = None
    uses: tuple[Import, ...] = ()


def gate(bid: Bid) -> None:
    """The pure gate, and what is asked of its answer before a run."""
    verified = verify(
        Offer(bid.script, bid.sidecar, bid.name),
        bid.trusted,
        bid.now,
        bid.floors,
        bid.use,
        seen=bid.seen,
    )
    verified.require(bid.needs, bid.limits)
    verified.require_imports(bid.uses)
    assert verified.script == bid.script


SIDECAR = sign_statement(TERMS, ALICE)
STATEMENT = TERMS.dump()
ARMOUR = split(SIDECAR).armours[0]
BLOB = sshsig.dearmour(ARMOUR)


def signed_anyway(data: bytes, key: SigningKey = ALICE, namespace: str = NAMESPACE) -> bytes:
    """Sign bytes that p2sign itself would never sign: an insider with other tools."""
    return data + sshsig.sign(data, key, namespace)


def changed(old: bytes, new: bytes, key: SigningKey = ALICE) -> Bid:
    """Bring a statement in which something was changed before it was signed."""
    assert old in STATEMENT
    return Bid(signed_anyway(STATEMENT.replace(old, new, 1), key))


def with_blob(blob: bytes) -> Bid:
    """Bring the good statement with these bytes as its signature."""
    return Bid(STATEMENT + sshsig.enarmour(blob))


def with_terms(**terms: Any) -> Bid:
    """Bring other terms, signed by alice as they are."""
    return Bid(sign_statement(replace(TERMS, **terms), ALICE))


# ------------------------------------------------------------------ keys and trust files


def key_line(line: str) -> None:
    """A public key in one line, as `trust add` reads it."""
    parse_public_line(line)


def private_key(given: tuple[bytes, str | None]) -> None:
    """A private key file and a passphrase."""
    SigningKey.load(*given)


def blob_alone(blob: bytes) -> None:
    """The bytes of a signature, of any key type."""
    sshsig.parse_blob(blob, EVERY)


def trust_file(text: str) -> None:
    """The file `allowed_signers`."""
    trust.parse_trust(text.encode())


def revoked_keys(data: bytes) -> None:
    """The file `revoked_keys`."""
    trust.parse_revoked_keys(data)


def revoked_scripts(data: bytes) -> None:
    """The file `revoked_scripts`."""
    trust.parse_revoked_scripts(data)


def policy_file(text: str) -> None:
    """The file `policy.toml`."""
    parse(text.encode())


# ------------------------------------------------------------------ packs


@dataclass(frozen=True)
class PackBid:
    """What is brought to the gate of packs."""

    data: bytes
    trusted: TrustFiles
    floors: Mapping[str, int] = field(default_factory=dict)
    now: datetime = NOW


def pack(bid: PackBid) -> None:
    """The pure gate of packs."""
    verify_pack(bid.data, bid.trusted, bid.now, bid.floors)


# ------------------------------------------------------------------ trust that travels


@dataclass(frozen=True)
class BundleBid:
    """A trust bundle that is imported: what was there before, what is agreed, where."""

    data: bytes
    old: TrustBundle | None = None
    revoked: frozenset[PublicKey] = frozenset()
    now: datetime = NOW
    agreed: Agreement | None = None
    place: Place = field(default_factory=lambda: Place(Policy(), (), frozenset(), ()))


def trust_import(bid: BundleBid) -> None:
    """Importing a trust bundle, in the order of the host's `examined`."""
    bundle, found = bundles.open_bundle(bid.data, COMMON)
    bundles.check_signed(bundle, found, bid.old, bid.revoked)
    bundles.check_follows(bundle, bid.old, bid.now)
    if bid.old is not None:
        bundles.check_root_kept(bundle, bid.old)
    agreed = bid.agreed or Agreement.of((each.name for each in bundle.scopes), ("read bundle:.*",))
    agreed.require(bundle)
    bid.place.require_room(bundle, agreed)


@dataclass(frozen=True)
class FeedBid:
    """A list of revocations that is imported."""

    data: bytes
    lines: tuple[TrustLine, ...]
    old: feed.Feed | None = None
    revoked: frozenset[PublicKey] = frozenset()
    now: datetime = NOW


def feed_import(bid: FeedBid) -> None:
    """Importing a list of revocations."""
    found, text = feed.open_feed(bid.data, COMMON)
    feed.check_signers(text, bid.lines, bid.revoked, bid.now)
    feed.check_follows(found, bid.old, bid.now)


# ------------------------------------------------------------------ the log


@dataclass(frozen=True)
class LogBid:
    """A log as its files have it, and a checkpoint that somebody kept."""

    lines: tuple[bytes, ...]
    checkpoint: bytes
    key: NoteKey
    since: bytes | None = None


def log_verify(bid: LogBid) -> None:
    """`log verify`, and `--since` where a checkpoint was kept."""
    found = open_checkpoint(bid.checkpoint, (bid.key,))
    tree = checked_tree([leaf_hash(line) for line in bid.lines], found)
    for line in bid.lines[: found.size]:
        parse_entry(line)
    if bid.since is not None:
        require_history(tree, found.size, open_checkpoint(bid.since, (bid.key,)))


def proof_alone(given: tuple[bytes, NoteKey]) -> None:
    """A proof that is checked without the log."""
    parse_proof(given[0]).checked((given[1],))


def log_key(text: str) -> None:
    """The public key of a log, as others write it."""
    parse_note_key(text)


def countersignatures(given: tuple[bytes, bytes]) -> None:
    """A checkpoint and the file of its countersignatures."""
    witnesses(*given)


def names(entries: tuple[tuple[str, Attack | Control], ...]) -> Iterator[str]:
    """Give how tests call the entries."""
    return (f"{of.removeprefix('on_')}: {entry.name}" for of, entry in entries)
