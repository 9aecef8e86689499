"""Listing 10,000 bundles and describing what a selector over 1,000 of them gives: median of 5."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable

from plotter2.datter.adding import Draft
from plotter2.datter.bundle import Column, Table
from plotter2.datter.locks import PATIENCE_S
from plotter2.datter.store import Store

RUNS = 10_000
METRICS = 100
ROUNDS = 5


def main() -> None:
    """Print the medians."""
    columns = tuple(Column(name=f"m{i}", kind="number", role="metric") for i in range(METRICS))
    table = Table(rows=0, columns=columns)
    with tempfile.TemporaryDirectory() as root, Store.open(root) as store:
        drafts = [
            Draft(f"exp{n // 1000}/run{n}", {"lr": n / 10}, tables={"main": table})
            for n in range(RUNS)
        ]
        with store.adding() as adding:
            adding.commit(drafts, PATIENCE_S)
        listed = median(store.list)
        described = median(lambda: store.schema_of("exp7/*"))
    print(
        f"list of {RUNS:,} bundles: {listed:.0f} ms (goal 300); "
        f"schema of 1,000 of them with {METRICS} columns: {described:.0f} ms"
    )


def median(work: Callable[[], object]) -> float:
    """Give the median milliseconds of a call."""
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        work()
        times.append((time.perf_counter() - started) * 1000)
    return statistics.median(times)


if __name__ == "__main__":
    main()
