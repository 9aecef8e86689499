"""What ran under a root, for who only asks that: the registry is read as it is, beside whoever writes there.

Opening the whole store would take longer than all that is asked, and would finish what dead processes left.
"""

from __future__ import annotations

from pathlib import Path

from plotter2.datter.database import open_beside_writers
from plotter2.datter.layout import Layout
from plotter2.datter.runs import Runs


class LookingBack(Runs):
    """The runs and serials of a root; to be closed."""

    @classmethod
    def beside_writers(cls, root: Path) -> LookingBack | None:
        """Open what there is; None when only the store can tell: none there yet, another version, a state that arrives.

        Raises DataError P2-D0805.
        """
        layout = Layout(root.absolute())
        path = layout.registry / "registry.db"
        if (layout.registry / "arrival").exists() or not path.is_file():
            return None
        connection = open_beside_writers(path)
        return None if connection is None else cls(connection, path)

    def close(self) -> None:
        """Close the registry."""
        self._connection.close()
