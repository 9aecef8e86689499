"""The run log in safe copies: a moment of it is copied, and a copy never takes another history for its continuation."""

from __future__ import annotations

import hashlib
from pathlib import Path

from p2sign.log.checkpoint import claimed_checkpoint
from p2sign.refusal import Refusal
from plotter2.datter import codes, durable, objects
from plotter2.datter.arrival import Item
from plotter2.datter.layout import Layout
from plotter2.datter.log_files import SEGMENT, LogFiles
from plotter2.errors import DataError
from plotter2.relay.items import item_at, items_below

KEY = "run/key"
"""The item that says which log it is."""
_ENTRIES = "run/entries/"


def log_items(layout: Layout, folder: Path) -> tuple[list[Item], dict[tuple[str, str], Path]]:
    """Give the items of the run logs at this moment, and where the bytes of those are that grow: in `folder`.

    What its checkpoint covers is copied, so the log may grow meanwhile. A damaged one is copied as it is.
    """
    files = LogFiles(layout.run_log)
    moment: dict[tuple[str, str], Path] = {}
    aside = (layout.earlier_logs, files.folder / "witnessed")
    found = [item for folder in aside for item in items_below(folder, "log", layout.log)]
    note = files.read_checkpoint()
    if note is None:
        return found, moment
    size = _size_of(note)
    for start in range(0, size, SEGMENT):
        path = files.segment(start)
        if start + SEGMENT <= size or not path.exists():
            continue
        lines = files.read_tail(start, 0).split(b"\n")[: size - start]
        moment["log", _name(layout, path)] = _put(
            folder / "log-entries", b"".join(line + b"\n" for line in lines)
        )
    moment["log", _name(layout, files.checkpoint)] = _put(folder / "log-checkpoint", note)
    whole = [files.segment(start) for start in range(0, size - size % SEGMENT, SEGMENT)]
    fixed = {_name(layout, path): path for path in (files.key, *whole) if path.exists()}
    growing = {name: path for (_, name), path in moment.items()}
    found += [item_at(path, "log", name) for name, path in (fixed | growing).items()]
    return sorted(found, key=_order), moment


def _order(item: Item) -> tuple[bool, bool, str]:
    """Key first, checkpoints last: what they cover is there before, and is what was refused if it is not the same."""
    return item.name != KEY, item.name.endswith("/checkpoint"), item.name


def make_way_for_another(layout: Layout, item: Item) -> None:
    """Keep the log of a copy aside when another one comes, with another key. Raises DataError."""
    here = LogFiles(layout.run_log)
    if here.key.exists() and objects.digest_of_file(here.key) != item.digest:
        before = layout.log / "before"
        durable.make_dir(before, 0o700)
        name = hashlib.sha256(here.key.read_bytes() + (here.read_checkpoint() or b"")).hexdigest()
        durable.rename_dir(here.folder, before / name[:16])


def require_growth(item: Item, here: Path, came: Path) -> None:
    """Refuse entries that do not go on where those that were copied before end. Raises DataError P2-D0913."""
    if item.name.startswith(_ENTRIES) and here.exists():
        old = here.read_bytes()
        with came.open("rb") as file:
            if file.read(len(old)) == old:
                return
        raise DataError(
            codes.NOT_COPIED,
            "the run log does not go on where the copy of it ends: it was rewritten, or an older one is in its place",
            where=item.name,
            help="look with plotter2 log verify, here and with --root on the copy; "
            "to keep both, copy to another folder",
        )


def told_after_restore(layout: Layout) -> str:
    """Tell where a log ended that came out of a safe copy; empty for one that grows here, or none."""
    files = LogFiles(layout.run_log)
    note = files.read_checkpoint()
    if note is None or files.alive.exists():
        return ""
    return (
        f"the run log came out of the copy and ends at {_size_of(note):,} entries: what ran after that is not in it; "
        "the next run begins a new log that says so"
    )


def _size_of(note: bytes) -> int:
    try:
        return claimed_checkpoint(note).size
    except Refusal:  # damaged: `log verify` tells
        return 0


def _name(layout: Layout, path: Path) -> str:
    return path.relative_to(layout.log).as_posix()


def _put(path: Path, content: bytes) -> Path:
    with durable.reported(path):
        path.write_bytes(content)
    return path
