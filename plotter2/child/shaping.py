"""What nodes give, held against what the program was checked for; and which nodes a value names."""

from __future__ import annotations

from typing import Any

import polars as pl

from p2lang.types import TableSchema
from p2lang.verifier import ProgramNode
from p2std.table import DTYPES, HIDDEN
from plotter2.child.run_codes import SHAPE_DIFFERS
from plotter2.errors import RunError


def in_shape(node: ProgramNode, frame: pl.LazyFrame, schema: TableSchema) -> pl.LazyFrame:
    """Give a frame in the types of its schema. Raises RunError P2-R0607 for other columns."""
    found = frame.collect_schema()
    shown = [name for name in found if not name.startswith(HIDDEN)]
    if shown != list(schema.names):
        raise RunError(
            SHAPE_DIFFERS,
            f"{node.signature.name} gave the columns {', '.join(shown)[:200]}, "
            f"but was checked for {', '.join(schema.names)[:200]}",
            help="this is a bug in plotter2: please report it with the script",
        )
    wrong = {
        name: DTYPES[column.kind]
        for name, column in schema.columns
        if column.kind in DTYPES and found[name] != DTYPES[column.kind]
    }
    return frame.cast(wrong) if wrong else frame  # type: ignore[arg-type] # polars wants selectors too


def tables_in(value: Any) -> set[str]:
    """Give the nodes whose tables a value names."""
    match value:
        case ["table", str(node)] | ["field", str(node), _]:
            return {node}
        case list():
            return set().union(*map(tables_in, value))
        case dict():
            return set().union(*map(tables_in, value.values()))
        case _:
            return set()
