"""Prints which layer of the tests finds which seeded bug, as a table: what broke a promise / what was looked at.

    python tests/faults/which_layer_finds_what.py [--points N] [--disks N] [--bug NAME] [--workload NAME]

Without arguments it takes half an hour. Power cuts and failed syncs need root and loop devices, else their columns are
empty.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from faults import recorded_writes
from faults.fault_points import run
from faults.loop_disks import no_disk
from faults.seeded_bugs import BUGS

EXPLORER = Path(__file__).with_name("explore.py")


@dataclass(frozen=True, slots=True)
class Layer:
    """A column: its title, the mode of faults and the file system; no mode is the explorer, with so many crashes."""

    title: str
    mode: str = ""
    file_system: str = ""
    crashes: int = 0


LAYERS = (
    Layer("kill -9", "kill before"),
    Layer("torn", "torn write"),
    Layer("short", "short write"),
    Layer("ENOSPC", "disk full once"),
    Layer("EIO", "i/o error"),
    Layer("failed sync ext4", "sync fails", "ext4"),
    Layer("power cut ext4", "power cut", "ext4"),
    Layer("power cut xfs", "power cut", "xfs"),
    Layer("explorer, 1 crash", crashes=1),
    Layer("explorer, 2 crashes", crashes=2),
)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--points", type=int, default=40)
    parser.add_argument("--disks", type=int, default=500)
    parser.add_argument("--bug", action="append", choices=sorted(BUGS))
    parser.add_argument("--workload", action="append")
    asked = parser.parse_args()
    print("| bug | " + " | ".join(layer.title for layer in LAYERS) + " |")
    print("|---|" + "---|" * len(LAYERS), flush=True)
    with tempfile.TemporaryDirectory() as folder:
        recorder = recorded_writes.build(Path(folder))
        for bug in asked.bug or BUGS:
            cells = [_cell(layer, bug, recorder, asked) for layer in LAYERS]
            print(f"| {bug.replace('_', ' ')} | " + " | ".join(cells) + " |", flush=True)


def _cell(layer: Layer, bug: str, recorder: Path, asked: argparse.Namespace) -> str:
    if layer.file_system and no_disk(layer.file_system):
        return ""
    counts = list(_counts(layer, bug, recorder, asked))
    wrong, looked_at = (sum(numbers) for numbers in zip(*counts, strict=True))
    return f"**{wrong}/{looked_at}**" if wrong else f"0/{looked_at}"


def _counts(
    layer: Layer, bug: str, recorder: Path, asked: argparse.Namespace
) -> Iterator[tuple[int, int]]:
    if layer.mode:
        workloads = asked.workload or ["adding", "changing", "publishing", "inbox"]
        for workload in workloads:
            tally = run(
                workload, layer.mode, patch=f"faults.seeded_bugs:{bug}", stride=5,
                most=-(-asked.points // len(workloads)), file_system=layer.file_system,
            )  # fmt: skip
            yield len({wrong.split(":")[0] for wrong in tally.wrong}), tally.points
        return
    words = ["--crashes", str(layer.crashes), "--states", str(asked.disks), "--bug", bug]
    done = subprocess.run(
        [sys.executable, str(EXPLORER), *words],
        env=recorded_writes.environment(recorder),
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    found: dict[str, Any] = json.loads(done.stdout)
    yield len(found["violations"]), found["one_crash"] + found["two_crashes"]


if __name__ == "__main__":
    main()
