"""Every object read from the disk and compared with its name: 1 GB/s on 2 cores where the disk allows; sha256sum."""

from __future__ import annotations

import hashlib
import os
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from plotter2.datter.auditing import audit
from plotter2.datter.collecting import object_files
from plotter2.datter.layout import prepare
from plotter2.datter.scrubbing import scrub

OBJECTS = 64
SIZE = 16 << 20


def main() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_FOLDER")) as folder:
        layout = prepare(Path(folder))
        block = os.urandom(SIZE)
        for number in range(OBJECTS):
            data = number.to_bytes(8, "big") + block
            path = layout.object_file(hashlib.sha256(data).hexdigest())
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(data)
        files = object_files(layout)
        os.sync()
        total = sum(path.stat().st_size for path in files)
        reading = measured(files, total, lambda: list(map(read, files)))
        ours = measured(files, total, lambda: scrub(layout))
        names = [str(path) for path in files]
        peer = measured(files, total, lambda: sums(["sha256sum", *names]))
        halves = measured(files, total, lambda: both(names))
        began = time.perf_counter()
        audit(layout.root, 5.0)
        looked = time.perf_counter() - began
    print(
        f"fsck: {ours:.2f} GB/s of objects hashed from the disk (promise: 1 GB/s where the disk allows; it reads "
        f"{reading:.2f} GB/s); sha256sum {peer:.2f} GB/s, two of them at once {halves:.2f} GB/s; "
        f"a look at all files without reading them {looked * 1000:.0f} ms"
    )


def measured(files: list[Path], total: int, work: Callable[[], object]) -> float:
    """Give GB/s, with nothing of the files in memory before."""
    for path in files:
        with path.open("rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    began = time.perf_counter()
    work()
    return float(total / 1e9 / (time.perf_counter() - began))


def read(path: Path) -> None:
    """Read a file."""
    with path.open("rb") as file:
        while file.read(1 << 20):
            pass


def sums(command: list[str]) -> None:
    """Run a command and throw away what it says."""
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def both(names: list[str]) -> None:
    """Run sha256sum twice at once, each over a half of the files."""
    running = [
        subprocess.Popen(["sha256sum", *names[place::2]], stdout=subprocess.DEVNULL)
        for place in (0, 1)
    ]
    for one in running:
        one.wait()


if __name__ == "__main__":
    main()
