"""A store of 10,000 bundles and the median of a call: what the scripts that list and choose share."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from logger2.identity import Scalar
from plotter2.datter.adding import Draft
from plotter2.datter.bundle import Column, Table
from plotter2.datter.locks import PATIENCE_S
from plotter2.datter.store import Store

RUNS = 10_000
METRICS = 100
_ROUNDS = 5


@contextmanager
def store_of(rows: int, named: Callable[[int], tuple[str, dict[str, Scalar]]]) -> Iterator[Store]:
    """Open a store of RUNS bundles, each with one table of METRICS columns; `named` names the n-th."""
    columns = tuple(Column(name=f"m{i}", kind="number", role="metric") for i in range(METRICS))
    table = Table(rows=rows, columns=columns)
    with tempfile.TemporaryDirectory() as root, Store.open(root) as store:
        drafts = [Draft(*named(n), tables={"main": table}) for n in range(RUNS)]
        with store.adding() as adding:
            adding.commit(drafts, PATIENCE_S)
        yield store


def median(work: Callable[[], object]) -> float:
    """Give the median milliseconds of a call."""
    times = []
    for _ in range(_ROUNDS):
        started = time.perf_counter()
        work()
        times.append((time.perf_counter() - started) * 1000)
    return statistics.median(times)
