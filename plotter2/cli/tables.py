"""Tables and trees for people: drawn by rich on a terminal, plain aligned columns in a pipe."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from plotter2.cli.answer import shows_colours
from plotter2.printable import printable, table

_MOST_DRAWN = 2_000
"""Longer tables are printed plainly: nobody reads them on a screen, and drawing them takes long."""
_YIELDING = ("params", "why", "what", "pictures")
"""Columns that are folded where a window is narrow; names and ids are copied, so they stay whole."""
_LEAST = 16
"""Characters that a folded column has at least: narrower ones cannot be read."""
_LEFT_OUT = ("params", "tables", "added", "rows", "since", "size")
"""Columns that a narrow window goes without, the first one first; `--json` and a pipe tell everything."""


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
    cells = [[printable(cell) for cell in row] for row in rows]
    widths = _least_widths(head, cells)
    places = _shown_in(_window(), head, widths)
    is_tight = _taken(widths[place] for place in places) > _window()
    for place in places:
        drawn.add_column(
            head[place],
            justify="right" if head[place] in numbers else "left",
            no_wrap=head[place] not in _YIELDING and not is_tight,
            min_width=None if is_tight else widths[place],
            overflow="fold",
        )
    for row in cells:
        drawn.add_row(*(Text(row[place]) for place in places))
    gone = [title for place, title in enumerate(head) if place not in places]
    told = f"\n(without {', '.join(gone)}: the window is narrow)" if gone else ""
    return plain, _on_terminal(drawn) + told


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


def _least_widths(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[int]:
    """Give what each column needs at least: those that can be folded little, the others all they hold."""
    from rich.cells import cell_len

    whole = [max(map(cell_len, column)) for column in zip(head, *rows, strict=True)]
    return [
        min(width, _LEAST) if title in _YIELDING else width
        for title, width in zip(head, whole, strict=True)
    ]


def _shown_in(window: int, head: Sequence[str], widths: Sequence[int]) -> list[int]:
    """Give the places of the columns that a window has room for."""
    places = list(range(len(head)))
    for title in _LEFT_OUT:
        if _taken(widths[place] for place in places) <= window:
            break
        places = [place for place in places if head[place] != title]
    return places


def _taken(widths: Iterable[int]) -> int:
    """Give the width of a table with such columns, and what is between them."""
    return sum(width + 2 for width in widths) - 1


def _window() -> int:
    from rich.console import Console

    return Console().width


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

    console = Console(file=io.StringIO(), force_terminal=True, width=_window(), highlight=False)
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
