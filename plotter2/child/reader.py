"""Reading foreign files into columns, inside the confined child: descriptors in, Arrow columns out.

Format by format the work is done in the modules `reader_*` beside this one. Nothing here opens a
file; the host gave the descriptors and names the files.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from logger2.identity import Scalar
from plotter2.child.arrow import chunks_of
from plotter2.child.reader_arrow import read_arrow
from plotter2.child.reader_columns import ReadColumn, ReadTable
from plotter2.child.reader_delimited import SEPARATORS, read_delimited
from plotter2.child.reader_features import features_of
from plotter2.child.reader_json import ReadParams, read_lines, read_params
from plotter2.child.reader_limits import ReadingLimits
from plotter2.child.reader_run import ReadRun, read_lone_segment, read_recorded_run
from plotter2.wire.memory import laid_out, mapped
from plotter2.wire.messages import (
    ColumnFound,
    ColumnKept,
    FromChild,
    LineRefused,
    Progress,
    ReadFile,
    ReadJob,
    RunFound,
    TableFound,
)

_READ_STEP = 1 << 26
_SHOWN_NOTE = 2_000
_SHOWN_NOTES = 20


class Channel(Protocol):
    """What reading needs of the child's way to the host (`child.channel.ChildChannel`)."""

    def send(self, message: FromChild) -> None:
        """Send one message."""

    def append(self, data: bytes | bytearray | memoryview) -> tuple[int, int]:
        """Append bytes to the output memory; gives (offset, length)."""


def read_files(job: ReadJob, fds: Sequence[int], channel: Channel) -> None:
    """Read the files of a job and announce their tables, runs and params.

    A CSV, TSV or JSON-lines file, or Arrow IPC files, give one table under the file's name. Files of the format `l2run`
    that share a folder (`RUN/run.json`, `RUN/seg-0000.l2.jsonl`, ...) are one run: a RunFound with
    the name RUN and tables called `RUN/<table>`. A file of the format `params` gives a RunFound
    under its own name with params only; its `definitions` say why others are left out. A column's
    features go with its first chunk.

    Raises DataError with a code P2-D084x or P2-D085x for the first file that cannot be read;
    HostError (P2-H0907) when the columns need more than the output memory.
    """
    limits = ReadingLimits(job.max_rows, job.max_columns, job.max_text_bytes)
    sender = _Sender(channel, job.chunk_bytes)
    groups = list(_groups(job.files))
    for done, (name, files) in enumerate(groups):
        channel.send(Progress(stage="read", done=done, total=len(groups), unit="files"))
        _read_group(name, files, fds, limits, sender)
    channel.send(Progress(stage="read", done=len(groups), total=len(groups), unit="files"))


def _groups(files: Sequence[ReadFile]) -> Iterator[tuple[str, list[ReadFile]]]:
    """Put the files of one recorded run together, in the order in which runs are first named."""
    groups: dict[str, list[ReadFile]] = {}
    for file in files:
        name = file.name.rpartition("/")[0] if file.format == "l2run" else file.name
        groups.setdefault(name, []).append(file)
    yield from groups.items()


def _read_group(
    name: str, files: Sequence[ReadFile], fds: Sequence[int], limits: ReadingLimits, sender: _Sender
) -> None:
    if files[0].format == "arrow":
        pieces = _cut(_view_of(files[0], fds), files[0].pieces)
        table = read_arrow(pieces, name, limits, whole=files[0].whole)
        sender.table(name, table, in_pieces=bool(files[0].pieces))
        return
    content = {file.name.rpartition("/")[2]: _bytes_of(file, fds) for file in files}
    data = next(iter(content.values()))
    match files[0].format:
        case "csv":
            sender.table(name, read_delimited(data, name, limits, SEPARATORS))
        case "tsv":
            sender.table(name, read_delimited(data, name, limits, ("\t",)))
        case "jsonl":
            sender.table(name, read_lines(data, name, limits))
        case "params":
            sender.params(name, read_params(data, name, limits))
        case "l2":
            sender.run(name, read_lone_segment(data, name, limits))
        case "l2run":
            sender.run(name, read_recorded_run(content, name, limits))


def _view_of(file: ReadFile, fds: Sequence[int]) -> memoryview:
    """Give the bytes where they lie: they may be gigabytes, and nobody can change them."""
    whole = mapped(fds[file.fd])
    return whole[file.offset :] if file.length is None else whole[file.offset :][: file.length]


def _cut(view: memoryview, pieces: Sequence[int]) -> list[memoryview]:
    if not pieces:
        return [view] if view else []
    return [view[start : start + length] for start, length in laid_out(pieces)]


def _bytes_of(file: ReadFile, fds: Sequence[int]) -> bytes:
    fd = fds[file.fd]
    length = os.fstat(fd).st_size - file.offset if file.length is None else file.length
    pieces: list[bytes] = []
    offset, end = file.offset, file.offset + length
    while offset < end and (piece := os.pread(fd, min(end - offset, _READ_STEP), offset)):
        pieces.append(piece)
        offset += len(piece)
    return b"".join(pieces)


class _Sender:
    """Puts what was read into the output memory and announces it."""

    def __init__(self, channel: Channel, chunk_bytes: int) -> None:
        self._channel = channel
        self._chunk_bytes = chunk_bytes

    def run(self, name: str, run: ReadRun) -> None:
        """Announce a run and its tables."""
        info = run.info
        self._channel.send(
            RunFound(
                name=name,
                experiment=info.experiment,
                run_id=info.run,
                state=info.state,
                params=info.params,
                repeat=info.repeat,
                axes=list(info.axes),
                definitions=info.definitions,
            )
        )
        for table in run.tables:
            self.table(f"{name}/{table.name}", table)

    def params(self, name: str, found: ReadParams) -> None:
        """Announce the params that a file holds."""
        self._channel.send(
            RunFound(
                name=name,
                experiment="",
                run_id="",
                state="",
                params=found.params,
                repeat={},
                axes=[],
                definitions={key: {"left out": why} for key, why in found.left_out.items()},
            )
        )

    def table(self, name: str, table: ReadTable, *, in_pieces: bool = False) -> None:
        """Announce a table: its columns in order, then that it is complete.

        The host can find a file of one that came `in_pieces`: what is kept of it as it is does not go back.
        """
        notes = list(table.notes)
        for column in table.columns:
            features = features_of(column)
            for what, word in (("nan", "NaN"), ("infinite", "Infinity")):
                if odd := features.get(what):
                    notes.append(f"column {column.name!r} has {odd} {word}")
            if unit := table.units.get(column.name):
                features["unit"] = unit
            self._column(name, column, features, in_pieces)
        for bad in table.no_rows:
            offset, length = self._channel.append(bad.content)
            self._channel.send(
                LineRefused(
                    table=name,
                    line=bad.line,
                    offset=offset,
                    length=length,
                    code=bad.code,
                    why=bad.why[:_SHOWN_NOTE],
                )
            )
        if len(notes) > _SHOWN_NOTES:
            notes[_SHOWN_NOTES:] = [f"and {len(notes) - _SHOWN_NOTES} more remarks"]
        self._channel.send(
            TableFound(
                table=name,
                rows=table.rows,
                skipped_bytes=table.skipped_bytes,
                notes=[note[:_SHOWN_NOTE] for note in notes],
            )
        )

    def _column(
        self, table: str, column: ReadColumn, features: dict[str, Scalar], in_pieces: bool
    ) -> None:
        for values in chunks_of(column.values, self._chunk_bytes, column.pieces):
            told: dict[str, Any] = {
                "table": table,
                "name": column.name,
                "dtype": column.kind,
                "rows": values.rows,
                "nulls": values.nulls,
                "features": features,
            }
            if in_pieces and values.file is not None:
                self._channel.send(ColumnKept(**told, piece=values.file))
            else:
                offset, length = self._channel.append(values.data)
                self._channel.send(ColumnFound(**told, offset=offset, length=length))
            features = {}
