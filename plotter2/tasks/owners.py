"""The tables that tasks exposed for a bundle: whose they are by now, who may read them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from plotter2.datter.ownership import Held, holder_of
from plotter2.datter.registry import BundleRow
from plotter2.datter.store import Store
from plotter2.datter.task_runs import TaskRun
from plotter2.datter.transfers import Holder

NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class ExposedTable:
    """A table that the newest run of a task exposed for a bundle; `owner` and `readers` are in words."""

    name: str
    rows: int
    by: str
    run: str
    at: int
    owner: str
    readers: tuple[str, ...]
    keys: int

    def as_json(self) -> dict[str, Any]:
        """Give the table as plain JSON values."""
        return {
            "table": self.name,
            "rows": self.rows,
            "by": self.by,
            "run": self.run,
            "owner": self.owner,
            "readers": list(self.readers),
            "keys": self.keys,
        }


def exposed_for(store: Store, bundle: BundleRow) -> tuple[ExposedTable, ...]:
    """Give the tables that the newest runs of tasks exposed for a bundle, the oldest first. Raises DataError."""
    owned = store.ownership()
    return tuple(
        _table(ran, name, table.rows, owned.of(ran.done.run, name, holder_of(ran.done)), bundle)
        for ran in store.task_runs.of(bundle.id)
        for name, table in ran.done.tables.items()
    )


def _table(ran: TaskRun, name: str, rows: int, held: Held, bundle: BundleRow) -> ExposedTable:
    home = ran.done.script
    nobody = bundle.name if held.handed_off else NOBODY
    owner = nobody if held.owner is None else _named(held.owner, home)
    readers = tuple(dict.fromkeys(_named(reader, home) for reader in held.readers))
    return ExposedTable(
        name, rows, ran.done.task, ran.done.run, ran.at, owner, readers, len(held.keys)
    )


def _named(holder: Holder, script: str) -> str:
    return holder.task if holder.script == script else f"{holder.script}:{holder.task}"
