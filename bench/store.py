"""The store's speed: acknowledging a package, the registry, a bundle of 2 GB beside the disk, bytes for each value.

Four lines, each with its goal in brackets.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import plotter2
from plotter2.config.settings import settings
from plotter2.datter.adding import Draft
from plotter2.datter.bundle import Bundle, Chunk, Column, Table, canonical, digest_of
from plotter2.datter.ids import IdSource
from plotter2.datter.layout import prepare
from plotter2.datter.locks import PATIENCE_S
from plotter2.datter.registry import Registry
from plotter2.datter.store import Store
from plotter2.host.host import Host
from plotter2.staging.accepting import accept

PACKAGES = 200
PACKAGE_BYTES = 100_000
ROWS = 20_000
BATCH = 256
PIECE = 1 << 26
PIECES = 32
SWEEP = Path(__file__).parents[1] / "examples" / "digits_sweep" / "train.py"


def main() -> None:
    """Print the lines."""
    for line in (acknowledged, entered, large, sealed):
        with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
            print(line(Path(folder)), flush=True)


def acknowledged(folder: Path) -> str:
    """Stage packages one by one, each synced before it is told."""
    with Host(settings(folder / "root")) as host:
        inbox = host.inbox()
        with inbox.held():
            times = []
            for number in range(PACKAGES):
                item = inbox.grounds.inbox / f"run{number}.csv"
                item.write_bytes(b"step\n" + os.urandom(PACKAGE_BYTES // 2).hex().encode())
                with clock(times):
                    accept(inbox.grounds, [item], host.store.new_id())
    p50, p99 = statistics.median(times), sorted(times)[int(len(times) * 0.99)]
    return f"acknowledge a package of 100 kB: p50 {p50:.1f} ms (goal 5), p99 {p99:.1f} ms"


def entered(folder: Path) -> str:
    """Enter bundles into the registry in batches, each batch synced."""
    layout, ids = prepare(folder / "root"), IdSource()
    table = Table(rows=1, columns=(Column(name="loss", kind="number"),))
    bundles = [
        Bundle(
            id=ids.new(),
            name=f"e/run{n}",
            parent=None,
            attempt=1,
            created=n,
            tables={"main": table},
        )
        for n in range(ROWS)
    ]
    described = [(bundle, digest_of(canonical(bundle))) for bundle in bundles]
    registry = Registry.open(layout.registry / "registry.db")
    times: list[float] = []
    with clock(times):
        for start in range(0, ROWS, BATCH):
            registry.add(ids.new(), described[start : start + BATCH])
    registry.close()
    # A bundle is two rows: its own, and its table's.
    return f"registry: {2 * ROWS / times[0] * 1000:,.0f} rows/s in batches of {BATCH} bundles (goal 5,000)"


def large(folder: Path) -> str:
    """Add 2 GB beside writing as many bytes to one file and syncing it, in turn."""
    pieces = [os.urandom(PIECE) for _ in range(4)]
    plain: list[float] = []
    adds: list[float] = []
    for round_ in range(3):
        with clock(plain), (folder / "plain").open("wb") as file:
            for number in range(PIECES):
                file.write(number.to_bytes(8, "big") + pieces[number % 4][8:])
            os.fsync(file.fileno())
        with Store.open(folder / f"root{round_}") as store, clock(adds), store.adding() as adding:
            columns = []
            for number in range(PIECES):
                piece = number.to_bytes(8, "big") + pieces[number % 4][8:]
                digest, size = adding.put(piece)
                chunk = Chunk(digest=digest, bytes=size, rows=1)
                columns.append(Column(name=f"c{number}", kind="number", chunks=(chunk,)))
            tables = {"main": Table(rows=1, columns=tuple(columns))}
            adding.commit([Draft("large", tables=tables)], PATIENCE_S)
        subprocess.run(["rm", "-rf", folder / f"root{round_}", folder / "plain"], check=True)
    disk, ours = (PIECE * PIECES / statistics.median(t) / 1e6 for t in (plain, adds))
    return f"add 2 GB: {ours:.2f} GB/s, {ours / disk:.0%} of one file written and synced, {disk:.2f} GB/s (goal 60 %)"


def sealed(folder: Path) -> str:
    """Add the digits sweep; count the bytes of its objects."""
    subprocess.run([sys.executable, SWEEP, folder / "runs"], check=True, capture_output=True)
    with plotter2.open(folder / "root") as library:
        library.add(folder / "runs" / "digits-sweep")
    with Store.open(folder / "root") as store:
        tables = [
            t for listed in store.list() for t in store.bundle(listed.bundle.id).tables.values()
        ]
    values = sum(table.rows * len(table.columns) for table in tables)
    size = sum(chunk.bytes for t in tables for column in t.columns for chunk in column.chunks)
    return f"digits sweep: {size / values:.1f} bytes for each of {values:,} values (goal 8)"


@contextmanager
def clock(times: list[float]) -> Iterator[None]:
    """Append the milliseconds that the block takes."""
    started = time.perf_counter()
    yield
    times.append((time.perf_counter() - started) * 1000)


if __name__ == "__main__":
    main()
