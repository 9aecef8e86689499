"""Whose turn it is: tasks wait until the budget of the host has room, and requesters take turns. Knows no process.

Each requester has a clock of its own that goes on by 1 / weight with each of its tasks that begins; the one whose clock
is furthest behind is next. So requesters of equal priority alternate, a task of high priority counts less than one of
low, and nobody waits for ever. The next task is waited for when it needs much memory: smaller ones do not overtake it.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import chain
from typing import Final

from plotter2.errors import HostError
from plotter2.orchestrator.settings import HostBudget
from plotter2.orchestrator.task import Priority, Task
from plotter2.wire import codes

WEIGHTS: Final[dict[Priority, int]] = {"low": 1, "normal": 4, "high": 16}
_TELL_SECONDS: Final = 0.5


@dataclass(eq=False, slots=True)
class _Ticket:
    """One task that waits, or is at work when `granted`."""

    requester: str
    priority: Priority
    memory_mib: int
    output_mib: int
    woken: threading.Event = field(default_factory=threading.Event)
    granted: bool = False


@dataclass(slots=True)
class _Clock:
    """The tasks of one requester, or those of one of its priorities, with how far it has come."""

    at: float = 0.0
    lines: dict[Priority, deque[_Ticket]] = field(default_factory=dict)
    turns: dict[Priority, float] = field(default_factory=dict)

    @property
    def waits(self) -> bool:
        """Tell whether there is a task that waits."""
        return any(self.lines.values())

    def add(self, ticket: _Ticket) -> None:
        """Put a task at the end of its line; a line that was empty has saved nothing up."""
        line = self.lines.setdefault(ticket.priority, deque())
        others = [self.turns.get(name, 0.0) for name, line in self.lines.items() if line]
        if not line:
            at = self.turns.get(ticket.priority, 0.0)
            self.turns[ticket.priority] = max(at, min(others, default=at))
        line.append(ticket)

    @property
    def next(self) -> _Ticket:
        """Give the task that is next among the priorities of this requester."""
        lines = [priority for priority, line in self.lines.items() if line]
        return self.lines[min(lines, key=lambda priority: self.turns[priority])][0]


class Turns:
    """The queue of one orchestrator, and what is at work."""

    def __init__(self, budget: HostBudget, longest: int) -> None:
        self._budget = budget
        self._longest = longest
        self._lock = threading.Lock()
        self._clocks: dict[str, _Clock] = {}
        self._now = 0.0
        self._count = 0
        self._at_work: list[_Ticket] = []
        self._spent_cpu_ms = 0.0
        self._spent_wall_ms = 0.0
        self._closed = False

    @contextmanager
    def turn(self, task: Task, tell: Callable[[int], None] = lambda _: None) -> Iterator[None]:
        """Wait until the task may begin, and keep its place until the block ends.

        `tell` is told now and then how many tasks wait. Raises HostError: the queue is full (P2-H0940), the budget
        of the host is too small or spent (P2-H0941), it was cancelled (P2-H0942), the orchestrator closed (P2-H0916).
        """
        self._require_possible(task)
        ticket = self._entered(task)
        try:
            self._wait(ticket, task, tell)
            yield
        finally:
            self._leave(ticket)

    def spent(self, cpu_ms: float, wall_ms: float) -> None:
        """Count what a task has used against the budget of the host's life."""
        with self._lock:
            self._spent_cpu_ms += cpu_ms
            self._spent_wall_ms += wall_ms

    @property
    def waiting(self) -> int:
        """Give how many tasks wait."""
        return self._count

    def close(self) -> None:
        """Take no more tasks; those that wait end with P2-H0916."""
        with self._lock:
            self._closed = True
            for clock in self._clocks.values():
                for ticket in chain.from_iterable(clock.lines.values()):
                    ticket.woken.set()

    # ------------------------------------------------------------ one task
    def _require_possible(self, task: Task) -> None:
        budget, limits = self._budget, task.limits
        if limits.mem_mib > budget.memory_mib or limits.out_mib > budget.output_mib:
            raise HostError(
                codes.HOST_BUDGET,
                f"a task may use {limits.mem_mib} MiB of memory and {limits.out_mib} MiB of output; all tasks of this "
                f"host together {budget.memory_mib} and {budget.output_mib}",
                help="lower the limits of the task, or raise [host] memory_mib and output_mib in the settings",
            )
        spent = (
            (self._spent_cpu_ms, budget.cpu_ms, "processor time", "cpu_ms"),
            (self._spent_wall_ms, budget.wall_ms, "wall-clock time", "wall_ms"),
        )
        for used, allowed, what, name in spent:
            if allowed and used >= allowed:
                raise HostError(
                    codes.HOST_BUDGET,
                    f"the runs of this host have used the {allowed / 1000:g} s of {what} that they may together",
                    help=f"start the program anew, or raise [host] {name} in the settings",
                )

    def _entered(self, task: Task) -> _Ticket:
        limits = task.limits
        ticket = _Ticket(task.requester, task.priority, limits.mem_mib, limits.out_mib)
        with self._lock:
            self._require_open()
            clock = self._clocks.setdefault(ticket.requester, _Clock())
            if not clock.waits:
                clock.at = max(clock.at, self._now)  # who was away has saved nothing up
            clock.add(ticket)
            self._count += 1
            self._grant()
            if self._count > self._longest and not ticket.granted:
                clock.lines[ticket.priority].pop()
                self._count -= 1
                raise HostError(
                    codes.QUEUE_FULL,
                    f"{self._count} tasks wait already, and no more may",
                    help="try again when some are done, or raise [host] queue in the settings",
                )
        return ticket

    def _wait(self, ticket: _Ticket, task: Task, tell: Callable[[int], None]) -> None:
        with ExitStack() as listening:
            if task.cancellation is not None:
                listening.enter_context(task.cancellation.heard_by(ticket.woken.set))
                task.cancellation.require_wanted()
            while not ticket.woken.wait(_TELL_SECONDS):
                tell(self._count)
        if task.cancellation is not None:
            task.cancellation.require_wanted()
        with self._lock:
            if not ticket.granted:
                self._require_open()

    def _leave(self, ticket: _Ticket) -> None:
        with self._lock:
            if ticket.granted:
                self._at_work.remove(ticket)
            else:
                self._clocks[ticket.requester].lines[ticket.priority].remove(ticket)
                self._count -= 1
            self._grant()

    # ------------------------------------------------------------ all tasks, with the lock held
    def _require_open(self) -> None:
        if self._closed:
            raise HostError(codes.CLOSED, "the orchestrator is closed; it takes no work")

    def _grant(self) -> None:
        while self._count and not self._closed:
            clock = min(
                (clock for clock in self._clocks.values() if clock.waits),
                key=lambda clock: clock.at,
            )
            if not self._has_room(clock.next):
                return
            self._begin(clock, clock.next)

    def _begin(self, clock: _Clock, ticket: _Ticket) -> None:
        step = 1 / WEIGHTS[ticket.priority]
        clock.lines[ticket.priority].popleft()
        clock.turns[ticket.priority] += step
        self._now = clock.at
        clock.at += step
        self._count -= 1
        self._at_work.append(ticket)
        ticket.granted = True
        ticket.woken.set()
        if not clock.waits:
            self._forget()

    def _forget(self) -> None:
        """Drop the clocks of those who wait for nothing and are not ahead of the others."""
        gone = [
            name
            for name, clock in self._clocks.items()
            if clock.at <= self._now and not clock.waits
        ]
        for name in gone:
            del self._clocks[name]

    def _has_room(self, ticket: _Ticket) -> bool:
        budget, work = self._budget, self._at_work
        return (
            len(work) < budget.children
            and sum(t.memory_mib for t in work) + ticket.memory_mib <= budget.memory_mib
            and sum(t.output_mib for t in work) + ticket.output_mib <= budget.output_mib
        )
