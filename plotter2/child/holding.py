"""Results of nodes that outlive the child: those that an earlier child computed, and those that a later one may use.

A result is its columns, each an Arrow IPC file of one batch, and an account of how it was made: what the ledger tells
of the nodes behind it. It comes back exactly as it was, with hidden columns and with what polars knows of their order,
so that nothing after it can tell whether it was computed or handed in. What does not fit the program is computed anew.
"""

from __future__ import annotations

import errno
import io
import mmap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Final, Literal, Protocol, cast

import msgspec
import polars as pl

from p2lang.verifier import Program, ProgramNode
from p2std.plan import is_worth_keeping
from p2std.table import DTYPES, HIDDEN
from plotter2.child.accounts import Account, accounts_behind
from plotter2.child.arrow_values import lent_column
from plotter2.child.tables import Missing, StoredTables
from plotter2.child.times import Times
from plotter2.wire.inputs import HeldResult, RunInputs
from plotter2.wire.memory import mapped
from plotter2.wire.messages import FromChild, NodeHeld

_ALIGNMENT: Final = 64


@dataclass(frozen=True)
class Restored:
    """A result as it was, and the accounts of its node and of all nodes behind it."""

    frame: pl.DataFrame
    accounts: Sequence[Account]


class Holds:
    """What an interpreter asks about results that outlive it; this one knows no result and takes none."""

    def restored(self, node: ProgramNode) -> Restored | None:
        """Give the result of a node if it is known."""
        del node
        return None

    def take(
        self,
        node: ProgramNode,
        frame: pl.DataFrame,
        accounts: Mapping[str, Account],
        units: int,
    ) -> None:
        """Take a result that took so much work."""
        del node, frame, accounts, units


class Sender(Protocol):
    """The child's way to the host, as far as it is needed here."""

    def send(self, message: FromChild) -> None:
        """Send one message."""


class _Told(msgspec.Struct, frozen=True, forbid_unknown_fields=True, array_like=True):
    """What the parts of an account share."""


class _Column(_Told, frozen=True):
    name: str
    offset: int
    length: int
    order: Literal["", "up", "down"]


class _Behind(_Told, frozen=True):
    node: str
    taken: tuple[int, ...]
    given: int
    reads: bool
    said: tuple[str, ...]


class _Read(_Told, frozen=True):
    node: str
    path: str
    rows: int
    nulls: dict[str, int]
    not_a_number: dict[str, int]


class _About(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    rows: int
    columns: list[_Column]
    behind: list[_Behind]
    read: list[_Read]


_ABOUT: Final = msgspec.json.Decoder(_About)


class Holding(Holds):
    """The results that came with a job, and the memory for those that are wanted."""

    def __init__(
        self,
        program: Program,
        inputs: RunInputs,
        fds: Sequence[int],
        stored: StoredTables,
        sender: Sender,
        times: Times,
    ) -> None:
        self._program, self._stored, self._sender, self._times = program, stored, sender, times
        self._given = {held.node: held for held in inputs.held}
        self._wanted, self._always = frozenset(inputs.hold), frozenset(inputs.hold_always)
        self._memory = None if inputs.memory is None else _Memory(fds[inputs.memory])
        self._fds = fds
        self._known: dict[str, Restored] = {}

    def restored(self, node: ProgramNode) -> Restored | None:
        """Give the result of a node if it came with the job and fits the program."""
        if node.id not in self._known and node.id in self._given:
            given = self._given.pop(node.id)
            with self._times.stage("open results"):
                found = self._opened(node, given)
            if found is not None:
                self._known[node.id] = found
        return self._known.get(node.id)

    def take(
        self,
        node: ProgramNode,
        frame: pl.DataFrame,
        accounts: Mapping[str, Account],
        units: int,
    ) -> None:
        """Hand a result out if it is wanted and worth it; one for which there is no room is left out."""
        worth = is_worth_keeping(units, int(frame.estimated_size())) and node.id in self._wanted
        if self._memory is None or not (worth or node.id in self._always):
            return
        behind = accounts_behind(self._program, accounts, [node.id])
        with self._times.stage("hold results"):
            place = self._written(self._memory, frame, behind)
        if place is not None:
            offset, length, told = place
            self._sender.send(
                NodeHeld(node=node.id, units=units, offset=offset, length=length, about_length=told)
            )

    def _written(
        self, memory: _Memory, frame: pl.DataFrame, behind: Sequence[Account]
    ) -> tuple[int, int, int] | None:
        """Write a result; gives where it is, its length and that of its account; None when there is no room."""
        start = memory.end
        try:
            columns = [_written(column, memory, start) for column in frame.get_columns()]
            end = memory.end
            about = msgspec.json.encode(self._about(frame, columns, behind))
            memory.write(about)
        except (OSError, pl.exceptions.PolarsError):
            memory.end = start
            return None
        memory.align()
        return start, end - start, len(about)

    def _about(
        self, frame: pl.DataFrame, columns: list[_Column], behind: Sequence[Account]
    ) -> _About:
        noted = self._stored.noted(account.id for account in behind)
        return _About(
            frame.height,
            columns,
            [_Behind(a.id, a.taken, a.given, a.reads, a.said) for a in behind],
            [
                _Read(name, path, lacks.rows, dict(lacks.nulls), dict(lacks.not_a_number))
                for name, (path, lacks) in noted.items()
            ],
        )

    def _opened(self, node: ProgramNode, given: HeldResult) -> Restored | None:
        try:
            about = _ABOUT.decode(given.about)
            content = mapped(self._fds[given.fd])[given.offset : given.offset + given.length]
            frame = pl.DataFrame([_column(content, column) for column in about.columns])
        except (msgspec.MsgspecError, ValueError, OSError, pl.exceptions.PolarsError):
            return None
        accounts = [self._account(each) for each in about.behind]
        if not self._fits(node, frame, about) or None in accounts:
            return None
        for read in about.read:
            self._stored.note(
                read.node, read.path, Missing(read.rows, read.nulls, read.not_a_number)
            )
        return Restored(frame, [account for account in accounts if account is not None])

    def _account(self, told: _Behind) -> Account | None:
        try:
            node = self._program[told.node]
        except KeyError:
            return None
        drops = node.signature.facts.rows == "fewer"
        return Account(
            told.node, node.node.op, told.taken, told.given, 0.0, drops, told.reads, 0, told.said
        )

    def _fits(self, node: ProgramNode, frame: pl.DataFrame, about: _About) -> bool:
        """Tell whether a result has the rows, columns and types that the program says."""
        assert node.schema is not None
        shown = [name for name in frame.columns if not name.startswith(HIDDEN)]
        return (
            frame.height == about.rows <= node.schema.rows
            and shown == list(node.schema.names)
            and all(
                column.kind not in DTYPES or frame.schema[name] == DTYPES[column.kind]
                for name, column in node.schema.columns
            )
            and any(account.node == node.id for account in about.behind)
        )


class _Memory(io.RawIOBase):
    """The memory for results, written one behind the other; as a file for polars, which only writes on."""

    def __init__(self, fd: int) -> None:
        super().__init__()
        self._view = mmap.mmap(fd, 0)
        self.end = 0

    def writable(self) -> bool:
        """Tell that it takes bytes."""
        return True

    def write(self, data: object, /) -> int:
        """Write bytes behind what is there. Raises OSError when they have no room."""
        with memoryview(data).cast("B") as view:  # type: ignore[arg-type] # polars gives bytes
            after = self.end + len(view)
            if after > len(self._view):
                raise OSError(errno.ENOSPC, "the memory for results is full")
            self._view[self.end : after] = view
            self.end = after
            return len(view)

    def align(self) -> None:
        """Begin what comes next where Arrow likes it."""
        self.end = min(-(-self.end // _ALIGNMENT) * _ALIGNMENT, len(self._view))


def _written(column: pl.Series, memory: _Memory, start: int) -> _Column:
    offset = memory.end
    column.to_frame().write_ipc(
        cast("IO[bytes]", memory),
        record_batch_size=max(len(column), 1),
        # The oldest layout holds exactly the rows of a slice; the newest would carry all its texts along.
        compat_level=pl.CompatLevel.oldest(),
    )
    length = memory.end - offset
    memory.align()
    order = column.flags
    known: Literal["", "up", "down"] = (
        "up" if order["SORTED_ASC"] else "down" if order["SORTED_DESC"] else ""
    )
    return _Column(column.name, offset - start, length, known)


def _column(content: memoryview, told: _Column) -> pl.Series:
    piece = content[told.offset : told.offset + told.length]
    if told.offset < 0 or len(piece) != told.length:
        raise ValueError("a column lies outside of its file")
    lent = lent_column(piece)
    found = pl.read_ipc(bytes(piece)).to_series() if lent is None else lent
    column = found.rename(told.name)
    return column.set_sorted(descending=told.order == "down") if told.order else column
