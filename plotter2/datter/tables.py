"""The tables that a selector means, stacked: what they hold, where their rows are, and whether these are whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from p2lang.types import TableSchema
from plotter2.datter import codes, objects, select
from plotter2.datter.binding import BoundPart, bind
from plotter2.datter.layout import Layout
from plotter2.datter.narrowing import EVERYTHING, Narrowing
from plotter2.datter.registry import Registry
from plotter2.datter.stack import Part, Stacked, stack
from plotter2.errors import DataError


@dataclass(frozen=True, slots=True)
class Wanted:
    """The columns that are wanted, of which bundles and table; a schema is `expected` to be still the one of then.

    Of the bundles of `only`, which make up the shape, those count that fulfil `further` as well.
    """

    columns: Sequence[str]
    only: Narrowing = EVERYTHING
    table: str | None = None
    further: Narrowing = EVERYTHING
    expected: TableSchema | None = None


def described(registry: Registry, path: str, only: Narrowing, table: str | None) -> Stacked:
    """Give columns, parts and notes of what a selector means. Raises DataError as `select.choose` and `stack.stack`."""
    chosen = select.choose(registry, path, only, table)
    ids = {member.bundle.id: member.stream for member in chosen.members}
    tables = {}
    for stream in sorted(set(ids.values())):
        wanted = [bundle_id for bundle_id, name in ids.items() if name == stream]
        tables.update(registry.tables_of(wanted, stream))
    parts = [Part(m.bundle, m.stream, tables[m.bundle.id]) for m in chosen.members]
    return stack(path, parts, chosen.notes)


def bound(layout: Layout, registry: Registry, path: str, wanted: Wanted) -> tuple[BoundPart, ...]:
    """Give for each run where the rows of the wanted columns are. Raises DataError (P2-D0823, P2-D0866, as `bind`)."""
    only, further = wanted.only, wanted.further
    stacked = described(registry, path, only, wanted.table)
    if wanted.expected is not None and stacked.schema != wanted.expected:
        raise DataError(
            codes.DATA_CHANGED,
            f"{path!r} changed while the script was made ready",
            where=path,
            help="run it again",
        )
    if further.before:  # attempts that are not the newest any more were so then
        then = only.before or further.before
        only = replace(only, before=min(then, further.before))
        stacked = described(registry, path, only, wanted.table)
    return bind(layout, stacked.narrowed(further), wanted.columns)


def verify(layout: Layout, stacked: Stacked) -> int:
    """Read every chunk and compare it with its name; gives how many. Raises DataError (P2-D0816)."""
    digests = {
        chunk.digest
        for part in stacked.parts
        for column in part.table.columns
        for chunk in column.chunks
    }
    for digest in sorted(digests):
        objects.verify(layout, digest)
    return len(digests)
