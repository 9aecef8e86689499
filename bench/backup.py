"""A first backup and the next one, of one large bundle and of many small ones; beside cp -a and rsync -a."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from datter_samples import add_run, add_sweep
from plotter2.datter.adding import Draft
from plotter2.datter.bundle import Chunk, Column, Table
from plotter2.datter.store import Store
from plotter2.relay.copies import backup, verify

LARGE = 512 << 20
CHUNK = 32 << 20
BUNDLES = 2_000


def main() -> None:
    """Print the figures."""
    for what, make in (("one bundle of 0.5 GB", large), (f"{BUNDLES:,} bundles", small)):
        with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_FOLDER")) as name:
            make(Path(name) / "root")
            os.sync()
            print(f"backup: {what}: {figures(Path(name))}")


def figures(folder: Path) -> str:
    """Give what a backup of the root there takes, and what its peers take."""
    root, copy = folder / "root", folder / "copy"
    first = timed(lambda: backup(root, copy))
    cp = timed(lambda: copied(["cp", "-a", str(root), str(folder / "cp")]))
    peers = f"cp -a and sync {cp:.2f} s"
    if shutil.which("rsync"):
        rsync = timed(lambda: copied(["rsync", "-a", f"{root}/", str(folder / "rsync")]))
        peers += f", rsync -a and sync {rsync:.2f} s"
    else:
        peers += ", rsync is not here"
    with Store.open(root) as store:
        add_run(store, "late/run")
    again = timed(lambda: backup(root, copy))
    looked = timed(lambda: verify(copy))
    return f"first {first:.2f} s beside {peers}; next with one run more {again:.2f} s; verified {looked:.2f} s"


def large(root: Path) -> None:
    """Make a root with one large bundle."""
    with Store.open(root) as store, store.adding() as adding:
        chunks = []
        for _ in range(LARGE // CHUNK):
            digest, size = adding.put(os.urandom(CHUNK))
            chunks.append(Chunk(digest=digest, bytes=size, rows=1))
        column = Column(name="x", kind="number", chunks=tuple(chunks))
        table = Table(rows=len(chunks), columns=(column,))
        adding.commit([Draft(name="large", tables={"main": table})], 5.0)


def small(root: Path) -> None:
    """Make a root with many small bundles."""
    with Store.open(root) as store:
        add_sweep(store, "sweep", BUNDLES)


def timed(work: Callable[[], object]) -> float:
    """Give how many seconds something takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def copied(command: list[str]) -> None:
    """Run a command, and have the disk take what it wrote, as a backup does."""
    subprocess.run(command, check=True)
    os.sync()


if __name__ == "__main__":
    main()
