"""Columns of text and tables as scripts see them: read-only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

import numpy as np

from plotter2.child.python import limits
from plotter2.child.python.arrays import Array, as_array
from plotter2.child.python.facade import Facade, facade, named, unknown, wrong
from plotter2.child.python.plain import called, listed


@facade
class Texts(Facade):
    """A column of text; None where one is missing."""

    __slots__ = ("_values",)
    called = "a column of text"
    exports = named("count first is_missing last size tolist unique")

    def __init__(self, values: tuple[str | None, ...]) -> None:
        limits.require_items(len(values))
        self._values = values

    @property
    def values(self) -> tuple[str | None, ...]:
        """Give the texts; for code of ours only."""
        return self._values

    @property
    def size(self) -> int:
        """how many elements it has"""
        return len(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __iter__(self) -> Iterator[str | None]:
        return iter(self._values)

    def __contains__(self, value: Any) -> bool:
        return value in self._values

    def __bool__(self) -> bool:
        raise wrong("a column is neither true nor false", "write len(x) > 0")

    def __hash__(self) -> int:
        raise wrong("a column cannot be a key or in a set", "use its elements")

    def __str__(self) -> str:
        more = ", …" if len(self._values) > 8 else ""
        return f"texts([{', '.join(map(repr, self._values[:8]))}{more}])"

    __repr__ = __str__

    def __getitem__(self, index: Any) -> Any:
        if type(index) is int:
            return self._values[index]
        if type(index) is slice:
            return Texts(self._values[index])
        return Texts(tuple(self._values[number] for number in chosen(index, len(self))))

    def __eq__(self, other: object) -> Any:
        return self._compared(other, equal=True)

    def __ne__(self, other: object) -> Any:
        return self._compared(other, equal=False)

    def _compared(self, other: Any, *, equal: bool) -> Array:
        others = other.values if type(other) is Texts else (other,) * len(self._values)
        if len(others) != len(self._values):
            raise wrong("the columns are not of one length", "compare columns of one table")
        same = [(a == b) is equal for a, b in zip(self._values, others, strict=True)]
        gone = [a is None or b is None for a, b in zip(self._values, others, strict=True)]
        return Array(np.array(same, dtype=bool), np.array(gone, dtype=bool))

    def count(self) -> int:
        """how many are not missing"""
        return sum(value is not None for value in self._values)

    def first(self) -> str | None:
        """the first that is not missing, or None"""
        return next((value for value in self._values if value is not None), None)

    def last(self) -> str | None:
        """the last that is not missing, or None"""
        return next((value for value in reversed(self._values) if value is not None), None)

    def is_missing(self) -> Array:
        """for each element whether it is missing"""
        return Array(np.array([value is None for value in self._values], dtype=bool))

    def unique(self) -> Texts:
        """each text once, in order"""
        return Texts(tuple(sorted({value for value in self._values if value is not None})))

    def tolist(self) -> list[Any]:
        """the elements as a list"""
        return list(self._values)


Column: TypeAlias = Array | Texts


def chosen(index: Any, length: int) -> list[int]:
    """Give the rows that true and false for each, or a list of whole numbers, choose."""
    array = as_array(index)
    if array.kind == "bool" and array.size == length:
        return [int(number) for number in np.flatnonzero(array.values & ~array.missing)]
    if array.kind == "int" or not array.size:
        return [int(number) for number in array.values]
    raise wrong(
        f"rows are chosen by true and false for each of {length}, or by whole numbers",
        'write t.filter(t["x"] > 0)',
    )


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
        keys = [self[name].tolist() for name in names]
        if not keys:
            raise wrong("groups() needs a column", 'write t.groups("run")')
        places: dict[Any, list[int]] = {}
        for number, key in enumerate(zip(*keys, strict=True)):
            places.setdefault(key, []).append(number)
        single = len(names) == 1
        return [(key[0] if single else key, self._taken(rows)) for key, rows in places.items()]

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
        columns = {new if n == old else n: column for n, column in self._columns.items()}
        return made_of(columns)

    def with_column(self, name: Any, values: Any) -> Table:
        """the table with a column more, or another in its place"""
        return made_of({**self._columns, name: values}, self._height)

    def filter(self, keep: Any) -> Table:
        """the rows for which it is true, or those with these numbers"""
        return self._taken(chosen(keep, self._height))

    def sort(self, name: Any, descending: Any = False) -> Table:
        """the rows in the order of a column, those where it is missing last"""
        column = self[name]
        if isinstance(column, Array):
            return self._taken(column.argsort(descending).tolist())
        there = [n for n, value in enumerate(column.values) if value is not None]
        there.sort(key=lambda n: str(column.values[n]), reverse=bool(descending))
        return self._taken(there + [n for n, value in enumerate(column.values) if value is None])

    def head(self, n: Any = 10) -> Table:
        """the first n rows"""
        return self._taken(list(range(self._height))[: _whole(n)])

    def tail(self, n: Any = 10) -> Table:
        """the last n rows"""
        return self._taken(list(range(self._height))[max(self._height - _whole(n), 0) :])

    def _taken(self, rows: list[int]) -> Table:
        if not rows:
            return Table({name: column[:0] for name, column in self._columns.items()}, 0)
        return Table({name: column[rows] for name, column in self._columns.items()}, len(rows))


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
        if type(name) is not str or not name:
            raise wrong(f"the name of a column is text, not {called(name)}", 'write {"run": ...}')
        columns[name] = column_of(name, values, height)
    lengths = {name: len(column) for name, column in columns.items()}
    if len(set(lengths.values())) > 1:
        said = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise wrong(
            f"the columns are not of one length: {said[:300]}", "give each as many elements"
        )
    return Table(columns, next(iter(lengths.values()), height or 0))


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
        return Texts(tuple(elements))
    for number, each in enumerate(elements, start=1):
        if type(each) not in (int, float, bool, type(None)) or (str in kinds and each is not None):
            raise wrong(
                f"row {number} of column {name} is {called(each)}",
                "a column holds numbers, or texts, or true and false; None where one is missing",
            )
    if not kinds:
        return Array(np.zeros(len(elements)), np.ones(len(elements), dtype=bool))
    return as_array(elements)
