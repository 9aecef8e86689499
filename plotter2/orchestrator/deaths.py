"""Work under which children die: counted by its name, and set aside after three deaths, so that the pool goes on."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Final

from plotter2.errors import HostError
from plotter2.orchestrator.task import Task
from plotter2.wire import codes

MOST_DEATHS: Final = 3
_MOST_NAMES: Final = 10_000


class Deaths:
    """How many children died in a row under each work; work that goes well is forgotten."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: OrderedDict[str, int] = OrderedDict()

    def require_below(self, task: Task) -> None:
        """Raise HostError (P2-H0943) for work under which three children died."""
        if self._counts.get(task.name, 0) >= MOST_DEATHS:
            raise HostError(
                codes.SET_ASIDE,
                f"{MOST_DEATHS} children died under this work; it is set aside and was not tried again",
                help="change the script or its data; a new process of plotter2 tries it again",
            )

    def count(self, task: Task) -> None:
        """Note that a child died under the task."""
        if not task.name:
            return
        with self._lock:
            self._counts[task.name] = self._counts.pop(task.name, 0) + 1
            if len(self._counts) > _MOST_NAMES:
                self._counts.popitem(last=False)

    def forget(self, task: Task) -> None:
        """Note that the task went well."""
        if self._counts:
            with self._lock:
                self._counts.pop(task.name, None)
