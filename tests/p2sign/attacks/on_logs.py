"""The run log: entries, checkpoints, proofs, countersignatures; also by somebody who has the log's key."""

from __future__ import annotations

import base64
from dataclasses import replace

from p2sign import sshsig
from p2sign.keys import SigningKey
from p2sign.log.checkpoint import Checkpoint
from p2sign.log.entry import dump_entry
from p2sign.log.note import NoteKey, sign_note
from p2sign.log.tree import Tree, leaf_hash
from p2sign.log.witness import NAMESPACE, countersigned
from p2sign_keys import file_key
from p2sign_log_samples import ENTRIES, KEY, NOTE, NOTE_KEY, ORIGIN, PROOF, TREE, checkpoint
from p2sign_mutation import with_order_added
from p2sign_samples import ALICE, BOB
from signing_attacks import (
    LOG_FILES,
    LOG_KEY,
    NOTHING,
    OTHER_USE,
    STRANGER,
    Attack,
    Control,
    LogBid,
    countersignatures,
    log_key,
    log_verify,
    proof_alone,
)

LINES = tuple(ENTRIES)
FORGED = dump_entry({"event": "run", "time": "2026-01-01T00:00:04.000Z", "n": 99})
WITNESSED = countersigned(NOTE, b"", BOB)
WORDS = str(NOTE_KEY).split("+")
SIGNATURE_LINE = NOTE.rpartition(b"\n\n")[2]
SECRET_NOTE = NOTE.rpartition(b"\n\n")[0] + b"\n"


def log(lines: tuple[bytes, ...] = LINES, note: bytes = NOTE, since: bytes | None = None) -> LogBid:
    return LogBid(lines, note, NOTE_KEY, since)


def resigned(lines: tuple[bytes, ...], since: bytes | None = None) -> LogBid:
    """Bring a log of other entries under a new checkpoint of the log's own key."""
    tree = Tree([leaf_hash(line) for line in lines])
    return log(lines, Checkpoint(ORIGIN, tree.size, tree.root()).signed(KEY), since)


def noted(text: str) -> LogBid:
    return log(note=sign_note(text, ORIGIN, KEY))


def note(old: bytes, new: bytes) -> LogBid:
    assert old in NOTE
    return log(note=NOTE.replace(old, new, 1))


def proof(**changes: object) -> tuple[bytes, NoteKey]:
    return replace(PROOF, **changes).dump(), NOTE_KEY  # type: ignore[arg-type]


def proof_text(old: bytes, new: bytes) -> tuple[bytes, NoteKey]:
    text = PROOF.dump()
    assert old in text
    return text.replace(old, new, 1), NOTE_KEY


def without(number: int) -> tuple[bytes, ...]:
    return LINES[:number] + LINES[number + 1 :]


def witnessed(data: bytes) -> tuple[bytes, bytes]:
    return NOTE, data


TEXT = SECRET_NOTE.decode()
ROOT = TREE.root()
ROOT_TEXT = base64.b64encode(ROOT).decode()

CONTROLS = [
    Control("the log", log_verify, log),
    Control("the log since it was smaller", log_verify, lambda: log(since=checkpoint(4))),
    Control("the log since it was empty", log_verify, lambda: log(since=Checkpoint(ORIGIN, 0, Tree([]).root()).signed(KEY))),
    Control("the log with an entry more than its checkpoint covers", log_verify, lambda: log((*LINES, FORGED))),
    Control("the log with a new entry", log_verify, lambda: resigned((*LINES, FORGED), NOTE)),
    Control("a checkpoint, signed again", log_verify, lambda: noted(TEXT)),
    Control("a proof", proof_alone, proof),
    Control("a countersignature", countersignatures, lambda: witnessed(WITNESSED)),
    Control("two countersignatures", countersignatures, lambda: witnessed(countersigned(NOTE, WITNESSED, ALICE))),
    Control("the key of the log", log_key, lambda: str(NOTE_KEY)),
]  # fmt: skip

ATTACKS = [
    # ---- entries
    Attack("an entry was changed", LOG_FILES, log_verify, "E_LOG_ENTRY", lambda: log((*LINES[:4], FORGED, *LINES[5:]))),
    Attack("an entry was dropped", LOG_FILES, log_verify, "E_LOG_SHORT", lambda: log(without(4))),
    Attack("an entry was dropped and another put at the end", LOG_FILES, log_verify, "E_LOG_ENTRY", lambda: log((*without(4), FORGED))),
    Attack("two entries changed places", LOG_FILES, log_verify, "E_LOG_ENTRY", lambda: log((LINES[1], LINES[0], *LINES[2:]))),
    Attack("an entry was put in between", LOG_FILES, log_verify, "E_LOG_ENTRY", lambda: log((LINES[0], FORGED, *LINES[1:]))),
    Attack("an entry was doubled", LOG_FILES, log_verify, "E_LOG_ENTRY", lambda: log((LINES[0], *LINES))),
    Attack("the last entry was cut off", LOG_FILES, log_verify, "E_LOG_SHORT", lambda: log(LINES[:-1])),
    Attack("everything was deleted but the checkpoint", LOG_FILES, log_verify, "E_LOG_SHORT", lambda: log(())),
    Attack("the hash of a node in place of an entry", LOG_FILES, log_verify, "E_LOG_SHORT", lambda: log((leaf_hash(LINES[0]) + leaf_hash(LINES[1]), *LINES[2:]))),
    Attack("an entry that says one thing twice", LOG_KEY, log_verify, "E_LOG_FORM", lambda: resigned((*LINES, b'{"event":"run","event":"run","time":"x"}'))),
    Attack("an entry with its keys in another order", LOG_KEY, log_verify, "E_LOG_FORM", lambda: resigned((*LINES, b'{"time":"x","event":"run"}'))),
    Attack("an entry with spaces, another one to other readers", LOG_KEY, log_verify, "E_LOG_FORM", lambda: resigned((*LINES, b'{"event": "run","time":"x"}'))),
    Attack("an entry that is no JSON", LOG_KEY, log_verify, "E_LOG_FORM", lambda: resigned((*LINES, b"run x"))),
    Attack("an entry that is a list", LOG_KEY, log_verify, "E_LOG_FORM", lambda: resigned((*LINES, b'["run"]'))),
    Attack("an entry without a time", LOG_KEY, log_verify, "E_LOG_FORM", lambda: resigned((*LINES, b'{"event":"run"}'))),
    Attack("an entry that is no number", LOG_KEY, log_verify, "E_LOG_FORM", lambda: resigned((*LINES, b'{"event":"run","n":NaN,"time":"x"}'))),
    Attack("an entry that paints the terminal", LOG_KEY, log_verify, "E_LOG_FORM", lambda: resigned((*LINES, b'{"event":"\x1b[2J","time":"x"}'))),
    Attack("an entry nested deeper than any stack", LOG_KEY, log_verify, "E_LOG_FORM", lambda: resigned((*LINES, b"[" * 60_000))),
    Attack("an entry larger than tiles can hold", LOG_KEY, log_verify, "E_LOG_FORM", lambda: resigned((*LINES, b'{"event":"%s","time":"x"}' % (b"a" * 66_000)))),
    # ---- history
    Attack("the log was rewritten with its own key", LOG_KEY, log_verify, "E_LOG_FORK", lambda: resigned((LINES[0], FORGED, *LINES[2:]), checkpoint(4))),
    Attack("the log was rewritten and grew", LOG_KEY, log_verify, "E_LOG_FORK", lambda: resigned((FORGED, *LINES[1:], FORGED), NOTE)),
    Attack("an older log was put back", LOG_FILES, log_verify, "E_LOG_SHORT", lambda: resigned(LINES[:5], NOTE)),
    Attack("the log was begun anew with its key", LOG_KEY, log_verify, "E_LOG_SHORT", lambda: resigned((FORGED,), NOTE)),
    Attack("the kept checkpoint was swapped for another log's", LOG_FILES, log_verify, "E_LOG_KEY", lambda: log(since=checkpoint(4, ALICE))),
    # ---- checkpoints
    Attack("no checkpoint", LOG_FILES, log_verify, "E_LOG_NOTE", lambda: log(note=b"")),
    Attack("a checkpoint by another key", STRANGER, log_verify, "E_LOG_KEY", lambda: log(note=checkpoint(key=ALICE))),
    Attack("a checkpoint of another log of the same key", OTHER_USE, log_verify, "E_LOG_KEY", lambda: log(note=checkpoint(origin="other.example/plotter2"))),
    Attack("a checkpoint whose text names another log", LOG_KEY, log_verify, "E_LOG_KEY", lambda: noted(TEXT.replace(ORIGIN, "other.example/plotter2"))),
    Attack("a smaller size, written in", LOG_FILES, log_verify, "E_LOG_SIGNATURE", lambda: note(b"\n9\n", b"\n8\n")),
    Attack("another root, written in", LOG_FILES, log_verify, "E_LOG_SIGNATURE", lambda: note(ROOT_TEXT.encode(), base64.b64encode(bytes(32)))),
    Attack("a size with a zero in front", LOG_KEY, log_verify, "E_LOG_NOTE", lambda: noted(TEXT.replace("\n9\n", "\n09\n"))),
    Attack("a size with a sign", LOG_KEY, log_verify, "E_LOG_NOTE", lambda: noted(TEXT.replace("\n9\n", "\n+9\n"))),
    Attack("a root of another hash", LOG_KEY, log_verify, "E_LOG_NOTE", lambda: noted(TEXT.replace(ROOT_TEXT, base64.b64encode(bytes(20)).decode()))),
    Attack("a root in a second form of base64", LOG_KEY, log_verify, "E_LOG_NOTE", lambda: noted(TEXT.replace(ROOT_TEXT, ROOT_TEXT[:-2] + chr(ord(ROOT_TEXT[-2]) + 1) + "="))),
    Attack("a line more in the checkpoint", LOG_KEY, log_verify, "E_LOG_NOTE", lambda: noted(TEXT + "extra\n")),
    Attack("an origin of nothing", LOG_KEY, log_verify, "E_LOG_NOTE", lambda: noted(TEXT.replace(ORIGIN, ""))),
    Attack("a control character in the checkpoint", LOG_FILES, log_verify, "E_LOG_NOTE", lambda: note(ORIGIN.encode(), b"\x1b[2J" + ORIGIN.encode())),
    Attack("a checkpoint with line ends of Windows", LOG_FILES, log_verify, "E_LOG_NOTE", lambda: log(note=NOTE.replace(b"\n", b"\r\n"))),
    Attack("a checkpoint that is no UTF-8", LOG_FILES, log_verify, "E_LOG_NOTE", lambda: log(note=b"\xff" + NOTE)),
    Attack("a checkpoint as large as memory", LOG_FILES, log_verify, "E_LOG_NOTE", lambda: log(note=NOTE + b"x" * 70_000)),
    Attack("a checkpoint with a hundred signatures", LOG_FILES, log_verify, "E_LOG_NOTE", lambda: log(note=NOTE + SIGNATURE_LINE.replace(ORIGIN.encode(), b"x") * 100)),
    Attack("one signature of the log twice", LOG_FILES, log_verify, "E_LOG_NOTE", lambda: log(note=NOTE + SIGNATURE_LINE)),
    Attack("a line of a signature without its dash", LOG_FILES, log_verify, "E_LOG_NOTE", lambda: note("— ".encode(), b"- ")),
    Attack("a signature of three bytes", LOG_FILES, log_verify, "E_LOG_NOTE", lambda: log(note=SECRET_NOTE + f"\n— {ORIGIN} AAAA\n".encode())),
    Attack("a signature that was cut", LOG_FILES, log_verify, "E_LOG_SIGNATURE", lambda: log(note=SECRET_NOTE + f"\n— {ORIGIN} ".encode() + base64.b64encode(NOTE_KEY.id + bytes(63)) + b"\n")),
    Attack("a malleable signature of a checkpoint", LOG_FILES, log_verify, "E_LOG_SIGNATURE", lambda: log(note=_larger_s())),
    Attack("a checkpoint signed as a script is", OTHER_USE, log_verify, "E_LOG_NOTE", lambda: log(note=SECRET_NOTE + sshsig.sign(SECRET_NOTE, KEY, NAMESPACE))),
    # ---- proofs
    Attack("a proof of an entry that is not there", LOG_FILES, proof_alone, "E_LOG_PROOF", lambda: proof(entry=FORGED)),
    Attack("a proof of another place", LOG_FILES, proof_alone, "E_LOG_PROOF", lambda: proof(index=4)),
    Attack("a proof of a place beyond the log", LOG_FILES, proof_alone, "E_LOG_PROOF", lambda: proof(index=9)),
    Attack("a proof with one hash less", LOG_FILES, proof_alone, "E_LOG_PROOF", lambda: proof(path=PROOF.path[:-1])),
    Attack("a proof with one hash more", LOG_FILES, proof_alone, "E_LOG_PROOF", lambda: proof(path=(*PROOF.path, ROOT))),
    Attack("a proof with its hashes in another order", LOG_FILES, proof_alone, "E_LOG_PROOF", lambda: proof(path=PROOF.path[::-1])),
    Attack("a proof with a hash of 31 bytes", LOG_FILES, proof_alone, "E_LOG_PROOF", lambda: proof(path=(PROOF.path[0][:31], *PROOF.path[1:]))),
    Attack("a proof that the root is an entry", LOG_FILES, proof_alone, "E_LOG_PROOF", lambda: proof(entry=ROOT, index=0, path=())),
    Attack("a node of the tree passed off as an entry", LOG_FILES, proof_alone, "E_LOG_PROOF", lambda: proof(entry=leaf_hash(LINES[2]) + leaf_hash(LINES[3]), index=1, path=PROOF.path[1:])),
    Attack("a proof under an older checkpoint", LOG_FILES, proof_alone, "E_LOG_PROOF", lambda: proof(checkpoint=checkpoint(4))),
    Attack("a proof under another log's checkpoint", STRANGER, proof_alone, "E_LOG_KEY", lambda: proof(checkpoint=checkpoint(key=BOB))),
    Attack("a proof of a version of the future", NOTHING, proof_alone, "E_LOG_PROOF", lambda: proof_text(b"proof@v1", b"proof@v2")),
    Attack("a proof with an index of many digits", NOTHING, proof_alone, "E_LOG_PROOF", lambda: proof_text(b"index 3", b"index " + b"9" * 40)),
    Attack("a proof with an index with a zero in front", NOTHING, proof_alone, "E_LOG_PROOF", lambda: proof_text(b"index 3", b"index 03")),
    Attack("a proof without its entry", NOTHING, proof_alone, "E_LOG_PROOF", lambda: proof_text(b"extra ", b"other ")),
    Attack("a proof of a hundred hashes", NOTHING, proof_alone, "E_LOG_PROOF", lambda: proof(path=(ROOT,) * 100)),
    Attack("a proof that is no text", NOTHING, proof_alone, "E_LOG_PROOF", lambda: (b"\xff" + PROOF.dump(), NOTE_KEY)),
    Attack("a proof without a checkpoint", NOTHING, proof_alone, "E_LOG_PROOF", lambda: (PROOF.dump().partition(b"\n\n")[0] + b"\n", NOTE_KEY)),
    # ---- countersignatures
    Attack("a countersignature of another checkpoint", OTHER_USE, countersignatures, "E_SIG_BAD", lambda: witnessed(countersigned(checkpoint(4), b"", BOB))),
    Attack("a script's signature as a countersignature", OTHER_USE, countersignatures, "E_SIG_NAMESPACE", lambda: witnessed(sshsig.sign(NOTE, BOB, "plotter2-script@v1"))),
    Attack("one witness counted twice", OTHER_USE, countersignatures, "E_LOG_WITNESS", lambda: witnessed(WITNESSED + WITNESSED)),
    Attack("something between countersignatures", NOTHING, countersignatures, "E_LOG_WITNESS", lambda: witnessed(WITNESSED + b"\n" + sshsig.sign(NOTE, ALICE, NAMESPACE))),
    Attack("a countersignature without its end", NOTHING, countersignatures, "E_LOG_WITNESS", lambda: witnessed(WITNESSED[:-10])),
    Attack("seventeen witnesses", OTHER_USE, countersignatures, "E_LOG_WITNESS", lambda: witnessed(b"".join(sshsig.sign(NOTE, SigningKey.from_seed(bytes([n]) * 32), NAMESPACE) for n in range(50, 67)))),
    Attack("a countersignature of RSA", OTHER_USE, countersignatures, "E_KEY_ALGORITHM", lambda: witnessed(sshsig.sign(NOTE, file_key("ssh-rsa"), NAMESPACE))),
    # ---- the log's public key
    Attack("a log's key whose id is another's", STRANGER, log_key, "E_LOG_KEY", lambda: "+".join([WORDS[0], "00000000", WORDS[2]])),
    Attack("a log's key under another name", STRANGER, log_key, "E_LOG_KEY", lambda: "+".join(["other.example/plotter2", *WORDS[1:]])),
    Attack("a log's key of another algorithm", STRANGER, log_key, "E_LOG_KEY", lambda: "+".join([*WORDS[:2], base64.b64encode(b"\4" + NOTE_KEY.raw).decode()])),
    Attack("a weak key of a log", STRANGER, log_key, "E_KEY_WEAK", lambda: "+".join([*WORDS[:2], base64.b64encode(b"\1\1" + bytes(31)).decode()])),
    Attack("a log's key with a space", STRANGER, log_key, "E_LOG_KEY", lambda: "a log" + str(NOTE_KEY)),
    Attack("a log's key that turns its direction", STRANGER, log_key, "E_LOG_NOTE", lambda: "\u202e" + str(NOTE_KEY)),
    Attack("a log's key in a second form of base64", STRANGER, log_key, "E_LOG_KEY", lambda: str(NOTE_KEY) + "===="),
]  # fmt: skip


def _larger_s() -> bytes:
    raw = base64.b64decode(SIGNATURE_LINE.split()[-1])
    text = base64.b64encode(with_order_added(raw)).decode()
    return SECRET_NOTE + f"\n— {ORIGIN} {text}\n".encode()
