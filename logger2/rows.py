"""One segment's bytes to schemas, rows, blobs and events; trusts nothing and stops at the first bad line.

Pure: it is given bytes or lines and touches no file. Rows come in column form. What stands after the last trustworthy
byte is skipped, counted and explained in the `Ending`; rows whose checkpoint does not match are not given.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NoReturn
from zlib import crc32

from logger2.encoding import INTEGER_CODES, MAX_LINE
from logger2.identity import Scalar
from logger2.records import BadLine, Ending, Item, Rows, RowSchema, read_record

MAX_ROWS = 50_000_000
BLOCK_ROWS = 8192
_NON_FINITE = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


def read_segment(source: bytes | Iterable[bytes]) -> Iterator[Item]:
    """Give what a segment holds; the source is its bytes, or its lines with their line ends."""
    data = source if isinstance(source, bytes) else b"".join(source)
    lines = data.split(b"\n")
    tail = lines.pop()
    reader = _Reader()
    why = f"the last line is torn: {len(tail)} bytes without a line end" if tail else ""
    try:
        for line in lines:
            reader.take(line)
            if reader.ready:
                yield from reader.ready
                reader.ready.clear()
        reader.flush()
    except BadLine as error:
        why = f"line {reader.lines + 1}: {error}"
    yield from reader.ready
    yield from reader.unproven
    yield Ending(reader.how, reader.rows, len(data) - reader.good, why)


class _Reader:
    """The state of reading; `good` counts accepted bytes, `unproven` waits for a checkpoint."""

    def __init__(self) -> None:
        self.ready: list[Item] = []
        self.unproven: list[Item] = []
        self.rows = 0
        self.lines = 0
        self.good = 0
        self.how = ""
        self._schemas: dict[int, RowSchema] = {}
        self._block: list[bytes] = []
        self._crc = 0
        self._begun = False
        self._proven = (0, 0, 0)  # good, rows, lines at the last checkpoint that matched

    def take(self, line: bytes) -> None:
        """Take the next line; raises BadLine."""
        if line[:1] == b"[" and self._begun and not self.how:
            self._block.append(line)
            if len(self._block) >= BLOCK_ROWS:
                self.flush()
        else:
            self.flush()
            self._control(line)

    def flush(self) -> None:
        """Read the rows that have gathered; raises BadLine after accepting those before the bad one."""
        block, self._block = self._block, []
        if not block:
            return
        try:
            self._accept_rows(block, _parsed(block))
        except BadLine:
            good, reason = self._good_part(block)
            if good:
                self._accept_rows(block[: len(good)], good)
            raise BadLine(reason) from None

    def _accept_rows(self, lines: list[bytes], rows: list[list[Any]]) -> None:
        groups: dict[int, tuple[list[list[Any]], list[int]]] = {}
        try:
            for place, row in enumerate(rows, self.rows):
                group = groups.get(row[0])
                if group is None:
                    group = groups[row[0]] = ([], [])
                group[0].append(row)
                group[1].append(place)
        except (IndexError, TypeError):
            raise BadLine("a row starts with a number") from None
        if self.rows + len(rows) > MAX_ROWS:
            raise BadLine(f"a segment has at most {MAX_ROWS} rows")
        found = [self._columns(number, *group) for number, group in groups.items()]
        self.unproven += found
        self.rows += len(rows)
        self._accept(b"\n".join(lines) + b"\n", len(lines))

    def _columns(self, number: int, rows: list[list[Any]], places: list[int]) -> Rows:
        schema = self._schemas.get(number) if type(number) is int else None
        if schema is None:
            raise BadLine(f"schema {number!r:.20} was not declared")
        if set(map(len, rows)) != {len(schema.names) + 3}:
            raise BadLine(
                f"a row of schema {number} has {len(schema.names)} values after step and time"
            )
        numbers, steps, seconds, *columns = map(list, zip(*rows, strict=True))
        if set(map(type, numbers)) != {int}:  # True and 1.0 found the same schema
            raise BadLine(f"schema {number!r:.20} was not declared")
        return Rows(
            schema,
            places,
            _numbers("the step", steps),
            _numbers("the time", seconds),
            [cells(code, column) for code, column in zip(schema.codes, columns, strict=True)],
        )

    def _good_part(self, block: list[bytes]) -> tuple[list[list[Any]], str]:
        """Find the rows before the first bad one, and what is wrong with that."""
        good: list[list[Any]] = []
        for line in block:
            try:
                row = _parse_line(line)
                if not row:
                    raise BadLine("an empty row")
                self._columns(row[0], [row], [0])
            except BadLine as error:
                return good, str(error)
            good.append(row)
        return good, "rows are joined across lines"

    def _control(self, line: bytes) -> None:
        record = _parse_line(line)
        if not isinstance(record, dict):
            raise BadLine("neither a row nor a record")
        kind = next(iter(record), "")
        if self.how:
            raise BadLine("a record after the end")
        if (kind == "l2") is self._begun:
            raise BadLine(
                "a second header" if self._begun else "a segment starts with a header of format 1"
            )
        if kind == "ck":
            self._check(record, line)
            return
        item = read_record(record)
        if isinstance(item, RowSchema):
            self._declare(item)
        if isinstance(item, Ending):
            self.how = item.how
        else:
            self.unproven.append(item)
        self._begun = True
        self._accept(line + b"\n", 1)

    def _declare(self, schema: RowSchema) -> None:
        if self._schemas.setdefault(schema.number, schema) != schema:
            raise BadLine(f"schema {schema.number} is declared differently before")

    def _check(self, record: dict[str, Any], line: bytes) -> None:
        if record["ck"] != [self.rows, self._crc]:
            since = self.rows - self._proven[1]
            self.unproven.clear()
            self.good, self.rows, self.lines = self._proven
            raise BadLine(
                f"damaged before the checkpoint; {since} rows since the checkpoint before it are not given"
            )
        self._accept(line + b"\n", 1)
        self.ready += self.unproven
        self.unproven.clear()
        self._proven = (self.good, self.rows, self.lines)

    def _accept(self, data: bytes, lines: int) -> None:
        self._crc = crc32(data, self._crc)
        self.good += len(data)
        self.lines += lines


# ---- lines to values ------------------------------------------------------------------------


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is not JSON")


def _quick_loads() -> Callable[[bytes], Any] | None:
    try:
        from orjson import loads
    except ImportError:
        return None
    return loads


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)
_LOADS = _quick_loads()


def _parse_line(line: bytes) -> Any:
    if len(line) > MAX_LINE:
        raise BadLine(f"the line is longer than {MAX_LINE} bytes")
    try:
        return _LOADS(line) if _LOADS is not None else _DECODER.decode(line.decode())
    except (ValueError, RecursionError):
        raise BadLine("not JSON") from None


def _parsed(lines: list[bytes]) -> list[Any]:
    """Parse lines of rows; without orjson many at once, unless text could hide a line end."""
    if max(map(len, lines)) > MAX_LINE:
        raise BadLine("a line is too long")
    try:
        if (loads := _LOADS) is not None:
            return [loads(line) for line in lines]
        text = b",".join(lines).decode()
        if '"' in text:
            decode = _DECODER.decode
            return [decode(line.decode()) for line in lines]
        rows: list[Any] = _DECODER.decode(f"[{text}]")
    except (ValueError, RecursionError):
        raise BadLine("not JSON") from None
    if len(rows) != len(lines):
        raise BadLine("rows are joined across lines")
    return rows


def cells(code: str, values: list[Any]) -> list[Scalar]:
    """Give the values of a column as its code says: numbers as numbers, "nan" and "inf" as floats; raises BadLine."""
    kinds = set(map(type, values))
    kinds.discard(type(None))
    if code == "str" or code == "b1":
        if not kinds <= {str if code == "str" else bool}:
            raise BadLine(f"a value does not fit its column's kind {code!r}")
        return values
    if kinds <= {float}:
        return values
    if not kinds <= {float, int, bool, str}:
        raise BadLine("a number is expected")
    if code in INTEGER_CODES and kinds <= {int, bool} and _fit(values):
        return [int(v) if type(v) is bool else v for v in values] if bool in kinds else values
    try:
        return [
            None if v is None else (_NON_FINITE[v] if type(v) is str else float(v)) for v in values
        ]
    except KeyError:
        raise BadLine("text where a number is expected") from None
    except OverflowError:
        raise BadLine("a number is too large") from None


def _fit(values: list[Any]) -> bool:
    """Tell whether whole numbers fit into 64 bits; beyond that they are given as floats."""
    present = values if None not in values else [value for value in values if value is not None]
    return not present or (min(present) >= -(2**63) and max(present) < 2**63)


def _numbers(what: str, values: list[Any]) -> list[float]:
    if not set(map(type, values)) <= {int, float} or not (
        -math.inf < min(values) and max(values) < math.inf
    ):
        raise BadLine(f"{what} is a finite number")
    return values
