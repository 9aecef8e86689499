"""A table on its way through a flow: a lazy polars frame with the schema that was checked. Computes nothing itself.

Invariant of every frame here: missing is null; no float column holds NaN.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, TypeAlias

import polars as pl

from p2lang.types import TableSchema
from p2std.around import NOWHERE, Around
from p2std.origins import HIDDEN as HIDDEN

Tagged: TypeAlias = list[Any]
"""A tagged value of the IR, see `p2lang.ir`."""

DTYPES: Final[Mapping[str, type[pl.DataType]]] = {
    "int": pl.Int64,
    "number": pl.Float64,
    "time": pl.Float64,
    "string": pl.String,
    "bool": pl.Boolean,
}
"""How each kind of column is held; time is seconds."""


class Outside(Protocol):
    """What an expression may ask of the program around it."""

    def parameter(self, name: str) -> Any:
        """Give the value of a parameter."""

    def table(self, node: str) -> Table:
        """Give the table of another node, computed."""

    @property
    def around(self) -> Around:
        """Give what is known of the place of the run."""


class Nothing:
    """No parameters and no other tables."""

    def parameter(self, name: str) -> Any:
        """Raise KeyError."""
        raise KeyError(name)

    def table(self, node: str) -> Table:
        """Raise KeyError."""
        raise KeyError(node)

    @property
    def around(self) -> Around:
        """Give that nothing is known."""
        return NOWHERE


@dataclass(frozen=True)
class Table:
    """Rows and their schema. `counted` asks `summary` to keep, under hidden names, how many values are behind a row."""

    frame: pl.LazyFrame
    schema: TableSchema
    outside: Outside = field(default_factory=Nothing)
    counted: Mapping[str, Tagged] = field(default_factory=dict)

    def collected(self) -> pl.DataFrame:
        """Give the rows, computed in a way that does not depend on threads."""
        return collected(self.frame)

    def hidden(self) -> list[str]:
        """Give the names of the columns beside the schema."""
        return [n for n in self.frame.collect_schema().names() if n.startswith(HIDDEN)]


def collected(frame: pl.LazyFrame) -> pl.DataFrame:
    """Compute a frame with the in-memory engine.

    The streaming engine, polars' default, adds floats in the order in which threads finish: the last bits of a mean
    differ from run to run. Equal input must give equal bytes.
    """
    return frame.collect(engine="in-memory")
