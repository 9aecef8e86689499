"""Where an item of a copy lies under a root; a name that could lead elsewhere has no place."""

from __future__ import annotations

import re
from pathlib import Path

from plotter2.datter.arrival import Item, Kind
from plotter2.datter.ids import is_id
from plotter2.datter.layout import Layout
from plotter2.errors import DataError
from plotter2.relay.codes import NOT_UNDERSTOOD

DIGEST = re.compile(r"[0-9a-f]{64}\Z")
_DEEPEST = 8
_DEEPEST_STAGED = 16
"""Staging takes folders twelve deep."""
_LONGEST_PART = 255
ARRIVING = frozenset({"event", "config", "registry"})
"""Kinds without which there is no copy; they come into force together, at the end."""
TOGETHER = ARRIVING | {"staged"}
"""What comes into force at the end; a staged item that was stored meanwhile is no loss."""
REPLACED = frozenset({"session", "log", "refused", "staged", "config", "registry"})
"""Kinds whose files may change."""


def has_place(name: str, kind: Kind) -> bool:
    """Tell whether a path below a folder of the root may be the name of an item of a kind."""
    parts = name.split("/")
    return len(parts) <= (_DEEPEST_STAGED if kind == "staged" else _DEEPEST) and all(
        part.isprintable() and 0 < len(part.encode()) <= _LONGEST_PART and part not in (".", "..")
        for part in parts
    )


def item_of(name: str) -> str:
    """Give the staged item that a file belongs to: its batch and its own name."""
    return "/".join(name.split("/")[:2])


def place(layout: Layout, item: Item) -> Path:
    """Give the path of an item. Raises DataError (P2-D0917) for a name that does not fit its kind."""
    if not DIGEST.match(item.digest) or not _fits(item):
        raise DataError(
            NOT_UNDERSTOOD,
            f"{item.name[:80]!r} is no name of a {item.kind}",
            help="use the same release of plotter2 on both sides",
        )
    folders = {
        "output": layout.output,
        "session": layout.sessions,
        "log": layout.log,
        "refused": layout.refused,
        "staged": layout.staged,
        "config": layout.config,
    }
    match item.kind:
        case "object":
            return layout.object_file(item.name)
        case "bundle":
            return layout.bundle_file(item.name)
        case "event":
            return layout.commits / f"{item.name}.json"
        case "registry":
            return layout.registry / "registry.db"
        case _:
            return folders[item.kind] / item.name


def _fits(item: Item) -> bool:
    match item.kind:
        case "object":
            return item.name == item.digest
        case "bundle" | "event":
            return is_id(item.name)
        case "registry":
            return item.name == "registry"
        case "log":
            return has_place(item.name, "log") and item.name.startswith(("run/", "earlier/"))
        case "output" | "staged":
            is_below = is_id(item.name.split("/")[0]) and "/" in item.name
            return is_below and has_place(item.name, item.kind)
        case _:
            return has_place(item.name, item.kind)
