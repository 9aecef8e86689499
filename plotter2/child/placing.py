"""Errors of a run with their places: which operation failed, and in which bytes of the script it stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import polars as pl

from p2lang.verifier import ProgramNode
from p2std.errors import NotComputable, UnfitFormat
from p2std.table import collected
from plotter2.child.python.running import StepError
from plotter2.child.run_codes import NOT_COMPUTED
from plotter2.errors import RunError

Pending: TypeAlias = tuple[tuple[ProgramNode, pl.LazyFrame], ...]
"""Steps that are planned but not yet computed, in order."""


@dataclass(eq=False)
class PlacedError(RunError):
    """A RunError with the node at which it happened, and its place (start, end) in the script when that is known.

    `line` (from 1) and `column` (from 0) are those of the text of a step in Python, `quoted` the words of the line;
    `line` is 0 elsewhere.
    """

    node: str = ""
    span: tuple[int, int] | None = None
    line: int = 0
    column: int = 0
    quoted: str = ""


class Placed:
    """Turns what cannot be computed into a RunError that names the operation and knows its node."""

    def __init__(self, node: ProgramNode, pending: Pending = ()) -> None:
        self._node = node
        self._pending = pending

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        node, where = self._node, self._node.signature.name
        if isinstance(error, NotComputable):
            refused = RunError(error.code, str(error), where, error.help)
        elif isinstance(error, pl.exceptions.PolarsError | UnfitFormat):
            node = _guilty(self._pending, node)
            refused = _refusal(error, node.signature.name)
        elif isinstance(error, OverflowError):
            refused = RunError("P2-R0614", f"a number is too large for {where}()", where)
            refused.help = "give it a smaller number"
        elif isinstance(error, RunError) and not isinstance(error, PlacedError):
            refused = error
        else:
            return
        placed = PlacedError(
            refused.code,
            refused.message,
            refused.where or where,
            refused.help,
            refused.note,
            refused.exit_code,
            node=node.id,
        )
        if isinstance(refused, StepError):
            placed.line, placed.column = refused.line, refused.column
            placed.quoted = refused.quoted
        raise placed from None


def _guilty(pending: Pending, last: ProgramNode) -> ProgramNode:
    # polars computes a whole chain at once and cannot say which step failed: the first that fails alone did.
    for node, frame in pending:
        try:
            collected(frame)
        except (pl.exceptions.PolarsError, UnfitFormat):
            return node
    return last


def _refusal(error: pl.exceptions.PolarsError | UnfitFormat, where: str) -> RunError:
    text = str(error).partition("\n")[0]
    if isinstance(error, UnfitFormat):
        return RunError(
            "P2-R0612",
            text,
            where,
            'write for example ".2f" for numbers, "d" for whole numbers',
        )
    if "i128" in text:
        return RunError(
            "P2-R0610",
            "a whole number is larger than 64 bits can hold",
            where,
            'compute with numbers: cast(x="number") first',
        )
    if "conversion" in text:
        return RunError(
            "P2-R0611",
            f"a value cannot be changed into the wanted type: {text[:300]}",
            where,
            "drop or repair such rows first, for example with filter(…)",
        )
    return RunError(
        NOT_COMPUTED,
        f"the data do not allow this computation: {text[:300]}",
        where,
        "look at the rows that reach this step",
    )
