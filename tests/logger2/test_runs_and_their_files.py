"""A run's folder says who it is, what it was given and how it ended, and runs can be taken up again."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

import logger2
from logger2.identity import folder_name, is_run_id, run_id, run_name
from logger2.segment import NotARun, read_run_info
from logger2_samples import only_run, table_of


def about(run: logger2.Run) -> dict[str, Any]:
    content = json.loads((Path(run.folder) / "run.json").read_text("utf-8"))
    assert isinstance(content, dict)
    return content


def test_a_run_file_says_who_the_run_is(tmp_path: Path) -> None:
    params = {
        "lr": 0.1,
        "seed": 3,
        "model": {"depth": 2},
        "layers": [1, 2],
        "p": math.inf,
        "norm": "inf",
        "none": None,
    }
    with logger2.run("digits/sgd", params=params, axes=["lr"], dir=tmp_path) as run:
        assert about(run)["state"] == "running"
    assert Path(run.folder).parent == tmp_path / "digits-sgd"
    assert Path(run.folder).name == run.id
    info = table_of(run).info
    assert (info.name, info.experiment, info.state) == ("lr=0.1,seed=3", "digits/sgd", "ok")
    assert (info.repeat, info.axes) == ({"seed": 3}, ("lr",))
    assert info.params == {
        "lr": 0.1,
        "model.depth": 2,
        "layers": "[1, 2]",
        "p": math.inf,
        "norm": "inf",
        "none": None,
    }
    assert info.started is not None
    assert info.ended is not None


def test_nothing_about_the_machine_or_its_user_is_written(tmp_path: Path) -> None:
    with logger2.run("private", params={"lr": 1}, dir=tmp_path) as run:
        run.log(0, a=1)
    written = b"".join(path.read_bytes() for path in Path(run.folder).iterdir())
    assert str(tmp_path).encode() not in written
    assert set(about(run)) == {
        *(
            "l2",
            "run",
            "name",
            "experiment",
            "state",
            "started",
            "ended",
            "params",
            "repeat",
            "axes",
        ),
        *("definitions", "checkpoint", "error", "columns", "lost"),
    }


def test_runs_go_to_the_folder_the_environment_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLOTTER2_DIR", str(tmp_path / "named"))
    logger2.run("here").finish()
    monkeypatch.delenv("PLOTTER2_DIR")
    monkeypatch.chdir(tmp_path)
    run = logger2.run("there")
    (tmp_path / "else").mkdir()
    monkeypatch.chdir(tmp_path / "else")
    run.log(0, a=1)
    run.finish()
    assert only_run(tmp_path / "named").parent.name == "here"
    assert only_run(tmp_path / "logger2-runs").parent.name == "there"


def failing() -> int:
    return 1 // 0


def test_an_exception_marks_the_run_failed_and_goes_on(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), logger2.run("fails", dir=tmp_path) as run:
        run.log(0, a=1 + 0 * failing())
    assert about(run)["error"] == {
        "type": "ZeroDivisionError",
        "message": "integer division or modulo by zero",
    }
    info = table_of(run).info
    assert (info.state, info.error) == (
        "failed",
        "ZeroDivisionError: integer division or modulo by zero",
    )


@pytest.mark.parametrize(("code", "state"), [(0, "ok"), (None, "ok"), (3, "failed")])
def test_leaving_the_program_on_purpose_is_no_failure(
    code: int | None, state: str, tmp_path: Path
) -> None:
    with pytest.raises(SystemExit), logger2.run("exits", dir=tmp_path) as run:
        sys.exit(code)
    assert about(run)["state"] == state


@pytest.mark.process
@pytest.mark.parametrize(("line", "state"), [("", "ok"), ("raise KeyError('x')", "failed")])
def test_a_forgotten_run_ends_with_the_process(line: str, state: str, tmp_path: Path) -> None:
    program = f"import logger2\nr = logger2.run('forgotten', dir={str(tmp_path)!r})\nr.log(0, a=1)\n{line}"
    subprocess.run([sys.executable, "-c", program], stderr=subprocess.DEVNULL, check=False)
    table = table_of(only_run(tmp_path))
    assert (table.info.state, table["a"]) == (state, [1])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ({"name": "x", "axes": ["lr"]}, r"lr: not among params \(none\)"),
        ({"name": "x", "params": {"a": 1}, "repeat": "fold"}, r"fold: not among params \(a\)"),
        ({"name": "../.."}, "no name for an experiment"),
        ({"name": "x", "resume": "yesterday"}, 'resume is "auto" or a run id'),
        ({"name": "x", "resume": "0" * 26}, "there is no run"),
    ],
)
def test_a_start_that_cannot_be_meant_is_refused(
    call: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=message):
        logger2.run(**call, dir=tmp_path)
    assert list(tmp_path.rglob("run.json")) == []


def test_definitions_are_kept_and_units_stand_in_the_schema_line(tmp_path: Path) -> None:
    with logger2.run("defined", dir=tmp_path) as run:
        run.define("*/loss", unit="nat", better="lower", desc="cross entropy")
        run.define("val/*", x="epoch", role="metric")
        run.define("val/*", x="step")
        run.log(0, {"val/loss": 1.0, "acc": 0.5})
        with pytest.raises(ValueError, match='better is "lower" or "higher"'):
            run.define("acc", better="up")
        with pytest.raises(ValueError, match="role is one of step, time"):
            run.define("acc", role="ruler")
    table = table_of(run)
    assert table.info.definitions == {
        "*/loss": {"unit": "nat", "better": "lower", "desc": "cross entropy"},
        "val/*": {"x": "step", "role": "metric"},
    }
    assert [(c.name, c.unit) for c in table.columns[2:]] == [("val/loss", "nat"), ("acc", "")]


def test_groups_prefix_names_and_label_rows(tmp_path: Path) -> None:
    with logger2.run("grouped", dir=tmp_path) as run:
        for step in range(2):
            run.log(step, loss=1.0)
            with run.group("val", subset="test"):
                logger2.log(step, loss=2.0)
                with run.group("best", k=5) as best:
                    run.log(step, loss=3.0)
                best.log(step, acc=4.0)
            run.log(step, acc=5.0)
    table = table_of(run)
    names = [column.name for column in table.columns]
    assert names == [
        "step",
        "wall_time",
        "subset",
        "k",
        "loss",
        "val/loss",
        "val/best/loss",
        "val/best/acc",
        "acc",
    ]
    assert list(zip(table["step"], table["subset"], table["k"], strict=True)) == [
        *((0, None, None), (0, "test", None), (0, "test", 5)),
        *((1, None, None), (1, "test", None), (1, "test", 5)),
    ]
    assert table["acc"] == [5.0, None, None, 5.0, None, None]
    assert table["val/best/acc"] == [None, None, 4.0, None, None, 4.0]


def test_groups_of_one_run_do_not_touch_another(tmp_path: Path) -> None:
    with logger2.run("outer", dir=tmp_path) as outer, outer.group("o"):
        with logger2.run("inner", dir=tmp_path) as inner, inner.group("i"):
            logger2.log(0, a=1)
            outer.log(0, a=2)
        logger2.log(1, a=3)
    assert table_of(outer)["o/a"] == [2, 3]
    assert table_of(inner)["i/a"] == [1]


def test_threads_share_the_only_run_and_lose_nothing(tmp_path: Path) -> None:
    def work(number: int) -> None:
        for step in range(2000):
            logger2.log(step, {f"t{number}": step, "x": 0.5})

    with logger2.run("threads", dir=tmp_path) as run:
        threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    table = table_of(run)
    assert (table.skipped, table.notes) == (
        0,
        ("10000 rows repeat a step that has the same columns already",),
    )
    for number in range(6):
        assert [v for v in table[f"t{number}"] if v is not None] == list(range(2000))


def test_without_a_run_log_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(logger2.NoRun, match=r"no run is open; start one with"):
        logger2.log(0, a=1)


def test_a_killed_run_is_resumed_from_its_checkpoint(tmp_path: Path) -> None:
    given = {"lr": 0.1, "seed": 1}
    program = (
        "import logger2, os\n"
        f"run = logger2.run('resumed', params={given}, dir={str(tmp_path)!r}, resume='auto')\n"
        "for step in range(10):\n"
        "    run.log(step, loss=step)\n"
        "    if step == 5: run.checkpoint(step)\n"
        "os._exit(9)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=False)
    with logger2.run("resumed", params=given, dir=tmp_path, resume="auto") as run:
        assert run.resumed_from == 5
        for step in range(6, 9):
            run.log(step, loss=step + 100)
    table = table_of(only_run(tmp_path))
    assert table["step"] == list(range(9))
    assert table["loss"] == [0, 1, 2, 3, 4, 5, 106, 107, 108]
    assert (table.superseded, table.info.state) == (4, "ok")
    assert table.notes == ("4 rows were recorded again after a resume; the newest are used",)
    with logger2.run("resumed", params=given, dir=tmp_path, resume="auto") as fresh:
        assert fresh.id != run.id


def test_without_a_checkpoint_the_newest_row_of_each_step_wins(tmp_path: Path) -> None:
    first = logger2.run("again", dir=tmp_path)
    for step in range(5):
        first.log(step, loss=step)
    first.finish(RuntimeError("out of memory"))
    with logger2.run("again", dir=tmp_path, resume=first.id) as second:
        second.log(2, loss=20)
        second.log(7, loss=70)
    table = table_of(second)
    assert second.id == first.id
    assert table["step"] == [0, 1, 3, 4, 2, 7]
    assert table["loss"] == [0, 1, 3, 4, 20, 70]
    assert table.superseded == 1


def test_other_parameters_are_another_run(tmp_path: Path) -> None:
    with (
        pytest.raises(RuntimeError),
        logger2.run("params", params={"lr": 1}, dir=tmp_path) as first,
    ):
        raise RuntimeError
    with logger2.run("params", params={"lr": 2}, dir=tmp_path, resume="auto") as second:
        assert second.id != first.id
    with pytest.raises(ValueError, match="given other parameters: lr"):
        logger2.run("params", params={"lr": 2}, dir=tmp_path, resume=first.id)


def test_a_run_that_is_still_recording_is_not_taken_over(tmp_path: Path) -> None:
    with logger2.run("live", dir=tmp_path) as live:
        live.log(0, a=1)
        with logger2.run("live", dir=tmp_path, resume="auto") as other:
            assert other.id != live.id


def test_run_ids_sort_by_time_and_names_are_safe() -> None:
    ids = [run_id() for _ in range(3)]
    assert all(map(is_run_id, ids))
    assert [i[:10] for i in ids] == sorted(i[:10] for i in ids)
    assert folder_name(" .hidden/../x y ") == "hidden-..-x-y"
    assert run_name({"lr": 1e-05, "opt": "a/b", "on": True}) == "lr=1e-05,opt=a-b,on=True"
    assert len(run_name({f"p{i}": i for i in range(100)})) == 120


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "not of format 1"),
        (b'{"l2":2}', "not of format 1"),
        (b'{"l2":1,"state":"asleep"}', "state is one of"),
        (b'{"l2":1,"state":"ok"}', "run is text"),
        (
            b'{"l2":1,"state":"ok","run":"r","name":"n","experiment":"e","params":{"a":[1]}}',
            "single value",
        ),
        (b'{"l2":1,"state":"ok","run":"r","name":"n","experiment":"e","axes":7}', "axes"),
        (
            b'{"l2":1,"state":"ok","run":"r","name":"n","experiment":"e","definitions":{"a":{"z":"1"}}}',
            "no field 'z'",
        ),
    ],
)
def test_what_is_no_run_file_is_refused_with_a_reason(content: bytes, message: str) -> None:
    with pytest.raises(NotARun, match=message):
        read_run_info(content)
