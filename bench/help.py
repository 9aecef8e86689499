"""`plotter2 --help` as a whole process: median of 15, beside a bare interpreter."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

RUNS = 15


def main() -> None:
    """Print the medians."""
    bare = median([sys.executable, "-c", "pass"])
    help_page = median([sys.executable, "-m", "plotter2", "--help"])
    print(
        f"plotter2 --help: {help_page:.0f} ms median of {RUNS} (goal 150), bare python {bare:.0f} ms"
    )


def median(command: list[str]) -> float:
    """Give the median wall time of a process in ms, after one warm-up."""
    times = []
    for _ in range(RUNS + 1):
        started = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        times.append((time.perf_counter() - started) * 1000)
    return statistics.median(times[1:])


if __name__ == "__main__":
    main()
