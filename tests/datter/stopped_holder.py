"""A process for the test of lost leases: begins a run with a short lease, waits for a word, then publishes."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from datter_samples import begun, end_run
from plotter2.datter.store import Store
from plotter2.errors import DataError


def main() -> None:
    with Store.open(sys.argv[1]) as store:
        try:
            with begun(store, key="key", lease_s=float(sys.argv[2])) as work:
                run = store.new_id()
                work.begin_run(run, "x.p2", {})
                print("begun", flush=True)
                sys.stdin.readline()
                end_run(store, work, run)
        except DataError as error:
            print(error.code, flush=True)
        else:
            print("published", flush=True)


if __name__ == "__main__":
    main()
