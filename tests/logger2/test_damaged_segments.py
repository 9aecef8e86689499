"""Any cut and any flipped bit of a segment leaves a reader with true rows, and an account of the rest."""

from __future__ import annotations

import logging
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import logger2
from logger2 import journal
from logger2.records import Ending, Header, Rows
from logger2.rows import read_segment
from logger2_samples import files_of


@pytest.fixture(scope="module")
def segment(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A small finished segment with checkpoints, two schemas, text and non-finite values."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(journal, "ROWS_PER_CHECKPOINT", 6)
        with logger2.run("small", params={"lr": 0.1}, dir=tmp_path_factory.mktemp("small")) as run:
            for step in range(14):
                run.log(step, loss=step / 3, n=step, note=f"é{step}" if step % 5 else None)
                if step % 4 == 0:
                    run.log(step, {"val/loss": float("nan") if step else float("-inf")})
    ((_, data),) = files_of(Path(run.folder))
    return data


def read(data: bytes) -> tuple[list[tuple[object, ...]], Ending]:
    """Give rows as (schema, step, values), in order of their places, and the ending."""
    *items, ending = read_segment(data)
    assert isinstance(ending, Ending)
    rows = [
        (place, item.schema.number, step, *map(repr, values))
        for item in items
        if isinstance(item, Rows)
        for place, step, *values in zip(item.places, item.steps, *item.columns, strict=True)
    ]
    return [row[1:] for row in sorted(rows)], ending


def test_a_whole_segment_is_read_whole(segment: bytes) -> None:
    rows, ending = read(segment)
    assert len(rows) == 18
    assert ending == Ending("ok", 18)


def test_every_prefix_gives_exactly_the_rows_of_its_whole_lines(segment: bytes) -> None:
    whole, _ = read(segment)
    for cut in range(len(segment)):
        rows, ending = read(segment[:cut])
        lines = segment[:cut].split(b"\n")
        assert rows == whole[: sum(line.startswith(b"[") for line in lines[:-1])]
        assert ending.skipped == len(lines[-1])
        assert ("torn" in ending.why) == bool(lines[-1])


def test_no_flipped_bit_changes_a_row_that_is_given(segment: bytes) -> None:
    whole, _ = read(segment)
    for position in range(len(segment)):
        for bit in range(8):
            damaged = bytearray(segment)
            damaged[position] ^= 1 << bit
            rows, ending = read(bytes(damaged))
            assert rows == whole[: len(rows)]
            if rows != whole:
                assert ending.why
                assert ending.skipped


def test_a_changed_header_is_not_believed(segment: bytes) -> None:
    items = list(read_segment(segment.replace(b'"lr":0.1', b'"lr":0.2', 1)))
    assert not any(isinstance(item, Header) for item in items)


def test_a_deleted_line_is_noticed_at_the_next_checkpoint(segment: bytes) -> None:
    lines = segment.splitlines(keepends=True)
    rows, ending = read(b"".join(lines[:4] + lines[5:]))
    assert rows == []
    assert "damaged before the checkpoint" in ending.why


def test_lines_give_the_same_as_bytes(segment: bytes) -> None:
    assert list(map(repr, read_segment(segment.splitlines(keepends=True)))) == list(
        map(repr, read_segment(segment))
    )


@settings(deadline=None)
@given(st.binary(max_size=400))
def test_random_bytes_are_skipped_with_a_reason(data: bytes) -> None:
    *items, ending = read_segment(data)
    assert items == []
    assert isinstance(ending, Ending)
    assert ending.skipped == len(data)
    assert bool(ending.why) == bool(data)


def test_checkpoints_hold_over_megabytes_of_rows(tmp_path: Path) -> None:
    with logger2.run("large", dir=tmp_path) as run:
        for step in range(5000):
            run.log(step, note="x" * 700, number=step)
    ((_, data),) = files_of(Path(run.folder))
    rows, ending = read(data)
    assert len(data) > 3 << 20
    assert (len(rows), ending) == (5000, Ending("ok", 5000))
    assert data.count(b'{"ck":') == 2


HEADER = b'{"l2":1,"run":"r","exp":"e","seg":0,"t0":1.0,"params":{},"repeat":{}}\n'
SCHEMA = b'{"s":1,"stream":"main","x":"step","c":["a","b"],"d":["f8","str"],"u":[null,"s"],"labels":{}}\n'


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"[1,0,0.1,0.5]", "2 values"),
        (b"[2,0,0.1,0.5,null]", "not declared"),
        (b"[true,0,0.1,0.5,null]", "not declared"),
        (b"[[1],0,0.1,0.5,null]", "not declared"),
        (b"[]", "empty row"),
        (b'[1,"0",0.1,0.5,null]', "step is a finite number"),
        (b"[1,0,null,0.5,null]", "time is a finite number"),
        (b'[1,0,0.1,"x",null]', "text where a number"),
        (b"[1,0,0.1,0.5,7]", "kind 'str'"),
        (b"[1,0,0.1,[0.5],null]", "number is expected"),
        (b"[1,0,0.1,NaN,null]", "not JSON"),
        (b"[1,0,0.1,0.5,null],[1,1,0.1,0.5,null]", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b'{"a":' * 50_000, "not JSON"),
        (b"", "not JSON"),
        (b"17", "neither"),
        (b"{}", "unknown kind ''"),
        (b'{"zz":1}', "unknown kind 'zz'"),
        (HEADER[:-1], "second header"),
        (SCHEMA[:-1].replace(b'"s":1', b'"s":-1'), "s is a whole number"),
        (SCHEMA[:-1].replace(b'"a","b"', b'"a","a"'), "different names"),
        (SCHEMA[:-1].replace(b'"f8"', b'"f9"'), "one known kind"),
        (SCHEMA[:-1].replace(b'"f8"', b'"f4"'), "declared differently"),
        (SCHEMA[:-1].replace(b'"labels":{}', b'"labels":{"a":[1]}'), "labels"),
        (
            b'{"b":"w","step":1,"o":0,"n":9,"d":"<f4","sh":[2],"dims":[],"crc":1}',
            "shape of the array",
        ),
        (
            b'{"b":"w","step":1,"o":0,"n":8,"d":"|O8","sh":[1],"dims":[],"crc":1}',
            "shape of the array",
        ),
        (b'{"end":"perhaps"}', "ends ok or failed"),
        (b'{"end":"ok","more":1}', "'more' is not known"),
        (b'{"ck":[7,7]}', "damaged"),
        (b'{"ck":7}', "damaged"),
        (b'[1,0,0.1,0.5,"' + b"x" * (1 << 20) + b'"]', "longer than|too long"),
    ],
)
def test_a_bad_line_ends_the_segment_with_its_reason(line: bytes, reason: str) -> None:
    good = HEADER + SCHEMA + b'[1,0,0.1,0.5,"t"]\n'
    *items, ending = read_segment(good + line + b'\n[1,1,0.2,0.6,"u"]\n')
    assert isinstance(ending, Ending)
    rows = [item for item in items if isinstance(item, Rows)]
    proven = "damaged" not in ending.why
    assert [row.steps for row in rows] == ([[0]] if proven else [])
    assert re.search(reason, ending.why), ending.why
    assert ending.why.startswith("line 4:" if proven else "line 1:")
    if proven:
        assert ending.skipped == len(line) + 1 + len(b'[1,1,0.2,0.6,"u"]\n')


def test_logging_is_quiet_about_all_this(segment: bytes, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        read(segment[:100])
    assert not caplog.records
