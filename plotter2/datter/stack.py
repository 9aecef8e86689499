"""Stacking: the columns that several runs' tables have together, and what each run gives to them.

Each run offers columns by name: its recorded ones; its params; and the automatic ones `bundle`,
`run`, `attempt`. A recorded column hides a param, a param hides an automatic column of its name.
A column that some runs lack is nullable; `int` and `number` give `number`; a column in which no
run has a value goes with every type; a unit that only some runs state counts for all. Other
differences of recorded columns are errors that name the runs; params that differ in kind become
text. No file is opened here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from logger2.identity import Scalar
from p2lang.types import ColumnKind, ColumnType, Members, TableSchema
from plotter2.datter import codes
from plotter2.datter.bundle import Column, Kind, Table
from plotter2.datter.narrowing import Narrowing
from plotter2.datter.registry import BundleRow
from plotter2.errors import DataError

Source: TypeAlias = Literal["recorded", "param", "automatic"]

AUTOMATIC = ("bundle", "run", "attempt")
MOST_COLUMNS = 10_000
_SHOWN = 4


@dataclass(frozen=True, slots=True)
class Part:
    """One run's share of a stacked table."""

    bundle: BundleRow
    stream: str
    table: Table

    def constants(self) -> dict[str, Scalar]:
        """Give what is the same for all rows: the automatic columns and the params."""
        automatic: dict[str, Scalar] = {
            "bundle": self.bundle.name,
            "run": self.bundle.run,
            "attempt": self.bundle.attempt,
        }
        return {**automatic, **self.bundle.params}


@dataclass(frozen=True, slots=True)
class StackedColumn:
    """A column of the stacked table; role and reason come from the first run that has them.

    `lacking` are the runs without it.
    """

    name: str
    type: ColumnType
    source: Source
    role: str = ""
    confidence: float = 1.0
    why: str = ""
    lacking: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Stacked:
    """What `access(path)` gives: columns, the runs' parts in order, and what a person should know."""

    path: str
    columns: tuple[StackedColumn, ...]
    parts: tuple[Part, ...]
    notes: tuple[str, ...]

    @property
    def schema(self) -> TableSchema:
        """Give names and types, and the number of rows."""
        columns = tuple((column.name, column.type) for column in self.columns)
        rows = sum(part.table.rows for part in self.parts)
        lacking = {column.name: column.lacking for column in self.columns if column.lacking}
        runs = tuple(part.bundle.run for part in self.parts)
        return TableSchema(columns, rows, Members(runs, lacking))

    def narrowed(self, only: Narrowing) -> Stacked:
        """Give the parts of bundles that fulfil conditions, in the same shape. Raises DataError (P2-D0866)."""
        if not only:
            return self
        kept = tuple(p for p in self.parts if only.fits(p.bundle.params, p.bundle.created))
        if not kept:
            raise DataError(
                codes.NOTHING_LEFT,
                f"none of the {len(self.parts)} bundles in {self.path!r} fulfils the conditions",
                where=self.path,
                help=_MORE_TIME if only.since or only.before else _OTHER_PARAMS,
            )
        return replace(self, parts=kept)


_MORE_TIME = (
    "nothing came in at that time, perhaps not yet; plotter2 ls tells when bundles were added"
)
_OTHER_PARAMS = "give the script's params other values; plotter2 ls lists the bundles with theirs"


@dataclass(frozen=True, slots=True)
class _Offer:
    """What one run offers under a name."""

    run: str
    kind: Kind
    nullable: bool
    source: Source
    column: Column | None = None


_Offers: TypeAlias = dict[str, dict[int, _Offer]]
"""column name -> place of the run among the parts -> what it offers."""


def stack(path: str, parts: Sequence[Part], notes: Sequence[str]) -> Stacked:
    """Put the runs' tables below each other.

    Raises DataError: P2-D0814 when a column's types or units do not go together, P2-D0822 when
    there are more than 10,000 columns.
    """
    offers: _Offers = {}
    for place, part in enumerate(parts):
        for name, offer in _offers(part):
            offers.setdefault(name, {})[place] = offer
    if len(offers) > MOST_COLUMNS:
        raise DataError(
            codes.TOO_MANY_COLUMNS,
            f"{path!r} has {len(offers)} different columns; the limit is {MOST_COLUMNS}",
            where=path,
            help="select fewer runs, or runs that recorded the same columns",
        )
    found = list(notes)
    columns = [_column(name, offers[name], parts, found) for name in _in_order(offers)]
    return Stacked(path, tuple(columns), tuple(parts), tuple(found))


def _offers(part: Part) -> Iterator[tuple[str, _Offer]]:
    run = part.bundle.run
    recorded = {column.name for column in part.table.columns}
    for name, value in part.constants().items():
        if name not in recorded:
            source: Source = "param" if name in part.bundle.params else "automatic"
            yield name, _Offer(run, _kind_of(value), value is None, source)
    for column in part.table.columns:
        yield column.name, _Offer(run, column.kind, column.nullable, "recorded", column)


def _in_order(offers: _Offers) -> list[str]:
    """Automatic columns first, then params by name, then recorded ones as the runs have them."""

    def rank(name: str) -> tuple[int, int | str]:
        if name in AUTOMATIC:
            return 0, AUTOMATIC.index(name)
        if all(offer.source == "param" for offer in offers[name].values()):
            return 1, name
        return 2, 0

    return sorted(offers, key=rank)


def _column(
    name: str, by_place: dict[int, _Offer], parts: Sequence[Part], notes: list[str]
) -> StackedColumn:
    offers = list(by_place.values())
    kind = _common_kind(name, offers)
    unit = _common_unit(name, offers, notes)
    lacking = [part.bundle.run for place, part in enumerate(parts) if place not in by_place]
    if lacking:
        notes.append(f"column {name!r} is missing in {len(lacking)} of {len(parts)} runs: "
                     f"{_shown(lacking)}")  # fmt: skip
    _note_hidden(name, offers, parts, notes)
    nullable = bool(lacking) or any(_has_gaps(offer) for offer in offers)
    first = next((o.column for o in offers if o.column is not None and o.column.role), None)
    source = max((o.source for o in offers), key=("automatic", "param", "recorded").index)
    column_type = ColumnType("number" if kind == "null" else kind, nullable or kind == "null", unit)
    without = tuple(lacking)
    if first is None:
        return StackedColumn(name, column_type, source, lacking=without)
    return StackedColumn(
        name, column_type, source, first.role, first.confidence, first.why, without
    )


def _has_gaps(offer: _Offer) -> bool:
    if offer.kind == "null":  # every row lacks the value, if there are rows at all
        return offer.column is None or any(chunk.rows for chunk in offer.column.chunks)
    return offer.nullable


def _common_kind(name: str, offers: list[_Offer]) -> Kind:
    kinds = {offer.kind for offer in offers} - {"null"}
    if not kinds:
        return "null"
    if len(kinds) == 1:
        return kinds.pop()
    if kinds == {"int", "number"}:
        return "number"
    if all(offer.source == "param" for offer in offers):
        return "string"
    by_kind: dict[str, list[str]] = {
        kind: [o.run for o in offers if o.kind == kind] for kind in sorted(kinds)
    }
    raise _conflict(name, "types", by_kind)


def _common_unit(name: str, offers: list[_Offer], notes: list[str]) -> str:
    columns = [(offer.run, offer.column) for offer in offers if offer.column is not None]
    stated = sorted({column.unit for _, column in columns if column.unit})
    if len(stated) > 1:
        by_unit = {unit: [run for run, c in columns if c.unit == unit] for unit in stated}
        raise _conflict(name, "units", by_unit)
    if not stated:
        return ""
    silent = [run for run, column in columns if not column.unit and column.kind != "null"]
    if silent:
        notes.append(f"column {name!r} has the unit {stated[0]!r} in some runs; taken for all, "
                     f"also for {_shown(silent)}")  # fmt: skip
    return stated[0]


def _note_hidden(name: str, offers: list[_Offer], parts: Sequence[Part], notes: list[str]) -> None:
    if not any(offer.source == "recorded" for offer in offers):
        return
    if any(name in part.bundle.params for part in parts):
        notes.append(f"column {name!r}: the recorded values are used, not the param of that name")
    elif name in AUTOMATIC:
        notes.append(f"column {name!r}: the recorded values are used, not the name of the {name}")


def _conflict(name: str, what: str, runs_by_value: dict[str, list[str]]) -> DataError:
    listed = "; ".join(f"{value} in {_shown(runs)}" for value, runs in runs_by_value.items())
    return DataError(
        codes.CONFLICT,
        f"the {what} of column {name!r} do not go together: {listed}",
        where=name,
        help="select only runs that agree, or record the column in the same way and add it again",
    )


def _shown(runs: list[str]) -> str:
    more = f" and {len(runs) - _SHOWN} more" if len(runs) > _SHOWN else ""
    return ", ".join(runs[:_SHOWN]) + more


def kind_of_param(kinds: frozenset[str]) -> ColumnType:
    """Give what a param holds whose values JSON calls by these kinds; `any` when they do not go together."""
    found: set[ColumnKind] = {_JSON_KINDS[kind] for kind in kinds - {"null"}}
    if found == {"int", "number"}:
        found = {"number"}
    return ColumnType(found.pop() if len(found) == 1 else "any", "null" in kinds)


_JSON_KINDS: dict[str, ColumnKind] = {
    "true": "bool", "false": "bool", "integer": "int", "real": "number", "text": "string",
}  # fmt: skip


def _kind_of(value: Scalar) -> Kind:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "int"
    return "number" if isinstance(value, float) else "string"
