"""A process for the crash test: adds an experiment again and again and says what is acknowledged."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from datter_samples import add_sweep
from plotter2.datter.store import Store


def main() -> None:
    root, first, last = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    with Store.open(root) as store:
        for number in range(first, last):
            print(f"begin {number}", flush=True)
            add_sweep(store, f"exp{number}", 4)
            print(f"done {number}", flush=True)


if __name__ == "__main__":
    main()
