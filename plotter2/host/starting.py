"""A starter script for what the store holds: the stored meaning of columns, handed to logger2's rules."""

from __future__ import annotations

from logger2.schema import ColumnSchema, Schema, vote
from logger2.starter import Facts, NothingToDraw, starter
from logger2.sweep import Sweep, sweep
from plotter2.datter.bundle import Bundle, Table
from plotter2.datter.codes import NO_TABLE
from plotter2.datter.stack import Stacked
from plotter2.datter.store import Store
from plotter2.errors import DataError
from plotter2.host import codes

_MOST_NOTES = 8


def starter_script(store: Store, bundle: str) -> str:
    """Give the text of a starter script for a bundle, or for its children if it has no rows of its own.

    Raises DataError: P2-D0810 for an unknown bundle, P2-D0891 when there is nothing to draw.
    """
    selector, stacked = with_rows(store, bundle)
    bundles = [store.bundle(part.bundle.id) for part in stacked.parts]
    schema = _with_params(vote([_schema(part.table) for part in stacked.parts]), stacked)
    try:
        return starter(selector, schema, _sweep(bundles), _facts(bundles, stacked))
    except NothingToDraw as error:
        raise DataError(
            codes.NOTHING_TO_DRAW, str(error), bundle, "add output that has a column of numbers"
        ) from None


def with_rows(store: Store, bundle: str) -> tuple[str, Stacked]:
    """Give the selector under which a bundle has rows, its own or its children's, and what it gives.

    Raises DataError when neither has any.
    """
    try:
        return bundle, store.describe(bundle)
    except DataError as error:
        if error.code != NO_TABLE or "*" in bundle:
            raise
        return f"{bundle}/*", store.describe(f"{bundle}/*")


def _schema(table: Table) -> Schema:
    columns = tuple(
        ColumnSchema(
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
        for column in table.columns
    )
    return Schema(columns, table.x, table.other_x)


def _with_params(schema: Schema, stacked: Stacked) -> Schema:
    repeating = {name for part in stacked.parts for name in part.bundle.repeat}
    columns = [c for c in schema.columns if c.name in stacked.schema]
    known = {column.name for column in columns}
    columns += [
        ColumnSchema(
            name=column.name,
            kind=column.type.kind,
            nullable=column.type.nullable,
            unit=column.type.unit,
            role="repeat" if column.name in repeating else "param",
            confidence=1.0,
            why="a parameter of the run",
        )
        for column in stacked.columns
        if column.source == "param" and column.name not in known
    ]
    return Schema(tuple(columns), schema.x, schema.other_x)


def _sweep(bundles: list[Bundle]) -> Sweep:
    repeat = sorted({name for bundle in bundles for name in bundle.repeat})
    axes = list(dict.fromkeys(name for bundle in bundles for name in bundle.axes))
    return sweep([bundle.params for bundle in bundles], repeat, axes)


def _facts(bundles: list[Bundle], stacked: Stacked) -> Facts:
    states = {bundle.run: str(bundle.meta.get("state", "ok")) for bundle in bundles}
    notes = [f"{b.run}: {note}" for b in bundles for note in b.provenance.notes]
    return Facts(
        rows=stacked.schema.rows,
        failed=tuple(run for run, state in states.items() if state == "failed"),
        unfinished=tuple(run for run, state in states.items() if state == "unfinished"),
        ranges=_ranges(stacked),
        last_steps=_last_steps(stacked),
        notes=(*stacked.notes, *notes[:_MOST_NOTES]),
    )


def _ranges(stacked: Stacked) -> dict[str, tuple[float, float]]:
    found: dict[str, tuple[float, float]] = {}
    for column in (c for part in stacked.parts for c in part.table.columns):
        if column.range is not None:
            low, high = found.get(column.name, column.range)
            found[column.name] = min(low, column.range[0]), max(high, column.range[1])
    return found


def _last_steps(stacked: Stacked) -> tuple[float, ...]:
    ends = (part.table.column(part.table.x) for part in stacked.parts)
    return tuple(column.range[1] for column in ends if column is not None and column.range)
