"""Text for terminals: foreign text made safe to print, so that nothing in it can command a terminal or hide from a
reader; counted words; aligned columns.
"""

from __future__ import annotations

from collections.abc import Sequence

_KEPT = frozenset("\n\t")
_LONGEST_SAID = 200


def printable(text: str) -> str:
    """Give `text` with U+FFFD for each character that has no shape of its own: controls, surrogates, bidi marks."""
    if all(line.isprintable() for line in text.split("\n")):
        return text
    return "".join(
        c if c.isprintable() or c in _KEPT else "\N{REPLACEMENT CHARACTER}" for c in text
    )


def one_line(text: str, longest: int = 500) -> str:
    """Give `text` safe to print, in one line and not longer than a person would read."""
    line = " ".join(printable(text[: 2 * longest]).split())
    return line if len(line) <= longest else f"{line[:longest]}..."


def with_bars(text: str) -> str:
    """Give `text` safe to print, a bar before each line: it ends where the bars end, whatever it says."""
    return "\n".join(f"  | {line}" for line in printable(text).splitlines())


def first_line(text: str) -> str:
    """Give the first line of what a library says of an error, and not too much of it; empty when it says nothing."""
    return next(iter(text.splitlines()), "")[:_LONGEST_SAID]


def shortened(text: str, longest: int = 80) -> str:
    """Give a name not longer than a line holds: its beginning and its end, an ellipsis between them."""
    if len(text) <= longest:
        return text
    end = longest // 3
    return f"{text[: longest - end - 1]}\N{HORIZONTAL ELLIPSIS}{text[-end:]}"


def count(number: int, one: str, several: str) -> str:
    """Give `2 errors`; empty for none."""
    return f"{number} {one if number == 1 else several}" if number else ""


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Give rows as text in aligned columns, the head above them."""
    widths = [max(len(cell) for cell in column) for column in zip(head, *rows, strict=True)]
    lines = (
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (head, *rows)
    )
    return "\n".join(lines)
