"""The first rows of a table as short texts, small enough for one message."""

from __future__ import annotations

from typing import Any

from p2std.kernels.effects import Show
from plotter2.wire.messages import SHOWN_COLUMNS, SHOWN_LENGTH, TableShown

_DIGITS = 6
_MOST_BYTES = 40
"""Of one value: 50 rows of 24 of them fit into a message, whatever the alphabet."""


def shown(table: Show) -> TableShown:
    """Give the message that shows a table; what is cut off ends in an ellipsis."""
    names = table.first.columns[:SHOWN_COLUMNS]
    return TableShown(
        columns=[(_short(n), _short(t)) for n, t in zip(names, table.types, strict=False)],
        first=[[_text(value) for value in row] for row in table.first.select(names).iter_rows()],
        rows=table.total,
        hidden=len(table.first.columns) - len(names),
    )


def _text(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.{_DIGITS}g}"
    return _short(str(value))


def _short(text: str) -> str:
    if len(text) <= SHOWN_LENGTH and len(text.encode()) <= _MOST_BYTES:
        return text
    fits = text.encode()[: _MOST_BYTES - 3].decode(errors="ignore")
    return f"{fits[: SHOWN_LENGTH - 1]}…"
