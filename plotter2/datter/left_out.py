"""What a registry that was made anew could not read: bundles that are left out until their files are mended.

Their files, their objects and what is attached to them stay; the next rebuild looks at them again. While a bundle is
out, its name may be given to another one; the later of the two gets the next free attempt number then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import apsw

from plotter2.datter import codes
from plotter2.datter.database import translated
from plotter2.errors import DataError


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A bundle (id) whose description cannot be read, and why; the event that brought it, the digest that is wanted.

    `bundle` is "" when the event itself cannot be read. `name` is what the bundle was called, "" when nobody knows.
    """

    event: str
    bundle: str
    digest: str
    why: str
    name: str = ""

    @property
    def called(self) -> str:
        """Give what a person may know it by."""
        if not self.bundle:
            return f"the change {self.event}"
        return f"{self.name} ({self.bundle})" if self.name else self.bundle

    def as_json(self) -> dict[str, str]:
        """Give it as plain JSON values."""
        return {"event": self.event, "id": self.bundle, "name": self.name, "why": self.why}


@dataclass(frozen=True, slots=True)
class Renumbered:
    """A bundle that is another attempt now than its description says: a bundle that was left out has that number."""

    bundle: str
    name: str
    stored: int
    attempt: int

    def as_json(self) -> dict[str, str | int]:
        """Give it as plain JSON values."""
        return {
            "id": self.bundle,
            "name": self.name,
            "stored": self.stored,
            "attempt": self.attempt,
        }


class LeftOutBundles:
    """The tables of what is left out, and of who was given another number. Raises DataError when SQLite refuses."""

    def __init__(self, connection: apsw.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path

    def enter(self, found: Iterable[LeftOut]) -> None:
        """Enter what cannot be read, inside the transaction of its event."""
        self._connection.executemany(
            "INSERT OR IGNORE INTO left_out VALUES(?,?,?,?,?)",
            ((each.event, each.bundle, each.digest, each.why, each.name) for each in found),
        )

    def numbered(self, bundle: str, name: str, attempt: int, enter: Callable[[int], None]) -> None:
        """Enter a bundle as an attempt of a name, inside a transaction.

        It is the next attempt if that one is a bundle that was left out when this one came.
        """
        try:
            enter(attempt)
        except apsw.ConstraintError:
            newest = "SELECT max(attempt) FROM bundles WHERE name=?"
            enter(1 + next(iter(self._connection.execute(newest, (name,))))[0])
            self._connection.execute(
                "INSERT OR IGNORE INTO renumbered VALUES(?,?)", (bundle, attempt)
            )

    def call(self, bundle: str, name: str) -> None:
        """Enter what a bundle that is left out was called."""
        with translated(self._path):
            self._connection.execute("UPDATE left_out SET name=? WHERE bundle=?", (name, bundle))

    def all(self) -> tuple[LeftOut, ...]:
        """Give everything that is left out, oldest first."""
        with translated(self._path):
            rows = self._connection.execute(
                "SELECT event, bundle, digest, why, name FROM left_out ORDER BY event, bundle"
            )
            return tuple(LeftOut(*row) for row in rows)

    def may_be(self, bundle: str) -> bool:
        """Tell whether a bundle is left out, or may be, as an event cannot be read."""
        with translated(self._path):
            query = "SELECT 1 FROM left_out WHERE bundle IN (?, '') LIMIT 1"
            return bool(list(self._connection.execute(query, (bundle,))))

    def renumbered(self) -> tuple[Renumbered, ...]:
        """Give the bundles that have another attempt number than they were stored with, oldest first."""
        with translated(self._path):
            rows = self._connection.execute(
                "SELECT id, name, stored, attempt FROM renumbered JOIN bundles ON id = bundle"
                " WHERE stored <> attempt ORDER BY id"
            )
            return tuple(Renumbered(*row) for row in rows)


def left_out(bundle: str, where: str) -> DataError:
    """Give the error for a bundle that is asked for and left out (P2-D0817)."""
    return DataError(
        codes.BUNDLE_DAMAGED,
        f"the bundle {bundle} is left out: its description cannot be read",
        where=where,
        help="plotter2 restore COPY brings it back from a safe copy; so does plotter2 fsck --rebuild once its "
        "bundle.json is put back",
    )


def note_of(found: Sequence[LeftOut]) -> tuple[str, ...]:
    """Say how much is left out; nothing when all is there."""
    if not found:
        return ()
    one = len(found) == 1
    bundles, they = ("1 bundle is", "it") if one else (f"{len(found)} bundles are", "them")
    return (
        f"{bundles} left out until mended, as what describes {they} cannot be read: plotter2 fsck tells which, "
        f"plotter2 restore COPY brings {they} back from a safe copy",
    )
