"""Runs that logger2 recorded: rows, params, definitions, arrays; damage is said."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import logger2
from plotter2.errors import DataError
from reader_samples import Found, read


def record(folder: Path, **arrays: Any) -> dict[str, bytes]:
    """Record a small run; gives its files, named as the host names them for the reader."""
    with logger2.run("demo", {"lr": 0.1, "opt": "sgd", "seed": 3}, axes=["lr"], dir=folder) as run:
        run.define("loss", unit="nat", better="lower")
        for step in range(5):
            run.log(step, loss=1 / (step + 1), acc=float("nan") if step == 2 else 0.5)
        for name, values in arrays.items():
            for step in (0, 4):
                run.array(name, values, step=step)
    (made,) = (path for path in folder.rglob("run.json"))
    return {f"r/{path.name}": path.read_bytes() for path in sorted(made.parent.iterdir())}


def read_run(files: dict[str, bytes], **limits: int) -> Found:
    return read(files, "l2run", **limits)


def test_rows_are_the_main_table_and_the_run_says_who_it_is(tmp_path: Path) -> None:
    found = read_run(record(tmp_path))
    main = found.tables["r/main"]
    assert main["step"] == [0, 1, 2, 3, 4]
    assert main["loss"] == [1 / (step + 1) for step in range(5)]
    assert math.isnan(main["acc"][2])
    run = found.runs["r"]
    assert (run.experiment, run.state, run.axes) == ("demo", "ok", ["lr"])
    assert (run.params, run.repeat) == ({"lr": 0.1, "opt": "sgd"}, {"seed": 3})
    assert run.definitions == {"loss": {"unit": "nat", "better": "lower"}}
    assert found.features["r/main"]["loss"]["unit"] == "nat"
    assert found.features["r/main"]["step"]["share_increasing"] == 1.0


def test_a_matrix_becomes_one_row_per_element(tmp_path: Path) -> None:
    matrix = np.array([[5, 1], [0, 7]])
    found = read_run(record(tmp_path, confusion=matrix))
    assert found.tables["r/confusion"] == {
        "step": [0, 0, 0, 0, 4, 4, 4, 4],
        "row": [0, 0, 1, 1] * 2,
        "col": [0, 1, 0, 1] * 2,
        "value": [5, 1, 0, 7] * 2,
    }
    assert found.dtypes["r/confusion"]["value"] == "int"


def test_a_vector_becomes_one_row_per_step(tmp_path: Path) -> None:
    found = read_run(record(tmp_path, w=np.array([0.5, 1.5, math.inf], dtype="f4")))
    assert found.tables["r/w"] == {
        "step": [0, 4], "w_0": [0.5, 0.5], "w_1": [1.5, 1.5], "w_2": [math.inf, math.inf]
    }  # fmt: skip


def test_an_array_called_main_does_not_take_the_place_of_the_rows(tmp_path: Path) -> None:
    found = read_run(record(tmp_path, main=np.array([1.0, 2.0])))
    assert set(found.tables) == {"r/main", "r/array-main"}


def test_a_damaged_array_is_left_out_and_named(tmp_path: Path) -> None:
    files = record(tmp_path, w=np.array([0.5, 1.5]))
    files["r/seg-0000.l2.bin"] = bytes(len(files["r/seg-0000.l2.bin"]))
    found = read_run(files)
    assert found.done["r/w"].rows == 0
    assert "do not match their checksum" in found.done["r/w"].notes[0]


def test_a_torn_segment_is_read_to_its_last_whole_line(tmp_path: Path) -> None:
    files = record(tmp_path)
    name = "r/seg-0000.l2.jsonl"
    lines = files[name].splitlines(keepends=True)
    rows = [place for place, line in enumerate(lines) if line.startswith(b"[")]
    files[name] = b"".join(lines[: rows[-1]]) + lines[rows[-1]][:7]
    found = read_run(files)
    assert found.done["r/main"].rows == 4
    assert found.done["r/main"].skipped_bytes == 7
    assert "torn" in found.done["r/main"].notes[0]


def test_a_lone_segment_is_a_run_too(tmp_path: Path) -> None:
    files = record(tmp_path)
    found = read({"alone": files["r/seg-0000.l2.jsonl"]}, "l2")
    assert found.tables["alone/main"]["step"] == [0, 1, 2, 3, 4]
    assert found.runs["alone"].repeat == {"seed": 3}


def test_several_runs_of_one_job_stay_apart(tmp_path: Path) -> None:
    one, two = record(tmp_path / "one"), record(tmp_path / "two")
    files = {**one, **{name.replace("r/", "q/"): data for name, data in two.items()}}
    found = read_run(files)
    assert set(found.runs) == {"r", "q"}
    assert set(found.tables) == {"r/main", "q/main"}


@pytest.mark.parametrize(
    "run_file", [None, b"{", b"{}", b'{"l2": 2}', b'{"l2": 1, "state": "dancing"}']
)
def test_a_run_without_a_sound_run_file_is_refused(tmp_path: Path, run_file: bytes | None) -> None:
    files = record(tmp_path)
    if run_file is None:
        del files["r/run.json"]
    else:
        files["r/run.json"] = run_file
    with pytest.raises(DataError) as caught:
        read_run(files)
    assert caught.value.code == "P2-D0856"
    assert "run.json" in caught.value.message


def test_what_is_no_segment_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        read({"alone": b'{"loss": 1}\n'}, "l2")
    assert caught.value.code == "P2-D0856"


def test_limits_stop_with_a_message(tmp_path: Path) -> None:
    files = record(tmp_path, big=np.zeros((50, 50)))
    for limits, code in (({"max_rows": 3}, "P2-D0847"), ({"max_columns": 2}, "P2-D0848")):
        with pytest.raises(DataError) as caught:
            read_run(files, **limits)
        assert caught.value.code == code
