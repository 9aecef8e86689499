"""Tables in terminal windows of any width: what does not fit is folded or named, never cut off."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plotter2.cli import tables
from plotter2.cli.tables import drawn_table, fitting, needed, shared_out

_HEAD = ["id", "state", "what", "tries", "key"]
_cells = st.text("ab c", max_size=40)
_rows = st.lists(st.lists(_cells, min_size=5, max_size=5), max_size=4)


@given(_rows, st.integers(10, 200))
def test_widths_never_exceed_the_window_nor_what_a_column_holds(
    rows: list[list[str]], width: int
) -> None:
    columns = fitting(_HEAD, rows, width, ["key", "tries"])
    widths = shared_out(columns, width)
    assert {"id", "state", "what"} <= {column.title for column in columns}
    if needed(columns) <= width:
        assert sum(widths.values()) + 2 * (len(columns) - 1) <= width
        for column in columns:
            assert column.least <= widths[column.place] <= column.most
    else:
        assert widths == {}
        assert [column.title for column in columns] == ["id", "state", "what"]


@pytest.mark.parametrize("width", [24, 60, 80, 200])
def test_of_what_is_shown_every_character_is_there(
    monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setattr(tables, "shows_colours", lambda _: True)
    monkeypatch.setenv("COLUMNS", str(width))
    row = ["0123456789ABCDEFGHIJKLMNOP", "failed", "a path/of some/words here", "3", "k" * 72]
    _, coloured = drawn_table(_HEAD, [row], spare=["key", "tries"])
    drawn = re.sub(r"\x1b\[\d*m", "", coloured)
    letters = "".join(drawn.split())
    named = drawn.rpartition("(without ")[2].split(":")[0].split(", ")
    assert max(map(len, drawn.splitlines()[:-1])) <= width
    for title, cell in zip(_HEAD, row, strict=True):
        if title in named:
            continue
        missing = [letter for letter in cell.replace(" ", "") if letter not in letters]
        assert not missing, title
    assert ("key" in named) is (width <= 80)
    assert row[0] in drawn or width == 24
