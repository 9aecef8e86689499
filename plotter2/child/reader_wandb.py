"""A run that Weights & Biases wrote offline: the log `run-ID.wandb`, records of protocol buffers in blocks."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from logger2.identity import Scalar
from logger2.segment import RunInfo
from plotter2.child import reader_codes as codes
from plotter2.child.reader_limits import DEPTH, Expansion, ReadingLimits
from plotter2.child.reader_protobuf import NoMessageError, fields_of, message, one_of, text, whole
from plotter2.child.reader_rows import Rows
from plotter2.child.reader_run import MAIN, ReadRun
from plotter2.errors import DataError

MAGIC = b":W&B"
_HEADER_BYTES = 7
_BLOCK = 32_768
_RECORD = struct.Struct("<IHB")
_FULL, _FIRST, _MIDDLE, _LAST = 1, 2, 3, 4
_HISTORY, _CONFIG, _RUN, _EXIT = 2, 5, 17, 18
_RUN_ID, _PROJECT, _RUN_CONFIG, _RUN_NAME = 1, 3, 4, 6
_VALUE = 16
_OWN = ("_wandb",)
_UNITS = {"_runtime": "s", "_timestamp": "s"}
_NAMES = {"_step": "step", "_timestamp": "wall_time", "_runtime": "runtime"}


class _Run:
    """What the records say so far."""

    def __init__(self, where: str, limits: ReadingLimits, size: int) -> None:
        self.rows = Rows(where, limits)
        self.params: dict[str, Scalar] = {}
        self.left_out: set[str] = set()
        self.parts = Expansion(size, where)
        self.run = self.project = self.name = ""
        self.state = "unfinished"
        self.bad = 0


def read_wandb(data: memoryview, where: str, limits: ReadingLimits) -> ReadRun:
    """Read the history of a run as its table, its config as its params.

    Raises DataError: P2-D0942 (no such log), P2-D0937, P2-D0847, P2-D0848, P2-D0854 (limits, names).
    """
    if bytes(data[: len(MAGIC)]) != MAGIC:
        raise DataError(
            codes.BAD_WANDB,
            f"{where} is no log of Weights & Biases",
            where=where,
            help="check whether it was copied whole; the log of a run is called run-ID.wandb",
        )
    found = _Run(where, limits, len(data))
    reading = _Records(data)
    for record in reading:
        try:
            _take(record, found)
        except (NoMessageError, ValueError, RecursionError):
            found.bad += 1
    info = RunInfo(
        run=found.run or where.rpartition("/")[2],
        name=found.name,
        experiment=found.project,
        state=found.state,
        params=found.params,
        repeat={},
        axes=(),
        definitions={},
    )
    table = found.rows.finished(0, [])
    notes = [*_notes(found, reading.skipped, where), *table.notes]
    units = {_NAMES[name]: unit for name, unit in _UNITS.items()}
    return ReadRun(
        info,
        (
            replace(
                table, name=MAIN, notes=tuple(notes), units=units, skipped_bytes=reading.skipped
            ),
        ),
    )


def _notes(found: _Run, skipped: int, where: str) -> Iterator[str]:
    if found.left_out:
        yield f"pictures, histograms, tables and lists are left out: {', '.join(sorted(found.left_out))}"
    if found.bad:
        yield f"{where}: {found.bad} records are damaged and left out"
    if skipped:
        yield f"{where}: the last {skipped} bytes are torn or damaged"


# ------------------------------------------------------------ the log
class _Records:
    """The records of a log, up to the first damaged place; `skipped` is what lies behind it."""

    def __init__(self, data: memoryview) -> None:
        self._data = data
        self.skipped = 0

    def __iter__(self) -> Iterator[bytes]:
        place, begun = _HEADER_BYTES, b""
        whole_until = place
        while place < len(self._data):
            if _BLOCK - place % _BLOCK < _RECORD.size:
                place += _BLOCK - place % _BLOCK
                continue
            piece = self._piece(place)
            if piece is None:
                break
            kind, content = piece
            place += _RECORD.size + len(content)
            begun = content if kind in (_FULL, _FIRST) else begun + content
            if kind in (_FULL, _LAST):
                yield begun
                begun = b""
                whole_until = place
        self.skipped = max(0, len(self._data) - whole_until)

    def _piece(self, place: int) -> tuple[int, bytes] | None:
        if place + _RECORD.size > len(self._data):
            return None
        checksum, size, kind = _RECORD.unpack_from(self._data, place)
        start = place + _RECORD.size
        content = bytes(self._data[start : start + size])
        known = kind in (_FULL, _FIRST, _MIDDLE, _LAST) and len(content) == size
        if not known or zlib.crc32(bytes([kind]) + content) != checksum:
            return None
        return kind, content


# ------------------------------------------------------------ records
def _take(record: bytes, found: _Run) -> None:
    for number, value in fields_of(record):
        if number == _HISTORY:
            found.rows.add(_row(message(value), found))
        elif number == _CONFIG:
            _configure(message(value), found)
        elif number == _RUN:
            run = dict(fields_of(message(value)))
            found.run, found.project = text(run.get(_RUN_ID)), text(run.get(_PROJECT))
            found.name = text(run.get(_RUN_NAME))
            _configure(message(run.get(_RUN_CONFIG)), found)
        elif number == _EXIT:
            found.state = "ok" if whole(one_of(message(value), 1)) == 0 else "failed"


def _configure(config: bytes, found: _Run) -> None:
    for keys, value in _items(config):
        if keys[0] not in _OWN:
            for name, cell in _flat(".".join(keys), value, 1):
                found.parts.take(0, repr(name))
                found.params[name] = cell if not isinstance(cell, list) else json.dumps(cell)


def _row(history: bytes, found: _Run) -> dict[str, Any]:
    """Give a row; what belongs to a picture, histogram or table is left out whole."""
    items = list(_items(history))
    media = {keys[:-1] for keys, _ in items if keys[-1] == "_type"}
    row: dict[str, Any] = {}
    for keys, value in items:
        name = "/".join(keys)
        is_media = any(keys[: len(above)] == above for above in media)
        if is_media or (isinstance(value, dict) and "_type" in value):
            found.left_out.add(keys[0])
            continue
        for inner, cell in _flat(name, value, 1):
            if isinstance(cell, list):
                found.left_out.add(inner)
            else:
                row[inner] = cell
    own = {plain: row.pop(name) for name, plain in _NAMES.items() if name in row}
    return {**own, **row}


def _items(data: bytes) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Give the names and values of a config or a history; a name may have several levels."""
    for number, value in fields_of(data):
        if number != 1:
            continue
        keys: list[str] = []
        content = ""
        for inner, part in fields_of(message(value)):
            if inner in (1, 2) and part:
                keys.append(text(part))
            elif inner == _VALUE:
                content = text(part)
        if keys:
            yield tuple(keys), json.loads(content)


def _flat(name: str, value: Any, depth: int) -> Iterator[tuple[str, Any]]:
    if not isinstance(value, dict):
        yield name, value
        return
    if depth > DEPTH:
        raise ValueError("nested too deeply")
    for key, inner in value.items():
        yield from _flat(f"{name}/{key}", inner, depth + 1)
