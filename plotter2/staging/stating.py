"""What a manifest says of a bundle, put over what was read and inferred. What it says of types must be true."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import msgspec

from plotter2.datter.adding import Draft
from plotter2.datter.bundle import Column, Table
from plotter2.errors import DataError
from plotter2.manifest.codes import DISAGREES
from plotter2.manifest.model import ColumnHint, TableHint
from plotter2.staging.parts import Stated
from plotter2.staging.tokens import repeats_among

_NOTHING = ColumnHint()
_WORDS = ("role", "description", "confidence", "why", "subset", "family", "better", "against")


def as_stated(draft: Draft, stated: Stated, streams: Mapping[str, str]) -> Draft:
    """Give a draft as its manifest says it is; `streams` tells what each table of the manifest is called here.

    Raises DataError (P2-D0896) when the manifest says what is not so.
    """
    said = stated.bundle
    tables = dict(draft.tables)
    for name, hint in said.schema.items():
        if name not in streams:
            raise _not_so(draft.name, f"there is no table {name!r} in it")
        stream = streams[name]
        tables[stream] = _table(tables[stream], hint, f"{draft.name}/{stream}")
    return replace(
        draft,
        params={**draft.params, **said.params},
        repeat=_repeats(draft, stated) if said.repeat is None else said.repeat,
        axes=draft.axes if said.axes is None else said.axes,
        meta={**draft.meta, **said.meta},
        tables=tables,
        provenance=msgspec.structs.replace(draft.provenance, package=stated.origin),
        id=said.id or "",
        attempt=said.attempt,
        inside=stated.inside,
    )


def _repeats(draft: Draft, stated: Stated) -> tuple[str, ...]:
    more = (name for name in repeats_among(stated.bundle.params) if name not in draft.repeat)
    return (*draft.repeat, *more)


def _table(table: Table, hint: TableHint, where: str) -> Table:
    known = {column.name for column in table.columns}
    for name in hint.columns:
        if name not in known:
            raise _not_so(where, f"there is no column {name!r} in it")
    columns = tuple(
        _column(column, hint.columns[column.name], where) if column.name in hint.columns else column
        for column in table.columns
    )
    x, other_x = (table.x, table.other_x) if hint.x is None else (hint.x, hint.other_x)
    return Table(rows=table.rows, columns=columns, x=x, other_x=other_x)


def _column(column: Column, hint: ColumnHint, where: str) -> Column:
    words = (
        _WORDS
        if hint.role
        else tuple(name for name in _WORDS if getattr(hint, name) != getattr(_NOTHING, name))
    )
    changes: dict[str, Any] = {name: getattr(hint, name) for name in words}
    if hint.unit is not None:
        changes["unit"] = hint.unit
    if hint.type is not None and hint.type != column.kind:
        if (column.kind, hint.type) not in _MAY_BE:
            raise _not_so(where, f"column {column.name!r} holds {column.kind}, not {hint.type}")
        changes["kind"] = hint.type
    if hint.nullable is False and column.nullable:
        raise _not_so(
            where, f"column {column.name!r} lacks values, though it says that none is missing"
        )
    if hint.nullable:
        changes["nullable"] = True
    return msgspec.structs.replace(column, **changes)


_MAY_BE = frozenset(
    {("number", "time"), ("int", "time"), ("int", "number"), ("time", "number"), ("null", "number"),
     ("null", "int"), ("null", "string"), ("null", "bool"), ("null", "time")}
)  # fmt: skip
"""What was read and what it may be taken for: the bytes of the column stay, and a run reads them as the other."""


def _not_so(where: str, why: str) -> DataError:
    return DataError(
        DISAGREES,
        f"the package does not hold what its manifest says: {why}",
        where,
        "mend the schema in the manifest, or leave out what can be inferred",
    )
