"""A process for the test of many at once: takes one request after the other until there is none, and says which."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from plotter2.datter.store import Store


def main() -> None:
    with Store.open(sys.argv[1]) as store:
        print("ready", flush=True)
        sys.stdin.readline()
        while (request := store.requests.lease_next(["run"], 60)) is not None:
            store.requests.finish(request.token, {})
            print(request.id, flush=True)


if __name__ == "__main__":
    main()
