"""What is damaged is set aside, never deleted: `source/quarantine/<id>/` with the file and the reason.

An item appears whole in one step; only then does the file lose its old name.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, TypeAlias

import msgspec

from plotter2.datter import codes, durable, objects
from plotter2.datter.bundle import canonical
from plotter2.datter.ids import IdSource, is_id, now_ms
from plotter2.datter.layout import Layout
from plotter2.datter.workspace import workspace
from plotter2.errors import DataError

Kind: TypeAlias = Literal["object", "registry"]


class _Reason(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    kind: Kind
    name: str
    why: str
    at: int


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One file that was set aside: what it was, under which name, why and when."""

    id: str
    kind: Kind
    name: str
    why: str
    at: int
    bytes: int
    file: Path

    def as_json(self) -> dict[str, Any]:
        """Give the item as plain JSON values."""
        return {**msgspec.structs.asdict(self), "file": str(self.file)}


_DECODER = msgspec.json.Decoder(_Reason)


def keep(layout: Layout, path: Path, kind: Kind, why: str) -> Item:
    """Set a file aside under a new id; it keeps its name until `durable.discard`. Raises DataError."""
    item_id = IdSource().new()
    durable.make_dir(layout.quarantine)
    reason = _Reason(kind=kind, name=path.name, why=why, at=now_ms())
    with workspace(layout, item_id) as folder:
        ready = folder / "ready"
        with durable.reported(ready):
            ready.mkdir()
        durable.link_new(path, ready / "file")
        durable.write_new(ready / "why.json", (canonical(reason),))
        durable.sync_dir(ready)
        durable.rename_dir(ready, layout.quarantine / item_id)
    return find(layout, item_id)


def listed(layout: Layout) -> tuple[Item, ...]:
    """Give all items, oldest first. Raises DataError."""
    if not layout.quarantine.is_dir():
        return ()
    with durable.reported(layout.quarantine):
        ids = sorted(path.name for path in layout.quarantine.iterdir() if is_id(path.name))
    return tuple(find(layout, item_id) for item_id in ids)


def find(layout: Layout, item_id: str) -> Item:
    """Give the item with this id, or raise DataError (P2-D0828)."""
    folder = layout.quarantine / item_id.upper()
    if not is_id(item_id.upper()) or not folder.is_dir():
        raise DataError(
            codes.UNKNOWN_ITEM,
            f"nothing was set aside under {item_id!r}",
            where=item_id,
            help="plotter2 quarantine ls lists the ids",
        )
    file = folder / "file"
    with durable.reported(folder):
        try:
            reason = _DECODER.decode((folder / "why.json").read_bytes())
        except (FileNotFoundError, msgspec.MsgspecError):  # being dropped, or damaged itself
            reason = _Reason(kind="object", name="", why="its reason cannot be read", at=0)
        size = file.stat().st_size if file.exists() else 0
    return Item(
        id=folder.name, kind=reason.kind, name=reason.name, why=reason.why, at=reason.at,
        bytes=size, file=file,
    )  # fmt: skip


def release(layout: Layout, item_id: str) -> Item:
    """Give an object its place in the store back, if its bytes are right again.

    Raises DataError: P2-D0828 (unknown), P2-D0827 (something is in its place), P2-D0829 (damaged).
    """
    item = find(layout, item_id)
    place = layout.object_file(item.name)
    if item.kind == "registry" or place.exists():
        raise DataError(
            codes.IN_ITS_PLACE,
            f"the {item.kind} {item.name} has a sound successor in its place",
            where=str(item.file),
            help=f"nothing is missing; delete this one with: plotter2 quarantine drop {item.id}",
        )
    if not item.file.exists() or objects.digest_of_file(item.file) != item.name:
        raise DataError(
            codes.STILL_DAMAGED,
            f"the object {item.name} is still damaged",
            where=str(item.file),
            help="put a sound copy in this file's place, or add the experiment's output again",
        )
    durable.make_dirs([place.parent])
    durable.link_new(item.file, place)
    durable.sync_dir(place.parent)
    durable.discard_dir(item.file.parent)
    return item


def drop(layout: Layout, item_id: str) -> Item:
    """Delete an item for good. Raises DataError (P2-D0828)."""
    item = find(layout, item_id)
    durable.discard_dir(item.file.parent)
    return item
