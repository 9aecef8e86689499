"""Prints which layer of the tests finds which seeded bug, as a table.

    python tests/faults/which_layer_finds_what.py [--points N] [--disks N] [--bug NAME] [--workload NAME] [--count]

A cell says how many points or disks were looked at until the first one broke a promise, in bold type, or how many there
were and none did. With `--count` all are looked at, and the cell says how many broke one; that takes far longer. Power
cuts and failed syncs need root and loop devices, else their columns are empty.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from faults import recorded_writes
from faults.fault_points import run
from faults.loop_disks import no_disk
from faults.seeded_bugs import BUGS, LOOK_FIRST

EXPLORER = Path(__file__).with_name("explore.py")


@dataclass(frozen=True, slots=True)
class Layer:
    """A column: its title, the mode of faults and the file system; no mode is the explorer, with so many crashes."""

    title: str
    mode: str = ""
    file_system: str = ""
    crashes: int = 0


@dataclass(frozen=True, slots=True)
class Asked:
    """How far to look: points of all workloads together, disks, and whether to go on after the first finding."""

    points: int = 40
    disks: int = 300
    workloads: tuple[str, ...] = ("adding", "changing", "publishing", "inbox")
    count: bool = False


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
    parser.add_argument("--points", type=int, default=Asked().points)
    parser.add_argument("--disks", type=int, default=Asked().disks)
    parser.add_argument("--bug", action="append", choices=sorted(BUGS))
    parser.add_argument("--workload", action="append")
    parser.add_argument("--count", action="store_true")
    given = parser.parse_args()
    workloads = tuple(given.workload or Asked().workloads)
    asked = Asked(given.points, given.disks, workloads, given.count)
    print(HEAD, flush=True)
    with tempfile.TemporaryDirectory() as folder:
        recorder = recorded_writes.build(Path(folder))
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            found = partial(row, recorder=recorder, asked=asked)
            for line in pool.map(found, given.bug or BUGS):
                print(line, flush=True)


HEAD = "\n".join(
    [
        "| bug | " + " | ".join(layer.title for layer in LAYERS) + " |",
        "|---|" + "---|" * len(LAYERS),
    ]
)


def row(bug: str, recorder: Path, asked: Asked) -> str:
    """Give what each layer finds of a bug, as a line of the table."""
    cells = [_cell(layer, bug, recorder, asked) for layer in LAYERS]
    return f"| {bug.replace('_', ' ')} | " + " | ".join(cells) + " |"


def _cell(layer: Layer, bug: str, recorder: Path, asked: Asked) -> str:
    if layer.file_system and no_disk(layer.file_system):
        return ""
    wrong, looked_at = 0, 0
    for found, of in _counts(layer, bug, recorder, asked):
        wrong, looked_at = wrong + found, looked_at + of
        if wrong and not asked.count:
            return f"**{looked_at}**"
    return f"**{wrong}/{looked_at}**" if wrong else f"0/{looked_at}"


def _counts(layer: Layer, bug: str, recorder: Path, asked: Asked) -> Iterator[tuple[int, int]]:
    if layer.mode:
        for workload in asked.workloads:
            tally = run(
                workload, layer.mode, patch=f"faults.seeded_bugs:{bug}", stride=5,
                most=-(-asked.points // len(asked.workloads)), file_system=layer.file_system,
                until_wrong=not asked.count,
            )  # fmt: skip
            yield len({wrong.split(":")[0] for wrong in tally.wrong}), tally.points
        return
    kind, story = LOOK_FIRST.get(bug, ("", ""))
    if kind and layer.crashes == (1 if kind == "once" else 2):  # seldom anywhere else
        yield _explored(layer, bug, recorder, asked, ["--story", story])
    yield _explored(layer, bug, recorder, asked, [])


def _explored(
    layer: Layer, bug: str, recorder: Path, asked: Asked, more: list[str]
) -> tuple[int, int]:
    words = ["--crashes", str(layer.crashes), "--states", str(asked.disks), "--bug", bug, *more]
    done = subprocess.run(
        [sys.executable, str(EXPLORER), *words, *([] if asked.count else ["--first"])],
        env=recorded_writes.environment(recorder),
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    found: dict[str, Any] = json.loads(done.stdout)
    wrong = len(found["violations"])
    broke_it = bool(wrong) and not asked.count  # is not counted as looked at by then
    return wrong, found["one_crash"] + found["two_crashes"] + broke_it


if __name__ == "__main__":
    main()
