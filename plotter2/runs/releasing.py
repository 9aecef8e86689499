"""A task that lets others go on while it is still at work: what the child gives up to then, taken and held against.

What is exposed before a release is taken as it is then: its bytes are copied, hashed and kept, and nothing refers to
them before the run has ended well. What the child hands out when it is done must be the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from p2lang import ir
from p2lang.semantics.structure import EXPOSE, SEQUENCE, effects_of
from plotter2.datter.blame import OF_THE_STORE
from plotter2.datter.bundle import Table
from plotter2.datter.living import Work
from plotter2.datter.store import Store
from plotter2.errors import HostError, Plotter2Error
from plotter2.orchestrator import SoFar
from plotter2.runs.exposing import exposed_tables
from plotter2.runs.task_place import TaskPlace
from plotter2.wire import codes


@dataclass(frozen=True, slots=True)
class Order:
    """The tables that a task exposes before it may release, and those that it may expose afterwards.

    A table that is exposed under one condition or another may be among both.
    """

    before: frozenset[str]
    after: frozenset[str]


def order_of(nodes: Sequence[ir.Node], task: str) -> Order | None:
    """Give what a task exposes before and after it releases; None when it never does."""
    own = effects_of(nodes, task)
    releases = [_place(node) for node in own if node.op.startswith("release@")]
    if not releases:
        return None
    exposed = [(_place(n), str(n.attributes["name"][1])) for n in own if n.op == EXPOSE.full_name]
    return Order(
        frozenset(name for place, name in exposed if place < max(releases)),
        frozenset(name for place, name in exposed if place > min(releases)),
    )


@dataclass(slots=True)
class Release:
    """The release of one run of a task."""

    nodes: Sequence[ir.Node]
    task: TaskPlace
    order: Order
    store: Store
    work: Work
    run: str
    _tables: Mapping[str, Table] | None = field(default=None, init=False)

    def hear(self, so_far: SoFar) -> None:
        """Take what was exposed so far, and let those go on that wait for the task.

        Raises HostError P2-H0908 when it is not what the task exposes before its release, DataError.
        """
        with self.store.performing() as results:
            tables = exposed_tables(so_far, self.nodes, self.task.place.task, results.put)
            if not tables.keys() <= self.order.before:
                raise _broken("lets others go on with a table that it exposes only afterwards")
            results.keep()
        self._tables = tables
        self.work.tell({"released": True})
        self.task.meanwhile.let_go_on(self.run, tables)

    @property
    def has_happened(self) -> bool:
        """Tell whether the task has released."""
        return self._tables is not None

    def require_kept(self, tables: Mapping[str, Table]) -> None:
        """Raise HostError P2-H0908 unless what the run exposed is what others may have read."""
        given = self._tables
        if given is None:
            return
        if any(tables.get(name) != table for name, table in given.items()):
            raise _broken("changes a table after others may have read it")
        if tables.keys() - given.keys() - self.order.after:
            raise _broken("exposes a table after its release that it exposes before")


def release_of(
    nodes: Sequence[ir.Node], task: TaskPlace | None, store: Store, work: Work, run: str
) -> Release | None:
    """Give the release that a run may come to; None when it has none."""
    order = None if task is None else order_of(nodes, task.place.task)
    if task is None or order is None:
        return None
    return Release(nodes, task, order, store, work, run)


@contextmanager
def after_earlier(require: Callable[[], None]) -> Iterator[None]:
    """Wait, after the block, for the runs with whose tables it went on. `require` does, and raises RunError P2-R0651.

    An error of the block comes out only when they ended well.
    """
    try:
        yield
    except Plotter2Error as error:
        if error.code not in OF_THE_STORE:
            require()
        raise
    require()


def _place(node: ir.Node) -> int:
    return int(node.attributes[SEQUENCE][1])


def _broken(what: str) -> HostError:
    return HostError(
        codes.PROTOCOL_BROKEN,
        f"the child {what}",
        help="nothing of the run is kept; this is no fault of the data: report it",
    )
