"""Checkpoints: how many entries a log has, and the root of their tree, signed by the log's key.

https://c2sp.org/tlog-checkpoint, without extension lines.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass

from p2sign.keys import SigningKey, decoded_base64
from p2sign.log.note import NoteKey, check_note, parse_note, sign_note
from p2sign.refusal import Refusal, shown

_SIZE = re.compile(r"(?:0|[1-9][0-9]{0,18})\Z")
_ROOT_BYTES = 32


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log commits to: its origin, the number of its entries, the root of their tree."""

    origin: str
    size: int
    root: bytes

    @property
    def root_text(self) -> str:
        """The root as the checkpoint writes it, in base64."""
        return base64.b64encode(self.root).decode("ascii")

    def dump(self) -> str:
        """Give the text that is signed."""
        return f"{self.origin}\n{self.size}\n{self.root_text}\n"

    def signed(self, key: SigningKey) -> bytes:
        """Give the checkpoint as a note of the log's key."""
        return sign_note(self.dump(), self.origin, key)


def open_checkpoint(data: bytes, keys: Sequence[NoteKey]) -> Checkpoint:
    """Give what a checkpoint says that one of `keys` signed, each named as the log's origin.

    Raises Refusal E_LOG_NOTE, E_LOG_KEY, E_LOG_SIGNATURE.
    """
    text, signers = check_note(data, keys)
    found = _parse(text)
    if found.origin not in {key.name for key in signers}:
        raise Refusal("E_LOG_KEY", f"the checkpoint is of the log {shown(found.origin)}")
    return found


def claimed_checkpoint(data: bytes) -> Checkpoint:
    """Give what a checkpoint says, whoever wrote it: only to look for its log. Raises Refusal E_LOG_NOTE."""
    return _parse(parse_note(data).text)


def _parse(text: str) -> Checkpoint:
    lines = text.split("\n")
    if len(lines) != 4 or not lines[0] or not _SIZE.match(lines[1]):
        raise Refusal("E_LOG_NOTE", "a checkpoint has three lines: origin, size and root")
    root = decoded_base64(lines[2], "E_LOG_NOTE")
    if len(root) != _ROOT_BYTES:
        raise Refusal("E_LOG_NOTE", "the root of a checkpoint has 32 bytes")
    return Checkpoint(lines[0], int(lines[1]), root)
