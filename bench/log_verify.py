"""Check a run log of 100,000 entries against its checkpoint and an older one: time; and the proof of one entry."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from log_append import FIELDS

from p2sign.keys import SigningKey
from p2sign.log.checkpoint import Checkpoint
from p2sign.log.entry import dump_entry
from p2sign.log.note import NoteKey
from p2sign.log.tree import Tree, leaf_hash
from plotter2.datter.layout import Layout, prepare
from plotter2.datter.log_files import SEGMENT, LogFiles
from plotter2.host.log_checking import logs_of
from plotter2.host.run_log import origin_here

ENTRIES, ROUNDS = 100_000, 3


def main() -> None:
    """Print the best of a few."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name) / "root"
        old = made(root)
        times = []
        for _ in range(ROUNDS):
            began = time.perf_counter()
            logs = logs_of(root)
            logs.require(old)
            times.append(time.perf_counter() - began)
        began = time.perf_counter()
        proof = logs.newest.proof(ENTRIES // 3)
        prove_us = (time.perf_counter() - began) * 1e6
        began = time.perf_counter()
        proof.checked([logs.newest.key])
        check_us = (time.perf_counter() - began) * 1e6
    print(
        f"verify a run log of {ENTRIES:,} entries since a checkpoint: {min(times):.2f} s (goal 1.5); "
        f"a proof of {len(proof.path)} hashes made in {prove_us:.0f} us, checked in {check_us:.0f} us"
    )


def made(root: Path) -> bytes:
    """Make a log as it grows, without waiting for the disk each time; gives a checkpoint of its first half."""
    layout = prepare(root)
    files, key, origin = LogFiles(layout.run_log), SigningKey.generate(), origin_here()
    files.entries.mkdir(parents=True)
    lines = [
        dump_entry({**FIELDS, "event": "run", "serial": n, "time": "2026-01-01T00:00:00.000Z"})
        for n in range(ENTRIES)
    ]
    for start in range(0, ENTRIES, SEGMENT):
        part = lines[start : start + SEGMENT]
        files.segment(start).write_bytes(b"".join(line + b"\n" for line in part))
    tree = Tree([leaf_hash(line) for line in lines])
    for path in (files.key, Layout(root).config / "log_ed25519.vkey"):
        path.write_text(f"{NoteKey(origin, key.public)}\n")
    files.alive.touch()
    files.checkpoint.write_bytes(Checkpoint(origin, ENTRIES, tree.root()).signed(key))
    return Checkpoint(origin, ENTRIES // 2, tree.root(ENTRIES // 2)).signed(key)


if __name__ == "__main__":
    main()
