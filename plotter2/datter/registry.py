"""The registry: an index of bundles, and the record of runs, in one SQLite file through apsw.

Bundles, tables and names can be rebuilt from `source/`; the files are the truth about them.
One writer at a time (the store's lock); never on a network file system.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import apsw
import msgspec

from logger2.identity import Scalar
from plotter2.datter.acknowledged import Acknowledged
from plotter2.datter.attachments import Attachments, objects_of
from plotter2.datter.bundle import Bundle, State, Table, canonical
from plotter2.datter.database import damaged, open_database, together, translated, write_copy
from plotter2.datter.holdings import Held, entries_of
from plotter2.datter.left_out import LeftOut, LeftOutBundles
from plotter2.datter.narrowing import EVERYTHING, Narrowing, param_kinds
from plotter2.datter.origins import Origins
from plotter2.datter.requests import Requests, copy_requests
from plotter2.datter.runs import Runs
from plotter2.datter.superseded import superseded
from plotter2.datter.task_runs import TaskRuns, exposed_objects

_MOST_MARKS = 500

_Result = TypeVar("_Result")
_TABLE = msgspec.json.Decoder(Table)

_BUNDLES = """SELECT id, name, attempt, parent, state, created, params, repeat, axes, content,
  digest FROM bundles """


@dataclass(frozen=True, slots=True)
class BundleRow:
    """What the index says of a bundle."""

    id: str
    name: str
    attempt: int
    parent: str | None
    state: State
    created: int
    params: dict[str, Scalar]
    repeat: tuple[str, ...]
    axes: tuple[str, ...]
    content: str
    digest: str

    @property
    def run(self) -> str:
        """Give the last part of the name."""
        return self.name.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Renamed:
    """One change of a bundle's name."""

    bundle: str
    old: str
    new: str
    at: int


class Registry:
    """An open registry. Every method raises DataError with a P2-D08xx code when SQLite refuses."""

    def __init__(self, connection: apsw.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path
        self.attachments = Attachments(connection, path)
        self.task_runs = TaskRuns(connection, path)
        self.origins = Origins(connection, path)
        self.runs = Runs(connection, path)
        self.left_out = LeftOutBundles(connection, path)

    @classmethod
    def open(cls, path: Path) -> Registry:
        """Open or make the registry file.

        Raises DataError: P2-D0805 (SQLite too old), P2-D0806 (damaged), P2-D0807 (newer).
        """
        return cls(open_database(path), path)

    def close(self) -> None:
        """Close the file; the last one to close it folds the write-ahead log in."""
        with translated(self._path):
            self._connection.close()

    def write_copy(self, path: Path) -> None:
        """Write all that the registry holds at this moment to a new file; others go on writing."""
        write_copy(self._connection, path)

    @property
    def acknowledged(self) -> Acknowledged:
        """Give what other roots have acknowledged."""
        return Acknowledged(self._connection, self._path)

    # ------------------------------------------------------------ bundles
    def add(
        self,
        event: str,
        bundles: Iterable[tuple[Bundle, str]],
        left_out: Iterable[LeftOut] = (),
    ) -> None:
        """Enter bundles with the digests of their descriptions, all or none, and what of the event is left out.

        A bundle or an event that is there already is left alone.
        """

        def enter() -> None:
            for bundle, digest in bundles:
                self._enter(bundle, digest)
            self.left_out.enter(left_out)
            self._run("INSERT OR IGNORE INTO events VALUES(?)", (event,))

        self._transaction(enter)

    def _enter(self, bundle: Bundle, digest: str) -> None:
        given = (
            bundle.parent, bundle.state, bundle.created, canonical(bundle.params).decode(),
            canonical(bundle.repeat).decode(), canonical(bundle.axes).decode(),
            bundle.content_digest(), digest,
        )  # fmt: skip

        def enter(attempt: int) -> None:
            self._run(
                "INSERT INTO bundles VALUES(?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT(id) DO NOTHING",
                (bundle.id, bundle.name, attempt, *given),
            )

        self.left_out.numbered(bundle.id, bundle.name, bundle.attempt, enter)
        self._connection.executemany(
            "INSERT OR IGNORE INTO tables VALUES(?,?,?,?)",
            (
                (bundle.id, stream, table.rows, canonical(table).decode())
                for stream, table in bundle.tables.items()
            ),
        )
        self._connection.executemany(
            "INSERT OR IGNORE INTO holdings VALUES(?,?,?,?,?)",
            (
                (bundle.id, kind, path, each.digest, each.bytes)
                for kind, path, each in entries_of(bundle.files, bundle.arrays)
            ),
        )
        self.origins.enter(bundle)

    def rename(self, event: str, changes: Iterable[Renamed]) -> None:
        """Enter changes of names, all or none."""

        changes = tuple(changes)

        def enter() -> None:
            for change in changes:  # the names of some may be the new names of others
                self._run(
                    "UPDATE bundles SET name=? WHERE id=?", ("/" + change.bundle, change.bundle)
                )
            for change in changes:
                self._give_name(change.bundle, change.new)
                self._run(
                    "INSERT INTO names VALUES(?,?,?,?,?)",
                    (change.bundle, change.old, change.new, change.at, event),
                )
            self._run("INSERT OR IGNORE INTO events VALUES(?)", (event,))

        self._transaction(enter)

    def _give_name(self, bundle: str, name: str) -> None:
        def enter(attempt: int) -> None:
            self._run("UPDATE bundles SET name=?, attempt=? WHERE id=?", (name, attempt, bundle))

        for (attempt,) in self._rows("SELECT attempt FROM bundles WHERE id=?", (bundle,)):
            self.left_out.numbered(bundle, name, attempt, enter)

    def renames(self, bundle_id: str) -> tuple[Renamed, ...]:
        """Give the changes of a bundle's name, oldest first."""
        rows = self._rows(
            "SELECT bundle, old, new, at FROM names WHERE bundle=? ORDER BY at, rowid", (bundle_id,)
        )
        return tuple(Renamed(*row) for row in rows)

    def formerly(self, name: str) -> Renamed | None:
        """Give the newest change by which a bundle lost this name, if there is one."""
        rows = self._rows(
            "SELECT bundle, old, new, at FROM names WHERE old=? AND new<>old"
            " ORDER BY at DESC, rowid DESC LIMIT 1",
            (name,),
        )
        return Renamed(*rows[0]) if rows else None

    def shelve(self, event: str, bundle_ids: Iterable[str], state: State) -> None:
        """Enter another state of bundles, all or none."""

        def enter() -> None:
            for bundle_id in bundle_ids:
                self._run("UPDATE bundles SET state=? WHERE id=?", (state, bundle_id))
            self._run("INSERT OR IGNORE INTO events VALUES(?)", (event,))

        self._transaction(enter)

    def pass_over(self, event: str, left_out: Iterable[LeftOut] = ()) -> None:
        """Enter an event of which nothing can be entered."""
        self.add(event, (), left_out)

    def barrier(self) -> None:
        """Return once everything that can be read here is on the disk.

        A dead process may have left rows in the log that it never synced; a commit syncs them too.
        """
        self._transaction(lambda: self._run("UPDATE barrier SET count = count + 1", ()))

    def unknown_events(self, events: Iterable[str]) -> tuple[str, ...]:
        """Give those of `events` that the registry has not entered, in order."""
        return tuple(sorted(set(events) - set(self.known_events())))

    def known_events(self) -> tuple[str, ...]:
        """Give the events that the registry has entered, oldest first."""
        return tuple(sorted(row[0] for row in self._rows("SELECT id FROM events", ())))

    def bundle(self, bundle_id: str) -> BundleRow | None:
        """Give the bundle with this id."""
        return self._one(self._bundles("WHERE id=?", (bundle_id,)))

    def attempts(self, name: str) -> tuple[BundleRow, ...]:
        """Give all attempts with this name, the newest first."""
        return self._bundles("WHERE name=? ORDER BY attempt DESC", (name,))

    def with_id_prefix(self, prefix: str) -> tuple[BundleRow, ...]:
        """Give the bundles whose id begins so."""
        return self._bundles("WHERE id >= ? AND id < ? ORDER BY id", (prefix, prefix + "~"))

    def below(self, name: str, only: Narrowing = EVERYTHING) -> tuple[BundleRow, ...]:
        """Give the newest active attempt of every descendant of `name` ('' = of everything).

        Where only what came in before a moment is wanted, an attempt is the newest if it was so then.
        """
        until = f" AND other.created < {only.before:d}" if only.before else ""
        latest = f"""WHERE state='active' AND attempt = (SELECT max(attempt) FROM bundles AS other
            WHERE other.name = bundles.name AND other.state='active'{until})"""  # noqa: S608 - a whole number
        narrower, values = only.sql()
        if name:
            narrower += " AND name > ? AND name < ?"
            values += (name + "/", name + "0")  # '0' follows '/' in ASCII
        return self._bundles(f"{latest}{narrower} ORDER BY name", values)

    def param_kinds(
        self, *, id: str = "", below: str = "", children: bool = False
    ) -> dict[str, frozenset[str]]:
        """Give the params of one bundle, or of all active ones below a name, with their kinds in JSON."""
        text, values = param_kinds(id, below, children=children)
        found: dict[str, frozenset[str]] = {}
        for name, kind in self._rows(text, values):
            found[name] = found.get(name, frozenset()) | {kind}
        return found

    def archived(self, name: str, only: Narrowing = EVERYTHING) -> tuple[BundleRow, ...]:
        """Give every archived attempt of `name` and below it ('' = of everything)."""
        narrower, values = only.sql()
        if name:
            narrower += " AND (name = ? OR (name > ? AND name < ?))"
            values += (name, name + "/", name + "0")
        return self._bundles(f"WHERE state='archived'{narrower} ORDER BY name, attempt", values)

    def tree(self, name: str) -> tuple[BundleRow, ...]:
        """Give every attempt of `name` and of everything below it, whatever its state."""
        return self._bundles(
            "WHERE name = ? OR (name > ? AND name < ?) ORDER BY id", (name, name + "/", name + "0")
        )

    def names(self) -> tuple[str, ...]:
        """Give all names of bundles that are not archived."""
        active = "SELECT DISTINCT name FROM bundles WHERE state='active'"
        return tuple(row[0] for row in self._rows(active, ()))

    def children_of(self, bundle_ids: Sequence[str]) -> tuple[BundleRow, ...]:
        """Give the bundles that were added as children of these."""
        found: list[BundleRow] = []
        for group in _groups(bundle_ids):
            marks = ",".join("?" * len(group))
            found += self._bundles(f"WHERE parent IN ({marks}) ORDER BY id", group)
        return tuple(found)

    def streams_of(self, bundle_ids: Sequence[str]) -> dict[str, dict[str, int]]:
        """Give for each of the bundles its tables with their numbers of rows."""
        found: dict[str, dict[str, int]] = {bundle_id: {} for bundle_id in bundle_ids}
        for group in _groups(bundle_ids):
            marks = ",".join("?" * len(group))
            for bundle, stream, rows in self._rows(
                f"SELECT bundle, stream, rows FROM tables WHERE bundle IN ({marks})",  # noqa: S608 - only question marks
                group,
            ):
                found[bundle][stream] = rows
        return found

    def tables_of(self, bundle_ids: Sequence[str], stream: str) -> dict[str, Table]:
        """Give for each of the bundles that have it the table of this name."""
        found: dict[str, Table] = {}
        for group in _groups(bundle_ids):
            marks = ",".join("?" * len(group))
            rows = self._rows(
                f"SELECT bundle, body FROM tables WHERE bundle IN ({marks}) AND stream = ?",  # noqa: S608 - only question marks
                (*group, stream),
            )
            found.update((bundle, _TABLE.decode(body)) for bundle, body in rows)
        return found

    def row_counts(self) -> dict[str, tuple[int, int]]:
        """Give (tables, rows) of every bundle that has tables."""
        rows = self._rows("SELECT bundle, count(*), sum(rows) FROM tables GROUP BY bundle", ())
        return {bundle: (tables, count) for bundle, tables, count in rows}

    def held_counts(self) -> dict[str, Held]:
        """Give how many files and arrays every bundle keeps that has any."""
        query = """SELECT bundle, sum(kind = 'file'), sum(kind = 'array'), sum(bytes) FROM holdings GROUP BY bundle"""
        return {bundle: Held(*counts) for bundle, *counts in self._rows(query, ())}

    def contents(self) -> tuple[tuple[BundleRow, dict[str, int]], ...]:
        """Give every bundle, whatever its state, with its objects: digest -> bytes."""
        objects: dict[str, dict[str, int]] = {}
        for bundle, body in self._rows("SELECT bundle, body FROM tables", ()):
            here = objects.setdefault(bundle, {})
            for column in _TABLE.decode(body).columns:
                here.update((chunk.digest, chunk.bytes) for chunk in column.chunks)
        for bundle, digest, size in self._rows("SELECT bundle, digest, bytes FROM holdings", ()):
            objects.setdefault(bundle, {})[digest] = size
        for attachment in self.attachments.all():
            objects.setdefault(attachment.bundle, {}).update(objects_of((attachment.kept,)))
        runs = self.task_runs.all()
        gone = superseded(runs)
        for ran in (each for each in runs if each.event not in gone):
            objects.setdefault(ran.done.bundle, {}).update(exposed_objects((ran.done,)))
        return tuple((row, objects.get(row.id, {})) for row in self._bundles("ORDER BY id", ()))

    def dump(self) -> dict[str, list[tuple[Any, ...]]]:
        """Give all rows that are made from files, by table, sorted: two registries can be compared."""
        names = (
            "bundles",
            "tables",
            "holdings",
            "names",
            "attachments",
            "origins",
            "task_runs",
            "events",
        )
        found = {
            name: self._rows(f"SELECT * FROM {name}", ())  # noqa: S608 - our names
            for name in (*names, "renumbered")
        }
        found["left_out"] = self._rows("SELECT event, bundle FROM left_out", ())
        return {name: sorted(rows, key=repr) for name, rows in found.items()}

    # ------------------------------------------------------------ requests
    def requests(self, new_id: Callable[[], str]) -> Requests:
        """Give the journal of requests, which lies in the same file."""
        return Requests(self._connection, self._path, new_id)

    def together(self) -> AbstractContextManager[None]:
        """Commit at once what the block changes here or in the requests, or nothing of it."""
        return together(self._connection, self._path)

    # ------------------------------------------------------------ SQLite
    def _bundles(self, rest: str, values: tuple[Any, ...]) -> tuple[BundleRow, ...]:
        return tuple(_bundle_row(row) for row in self._rows(_BUNDLES + rest, values))

    @staticmethod
    def _one(rows: tuple[BundleRow, ...]) -> BundleRow | None:
        return rows[0] if rows else None

    def _rows(self, statement: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        with translated(self._path):
            return list(self._connection.execute(statement, values))

    def _run(self, statement: str, values: tuple[Any, ...]) -> None:
        self._connection.execute(statement, values)

    def _transaction(self, work: Callable[[], _Result]) -> _Result:
        with self.together():
            return work()


def copy_runs(old: Registry, new: Registry) -> None:
    """Take run records, requests and serial numbers over into another registry; no file holds these."""
    with new.together():
        new.runs.take_over(old.runs)
        copy_requests(old._connection, new._connection)
    new.acknowledged.take_over(old.acknowledged)


def check_registry(registry: Registry) -> None:
    """Let SQLite look through its file; raises DataError (P2-D0806) when it finds damage."""
    rows = registry._rows("PRAGMA quick_check", ())
    if rows != [("ok",)]:
        raise damaged(registry._path, str(rows[0][0]))


def _bundle_row(row: tuple[Any, ...]) -> BundleRow:
    bundle_id, name, attempt, parent, state, created, params, repeat, axes, content, digest = row
    return BundleRow(
        bundle_id,
        name,
        attempt,
        parent,
        state,
        created,
        json.loads(params),
        _names(repeat),
        _names(axes),
        content,
        digest,
    )


@lru_cache(maxsize=1024)
def _names(text: str) -> tuple[str, ...]:
    """Give names out of JSON; most bundles have the same few."""
    return tuple(json.loads(text))


def _groups(ids: Sequence[str]) -> Iterator[tuple[str, ...]]:
    for start in range(0, len(ids), _MOST_MARKS):
        yield tuple(ids[start : start + _MOST_MARKS])
