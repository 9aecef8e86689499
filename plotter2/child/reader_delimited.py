"""CSV and TSV: separator and header are found out, every line must have the same number of fields.

Thousands separators and units glued to numbers are left alone: such a column is text.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from plotter2.child import reader_codes as codes
from plotter2.child.reader_columns import NULL_TOKENS, ReadTable, bare, from_texts
from plotter2.child.reader_limits import ReadingLimits, checked_names
from plotter2.child.reader_text import checked_text
from plotter2.errors import DataError
from plotter2.printable import one_line

SEPARATORS = (",", ";", "\t", "|")
_SNIFFED_LINES = 50
_SNIFFED_BYTES = 1 << 18
_HEADER_BYTES = 1 << 20
_QUOTED_ROWS = 50_000
_SHORT_BYTES = 4_096
_SCANNED_BYTES = 1 << 25
_NUMBER = re.compile(
    r"[+-]?(\d+\.?\d*([eE][+-]?\d+)?|\.\d+([eE][+-]?\d+)?|inf|infinity|nan)\Z", re.I
)
_SHOWN_COMMENT = 300


@dataclass(frozen=True, slots=True)
class _Shape:
    """How the file is laid out: where the rows begin, what separates fields, what columns are called."""

    separator: str
    names: tuple[str, ...]
    body: bytes
    first_line: int
    """Number of the body's first line in the file."""
    has_header: bool


def read_delimited(
    data: bytes, where: str, limits: ReadingLimits, separators: Sequence[str]
) -> ReadTable:
    """Read a CSV or TSV file.

    Raises DataError: P2-D0840..0843 (no text), P2-D0844 (ragged; names line and counts), P2-D0845,
    P2-D0851 (quotation marks), P2-D0847..0849 (limits), P2-D0854 (names).
    """
    text = checked_text(data, where).replace(b"\r", b"\n")
    comments, text, skipped_lines = _without_comments(text)
    if not text.strip():
        raise DataError(
            codes.EMPTY, f"{where} holds only comments", where=where,
            help="check whether the program that writes it has run; then add it again",
        )  # fmt: skip
    shape = _shape(text, where, limits, separators, comments, skipped_lines)
    body, torn, notes = _without_torn_line(shape)
    texts = (_quoted if b'"' in body else _plain)(body, shape, where, limits)
    columns = tuple(map(from_texts, shape.names, texts))
    notes = [*_told_comments(comments), *notes]
    if not shape.has_header:
        notes.append(f"no header row: the columns are called {shape.names[0]} to {shape.names[-1]}")
    notes += [note for column in columns for note in column.notes]
    return ReadTable(where, len(texts[0]), columns, torn, tuple(notes))


# ------------------------------------------------------------ layout
def _without_comments(text: bytes) -> tuple[list[str], bytes, int]:
    comments: list[str] = []
    skipped = 0
    while text.startswith((b"#", b"\n")):
        line, _, text = text.partition(b"\n")
        skipped += 1
        if line:
            comments.append(line.decode())
    return comments, text, skipped


def _told_comments(comments: Sequence[str]) -> list[str]:
    return [f"comment line skipped: {line[:_SHOWN_COMMENT]}" for line in comments]


def _shape(
    text: bytes, where: str, limits: ReadingLimits, separators: Sequence[str], comments: list[str],
    skipped: int,
) -> _Shape:  # fmt: skip
    sample = _sample(text, where, limits)
    csv.field_size_limit(max(sum(map(len, sample)), _HEADER_BYTES) + 1)
    separator = _separator(sample, separators)
    rows = list(csv.reader(sample, delimiter=separator))
    rows = [row for row in rows if row]
    first = [field.strip() for field in rows[0]]
    has_header = _is_header(first, [f.strip() for f in rows[1]] if len(rows) > 1 else None)
    if not has_header:
        names = _names_in_comment(comments, separator, len(first))
        names = names or [f"c{place}" for place in range(len(first))]
        named = names[0] != "c0"
        return _Shape(
            separator, checked_names(names, where, limits), text, skipped + 1, has_header=named
        )
    names = [" ".join(name.split()) or f"c{place}" for place, name in enumerate(first)]
    consumed = _bytes_of_first_row(text, separator)
    first_line = skipped + 1 + text.count(b"\n", 0, consumed)
    return _Shape(
        separator, checked_names(names, where, limits), text[consumed:], first_line, has_header=True
    )


def _sample(text: bytes, where: str, limits: ReadingLimits) -> list[str]:
    end = text.rfind(b"\n", 0, _SNIFFED_BYTES)
    if end < 0:
        end = text.find(b"\n")
    piece = text[: end + 1 if end >= 0 else len(text)]
    if len(piece) > max(limits.text_bytes, _SNIFFED_BYTES):
        raise limits.text_too_long(where, "its first line", len(piece))
    return [line + "\n" for line in piece.decode().split("\n") if line][:_SNIFFED_LINES]


def _separator(sample: Sequence[str], separators: Sequence[str]) -> str:
    """The separator that splits all lines alike; of several the one that gives most fields."""
    best = (False, 0, 0)
    chosen = separators[0]
    for place, separator in enumerate(separators):
        widths = [len(row) for row in csv.reader(sample, delimiter=separator) if row]
        alike = widths[0] > 1 and len(set(widths[:-1] or widths)) == 1
        rank = (alike, widths[0], -place)
        if rank > best and widths[0] > 1:
            best, chosen = rank, separator
    return chosen


def _is_header(first: Sequence[str], second: Sequence[str] | None) -> bool:
    filled = [field for field in first if field not in NULL_TOKENS]
    numbers = [field for field in filled if _NUMBER.match(field)]
    if not numbers:
        return bool(filled)
    if len(numbers) == len(filled) or second is None:
        return False
    pairs = zip(first, second, strict=False)
    return any(_NUMBER.match(b) and a and not _NUMBER.match(a) for a, b in pairs)


def _names_in_comment(comments: Sequence[str], separator: str, width: int) -> list[str]:
    """Gnuplot and numpy.savetxt write the names into the last comment line."""
    if not comments or comments[-1].startswith("#{"):
        return []
    line = comments[-1].lstrip("# ")
    names = [name.strip() for name in line.split(separator)]
    usable = len(names) == width and all(names) and not any(map(_NUMBER.match, names))
    return names if usable else []


def _bytes_of_first_row(text: bytes, separator: str) -> int:
    lines = io.StringIO(text[:_HEADER_BYTES].decode(errors="ignore"), newline="\n")
    reader = csv.reader(lines, delimiter=separator)
    while not next(reader):
        pass
    position = 0
    for _ in range(reader.line_num):
        position = text.find(b"\n", position) + 1 or len(text)
    return position


def _without_torn_line(shape: _Shape) -> tuple[bytes, int, list[str]]:
    """Cut a last line that has no line end and too few fields: its writer was stopped."""
    body = shape.body
    if not body or body.endswith(b"\n"):
        return body, 0, []
    start = body.rfind(b"\n") + 1
    last = body[start:]
    fields = last.count(shape.separator.encode()) + 1
    odd = last.count(b'"') % 2 == 1
    if start and (fields < len(shape.names) or odd):
        return body[:start], len(last), [f"torn last line: {len(last)} bytes are left out"]
    return body + b"\n", 0, ["the last line has no line end; its last value may be cut short"]


# ------------------------------------------------------------ fields
def _plain(body: bytes, shape: _Shape, where: str, limits: ReadingLimits) -> list[pl.Series]:
    """Split a body without quotation marks, after every line was counted."""
    rows, blank, longest = _count_fields(body, shape, where)
    limits.check_rows(rows, where)
    width = len(shape.names)
    if rows == 0:
        return [pl.Series([], dtype=pl.String) for _ in range(width)]
    if blank:
        body = re.sub(rb"\n{2,}", b"\n", body).lstrip(b"\n")
    split = split_by_hand if len(body) <= _SHORT_BYTES else split_by_polars
    columns = split(body, shape.separator, width)
    assert {len(column) for column in columns} == {rows}, "every line was counted before"
    if longest > limits.text_bytes:
        _check_texts(columns, shape.names, where, limits)
    return [bare(column) for column in columns] if _has_space(body, shape.separator) else columns


def split_by_polars(body: bytes, separator: str, width: int) -> list[pl.Series]:
    """Give the fields of whole lines without quotation marks, column by column, null for those that mean: no value."""
    frame = pl.read_csv(
        body,
        has_header=False,
        separator=separator,
        quote_char=None,
        infer_schema=False,
        null_values=list(NULL_TOKENS),
        new_columns=[f"c{place}" for place in range(width)],
    )
    return frame.get_columns()


def split_by_hand(body: bytes, separator: str, width: int) -> list[pl.Series]:
    """Do what `split_by_polars` does; for a few lines in a tenth of the time that a query takes."""
    lines = body.removeprefix(codecs.BOM_UTF8).decode().split("\n")[:-1]  # polars drops it too
    fields = [
        [None if text in NULL_TOKENS else text for text in line.split(separator)] for line in lines
    ]
    return [
        pl.Series(f"c{place}", [row[place] for row in fields], dtype=pl.String)
        for place in range(width)
    ]


def _has_space(body: bytes, separator: str) -> bool:
    spaces = (b" ", b"\t", b"\v", b"\f")
    return not body.isascii() or any(s in body for s in spaces if s != separator.encode())


def _check_texts(
    columns: Sequence[pl.Series], names: Sequence[str], where: str, limits: ReadingLimits
) -> None:
    for name, column in zip(names, columns, strict=True):
        longest = column.str.len_bytes().max()
        if isinstance(longest, int) and longest > limits.text_bytes:
            raise limits.text_too_long(where, f"a value of column {name!r}", longest)


def _count_fields(body: bytes, shape: _Shape, where: str) -> tuple[int, int, int]:
    """Give the numbers of rows, of blank lines, and of bytes in the longest line.

    Raises DataError (P2-D0844) at a line of another width.
    """
    rows = blank = longest = 0
    for start, piece in _pieces(body):
        codes_of = np.frombuffer(piece, dtype=np.uint8)
        ends = np.flatnonzero(codes_of == ord("\n"))
        separators = np.flatnonzero(codes_of == ord(shape.separator))
        widths = np.diff(np.searchsorted(separators, ends), prepend=0) + 1
        lengths = np.diff(ends, prepend=-1)
        is_blank = lengths == 1
        wrong = np.flatnonzero((widths != len(shape.names)) & ~is_blank)
        if len(wrong):
            line = body.count(b"\n", 0, start) + int(wrong[0])
            raise _ragged(where, shape, shape.first_line + line, int(widths[wrong[0]]))
        rows += len(ends) - int(is_blank.sum())
        blank += int(is_blank.sum())
        longest = max(longest, int(lengths.max()))
    return rows, blank, longest


def _pieces(body: bytes) -> Iterator[tuple[int, memoryview]]:
    view = memoryview(body)
    start = 0
    while start < len(body):
        end = body.rfind(b"\n", start, start + _SCANNED_BYTES) + 1
        end = end or body.find(b"\n", start) + 1
        yield start, view[start:end]
        start = end


def _quoted(body: bytes, shape: _Shape, where: str, limits: ReadingLimits) -> list[pl.Series]:
    csv.field_size_limit(limits.text_bytes)
    lines = io.TextIOWrapper(io.BytesIO(body), encoding="utf-8", newline="")
    reader = csv.reader(lines, delimiter=shape.separator, strict=True)
    pieces: list[list[pl.Series]] = [[] for _ in shape.names]
    block: list[list[str]] = []
    rows = 0
    try:
        for row in reader:
            if not row:
                continue
            if len(row) != len(shape.names):
                raise _ragged(where, shape, shape.first_line + reader.line_num - 1, len(row))
            block.append(row)
            if len(block) == _QUOTED_ROWS:
                rows += len(block)
                limits.check_rows(rows, where)
                _take(block, pieces)
    except csv.Error as error:
        raise _bad_quotes(error, where, shape.first_line + reader.line_num - 1, limits) from None
    limits.check_rows(rows + len(block), where)
    _take(block, pieces)
    return [bare(pl.concat(piece)) for piece in pieces]


def _take(block: list[list[str]], pieces: list[list[pl.Series]]) -> None:
    fields = zip(*block, strict=True) if block else [()] * len(pieces)
    for piece, values in zip(pieces, fields, strict=True):
        piece.append(pl.Series(values, dtype=pl.String))
    block.clear()


def _ragged(where: str, shape: _Shape, line: int, width: int) -> DataError:
    expected = "the header" if shape.has_header else "the first line"
    return DataError(
        codes.RAGGED,
        f"{where}, line {line}: {width} {'field' if width == 1 else 'fields'} where {expected} has {len(shape.names)}",
        where=f"{where}:{line}",
        help="mend this line, or write fields that hold the separator in quotation marks",
    )


def _bad_quotes(error: csv.Error, where: str, line: int, limits: ReadingLimits) -> DataError:
    if "field larger" in str(error):
        return limits.text_too_long(where, f"a value in line {line}", limits.text_bytes + 1)
    return DataError(
        codes.BAD_QUOTES,
        f"{where}, line {line}: the quotation marks do not match ({one_line(str(error))})",
        where=f"{where}:{line}",
        help='close the quotation mark; inside a quoted field write " as ""',
    )
