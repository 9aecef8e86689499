"""One column of a bundle of 2 GB, from the store into a confined child: 10 ms; beside polars on the same file."""

from __future__ import annotations

import io
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

import plotter2
from plotter2.datter.adding import Draft
from plotter2.datter.bundle import Chunk, Column, Table
from plotter2.datter.locks import PATIENCE_S
from plotter2.datter.store import Store
from plotter2.runs.inputs import bind, sealed_inputs
from plotter2.runs.selecting import Circumstances

ROWS = 8_000_000
COLUMNS = 32
ROUNDS = 7
SCRIPT = 'p2 1\nlet one = access("large") | select(c7)\n$one | summary(largest = max(c7)) | show\n'


def main() -> None:
    """Print the medians: what the host does to hand the column over, what the child does to have it."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        folder = Path(name)
        with Store.open(folder / "root") as store:
            size = fill(store)
        script = folder / "one.p2"
        script.write_text(SCRIPT)
        with plotter2.open(folder / "root") as library:
            library.new_key("bench@example")
            library.sign(script)
            library.run(script)
            reads = [library.run(script).record["timings_ms"]["read"] for _ in range(ROUNDS)]
            compiled = library.check(script).compiled
        assert compiled is not None
        with Store.open(folder / "root") as store:
            tables = bind(compiled.module.nodes, compiled.schemas, store, Circumstances())
            (chunk,) = tables[0].parts[0].columns["c7"]
            hand_over = [timed(lambda: hand(tables)) for _ in range(ROUNDS)]
            direct = [timed(lambda: pl.read_ipc(chunk.path)) for _ in range(ROUNDS)]
    ours = statistics.median(reads) + statistics.median(hand_over)
    print(
        f"one column ({ROWS:,} numbers) of a bundle of {size / 1e9:.1f} GB in a child: {ours:.1f} ms (goal 10):"
        f" {statistics.median(hand_over):.1f} handed over, {statistics.median(reads):.1f} read;"
        f" polars alone, the same file: {statistics.median(direct):.1f} ms"
    )


def fill(store: Store) -> int:
    """Store a bundle of 32 columns of 64 MB; gives its bytes."""
    random = np.random.default_rng(1)
    with store.adding() as adding:
        columns = []
        for number in range(COLUMNS):
            file = io.BytesIO()
            values = random.random(ROWS)
            pl.DataFrame({f"c{number}": values}).write_ipc(file, compression="uncompressed")
            digest, size = adding.put(file.getbuffer())
            chunk = Chunk(digest=digest, bytes=size, rows=ROWS)
            columns.append(Column(name=f"c{number}", kind="number", chunks=(chunk,)))
        table = Table(rows=ROWS, columns=tuple(columns))
        adding.commit([Draft("large", tables={"main": table})], PATIENCE_S)
    return sum(chunk.bytes for column in columns for chunk in column.chunks)


def hand(tables: object) -> None:
    """Make the descriptors that go to a child, and close them."""
    with sealed_inputs(tables):  # type: ignore[arg-type]
        pass


def timed(work: object) -> float:
    """Give the milliseconds that a call takes."""
    assert callable(work)
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000


if __name__ == "__main__":
    main()
