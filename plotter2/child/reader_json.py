"""JSON: lines of objects become a table; a file with one object becomes parameters.

Nested objects give names joined by "/" (columns) or "." (parameters). The words NaN, Infinity and
-Infinity, which are no JSON, are taken as numbers and reported.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from logger2.identity import Scalar
from plotter2.child import reader_codes as codes
from plotter2.child.reader_columns import NoRow, ReadTable, as_float
from plotter2.child.reader_limits import DEPTH, ReadingLimits, checked_names
from plotter2.child.reader_rows import Rows
from plotter2.child.reader_text import checked_text
from plotter2.errors import DataError

_PARAM_CHARACTERS = 1_000
MOST_BAD_LINES = 1_000
MOST_BAD_BYTES = 16 << 20
"""Of lines that are no rows, in a file that is read without them."""
_VECTOR = 64
"""The longest list of numbers that becomes columns; longer and other lists are kept as JSON text."""


class _Trouble(ValueError):
    """What is wrong with one value: code, what, and how to mend it."""

    def __init__(self, code: str, what: str, remedy: str) -> None:
        super().__init__(what)
        self.code = code
        self.what = what
        self.remedy = remedy


def read_lines(data: bytes, where: str, limits: ReadingLimits) -> ReadTable:
    """Read JSON lines: one object per line, blank lines are passed over.

    A last line without line end that is no JSON is left out and counted. Other lines that are no rows are
    given beside the table, as long as they are fewer than its rows: then the file is what it seems to be, and a few
    lines of it are damaged.

    Raises DataError: P2-D0840..0843 (no text), P2-D0846 (no JSON), P2-D0852 (no object), P2-D0853 (a key twice),
    P2-D0847..0850 (limits), P2-D0854 (names); the message names the line.
    """
    text = checked_text(data, where)
    table = Rows(where, limits)
    bad = _BadLines(where)
    torn = 0
    for number, (line, is_whole) in enumerate(_lines(text), start=1):
        if not line.strip():
            continue
        try:
            table.add(_flat_object(_parsed(line, limits), "/"))
        except _Trouble as trouble:
            if trouble.code == codes.BAD_JSON and not is_whole and number > 1:
                torn = len(line)
                break
            bad.add(trouble, NoRow(number, line, trouble.code, trouble.what))
    bad.check(table.rows)
    return table.finished(torn, bad.lines)


class _BadLines:
    """The lines of a file that are no rows; at some number the whole file is refused with the first of them."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._first: DataError | None = None
        self.lines: list[NoRow] = []
        self._bytes = 0

    def add(self, trouble: _Trouble, line: NoRow) -> None:
        """Take one. Raises DataError when it cannot be left out."""
        error = DataError(
            trouble.code,
            f"{self._where}, line {line.line}: {trouble.what}",
            where=f"{self._where}:{line.line}",
            help=trouble.remedy,
        )
        self._first = self._first or error
        self.lines.append(line)
        self._bytes += len(line.content)
        if line.code == codes.TEXT_TOO_LONG:
            raise error
        if len(self.lines) > MOST_BAD_LINES or self._bytes > MOST_BAD_BYTES:
            raise self._first

    def check(self, rows: int) -> None:
        """Raise DataError for a file in which the rows are not more than the other lines."""
        if self._first is not None and rows <= len(self.lines):
            raise self._first


@dataclass(frozen=True, slots=True)
class ReadParams:
    """Parameters as they were read, and why others are left out."""

    params: dict[str, Scalar]
    left_out: dict[str, str]


def read_params(data: bytes, where: str, limits: ReadingLimits) -> ReadParams:
    """Read one JSON object as parameters; lists become their JSON text, long texts are left out.

    Raises DataError: P2-D0855 (no object), P2-D0853, P2-D0848..0850, P2-D0840..0843.
    """
    text = checked_text(data, where)
    try:
        found = dict(_flat_pairs(_parsed(text, limits), ".", vectors=False))
    except _Trouble as trouble:
        code = codes.BAD_PARAMS if trouble.code in _NO_OBJECT else trouble.code
        raise DataError(
            code, f"{where}: {trouble.what}", where=where, help=trouble.remedy
        ) from None
    if found:
        checked_names(tuple(found), where, limits)
    long = {
        name: f"a text of {len(value)} characters"
        for name, value in found.items()
        if isinstance(value, str) and len(value) > _PARAM_CHARACTERS
    }
    params = {name: _bounded(value) for name, value in found.items() if name not in long}
    return ReadParams(params, long)


def _bounded(value: Scalar) -> Scalar:
    if type(value) is int and not -(2**63) <= value < 2**63:
        return as_float(value)
    return value


def _lines(text: bytes) -> Iterator[tuple[bytes, bool]]:
    """Give each line and whether its line end is there."""
    start = 0
    while start < len(text):
        end = text.find(b"\n", start)
        if end < 0:
            yield text[start:], False
            return
        yield text[start:end], True
        start = end + 1


# ------------------------------------------------------------ one value
def _parsed(line: bytes, limits: ReadingLimits) -> Any:
    if len(line) > limits.text_bytes:
        what = f"it has {len(line)} bytes; the limit for one line is {limits.text_bytes}"
        raise _Trouble(codes.TEXT_TOO_LONG, what, "keep long arrays in files of their own")
    hook = _object if b"\\u" not in line else _whole_object
    try:
        return json.loads(line, object_pairs_hook=hook)
    except RecursionError:
        raise _too_deep() from None
    except _Trouble:
        raise
    except ValueError as error:
        what = f"it is no JSON ({_reason(error)})"
        raise _Trouble(codes.BAD_JSON, what, "mend or remove this line") from None


def _reason(error: ValueError) -> str:
    """Say what is wrong, and where in the line: json counts lines too, and a line of a file is always its line 1."""
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg[:1].lower()}{error.msg[1:]} at character {error.pos + 1}"
    return str(error).splitlines()[0]


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for place, name in enumerate(names) if name in names[:place])
        what = f"the key {twice!r} stands there twice"
        raise _Trouble(codes.DUPLICATE_KEY, what, "write each key once")
    return found


def _whole_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Replace halves of character pairs (`\\ud800` alone), which no text may hold."""
    return _object([(key, _whole(value)) for key, value in pairs])


def _whole(value: Any) -> Any:
    if type(value) is str:
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return [_whole(cell) for cell in value] if type(value) is list else value


def _flat_object(value: Any, joint: str) -> dict[str, Any]:
    if type(value) is dict and not any(type(v) in (dict, list) for v in value.values()):
        return value
    return dict(_flat_pairs(value, joint, vectors=True))


def _flat_pairs(value: Any, joint: str, *, vectors: bool) -> Iterator[tuple[str, Any]]:
    if type(value) is not dict:
        what = f"it is {_KINDS.get(type(value), 'a value')}, not an object"
        raise _Trouble(codes.NOT_AN_OBJECT, what, 'write one object per line: {"name": value}')
    seen: set[str] = set()
    for name, cell in _walk(value, joint, "", 1, vectors):
        if name in seen:
            what = f"two keys give the name {name!r}"
            raise _Trouble(codes.DUPLICATE_KEY, what, "write each key once")
        seen.add(name)
        yield name, cell


def _walk(
    value: dict[str, Any], joint: str, before: str, depth: int, vectors: bool
) -> Iterator[tuple[str, Any]]:
    if depth > DEPTH:
        raise _too_deep()
    for key, cell in value.items():
        name = before + key
        if type(cell) is dict:
            yield from _walk(cell, joint, name + joint, depth + 1, vectors)
        elif type(cell) is list:
            yield from _cells_of_list(name, cell, vectors)
        else:
            yield name, cell


def _cells_of_list(name: str, cells: list[Any], vectors: bool) -> Iterator[tuple[str, Any]]:
    short = vectors and 0 < len(cells) <= _VECTOR
    if short and all(type(cell) in (int, float) for cell in cells):
        yield from ((f"{name}_{place}", cell) for place, cell in enumerate(cells))
    else:
        yield name, json.dumps(cells, separators=(",", ":"))


def _too_deep() -> _Trouble:
    what = f"its objects are nested more than {DEPTH} deep"
    return _Trouble(codes.TOO_DEEP, what, "write flatter objects")


_KINDS: dict[type, str] = {
    list: "a list", str: "text", int: "a number", float: "a number", bool: "true or false",
    type(None): "null",
}  # fmt: skip
_NO_OBJECT = frozenset({codes.BAD_JSON, codes.NOT_AN_OBJECT})
