"""Proofs that can be checked without the log: an entry, its place, the way to the root, a checkpoint.

https://c2sp.org/tlog-proof; the extra data are the entry itself.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass

from p2sign.keys import decoded_base64
from p2sign.log.checkpoint import Checkpoint, open_checkpoint
from p2sign.log.entry import MAX_ENTRY
from p2sign.log.note import MAX_NOTE, NoteKey
from p2sign.log.tree import is_included, leaf_hash
from p2sign.refusal import Refusal

MAX_PROOF = MAX_NOTE + 2 * MAX_ENTRY + 64 * 48
"""The most bytes a proof may have."""

_FIRST = "c2sp.org/tlog-proof@v1"
_INDEX = re.compile(r"index (0|[1-9][0-9]{0,18})\Z")
_MOST_HASHES = 63


@dataclass(frozen=True, slots=True)
class Proof:
    """That an entry stands at `index` in the log that a checkpoint speaks of; nothing is checked yet."""

    entry: bytes
    index: int
    path: tuple[bytes, ...]
    checkpoint: bytes

    def dump(self) -> bytes:
        """Give the file."""
        lines = [
            _FIRST,
            f"extra {_text(self.entry)}",
            f"index {self.index}",
            *map(_text, self.path),
            "",
        ]
        return "".join(f"{line}\n" for line in lines).encode() + self.checkpoint

    def checked(self, keys: Sequence[NoteKey]) -> Checkpoint:
        """Give the checkpoint that covers the entry.

        Raises Refusal E_LOG_PROOF, and E_LOG_NOTE, E_LOG_KEY, E_LOG_SIGNATURE unless one of `keys` signed it.
        """
        found = open_checkpoint(self.checkpoint, keys)
        leaf = leaf_hash(self.entry)
        if not is_included(leaf, self.index, found.size, self.path, found.root):
            raise Refusal("E_LOG_PROOF")
        return found


def parse_proof(data: bytes) -> Proof:
    """Take a proof apart. Raises Refusal E_LOG_PROOF."""
    head, empty, checkpoint = data.partition(b"\n\n")
    try:
        lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError:
        raise _malformed() from None
    if len(data) > MAX_PROOF or not empty or len(lines) < 3 or lines[0] != _FIRST:
        raise _malformed()
    match = _INDEX.match(lines[2])
    if match is None or not lines[1].startswith("extra ") or len(lines) > 3 + _MOST_HASHES:
        raise _malformed()
    path = tuple(decoded_base64(line, "E_LOG_PROOF") for line in lines[3:])
    if any(len(each) != 32 for each in path):
        raise _malformed()
    entry = decoded_base64(lines[1].removeprefix("extra "), "E_LOG_PROOF")
    return Proof(entry, int(match[1]), path, checkpoint)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _malformed() -> Refusal:
    return Refusal("E_LOG_PROOF", "this is no proof as plotter2 log prove writes it")
