"""What a run recorded, as one table: segments read and their rows joined by step. Pure: bytes in, columns out.

Rows of one stream with the same step and labels but different columns become one row. After a resume the newest rows
win and the older ones are counted as superseded. A confined child calls this; nothing here opens a file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from zlib import crc32

from logger2.columns import RunColumn, TableBuilder
from logger2.definitions import checked
from logger2.identity import Scalar
from logger2.records import Artefact, BadLine, Blob, Ending, Event, Header, Item, Rows, RowSchema
from logger2.rows import read_segment
from logger2.runfile import STATES, unpacked

__all__ = [
    "Artefact",
    "BadLine",
    "Blob",
    "Ending",
    "Event",
    "Header",
    "Item",
    "NotARun",
    "RowSchema",
    "Rows",
    "RunColumn",
    "RunInfo",
    "RunTable",
    "blob_bytes",
    "read_run",
    "read_run_info",
    "read_segment",
]

T = TypeVar("T")
_SEGMENT_NAME = re.compile(r"(?:.*/)?seg-(\d{4,9})\.l2\.jsonl\Z")


class NotARun(ValueError):
    """The bytes are no run file; the text says why."""


@dataclass(frozen=True, slots=True)
class RunInfo:
    """Who a run is. `state` is "ok", "failed" or "unfinished" (killed, or still running)."""

    run: str
    name: str
    experiment: str
    state: str
    params: dict[str, Scalar]
    repeat: dict[str, Scalar]
    axes: tuple[str, ...]
    definitions: dict[str, dict[str, str]]
    started: float | None = None
    ended: float | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class RunTable:
    """A run's rows as columns of equal length, and what was noticed while reading.

    `superseded` rows were recorded again after a resume, `repeated` ones share step and labels with another row of the
    same columns, `skipped` bytes stand after the last trustworthy line of a segment. `blobs` pairs each array with the
    number of its segment.
    """

    info: RunInfo
    rows: int
    columns: tuple[RunColumn, ...]
    superseded: int = 0
    repeated: int = 0
    skipped: int = 0
    notes: tuple[str, ...] = ()
    blobs: tuple[tuple[int, Blob], ...] = ()
    events: tuple[Event, ...] = ()

    def __getitem__(self, name: str) -> list[Scalar]:
        """Give the values of a column; raises KeyError."""
        for column in self.columns:
            if column.name == name:
                return column.values
        raise KeyError(name)


@dataclass(slots=True)
class _Segment:
    """A segment as it was read."""

    name: str
    header: Header | None = None
    ending: Ending = field(default_factory=lambda: Ending("", 0))
    rows: list[Rows] = field(default_factory=list)
    blobs: list[Blob] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    generation: int = 0


def read_run(run_json: bytes, segments: Iterable[tuple[str, bytes]]) -> RunTable:
    """Give the table of a run from its `run.json` and its segments, named as in its folder.

    Raises NotARun when `run.json` is none. A damaged segment is read as far as it can be trusted and noted;
    other files are passed over.
    """
    info = read_run_info(run_json)
    read, notes = _segments_of(info, segments)
    superseded = _without_superseded(read)
    builder = TableBuilder(min((s.header.t0 for s in read if s.header), default=0.0))
    for segment in read:
        assert segment.header is not None
        for rows in segment.rows:
            builder.add(rows, segment.header)
        builder.next_segment()
    columns = builder.columns()
    if superseded:
        notes.append(f"{superseded} rows were recorded again after a resume; the newest are used")
    if builder.repeated:
        notes.append(f"{builder.repeated} rows repeat a step that has the same columns already")
    return RunTable(
        info=_ended(info, read),
        rows=builder.rows,
        columns=columns,
        superseded=superseded,
        repeated=builder.repeated,
        skipped=sum(s.ending.skipped for s in read),
        notes=(*notes, *builder.notes),
        blobs=tuple((s.header.number, blob) for s in read if s.header for blob in s.blobs),
        events=tuple(event for s in read for event in s.events),
    )


def read_run_info(run_json: bytes) -> RunInfo:
    """Give what a `run.json` says; raises NotARun."""
    try:
        content = json.loads(run_json)
    except (ValueError, RecursionError):
        raise NotARun("run.json is not JSON") from None
    if not isinstance(content, dict) or content.get("l2") != 1:
        raise NotARun("run.json is not of format 1")
    try:
        return _info(content)
    except ValueError as error:
        raise NotARun(f"run.json: {error}") from None


def blob_bytes(blob: Blob, data: bytes) -> bytes:
    """Give an array's bytes out of its segment's blob file; raises ValueError when they are not what was written."""
    found = data[blob.offset : blob.offset + blob.length]
    if len(found) != blob.length or crc32(found) != blob.crc:
        raise ValueError(f"array {blob.name!r} is damaged: its bytes do not match their checksum")
    return found


# ---- run.json -------------------------------------------------------------------------------


def _info(content: dict[str, Any]) -> RunInfo:
    state = content.get("state")
    if state not in STATES:
        raise ValueError(f"the state is one of {', '.join(STATES)}")
    definitions = content.get("definitions", {})
    axes = content.get("axes", [])
    if not isinstance(definitions, dict) or not all(
        isinstance(fields, dict) for fields in definitions.values()
    ):
        raise ValueError("definitions map names to fields")
    if not isinstance(axes, list) or not all(isinstance(axis, str) for axis in axes):
        raise ValueError("axes are a list of names")
    error = content.get("error")
    return RunInfo(
        run=_text(content, "run"),
        name=_text(content, "name"),
        experiment=_text(content, "experiment"),
        state="unfinished" if state == "running" else state,
        params=unpacked(content.get("params", {})),
        repeat=unpacked(content.get("repeat", {})),
        axes=tuple(axes),
        definitions={str(glob): checked(fields) for glob, fields in definitions.items()},
        started=_moment(content.get("started")),
        ended=_moment(content.get("ended")),
        error=f"{error.get('type')}: {error.get('message')}" if isinstance(error, dict) else "",
    )


def _text(content: dict[str, Any], name: str) -> str:
    value = content.get(name)
    if not isinstance(value, str) or not value:
        raise ValueError(f"{name} is text")
    return value


def _moment(value: Any) -> float | None:
    return float(value) if type(value) in (int, float) and abs(value) < 1e12 else None


def _ended(info: RunInfo, segments: Sequence[_Segment]) -> RunInfo:
    """Take the end line's word for a run whose process died between that line and its run file."""
    last = next((s.ending.how for s in reversed(segments) if s.header and not s.header.fork), "")
    if info.state != "unfinished" or not last:
        return info
    return RunInfo(**{**{name: getattr(info, name) for name in RunInfo.__slots__}, "state": last})


# ---- segments -------------------------------------------------------------------------------


def _segments_of(
    info: RunInfo, files: Iterable[tuple[str, bytes]]
) -> tuple[list[_Segment], list[str]]:
    """Read segments in order of number and give each its generation: one more after each resume of its rank."""
    numbered = sorted(
        (int(m.group(1)), name, data) for name, data in files if (m := _SEGMENT_NAME.match(name))
    )
    segments: list[_Segment] = []
    notes: list[str] = []
    generations: dict[int | None, int] = {}
    for _, name, data in numbered:
        segment = _read(name.rpartition("/")[2], data)
        if segment.ending.why:
            notes.append(
                f"{segment.name}: {segment.ending.skipped} bytes skipped: {segment.ending.why}"
            )
        if segment.header is None:
            continue
        if segment.header.run != info.run:
            notes.append(f"{segment.name} belongs to another run and was left out")
            continue
        rank = segment.header.rank
        generations[rank] = segment.generation = generations.get(rank, 0) + segment.header.resumed
        segments.append(segment)
    return segments, notes


def _read(name: str, data: bytes) -> _Segment:
    segment = _Segment(name)
    for item in read_segment(data):
        match item:
            case Header():
                segment.header = item
            case Rows():
                segment.rows.append(item)
            case Blob():
                segment.blobs.append(item)
            case Event():
                segment.events.append(item)
            case Ending():
                segment.ending = item
            case RowSchema() | Artefact():
                pass
    return segment


def _without_superseded(segments: Sequence[_Segment]) -> int:
    """Drop rows that a later generation recorded again, newest first; give how many."""
    dropped = 0
    for resumed in (s for s in reversed(segments) if s.header and s.header.resumed):
        assert resumed.header is not None
        cut = resumed.header.from_step
        newer = [
            s for s in segments if _same_writer(s, resumed) and s.generation == resumed.generation
        ]
        own = (
            {_key(rows, step) for s in newer for rows in s.rows for step in rows.steps}
            if cut is None
            else set()
        )
        for older in segments:
            if _same_writer(older, resumed) and older.generation < resumed.generation:
                dropped += _drop(older, cut, own)
    return dropped


def _same_writer(one: _Segment, other: _Segment) -> bool:
    return bool(one.header and other.header and one.header.rank == other.header.rank)


def _key(rows: Rows, step: float) -> tuple[object, ...]:
    return (rows.schema.stream, *sorted(rows.schema.labels.items()), step)


def _drop(segment: _Segment, cut: float | None, own: set[tuple[object, ...]]) -> int:
    dropped = 0
    for i, rows in enumerate(segment.rows):
        if cut is not None:
            keep = [step < cut for step in rows.steps]
        else:
            keep = [_key(rows, step) not in own for step in rows.steps]
        if all(keep):
            continue
        dropped += keep.count(False)
        segment.rows[i] = Rows(
            rows.schema,
            _kept(rows.places, keep),
            _kept(rows.steps, keep),
            _kept(rows.seconds, keep),
            [_kept(column, keep) for column in rows.columns],
        )
    return dropped


def _kept(values: list[T], keep: list[bool]) -> list[T]:
    return [value for value, kept in zip(values, keep, strict=True) if kept]
