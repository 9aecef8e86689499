"""Tables and trees for people: drawn by rich on a terminal, plain aligned columns in a pipe."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from plotter2.cli.answer import shows_colours
from plotter2.datter.holdings import Held
from plotter2.printable import count, printable, shortened, table

_MOST_DRAWN = 2_000
"""Longer tables are printed plainly: nobody reads them on a screen, and drawing them takes long."""
_YIELDING = frozenset((
    "params", "why", "what", "pictures", "address", "behind by", "key", "link", "from", "asks for", "after", "runs on",
))  # fmt: skip
"""Columns that are folded where a window is narrow; names and ids are copied, so they stay whole."""
_LEAST, _LONGEST_WORD = 12, 24
"""A folded column is at least so wide, and as wide as its longest word, up to so many characters."""
_SPARE = ("params", "tables", "added", "rows", "since", "size")
"""Columns that a narrow window goes without, the first one first; `--json` and a pipe tell everything."""
_LONGEST_CELL = 100
"""A name of more characters is cut on a terminal, where nobody reads it to its end."""
_BETWEEN = 2
"""Blanks between two columns."""


@dataclass(frozen=True, slots=True)
class Branch:
    """A line of a tree and what hangs below it."""

    label: str
    detail: str
    below: list[Branch]


def drawn_table(
    head: Sequence[str],
    rows: Sequence[Sequence[str]],
    numbers: Sequence[str] = (),
    spare: Sequence[str] = _SPARE,
) -> tuple[str, str]:
    """Give a table as plain text, and as a terminal shows it ("" when nobody will see it so).

    The columns named in `numbers` stand at the right. Where a window is too narrow those named in `spare` are left out,
    one after the other, and a line below the table says so: nothing is cut off without a word.
    """
    plain = table(head, rows)
    if len(rows) > _MOST_DRAWN or not shows_colours(sys.stdout):
        return plain, ""
    from rich import box  # 60 ms, and only a table on a terminal needs it
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    width = Console().width
    rows, is_cut = _cut(head, rows)
    columns = fitting(head, rows, width, spare)
    widths = shared_out(columns, width)
    drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))
    for column in columns:
        drawn.add_column(
            column.title,
            justify="right" if column.title in numbers else "left",
            width=widths[column.place] if widths else None,
            overflow="fold",
        )
    for row in rows:
        drawn.add_row(*(Text(printable(row[column.place])) for column in columns))
    more = "\n(long names are cut: --json has them whole)" if is_cut else ""
    return plain, _on_terminal(drawn) + _left_out(head, columns) + more


def _cut(head: Sequence[str], rows: Sequence[Sequence[str]]) -> tuple[list[list[str]], bool]:
    """Give the rows with very long names cut, and whether any was; columns that are folded stay whole."""
    cut = [
        [
            cell if title in _YIELDING else shortened(cell, _LONGEST_CELL)
            for title, cell in zip(head, row, strict=True)
        ]
        for row in rows
    ]
    return cut, any(
        a != b
        for row, shown in zip(rows, cut, strict=True)
        for a, b in zip(row, shown, strict=True)
    )


@dataclass(frozen=True, slots=True)
class Column:
    """A column that is shown: its title, its place in the rows, and how narrow it may be."""

    title: str
    place: int
    least: int
    most: int


def fitting(
    head: Sequence[str], rows: Sequence[Sequence[str]], width: int, spare: Sequence[str]
) -> list[Column]:
    """Give the columns that fit into `width`: without as many of the spare ones as need be."""
    columns = [
        _column(title, place, [printable(row[place]) for row in rows])
        for place, title in enumerate(head)
    ]
    for title in spare:
        if needed(columns) > width:
            columns = [column for column in columns if column.title != title]
    return columns


def needed(columns: Sequence[Column]) -> int:
    """Give how many characters the columns take when all that yield are as narrow as they may be."""
    return sum(column.least for column in columns) + _BETWEEN * (len(columns) - 1)


def shared_out(columns: Sequence[Column], width: int) -> dict[int, int]:
    """Give each column's width by its place: the least, and then the room that is left, in equal shares.

    Empty when not even the least fits: then all columns are folded.
    """
    room = width - needed(columns)
    if room < 0:
        return {}
    widths = {column.place: column.least for column in columns}
    wanting = sorted(columns, key=lambda column: column.most - column.least)
    for number, column in enumerate(wanting):
        share = min(column.most - column.least, room // (len(wanting) - number))
        widths[column.place] += share
        room -= share
    return widths


def _column(title: str, place: int, cells: Sequence[str]) -> Column:
    from rich.cells import cell_len

    most = max(map(cell_len, (title, *cells)))
    if title not in _YIELDING:
        return Column(title, place, most, most)
    words = max((cell_len(word) for cell in cells for word in cell.split()), default=0)
    least = max(len(title), _LEAST, min(words, _LONGEST_WORD))
    return Column(title, place, min(least, most), most)


def _left_out(head: Sequence[str], columns: Sequence[Column]) -> str:
    shown = {column.title for column in columns}
    gone = [title for title in head if title not in shown]
    return f"\n(without {', '.join(gone)}: the window is narrow; --json has all)" if gone else ""


def drawn_tree(branches: Sequence[Branch]) -> tuple[str, str]:
    """Give a tree as plain text, and as a terminal shows it ("" when nobody will see it so)."""
    plain = "\n".join(line for branch in branches for line in _lines(branch, "", ""))
    if plain.count("\n") > _MOST_DRAWN or not shows_colours(sys.stdout):
        return plain, ""
    from rich.text import Text
    from rich.tree import Tree

    def grown(tree: Tree, branch: Branch) -> None:
        for each in branch.below:
            grown(tree.add(_label(each)), each)

    def _label(branch: Branch) -> Text:
        label = Text(printable(branch.label), style="bold")
        return label.append(f"  {printable(branch.detail)}" if branch.detail else "", style="dim")

    shown = []
    for branch in branches:
        tree = Tree(_label(branch), guide_style="dim")
        grown(tree, branch)
        shown.append(_on_terminal(tree))
    return plain, "\n".join(shown)


def _lines(branch: Branch, first: str, rest: str) -> list[str]:
    lines = [f"{first}{branch.label}  {branch.detail}".rstrip()]
    for each in branch.below:
        last = each is branch.below[-1]
        lines += _lines(
            each, rest + ("└── " if last else "├── "), rest + ("    " if last else "│   ")
        )
    return lines


def _on_terminal(drawn: object) -> str:
    from rich.console import Console

    console = Console(
        file=io.StringIO(), force_terminal=True, width=Console().width, highlight=False
    )
    console.print(drawn)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().rstrip("\n")


def without(
    title: str, head: Sequence[str], rows: Sequence[Sequence[str]]
) -> tuple[list[str], list[list[str]]]:
    """Give a table without one of its columns."""
    place = head.index(title)
    return [*head[:place], *head[place + 1 :]], [[*row[:place], *row[place + 1 :]] for row in rows]


def held_text(held: Held) -> str:
    """Say what a bundle keeps beside its tables: `3 files, 1.2 MB`; nothing when that is nothing."""
    numbers = (count(held.files, "file", "files"), count(held.arrays, "array", "arrays"))
    told = [number for number in numbers if number]
    return ", ".join([*told, size(held.bytes)]) if told else ""


def size(number: int) -> str:
    """Give a number of bytes in a unit that people read: `3.1 MB`."""
    amount = float(number)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"
