"""What an open store holds: bundles, attached scripts, what tasks did, tables, runs. Nothing is changed here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from p2lang.types import ColumnType, TableSchema
from plotter2.datter import events, objects, select, tables
from plotter2.datter.acknowledged import Acknowledged
from plotter2.datter.attachments import Attachment
from plotter2.datter.binding import BoundPart, bind_exposed
from plotter2.datter.bundle import Bundle, Table
from plotter2.datter.holdings import NOTHING_HELD, Held
from plotter2.datter.layout import Layout
from plotter2.datter.left_out import LeftOut, Renumbered
from plotter2.datter.narrowing import EVERYTHING, Narrowing
from plotter2.datter.ownership import Ownership
from plotter2.datter.registry import BundleRow, Registry, Renamed
from plotter2.datter.runs import RunRow, Runs
from plotter2.datter.selector import natural
from plotter2.datter.stack import Stacked, kind_of_param
from plotter2.datter.task_runs import TaskRuns
from plotter2.datter.transfers import Holder


@dataclass(frozen=True, slots=True)
class Listed:
    """A line of a listing: the bundle, how many tables it has, their rows together, and what it keeps beside them."""

    bundle: BundleRow
    tables: int
    rows: int
    held: Held = NOTHING_HELD


class Contents:
    """What can be asked of an open store, whoever may change it."""

    def __init__(self, layout: Layout, registry: Registry) -> None:
        self._layout = layout
        self._registry = registry

    @property
    def layout(self) -> Layout:
        """Give the paths under the root."""
        return self._layout

    # ------------------------------------------------------------ bundles
    def list(self, below: str = "", only: Narrowing = EVERYTHING) -> tuple[Listed, ...]:
        """Give every bundle below a name ('' = all) in natural order, newest attempts only."""
        return self.counted(self._registry.below(below, only))

    def archived(self, below: str = "", only: Narrowing = EVERYTHING) -> tuple[Listed, ...]:
        """Give every archived attempt of a name and below it ('' = all) in natural order."""
        return self.counted(self._registry.archived(below, only))

    def counted(self, bundles: Sequence[BundleRow]) -> tuple[Listed, ...]:
        """Give bundles in natural order with the numbers of their tables and rows."""
        counts, held = self._registry.row_counts(), self._registry.held_counts()
        found = sorted(bundles, key=lambda b: natural(b.name))
        return tuple(
            Listed(b, *counts.get(b.id, (0, 0)), held.get(b.id, NOTHING_HELD)) for b in found
        )

    def find(self, path: str, only: Narrowing = EVERYTHING) -> tuple[BundleRow, ...]:
        """Give the bundles that a selector means. Raises DataError as `select.bundles`."""
        return select.bundles(self._registry, path, only)

    def contents(self) -> tuple[tuple[BundleRow, dict[str, int]], ...]:
        """Give every bundle, whatever its state, with its objects: digest -> bytes."""
        return self._registry.contents()

    def left_out(self) -> tuple[LeftOut, ...]:
        """Give what the registry was made without, as it could not be read, oldest first."""
        return self._registry.left_out.all()

    def renumbered(self) -> tuple[Renumbered, ...]:
        """Give the bundles that are another attempt than they were stored as: one that was left out is back."""
        return self._registry.left_out.renumbered()

    def streams(self, bundle: BundleRow) -> tuple[str, ...]:
        """Give the names of a bundle's own tables, sorted."""
        return tuple(sorted(self._registry.streams_of([bundle.id])[bundle.id]))

    def events(self) -> tuple[str, ...]:
        """Give the ids of all changes of the store, oldest first."""
        return self._registry.known_events()

    def renames(self, bundle_id: str) -> tuple[Renamed, ...]:
        """Give the changes of a bundle's name, oldest first."""
        return self._registry.renames(bundle_id)

    def attempts(self, name: str) -> tuple[BundleRow, ...]:
        """Give all attempts stored under a name, the newest first."""
        return self._registry.attempts(name)

    def bundle(self, bundle_id: str) -> Bundle:
        """Give a bundle's whole description, checked against its digest.

        Raises DataError: P2-D0810 when there is none with this id, P2-D0817 when it is damaged.
        """
        (row,) = select.bundles(self._registry, bundle_id)
        return events.load_bundle(self._layout, row.id, row.digest)

    # ------------------------------------------------------------ attached scripts
    def attachments(self, bundle: BundleRow) -> tuple[Attachment, ...]:
        """Give the scripts that count for a bundle now: attached to it or to an earlier attempt, by name."""
        return self._registry.attachments.of(bundle.name, bundle.attempt)

    def attachment_history(self, bundle: BundleRow) -> tuple[Attachment, ...]:
        """Give every script that was ever attached to this attempt, oldest first."""
        return self._registry.attachments.history(bundle.id)

    def object_bytes(self, digest: str) -> bytes:
        """Give an object's bytes, compared with its name. Raises DataError (P2-D0816)."""
        return objects.read(self._layout, digest)

    # ------------------------------------------------------------ what tasks did
    @property
    def task_runs(self) -> TaskRuns:
        """Give what tasks did: runs that ended well, with what they exposed and drew."""
        return self._registry.task_runs

    def ownership(self) -> Ownership:
        """Give who owns the tables that tasks exposed, and who may read them."""
        return Ownership.after(self._registry.task_runs.transferred(), self._is_gone)

    def _is_gone(self, holder: Holder) -> bool:
        home = self._registry.bundle(holder.home)
        attached = () if home is None else self.attachments(home)
        tasks = {(each.name, task) for each in attached for task in each.kept.tasks}
        return (holder.script, holder.task) not in tasks

    def bind_exposed(
        self, exposed: Sequence[tuple[BundleRow, Table]], columns: Sequence[str]
    ) -> tuple[BoundPart, ...]:
        """Give where the wanted columns of exposed tables are. Raises DataError as `binding.bind_exposed`."""
        return bind_exposed(self._layout, exposed, columns)

    # ------------------------------------------------------------ tables
    def describe(
        self, path: str, only: Narrowing = EVERYTHING, table: str | None = None
    ) -> Stacked:
        """Give what `access(path)` gives: columns with types, roles and sources, parts, notes.

        Bundles outside of `only` are not looked at. Raises DataError as `select.choose` and `stack.stack`.
        """
        return tables.described(self._registry, path, only, table)

    def schema_of(
        self, path: str, only: Narrowing = EVERYTHING, table: str | None = None
    ) -> TableSchema:
        """Give the schema of `access(path)`. Raises DataError as `describe`."""
        return self.describe(path, only, table).schema

    def tables_at(self, path: str) -> tuple[str, ...]:
        """Give the names of the tables that the bundles at a path have. Raises DataError as `find`."""
        streams = self._registry.streams_of([row.id for row in self.find(path)])
        return tuple(sorted({name for of_bundle in streams.values() for name in of_bundle}))

    def params_of(self, path: str) -> dict[str, ColumnType]:
        """Give the params of the bundles at a path with what they hold; `any` where these differ in kind.

        Raises DataError as `find`.
        """
        found = select.param_kinds(self._registry, path)
        return {name: kind_of_param(kinds) for name, kinds in sorted(found.items())}

    def bind(
        self,
        path: str,
        columns: Sequence[str],
        expected: TableSchema | None = None,
        only: Narrowing = EVERYTHING,
        table: str | None = None,
        further: Narrowing = EVERYTHING,
    ) -> tuple[BoundPart, ...]:
        """Give for each run where the rows of the wanted columns are. Raises DataError.

        With a schema `expected`, P2-D0823 when the data has another one by now: an add may have come between.
        Of the bundles that make up this shape only those are bound that fulfil `further` as well; P2-D0866 when
        none does. See `binding.bind` for what a part says and how its reader fills the gaps.
        """
        wanted = tables.Wanted(columns, only, table, further, expected)
        return tables.bound(self._layout, self._registry, path, wanted)

    def verify(self, path: str) -> int:
        """Read every chunk of the selected tables and compare it with its name; gives how many.

        Raises DataError (P2-D0816) for the first one that is damaged.
        """
        return tables.verify(self._layout, self.describe(path))

    # ------------------------------------------------------------ runs
    def run(self, run_id: str) -> RunRow | None:
        """Give the record of a run."""
        return self._registry.runs.find(run_id)

    def runs(
        self, limit: int = 20, script: str | None = None, path: str | None = None
    ) -> tuple[RunRow, ...]:
        """Give the newest runs, newest first; of one script only, by its signed name or its file."""
        return self._registry.runs.newest(limit, script, path)

    def last_run_of(self, script: str) -> RunRow | None:
        """Give the newest run of the script with this name."""
        return self._registry.runs.last_of(script)

    @property
    def ran(self) -> Runs:
        """Give what ran, and the highest serial of each name."""
        return self._registry.runs

    def first_run_with(self, library_sha256: str) -> int | None:
        """Give when the first run that used a library began, in ms since 1970; None when none did."""
        return self._registry.runs.first_with(library_sha256)

    def seen_serial(self, script: str) -> int | None:
        """Give the highest serial number seen for a script's name."""
        return self._registry.runs.seen_serial(script)

    @property
    def acknowledged(self) -> Acknowledged:
        """Give what other roots have acknowledged."""
        return self._registry.acknowledged
