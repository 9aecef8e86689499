"""What other roots have acknowledged: which objects, events and staged items each relay said it has on its disk."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import apsw

from plotter2.datter.database import together, translated

Kind: TypeAlias = Literal["object", "event", "staged"]


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The table of acknowledgements of an open registry. Every method raises DataError when SQLite refuses."""

    connection: apsw.Connection
    path: Path

    def enter(self, remote: str, kind: Kind, names: Iterable[str], at: int) -> None:
        """Enter that a remote has these on its disk."""
        rows = [(remote, kind, name, at) for name in names]
        with together(self.connection, self.path):
            self.connection.executemany(
                "INSERT INTO relay VALUES(?,?,?,?) ON CONFLICT DO UPDATE SET acked_at = excluded.acked_at",
                rows,
            )

    def withdraw(self, remote: str, kind: Kind, names: Iterable[str]) -> None:
        """Forget that a remote has these: it does not say so any more."""
        rows = [(remote, kind, name) for name in names]
        with together(self.connection, self.path):
            self.connection.executemany(
                "DELETE FROM relay WHERE remote=? AND kind=? AND name=?", rows
            )

    def forget(self, remote: str) -> None:
        """Forget a remote."""
        with translated(self.path):
            self.connection.execute("DELETE FROM relay WHERE remote=?", (remote,))

    def names(self, remote: str, kind: Kind) -> frozenset[str]:
        """Give what a remote has acknowledged."""
        with translated(self.path):
            rows = self.connection.execute(
                "SELECT name FROM relay WHERE remote=? AND kind=?", (remote, kind)
            )
            return frozenset(row[0] for row in rows)

    def last(self, remote: str) -> int | None:
        """Give when a remote acknowledged last (ms since 1970)."""
        with translated(self.path):
            rows = list(
                self.connection.execute("SELECT max(acked_at) FROM relay WHERE remote=?", (remote,))
            )
        moment = rows[0][0]
        return None if moment is None else int(moment)

    def copies(self) -> dict[str, int]:
        """Give for every acknowledged object how many remotes have it."""
        with translated(self.path):
            return dict(
                self.connection.execute(
                    "SELECT name, count(*) FROM relay WHERE kind='object' GROUP BY name"
                )
            )

    def take_over(self, other: Acknowledged) -> None:
        """Enter what another registry knows of remotes."""
        with translated(other.path):
            rows = list(other.connection.execute("SELECT remote, kind, name, acked_at FROM relay"))
        with together(self.connection, self.path):
            self.connection.executemany("INSERT OR IGNORE INTO relay VALUES(?,?,?,?)", rows)
