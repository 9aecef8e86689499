"""Parquet files become tables; what their footer promises is held against the limits before a page is unpacked."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest

from plotter2.child import reader_codes as codes
from plotter2.errors import DataError
from reader_samples import read_one

FRAME = pl.DataFrame(
    {
        "n": [1, None, 3],
        "v": [0.5, float("nan"), None],
        "t": ["ä", "", None],
        "b": [True, None, False],
        "at": [datetime(1970, 1, 2, tzinfo=UTC), None, None],
        "small": pl.Series([1, 2, 3], dtype=pl.Int8),
    }
)


def parquet(frame: pl.DataFrame, **how: Any) -> bytes:
    buffer = io.BytesIO()
    frame.write_parquet(buffer, **how)
    return buffer.getvalue()


def refusal(data: bytes, **limits: int) -> DataError:
    with pytest.raises(DataError) as caught:
        read_one(data, "parquet", **limits)
    assert caught.value.help
    assert caught.value.message.isprintable()
    return caught.value


@pytest.mark.parametrize("how", ["zstd", "snappy", "gzip", "lz4", "brotli", "uncompressed"])
def test_every_packing_is_read(how: str) -> None:
    found = read_one(parquet(FRAME, compression=how), "parquet")
    assert found.dtypes["x"] == {
        "n": "int", "v": "number", "t": "string", "b": "bool", "at": "time", "small": "int"
    }  # fmt: skip
    assert found.tables["x"]["t"] == ["ä", "", None]
    assert found.tables["x"]["at"] == [86400.0, None, None]


def test_a_file_under_another_name_is_known_by_its_content() -> None:
    assert read_one(parquet(FRAME), "csv").done["x"].rows == 3
    assert read_one(parquet(FRAME), "any").done["x"].rows == 3


def test_what_becomes_far_more_than_it_is_large_is_refused() -> None:
    zeros = pl.DataFrame({"a": pl.repeat(0, 40_000_000, dtype=pl.Int64, eager=True)})
    assert refusal(parquet(zeros)).code == codes.EXPANDS
    texts = pl.DataFrame({"a": pl.repeat("x" * 1_000_000, 400, eager=True)})
    assert refusal(parquet(texts)).code == codes.EXPANDS
    assert refusal(parquet(FRAME), max_rows=2).code == codes.TOO_MANY_ROWS
    assert refusal(parquet(FRAME), max_columns=2).code == codes.TOO_MANY_COLUMNS
    assert (
        refusal(parquet(pl.DataFrame({"a": ["x" * 99]})), max_text_bytes=50).code
        == codes.TEXT_TOO_LONG
    )


def test_types_that_no_column_has_are_refused() -> None:
    for value in ([[1, 2]], [{"x": 1}], [b"x"]):
        assert refusal(parquet(pl.DataFrame({"a": value}))).code == codes.NO_COLUMN_TYPE


def test_a_file_that_is_cut_is_refused() -> None:
    sound = parquet(FRAME)
    for end in (4, len(sound) // 2, len(sound) - 1):
        assert refusal(sound[:end]).code == codes.BAD_PARQUET
