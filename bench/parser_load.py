"""Load the parser's tables once lark and the parser are imported: fresh processes, processor time, median of 15."""

from __future__ import annotations

import statistics
import subprocess
import sys

RUNS = 15
CODE = """
import time
import lark
from p2lang.parser import parse, parsing
from p2lang.source import Source
def spent():
    started = time.process_time()
    parse(Source("p2 1 loggy(1)"))
    return time.process_time() - started
first, second = spent(), spent()
print(first - second)
"""


def main() -> None:
    """Print the median."""
    times = [
        float(subprocess.run([sys.executable, "-c", CODE], check=True, capture_output=True).stdout)
        for _ in range(RUNS)
    ]
    print(f"parser tables: {statistics.median(times) * 1000:.1f} ms median of {RUNS} (goal 15)")


if __name__ == "__main__":
    main()
