"""`export --as package`: a bundle with its whole tree as one package, which another store can add.

Columns leave as the Arrow files that the store holds, so that nothing is computed and nothing is lost: added again,
each bundle has the same id, params, meta, schema and content. Attached scripts go along with their signatures.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from getpass import getuser
from pathlib import Path
from typing import Any

from plotter2.datter.axes import Axis
from plotter2.datter.bundle import Column, Table, slug
from plotter2.datter.holdings import StoredArray, StoredFile
from plotter2.datter.registry import BundleRow
from plotter2.datter.store import Store
from plotter2.exporting.wanted import Exported, Member, Submit, ToExport, file_name, members
from plotter2.manifest.container import ENDING
from plotter2.manifest.model import (
    ArrayFile,
    ColumnHint,
    Content,
    Enclosed,
    ManifestV1,
    ManifestV2,
    PlainFile,
    Script,
    StatedAxis,
    TableFile,
    TableHint,
)
from plotter2.staging.parts import Part
from plotter2.staging.shipping import loaded, write_container, write_folder
from plotter2.version import __version__

_HINTS = ("role", "description", "confidence", "why", "subset", "family", "better", "against")


def export(store: Store, wanted: ToExport, submit: Submit) -> Exported:
    """Write a package. Raises DataError: as `members` and `shipping.write_container`, P2-D0816 for a damaged column."""
    del submit  # nothing is converted
    found, notes = members(store, wanted)
    tops = [member.bundle for member in found if member.inside is None]
    load = _Load(store, found, scripts=wanted.scripts)
    manifest = load.manifest(tops)
    to = wanted.to or Path(file_name(tops[0].name) + ("" if wanted.as_folder else ENDING))
    cargo = loaded(manifest, load.parts, to.name)
    shipped = (write_folder if wanted.as_folder else write_container)(cargo, to)
    more = {"manifest_version": manifest.manifest_version, "sha256": shipped.digest}
    return Exported(shipped.path, len(found), shipped.files, shipped.bytes, notes, more)


class _Load:
    """Puts bundles into a manifest, and their columns and scripts on board."""

    def __init__(self, store: Store, found: Sequence[Member], *, scripts: bool) -> None:
        self._store = store
        self._with_scripts = scripts
        self._members = found
        self.parts: dict[str, Part] = {}
        self._scripts: list[Script] = []
        self._number = 0
        self._newest = {member.bundle.name: member.bundle.id for member in found}

    def manifest(self, tops: Sequence[BundleRow]) -> ManifestV1 | ManifestV2:
        """Give the manifest; of several attempts of the outermost bundle one that only holds them together."""
        now = datetime.now(UTC)
        said: dict[str, Any] = {
            "date": now.strftime("%Y-%m-%d"),
            "time": now.strftime("%H:%M:%S"),
            "user": _user(),
            "tool": f"plotter2 {__version__}",
        }
        if len(tops) == 1:
            said |= {"name": tops[0].name, **self._about(tops[0], tops[0].name)}
        else:
            said |= {"meta": {}, "contains": tuple(self._enclosed(top, "", "") for top in tops)}
        if self._scripts:
            return ManifestV2(manifest_version=2, scripts=tuple(self._scripts), **said)
        return ManifestV1(manifest_version=1, **said)

    def _enclosed(self, row: BundleRow, around: str, base: str) -> Enclosed:
        return Enclosed(name=_below(row.name, around), **self._about(row, base))

    def _about(self, row: BundleRow, base: str) -> dict[str, Any]:
        """Give what is said of a bundle; names of bundles in a manifest go on from `base`."""
        bundle = self._store.bundle(row.id)
        self._number += 1
        folder = f"{self._number:05d}-{slug(bundle.run)[:60].rstrip('.')}"
        contains: list[Content] = [
            self._table(stream, table, f"{folder}/{number}-{stream}".rstrip("."))
            for number, (stream, table) in enumerate(bundle.tables.items())
        ]
        contains += [
            self._file(path, file, f"{folder}-files/{number:05d}")
            for number, (path, file) in enumerate(bundle.files.items())
        ]
        contains += [
            self._array(name, array, f"{folder}-arrays/{number:05d}.npy")
            for number, (name, array) in enumerate(bundle.arrays.items())
        ]
        if self._with_scripts and self._newest[row.name] == row.id:
            self._attached(row, _below(row.name, base) if row.name != base else None, folder)
        inside = [m.bundle for m in self._members if m.inside is not None and m.inside.id == row.id]
        contains += [self._enclosed(child, row.name, base) for child in inside]
        return {
            "id": bundle.id,
            "attempt": bundle.attempt,
            "params": bundle.params,
            "repeat": bundle.repeat,
            "axes": bundle.axes,
            "meta": bundle.meta,
            "schema": {stream: _hint(table) for stream, table in bundle.tables.items()},
            "contains": tuple(contains),
        }

    def _table(self, stream: str, table: Table, folder: str) -> TableFile:
        files: list[str] = []
        for number, column in enumerate(table.columns):
            for place, chunk in enumerate(column.chunks):
                part = f"{place:04d}-" if len(column.chunks) > 1 else ""
                name = f"{number:04d}-{part}{slug(column.name)[:60]}.arrow"
                path = f"{folder}/{name}"
                self.parts[path] = self._object(chunk.digest, chunk.bytes, path)
                files.append(path)
        return TableFile(name=stream, files=tuple(files), format="arrow")

    def _file(self, path: str, file: StoredFile, folder: str) -> PlainFile:
        """Give a file an entry; its place in the package has a number, so that no two meet there."""
        last = path.rpartition("/")[2]
        place = f"{folder}/{last}" if last.isascii() else folder
        self.parts[place] = self._object(file.digest, file.bytes, place)
        return PlainFile(file=place, path=path)

    def _array(self, name: str, array: StoredArray, place: str) -> ArrayFile:
        self.parts[place] = self._object(array.digest, array.bytes, place)
        return ArrayFile(name=name, file=place, axes=tuple(map(self._axis, array.axes)))

    def _axis(self, axis: Axis) -> StatedAxis:
        """Put the coordinate of an axis on board, once for all arrays that lie along it."""
        along = axis.coordinate
        if along is None:
            return StatedAxis(name=axis.name)
        place = f"coordinates/{along.digest}.npy"
        self.parts[place] = self._object(along.digest, along.bytes, place)
        return StatedAxis(name=axis.name, coordinate=place, unit=along.unit)

    def _attached(self, row: BundleRow, name: str | None, folder: str) -> None:
        for attachment in self._store.attachments(row):
            kept, file = attachment.kept, f"{folder}-scripts/{attachment.name}"
            self.parts[file] = self._object(kept.script.digest, kept.script.bytes, file)
            signed = f"{file}.sig"
            self.parts[signed] = self._object(kept.sidecar.digest, kept.sidecar.bytes, signed)
            self._scripts.append(Script(file=file, sidecar=signed, bundle=name))

    def _object(self, digest: str, size: int, path: str) -> Part:
        return Part(self._store.layout.object_file(digest), path, 0, size, digest)


def _below(name: str, around: str) -> str:
    return name[len(around) :].lstrip("/") if around else name


def _hint(table: Table) -> TableHint:
    columns = {column.name: _column_hint(column) for column in table.columns}
    return TableHint(columns=columns, x=table.x, other_x=table.other_x)


def _column_hint(column: Column) -> ColumnHint:
    said = {name: getattr(column, name) for name in _HINTS}
    return ColumnHint(type=column.kind, nullable=column.nullable, unit=column.unit, **said)


def _user() -> str:
    try:
        return getuser()
    except (KeyError, OSError):  # a process without a name, as in some containers
        return ""
