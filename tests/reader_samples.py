"""Runs the readers in this process: files in memory, messages checked by the wire's own codec."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from plotter2.child.reader import read_files
from plotter2.errors import DataError
from plotter2.wire.codec import decode_from_child, encode
from plotter2.wire.memory import sealed
from plotter2.wire.messages import (
    ColumnFound,
    ColumnKept,
    FileRefused,
    FromChild,
    LineRefused,
    Note,
    ReadFile,
    ReadJob,
    RunFound,
    TableFound,
)

DATA = Path(__file__).parent / "data"


@dataclass
class Channel:
    """Takes what a reader says, as the host would."""

    messages: list[FromChild] = field(default_factory=list)
    output: bytearray = field(default_factory=bytearray)
    files: list[bytes] = field(default_factory=list)
    """The files of a table in pieces, for what is kept as it is."""

    def send(self, message: FromChild) -> None:
        self.messages.append(decode_from_child(encode(message)))

    def append(self, data: bytes | bytearray | memoryview) -> tuple[int, int]:
        offset = len(self.output)
        self.output += data
        return offset, len(data)


@dataclass
class Found:
    """What a job found, by name of table."""

    tables: dict[str, dict[str, list[Any]]]
    dtypes: dict[str, dict[str, str]]
    features: dict[str, dict[str, dict[str, Any]]]
    chunks: dict[str, dict[str, int]]
    done: dict[str, TableFound]
    runs: dict[str, RunFound]
    remarks: list[str]
    refused: dict[str, list[LineRefused]] = field(default_factory=dict)
    lines: dict[str, list[bytes]] = field(default_factory=dict)


def read(files: Mapping[str, bytes | str], format: str = "csv", **limits: int) -> Found:
    """Read files of one format and give what was found; the files share one sealed memory."""
    contents = [c.encode() if isinstance(c, str) else c for c in files.values()]
    listed, offset = [], 0
    for name, content in zip(files, contents, strict=True):
        listed.append(ReadFile(name=name, format=format, fd=1, offset=offset, length=len(content)))
        offset += len(content)
    memory = sealed(b"".join(contents))
    channel = Channel()
    try:
        read_strictly(ReadJob(files=listed, **limits), (-1, memory), channel)
    finally:
        os.close(memory)
    return gathered(channel)


def read_strictly(job: ReadJob, fds: Sequence[int], channel: Channel) -> None:
    """Read as the child does; the first file that cannot be read raises what the child says of it."""
    read_files(job, fds, channel)
    for message in channel.messages:
        if isinstance(message, FileRefused):
            raise DataError(message.code, message.message, message.where, message.help)


def read_one(content: bytes | str, format: str = "csv", **limits: int) -> Found:
    return read({"x": content}, format, **limits)


def gathered(channel: Channel) -> Found:
    found = Found({}, {}, {}, {}, {}, {}, [])
    for message in channel.messages:
        if isinstance(message, ColumnFound | ColumnKept):
            take_column(message, channel, found)
        elif isinstance(message, TableFound):
            found.tables.setdefault(message.table, {})
            found.done[message.table] = message
        elif isinstance(message, RunFound):
            found.runs[message.name] = message
        elif isinstance(message, LineRefused):
            content = channel.output[message.offset : message.offset + message.length]
            found.refused.setdefault(message.table, []).append(message)
            found.lines.setdefault(message.table, []).append(bytes(content))
        elif isinstance(message, Note):
            found.remarks.append(message.text)
    return found


def content_of(message: ColumnFound | ColumnKept, channel: Channel) -> bytes:
    """Give the Arrow file that a message is about."""
    if isinstance(message, ColumnKept):
        return channel.files[message.piece]
    return bytes(channel.output[message.offset : message.offset + message.length])


def take_column(message: ColumnFound | ColumnKept, channel: Channel, found: Found) -> None:
    data = content_of(message, channel)
    frame = pl.read_ipc(io.BytesIO(data))
    assert frame.columns == [message.name]
    values = frame[message.name]
    assert (len(values), values.null_count()) == (message.rows, message.nulls)
    columns = found.tables.setdefault(message.table, {})
    columns.setdefault(message.name, []).extend(values.to_list())
    found.dtypes.setdefault(message.table, {})[message.name] = message.dtype
    chunks = found.chunks.setdefault(message.table, {})
    chunks[message.name] = chunks.get(message.name, 0) + 1
    features = found.features.setdefault(message.table, {})
    features.setdefault(message.name, message.features)


@dataclass
class Answered:
    """The answer of a job that was read in this process."""

    messages: list[FromChild]
    output: bytearray

    def read(self, offset: int, length: int) -> bytes:
        assert 0 <= offset <= offset + length <= len(self.output)
        return bytes(self.output[offset : offset + length])

    def close(self) -> None:
        self.output.clear()


def read_here(job: ReadJob, fds: tuple[int, ...]) -> Answered:
    """Do in this process what the orchestrator has done in a child."""
    channel = Channel()
    read_files(job, (-1, *fds), channel)
    return Answered(channel.messages, channel.output)
