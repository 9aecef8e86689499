"""What the columns of stacked runs mean, as logger2 says it: the runs' guesses, joined by vote.

It is what a starter script is written from. Values are not needed.
"""

from __future__ import annotations

from collections.abc import Iterator

from logger2.schema import ColumnSchema, Schema, vote
from plotter2.datter.bundle import Column
from plotter2.datter.stack import Part, Stacked, kind_of


def meaning(stacked: Stacked) -> Schema:
    """Give the joined schema of the stacked runs: recorded columns and params, without the automatic ones."""
    return vote([_schema(part) for part in stacked.parts])


def _schema(part: Part) -> Schema:
    table = part.table
    return Schema((*map(_recorded, table.columns), *_given(part)), table.x, table.other_x)


def _recorded(column: Column) -> ColumnSchema:
    return ColumnSchema(
        name=column.name,
        kind=column.type.kind,
        nullable=column.nullable,
        unit=column.unit,
        role=column.role or "metric",
        confidence=column.confidence,
        why=column.why,
        subset=column.subset,
        family=column.family,
        better=column.better,
        x=column.against,
        desc=column.description,
    )


def _given(part: Part) -> Iterator[ColumnSchema]:
    recorded = {column.name for column in part.table.columns}
    for name, value in part.bundle.params.items():
        if name in recorded:
            continue
        kind = kind_of(value)
        repeats = name in part.bundle.repeat
        why = "the run names it as what repeats it" if repeats else "a parameter of the run"
        yield ColumnSchema(
            name=name,
            kind="number" if kind == "null" else kind,
            nullable=value is None,
            unit="",
            role="repeat" if repeats else "param",
            confidence=1.0,
            why=why,
        )
