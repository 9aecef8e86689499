"""Which runs live: each has a lock that dies with its process, so that a killed host's runs are found.

No clock and no process number is asked. The locks lie in `temp/`, where the sweep removes what a dead process left.
"""

from __future__ import annotations

import os

from plotter2.datter import durable
from plotter2.datter.ids import now_ms
from plotter2.datter.layout import Layout
from plotter2.datter.registry import Registry
from plotter2.datter.workspace import own_lock
from plotter2.errors import Problem
from plotter2.wire.codes import BROKEN_OFF

STATE = "broken off"
"""How a run ends whose process died under it."""


class LivingRuns:
    """The locks of the runs that this process works on."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._held: dict[str, int] = {}

    def begin(self, run_id: str) -> None:
        """Hold the lock of a run; to be called before anybody can see that it began."""
        self._held[run_id] = own_lock(self._layout.temp / _lock_name(run_id))

    def end(self, run_id: str) -> None:
        """Give the lock back; to be called after everybody can see that it ended."""
        held = self._held.pop(run_id, None)
        if held is not None:
            durable.discard(self._layout.temp / _lock_name(run_id))
            os.close(held)

    def close(self) -> None:
        """Give all locks back: what has not ended by now never will."""
        for run_id in tuple(self._held):
            self.end(run_id)


def settle(layout: Layout, registry: Registry) -> int:
    """Enter the end of runs whose process died; gives how many. Raises DataError."""
    return sum(
        registry.finish_run(run.id, STATE, now_ms(), {**run.record, "error": _ENDING.as_json()})
        for run in registry.open_runs()
        if _is_dead(layout, run.id)
    )


_ENDING = Problem(
    BROKEN_OFF, "the process that worked on the run was ended from outside", help="run it again"
)


def _is_dead(layout: Layout, run_id: str) -> bool:
    path = layout.temp / _lock_name(run_id)
    held = durable.try_lock(path)
    if held is None:
        return False
    durable.discard(path)
    os.close(held)
    return True


def _lock_name(run_id: str) -> str:
    return f"run-{run_id}.lock"
