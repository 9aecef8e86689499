"""Telling the host what was read: columns into the output memory, a message for each of them.

A message has its limits: what a file says of itself beyond them is left out, and that is said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from logger2.identity import Scalar
from plotter2.child import reader_codes as codes
from plotter2.child.arrow import chunks_of
from plotter2.child.reader_columns import ReadColumn, ReadTable
from plotter2.child.reader_features import features_of
from plotter2.child.reader_grids import ReadGroup
from plotter2.child.reader_json import ReadParams
from plotter2.child.reader_limits import NAME_CHARACTERS
from plotter2.child.reader_run import ReadRun
from plotter2.child.reader_shapes import Axis, Coordinate, ShapedArray, npy_file
from plotter2.errors import DataError
from plotter2.printable import one_line, printable, shortened
from plotter2.wire.messages import (
    AXIS_CHARACTERS,
    ArrayFound,
    AxisFound,
    ColumnFound,
    ColumnKept,
    CoordinateFound,
    FileRefused,
    FromChild,
    LineRefused,
    RunFound,
    TableFound,
)

_SHOWN_NOTE = 2_000
_SHOWN_NOTES = 20
_SHOWN_REASONS = 10
_SHOWN_REASON = 300
_TOLD_BYTES = 32 << 10
"""What the params in one message may take; the message may have twice as many bytes."""
_WHOLE = 2**63


class Channel(Protocol):
    """What reading needs of the child's way to the host (`child.channel.ChildChannel`)."""

    def send(self, message: FromChild) -> None:
        """Send one message."""

    def append(self, data: bytes | bytearray | memoryview) -> tuple[int, int]:
        """Append bytes to the output memory; gives (offset, length)."""


class Teller:
    """Puts what was read into the output memory and announces it."""

    def __init__(self, channel: Channel, chunk_bytes: int) -> None:
        self._channel = channel
        self._chunk_bytes = chunk_bytes
        self._coordinates: dict[Coordinate, tuple[int, int]] = {}
        """Where each lies: many arrays may lie along the same one."""

    def run(self, name: str, run: ReadRun) -> None:
        """Announce a run and its tables."""
        info = run.info
        params, left_out = _fitting(info.params, {})
        notes = [f"{what} is no param: {why}" for what, why in left_out.items()]
        self._channel.send(
            RunFound(
                name=name,
                experiment=info.experiment,
                run_id=info.run,
                state=info.state,
                params=params,
                repeat=info.repeat,
                axes=list(info.axes),
                definitions=info.definitions,
            )
        )
        for table in run.tables:
            self.table(f"{name}/{table.name}", replace(table, notes=(*table.notes, *notes)))
            notes = []

    def params(self, name: str, found: ReadParams) -> None:
        """Announce the params that a file holds."""
        self._told(name, found.params, found.left_out)

    def groups(self, name: str, groups: Sequence[ReadGroup]) -> None:
        """Announce what a file with many tables holds: each group with its params, then its tables.

        What belongs to the file itself goes under its own name, a group's under `FILE/GROUP`. Raises DataError
        P2-D0938 when there is nothing at all.
        """
        if not any(group.tables or group.arrays or group.params for group in groups):
            reasons = "; ".join(
                f"{what}: {why}" for group in groups for what, why in group.left_out.items()
            )
            raise DataError(
                codes.NO_TABLE,
                f"{name} holds nothing that can become a table or a param",
                where=name,
                help="write arrays of numbers or text into it",
                note=reasons[:_SHOWN_NOTE],
            )
        for group in groups:
            full = f"{name}/{group.name}" if group.name else name
            # A group has to be told of before its tables, or they are taken for tables of the file.
            if group.name or group.params or group.left_out:
                self._told(full, group.params, group.left_out)
            for table in group.tables:
                self.table(f"{full}/{table.name}" if table.name else full, table)
            for array in group.arrays:
                self.array(full, array)

    def refused(self, name: str, error: DataError) -> None:
        """Announce that a file cannot be read, and why; nothing that was announced of it before counts."""
        why = f"{error.message} ({error.note})" if error.note else error.message
        self._channel.send(
            FileRefused(
                name=name,
                code=error.code,
                message=printable(why[:_SHOWN_NOTE]),
                where=printable(error.where[:_SHOWN_NOTE]),
                help=printable(error.help[:_SHOWN_NOTE]),
            )
        )

    def array(self, file: str, array: ShapedArray) -> None:
        """Announce an array that is kept as it is."""
        offset, length = self._channel.append(npy_file(array.values))
        self._channel.send(
            ArrayFound(
                file=file,
                name=array.name[:NAME_CHARACTERS] or "value",
                dtype=array.values.dtype.str,
                shape=list(array.values.shape),
                offset=offset,
                length=length,
                axes=[self._axis(axis) for axis in array.axes],
            )
        )

    def _axis(self, axis: Axis) -> AxisFound:
        name, along = _axis_word(axis.name), axis.coordinate
        if along is None:
            return AxisFound(name=name)
        if along not in self._coordinates:
            self._coordinates[along] = self._channel.append(npy_file(along.values))
        offset, length = self._coordinates[along]
        found = CoordinateFound(
            dtype=along.values.dtype.str, offset=offset, length=length, unit=_axis_word(along.unit)
        )
        return AxisFound(name=name, coordinate=found)

    def _told(self, name: str, params: Mapping[str, Scalar], left_out: Mapping[str, str]) -> None:
        fitting, reasons = _fitting(params, left_out)
        self._channel.send(
            RunFound(
                name=name,
                experiment="",
                run_id="",
                state="",
                params=fitting,
                repeat={},
                axes=[],
                definitions={key: {"left out": why} for key, why in reasons.items()},
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


def _axis_word(text: str) -> str:
    return shortened(one_line(text), AXIS_CHARACTERS)


def _fitting(
    params: Mapping[str, Scalar], left_out: Mapping[str, str]
) -> tuple[dict[str, Scalar], dict[str, str]]:
    """Give the params that a message takes, and the first reasons why something is left out."""
    fitting: dict[str, Scalar] = {}
    reasons = dict(left_out)
    taken = 0
    for name, value in params.items():
        if not 0 < len(name) <= NAME_CHARACTERS or not name.isprintable():
            reasons[ascii(name)[:NAME_CHARACTERS]] = "no param can be called so"
            continue
        taken += len(name.encode("utf-8", "replace")) + len(str(value).encode("utf-8", "replace"))
        if taken > _TOLD_BYTES:
            reasons[name] = f"a file may say {_TOLD_BYTES} bytes of params, and these are more"
            break
        is_large = type(value) is int and not -_WHOLE <= value < _WHOLE
        fitting[name] = str(value) if is_large else value
    shown = {
        (key if key.isprintable() and key else ascii(key))[:NAME_CHARACTERS]: why[:_SHOWN_REASON]
        for key, why in list(reasons.items())[:_SHOWN_REASONS]
    }
    if more := len(reasons) - len(shown):
        shown["and more"] = f"{more} other parts are left out"
    return fitting, shown
