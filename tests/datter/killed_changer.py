"""A process for the crash test: renames, archives, adds and collects, and says what is acknowledged."""

from __future__ import annotations

import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from datter_samples import add_run, curve
from plotter2.datter.attaching import ScriptBytes
from plotter2.datter.store import Store


def change(store: Store, what: str, number: int) -> None:
    """Do one change; every one is done under a number that rises."""
    (name,) = {line.bundle.name.split("/")[0] for line in store.list() if "/" in line.bundle.name}
    if what == "rename":
        store.rename(name, f"exp{number}")
    elif what == "archive":
        store.archive(f"{name}/run1")
    elif what == "undo":
        if store.archived():
            store.archive(f"{name}/run1", undo=True)
    elif what == "attach":
        store.attach(
            f"{name}/run0", [ScriptBytes("tasks.p2", f"p2 1 {number}".encode(), b"signed")]
        )
    elif what == "detach":
        if store.attachments(store.find(f"{name}/run0")[0]):
            store.detach(f"{name}/run0", "tasks")
    elif what == "gc":
        store.garbage(0, remove=True)
    else:
        add_run(store, f"{name}/run2", curve(number + 5))


def main() -> None:
    root, seed, number = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    generator = random.Random(seed)
    with Store.open(root) as store:
        print("ready", flush=True)
        for _ in range(100_000):
            number += 1
            what = generator.choice(
                ["rename", "rename", "archive", "undo", "gc", "add", "attach", "detach"]
            )
            print(f"begin {what} {number}", flush=True)
            change(store, what, number)
            print(f"done {what} {number}", flush=True)


if __name__ == "__main__":
    main()
