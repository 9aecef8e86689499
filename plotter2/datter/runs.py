"""The record of runs, and the highest serial number that ran of each script, in the registry; no file holds these."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apsw

from plotter2.datter.database import together, translated

_OF_STATEMENT = (
    "SELECT min(started) FROM runs WHERE json_extract(record, '$.script.statement_sha256')=?"
)
_OF_LIBRARY = (
    "SELECT min(started) FROM runs WHERE EXISTS"
    "(SELECT 1 FROM json_each(record, '$.script.libraries') WHERE value=?)"
)
_RUNS = "SELECT id, script, state, started, finished, record FROM runs "


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run of a script: `state` is started, done, failed, cancelled or broken off; times in ms since 1970."""

    id: str
    script: str
    state: str
    started: int
    finished: int | None
    record: dict[str, Any]


class Runs:
    """The tables of runs and serials of an open registry. Raises DataError when SQLite refuses."""

    def __init__(self, connection: apsw.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path

    def start(self, run: RunRow) -> None:
        """Enter a run that begins."""
        record = _kept(run.record)
        values = (run.id, run.script, run.state, run.started, run.finished, record)
        with together(self._connection, self._path):
            self._connection.execute("INSERT INTO runs VALUES(?,?,?,?,?,?)", values)

    def finish(self, run_id: str, state: str, finished: int, record: dict[str, Any]) -> bool:
        """Enter how a run ended; False when no such run is open."""
        with together(self._connection, self._path):
            self._connection.execute(
                "UPDATE runs SET state=?, finished=?, record=? WHERE id=? AND state='started'",
                (state, finished, _kept(record), run_id),
            )
            return self._connection.changes() == 1

    def find(self, run_id: str) -> RunRow | None:
        """Give the run with this id."""
        found = self._runs("WHERE id=?", (run_id,))
        return found[0] if found else None

    def open(self) -> tuple[RunRow, ...]:
        """Give the runs that began and have no end yet, oldest first."""
        return self._runs("WHERE state='started' ORDER BY id", ())

    def newest(
        self, limit: int, script: str | None = None, path: str | None = None
    ) -> tuple[RunRow, ...]:
        """Give the newest runs, newest first; of one script only, by its signed name or its file."""
        return self._runs(
            "WHERE ?1 IS NULL OR script=?1 OR json_extract(record, '$.script.path')=?2"
            " ORDER BY started DESC, id DESC LIMIT ?3",
            (script, path, limit),
        )

    def last_of(self, script: str) -> RunRow | None:
        """Give the newest run of the script with this name."""
        found = self._runs("WHERE script=? ORDER BY started DESC, id DESC LIMIT 1", (script,))
        return found[0] if found else None

    def first_of(self, statement_sha256: str) -> int | None:
        """Give when the first run of a signed statement began, in ms since 1970."""
        return self._first(_OF_STATEMENT, statement_sha256)

    def first_with(self, library_sha256: str) -> int | None:
        """Give when the first run that used a library began, in ms since 1970."""
        return self._first(_OF_LIBRARY, library_sha256)

    def _first(self, query: str, digest: str) -> int | None:
        rows = self._rows(query, (digest,))
        return rows[0][0] if rows else None

    def ids(self) -> frozenset[str]:
        """Give the ids of all runs."""
        return frozenset(row[0] for row in self._rows("SELECT id FROM runs", ()))

    def seen_serial(self, script: str) -> int | None:
        """Give the highest serial number seen for a script's name."""
        rows = self._rows("SELECT serial FROM seen WHERE script=?", (script,))
        return rows[0][0] if rows else None

    def see_serial(self, script: str, serial: int) -> None:
        """Remember a serial number; the highest one counts."""
        with together(self._connection, self._path):
            self._connection.execute(
                "INSERT INTO seen VALUES(?,?) ON CONFLICT(script) DO UPDATE"
                " SET serial = max(serial, excluded.serial)",
                (script, serial),
            )

    def forget_serial(self, script: str) -> bool:
        """Forget the highest serial number of a script's name; False when none was seen."""
        with together(self._connection, self._path):
            self._connection.execute("DELETE FROM seen WHERE script=?", (script,))
            return self._connection.changes() == 1

    def seen_serials(self) -> dict[str, int]:
        """Give all script names with their highest serial numbers."""
        return dict(self._rows("SELECT script, serial FROM seen", ()))

    def take_over(self, other: Runs) -> None:
        """Enter the runs and serial numbers that another registry has."""
        for run in other._runs("ORDER BY started, id", ()):
            self.start(run)
        for script, serial in other.seen_serials().items():
            self.see_serial(script, serial)

    def _runs(self, rest: str, values: tuple[Any, ...]) -> tuple[RunRow, ...]:
        return tuple(
            RunRow(run_id, script, state, started, finished, json.loads(record))
            for run_id, script, state, started, finished, record in self._rows(_RUNS + rest, values)
        )

    def _rows(self, statement: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        with translated(self._path):
            return list(self._connection.execute(statement, values))


def _kept(record: dict[str, Any]) -> str:
    from plotter2.datter.bundle import canonical  # who only looks back needs no bundles

    return canonical(record).decode()
