"""A child from the order to work: fork, confine, self-test; median of 200 of a warm zygote, none kept ready."""

from __future__ import annotations

import statistics

from plotter2.orchestrator import Orchestrator, OrchestratorSettings, Task
from plotter2.orchestrator.settings import Spares
from plotter2.wire.messages import ReadJob

CHILDREN = 200


def main() -> None:
    """Print the medians of the start, of confining alone, and of a whole run that does nothing."""
    task = Task(ReadJob(files=[]), minimum="none")
    with Orchestrator(OrchestratorSettings(spares=Spares(most=0))) as orchestrator:
        level = orchestrator.ready().level
        timings = [orchestrator.submit(task).timings_ms for _ in range(CHILDREN)]
    start, confine, total = (
        statistics.median(t[stage] for t in timings) for stage in ("start", "confine", "total")
    )
    best = statistics.quantiles((t["start"] for t in timings), n=10)[0]
    print(
        f"child start + confine: {start:.1f} ms median of {CHILDREN} (goal 8), a tenth in {best:.1f} ms,"
        f" confining alone {confine:.1f} ms, at level {level}; to the end of an empty run {total:.1f} ms"
    )


if __name__ == "__main__":
    main()
