"""What a task hands out beside pictures: exposed tables as Arrow columns, and requests as rows of values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Literal, Protocol, cast

import polars as pl

from logger2.identity import Scalar
from p2lang.semantics.promises import columns_of
from plotter2.child.arrow import chunks_of
from plotter2.child.happenings import Asking, Exposing, Owning
from plotter2.child.placing import PlacedError
from plotter2.child.run_codes import TOO_LONG_TO_ASK
from plotter2.wire.messages import (
    ColumnFound,
    FromChild,
    Owned,
    RedoAsked,
    Released,
    TableFound,
)

_MOST_BYTES = 40_000
"""Bytes of values in one message, roughly; a message has at most 64 KiB."""


class Channel(Protocol):
    """What handing out needs of the child's way to the host."""

    def send(self, message: FromChild) -> None:
        """Send one message."""

    def append(self, data: bytes | bytearray | memoryview) -> tuple[int, int]:
        """Append bytes to the output memory; gives (offset, length)."""


@dataclass
class Giving:
    """What a task hands out, kept back until all its effects went well; what others go on with is handed out then."""

    channel: Channel
    _kept: list[Exposing | Asking | Owning] = field(default_factory=list)
    _handed: set[str] = field(default_factory=set)
    _has_released: bool = False

    def keep(self, given: Exposing | Asking | Owning) -> None:
        """Keep something back."""
        self._kept.append(given)

    def let_go_on(self, further: Sequence[Exposing] = ()) -> None:
        """Hand out the tables so far and these, and let those go on that wait for the task; once."""
        if self._has_released:
            return
        self._has_released = True
        for exposing in (*(each for each in self._kept if isinstance(each, Exposing)), *further):
            self._handed.add(exposing.name)
            hand_out(exposing, self.channel)
        self.channel.send(Released())

    def give(self) -> None:
        """Hand out what was kept back."""
        for each in self._kept:
            match each:
                case Exposing(name):
                    if name not in self._handed:
                        hand_out(each, self.channel)
                case Asking():
                    ask(each, self.channel)
                case Owning(node):
                    self.channel.send(Owned(node=node.id))


def hand_out(exposing: Exposing, channel: Channel) -> None:
    """Hand out an exposed table, column by column in its declared types. Raises HostError (P2-H0907)."""
    kinds = columns_of(exposing.node.node.attributes["type"])
    for name, column in kinds:
        for chunk in chunks_of(exposing.rows[name]):
            offset, length = channel.append(chunk.data)
            channel.send(
                ColumnFound(
                    table=exposing.name,
                    name=name,
                    dtype=column.kind,
                    rows=chunk.rows,
                    nulls=chunk.nulls,
                    features={},
                    offset=offset,
                    length=length,
                )
            )
    channel.send(TableFound(table=exposing.name, rows=exposing.rows.height))


def ask(asking: Asking, channel: Channel) -> None:
    """Ask for runs, in as many messages as the rows need. Raises PlacedError P2-R0645."""
    redo = asking.redo
    first = 0
    for rows in _in_messages(asking, redo.rows):
        channel.send(
            RedoAsked(
                node=asking.node.id,
                bundle=redo.bundle,
                hours=redo.hours,
                keep=cast(Literal["all", "best"], redo.keep),
                columns=redo.rows.columns,
                first=first,
                total=redo.rows.height,
                rows=rows,
            )
        )
        first += len(rows)


def _in_messages(asking: Asking, frame: pl.DataFrame) -> Iterator[list[list[Scalar]]]:
    rows: list[list[Scalar]] = []
    size = 0
    for row in frame.iter_rows():
        values: list[Scalar] = list(row)
        if any(isinstance(value, float) and not isfinite(value) for value in values):
            raise PlacedError(
                "P2-R0616",
                "a parameter to run with is not a finite number",
                "redo",
                "leave such rows out: | filter(...)",
                node=asking.node.id,
            )
        own = _size(values)
        if own > _MOST_BYTES:
            raise PlacedError(
                TOO_LONG_TO_ASK,
                f"a row of parameters takes {own:,} bytes; {_MOST_BYTES:,} is the most",
                "redo",
                "shorten its texts",
                node=asking.node.id,
            )
        if rows and size + own > _MOST_BYTES:
            yield rows
            rows, size = [], 0
        rows.append(values)
        size += own
    yield rows


def _size(values: Sequence[Scalar]) -> int:
    return sum(len(v.encode()) + 5 if isinstance(v, str) else 9 for v in values) + 5
