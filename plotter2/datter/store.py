"""The store: bundles in, tables out, artefacts published, runs recorded. The facade of `datter`.

One `Store` is used by one thread; several processes may have the same root open.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

from plotter2.datter import (
    arrival,
    attaching,
    codes,
    collecting,
    durable,
    objects,
    output,
    workspace,
)
from plotter2.datter.adding import Adding, catch_up
from plotter2.datter.attachments import Attachment
from plotter2.datter.contents import Contents
from plotter2.datter.database import open_without_room
from plotter2.datter.ids import IdSource
from plotter2.datter.layout import Layout, is_writable, prepare, present
from plotter2.datter.living import Journal, Work, cancel, settle, take_back
from plotter2.datter.locks import locked
from plotter2.datter.moving import Change, archive, rename
from plotter2.datter.performing import Performing, performing
from plotter2.datter.reading import registry_to_read
from plotter2.datter.recovering import recovered
from plotter2.datter.registry import BundleRow, Registry, check_registry
from plotter2.datter.requested import Asking, Request
from plotter2.datter.requests import Requests
from plotter2.errors import DataError


class Store(Contents):
    """An open store: what it holds, and what changes it. Use as a context manager, or call `close`."""

    def __init__(self, layout: Layout, registry: Registry, *, reads_only: bool = False) -> None:
        super().__init__(layout, registry)
        self._reads_only = reads_only
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

    def forget_serial(self, script: str) -> bool:
        """Forget the highest serial number that ran under a script's name; False when none was seen."""
        with self._changing():
            return self._registry.runs.forget_serial(script)

    # ------------------------------------------------------------ attached scripts
    def attach(
        self, path: str, scripts: Sequence[attaching.ScriptBytes]
    ) -> tuple[attaching.Attached, ...]:
        """Attach signed scripts to a bundle, durably. Raises DataError as `attaching.attach`."""
        with self._changing() as on:
            return attaching.attach(on, path, scripts)

    def see_serial(self, name: str, serial: int) -> None:
        """Remember the serial of what was opened under a name; the highest one counts."""
        self._registry.runs.see_serial(name, serial)

    def detach(self, path: str, name: str) -> Attachment:
        """Take an attached script away again. Raises DataError as `attaching.detach`."""
        with self._changing() as on:
            return attaching.detach(on, path, name)

    # ------------------------------------------------------------ what tasks did
    @contextmanager
    def performing(self) -> Iterator[Performing]:
        """Give a task's results in progress, the store's lock held; an error in the block takes all of it back."""
        with self._changing() as on, performing(on) as performed:
            yield performed

    def tasks_at_work(self) -> tuple[dict[str, Any], ...]:
        """Give what runs of tasks that living processes are at work on say of themselves in their records."""
        if not self._reads_only:
            settle(self._journal)
        return tuple(
            run.record["task"] for run in self._registry.runs.open() if "task" in run.record
        )

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

    def cancel(self, request_id: str) -> tuple[Request, Request]:
        """End a request that nobody wants any more, as `living.cancel`. Raises DataError, P2-D0911 too."""
        arrival.check_not_copy(self._layout)
        self._journal.say()
        return cancel(self._journal, request_id)

    def _leased(self, request: Request, lease_s: float) -> Work:
        take_back(self._journal, request)
        return Work(self._journal, self.requests.lease(request.id, lease_s), lease_s)

    def prepared_outputs(
        self, run_id: str, artefacts: Sequence[output.Artefact]
    ) -> AbstractContextManager[output.Ready]:
        """Write a run's artefacts; not visible before `publish`. Raises DataError as `output.prepared`."""
        return output.prepared(self._layout, run_id, artefacts)

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
