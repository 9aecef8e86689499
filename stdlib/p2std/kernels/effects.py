"""Effects as values: what is to happen, in the order of the script. Carrying them out is the interpreter's work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import polars as pl

from p2std.automatic import chosen
from p2std.binding import kernel
from p2std.errors import NotComputable
from p2std.files import file_of
from p2std.picture import Picture
from p2std.table import Table, collected

_LONGEST_NAME = 120


@dataclass(frozen=True)
class Motion:
    """How a view becomes a film: the column whose values are its moments, and the pace.

    `between` pictures stand between two moments; None lets the run choose.
    """

    over: str
    fps: int
    max_frames: int
    between: int | None
    ease: str


@dataclass(frozen=True)
class Draw:
    """Draw a view under a name; with `motion`, as a film."""

    name: str
    picture: Picture
    motion: Motion | None = None


@dataclass(frozen=True)
class HandOver:
    """Give what the pipe carries to datter, under another name if one is given."""

    name: str | None


@dataclass(frozen=True)
class Say:
    """Write a line to the log."""

    text: str


@dataclass(frozen=True)
class Show:
    """Show the first rows of a table that has `total` of them; `types` are those of its columns as text."""

    first: pl.DataFrame
    types: tuple[str, ...]
    total: int


@dataclass(frozen=True)
class GiveUp:
    """End the run; nothing is written."""

    reason: str


@dataclass(frozen=True)
class WriteOut:
    """Hand out a table as a file: its name with its ending, and its bytes."""

    name: str
    data: bytes
    rows: int


@dataclass(frozen=True)
class Release:
    """Let the tasks that wait go on with what was exposed so far."""


@dataclass(frozen=True)
class Redo:
    """Ask for an experiment to be run again, once for each row; `hours` of a GPU are the most that it may cost."""

    bundle: str
    rows: pl.DataFrame
    hours: float
    keep: str


@dataclass(frozen=True)
class Own:
    """Change who owns a table, or who may read it, as the operation says; the store carries it out."""


Effect: TypeAlias = Draw | HandOver | Say | Show | GiveUp | WriteOut | Release | Redo | Own


@kernel("effect", "plot@1")
def plot(view: Picture, name: str | None) -> Effect:
    """Queue the view for rendering."""
    return Draw(_checked(name or "plot"), view)


@kernel("effect", "animate@1")
def animate(  # noqa: PLR0913 - the signature's parameters
    view: Picture,
    *,
    over: str,
    fps: int,
    max_frames: int,
    between: int | None,
    ease: str,
    name: str | None,
) -> Effect:
    """Queue the view as a film: one picture for each value of `over`, in rising order.

    Of more values than max_frames evenly spaced ones are shown, the first and the last among them; the caption says so.
    `between` pictures are added from each value to the next. Left out, there are none, but where points have a `key`
    as many as make each value last half a second, within max_frames.
    """
    given = {"fps": (fps, 60), "max_frames": (max_frames, 3000), "between": (between or 1, 600)}
    for parameter, (value, most) in given.items():
        if not 1 <= value <= most:
            raise NotComputable(
                "P2-R0614", f"animate() wants {parameter} between 1 and {most:,}, not {value}"
            )
    return Draw(_checked(name or "plot"), view, Motion(over, fps, max_frames, between, ease))


@kernel("effect", "automatic@1")
def automatic(table: Table, name: str | None) -> Effect:
    """Draw what `p2std.automatic` chooses from the names and types of the columns."""
    mark = chosen(table.schema)
    if mark is None:
        raise NotComputable(
            "P2-R0614",
            "there is no column of numbers to draw",
            "count something: | summary(by=..., n = count())",
        )
    return Draw(_checked(name or "plot"), Picture(marks=(mark,)))


@kernel("effect", "handoff@1")
def handoff(name: str | None) -> Effect:
    """Hand over the result."""
    return HandOver(None if name is None else _checked(name))


@kernel("effect", "export@1")
def export(table: Table, name: str) -> Effect:
    """Hand out the rows as .csv (RFC 4180, missing is empty), .json (an array of objects) or .parquet (zstd)."""
    rows = collected(table.frame.select(table.schema.names))
    return WriteOut(_checked(name), file_of(rows, name.rpartition(".")[2]), rows.height)


@kernel("effect", "loggy@1")
def loggy(message: str) -> Effect:
    """Write to the log."""
    return Say(message)


@kernel("effect", "show@1")
def show(table: Table, rows: int) -> Effect:
    """Show the first rows."""
    whole = collected(table.frame.select(table.schema.names))
    types = tuple(str(column) for _, column in table.schema.columns)
    return Show(whole.head(rows), types, whole.height)


@kernel("effect", "giveup@1")
def giveup(reason: str | None) -> Effect:
    """Stop safely."""
    return GiveUp(reason or "the script gave up")


@kernel("effect", "release@1")
def release() -> Effect:
    """Let waiting tasks go on."""
    return Release()


@kernel("effect", "share@1")
def share(to: str | None, key: str | None) -> Effect:
    """Let a task, or whoever has the key, read a table."""
    del to, key
    return Own()


@kernel("effect", "handin@1")
def handin(to: str) -> Effect:
    """Give a table to another task."""
    del to
    return Own()


@kernel("effect", "register@1")
def register(name: str) -> Effect:
    """Claim a table that nobody owns."""
    del name
    return Own()


@kernel("effect", "deregister@1")
def deregister(name: str) -> Effect:
    """Drop a table."""
    del name
    return Own()


@kernel("effect", "redo@1")
def redo(over: Table, bundle: str, gpu_hours: float, keep: str) -> Effect:
    """Ask for runs with these parameters, a row each; whether they run is not the script's to say."""
    rows = collected(over.frame.select(over.schema.names))
    if not rows.height:
        raise NotComputable(
            "P2-R0614", "redo() is given no parameters to run with", "give `over` at least one row"
        )
    return Redo(bundle, rows, gpu_hours / _HOUR, keep)


_HOUR = 3600.0


def _checked(name: str) -> str:
    if not name or len(name) > _LONGEST_NAME or any(c in "/\\\0" or ord(c) < 32 for c in name):
        raise NotComputable(
            "P2-R0614",
            f"{name[:40]!r} cannot be the name of an output",
            "use 1 to 120 characters without / and \\",
        )
    return name
