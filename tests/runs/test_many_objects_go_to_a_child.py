"""Large objects of the store go to a child as the files they are, as many as a job takes; the rest is copied."""

from __future__ import annotations

import io
from pathlib import Path

import polars as pl
import pytest

import plotter2
from plotter2.datter.adding import Draft
from plotter2.datter.bundle import Chunk, Column, Table
from plotter2.datter.locks import PATIENCE_S
from plotter2.datter.store import Store
from plotter2.runs import inputs
from plotter2.wire.messages import JOB_FDS_LIMIT, TableShown

pytestmark = pytest.mark.process

CHUNKS = JOB_FDS_LIMIT + 20
ROWS = 3
SCRIPT = """p2 1
access("many") | summary(total = sum(n), rows = count(), last = max(n)) | show
"""


@pytest.mark.parametrize("large", [1, 1 << 20])
def test_rows_are_the_same_however_they_are_handed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, large: int
) -> None:
    monkeypatch.setattr(inputs, "_LARGE_BYTES", large)
    root, script = tmp_path / "root", tmp_path / "many.p2"
    with Store.open(root) as store:
        fill(store)
    script.write_text(SCRIPT)
    shown: list[TableShown] = []
    with plotter2.open(root) as library:
        library.new_key("tester@here")
        library.sign(script)
        library.run(
            script, on_event=lambda e: shown.append(e) if isinstance(e, TableShown) else None
        )
    count = CHUNKS * ROWS
    assert shown[0].first == [[str(count * (count - 1) // 2), str(count), str(count - 1)]]


def fill(store: Store) -> None:
    """Store a bundle with one column of whole numbers in many small objects."""
    with store.adding() as adding:
        chunks = []
        for start in range(0, CHUNKS * ROWS, ROWS):
            file = io.BytesIO()
            pl.DataFrame({"n": range(start, start + ROWS)}).write_ipc(file)
            digest, size = adding.put(file.getvalue())
            chunks.append(Chunk(digest=digest, bytes=size, rows=ROWS))
        column = Column(name="n", kind="int", chunks=tuple(chunks))
        table = Table(rows=CHUNKS * ROWS, columns=(column,))
        adding.commit([Draft("many", tables={"main": table})], PATIENCE_S)
