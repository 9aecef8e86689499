"""A small log for tests of p2sign, and one case for each refusal of the log."""

from __future__ import annotations

from p2sign.keys import SigningKey
from p2sign.log.checkpoint import Checkpoint, open_checkpoint
from p2sign.log.entry import dump_entry, parse_entry
from p2sign.log.history import checked_tree, require_history
from p2sign.log.note import NoteKey, check_note, parse_note
from p2sign.log.proof import Proof
from p2sign.log.tree import Tree, leaf_hash
from p2sign.log.witness import countersigned, witnesses
from p2sign_samples import ALICE, BOB

ORIGIN = "host.example/plotter2"
KEY = SigningKey.from_seed(bytes(range(32)))
NOTE_KEY = NoteKey(ORIGIN, KEY.public)
ENTRIES = [
    dump_entry({"event": "run", "time": f"2026-01-01T00:00:0{n}.000Z", "n": n}) for n in range(9)
]
LEAVES = [leaf_hash(entry) for entry in ENTRIES]
TREE = Tree(LEAVES)


def checkpoint(size: int = 9, key: SigningKey = KEY, origin: str = ORIGIN) -> bytes:
    """Give the checkpoint of the first entries."""
    return Checkpoint(origin, size, TREE.root(size)).signed(key)


NOTE = checkpoint()
PROOF = Proof(ENTRIES[3], 3, TREE.inclusion(3), NOTE)


def other_root() -> None:
    require_history(TREE, 9, Checkpoint(ORIGIN, 4, TREE.root(5)))


LOG_CASES = {
    "E_LOG_NOTE": lambda: parse_note(b"no checkpoint\n"),
    "E_LOG_KEY": lambda: open_checkpoint(checkpoint(key=ALICE), [NOTE_KEY]),
    "E_LOG_SIGNATURE": lambda: check_note(NOTE.replace(b"\n9\n", b"\n8\n"), [NOTE_KEY]),
    "E_LOG_ENTRY": lambda: checked_tree(LEAVES[::-1], open_checkpoint(NOTE, [NOTE_KEY])),
    "E_LOG_SHORT": lambda: checked_tree(LEAVES[:-1], open_checkpoint(NOTE, [NOTE_KEY])),
    "E_LOG_FORK": other_root,
    "E_LOG_PROOF": lambda: Proof(ENTRIES[3], 4, PROOF.path, NOTE).checked([NOTE_KEY]),
    "E_LOG_FORM": lambda: parse_entry(b'{"time": "now", "event": "run"}'),
    "E_LOG_WITNESS": lambda: witnesses(NOTE, countersigned(NOTE, b"", BOB) + b"more"),
}
"""What refuses, by the name of the refusal."""
