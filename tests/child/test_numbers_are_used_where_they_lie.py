"""Numbers of Arrow files are used where they lie: the same as polars reads, and never anything outside of the file."""

from __future__ import annotations

import io
import math
import os
import struct
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.lib.array_utils import byte_bounds

from p2lang.types import schema_from_json
from plotter2.child.arrow_values import lent_column, plain_column
from plotter2.child.tables import OwnFile, read_table
from plotter2.wire.inputs import ColumnPart, InputTable, TablePart
from plotter2.wire.memory import gap, laid_out, mapped, sealed

FLOATS = st.lists(st.floats(), min_size=1, max_size=40)
WHOLE = st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=40)
EXTREMES = (-(2**63), -(2**31), -8, -1, 0, 1, 8, 64, 2**31, 2**32, 2**60, 2**63 - 8, 2**63 - 1)


def arrow(values: pl.Series, **options: Any) -> bytes:
    file = io.BytesIO()
    values.to_frame().write_ipc(file, **options)
    return file.getvalue()


def lie_inside(data: bytes) -> bool:
    """Tell whether what is found lies inside of these bytes; nothing found does as well."""
    low, high = byte_bounds(np.frombuffer(data, np.uint8))
    found = plain_column(memoryview(data))
    places = map(byte_bounds, found.batches) if found else ()
    return all(low <= start <= end <= high for start, end in places)


@given(st.one_of(FLOATS, WHOLE), st.integers(1, 50))
def test_they_are_what_polars_reads(values: list[float], batch: int) -> None:
    kind = pl.Float64 if isinstance(values[0], float) else pl.Int64
    data = arrow(pl.Series("größe", values, dtype=kind), record_batch_size=batch)
    found = lent_column(memoryview(data))
    read = pl.read_ipc(data).to_series()
    assert found is not None
    assert (found.name, found.dtype) == (read.name, read.dtype)
    assert found.to_numpy().tobytes() == read.to_numpy().tobytes()
    assert lie_inside(data)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"ARROW1",
        arrow(pl.Series("a", [1.5]), compression="zstd"),
        arrow(pl.Series("a", [1.5, None])),
        arrow(pl.Series("a", [], dtype=pl.Float64)),
        arrow(pl.Series("a", ["x"])),
        arrow(pl.Series("a", [True])),
        arrow(pl.Series("a", [1], dtype=pl.UInt64)),
        arrow(pl.Series("a", [1], dtype=pl.Int32)),
        arrow(pl.Series("a", [1.5], dtype=pl.Float32)),
        arrow(pl.Series("a", [1]).cast(pl.Datetime("us"))),
        arrow(pl.Series("a", [[1.5]])),
        arrow(pl.Series("a", ["x"]).cast(pl.Categorical)),
    ],
)
def test_what_is_laid_out_otherwise_is_left_to_polars(data: bytes) -> None:
    assert plain_column(memoryview(data)) is None


def test_a_file_with_two_columns_is_left_to_polars() -> None:
    file = io.BytesIO()
    pl.DataFrame({"a": [1.5], "b": [2.5]}).write_ipc(file)
    assert plain_column(file.getbuffer()) is None


@pytest.mark.parametrize("width", ["<i", "<q"])
def test_no_number_of_a_file_leads_outside(width: str) -> None:
    whole = arrow(pl.Series("a", [1.5, 2.5, 3.5]), record_batch_size=2)
    for place in range(0, len(whole) - struct.calcsize(width), 2):
        for extreme in (*EXTREMES, len(whole), -len(whole)):
            if struct.calcsize(width) == 8 or -(2**31) <= extreme < 2**31:
                changed = bytearray(whole)
                struct.pack_into(width, changed, place, extreme)
                assert lie_inside(bytes(changed))


@given(st.data())
def test_damaged_files_never_lead_outside(data: st.DataObject) -> None:
    whole = bytearray(arrow(pl.Series("a", [1.5, 2.5, 3.5]), record_batch_size=2))
    for _ in range(data.draw(st.integers(1, 6))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    start = data.draw(st.sampled_from([0, 0, 0, 8]))
    assert lie_inside(bytes(whole[start : data.draw(st.integers(0, len(whole)))]))
    assert lie_inside(bytes(whole))


@given(st.lists(st.integers(1, 5), min_size=1, max_size=5))
def test_nothing_is_copied_out_of_files_that_lie_one_behind_the_other(rows: list[int]) -> None:
    files = [arrow(pl.Series("a", range(count)).cast(pl.Float64)) for count in rows]
    memory = bytearray()
    for file in files:
        memory += bytes(gap(len(memory))) + file
    fd = sealed(memory)
    view = mapped(fd)
    os.close(fd)
    low, high = byte_bounds(np.frombuffer(view, np.uint8))
    for file, (start, length) in zip(files, laid_out(map(len, files)), strict=True):
        assert view[start : start + length] == file
        lent = lent_column(view[start : start + length])
        assert lent is not None
        first, last = byte_bounds(lent.to_numpy(allow_copy=False))
        assert low <= first <= last <= high


def column_of(values: pl.Series) -> tuple[pl.Series, dict[str, int], dict[str, int]]:
    """Read a column out of a file of its own; gives also what is null in it, and what is not a number."""
    data = arrow(values)
    fd = sealed(data)
    file = OwnFile(fd, mapped(fd))
    place = ColumnPart(fd=3, offset=0, length=len(data))
    part = TablePart(bundle="b", bundle_id="b", run="", rows=len(values), columns={"a": [place]})
    kind = {pl.Float64(): "number?", pl.Int64(): "int?"}.get(values.dtype, "string?")
    schema = schema_from_json({"rows": 9, "cols": {"a": kind}})
    try:
        found = read_table(InputTable(path="b", parts=[part]), schema, ["a"], lambda _: file)
    finally:
        os.close(fd)
    return found.frame["a"], dict(found.missing.nulls), dict(found.missing.not_a_number)


@pytest.mark.parametrize(
    ("values", "wanted", "nulls", "not_a_number"),
    [
        (pl.Series([1.0, 2.0]), [1.0, 2.0], 0, 0),
        (pl.Series([1.0, math.nan, math.nan]), [1.0, None, None], 0, 2),
        (pl.Series([1.0, math.nan, None]), [1.0, None, None], 1, 1),
        (pl.Series([math.inf, -math.inf, 1e308, 1e308]), [math.inf, -math.inf, 1e308, 1e308], 0, 0),
        (pl.Series([None, None], dtype=pl.Float64), [None, None], 2, 0),
        (pl.Series([], dtype=pl.Float64), [], 0, 0),
        (pl.Series([1, -1]), [1, -1], 0, 0),
        (pl.Series(["x", None]), ["x", None], 1, 0),
    ],
)
def test_a_column_of_its_own_file_is_read_and_counted(
    values: pl.Series, wanted: list[Any], nulls: int, not_a_number: int
) -> None:
    column, lacking, odd = column_of(values)
    assert column.to_list() == wanted
    assert lacking == ({"a": nulls} if nulls else {})
    assert odd == ({"a": not_a_number} if not_a_number else {})


@pytest.mark.parametrize("engine", ["in-memory", "streaming"])
def test_polars_never_writes_into_numbers_that_it_was_lent(engine: Any) -> None:
    lent = np.arange(50_000, dtype=np.float64)
    before = lent.copy()
    a = pl.col("a")
    for work in (a + 1, -a, a.clip(2, 3), a.sort(descending=True), a.fill_nan(0), a.cum_sum()):
        lazy = pl.DataFrame([pl.Series("a", lent)]).lazy().with_columns(work)
        lazy.collect(engine=engine)
    pl.Series("a", lent).sort(descending=True, in_place=True)
    assert (lent == before).all()
