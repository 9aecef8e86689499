"""A table that a run shows, as text for a terminal or a notebook."""

from __future__ import annotations

from plotter2.wire.messages import TableShown

_NUMERIC = ("int", "number", "time")
_MISSING = "·"


def table_text(shown: TableShown) -> str:
    """Give the rows in aligned columns under their names and types, and what is not shown."""
    names = [name for name, _ in shown.columns]
    kinds = [kind for _, kind in shown.columns]
    rows = [[_MISSING if value is None else value for value in row] for row in shown.first]
    cells = [names, kinds, *rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(names))]
    right = [kind.startswith(_NUMERIC) for kind in kinds]
    lines = [_line(row, widths, right) for row in cells]
    return "\n".join([*lines, _rest(shown)])


def _line(row: list[str], widths: list[int], right: list[bool]) -> str:
    padded = (
        cell.rjust(width) if at_right else cell.ljust(width)
        for cell, width, at_right in zip(row, widths, right, strict=True)
    )
    return "  ".join(padded).rstrip()


def _rest(shown: TableShown) -> str:
    told = f"{len(shown.first):,} of {shown.rows:,} rows" if shown.rows else "no rows"
    if len(shown.first) == shown.rows and shown.rows:
        told = f"{shown.rows:,} row{'s' if shown.rows != 1 else ''}"
    more = f"; {shown.hidden:,} more columns" if shown.hidden else ""
    return f"({told}{more})"
