"""What tasks did for bundles, as the registry knows it: each run that ended well, what it exposed and drew.

Of a task on a bundle the newest run counts; what older ones exposed stays in the table, and its objects stay needed.
What a task exposed is owned by that task on that bundle (`owner` says so) until it is handed on.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apsw
import msgspec

from plotter2.datter.bodies import Redo
from plotter2.datter.bundle import Table, canonical
from plotter2.datter.database import in_transaction, translated
from plotter2.datter.requested import Asking
from plotter2.datter.transfers import Transfer


class DrawnFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A picture or file that a run published under `output/<run>/`: its file name and the SHA-256 of its bytes."""

    file: str
    sha256: str


class Consumed(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table that a run read: its name, the run that exposed it, and its task (of which script) on its bundle."""

    table: str
    run: str
    bundle: str
    script: str
    task: str


class Performance(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a run of a task did for a bundle.

    `home` is the id of the bundle that the script is attached to, `script` the attachment's name, `digest` that of its
    bytes; `inputs` is the SHA-256 of all that the run read, by which the next one sees whether the data are the same.
    `owner` is who owned the exposed tables when the run ended, before `transfers`, which it made in this order.
    `redo` is what it asked to have run again, `serial` that of the script's signature. `consumed` are the exposed
    tables that it read.
    """

    run: str
    bundle: str
    home: str
    script: str
    digest: str
    task: str
    inputs: str
    tables: dict[str, Table] = {}
    files: tuple[DrawnFile, ...] = ()
    redo: tuple[Redo, ...] = ()
    owner: str = "task"
    serial: int = 0
    transfers: tuple[Transfer, ...] = ()
    consumed: tuple[Consumed, ...] = ()

    def asked(self) -> tuple[Asking, ...]:
        """Give the requests that the run makes; asked again they are the same."""
        return tuple(
            Asking("redo", body.bundle, body, f"redo/{self.run}/{number}")
            for number, body in enumerate(self.redo, start=1)
        )


@dataclass(frozen=True, slots=True)
class TaskRun:
    """A run of a task that ended well, when it ended (ms since 1970) and by which event it counts."""

    done: Performance
    at: int
    event: str


_DONE = msgspec.json.Decoder(Performance)


class TaskRuns:
    """The table of task runs of an open registry. Raises DataError when SQLite refuses."""

    def __init__(self, connection: apsw.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path

    def enter(self, event: str, at: int, done: Performance) -> None:
        """Enter a run that ended well."""

        def work() -> None:
            self._connection.execute(
                "INSERT OR IGNORE INTO task_runs VALUES(?,?,?,?,?,?,?)",
                (event, done.bundle, done.home, done.script, done.task, at, _body(done)),
            )
            self._connection.execute("INSERT OR IGNORE INTO events VALUES(?)", (event,))

        in_transaction(self._connection, self._path, work)

    def newest(self, home: str, script: str, task: str) -> dict[str, TaskRun]:
        """Give for each bundle (id) on which the task ran its newest run."""
        found = self._found(
            "WHERE home = ? AND script = ? AND task = ? ORDER BY event", (home, script, task)
        )
        return {each.done.bundle: each for each in found}

    def of(self, bundle: str) -> tuple[TaskRun, ...]:
        """Give the newest run of each task on a bundle (id), the newest last."""
        found = self._found("WHERE bundle = ? ORDER BY event", (bundle,))
        newest = {(each.done.home, each.done.script, each.done.task): each for each in found}
        return tuple(sorted(newest.values(), key=lambda each: each.event))

    def of_run(self, run: str) -> TaskRun | None:
        """Give what a run did, if it ended well and was the run of a task."""
        found = self._found("WHERE json_extract(body, '$.run') = ?", (run,))
        return found[0] if found else None

    def transferred(self) -> tuple[Performance, ...]:
        """Give every run that changed who owns a table or who may read it, oldest first."""
        found = self._found("WHERE json_array_length(body, '$.transfers') > 0 ORDER BY event", ())
        return tuple(each.done for each in found)

    def all(self) -> tuple[TaskRun, ...]:
        """Give every run of a task that ended well, oldest first."""
        return self._found("ORDER BY event", ())

    def _found(self, rest: str, values: tuple[Any, ...]) -> tuple[TaskRun, ...]:
        with translated(self._path):
            rows = list(
                self._connection.execute(f"SELECT event, at, body FROM task_runs {rest}", values)  # noqa: S608 - our words
            )
        return tuple(TaskRun(_DONE.decode(body), at, event) for event, at, body in rows)


def exposed_objects(done: Iterable[Performance]) -> dict[str, int]:
    """Give the objects that hold exposed tables: digest -> bytes."""
    return {
        chunk.digest: chunk.bytes
        for each in done
        for table in each.tables.values()
        for column in table.columns
        for chunk in column.chunks
    }


def _body(done: Performance) -> str:
    return canonical(done).decode()
