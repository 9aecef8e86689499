"""Tables and trees for people: drawn by rich on a terminal, plain aligned columns in a pipe."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from plotter2.cli.answer import shows_colours
from plotter2.printable import printable, table

_MOST_DRAWN = 2_000
"""Longer tables are printed plainly: nobody reads them on a screen, and drawing them takes long."""
_YIELDING = ("params", "why", "what", "pictures")
"""Columns that are folded where a window is narrow; names and ids are copied, so they stay whole."""


@dataclass(frozen=True, slots=True)
class Branch:
    """A line of a tree and what hangs below it."""

    label: str
    detail: str
    below: list[Branch]


def drawn_table(
    head: Sequence[str], rows: Sequence[Sequence[str]], numbers: Sequence[str] = ()
) -> tuple[str, str]:
    """Give a table as plain text, and as a terminal shows it ("" when nobody will see it so).

    The columns named in `numbers` stand at the right.
    """
    plain = table(head, rows)
    if len(rows) > _MOST_DRAWN or not shows_colours(sys.stdout):
        return plain, ""
    from rich import box  # 60 ms, and only a table on a terminal needs it
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))
    for title in head:
        drawn.add_column(
            title,
            justify="right" if title in numbers else "left",
            no_wrap=title not in _YIELDING,
            overflow="fold",
        )
    for row in rows:
        drawn.add_row(*(Text(printable(cell)) for cell in row))
    return plain, _on_terminal(drawn)


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


def size(number: int) -> str:
    """Give a number of bytes in a unit that people read: `3.1 MB`."""
    amount = float(number)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"
