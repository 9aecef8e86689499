"""A process that forks eight others, which all add the same file and one of their own at the same moment."""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from plotter2.datter.store import Store
from staging_samples import read_plainly, staged


def main() -> None:
    root, folder = Path(sys.argv[1]), Path(sys.argv[2])
    reading, writing = os.pipe()
    children = [os.fork() or added(root, folder, number, (reading, writing)) for number in range(8)]
    os.close(reading)
    os.close(writing)  # now all begin
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    sys.exit(max(codes))


def added(root: Path, folder: Path, number: int, pipe: tuple[int, int]) -> int:
    code = 1
    try:
        os.close(pipe[1])
        os.read(pipe[0], 1)
        with Store.open(root) as store:
            for name in ("shared", f"own{number}"):
                staged([folder / f"{name}.csv"], None, read_plainly, store)
        code = 0
    finally:
        if sys.exc_info()[0] is not None:
            traceback.print_exc()
        os._exit(code)


if __name__ == "__main__":
    main()
