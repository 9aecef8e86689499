"""Append an entry to the run log, signed and on the disk: processor time and time, alone and beside other processes."""

from __future__ import annotations

import multiprocessing
import statistics
import tempfile
import time
from pathlib import Path

from plotter2.host.run_log import RunLog

ROUNDS, PROCESSES = 500, 2
FIELDS = {
    "name": "lab/thermal",
    "serial": 7,
    "script": "ab" * 32,
    "statement": "cd" * 32,
    "principals": ["alice@lab"],
    "bundles": ["01M87GK2QCM2SATDHBWTP51XHH"] * 3,
    "run": "01M87GK42YGK6NDX6SJT7AB9XW",
}


def main() -> None:
    """Print the medians, and how many are appended in a second by several processes at once."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name) / "root"
        log = RunLog(root)
        log.append("run", **FIELDS)
        cpu, wall = [], []
        for _ in range(ROUNDS):
            began, spent = time.perf_counter(), time.process_time()
            log.append("run", **FIELDS)
            cpu.append((time.process_time() - spent) * 1000)
            wall.append((time.perf_counter() - began) * 1000)
        at_once = together(root)
    print(
        f"append to the run log: {statistics.median(cpu):.2f} ms of processor time (goal 2), "
        f"{statistics.median(wall):.2f} ms with the disk, median of {ROUNDS}; "
        f"{at_once:.0f} a second by {PROCESSES} processes at once"
    )


def together(root: Path) -> float:
    """Give the appends a second of several processes."""
    context = multiprocessing.get_context("fork")
    each = [context.Process(target=_appending, args=(root,)) for _ in range(PROCESSES)]
    began = time.perf_counter()
    for one in each:
        one.start()
    for one in each:
        one.join()
    return ROUNDS * PROCESSES / (time.perf_counter() - began)


def _appending(root: Path) -> None:
    log = RunLog(root)
    for _ in range(ROUNDS):
        log.append("run", **FIELDS)


if __name__ == "__main__":
    main()
