"""A root before it is used: what dead processes left is finished or swept, what the index lacks is entered."""

from __future__ import annotations

from plotter2.datter import arrival, events, workspace
from plotter2.datter.adding import catch_up
from plotter2.datter.layout import Layout
from plotter2.datter.locks import locked
from plotter2.datter.registry import Registry


def recovered(layout: Layout) -> Registry:
    """Give the registry of a root that was made ready. Raises DataError as `Store.open`."""
    workspace.sweep(layout)
    if arrival.waiting(layout).is_dir():
        with locked(layout.lock):
            arrival.finish(layout)
    registry = Registry.open(layout.registry / "registry.db")
    try:
        if registry.unknown_events(events.listed(layout)):
            with locked(layout.lock):
                catch_up(layout, registry)
    except BaseException:
        registry.close()
        raise
    return registry
