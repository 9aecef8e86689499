"""What is to be exported and what came of it: what every format is given, and what it answers."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from plotter2.datter.codes import AMBIGUOUS
from plotter2.datter.registry import BundleRow
from plotter2.datter.store import Store
from plotter2.errors import DataError
from plotter2.orchestrator import Outcome
from plotter2.wire.messages import WriteJob


@dataclass(frozen=True, slots=True)
class ToExport:
    """One bundle with all below it; `to` is the file or folder (None = named after the bundle, in the working folder).

    `attempts` asks for the older attempts as well, `as_folder` for a folder where the format is a file, `only` for one
    file or array of the bundle, `scripts` for what is attached.
    """

    bundle: str
    to: Path | None = None
    attempts: bool = False
    as_folder: bool = False
    only: str | None = None
    scripts: bool = True


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written: where, how many bundles, files and bytes, and what a person should know."""

    path: Path
    bundles: int
    files: int
    bytes: int
    notes: tuple[str, ...] = ()
    more: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Give it as plain JSON values."""
        return {
            "ok": True,
            "path": str(self.path),
            "bundles": self.bundles,
            "files": self.files,
            "bytes": self.bytes,
            "notes": list(self.notes),
            **self.more,
        }


Submit: TypeAlias = Callable[[WriteJob, tuple[int, ...]], Outcome]
"""Runs a job in a confined child; the descriptors are those after the output."""
Exporter: TypeAlias = Callable[[Store, ToExport, Submit], Exported]


@dataclass(frozen=True, slots=True)
class Member:
    """A bundle to export and the member that it lies in (None = it is the outermost)."""

    bundle: BundleRow
    inside: BundleRow | None


def members(store: Store, wanted: ToExport) -> tuple[tuple[Member, ...], tuple[str, ...]]:
    """Give the bundles to export, each after the one around it, and notes on what is left out.

    Without `attempts` these are the newest active ones. Raises DataError as `Store.find`, P2-D0811.
    """
    top = _one(store, wanted.bundle)
    below = [line.bundle for line in store.list(top.name)]
    if not _is_newest(store, top):  # what lies below its name belongs to a newer attempt, as a rule
        known = {row.id: row for row in below}
        return _placed(top, [top, *(row for row in below if _leads_to(row, top, known))]), ()
    chosen = [top, *below]
    older = [row for each in chosen for row in store.attempts(each.name) if row.id != each.id]
    notes: list[str] = []
    if wanted.attempts:
        chosen += [row for row in older if row.state == "active"]
        if left := sum(row.state != "active" for row in older):
            notes.append(f"archived attempts that are left out: {left}")
    elif older:
        notes.append(
            f"older attempts that are left out: {len(older)} (--attempts takes them along)"
        )
    chosen.sort(key=lambda row: (row.name, row.attempt))
    return _placed(top, chosen), tuple(notes)


def _one(store: Store, path: str) -> BundleRow:
    found = store.find(path)
    if len(found) != 1 or "*" in path:
        raise DataError(
            AMBIGUOUS,
            f"{path!r} means {len(found)} bundles, and one is exported with all that is below it",
            where=path,
            help="name the bundle around them",
        )
    return found[0]


def _is_newest(store: Store, row: BundleRow) -> bool:
    active = [each for each in store.attempts(row.name) if each.state == "active"]
    return bool(active) and active[0].id == row.id


def file_name(name: str) -> str:
    """Give a bundle's name as the beginning of a file's name."""
    last = name.rpartition("/")[2]
    return re.sub(r"[^A-Za-z0-9._=,+-]+", "-", last).strip(".") or "bundle"


def _leads_to(row: BundleRow, top: BundleRow, known: dict[str, BundleRow]) -> bool:
    seen: set[str] = set()
    here: BundleRow | None = row
    while here is not None and here.id not in seen:
        if here.parent == top.id:
            return True
        seen.add(here.id)
        here = known.get(here.parent or "")
    return False


def _placed(top: BundleRow, chosen: list[BundleRow]) -> tuple[Member, ...]:
    """Put each bundle into its parent if that goes along, else into the newest attempt of the nearest name above."""
    by_id = {row.id: row for row in chosen}
    by_name = {row.name: row for row in chosen}
    placed: list[Member] = []
    for row in chosen:
        inside = by_id.get(row.parent or "")
        above = row.name.rpartition("/")[0]
        if inside is None or not row.name.startswith(f"{inside.name}/"):
            while above and above not in by_name:
                above = above.rpartition("/")[0]
            inside = by_name.get(above)
        placed.append(Member(row, None if row.name == top.name else inside))
    return tuple(placed)
