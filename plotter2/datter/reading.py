"""The registry of a root where nothing may be written: the file as it lies there, or made anew in memory.

A write-ahead log that nobody folded in cannot be read without writing beside it, and events that
the index does not know cannot be entered; then the files are replayed, which are the truth.
"""

from __future__ import annotations

from plotter2.datter import arrival, events
from plotter2.datter.database import open_in_memory, open_to_read
from plotter2.datter.layout import Layout
from plotter2.datter.registry import Registry


def registry_to_read(layout: Layout) -> Registry:
    """Give a registry that knows every event; what cannot be read is left out there. Raises DataError."""
    arrived = arrival.waiting(layout) / "registry.db"
    path = arrived if arrived.exists() else layout.registry / "registry.db"
    known = events.listed(layout)
    connection = open_to_read(path)
    if connection is not None:
        registry = Registry(connection, path)
        if not registry.unknown_events(known):
            return registry
        registry.close()
    return replayed(layout, known)


def replayed(layout: Layout, known: tuple[str, ...]) -> Registry:
    """Give a registry in memory that holds what these events say, as far as they can be read, and no runs."""
    registry = Registry(open_in_memory(), layout.registry)
    events.replay(layout, registry, known, leave_out=True)
    return registry
