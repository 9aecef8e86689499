"""A task to a child that waits: from the orchestrator's order to the job in the child's socket, median of 100."""

from __future__ import annotations

import statistics

from children import SETTINGS, task, wait_for_spares

from plotter2.orchestrator import Orchestrator

RUNS = 100


def main() -> None:
    """Print the medians of the hand-over, and of a whole run that does nothing."""
    starts, totals = [], []
    with Orchestrator(SETTINGS) as orchestrator:
        for _ in range(RUNS):
            wait_for_spares(orchestrator)
            with orchestrator.submit(task("nothing")) as outcome:
                starts.append(outcome.timings_ms["start"])
                totals.append(outcome.timings_ms["total"])
    print(
        f"hand-over of a warm child: {statistics.median(starts):.2f} ms median of {RUNS} (goal 1), "
        f"to the end of an empty run {statistics.median(totals):.1f} ms"
    )


if __name__ == "__main__":
    main()
