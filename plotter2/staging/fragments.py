"""Bundles that are too large for one child, or of too many files: read in several goes, put together again.

Of the tables only those of Arrow files can be cut, for each of these files is read for itself; what their columns are
together is checked here, when all of them are there.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from plotter2.errors import DataError
from plotter2.manifest.codes import DISAGREES
from plotter2.staging.features import Share, together
from plotter2.staging.found import ReadBundle, ReadColumn, ReadTable
from plotter2.staging.loose import free_path
from plotter2.staging.parts import Part, Planned, Source
from plotter2.staging.sources import size_of

_APART = ("csv", "tsv", "jsonl", "parquet", "npy", "image")
"""Each such file is read for itself, whatever lies beside it."""
_FILE_BYTES = 64
_PIECE_BYTES = 5
"""What the length of one of a source's parts takes in a message."""


@dataclass(frozen=True, slots=True)
class Room:
    """What one go may hold."""

    bytes: int
    parts: int
    told: int = 60_000
    """So many bytes the message takes that says what is to be read, of at most 64 KiB."""


def cut(bundles: Sequence[Planned], room: Room) -> Iterator[tuple[int, Planned]]:
    """Give the bundles with their places; one that is too large as several with a share of its files each."""
    for place, bundle in enumerate(bundles):
        for share in _shares(bundle, room):
            yield place, share


def put_together(
    bundles: Sequence[Planned], found: Sequence[tuple[int, ReadBundle]]
) -> list[ReadBundle]:
    """Give what was read of each bundle, in order. Raises DataError (P2-D0896) when columns differ in their rows."""
    whole: dict[int, ReadBundle] = {}
    joined: set[int] = set()
    for place, share in found:
        if place in whole:
            joined.add(place)
            _join(bundles[place], whole[place], share)
        else:
            whole[place] = share
    for place in joined:
        _settle(whole[place])
    return [whole[place] for place in range(len(bundles))]


def _shares(bundle: Planned, room: Room) -> list[Planned]:
    parts = sum(len(source.parts) for source in bundle.sources)
    told = sum(map(_told, bundle.sources))
    fits = parts <= room.parts and sum(map(size_of, bundle.sources)) <= room.bytes
    if fits and told <= room.told:
        return [bundle]
    kept = tuple(source for source in bundle.sources if source.format != "arrow")
    shares = [kept] if kept else []
    if sum(map(_told, kept)) > room.told:
        shares = _goes(kept, room)
    for source in bundle.sources:
        if source.format == "arrow":
            shares += [(share,) for share in _cut(source, room)]
    return [replace(bundle, sources=sources) for sources in shares] or [bundle]


def _goes(sources: Sequence[Source], room: Room) -> list[tuple[Source, ...]]:
    """Give files in goes that can be told in one message; first those that need each other, together."""
    bound = tuple(source for source in sources if source.format not in _APART)
    goes = [bound] if bound else []
    taken: list[Source] = []
    size = told = 0
    for source in (source for source in sources if source.format in _APART):
        size, told = size + size_of(source), told + _told(source)
        if taken and (told > room.told // 2 or size > room.bytes):
            goes.append(tuple(taken))
            taken, size, told = [], size_of(source), _told(source)
        taken.append(source)
    return [*goes, tuple(taken)] if taken else goes


def _told(source: Source) -> int:
    """Give about how many bytes say that a file is to be read, in a message."""
    return names_of(source) + _FILE_BYTES


def names_of(source: Source) -> int:
    """Give how many bytes the names of a source and the lengths of its parts take in a message."""
    names = sum(len(os.fsencode(name)) for name in (source.name, *source.names))
    return names + _PIECE_BYTES * len(source.parts)


def _cut(source: Source, room: Room) -> Iterator[Source]:
    taken: list[Part] = []
    size, number = 0, 0
    for part in source.parts:
        own = part.bytes or 0
        if taken and (size + own > room.bytes or len(taken) >= room.parts):
            number += 1
            yield _share(source, taken, number)
            taken, size = [], 0
        taken.append(part)
        size += own
    yield _share(source, taken, number + 1)


def _share(source: Source, parts: Sequence[Part], number: int) -> Source:
    name = source.name if number == 1 else f"{source.name} ({number})"
    return replace(source, parts=tuple(parts), name=name, whole=False)


# ------------------------------------------------------------ together again
def _join(planned: Planned, one: ReadBundle, more: ReadBundle) -> None:
    one.planned = planned
    one.files += more.files
    one.notes += more.notes
    one.refused += more.refused
    one.unread += more.unread
    one.params.update(more.params)
    one.below += more.below
    for name, array in more.arrays.items():
        one.arrays[free_path(name, one.array_paths)] = array
    for stream, table in more.tables.items():
        known = one.tables.setdefault(stream, table)
        if known is not table:
            known.notes += table.notes
            for column in table.columns.values():
                _grow(known, column)


def _grow(table: ReadTable, more: ReadColumn) -> None:
    column = table.columns.setdefault(more.name, more)
    if column is more:
        return
    if column.kind != more.kind:
        raise _unfit(
            f"column {more.name!r} is {column.kind} in one file and {more.kind} in the next"
        )
    column.features = together(Share(column.rows, column.features), Share(more.rows, more.features))
    column.rows += more.rows
    column.nulls += more.nulls
    column.chunks += more.chunks


def _settle(bundle: ReadBundle) -> None:
    """See that the columns of tables that were read in shares are equally long."""
    for source in bundle.planned.sources:
        if source.format == "arrow":
            table = bundle.tables[source.table]
            rows = {column.rows for column in table.columns.values()}
            if len(rows) > 1:
                raise _unfit(f"the columns of {source.table!r} have {_listed(rows)} rows")
            table.rows = rows.pop() if rows else 0


def _listed(rows: set[int]) -> str:
    return " and ".join(map(str, sorted(rows)[:3]))


def _unfit(why: str) -> DataError:
    return DataError(
        DISAGREES,
        f"the files of a table do not fit together: {why}",
        help="have the package made again",
    )
