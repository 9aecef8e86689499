"""What is logged comes back: every kind of value, every row, whatever the encoder."""

from __future__ import annotations

import logging
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import logger2
from logger2_samples import table_of

NUMBERS = st.floats() | st.integers(-(2**63), 2**63 - 1)
ROWS = st.lists(
    st.dictionaries(st.sampled_from("abcd"), NUMBERS, min_size=1), min_size=1, max_size=30
)


@pytest.fixture(params=["orjson", "json"])
def encoder(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Record with orjson, then as if the experiment did not have it."""
    if request.param == "json":
        monkeypatch.setitem(sys.modules, "orjson", None)
    return str(request.param)


def recorded(values: dict[str, object], base: Path, **more: Any) -> dict[str, object]:
    """Log one row twice, so that the quick way is taken too, and give what the second row reads back as."""
    with logger2.run("values", dir=base, **more) as run:
        run.log(0, values)
        run.log(1, values)
    return {column.name: column.values[-1] for column in table_of(run).columns[2:]}


@pytest.mark.parametrize(
    ("value", "back"),
    [
        (0.1, 0.1),
        (-0.0, -0.0),
        (5e-324, 5e-324),
        (math.inf, math.inf),
        (-math.inf, -math.inf),
        (7, 7),
        (2**63 - 1, 2**63 - 1),
        (-(2**63), -(2**63)),
        (2**63, 2.0**63),
        (10**30, 1e30),
        (True, True),
        ("adam", "adam"),
        ("null", "null"),
        ("nan", "nan"),
        ("line\nend \u2028 \x00 é 🙂", "line\nend \u2028 \x00 é 🙂"),
        ("\ud800", "?"),
        (np.float64(0.1), 0.1),
        (np.float32(0.1), float(np.float32(0.1))),
        (np.float32("inf"), math.inf),
        (np.int16(3), 3),
        (np.uint64(2**64 - 1), float(2**64 - 1)),
        (np.bool_(True), True),
        (np.array([[2.5]]), 2.5),
        (np.array(4), 4),
    ],
    ids=repr,
)
def test_a_value_comes_back(value: object, back: object, encoder: str, tmp_path: Path) -> None:
    found = recorded({"v": value}, tmp_path)["v"]
    assert (found, type(found)) == (back, type(back))
    assert math.copysign(1, found) == math.copysign(1, back) if back == 0 else True  # type: ignore[arg-type]


def test_nan_comes_back_as_nan_and_none_as_none(encoder: str, tmp_path: Path) -> None:
    found = recorded({"a": math.nan, "b": None, "c": np.float32("nan"), "d": 1.0}, tmp_path)
    assert [repr(value) for value in found.values()] == ["nan", "None", "nan", "1.0"]


@settings(deadline=None, max_examples=40)
@given(ROWS)
def test_rows_of_changing_kinds_come_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, float]]
) -> None:
    with logger2.run("rows", dir=tmp_path_factory.mktemp("rows")) as run:
        for step, row in enumerate(rows):
            run.log(step, row)
    table = table_of(run)
    assert table["step"] == list(range(len(rows)))
    for name in {name for row in rows for name in row}:
        given_values = [row.get(name) for row in rows]
        whole = all(type(value) is int for value in given_values if value is not None)
        expected = [v if v is None or whole else float(v) for v in given_values]
        assert list(map(repr, table[name])) == list(map(repr, expected))


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ([1, 2], "list is not a single value"),
        (object(), "object is not a single value"),
        (np.zeros(3), "size 1"),
        (np.datetime64("2020-01-01"), "not a single value"),
        (b"raw", "bytes is not a single value"),
        ("x" * 70_000, "at most 65536 characters"),
        (10**400, "too large"),
        (1j, "complex is not a single value"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_cannot_be_recorded_is_told_once_and_the_rest_is_kept(
    value: object, reason: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with logger2.run("refused", dir=tmp_path) as run:
        for step in range(3):
            run.log(step, good=step, bad=value)
        assert run.health.refused == 3
        assert not run.health.ok
    table = table_of(run)
    assert table["good"] == [0, 1, 2]
    assert "bad" not in [column.name for column in table.columns]
    assert [reason in event.message for event in table.events] == [True]
    assert [reason in record.message for record in caplog.records] == [True]


@pytest.mark.parametrize("step", ["1", None, math.nan, True, [1]])
def test_a_step_is_a_finite_number(
    step: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with logger2.run("steps", dir=tmp_path) as run:
        run.log(step, a=1)
        run.log(1, a=1)
        run.log(step, a=1)
        run.log(np.int64(2), a=2)
        run.log(2.5, a=3)
    assert table_of(run)["step"] == [1.0, 2.0, 2.5]
    assert len(caplog.records) == 1


def test_a_strict_run_raises_instead(tmp_path: Path) -> None:
    with logger2.run("strict", dir=tmp_path, strict=True) as run:
        with pytest.raises(
            logger2.NotRecorded, match="'bad' was not recorded: list is not a single value"
        ):
            run.log(0, bad=[1])
        run.log(0, good=1)
    assert table_of(run)["good"] == [1]


def test_log_of_something_else_than_a_mapping_is_a_mistake_in_the_call(tmp_path: Path) -> None:
    with (
        logger2.run("calls", dir=tmp_path) as run,
        pytest.raises(TypeError, match="log takes a mapping"),
    ):
        run.log(0, 0.5)  # type: ignore[arg-type]


def test_names_that_a_script_could_not_quote_are_made_so(tmp_path: Path) -> None:
    found = recorded({"a`b": 1, "tab\tname": 2, "Größe (mm)": 3, "": 4}, tmp_path)
    assert found == {"a_b": 1, "tab_name": 2, "Größe (mm)": 3, "_": 4}


def test_keywords_add_to_a_mapping(tmp_path: Path) -> None:
    with logger2.run("both", dir=tmp_path) as run:
        run.log(0, {"train/loss": 1.0, "step": 7}, acc=0.5, values=3, self=4)
    table = table_of(run)
    assert [column.name for column in table.columns[2:]] == [
        "train/loss",
        "logged/step",
        "acc",
        "values",
        "self",
    ]
    assert "'logged/step'" in table.notes[0]


def test_a_column_of_whole_numbers_becomes_one_of_floats_when_a_float_comes(tmp_path: Path) -> None:
    with logger2.run("wider", dir=tmp_path) as run:
        for step, value in enumerate([1, 2, 2.5, 3, math.nan, True]):
            run.log(step, loss=value)
    table = table_of(run)
    assert list(map(repr, table["loss"])) == ["1.0", "2.0", "2.5", "3.0", "nan", "1.0"]
    assert [c.kind for c in table.columns if c.name == "loss"] == ["number"]


def test_text_beside_numbers_makes_a_column_of_text_and_a_note(tmp_path: Path) -> None:
    with logger2.run("mixed", dir=tmp_path) as run:
        run.log(0, a=1)
        run.log(1, a="one")
    table = table_of(run)
    assert table["a"] == ["1", "one"]
    assert "text beside numbers" in table.notes[0]


def test_records_are_small_and_readable(tmp_path: Path) -> None:
    with logger2.run("bytes", dir=tmp_path) as run:
        for step in range(1000):
            run.log(step, loss=math.sin(step), acc=math.cos(step), lr=0.1, norm=math.sqrt(step))
    size = (Path(run.folder) / "seg-0000.l2.jsonl").stat().st_size
    assert size / 1000 <= 110


def test_what_one_process_logs_another_reads_at_once(tmp_path: Path) -> None:
    run = logger2.run("visible", dir=tmp_path)
    run.log(0, a=1)
    assert table_of(run)["a"] == [1]
    assert table_of(run).info.state == "unfinished"
    run.finish()


def test_logging_after_the_end_is_told_and_harmless(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with logger2.run("ended", dir=tmp_path) as run:
        run.log(0, a=1)
    run.log(1, a=2)
    run.array("w", np.zeros(2))
    assert run.health.lost == 2
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * 2
    assert table_of(run)["a"] == [1]
