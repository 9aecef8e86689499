"""Tables in many files that are too large for one child: read in several goes, put together again.

Only a table of Arrow files can be cut, for each of its files is read for itself; what its columns are together is
checked here, when all of them are there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from plotter2.errors import DataError
from plotter2.manifest.codes import DISAGREES
from plotter2.staging.features import Share, together
from plotter2.staging.found import ReadBundle, ReadColumn, ReadTable
from plotter2.staging.parts import Part, Planned, Source
from plotter2.staging.sources import size_of


@dataclass(frozen=True, slots=True)
class Room:
    """What one go may hold."""

    bytes: int
    parts: int


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
    if parts <= room.parts and sum(map(size_of, bundle.sources)) <= room.bytes:
        return [bundle]
    shares: list[tuple[Source, ...]] = []
    kept = tuple(source for source in bundle.sources if source.format != "arrow")
    if kept:
        shares.append(kept)
    for source in bundle.sources:
        if source.format == "arrow":
            shares += [(share,) for share in _cut(source, room)]
    return [replace(bundle, sources=sources) for sources in shares] or [bundle]


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
    one.arrays.update(more.arrays)
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
