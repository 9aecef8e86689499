"""What a child says of the files that it read, sorted to the bundles and tables that they belong to.

The answer is not trusted: names, kinds and counts must fit together, the bytes are never looked at.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import Protocol, cast, get_args

import msgspec

from plotter2.datter.axes import Axis, Coordinate, known, misfit
from plotter2.datter.bundle import Kind
from plotter2.datter.holdings import StoredArray
from plotter2.datter.select import DEFAULT_STREAM
from plotter2.errors import DataError
from plotter2.manifest.model import StatedAxis
from plotter2.printable import one_line
from plotter2.staging import codes
from plotter2.staging.found import ReadBundle, ReadChunk, ReadColumn, ReadTable, Unread
from plotter2.staging.groups import group_below
from plotter2.staging.loose import free_path
from plotter2.staging.parts import RECORDED, Planned, Source
from plotter2.staging.quarantine import BadLine, RefusedLines
from plotter2.staging.sources import Copied
from plotter2.wire.memory import laid_out, mapped
from plotter2.wire.messages import (
    ArrayFound,
    ColumnFound,
    ColumnKept,
    CoordinateFound,
    FileRefused,
    FromChild,
    LineRefused,
    RunFound,
    TableFound,
)

_KINDS = get_args(Kind)
_OF_DATA = "P2-D"
"""So codes begin of what is wrong with data."""
_LONGEST_WHY = 2_000
_ONE_VALUE = "value"
"""What the only value of an NPY file is called by its reader."""


class Answer(Protocol):
    """What a child said while it read, and its output memory."""

    @property
    def messages(self) -> Sequence[FromChild]:
        """Give the messages in the order in which they came."""

    def read(self, offset: int, length: int) -> bytes:
        """Give bytes of the output memory, copied; raises HostError outside of it."""

    def close(self) -> None:
        """Give the output memory back."""


class Keep(Protocol):
    """Takes the bytes of a column chunk, whose SHA-256 may be known; gives (SHA-256, size)."""

    def __call__(self, data: bytes | memoryview, digest: str = "", /) -> tuple[str, int]:
        """Take them."""


class Collector:
    """Sorts the messages of one answer to the bundles and tables they belong to."""

    def __init__(self, batch: Sequence[Planned], places: Sequence[Copied], memory: int) -> None:
        self._memory = memory
        self._content: memoryview | None = None
        self._pieces: dict[str, dict[int, tuple[int, int, str]]] = {}
        self._bundles = [ReadBundle(planned) for planned in batch]
        self._by_run: dict[str, ReadBundle] = {}
        self._by_file: dict[str, tuple[ReadBundle, Source]] = {}
        self._by_group: dict[str, ReadBundle] = {}
        self._lines: dict[str, list[tuple[BadLine, bytes]]] = {}
        files = iter(places)
        for bundle in self._bundles:
            for source in bundle.planned.sources:
                place = next(files)
                bundle.files.append(place.file)
                if source.format == "arrow":
                    self._pieces[source.name] = _pieces_of(place)
                if source.format in RECORDED:
                    self._by_run[bundle.planned.shown] = bundle
                else:
                    self._by_file[source.name] = (bundle, source)

    def collected(self, answer: Answer, keep: Keep) -> list[ReadBundle]:
        """Give the bundles with what the child found; raises DataError (P2-D0837)."""
        refused = self._refuse(answer.messages)
        for message in answer.messages:
            if refused and self._file_of(message) in refused:
                continue
            match message:
                case RunFound():
                    self._take_run(message)
                case ColumnFound():
                    data = answer.read(message.offset, message.length)
                    self._take_column(message, keep(data))
                case ArrayFound():
                    data = answer.read(message.offset, message.length)
                    self._take_array(message, keep(data), _axes(message, answer, keep))
                case ColumnKept():
                    self._take_column(message, self._kept(message, keep))
                case TableFound():
                    self._take_table(message)
                case LineRefused():
                    content = answer.read(message.offset, message.length)
                    self._take_line(message, content)
                case _:
                    pass
        self._settle_lines()
        for bundle in (*self._bundles, *self._by_group.values()):
            _check(bundle)
        return self._bundles

    def _refuse(self, messages: Sequence[FromChild]) -> frozenset[str]:
        """Note which files could not be read, and give their names."""
        refused: set[str] = set()
        for message in messages:
            if not isinstance(message, FileRefused):
                continue
            bundle = self._by_run.get(message.name)
            if bundle is not None:
                sources = bundle.planned.sources
                sources = tuple(each for each in sources if each.format in RECORDED)
            elif message.name in self._by_file:
                bundle, source = self._by_file[message.name]
                sources = (source,)
            else:
                raise _broken(f"it refuses {message.name!r}, which was not asked for")
            if message.name in refused or not message.code.startswith(_OF_DATA):
                raise _broken(f"it refuses {message.name!r} twice, or without a reason")
            refused.add(message.name)
            why, help_ = one_line(message.message, _LONGEST_WHY), one_line(message.help)
            where = one_line(message.where)
            bundle.unread.append(Unread(message.name, sources, message.code, why, where, help_))
        return frozenset(refused)

    def _file_of(self, message: FromChild) -> str:
        """Tell which of the files, or runs, that were asked for a message is about; "" for none."""
        match message:
            case ColumnFound(table=name) | ColumnKept(table=name) | TableFound(table=name):
                pass
            case LineRefused(table=name) | RunFound(name=name) | ArrayFound(file=name):
                pass
            case _:
                return ""
        known = self._by_run if name in self._by_run else self._by_file
        return name if name in known else _longest_above(name, {*self._by_run, *self._by_file})

    def _settle_lines(self) -> None:
        for name, lines in self._lines.items():
            bundle = self._by_file[name][0]
            refused = _refused(bundle, name, lines)
            bundle.refused.append(refused)
            bundle.notes.append(_note_of(refused))

    def _take_run(self, message: RunFound) -> None:
        bundle = self._by_run.get(message.name)
        if bundle is not None:
            bundle.run = message
        elif message.name in self._by_file:
            bundle, source = self._by_file[message.name]
            self._take_params(bundle, _called(message, source), _told_of(source))
        else:
            self._take_params(self._group(message.name), message)

    def _group(self, name: str) -> ReadBundle:
        """Give the bundle of a group of a file, a new one when it is told for the first time."""
        if name not in self._by_group:
            file = _longest_above(name, self._by_file)
            if not file:
                raise _broken(f"it names a run {name!r} that was not asked for")
            self._by_group[name] = group_below(*self._by_file[file], name[len(file) + 1 :])
        return self._by_group[name]

    @staticmethod
    def _take_params(bundle: ReadBundle, message: RunFound, where: str = "") -> None:
        bundle.params.update(message.params)
        bundle.notes += [
            f"{where}{name!r} is left out: {why}"
            for name, said in message.definitions.items()
            for why in said.values()
        ]

    def _table(self, name: str) -> ReadTable:
        bundle, stream = self._owner(name)
        return bundle.tables.setdefault(stream, ReadTable())

    def _owner(self, name: str) -> tuple[ReadBundle, str]:
        """Tell which bundle a table belongs to, and what it is called there."""
        if name in self._by_file:
            bundle, source = self._by_file[name]
            return bundle, source.table
        if name in self._by_group:
            return self._by_group[name], DEFAULT_STREAM
        if group := _longest_above(name, self._by_group):
            return self._by_group[group], name[len(group) + 1 :]
        if run := _longest_above(name, self._by_run):
            return self._by_run[run], name[len(run) + 1 :]
        if file := _longest_above(name, self._by_file):
            bundle, source = self._by_file[file]
            inner = name[len(file) + 1 :]
            return bundle, inner if source.table == DEFAULT_STREAM else f"{source.table}-{inner}"
        raise _broken(f"it names a table {name!r} that was not asked for")

    def _take_array(
        self, message: ArrayFound, kept: tuple[str, int], axes: tuple[Axis, ...]
    ) -> None:
        bundle, stream = self._owner(message.file)
        is_alone = message.file in self._by_file and self._by_file[message.file][1].is_one_array
        inner = message.name if stream == DEFAULT_STREAM else f"{stream}/{message.name}"
        wanted = stream if is_alone else inner
        name = free_path(wanted, bundle.array_paths)
        if is_alone:
            axes = _as_stated(axes, self._by_file[message.file][1])
        shape = tuple(message.shape)
        if why := misfit(axes, shape):
            raise _broken(f"of the array {message.name!r}: {why}")
        bundle.arrays[name] = StoredArray(
            digest=kept[0], bytes=kept[1], dtype=message.dtype, shape=shape, axes=known(axes)
        )

    def _take_column(self, message: ColumnFound | ColumnKept, kept: tuple[str, int]) -> None:
        table = self._table(message.table)
        if message.dtype not in _KINDS or table.rows >= 0 or message.nulls > message.rows:
            raise _broken(f"column {message.name!r} of {message.table!r} cannot be so")
        kind = cast(Kind, message.dtype)
        column = table.columns.get(message.name)
        if column is None:
            column = ReadColumn(message.name, kind, dict(message.features))
            table.columns[message.name] = column
        if column.kind != kind:
            raise _broken(f"column {message.name!r} of {message.table!r} changes its kind")
        column.rows += message.rows
        column.nulls += message.nulls
        column.chunks.append(ReadChunk(kept[0], kept[1], message.rows))

    def _kept(self, message: ColumnKept, keep: Keep) -> tuple[str, int]:
        """Keep a file as it is: its bytes were hashed when they came into the memory, which nobody can change."""
        piece = self._pieces.get(message.table, {}).pop(message.piece, None)
        if piece is None:
            raise _broken(f"it keeps a file of {message.table!r} that is none, or keeps it twice")
        offset, length, digest = piece
        if self._content is None:
            self._content = mapped(self._memory, at_once=True)
        return keep(self._content[offset : offset + length], digest)

    def _take_table(self, message: TableFound) -> None:
        table = self._table(message.table)
        table.rows = message.rows
        table.skipped_bytes = message.skipped_bytes
        table.notes = list(message.notes)

    def _take_line(self, message: LineRefused, content: bytes) -> None:
        if message.table not in self._by_file:
            raise _broken(f"it names a line of {message.table!r}, which was not asked for")
        line = BadLine(line=message.line, code=message.code, why=message.why)
        self._lines.setdefault(message.table, []).append((line, content))


def _axes(message: ArrayFound, answer: Answer, keep: Keep) -> tuple[Axis, ...]:
    """Keep the coordinates of an array and give its axes."""
    return tuple(
        Axis(name=axis.name, coordinate=_coordinate(axis.coordinate, answer, keep))
        for axis in message.axes
    )


def _coordinate(found: CoordinateFound | None, answer: Answer, keep: Keep) -> Coordinate | None:
    if found is None:
        return None
    digest, size = keep(answer.read(found.offset, found.length))
    return Coordinate(digest=digest, bytes=size, dtype=found.dtype, unit=found.unit)


def _as_stated(axes: tuple[Axis, ...], source: Source) -> tuple[Axis, ...]:
    """Give the axes of an array of a package the names and units that its manifest says."""
    if not source.axes:
        return axes
    if len(axes) != len(source.axes):
        raise _broken(f"{source.name!r} comes without the axes that its manifest names")
    return tuple(_named(axis, stated) for axis, stated in zip(axes, source.axes, strict=True))


def _named(axis: Axis, stated: StatedAxis) -> Axis:
    if (axis.coordinate is None) != (stated.coordinate is None):
        raise _broken(f"the axis {stated.name!r} does not have the coordinate that was asked for")
    along = axis.coordinate and msgspec.structs.replace(axis.coordinate, unit=stated.unit)
    return Axis(name=stated.name, coordinate=along)


def _called(message: RunFound, source: Source) -> RunFound:
    """Give what a file says; the only value of an NPY file of a folder is called as the file is."""
    if source.is_one_array and message.params.keys() == {_ONE_VALUE}:
        return msgspec.structs.replace(message, params={source.table: message.params[_ONE_VALUE]})
    return message


def _told_of(source: Source) -> str:
    return f"{source.name}: " if source.format == "params" else ""


def _longest_above(name: str, known: Container[str]) -> str:
    """Give the longest known name that `name` is below of, "" if there is none."""
    while name:
        name = name.rpartition("/")[0]
        if name in known:
            return name
    return ""


def _pieces_of(place: Copied) -> dict[int, tuple[int, int, str]]:
    """Give where each file of a table lies in the memory, with its length and SHA-256, by number."""
    lie = zip(laid_out(place.pieces), place.digests, strict=True)
    return {
        number: (place.offset + start, length, digest)
        for number, ((start, length), digest) in enumerate(lie)
    }


def _refused(bundle: ReadBundle, name: str, lines: Sequence[tuple[BadLine, bytes]]) -> RefusedLines:
    digest = next(file.digest for file in bundle.files if file.name == name)
    content = b"".join(content + b"\n" for _, content in lines)
    return RefusedLines(name, digest, tuple(line for line, _ in lines), content)


def _note_of(refused: RefusedLines) -> str:
    first, several = refused.lines[0], len(refused.lines) > 1
    what = f"{len(refused.lines)} lines are no rows, the first is" if several else "left out:"
    kept = "they are kept" if several else "it is kept"
    return (
        f"{refused.name}: {what} line {first.line}: {first.why}; {kept} in quarantine/{refused.id}"
    )


def _check(bundle: ReadBundle) -> None:
    """Every table is complete, has columns of equal length, and every file asked for is there."""
    shares = {source.table for source in bundle.planned.sources if not source.whole}
    unread = {source for each in bundle.unread for source in each.sources}
    sources = [source for source in bundle.planned.sources if source not in unread]
    for stream, table in bundle.tables.items():
        if stream not in shares and any(
            column.rows != table.rows for column in table.columns.values()
        ):
            raise _broken(f"the columns of {stream!r} do not have its {table.rows} rows")
    wanted = {source.table for source in sources if source.table and source.is_one_table}
    kept = {source.table for source in sources if source.format == "array"}
    if not kept <= set(bundle.arrays):
        raise _broken(f"the array {min(kept - set(bundle.arrays))!r} is missing")
    if not wanted <= set(bundle.tables):
        raise _broken(f"the table {min(wanted - set(bundle.tables))!r} is missing")
    if bundle.planned.name is None and bundle.run is None and sources:
        raise _broken(f"the run {bundle.planned.shown!r} is missing")


def _broken(why: str) -> DataError:
    return DataError(
        codes.ANSWER_BROKEN,
        f"the reader's answer does not fit together: {why}",
        help="nothing was stored; try again, and if it stays so, report it with the file",
    )
