"""A work folder is made although another process, which sweeps, holds its lock for an instant."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

from plotter2.datter import durable
from plotter2.datter.layout import prepare
from plotter2.datter.locks import try_lock
from plotter2.datter.workspace import sweep, workspace


def test_a_sweeper_that_was_faster_is_waited_for(tmp_path: Path) -> None:
    layout = prepare(tmp_path / "root")
    lock = layout.temp / "work.lock"
    held = try_lock(lock)
    assert held is not None

    def swept() -> None:
        time.sleep(0.1)
        durable.discard(lock)
        os.close(held)

    sweeper = threading.Thread(target=swept)
    sweeper.start()
    with workspace(layout, "work") as folder:
        assert folder.is_dir()
        assert sweep(layout) == 0
        assert folder.is_dir()
    sweeper.join()
    assert list(layout.temp.iterdir()) == []
