"""1,000 items that are staged already: read in confined children and stored in 3 s."""

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
        with inbox.held():
            _stage(inbox.grounds.staged / host.store.new_id(), 1)
            inbox.step()  # the zygote is up
            _stage(inbox.grounds.staged / host.store.new_id(), ITEMS)
            began = time.perf_counter()
            step = inbox.step()
            seconds = time.perf_counter() - began
    assert step.stored == ITEMS, step
    print(f"inbox: {ITEMS:,} staged items stored in {seconds:.2f} s (promise: 3 s)")


def _stage(batch: Path, items: int) -> None:
    batch.mkdir()
    for number in range(items):
        (batch / f"run{number}.csv").write_text(f"step,loss\n0,{number}\n1,{number / 2}\n")


if __name__ == "__main__":
    main()
