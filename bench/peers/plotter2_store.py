"""plotter2: CSV files read in a confined child, columns stored durably."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import plotter2
from plotter2.datter.store import Store


def main(runs: Path, place: Path) -> None:
    """Print the milliseconds of an add of all runs, and of a list of them."""
    root = place / "root"
    with plotter2.open(root) as library:
        began = time.perf_counter()
        library.add(runs)
        added = time.perf_counter()
    with Store.open(root) as store:
        opened = time.perf_counter()
        count = len(store.list())
        listed = time.perf_counter()
    assert count == 1 + len(list(runs.iterdir()))
    print(json.dumps({"add": (added - began) * 1000, "list": (listed - opened) * 1000}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
