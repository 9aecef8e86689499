"""A child from the order to work: fork, confine, self-test; median of 100 children of a warm zygote."""

from __future__ import annotations

import statistics

from plotter2.orchestrator import Orchestrator, Task
from plotter2.wire.messages import ReadJob

CHILDREN = 100


def main() -> None:
    """Print the medians of the start, and of a whole run that does nothing."""
    task = Task(ReadJob(files=[]), minimum="none")
    with Orchestrator() as orchestrator:
        level = orchestrator.ready().level
        timings = [orchestrator.submit(task).timings_ms for _ in range(CHILDREN)]
    start = statistics.median(t["start"] for t in timings)
    total = statistics.median(t["total"] for t in timings)
    print(
        f"child start + confine: {start:.1f} ms median of {CHILDREN} (goal 15) at level {level},"
        f" to the end of an empty run {total:.1f} ms"
    )


if __name__ == "__main__":
    main()
