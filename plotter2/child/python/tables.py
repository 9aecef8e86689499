"""Tables as scripts see them: read-only columns of one length under names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias

import numpy as np

from p2lang.semantics.structure import LONGEST_NAME
from plotter2.child.python import limits
from plotter2.child.python.arrays import Array, as_array
from plotter2.child.python.facade import Facade, facade, named, unknown, wrong
from plotter2.child.python.plain import as_key, called, listed
from plotter2.child.python.texts import Codes, Texts, chosen, of_texts

Column: TypeAlias = Array | Texts
_MOST_COLUMNS: Final = 2_000


@facade
class Table(Facade):
    """Columns of one length under names."""

    __slots__ = ("_columns", "_height")
    called = "a table"
    exports = named("columns drop filter groups head rename rows select size sort tail with_column")

    def __init__(self, columns: Mapping[str, Column], height: int) -> None:
        self._columns = dict(columns)
        self._height = height

    @property
    def parts(self) -> Mapping[str, Column]:
        """Give the columns; for code of ours only."""
        return self._columns

    @property
    def columns(self) -> list[str]:
        """the names of the columns"""
        return list(self._columns)

    @property
    def size(self) -> int:
        """how many rows it has"""
        return self._height

    def __len__(self) -> int:
        return self._height

    def __bool__(self) -> bool:
        raise wrong("a table is neither true nor false", "write len(t) > 0")

    def __hash__(self) -> int:
        return id(self)

    def __str__(self) -> str:
        return f"table of {self._height} rows with {', '.join(self._columns)}"[:500]

    __repr__ = __str__

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.rows())

    def __contains__(self, name: Any) -> bool:
        return name in self._columns

    def __getitem__(self, name: Any) -> Column:
        if type(name) is not str:
            raise wrong(
                f"a column has a name, not {called(name)}",
                't["reward"] is a column, t.rows()[0] a row, t.filter(...) chooses rows',
            )
        if name not in self._columns:
            raise unknown("the table", name, self._columns)
        return self._columns[name]

    def rows(self) -> list[dict[str, Any]]:
        """the rows as a list of dicts"""
        limits.require_items(self._height * max(len(self._columns), 1))
        lists = [column.tolist() for column in self._columns.values()]
        names = list(self._columns)
        return [dict(zip(names, row, strict=True)) for row in zip(*lists, strict=True)]

    def groups(self, *names: Any) -> list[tuple[Any, Table]]:
        """a list of (value, table), one for each value of a column, in the order in which they come"""
        columns = [self[name] for name in names]
        if not columns:
            raise wrong("groups() needs a column", 'write t.groups("run")')
        parts = _together(columns)
        limits.require_items(len(parts) * max(len(self._columns), 1))
        found = []
        for rows in parts:
            key = tuple(column[int(rows[0])] for column in columns)
            found.append((key[0] if len(key) == 1 else key, self._taken(rows)))
        return found

    def select(self, *names: Any) -> Table:
        """the table with these columns only"""
        return Table({name: self[name] for name in names}, self._height)

    def drop(self, *names: Any) -> Table:
        """the table without these columns"""
        for name in names:
            self[name]
        kept = {n: column for n, column in self._columns.items() if n not in names}
        return Table(kept, self._height)

    def rename(self, old: Any, new: Any) -> Table:
        """the table with another name for a column"""
        self[old]
        if type(new) is not str or (new in self._columns and new != old):
            raise wrong(
                f"{called(new)} is no new name for a column"
                if type(new) is not str
                else f"there is a column {new[:100]} already",
                't.rename("old", "new")',
            )
        columns = {new if n == old else n: column for n, column in self._columns.items()}
        return made_of(columns)

    def with_column(self, name: Any, values: Any) -> Table:
        """the table with a column more, or another in its place"""
        as_key(name)
        return made_of({**self._columns, name: values}, self._height)

    def filter(self, keep: Any) -> Table:
        """the rows for which it is true, or those with these numbers"""
        return self._taken(chosen(keep, self._height))

    def sort(self, name: Any, descending: Any = False) -> Table:
        """the rows in the order of a column, those where it is missing last"""
        column = self[name]
        if isinstance(column, Texts):
            ranked = {name: rank for rank, name in enumerate(sorted(column.names))}
            ranks = np.array([*(ranked[name] for name in column.names), np.nan])
            column = Array(ranks[column.codes])
        return self._taken(column.argsort(descending).values)

    def head(self, n: Any = 10) -> Table:
        """the first n rows"""
        return self._taken(np.arange(min(self._height, _whole(n))))

    def tail(self, n: Any = 10) -> Table:
        """the last n rows"""
        return self._taken(np.arange(max(self._height - _whole(n), 0), self._height))

    def _taken(self, rows: Codes) -> Table:
        index = Array(rows.astype(np.int64))
        return Table({name: column[index] for name, column in self._columns.items()}, len(rows))


def _together(columns: list[Column]) -> list[Codes]:
    """Give the rows that have the same values in all columns, group by group, in the order in which they come."""
    ids = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        own = column.codes + 1 if isinstance(column, Texts) else _numbered(column)
        _, ids = np.unique(ids * (int(own.max(initial=0)) + 1) + own, return_inverse=True)
    if not ids.size:
        return []
    _, first, ids = np.unique(ids, return_index=True, return_inverse=True)
    order = np.argsort(ids, kind="stable")
    ends = np.cumsum(np.bincount(ids))
    parts = np.split(order, ends[:-1])
    return [parts[group] for group in np.argsort(first)]


def _numbered(column: Array) -> Codes:
    gone = column.missing
    _, codes = np.unique(np.where(gone, 0, column.values), return_inverse=True)
    return np.where(gone, 0, codes + 1).astype(np.int64)


def _whole(number: Any) -> int:
    if type(number) is not int or number < 0:
        raise wrong("a number of rows is a whole number", "write t.head(10)")
    return number


def made_of(given: Any, height: int | None = None) -> Table:
    """a table from a list of dicts (one for each row), or from a dict of columns"""
    if type(given) is Table:
        return given
    if type(given) is dict:
        return _of_columns(given, height)
    rows = listed(given)
    names: dict[str, None] = {}
    for number, row in enumerate(rows, start=1):
        if type(row) is not dict:
            raise wrong(
                f"row {number} is {called(row)}, not a dict", 'write {"run": run, "value": x}'
            )
        names.update(dict.fromkeys(row))
    return _of_columns({name: [row.get(name) for row in rows] for name in names}, len(rows))


def _of_columns(given: dict[Any, Any], height: int | None) -> Table:
    columns = {}
    for name, values in given.items():
        _require_name(name)
        columns[name] = column_of(name, values, height)
    if len(columns) > _MOST_COLUMNS:
        raise limits.too_much(
            "a table", len(columns), _MOST_COLUMNS, "columns", "make rows of them"
        )
    lengths = {name: len(column) for name, column in columns.items()}
    if len(set(lengths.values())) > 1:
        said = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise wrong(
            f"the columns are not of one length: {said[:300]}", "give each as many elements"
        )
    return Table(columns, next(iter(lengths.values()), height or 0))


def _require_name(name: Any) -> None:
    if type(name) is not str:
        raise wrong(f"the name of a column is text, not {called(name)}", 'write {"run": ...}')
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
        raise wrong(
            f"{name[:60]!a} is no name of a column",
            f"a name has 1 to {LONGEST_NAME} visible characters",
        )


def column_of(name: str, values: Any, height: int | None = None) -> Column:
    """Give a column of what a script has: an array, a column, or a list of plain values of one kind."""
    if type(values) in (int, float, str, bool) and height is not None:
        values = [values] * height
    if type(values) in (Array, Texts):
        if isinstance(values, Array) and values.ndim != 1:
            raise wrong(
                f"column {name} has {values.ndim} dimensions", "write x.flatten() or x[:, 0]"
            )
        return values  # type: ignore[no-any-return] # its exact type was looked at
    elements = listed(values)
    kinds = {type(each) for each in elements if each is not None}
    if kinds == {str}:
        return of_texts(elements)
    for number, each in enumerate(elements, start=1):
        if type(each) not in (int, float, bool, type(None)) or (str in kinds and each is not None):
            raise wrong(
                f"row {number} of column {name} is {called(each)}",
                "a column holds numbers, or texts, or true and false; None where one is missing",
            )
    if not kinds:
        return Array(np.zeros(len(elements)), np.ones(len(elements), dtype=bool))
    return as_array(elements)
