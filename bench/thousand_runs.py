"""1,000 runs one after the other, good and bad ones: memory, descriptors, threads and zombies of the host."""

from __future__ import annotations

import os
import resource
from contextlib import suppress
from pathlib import Path

from children import SETTINGS, task, wait_for_spares

from plotter2.errors import Plotter2Error
from plotter2.orchestrator import Orchestrator

RUNS = 1_000
BEFORE = 100


def main() -> None:
    """Print what changed between the first hundred runs and the last."""
    with Orchestrator(SETTINGS) as orchestrator:
        several(orchestrator, BEFORE)
        before = state(orchestrator)
        several(orchestrator, RUNS)
        after = state(orchestrator)
    grown = 100 * (after[0] / before[0] - 1)
    print(
        f"{RUNS:,} runs: memory of the host {grown:+.1f} % (goal 0 to +2), descriptors {before[1]} to {after[1]}, "
        f"threads {before[2]} to {after[2]}, zombies {before[3]} to {after[3]}"
    )


def several(orchestrator: Orchestrator, runs: int) -> None:
    """Run tasks; each tenth fails in the child."""
    for number in range(runs):
        with suppress(Plotter2Error):
            orchestrator.submit(task("nothing" if number % 10 else "unknown")).close()


def state(orchestrator: Orchestrator) -> tuple[int, int, int, int]:
    """Give resident bytes, descriptors, threads, and zombies below this process."""
    wait_for_spares(orchestrator)
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    descriptors = sum(1 for _ in Path("/proc/self/fd").iterdir())
    threads = sum(1 for _ in Path("/proc/self/task").iterdir())
    return pages * resource.getpagesize(), descriptors, threads, zombies({os.getpid()})


def zombies(family: set[int]) -> int:
    """Count the dead that nobody has reaped, in this process's family."""
    found = []
    for each in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            state, parent = (
                (each / "stat").read_text(encoding="ascii").rpartition(")")[2].split()[:2]
            )
            found.append((int(each.name), int(parent), state))
    for _ in range(4):
        family |= {pid for pid, parent, _ in found if parent in family}
    return sum(1 for pid, _, state in found if pid in family and state == "Z")


if __name__ == "__main__":
    main()
