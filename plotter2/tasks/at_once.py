"""Runs of a task on several bundles: their children work at once, what the host does for them goes one after the other.

The host's side of a run is short, and it changes the store; a child's side is long, and it changes nothing. So whoever
works for a run holds the one turn, and gives it up only while its child works.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import Final, TypeAlias, TypeVar

from p2lang import ir
from p2lang.semantics.structure import effects_of
from plotter2.orchestrator import Cancellation, Event, Outcome, Task
from plotter2.orchestrator.cancellation import following
from plotter2.runs.owning import OWNING

Submit: TypeAlias = Callable[[Task, Callable[[Event], None]], Outcome]

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


class AtOnce:
    """At most so many children at work at once. Each is asked for by a thread of its own."""

    def __init__(self, children: int) -> None:
        self.children = max(1, children)
        self.is_shared = False
        """Whether several runs are at work now: then each has one child and no more."""
        self._turn = threading.Lock()
        self._owner: int | None = None
        self._cancellation = Cancellation()

    def each(self, work: Callable[[_Item], _Result], items: Sequence[_Item]) -> list[_Result]:
        """Do the work for each item; gives the results in the order of the items.

        The first exception ends all children that are at work, begins no others, and comes out here.
        """
        at_once = min(self.children, len(items))
        if at_once < 2:
            return [work(item) for item in items]

        def in_turn(item: _Item) -> _Result:
            with self._held():
                self._cancellation.require_wanted()
                return work(item)

        self.is_shared = True
        with ThreadPoolExecutor(at_once, "bundle") as pool:
            try:
                return list(pool.map(in_turn, items))
            except BaseException:
                self._cancellation.cancel()
                raise
            finally:
                self.is_shared = False

    def outside(self, submit: Submit) -> Submit:
        """Give what submits a task as `submit` does, while others have the turn."""

        def submitted(task: Task, on_event: Callable[[Event], None]) -> Outcome:
            if self._owner != threading.get_ident():
                return submit(task, on_event)
            own = task.cancellation or Cancellation()
            wanted = replace(task, cancellation=own)
            with self._given_up(), following(own, self._cancellation):
                return submit(wanted, self._one_by_one(on_event))

        return submitted

    def pause(self, seconds: float) -> None:
        """Sleep, while others have the turn."""
        if self._owner != threading.get_ident():
            time.sleep(seconds)
            return
        with self._given_up():
            time.sleep(seconds)

    def _one_by_one(self, tell: Callable[[Event], None]) -> Callable[[Event], None]:
        def told(event: Event) -> None:
            with self._held():  # who is told may look into the store
                tell(event)

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
