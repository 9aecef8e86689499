"""A bundle of 1 GB as a package: written out of one store, every byte checked, read in by a confined child of another.

Beside it the disk: as many bytes written to one file and synced.
"""

from __future__ import annotations

import io
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl

from plotter2.config.settings import settings
from plotter2.exporting.package import export
from plotter2.exporting.wanted import ToExport
from plotter2.host.host import Host
from plotter2.staging.manifests import checked

COLUMNS, ROWS, PIECES = 16, 8_000_000, 2
SIZE = COLUMNS * ROWS * 8 / 1e9


def main() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_FOLDER")) as name:
        folder = Path(name)
        disk = timed(lambda: write_one(folder / "plain"))
        (folder / "plain").unlink()
        made = written(folder)
        with Host(settings(folder / "one")) as host:
            host.orchestrator.warm()
            first = timed(lambda: host.add([made], None))
            out = timed(lambda: export(host.store, ToExport("made", folder / "x.p2b"), no_child))
        read = timed(lambda: checked(folder / "x.p2b"))
        with Host(settings(folder / "two")) as host:
            host.orchestrator.warm()
            back = timed(lambda: host.add([folder / "x.p2b"], None))
    print(
        f"package: {SIZE:.1f} GB written out {SIZE / out:.2f} GB/s, checked {SIZE / read:.2f} GB/s, added "
        f"{SIZE / back:.2f} GB/s (as a folder {SIZE / first:.2f}); the disk takes one file of it, synced, at "
        f"{SIZE / disk:.2f} GB/s"
    )


def written(folder: Path) -> Path:
    """Write the table as a package in a folder: each column in Arrow files of its own."""
    draws = np.random.default_rng(4)
    at = folder / "made"
    (at / "t").mkdir(parents=True)
    files = []
    for column in range(COLUMNS):
        for piece in range(PIECES):
            values = pl.DataFrame({f"c{column}": draws.standard_normal(ROWS // PIECES)})
            file = f"t/{column:02d}-{piece}.arrow"
            buffer = io.BytesIO()
            values.write_ipc(buffer)
            (at / file).write_bytes(buffer.getbuffer())
            files.append(f'"{file}"')
    (at / "manifest.json").write_text(
        '{"manifest_version": 1, "date": "2026-11-24", "time": "13:05:00", "user": "", "meta": {}, '
        '"contains": [{"kind": "table", "name": "main", "format": "arrow", "files": ['
        + ", ".join(files)
        + "]}]}"
    )
    return at


def write_one(path: Path) -> None:
    """Write as many bytes and have the disk confirm them."""
    block = os.urandom(1 << 26)
    with path.open("wb") as file:
        left = int(SIZE * 1e9)
        while left > 0:
            left -= file.write(block[:left])
        file.flush()
        os.fsync(file.fileno())


def timed(work: Callable[[], object]) -> float:
    """Give how long something takes, in seconds."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def no_child(*_: object) -> object:
    """Packages are written without any child."""
    raise AssertionError


if __name__ == "__main__":
    main()
