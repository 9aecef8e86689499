"""Which bundles came under an id of their own: what a package calls a bundle, and what it is here.

An id means one thing for ever; the first bundle that came under it keeps it.
"""

from __future__ import annotations

from pathlib import Path

import apsw

from plotter2.datter.bundle import Bundle
from plotter2.datter.database import translated


class Origins:
    """The table of origins of an open registry. Raises DataError when SQLite refuses."""

    def __init__(self, connection: apsw.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path

    def enter(self, bundle: Bundle) -> None:
        """Enter the id that a package gave a bundle, inside the transaction of an add."""
        if bundle.origin_id:
            self._connection.execute(
                "INSERT OR IGNORE INTO origins VALUES(?,?)", (bundle.origin_id, bundle.id)
            )

    def bundle_of(self, given: str) -> str | None:
        """Give the id here of the bundle that came under this id."""
        with translated(self._path):
            rows = list(self._connection.execute("SELECT bundle FROM origins WHERE id=?", (given,)))
        return rows[0][0] if rows else None
