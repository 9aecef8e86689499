"""The cost of `import logger2` as a whole process: median, and the difference to the bare interpreter, in one line."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

RUNS = 31


def milliseconds(code: str) -> float:
    """Give the wall time of an isolated interpreter that runs this code."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-I", "-c", code], check=True)
    return (time.perf_counter() - start) * 1000


def main() -> None:
    """Print both medians; bare and importing processes alternate."""
    bare, importing = [], []
    for _ in range(RUNS):
        bare.append(milliseconds("pass"))
        importing.append(milliseconds("import logger2"))
    extra = statistics.median(importing) - statistics.median(bare)
    print(
        f"import logger2, whole process, median of {RUNS}: {statistics.median(importing):.1f} ms,"
        f" bare interpreter {statistics.median(bare):.1f} ms, difference {extra:.1f} ms (goal: at most 50)"
    )


if __name__ == "__main__":
    main()
