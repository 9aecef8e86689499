"""The files of one run log: its entries in segments, its checkpoint, its key's name, its edge. Reads, decides nothing.

Entries lie in `entries/`, 4096 in a file, so that a safe copy need not take again what is full and never changes.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path

from p2sign.log.note import MAX_NOTE
from p2sign.log.tree import Edge
from plotter2.datter.durable import reported

SEGMENT = 4096
"""How many entries a file has."""


@dataclass(frozen=True, slots=True)
class LogFiles:
    """The paths of a run log in its folder."""

    folder: Path

    @property
    def entries(self) -> Path:
        """The folder of the entries."""
        return self.folder / "entries"

    @property
    def checkpoint(self) -> Path:
        """The newest checkpoint."""
        return self.folder / "checkpoint"

    @property
    def key(self) -> Path:
        """The public key as `NAME+ID+BASE64`."""
        return self.folder / "key"

    @property
    def edge(self) -> Path:
        """What the next append needs of the tree; made anew when it does not fit the checkpoint."""
        return self.folder / "edge"

    @property
    def alive(self) -> Path:
        """Says that this log grows here; no safe copy has it."""
        return self.folder / "alive"

    def segment(self, index: int) -> Path:
        """Give the file that holds the entry at `index`."""
        return self.entries / f"{index - index % SEGMENT:012}.jsonl"

    def read_checkpoint(self) -> bytes | None:
        """Give the bytes of the newest checkpoint, None when there is none. Raises DataError."""
        with reported(self.checkpoint):
            try:
                with self.checkpoint.open("rb") as file:
                    return file.read(MAX_NOTE + 1)
            except FileNotFoundError:
                return None

    def read_tail(self, size: int, start: int) -> bytes:
        """Give what the file of the entry at index `size` has from the byte `start` on. Raises DataError."""
        path = self.segment(size)
        with reported(path):
            try:
                with path.open("rb") as file:
                    file.seek(start)
                    return file.read()
            except FileNotFoundError:
                return b""

    def tail_bytes(self, size: int) -> int:
        """Give the size of the file of the entry at index `size`, 0 when it is not there. Raises DataError."""
        path = self.segment(size)
        with reported(path):
            try:
                return path.stat().st_size
            except FileNotFoundError:
                return 0

    def read_entries(self) -> tuple[list[bytes], bytes]:
        """Give all whole lines in order, and what follows the last of them. Raises DataError.

        A file that is not there, or has too few lines, ends it: what it lacks, the tree shows.
        """
        lines: list[bytes] = []
        while True:
            before = len(lines)
            *whole, rest = self.read_tail(before, 0).split(b"\n")
            lines += whole
            if rest or len(whole) != SEGMENT:
                return lines, rest

    def read_edge(self) -> tuple[Edge, int] | None:
        """Give the edge and the bytes of the last file that it covers; None when it is not there or torn."""
        try:
            size, covered, *hashes = self.edge.read_bytes().decode("ascii").split("\n")[:-1]
            decoded = tuple(base64.b64decode(each, validate=True) for each in hashes)
            return Edge(int(size), decoded), int(covered)
        except (OSError, ValueError):
            return None

    def written_edge(self, edge: Edge, covered: int) -> bytes:
        """Give the bytes of the file `edge`."""
        hashes = (base64.b64encode(each).decode("ascii") for each in edge.hashes)
        return "".join(f"{each}\n" for each in (edge.size, covered, *hashes)).encode()
