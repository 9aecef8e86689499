"""`plotter2 verify` of one script as a whole process: medians of 15, wall and processor time, beside bare Python."""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from verify_scripts import signed, trust

from p2sign.keys import SigningKey
from plotter2.datter.store import Store

RUNS = 15


def main() -> None:
    """Print the medians."""
    with tempfile.TemporaryDirectory() as name:
        root, key = Path(name) / "root", SigningKey.generate()
        Store.open(root).close()
        trust(root, key)
        script = signed(Path(name), 0, key)
        command = [sys.executable, "-m", "plotter2", "verify", str(script), "--root", str(root)]
        bare, (wall, cpu) = medians([sys.executable, "-c", "pass"]), medians(command)
    print(
        f"plotter2 verify: {wall:.0f} ms (goal 250), {cpu:.0f} ms of processor time, median of {RUNS}; "
        f"bare python {bare[0]:.0f} ms"
    )


def medians(command: list[str]) -> tuple[float, float]:
    """Give wall and processor time of a process in ms, after one warm-up."""
    wall, cpu = [], []
    for _ in range(RUNS + 1):
        spent, started = of_children(), time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        wall.append((time.perf_counter() - started) * 1000)
        cpu.append((of_children() - spent) * 1000)
    return statistics.median(wall[1:]), statistics.median(cpu[1:])


def of_children() -> float:
    """Give the processor seconds of all processes that ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
