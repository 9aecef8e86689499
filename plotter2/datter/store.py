"""The store: bundles in, tables out, artefacts published, runs recorded. The facade of `datter`.

One `Store` is used by one thread; several processes may have the same root open.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from p2lang.types import ColumnType, TableSchema
from plotter2.datter import (
    arrival,
    attaching,
    codes,
    collecting,
    durable,
    events,
    objects,
    output,
    select,
    tables,
    workspace,
)
from plotter2.datter.acknowledged import Acknowledged
from plotter2.datter.adding import Adding, catch_up
from plotter2.datter.attachments import Attachment
from plotter2.datter.binding import BoundPart, bind_exposed
from plotter2.datter.bundle import Bundle, Table
from plotter2.datter.database import open_without_room
from plotter2.datter.ids import IdSource
from plotter2.datter.layout import Layout, is_writable, prepare, present
from plotter2.datter.left_out import LeftOut, Renumbered
from plotter2.datter.living import Journal, Work, settle, take_back
from plotter2.datter.locks import locked
from plotter2.datter.moving import Change, archive, rename
from plotter2.datter.narrowing import EVERYTHING, Narrowing
from plotter2.datter.ownership import Ownership
from plotter2.datter.performing import Performing, performing
from plotter2.datter.reading import registry_to_read
from plotter2.datter.recovering import recovered
from plotter2.datter.registry import BundleRow, Registry, Renamed, check_registry
from plotter2.datter.requested import Asking, Request
from plotter2.datter.requests import Requests
from plotter2.datter.runs import RunRow
from plotter2.datter.selector import natural
from plotter2.datter.stack import Stacked, kind_of_param
from plotter2.datter.task_runs import TaskRuns
from plotter2.datter.transfers import Holder
from plotter2.errors import DataError


@dataclass(frozen=True, slots=True)
class Listed:
    """A line of a listing: the bundle, how many tables it has, and their rows together."""

    bundle: BundleRow
    tables: int
    rows: int


class Store:
    """An open store. Use as a context manager, or call `close`."""

    def __init__(self, layout: Layout, registry: Registry, *, reads_only: bool = False) -> None:
        self._layout = layout
        self._reads_only = reads_only
        self._registry = registry
        self._ids = IdSource()
        self._journal = Journal(layout, registry, registry.requests(self._ids.new))

    @classmethod
    def open(cls, root: str | os.PathLike[str]) -> Store:
        """Open the store under `root`; it is made if it is not there.

        What dead processes left is finished or swept; their runs are `broken off`, their requests queued.
        Raises DataError: P2-D0802 (not writable), P2-D0801 (disk full), P2-D0805..0807 (registry),
        P2-D0817 (damaged description).
        """
        layout = prepare(Path(root).absolute())
        registry = recovered(layout)
        store = cls(layout, registry)
        try:
            settle(store._journal)
        except BaseException:
            registry.close()
            raise
        return store

    @classmethod
    def open_to_read(cls, root: str | os.PathLike[str]) -> Store:
        """Open the store; where nothing may be written, or no room is left, as a store that can only be read.

        Raises DataError as `open`, and P2-D0865 when there is none, as none is made; every change of a store that
        can only be read is refused (P2-D0802).
        """
        layout = Layout(present(Path(root).absolute()))
        if is_writable(layout) or not layout.commits.is_dir():
            try:
                return cls.open(root)
            except DataError as error:
                if error.code != codes.DISK_FULL:
                    raise
        return cls(layout, registry_to_read(layout), reads_only=True)

    @classmethod
    def open_to_free(cls, root: str | os.PathLike[str]) -> Store:
        """Open the store to remove what nobody needs, on a disk without any room too. Raises DataError as `open`."""
        layout = Layout(present(Path(root).absolute()))
        try:
            return cls.open(root)
        except DataError as error:
            if error.code != codes.DISK_FULL:
                raise
        path = layout.registry / "registry.db"
        return cls(layout, Registry(open_without_room(path), path), reads_only=True)

    def close(self) -> None:
        """Close the registry."""
        try:
            self._journal.say()
        finally:
            self._registry.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def layout(self) -> Layout:
        """Give the paths under the root."""
        return self._layout

    @property
    def is_writable(self) -> bool:
        """Tell whether files may be made below the root."""
        return is_writable(self._layout)

    @property
    def takes_changes(self) -> bool:
        """Tell whether the registry can be changed: not where nothing may be written, nor on a disk without room."""
        return not self._reads_only and self.is_writable

    def new_id(self) -> str:
        """Give a new ULID, for example for a run."""
        return self._ids.new()

    # ------------------------------------------------------------ bundles
    @contextmanager
    def adding(self) -> Iterator[Adding]:
        """Give an add in progress; what is not committed in the block leaves nothing behind."""
        arrival.check_not_copy(self._layout)
        with workspace.workspace(self._layout, self.new_id()) as folder:
            incoming = objects.Incoming(self._layout, folder)
            try:
                yield Adding(self._layout, self._registry, self._ids, incoming, folder)
            finally:
                incoming.close()

    def list(self, below: str = "", only: Narrowing = EVERYTHING) -> tuple[Listed, ...]:
        """Give every bundle below a name ('' = all) in natural order, newest attempts only."""
        return self.counted(self._registry.below(below, only))

    def archived(self, below: str = "", only: Narrowing = EVERYTHING) -> tuple[Listed, ...]:
        """Give every archived attempt of a name and below it ('' = all) in natural order."""
        return self.counted(self._registry.archived(below, only))

    def counted(self, bundles: Sequence[BundleRow]) -> tuple[Listed, ...]:
        """Give bundles in natural order with the numbers of their tables and rows."""
        counts = self._registry.row_counts()
        found = sorted(bundles, key=lambda b: natural(b.name))
        return tuple(Listed(b, *counts.get(b.id, (0, 0))) for b in found)

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

    def rename(self, old: str, new: str) -> int:
        """Give a bundle and all below it a new name; gives how many bundles were renamed.

        Raises DataError: P2-D0810 unknown, P2-D0815 bad name, P2-D0820 name in use.
        """
        with self._changing() as on:
            return len(rename(on, old, new))

    def archive(self, path: str, *, undo: bool = False) -> tuple[BundleRow, ...]:
        """Archive a bundle and all below it, or bring them back. Raises DataError as `moving.archive`."""
        with self._changing() as on:
            return archive(on, path, undo=undo)

    @contextmanager
    def _changing(self) -> Iterator[Change]:
        arrival.check_not_copy(self._layout)
        with (
            workspace.workspace(self._layout, self.new_id()) as folder,
            locked(self._layout.lock),
        ):
            catch_up(self._layout, self._registry)
            yield Change(self._layout, self._registry, self._ids, folder)

    # ------------------------------------------------------------ attached scripts
    def attach(
        self, path: str, scripts: Sequence[attaching.ScriptBytes]
    ) -> tuple[attaching.Attached, ...]:
        """Attach signed scripts to a bundle, durably. Raises DataError as `attaching.attach`."""
        with self._changing() as on:
            return attaching.attach(on, path, scripts)

    def detach(self, path: str, name: str) -> Attachment:
        """Take an attached script away again. Raises DataError as `attaching.detach`."""
        with self._changing() as on:
            return attaching.detach(on, path, name)

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
    @contextmanager
    def performing(self) -> Iterator[Performing]:
        """Give a task's results in progress, the store's lock held; an error in the block takes all of it back."""
        with self._changing() as on, performing(on) as performed:
            yield performed

    @property
    def task_runs(self) -> TaskRuns:
        """Give what tasks did: runs that ended well, with what they exposed and drew."""
        return self._registry.task_runs

    def tasks_at_work(self) -> tuple[dict[str, Any], ...]:
        """Give what runs of tasks that living processes are at work on say of themselves in their records."""
        if not self._reads_only:
            settle(self._journal)
        return tuple(
            run.record["task"] for run in self._registry.runs.open() if "task" in run.record
        )

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

    # ------------------------------------------------------------ artefacts and runs
    @property
    def requests(self) -> Requests:
        """Give the journal of everything that was asked."""
        return self._journal.requests

    def begin(self, asking: Asking, lease_s: float) -> Work | Request:
        """Enter a request and begin to carry it out; gives the request of then when it was done with this key.

        Raises DataError: P2-D0885 (key of another body), P2-D0886 (a living process is at work on it),
        P2-D0889 (it failed, is dead or cancelled: a person decides), P2-D0869, P2-D0911 (a safe copy).
        """
        arrival.check_not_copy(self._layout)
        self._journal.say()
        with self.requests.together():
            request = self.requests.ask_all([asking])[0]
            if request.state == "done":
                return request
            return self._leased(request, lease_s)

    def begin_new(self, asking: Asking, lease_s: float) -> Work:
        """Enter a request without a key and begin to carry it out. Raises DataError as `begin`."""
        begun = self.begin(replace(asking, key=None), lease_s)
        assert isinstance(begun, Work)
        return begun

    def resume(self, request_id: str, lease_s: float) -> Work:
        """Begin to carry out a request again that is not done and that nobody is at work on.

        Raises DataError: P2-D0886, P2-D0888, P2-D0889, P2-D0911.
        """
        arrival.check_not_copy(self._layout)
        self._journal.say()
        with self.requests.together():
            take_back(self._journal, self.requests.request(request_id))
            return self._leased(self.requests.retry(request_id), lease_s)

    def _leased(self, request: Request, lease_s: float) -> Work:
        take_back(self._journal, request)
        return Work(self._journal, self.requests.lease(request.id, lease_s), lease_s)

    def prepared_outputs(
        self, run_id: str, artefacts: Sequence[output.Artefact]
    ) -> AbstractContextManager[output.Ready]:
        """Write a run's artefacts; not visible before `publish`. Raises DataError as `output.prepared`."""
        return output.prepared(self._layout, run_id, artefacts)

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

    def seen_serial(self, script: str) -> int | None:
        """Give the highest serial number seen for a script's name."""
        return self._registry.runs.seen_serial(script)

    def garbage(self, grace_s: float, *, remove: bool) -> collecting.Garbage:
        """Find what no bundle needs and is older than `grace_s`, and remove it if that is wanted.

        Raises DataError (P2-D0808).
        """
        with locked(self._layout.lock) if self.is_writable else nullcontext():
            known = collecting.Known(self._registry.runs.ids(), self.acknowledged.copies())
            found = collecting.find(self._layout, grace_s, known)
            if remove:
                collecting.remove(self._layout, found)
        return found

    @property
    def acknowledged(self) -> Acknowledged:
        """Give what other roots have acknowledged."""
        return self._registry.acknowledged

    def write_registry(self, path: Path) -> None:
        """Write the registry as it is at this moment to a new file; others go on writing.

        What it names is on the disk by then. Raises DataError.
        """
        if self.takes_changes:
            with locked(self._layout.lock):
                catch_up(self._layout, self._registry)
                durable.sync_dir(self._layout.commits)
                self._registry.barrier()
        self._registry.write_copy(path)

    def check(self) -> None:
        """Let SQLite look through the registry. Raises DataError (P2-D0806)."""
        check_registry(self._registry)
