"""Columns of text as scripts see them: read-only, each text kept once, so that many rows of few names stay small."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from plotter2.child.python import limits
from plotter2.child.python.arrays import Array, as_array
from plotter2.child.python.facade import Facade, facade, named, wrong

_MISSING = -1
_SHOWN = 8
_HALF = re.compile("[\ud800-\udfff]")

Codes = npt.NDArray[np.int64]


@facade
class Texts(Facade):
    """A column of text; None where one is missing."""

    __slots__ = ("_codes", "_names")
    called = "a column of text"
    exports = named("count first is_missing last size tolist unique")

    def __init__(self, codes: Codes, names: tuple[str, ...]) -> None:
        limits.require_numbers(codes.size)
        self._codes = codes
        self._names = names

    @property
    def codes(self) -> Codes:
        """Give for each element which of the texts it is, -1 for a missing one; for code of ours only."""
        return self._codes

    @property
    def names(self) -> tuple[str, ...]:
        """Give the texts that there are, each once; for code of ours only."""
        return self._names

    @property
    def size(self) -> int:
        """how many elements it has"""
        return len(self._codes)

    def __len__(self) -> int:
        return len(self._codes)

    def __iter__(self) -> Iterator[str | None]:
        return iter(self.tolist())

    def __contains__(self, value: Any) -> bool:
        if value is None:
            return bool((self._codes == _MISSING).any())
        return bool((self._codes == self._code_of(value)).any())

    def __bool__(self) -> bool:
        raise wrong("a column is neither true nor false", "write len(x) > 0")

    def __hash__(self) -> int:
        raise wrong("a column cannot be a key or in a set", "use its elements")

    def __str__(self) -> str:
        some = ", ".join(repr(self._at(code)) for code in self._codes[:_SHOWN])
        more = ", …" if len(self._codes) > _SHOWN else ""
        return f"texts([{some}{more}])"

    __repr__ = __str__

    def __getitem__(self, index: Any) -> Any:
        if type(index) is int:
            return self._at(self._codes[index])
        if type(index) is slice:
            return Texts(self._codes[index], self._names)
        return Texts(self._codes[chosen(index, len(self))], self._names)

    def __eq__(self, other: object) -> Any:
        return self._compared(other, equal=True)

    def __ne__(self, other: object) -> Any:
        return self._compared(other, equal=False)

    def _at(self, code: Any) -> str | None:
        return None if code == _MISSING else self._names[int(code)]

    def _code_of(self, value: Any) -> int:
        return (
            self._names.index(value)
            if type(value) is str and value in self._names
            else len(self._names)
        )

    def _compared(self, other: Any, *, equal: bool) -> Array:
        gone = self._codes == _MISSING
        if type(other) is Texts:
            if len(other) != len(self):
                raise wrong("the columns are not of one length", "compare columns of one table")
            places = np.array([self._code_of(name) for name in other.names], dtype=np.int64)
            others = np.append(places, _MISSING)[other.codes]
            gone = gone | (others == _MISSING)
        else:
            others = np.full(len(self), self._code_of(other))
        same = self._codes == others
        return Array(same if equal else ~same, gone)

    def count(self) -> int:
        """how many are not missing"""
        return int((self._codes != _MISSING).sum())

    def first(self) -> str | None:
        """the first that is not missing, or None"""
        there = np.flatnonzero(self._codes != _MISSING)
        return self._at(self._codes[there[0]]) if there.size else None

    def last(self) -> str | None:
        """the last that is not missing, or None"""
        there = np.flatnonzero(self._codes != _MISSING)
        return self._at(self._codes[there[-1]]) if there.size else None

    def is_missing(self) -> Array:
        """for each element whether it is missing"""
        return Array(self._codes == _MISSING)

    def unique(self) -> Texts:
        """each text once, in order"""
        found = (self._names[code] for code in np.unique(self._codes) if code != _MISSING)
        return of_texts(sorted(found))

    def tolist(self) -> list[Any]:
        """the elements as a list"""
        limits.require_items(len(self._codes))
        names = (*self._names, None)
        return [names[code] for code in self._codes.tolist()]


def of_texts(values: Sequence[str | None]) -> Texts:
    """Give a column of plain texts."""
    places: dict[str, int] = {}
    codes = [_MISSING if v is None else places.setdefault(v, len(places)) for v in values]
    for text, code in places.items():
        if not text.isascii() and _HALF.search(text):
            raise wrong(
                f"row {codes.index(code) + 1} has half a character",
                "text holds whole characters: no \\ud800 to \\udfff",
            )
    return Texts(np.array(codes, dtype=np.int64), tuple(places))


def chosen(index: Any, length: int) -> Codes:
    """Give the rows that true and false for each, or a list of whole numbers, choose."""
    array = as_array(index)
    if array.kind == "bool" and array.shape == (length,):
        return np.flatnonzero(array.values & ~array.missing)
    if array.ndim == 1 and (array.kind == "int" or not array.size) and not array.missing.any():
        rows = array.values.astype(np.int64)
        if rows.size and not -length <= rows.min() <= rows.max() < length:
            raise IndexError(f"there are {length} rows, and row {int(rows.max())} is asked for")
        return rows
    raise wrong(
        f"rows are chosen by true and false for each of {length}, or by whole numbers",
        'write t.filter(t["x"] > 0)',
    )
