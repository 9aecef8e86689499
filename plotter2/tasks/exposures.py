"""What tasks exposed, as a script sees it: by name for a bundle, and stacked over bundles.

A table that a task exposes belongs to that task on that bundle: the newest of its runs there that ended well counts.
By name the nearest counts: of the bundle itself, else of the nearest bundle above, up to where the script is attached.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from p2lang.semantics.promises import broken
from p2lang.types import TableSchema
from plotter2.datter.bundle import Table
from plotter2.datter.ownership import Ownership, holder_of
from plotter2.datter.registry import BundleRow
from plotter2.datter.store import Store
from plotter2.datter.task_runs import Performance, TaskRun
from plotter2.datter.transfers import Holder
from plotter2.tasks.model import Declared, Head, Task


class Exposed(NamedTuple):
    """A table that a run exposed for a bundle."""

    bundle: BundleRow
    table: Table
    done: Performance


@dataclass(frozen=True, slots=True)
class Exposures:
    """What the tasks of one attached script exposed; `owned` tells what became of it.

    Of the tasks with bundles (ids) in `excluded` nothing counts: they failed just now. Of those in `provisional` what
    they have released counts, though they have not ended well.
    """

    store: Store
    declared: Declared
    excluded: frozenset[tuple[str, str]] = frozenset()
    owned: Ownership = field(default_factory=Ownership)
    provisional: Mapping[tuple[str, str], TaskRun] = field(default_factory=dict)

    def of(self, task: str) -> dict[str, TaskRun]:
        """Give the newest run of a task that ended well on each bundle (id)."""
        attachment = self.declared.attachment
        found = self.store.task_runs.newest(attachment.bundle, attachment.name, task)
        ended = {b: ran for b, ran in found.items() if (task, b) not in self.excluded}
        return ended | {b: ran for (name, b), ran in self.provisional.items() if name == task}

    def named(self, name: str, bundles: Sequence[BundleRow]) -> Exposed | None:
        """Give the table of this name that counts for the first of `bundles`, the others being those above it.

        What was dropped does not count. Where no run counts, what the bundle owns by that name does.
        """
        head = self.declared.exposed.get(name)
        tasks = [task for task in self.declared.tasks if name in {h.name for h in task.exposes}]
        for bundle in bundles:
            runs = [ran for task in tasks if (ran := self.of(task.name).get(bundle.id)) is not None]
            for ran in sorted(runs, key=lambda each: each.event, reverse=True):
                table = self._still_there(ran.done, name)
                if table is not None and head is not None and _fits(head, table):
                    return Exposed(bundle, table, ran.done)
            kept = self._handed_off(bundle, name)
            if kept is not None and head is not None and _fits(head, kept.table):
                return kept
        return None

    def dropped(self, name: str, bundles: Sequence[BundleRow]) -> Performance | None:
        """Give the run that exposed the table of this name which nobody owns any more."""
        for bundle in bundles:
            for task in self.declared.tasks:
                ran = self.of(task.name).get(bundle.id)
                if ran is None or name not in ran.done.tables:
                    continue
                if self.owned.of(ran.done.run, name, holder_of(ran.done)).is_dropped:
                    return ran.done
        return None

    def _still_there(self, done: Performance, name: str) -> Table | None:
        dropped = self.owned.of(done.run, name, holder_of(done)).is_dropped
        return None if dropped else done.tables.get(name)

    def _handed_off(self, bundle: BundleRow, name: str) -> Exposed | None:
        run = self.owned.handed_off(bundle.id, name)
        ran = None if run is None else self.store.task_runs.of_run(run)
        return None if ran is None else Exposed(bundle, ran.done.tables[name], ran.done)

    def names(self, bundles: Sequence[BundleRow]) -> tuple[str, ...]:
        """Give the names of all tables that count for a bundle."""
        return tuple(n for n in sorted(self.declared.exposed) if self.named(n, bundles) is not None)

    def stacked(
        self, task: str, name: str, bundles: Sequence[BundleRow]
    ) -> Iterator[tuple[BundleRow, Table]]:
        """Give what runs of a task exposed under a name, bundle by bundle in the given order."""
        runs = self.of(task)
        for bundle in bundles:
            table = self._still_there(runs[bundle.id].done, name) if bundle.id in runs else None
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


def anybodys(store: Store, name: str, bundles: Sequence[BundleRow]) -> Performance | None:
    """Give the run of any script's task that exposed a table of this name: the newest one of the nearest bundle."""
    for bundle in bundles:
        for ran in reversed(store.task_runs.of(bundle.id)):
            if name in ran.done.tables:
                return ran.done
    return None


def lent(
    store: Store,
    owned: Ownership,
    name: str,
    reader: Holder,
    bundles: Sequence[BundleRow],
    key: str = "",
) -> Exposed | None:
    """Give the table of this name that a task of any script shared with a task, or by a key (its SHA-256).

    The nearest of `bundles` counts, and there the newest.
    """
    for bundle in bundles:
        for ran in reversed(store.task_runs.of(bundle.id)):
            table = ran.done.tables.get(name)
            held = owned.of(ran.done.run, name, holder_of(ran.done))
            if table is not None and held.is_read_by(reader, key):
                return Exposed(bundle, table, ran.done)
    return None
