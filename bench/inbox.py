"""1,000 items that are staged already: checked and stored in 3 s; beside it what a child's reading takes of that."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from plotter2.config.settings import settings
from plotter2.host.host import Host

ITEMS = 1_000


def main() -> None:
    """Print the figure."""
    with tempfile.TemporaryDirectory() as folder, Host(settings(Path(folder))) as host:
        inbox = host.inbox()
        batch = inbox.grounds.staged / host.store.new_id()
        with inbox.held():
            batch.mkdir()
            for number in range(ITEMS):
                (batch / f"run{number}.csv").write_text(f"step,loss\n0,{number}\n1,{number / 2}\n")
            host.orchestrator.warm()
            began = time.perf_counter()
            step = inbox.step()
            seconds = time.perf_counter() - began
    assert step.stored == ITEMS, step
    print(f"inbox: {ITEMS:,} staged items stored in {seconds:.2f} s (promise: 3 s)")


if __name__ == "__main__":
    main()
