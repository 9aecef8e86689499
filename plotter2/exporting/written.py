"""A bundle's tables as files of one format, and a description beside them: what the formats for other programs share.

Each bundle is a folder that lies in the folder of the bundle around it; each of its tables is a file there. A confined
child writes the files from the stored columns; the host only hashes them and puts them where they belong.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

from p2lang.types import TableSchema
from plotter2.datter import durable, objects
from plotter2.datter.binding import BoundChunk, BoundPart
from plotter2.datter.bundle import Bundle, Table, canonical, slug
from plotter2.datter.holdings import StoredArray, StoredFile
from plotter2.datter.objects import chunk_path
from plotter2.datter.registry import BundleRow
from plotter2.datter.store import Store
from plotter2.exporting.wanted import Member, Submit
from plotter2.manifest.names import folded, folders_above
from plotter2.runs.inputs import BoundTable, sealed_inputs
from plotter2.staging.shipping import new_file, new_folder
from plotter2.wire.memory import sealed
from plotter2.wire.messages import WriteJob, WrittenFormat

_BATCH_TABLES = 100
_BATCH_BYTES = 1 << 26
DESCRIPTION = "bundle.json"
"""What the description of a bundle is called, in its folder."""
_RESERVED = frozenset({DESCRIPTION, "datapackage.json", "ro-crate-metadata.json"})


@dataclass(frozen=True, slots=True)
class Placed:
    """A table of a bundle and the file that it becomes; `path` goes from the outermost folder."""

    bundle: Bundle
    stream: str
    table: Table
    path: str


@dataclass(frozen=True, slots=True)
class Copied:
    """A file or array of a bundle, called `name` there, and the file that it becomes, byte by byte.

    A coordinate (`is_coordinate`) is there once for all axes that have these values, and no array of its own.
    """

    bundle: Bundle
    name: str
    held: StoredFile | StoredArray
    path: str
    is_coordinate: bool = False


@dataclass(frozen=True, slots=True)
class File:
    """A file that was written: its place, SHA-256 and size."""

    path: str
    sha256: str
    bytes: int


@dataclass(frozen=True)
class Laid:
    """Where everything goes: each bundle's folder, in order ("" = the outermost), the tables, files and arrays."""

    folders: tuple[tuple[Bundle, str], ...]
    tables: tuple[Placed, ...]
    copies: tuple[Copied, ...]

    @cached_property
    def coordinates(self) -> dict[tuple[str, str], str]:
        """Give the files of coordinates, by the id of the bundle and the digest."""
        along = (copy for copy in self.copies if copy.is_coordinate)
        return {(copy.bundle.id, copy.held.digest): copy.path for copy in along}


def laid_out(store: Store, members: Sequence[Member], ending: str) -> Laid:
    """Give each bundle a folder, and each table, file and array a file; no two differ only in their case.

    Without an `ending` tables have no place.
    """
    taken: set[str] = set()
    places: dict[str, str] = {}
    folders: list[tuple[Bundle, str]] = []
    tables: list[Placed] = []
    several = sum(member.inside is None for member in members) > 1
    for member in members:
        bundle = store.bundle(member.bundle.id)
        folder = _folder(member, places, taken, alone=not several)
        places[bundle.id] = folder
        folders.append((bundle, folder))
        for stream, table in bundle.tables.items() if ending else ():
            path = _free(_joined(folder, slug(stream)), f".{ending}", taken)
            tables.append(Placed(bundle, stream, table, path))
    # Files find their places when all folders have theirs, and keep their names wherever that can be.
    copies = [copy for bundle, folder in folders for copy in _copies(bundle, folder, taken)]
    return Laid(tuple(folders), tuple(tables), tuple(copies))


def _copies(bundle: Bundle, folder: str, taken: set[str]) -> Iterator[Copied]:
    for name, file in bundle.files.items():
        stem, point, ending = name.rpartition(".")
        if not stem or "/" in ending:
            stem, point, ending = name, "", ""
        path = _free(_joined(folder, stem), point + ending, taken)
        yield Copied(bundle, name, file, path)
    for name, array in bundle.arrays.items():
        yield Copied(bundle, name, array, _free(_joined(folder, name), ".npy", taken))
    yield from _coordinates(bundle, _joined(folder, "coordinates"), taken)


def _coordinates(bundle: Bundle, folder: str, taken: set[str]) -> Iterator[Copied]:
    there: set[str] = set()
    for name, array in bundle.arrays.items():
        for number, axis in enumerate(array.axes):
            along = array.coordinate(number)
            if along is not None and along.digest not in there:
                there.add(along.digest)
                path = _free(_joined(folder, slug(axis.name or f"{name}-{number}")), ".npy", taken)
                yield Copied(bundle, axis.name or f"{name}, axis {number}", along, path, True)


def write_copies(store: Store, laid: Laid, to: Path) -> dict[str, File]:
    """Write the files and arrays below a folder, synced, as they were. Raises DataError P2-D0816, P2-D080x."""
    return {copy.path: _copy(store, copy, to) for copy in laid.copies}


def _copy(store: Store, copy: Copied, to: Path) -> File:
    held = copy.held
    make_folders(to, copy.path)
    pieces = objects.pieces(store.layout, held.digest, held.bytes)
    durable.write_new(to / copy.path, pieces, mode=0o644)
    return File(copy.path, held.digest, held.bytes)


def write_tables(
    store: Store, laid: Laid, form: WrittenFormat, submit: Submit, to: Path
) -> dict[str, File]:
    """Write the tables below a folder, synced; gives the files by their paths.

    Raises DataError P2-D0816 for a damaged column, P2-D0801, P2-D0802; HostError when a child fails.
    """
    found: dict[str, File] = {}
    for batch in _batches(laid.tables):
        with _handed([_bound(store, placed) for placed in batch], batch) as descriptors:
            outcome = submit(WriteJob(format=form), descriptors)
        with outcome:
            for placed, blob in zip(batch, outcome.blobs, strict=True):
                found[placed.path] = write_file(to, placed.path, blob.data)
    return found


def single_file(store: Store, laid: Laid, form: WrittenFormat, submit: Submit, to: Path) -> File:
    """Write the only table as the file `to`. Raises DataError P2-D0899 when something is there."""
    with _handed([_bound(store, laid.tables[0])], laid.tables) as descriptors:
        outcome = submit(WriteJob(format=form), descriptors)
    with outcome:
        (blob,) = outcome.blobs
        new_file(to, (blob.data,))
        return File(to.name, blob.sha256, len(blob.data))


def write_file(folder: Path, path: str, data: bytes) -> File:
    """Write one file below a folder, synced, with the folders above it. Raises DataError."""
    make_folders(folder, path)
    durable.write_new(folder / path, (data,), mode=0o644)
    return File(path, hashlib.sha256(data).hexdigest(), len(data))


def make_folders(folder: Path, path: str) -> None:
    """Make the folders of a path below a folder. Raises DataError."""
    above = folder
    for part in path.split("/")[:-1]:
        above /= part
        if not above.is_dir():
            durable.make_dir(above)


@contextmanager
def filled(to: Path) -> Iterator[Path]:
    """Give a folder to fill; after the block it has its name, durably, and after a failure nothing is left.

    Raises DataError P2-D0899 when something is there already.
    """
    with new_folder(to) as folder:
        yield folder
        folders = [folder, *(path for path in folder.rglob("*") if path.is_dir())]
        for some in range(0, len(folders), _BATCH_TABLES):
            durable.sync_dirs(folders[some : some + _BATCH_TABLES])


def described(bundle: Bundle, laid: Laid) -> dict[str, Any]:
    """Give what a person or a program needs to know of a bundle beside its tables' values."""
    return {
        "id": bundle.id,
        "name": bundle.name,
        "attempt": bundle.attempt,
        "params": bundle.params,
        "meta": bundle.meta,
        "tables": {
            placed.stream: {
                "file": placed.path.rpartition("/")[2],
                "rows": placed.table.rows,
                "x": placed.table.x,
                "columns": [
                    {
                        "name": column.name,
                        "type": column.type.kind,
                        "unit": column.unit,
                        "nullable": column.nullable,
                        "role": column.role,
                        "description": column.description,
                    }
                    for column in placed.table.columns
                ],
            }
            for placed in laid.tables
            if placed.bundle.id == bundle.id
        },
        **_held(bundle, laid),
    }


def _held(bundle: Bundle, laid: Laid) -> dict[str, Any]:
    """Give the files and arrays of a bundle, if it has any."""
    own = [copy for copy in laid.copies if copy.bundle.id == bundle.id and not copy.is_coordinate]
    files: dict[str, Any] = {}
    arrays: dict[str, Any] = {}
    for copy in own:
        said = {"file": copy.path, "bytes": copy.held.bytes, "sha256": copy.held.digest}
        if isinstance(copy.held, StoredFile):
            files[copy.name] = {**said, "media": copy.held.media}
        else:
            axes = axes_of(copy, laid)
            arrays[copy.name] = {**said, "shape": copy.held.shape, "dtype": copy.held.dtype}
            arrays[copy.name] |= {"axes": axes} if axes else {}
    return {**({"files": files} if files else {}), **({"arrays": arrays} if arrays else {})}


def axes_of(copy: Copied, laid: Laid) -> list[dict[str, str]]:
    """Give the axes of an array as JSON values: what is known of name, unit, and the file with the coordinate."""
    if not isinstance(copy.held, StoredArray) or copy.is_coordinate:
        return []
    found = []
    for axis in copy.held.axes:
        along = axis.coordinate
        said = {"name": axis.name, "unit": along.unit if along else ""}
        said["coordinate"] = laid.coordinates[copy.bundle.id, along.digest] if along else ""
        found.append({key: value for key, value in said.items() if value})
    return found


def readable(value: Any) -> bytes:
    """Give JSON that people can read."""
    plain = json.loads(canonical(value))
    return (json.dumps(plain, indent=2, ensure_ascii=False) + "\n").encode()


def _joined(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def _free(path: str, ending: str, taken: set[str], *, mark: str = "") -> str:
    """Give a path that no file and no folder has; bundles' descriptions have theirs already.

    Folders, which are taken with the `mark` '/', may be on the way to several files; none of them is a file.
    """
    number, free = 1, path + ending
    while not _is_free(free, taken):
        number += 1
        free = f"{path}-{number}{ending}"
    taken.add(folded(free) + mark)
    taken.update(f"{above}/" for above in folders_above(folded(free)))
    return free


def _is_free(path: str, taken: set[str]) -> bool:
    """Tell whether nothing has a path, and nothing on the way to it is a file."""
    here = folded(path)
    return (
        here not in taken
        and f"{here}/" not in taken
        and path.rpartition("/")[2] not in _RESERVED
        and taken.isdisjoint(folders_above(here))
    )


def _folder(member: Member, places: Mapping[str, str], taken: set[str], *, alone: bool) -> str:
    row: BundleRow = member.bundle
    if member.inside is None and alone:
        return ""
    around = places[member.inside.id] if member.inside is not None else ""
    base = member.inside.name + "/" if member.inside is not None else row.name.rpartition("/")[0]
    below = row.name[len(base) :] if row.name.startswith(base) else row.run
    name = "/".join(slug(part) for part in below.strip("/").split("/"))
    attempt = f"-attempt-{row.attempt}" if row.attempt > 1 and member.inside is None else ""
    return _free(_joined(around, name) + attempt, "", taken, mark="/")


def _batches(tables: Sequence[Placed]) -> Iterator[list[Placed]]:
    rest = iter(tables)
    while batch := list(islice(rest, 1)):
        size = _bytes(batch[0])
        while len(batch) < _BATCH_TABLES and size < _BATCH_BYTES:
            following = next(rest, None)
            if following is None:
                break
            batch.append(following)
            size += _bytes(following)
        yield batch


def _bytes(placed: Placed) -> int:
    return sum(chunk.bytes for column in placed.table.columns for chunk in column.chunks)


def _bound(store: Store, placed: Placed) -> BoundTable:
    columns = {
        column.name: tuple(
            BoundChunk(chunk_path(store.layout, chunk), chunk.bytes, chunk.rows)
            for chunk in column.chunks
        )
        for column in placed.table.columns
        if column.kind != "null"
    }
    bundle = placed.bundle
    rows = placed.table.rows
    part = BoundPart(bundle.name, bundle.id, bundle.run, bundle.attempt, rows, columns, {})
    return BoundTable(placed.path, (part,))


@contextmanager
def _handed(tables: Sequence[BoundTable], placed: Sequence[Placed]) -> Iterator[tuple[int, ...]]:
    schemas = {
        one.path: TableSchema(
            tuple((column.name, column.type) for column in one.table.columns), one.table.rows
        ).as_json()
        for one in placed
    }
    with sealed_inputs(tables) as inputs:
        listing = sealed(json.dumps(schemas).encode())
        try:
            yield (listing, *inputs)
        finally:
            os.close(listing)
