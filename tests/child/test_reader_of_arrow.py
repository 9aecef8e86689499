"""Arrow IPC files become tables: kinds, chunks, times, and what is refused."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import polars as pl
import pytest

from plotter2.child import reader_codes as codes
from plotter2.child.arrow import arrow_file
from plotter2.errors import DataError, Plotter2Error
from plotter2.wire.memory import gap, laid_out, sealed
from plotter2.wire.messages import ColumnFound, ColumnKept, ReadFile, ReadJob
from reader_samples import Channel, Found, content_of, gathered, read_one, read_strictly

VALUES: dict[str, Any] = {
    "int": [1, None, -(2**60)], "number": [0.5, None, float("nan")], "bool": [True, None, False],
    "string": ["ä", None, ""], "none": [None, None, None], "plain": [1.0, 2.0, 3.0],
}  # fmt: skip


def ipc(frame: pl.DataFrame, **how: Any) -> bytes:
    buffer = io.BytesIO()
    frame.write_ipc(buffer, **how)
    return buffer.getvalue()


def read_pieces(pieces: list[bytes], **limits: int) -> tuple[Found, Channel]:
    lie = laid_out(map(len, pieces))
    memory = sealed(
        b"".join(
            p.ljust(len(p) + gap(start + len(p)), b"\0")
            for p, (start, _) in zip(pieces, lie, strict=True)
        )
    )
    channel = Channel(files=pieces)
    file = ReadFile(
        name="t",
        format="arrow",
        fd=1,
        length=sum(lie[-1]) if lie else 0,
        pieces=[len(p) for p in pieces],
    )
    read_strictly(ReadJob(files=[file], **limits), (-1, memory), channel)
    return gathered(channel), channel


def sent(channel: Channel) -> list[bytes]:
    return [
        content_of(m, channel) for m in channel.messages if isinstance(m, ColumnFound | ColumnKept)
    ]


def refusal(*pieces: bytes, **limits: int) -> DataError:
    with pytest.raises(DataError) as caught:
        read_pieces(list(pieces), **limits)
    assert caught.value.help
    return caught.value


def test_a_file_of_another_program_is_read() -> None:
    frame = pl.DataFrame(VALUES, strict=False)
    for how in ({}, {"compression": "zstd"}, {"compression": "lz4"}):
        found = read_one(ipc(frame, **how), "arrow")
        kinds = {"int": "int", "number": "number", "bool": "bool", "string": "string", "none": "null",
                 "plain": "number"}  # fmt: skip
        assert found.dtypes["x"] == kinds
        assert found.tables["x"]["string"] == VALUES["string"]
        assert found.tables["x"]["int"] == VALUES["int"]
        assert found.done["x"].rows == 3


def test_narrow_and_wide_numbers_categories_and_decimals_are_read() -> None:
    frame = pl.DataFrame(
        [
            pl.Series("u8", [1, 2], dtype=pl.UInt8),
            pl.Series("u64", [1, 2**64 - 1], dtype=pl.UInt64),
            pl.Series("f32", [0.5, None], dtype=pl.Float32),
            pl.Series("cat", ["a", "b"], dtype=pl.Categorical),
            pl.Series("dec", ["1.5", "2.5"]).cast(pl.Decimal(10, 2)),
        ]
    )
    found = read_one(ipc(frame), "arrow")
    assert found.dtypes["x"] == {
        "u8": "int",
        "u64": "number",
        "f32": "number",
        "cat": "string",
        "dec": "number",
    }
    assert found.tables["x"]["dec"] == [1.5, 2.5]


def test_times_are_seconds() -> None:
    frame = pl.DataFrame(
        {
            "at": [datetime(1970, 1, 2, 0, 0, 1, 500_000, tzinfo=UTC).replace(tzinfo=None), None],
            "zoned": [datetime(1970, 1, 1, 0, 0, 10, tzinfo=UTC), None],
            "day": [date(1970, 1, 3), None],
            "took": [timedelta(minutes=1), None],
            "clock": [time(0, 1, 2), None],
        }
    )
    found = read_one(ipc(frame), "arrow")
    assert set(found.dtypes["x"].values()) == {"time"}
    first = {name: values[0] for name, values in found.tables["x"].items()}
    assert first == {"at": 86401.5, "zoned": 10.0, "day": 172800.0, "took": 60.0, "clock": 62.0}
    assert found.features["x"]["at"]["max"] == 86401.5


def test_columns_in_files_of_their_own_come_back_byte_by_byte() -> None:
    pieces = [
        bytes(arrow_file(part))
        for series in pl.DataFrame(VALUES, strict=False)
        for part in (series.slice(0, 2), series.slice(2, 1))
    ]
    found, channel = read_pieces(pieces)
    assert sent(channel) == pieces
    assert not channel.output, "what stays as it is does not travel back"
    assert list(found.tables["t"]) == list(VALUES)
    assert found.chunks["t"] == dict.fromkeys(VALUES, 2)


def test_a_file_that_another_release_wrote_stays_as_it_is() -> None:
    series = pl.Series("a", range(1000), dtype=pl.Int64)
    for how in ({"compression": "uncompressed"}, {"compression": "zstd"}, {"compression": "lz4"}):
        data = ipc(series.to_frame(), **how)
        assert sent(read_pieces([data])[1]) == [data]
    narrow = ipc(series.cast(pl.Int32).to_frame())
    assert sent(read_pieces([narrow])[1]) != [narrow]


@pytest.mark.parametrize("rows", [0, 1, 8, 1000])
def test_any_number_of_rows_comes_back(rows: int) -> None:
    series = pl.Series("a", range(rows), dtype=pl.Int64)
    found, channel = read_pieces([bytes(arrow_file(series))])
    assert found.tables["t"]["a"] == list(range(rows))
    assert sent(channel) == [bytes(arrow_file(series))]


def test_large_pieces_are_cut() -> None:
    values = [n * 2654435761 % 2**40 for n in range(10_000)]  # they cannot be compressed much
    found, _ = read_pieces([bytes(arrow_file(pl.Series("a", values)))], chunk_bytes=20_000)
    assert found.tables["t"]["a"] == values
    assert found.chunks["t"]["a"] > 3


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", b"ARROW1\x00\x00" + b"\x00" * 60])
def test_what_is_no_arrow_file_is_refused(content: bytes) -> None:
    assert refusal(content).code == codes.BAD_ARROW


def test_a_stream_is_read_as_far_as_its_writer_came() -> None:
    buffer = io.BytesIO()
    pl.DataFrame({"a": [1, 2], "b": ["x", "y"]}).write_ipc_stream(buffer)
    assert read_one(buffer.getvalue(), "arrow").tables["x"] == {"a": [1, 2], "b": ["x", "y"]}
    for column in read_pieces([buffer.getvalue()])[1].messages:
        assert not isinstance(column, ColumnKept), "a store keeps files, not streams"


def test_a_torn_stream_keeps_its_whole_batches() -> None:
    data = b""
    for number in range(3):
        buffer = io.BytesIO()
        pl.DataFrame({"a": [number, number]}).write_ipc_stream(buffer)
        stream = buffer.getvalue()
        schema = 8 + int.from_bytes(stream[4:8], "little")
        data += stream[schema if data else 0 : -8]
    found = read_one(data[:-60], "arrow")
    assert found.tables["x"]["a"] == [0, 0, 1, 1]
    assert found.done["x"].skipped_bytes > 0
    assert "torn" in found.done["x"].notes[0]
    for end in range(8, len(data), 5):
        try:
            read_one(data[:end], "arrow")
        except DataError:
            continue


def test_what_becomes_far_more_than_it_is_large_is_refused_before_it_is_unpacked() -> None:
    zeros = pl.DataFrame({"a": pl.repeat(0, 40_000_000, dtype=pl.Int64, eager=True)})
    data = ipc(zeros, compression="zstd")
    assert len(data) < 100_000
    assert refusal(data).code == codes.EXPANDS


def test_columns_that_do_not_fit_together_are_refused() -> None:
    one, two = pl.Series("a", [1, 2]), pl.Series("b", [1, 2, 3])
    assert "3" in refusal(ipc(one.to_frame()), ipc(two.to_frame())).message
    other = pl.Series("a", ["x"])
    assert refusal(ipc(one.to_frame()), ipc(other.to_frame())).code == codes.BAD_ARROW


def test_types_that_no_column_has_are_refused() -> None:
    for series in (pl.Series("a", [[1, 2]]), pl.Series("a", [{"x": 1}]), pl.Series("a", [b"x"])):
        assert refusal(ipc(series.to_frame())).code == codes.NO_COLUMN_TYPE


def test_limits_hold() -> None:
    frame = pl.DataFrame({"a": ["x" * 50, "y"]})
    assert refusal(ipc(frame), max_text_bytes=20).code == codes.TEXT_TOO_LONG
    assert refusal(ipc(frame), max_rows=1).code == codes.TOO_MANY_ROWS
    assert refusal(ipc(pl.DataFrame({"a`b": [1]}))).code == codes.BAD_COLUMN_NAME


def test_a_damaged_file_is_refused_and_nothing_else_happens() -> None:
    sound = ipc(pl.DataFrame(VALUES, strict=False))
    for place in range(0, len(sound), 7):
        broken = bytearray(sound)
        broken[place] ^= 0x55
        try:
            read_pieces([bytes(broken)])
        except Plotter2Error:
            continue


def test_of_very_many_numbers_it_is_known_whether_many_are_different() -> None:
    rows = 1_000_001
    mixed = pl.Series("mixed", range(rows), dtype=pl.Float64).reverse()
    many = pl.Series("many", range(rows), dtype=pl.Float64) / 7
    few = pl.Series("few", [0.5, 1.5] * (rows // 2) + [2.5])
    found, _ = read_pieces([ipc(s.to_frame()) for s in (many, few, mixed)])
    assert found.features["t"]["many"]["unique"] == rows
    assert 0.95 * rows < found.features["t"]["mixed"]["unique"] <= rows
    assert found.features["t"]["few"]["unique"] == 3
