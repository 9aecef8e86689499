"""Runs of a task on several bundles: their children work at once, what the host does for them goes one after the other.

The host's side of a run is short, and it changes the store; a child's side is long, and it changes nothing. So whoever
works for a run holds the one turn, and gives it up only while its child works.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Final, Generic, TypeAlias, TypeVar

from p2lang import ir
from p2lang.semantics.structure import effects_of
from plotter2.orchestrator import Cancellation, Event, Outcome, SoFar, Task
from plotter2.orchestrator.cancellation import following
from plotter2.runs.owning import OWNING

Submit: TypeAlias = Callable[[Task, Callable[[Event], None]], Outcome]

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")
_Told = TypeVar("_Told", Event, SoFar)
_LOOK_S: Final = 0.2


@dataclass
class _Line(Generic[_Item, _Result]):
    """Items in their order, those that nobody works for yet, and what came of the others."""

    items: Sequence[_Item]
    may_begin: Callable[[_Item], bool]
    waiting: deque[int] = field(default_factory=deque)
    results: dict[int, _Result] = field(default_factory=dict)
    at_work: int = 0

    def __post_init__(self) -> None:
        self.waiting.extend(range(len(self.items)))

    def ready(self, most: int) -> list[int]:
        """Give the first items that may begin now."""
        return list(islice((n for n in self.waiting if self.may_begin(self.items[n])), most))


class AtOnce:
    """At most so many children at work at once. Each is asked for by a thread of its own."""

    def __init__(self, children: int) -> None:
        self.children = max(1, children)
        self.is_shared = False
        """Whether the run that begins now is one of several: then it has one child and no more."""
        self._turn = threading.Lock()
        self._changed = threading.Condition(self._turn)
        self._ended_by: dict[int, Cancellation] = {}
        self._owner: int | None = None
        self._cancellation = Cancellation()

    def each(
        self,
        work: Callable[[_Item], _Result],
        items: Sequence[_Item],
        may_begin: Callable[[_Item], bool] = lambda _: True,
    ) -> list[_Result]:
        """Do the work for each item; gives the results in the order of the items.

        Of those that `may_begin` the first is next; the first of all may whenever none is at work. The first exception
        ends all children that are at work, begins no others, and comes out here.
        """
        at_once = min(self.children, len(items))
        if at_once < 2:
            return [work(item) for item in items]
        line: _Line[_Item, _Result] = _Line(items, may_begin)
        with ThreadPoolExecutor(at_once, "bundle") as pool:
            try:
                workers = [pool.submit(self._work_off, line, work) for _ in range(at_once)]
                for worker in as_completed(workers):
                    worker.result()
            except BaseException:
                self._cancellation.cancel()
                raise
            finally:
                self.is_shared = False
        return [line.results[number] for number in range(len(items))]

    def _work_off(self, line: _Line[_Item, _Result], work: Callable[[_Item], _Result]) -> None:
        with self._held():
            while line.waiting:
                self._cancellation.require_wanted()
                ready = line.ready(2)
                if not ready:
                    self._wait()
                    continue
                number = ready[0]
                self.is_shared = line.at_work + len(ready) > 1
                line.waiting.remove(number)
                line.at_work += 1
                try:
                    line.results[number] = work(line.items[number])
                finally:
                    line.at_work -= 1
                    self.tell_others()

    def until(self, is_so: Callable[[], bool], meanwhile: Callable[[], None]) -> None:
        """Wait until something is so that others bring about, calling `meanwhile` now and then.

        Raises HostError P2-H0942 when all of it was cancelled.
        """
        while not is_so():
            self._cancellation.require_wanted()
            self._wait()
            meanwhile()

    def tell_others(self) -> None:
        """Say that something has changed for which others may wait."""
        if self._owner == threading.get_ident():
            self._changed.notify_all()

    @contextmanager
    def ended_by(self, cancellation: Cancellation) -> Iterator[None]:
        """Let a cancellation end the children of the block, as the end of all does."""
        me = threading.get_ident()
        self._ended_by[me] = cancellation
        try:
            with following(cancellation, self._cancellation):
                yield
        finally:
            del self._ended_by[me]

    def outside(self, submit: Submit) -> Submit:
        """Give what submits a task as `submit` does, while others have the turn."""

        def submitted(task: Task, on_event: Callable[[Event], None]) -> Outcome:
            if self._owner != threading.get_ident():
                return submit(task, on_event)
            ending = self._ended_by.get(threading.get_ident(), self._cancellation)
            own = task.cancellation or Cancellation()
            wanted = replace(task, cancellation=own)
            if task.on_release is not None:
                wanted = replace(wanted, on_release=self._one_by_one(task.on_release))
            with self._given_up(), following(own, ending):
                return submit(wanted, self._one_by_one(on_event))

        return submitted

    def pause(self, seconds: float) -> None:
        """Sleep, while others have the turn."""
        if self._owner != threading.get_ident():
            time.sleep(seconds)
            return
        with self._given_up():
            time.sleep(seconds)

    def _one_by_one(self, tell: Callable[[_Told], None]) -> Callable[[_Told], None]:
        def told(what: _Told) -> None:
            with self._held():  # who is told may look into the store
                tell(what)

        return told

    @contextmanager
    def _held(self) -> Iterator[None]:
        self._take()
        try:
            yield
        finally:
            self._give()

    @contextmanager
    def _given_up(self) -> Iterator[None]:
        self._give()
        try:
            yield
        finally:
            self._take()

    def _wait(self) -> None:
        """Give the turn up until something has changed, or for a moment."""
        self._owner = None
        self._changed.wait(_LOOK_S)
        self._owner = threading.get_ident()

    def _take(self) -> None:
        self._turn.acquire()
        self._owner = threading.get_ident()

    def _give(self) -> None:
        self._owner = None
        self._turn.release()


def may_run_at_once(nodes: Sequence[ir.Node], task: str) -> bool:
    """Tell whether it does not matter in which order a task runs on its bundles.

    It does where it changes who owns a table, or asks for runs: who comes first is served first.
    """
    own = effects_of(nodes, task)
    kinds = {node.id: node.kind for node in own}
    return not any(
        node.op.partition("@")[0] in _FIRST_COME
        and not any(kinds[name] == "plot" for name in node.inputs[:1])  # handing off a picture
        for node in own
    )


_FIRST_COME: Final = frozenset((*OWNING, "redo"))
