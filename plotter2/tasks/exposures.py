"""What tasks exposed, as a script sees it: by name for a bundle, and stacked over bundles.

A table that a task exposes belongs to that task on that bundle: the newest of its runs there that ended well counts.
By name the nearest counts: of the bundle itself, else of the nearest bundle above, up to where the script is attached.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from p2lang.semantics.promises import broken
from p2lang.types import TableSchema
from plotter2.datter.bundle import Table
from plotter2.datter.registry import BundleRow
from plotter2.datter.store import Store
from plotter2.datter.task_runs import TaskRun
from plotter2.tasks.model import Declared, Head, Task


@dataclass(frozen=True, slots=True)
class Exposures:
    """What the tasks of one attached script exposed.

    Of the tasks with bundles (ids) in `excluded` nothing counts: they failed just now.
    """

    store: Store
    declared: Declared
    excluded: frozenset[tuple[str, str]] = frozenset()

    def of(self, task: str) -> dict[str, TaskRun]:
        """Give the newest run of a task that ended well on each bundle (id)."""
        attachment = self.declared.attachment
        found = self.store.task_runs.newest(attachment.bundle, attachment.name, task)
        return {bundle: ran for bundle, ran in found.items() if (task, bundle) not in self.excluded}

    def named(self, name: str, bundles: Sequence[BundleRow]) -> tuple[BundleRow, Table] | None:
        """Give the table of this name that counts for the first of `bundles`, the others being those above it."""
        head = self.declared.exposed.get(name)
        tasks = [task for task in self.declared.tasks if name in {h.name for h in task.exposes}]
        for bundle in bundles:
            runs = [ran for task in tasks if (ran := self.of(task.name).get(bundle.id)) is not None]
            for ran in sorted(runs, key=lambda each: each.event, reverse=True):
                table = ran.done.tables.get(name)
                if table is not None and head is not None and _fits(head, table):
                    return bundle, table
        return None

    def names(self, bundles: Sequence[BundleRow]) -> tuple[str, ...]:
        """Give the names of all tables that count for a bundle."""
        return tuple(n for n in sorted(self.declared.exposed) if self.named(n, bundles) is not None)

    def stacked(
        self, task: str, name: str, bundles: Sequence[BundleRow]
    ) -> Iterator[tuple[BundleRow, Table]]:
        """Give what runs of a task exposed under a name, bundle by bundle in the given order."""
        runs = self.of(task)
        for bundle in bundles:
            table = runs[bundle.id].done.tables.get(name) if bundle.id in runs else None
            head = self.declared.exposed.get(name)
            if table is not None and head is not None and _fits(head, table):
                yield bundle, table

    def ended(self, bundle: BundleRow, tasks: Sequence[Task]) -> Mapping[str, int]:
        """Give when tasks last ended well on a bundle, in ms since 1970."""
        return {
            task.name: ran.at
            for task in tasks
            if (ran := self.of(task.name).get(bundle.id)) is not None
        }


def _fits(head: Head, table: Table) -> bool:
    """Tell whether a stored table has the declared columns; a script may have been changed since."""
    schema = TableSchema(tuple((c.name, c.type) for c in table.columns), table.rows)
    return not broken(head.columns, schema)
