"""`| show` tells the first rows of a table in one small message, and people read it as a table."""

from __future__ import annotations

import polars as pl
import pytest

from plotter2.runs.showing import table_text
from plotter2.wire.codec import encode
from plotter2.wire.messages import MESSAGE_LIMIT, TableShown
from running_programs import Part, run_script

ROWS = pl.DataFrame(
    {
        "run": ["a", "b", None],
        "step": [1, 20, 300],
        "reward": [0.123456789, None, 1e-9],
        "good": [True, False, None],
    }
)


def shown_by(script: str, rows: pl.DataFrame) -> TableShown:
    channel = run_script(f"p2 1 {script}", {"run": [Part(rows)]})
    (message,) = (m for m in channel.messages if isinstance(m, TableShown))
    return message


def test_rows_are_shown_with_types_and_missing_values() -> None:
    message = shown_by('access("run") | show', ROWS)
    assert table_text(message).splitlines() == [
        "run      step    reward  good",
        "string?   int   number?  bool?",
        "a           1  0.123457  true",
        "b          20         ·  false",
        "·         300     1e-09  ·",
        "(3 rows)",
    ]


def test_only_the_first_rows_are_shown_and_the_rest_is_counted() -> None:
    message = shown_by('access("run") | show(rows=2)', ROWS)
    assert table_text(message).splitlines()[-1] == "(2 of 3 rows)"
    assert len(message.first) == 2


def test_an_empty_table_is_shown_as_its_columns() -> None:
    message = shown_by('access("run") | filter(step > 1_000) | show', ROWS)
    assert table_text(message).splitlines()[-1] == "(no rows)"
    assert [name for name, _ in message.columns] == ["run", "step", "reward", "good"]


@pytest.mark.parametrize("letter", ["x", "é", "漢", "😀"])
def test_the_widest_table_fits_into_a_message(letter: str) -> None:
    wide = pl.DataFrame({f"{letter * 30}{i}": [letter * 100] * 60 for i in range(40)})
    message = shown_by('access("run") | show(rows=50)', wide)
    assert len(encode(message)) < MESSAGE_LIMIT
    assert message.hidden == 16
    assert all(len(value or "") <= 32 for row in message.first for value in row)
