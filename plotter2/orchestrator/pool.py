"""Children that wait, confined and unused, so that a task need not wait for one. Each is used once.

Nothing here runs by itself: spares are ordered when the zygote is up and when a task has ended that was not the first,
and looked at when one is taken. What was killed meanwhile is left out and replaced. They end with the zygote, and so
with the host.
"""

from __future__ import annotations

import threading
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from plotter2.errors import HostError
from plotter2.orchestrator.child import Child, Newborn, idle_memory
from plotter2.orchestrator.groups import Groups
from plotter2.orchestrator.settings import Spares
from plotter2.orchestrator.zygote import ZygoteProcess
from plotter2.wire.zygote import Equipment

_MADE_SECONDS: Final = 10.0
_END_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class PoolState:
    """The spares that there are, their processes, and the bytes that they take."""

    pids: tuple[int, ...]
    idle_bytes: int


class Pool:
    """The spares of one zygote; used by several threads."""

    def __init__(self, zygote: ZygoteProcess, bounds: Spares, groups: Groups | None = None) -> None:
        self.zygote = zygote
        self._groups = groups
        self._bounds = bounds
        self._lock = threading.Lock()
        self._spares: deque[Newborn] = deque()
        self._wanted = min(1, bounds.most, bounds.idle_mib)
        self._measured = False
        self._equipment: frozenset[Equipment] = frozenset()
        """What was ever needed: the zygote has it since, and the next spares have it too."""

    def fill(self) -> None:
        """Order as many spares as are lacking; does not wait for them. Raises HostError (P2-H0902)."""
        with self._lock:
            self._drop_killed()
            self._measure()
            for spare in filter(_is_ready, self._spares):
                self._put_into_group(spare.child(0.0))
            while len(self._spares) > self._wanted:
                self._dropped(self._spares.pop())
            for spare in [each for each in self._spares if each.equipment < self._equipment]:
                self._spares.remove(spare)
                self._dropped(spare)
            while len(self._spares) < self._wanted:
                self._spares.append(self.zygote.order_child(self._equipment))

    def take(self, needs: frozenset[Equipment] = frozenset()) -> Child:
        """Give a spare that has what the job needs, one that is confined already if there is one, else a new child.

        Raises HostError (P2-H0902).
        """
        with self._lock:
            self._equipment |= needs
        while True:  # ends: each turn takes a spare away
            spare = self._best(needs)
            newborn = spare or self.zygote.order_child(needs)
            try:
                child = newborn.child(_MADE_SECONDS)
            except HostError:
                newborn.close()
                raise
            if spare is None or not child.was_killed:
                self._put_into_group(child)
                return child
            self.give_back(child)

    def give_back(self, child: Child) -> None:
        """Give back what the host holds of a child that is dead or no longer wanted."""
        child.close()
        if child.group is not None and self._groups is not None:
            self._groups.give_back(child.group)

    def state(self) -> PoolState:
        """Look at the spares. Raises HostError (P2-H0902)."""
        with self._lock:
            self._drop_killed()
            children = [spare.child(_MADE_SECONDS) for spare in self._spares]
            return PoolState(tuple(c.pid for c in children), sum(map(idle_memory, children)))

    def close(self) -> None:
        """End the zygote and with it all children; wait until the spares are gone."""
        self.zygote.close()
        with self._lock:
            while self._spares:
                spare = self._spares.popleft()
                with suppress(HostError):
                    spare.child(0.0).is_dead(_END_SECONDS)
                self._dropped(spare)

    def _best(self, needs: frozenset[Equipment]) -> Newborn | None:
        with self._lock:
            fit = [spare for spare in self._spares if spare.equipment >= needs]
            if not fit:
                return None
            best = next(filter(_is_ready, fit), fit[0])
            self._spares.remove(best)
            return best

    def _drop_killed(self) -> None:
        for spare in tuple(self._spares):
            with suppress(HostError):  # not forked yet
                if spare.child(0.0).was_killed:
                    self._spares.remove(spare)
                    self._dropped(spare)

    def _dropped(self, spare: Newborn) -> None:
        try:
            self.give_back(spare.child(0.0))
        except HostError:  # not forked yet
            spare.close()

    def _put_into_group(self, child: Child) -> None:
        if self._groups is not None and child.group is None:
            child.group = self._groups.of(child.pid)

    def _measure(self) -> None:
        """Decide how many spares there may be, once there is one to be measured."""
        ready = None if self._measured else next(filter(_is_ready, self._spares), None)
        if ready is not None:
            of_one = idle_memory(ready.child(0.0))
            allowed = self._bounds.idle_mib * 2**20 // max(of_one, 1)
            self._wanted = min(self._bounds.most, allowed)
            self._measured = True


def _is_ready(spare: Newborn) -> bool:
    with suppress(HostError):  # not forked yet
        return spare.child(0.0).is_ready
    return False
