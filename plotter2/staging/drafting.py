"""From what was read to drafts of bundles: names, params, roles of columns, provenance."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from logger2.identity import Scalar, run_name
from logger2.schema import ColumnSchema
from plotter2.datter.adding import Draft
from plotter2.datter.bundle import Chunk, Column, Provenance, Table, free_name, slug, slug_path
from plotter2.staging.found import ReadBundle, ReadColumn, ReadTable
from plotter2.staging.groups import with_groups
from plotter2.staging.roles import Background, roles_of, unit_of
from plotter2.staging.stating import as_stated
from plotter2.staging.tokens import repeats_among

_LONGEST_NAME = 80
_READER = "plotter2 readers 1"
"""Raised when a reader gives other columns for the same file than before."""


def drafts_of(found: Sequence[ReadBundle]) -> list[Draft]:
    """Give a draft for each bundle that was read, in the same order, each before those for the groups of its files."""
    all_found = with_groups(found)
    names = _names(all_found)
    return [_draft(bundle, name) for bundle, name in zip(all_found, names, strict=True)]


# ------------------------------------------------------------ names
def _names(found: Sequence[ReadBundle]) -> list[str]:
    """A recorded run is called after what tells it from others; of equal names the oldest keeps it."""
    names: dict[int, str] = {
        place: bundle.planned.name for place, bundle in enumerate(found) if bundle.planned.name
    }
    runs = [place for place in range(len(found)) if place not in names]
    taken = set(names.values())
    for place in sorted(runs, key=lambda place: _run_id(found[place])):
        name = free_name(_wanted_name(found[place]), taken)
        taken.add(name)
        names[place] = name
    return [names[place] for place in range(len(found))]


def _run_id(bundle: ReadBundle) -> str:
    return bundle.run.run_id if bundle.run else ""


def _wanted_name(bundle: ReadBundle) -> str:
    run = bundle.run
    if run is None:  # nothing of it could be read; its files are kept
        folder, _, last = bundle.planned.shown.rpartition("/")
        around = bundle.planned.parent or (slug_path(folder) if folder else "")
        return f"{around}/{slug(last)}".lstrip("/")
    telling = {name: run.params[name] for name in run.axes if name in run.params} | run.repeat
    readable = run_name(telling or run.params)
    own = slug(readable if 0 < len(readable) <= _LONGEST_NAME else run.run_id)
    above = bundle.planned.parent or slug(run.experiment)
    if _format_of(bundle) == "mlflow" and bundle.planned.parent and run.experiment:
        above = f"{above}/{slug(run.experiment)}"
    return f"{above}/{own}"


def _format_of(bundle: ReadBundle) -> str:
    return next((source.format for source in bundle.planned.sources), "")


# ------------------------------------------------------------ one bundle
def _draft(bundle: ReadBundle, name: str) -> Draft:
    notes = list(bundle.notes)
    params, repeat, axes, meta = _about(bundle, notes)
    definitions = bundle.run.definitions if bundle.run else {}
    known = Background(params, repeat, axes, definitions)
    tables: dict[str, Table] = {}
    streams: dict[str, str] = {}
    for stream, table in bundle.tables.items():
        streams[stream] = free_name(slug(stream), tables)
        tables[streams[stream]] = _table(table, known)
        notes += [f"{stream}: {note}" for note in table.notes]
    provenance = Provenance(files=tuple(bundle.files), notes=tuple(notes), reader=_READER)
    draft = Draft(name, params, repeat, axes, meta, tables, bundle.kept, bundle.arrays, provenance)
    stated = bundle.planned.stated
    return draft if stated is None else as_stated(draft, stated, streams)


def _about(
    bundle: ReadBundle, notes: list[str]
) -> tuple[dict[str, Scalar], tuple[str, ...], tuple[str, ...], dict[str, Any]]:
    """Params, which of them count repeats, which are a sweep's axes, and what else is known."""
    run = bundle.run
    if run is None:
        named = {} if bundle.has_params_file else bundle.planned.params
        params = _finite({**named, **bundle.params}, notes)
        return params, repeats_among(params), (), {}
    params = _finite({**run.params, **run.repeat}, notes)
    meta = {
        "run_id": run.run_id,
        "experiment": run.experiment,
        "state": run.state,
        "definitions": run.definitions,
    }
    told = tuple(sorted(run.repeat))
    repeat = told if _format_of(bundle) in ("l2", "l2run") else repeats_among(params)
    return params, repeat, tuple(run.axes), meta


def _finite(params: Mapping[str, Scalar], notes: list[str]) -> dict[str, Scalar]:
    """Params that are no finite number become text, because JSON has no word for them."""
    found: dict[str, Scalar] = {}
    for name, value in params.items():
        if isinstance(value, float) and not math.isfinite(value):
            notes.append(f"param {name!r} is {value}; it is kept as text")
            found[name] = str(value)
        else:
            found[name] = value
    return found


def _table(table: ReadTable, known: Background) -> Table:
    schema = roles_of(table, known)
    columns = tuple(_column(column, schema[name]) for name, column in table.columns.items())
    return Table(rows=table.rows, columns=columns, x=schema.x, other_x=schema.other_x)


def _column(column: ReadColumn, guess: ColumnSchema) -> Column:
    """To a script NaN is a missing value, so a column with NaN is nullable."""
    return Column(
        name=column.name,
        kind=column.kind,
        unit=unit_of(column, guess.unit),
        role=guess.role,
        nullable=column.nulls > 0 or bool(column.features.get("nan")),
        confidence=guess.confidence,
        why=guess.why,
        subset=guess.subset,
        family=guess.family,
        better=guess.better,
        against=guess.x,
        description=guess.desc,
        range=_range(column),
        chunks=tuple(Chunk(digest=c.digest, bytes=c.bytes, rows=c.rows) for c in column.chunks),
    )


def _range(column: ReadColumn) -> tuple[float, float] | None:
    low, high = column.features.get("min"), column.features.get("max")
    if isinstance(low, int | float) and isinstance(high, int | float) and column.kind != "bool":
        return float(low), float(high)
    return None
