"""A column of 100 MB that lies in sealed memory, from the host to an array in a warm child; median of 50."""

from __future__ import annotations

import os
import statistics
import time

import numpy as np
from children import SETTINGS, task, wait_for_spares

from plotter2.orchestrator import Orchestrator
from plotter2.orchestrator.conversation import Event
from plotter2.wire.memory import sealed

ROUNDS = 50
VALUES = 100_000_000 // 8


def main() -> None:
    """Print the median from the job in the socket to the word that the array is there."""
    times: list[float] = []
    column = sealed(np.arange(VALUES, dtype=np.float64).data.cast("B"))
    with Orchestrator(SETTINGS) as orchestrator:
        for _ in range(ROUNDS):
            wait_for_spares(orchestrator)
            heard: list[float] = []

            def hear(_: Event, heard: list[float] = heard) -> None:
                heard.append(time.monotonic())

            started = time.monotonic()
            outcome = orchestrator.submit(task("column", (column,)), hear)
            times.append((heard[0] - started) * 1000 - outcome.timings_ms["start"])
            outcome.close()
    os.close(column)
    print(
        f"100 MB column in sealed memory, to an array in a warm child: {statistics.median(times):.2f} ms "
        f"median of {ROUNDS} (goal 1)"
    )


if __name__ == "__main__":
    main()
