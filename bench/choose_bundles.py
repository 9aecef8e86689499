"""A condition that leaves 20 of 10,000 bundles: what describing them takes, and how many tables are read for it."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable

from plotter2.datter.adding import Draft
from plotter2.datter.bundle import Column, Table
from plotter2.datter.locks import PATIENCE_S
from plotter2.datter.narrowing import EVERYTHING, narrowing
from plotter2.datter.store import Store

RUNS = 10_000
LEFT = 20
METRICS = 100
ROUNDS = 5


def main() -> None:
    """Print the medians."""
    columns = tuple(Column(name=f"m{i}", kind="number", role="metric") for i in range(METRICS))
    table = Table(rows=1_000, columns=columns)
    with tempfile.TemporaryDirectory() as root, Store.open(root) as store:
        drafts = [
            Draft(f"exp/run{n}", {"lr": n / 10, "seed": n % 500}, tables={"main": table})
            for n in range(RUNS)
        ]
        with store.adding() as adding:
            adding.commit(drafts, PATIENCE_S)
        only = narrowing([f"seed = {RUNS // LEFT - 1}"], None)
        parts = len(store.describe("exp/*", only).parts)
        chosen = median(lambda: store.describe("exp/*", only))
        params = median(lambda: store.params_of("exp/*"))
        whole = median(lambda: store.describe("exp/*", EVERYTHING))
    print(
        f"a condition on params over {RUNS:,} bundles: {parts} tables read, described in {chosen:.0f} ms "
        f"(all of them: {whole:.0f} ms); which params there are: {params:.0f} ms"
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
