"""What TensorBoard, MLflow and Weights & Biases recorded becomes tables and params; torn and damaged ends are said."""

from __future__ import annotations

import json
import math
import struct
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binary_samples import records
from plotter2.child import reader_codes as codes
from plotter2.child.reader_crc import masked_crc32c
from plotter2.child.reader_events import read_events
from plotter2.child.reader_grids import ReadGroup
from plotter2.child.reader_limits import ReadingLimits
from plotter2.child.reader_mlflow import read_mlflow
from plotter2.child.reader_protobuf import NoMessageError, fields_of
from plotter2.child.reader_run import ReadRun
from plotter2.child.reader_wandb import read_wandb
from plotter2.errors import DataError
from reader_samples import DATA

LIMITS = ReadingLimits(10_000, 100, 1 << 20)
TRACKERS = DATA / "trackers"
MLFLOW = TRACKERS / "mlflow" / "mlruns" / "403192666629064018"
WANDB = (TRACKERS / "wandb" / "run-yu88mdya.wandb").read_bytes()


def files_of(folder: Path) -> dict[str, memoryview]:
    found = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): memoryview(path.read_bytes()) for path in found}


def values(group: ReadGroup | ReadRun, column: str) -> list[object]:
    return next(c.values.to_list() for c in group.tables[0].columns if c.name == column)


# ------------------------------------------------------------ TensorBoard
def field(number: int, kind: int, content: bytes) -> bytes:
    key = bytes([number << 3 | kind])
    return key + (bytes([len(content)]) if kind == 2 else b"") + content


def event(step: int, tag: str, value: bytes) -> bytes:
    inner = field(1, 2, tag.encode()) + value
    return (
        field(1, 1, struct.pack("<d", 10.0 + step))
        + field(2, 0, bytes([step]))
        + field(5, 2, field(1, 2, inner))
    )


def simple(number: float) -> bytes:
    return field(2, 5, struct.pack("<f", number))


def read(content: bytes) -> ReadGroup:
    return read_events({"events": memoryview(content)}, "run", LIMITS)[0]


def test_scalars_of_groups_and_params_belong_to_their_run() -> None:
    (run,) = read_events(files_of(TRACKERS / "tensorboard" / "s0"), "s0", LIMITS)
    names = [column.name for column in run.tables[0].columns]
    assert names[:2] == ["step", "wall_time"]
    assert {"train/loss", "val/acc", "norms/fc1", "norms/fc2"} <= set(names)
    assert run.params == {"lr": 0.01, "seed": 0}
    assert "no numbers: 8 values" in run.left_out["fc1/weight (a histogram)"]
    assert any("float32" in note for note in run.tables[0].notes)
    assert values(run, "step") == sorted(set(values(run, "step")))  # type: ignore[type-var]


def test_steps_that_were_written_again_are_rows_of_their_own() -> None:
    (run,) = read_events(files_of(TRACKERS / "tensorboard" / "duplicate_steps"), "r", LIMITS)
    assert set(values(run, "restart")) == {0, 1}
    assert len(values(run, "dup_steps/foo")) == run.tables[0].rows == 210


def test_a_damaged_file_is_read_up_to_the_damage() -> None:
    (run,) = read_events(files_of(TRACKERS / "tensorboard" / "damaged"), "r", LIMITS)
    assert run.tables[0].rows == 135
    assert run.tables[0].skipped_bytes == 49_116
    whole = records(event(1, "a", simple(0.5)), event(2, "a", simple(1.5)))
    assert values(read(whole), "a") == [0.5, 1.5]
    broken = bytearray(whole)
    broken[20] ^= 1  # in the first event, whose checksum tells
    assert values(read(bytes(broken)), "a") == [1.5]
    assert read(whole[:-3]).tables[0].skipped_bytes == len(whole) // 2 - 3


def test_numbers_come_as_tensors_too() -> None:
    def tensor(kind: int, content: bytes) -> bytes:
        return field(8, 2, field(1, 0, bytes([kind])) + content)

    forms = {
        "float": tensor(1, field(5, 2, struct.pack("<f", 0.5))),
        "packed": tensor(2, field(4, 2, struct.pack("<d", 0.25))),
        "double": tensor(2, field(6, 1, struct.pack("<d", 0.125))),
        "int": tensor(3, field(7, 2, b"\x07")),
        "long": tensor(9, field(10, 0, b"\x08")),
        "bool": tensor(10, field(11, 2, b"\x01")),
        "vector": tensor(1, field(2, 2, field(2, 2, field(1, 0, b"\x02"))) + field(4, 2, bytes(8))),
        "text": tensor(7, field(8, 2, b"hello")),
    }
    found = read(records(*(event(0, name, form) for name, form in forms.items())))
    assert {c.name: c.values[0] for c in found.tables[0].columns[2:]} == {
        "float": 0.5, "packed": 0.25, "double": 0.125, "int": 7.0, "long": 8.0, "bool": 1.0
    }  # fmt: skip
    assert set(found.left_out) == {"vector (a text or an array)", "text (a text or an array)"}


def test_what_is_no_event_file_is_refused() -> None:
    for content in (
        b"version https://git-lfs.github.com/spec/v1\n",
        b"\x00" * 64,
        b"a,b\n1,2\n1,2\n",
    ):
        with pytest.raises(DataError) as caught:
            read(content)
        assert caught.value.code == codes.BAD_EVENTS
    assert read(b"").tables == ()
    assert read(records(b"\xff" * 40)).tables == ()


def test_a_record_that_lies_about_its_length_is_skipped() -> None:
    head = struct.pack("<Q", 2**62)
    content = records(event(1, "a", simple(1))) + head + struct.pack("<I", masked_crc32c([head])[0])
    assert values(read(content), "a") == [1.0]


def test_many_names_are_too_many() -> None:
    with pytest.raises(DataError) as caught:
        read(records(*(event(1, f"tag{number}", simple(1)) for number in range(5_001))))
    assert caught.value.code == codes.TOO_MANY_PARTS


@given(st.binary(max_size=60))
def test_any_bytes_are_a_message_or_none(data: bytes) -> None:
    try:
        found = list(fields_of(data))
    except NoMessageError:
        return
    assert all(number >= 0 for number, _ in found)


def test_checksums_are_those_of_crc32c() -> None:
    (masked,) = masked_crc32c([b"123456789"])
    unmasked = (masked - 0xA282EAD8) & 0xFFFFFFFF
    assert (unmasked >> 17 | unmasked << 15) & 0xFFFFFFFF == 0xE3069283


# ------------------------------------------------------------ MLflow
def test_a_run_of_mlflow_keeps_params_metrics_and_state() -> None:
    files = files_of(MLFLOW / "92997b94db7245d08f7e380376fd041f")
    files["experiment.yaml"] = memoryview((MLFLOW / "meta.yaml").read_bytes())
    run = read_mlflow(files, "r", LIMITS)
    assert (run.info.experiment, run.info.name, run.info.state) == ("digits-mlp", "h32-s0", "ok")
    assert run.info.params == {"hidden": 32, "lr": 0.01, "seed": 0, "solver": "adam"}
    assert values(run, "step") == list(range(10))
    assert values(run, "val/acc")[0] == 0.5425925925925926


def test_a_failed_run_has_nan_and_infinity() -> None:
    run = read_mlflow(files_of(MLFLOW / "66ff97d8a4cf439d9fc43acb894bbd37"), "r", LIMITS)
    assert run.info.state == "failed"
    loss = values(run, "train.loss")
    assert math.isnan(loss[0])  # type: ignore[arg-type]
    assert loss[1] == math.inf


def test_lines_that_are_no_values_are_left_out_and_a_torn_one_skipped() -> None:
    files = {
        "meta.yaml": memoryview(b"run_id: 'a''b'\nstatus: 1\nrun_name: \"x\\u00e4\"\n"),
        "metrics/a": memoryview(b"1000 0.5\n2000 0.25 1 name digest\nx y z\n3000 0.1"),
        "params/text": memoryview(b"{'a': [1, 2]}"),
        "params/none": memoryview(b"None"),
        "params/on": memoryview(b"True"),
        "params/big": memoryview(b"1e-3"),
    }
    run = read_mlflow(files, "r", LIMITS)
    assert (run.info.run, run.info.name, run.info.state) == ("a'b", "xä", "unfinished")
    assert run.info.params == {"text": "{'a': [1, 2]}", "none": None, "on": True, "big": 0.001}
    assert values(run, "a") == [0.5, 0.25]
    assert run.tables[0].skipped_bytes == 8
    assert any("1 lines are no values" in note for note in run.tables[0].notes)


@pytest.mark.parametrize("meta", [None, b"\x00\xff", b"[1, 2]"])
def test_what_is_no_run_of_mlflow_is_refused(meta: bytes | None) -> None:
    files = {} if meta is None else {"meta.yaml": memoryview(meta)}
    with pytest.raises(DataError) as caught:
        read_mlflow(files, "r", LIMITS)
    assert caught.value.code == codes.BAD_MLFLOW


# ------------------------------------------------------------ Weights & Biases
def log(*records_: bytes) -> bytes:
    """Give a log with records, each in one piece, which must fit into the first block."""
    found = b":W&B\xe1\xbe\x00"
    for record in records_:
        found += struct.pack("<IHB", zlib.crc32(b"\x01" + record), len(record), 1) + record
    return found


def item(*keys: str, value: object) -> bytes:
    inner = b"".join(field(2, 2, key.encode()) for key in keys)
    content = json.dumps(value).encode()
    inner += b"\x82\x01" + bytes([len(content)]) + content
    return field(1, 2, inner)


def history(*items: bytes) -> bytes:
    return field(2, 2, b"".join(items))


def test_a_run_of_wandb_keeps_config_history_and_state() -> None:
    run = read_wandb(memoryview(WANDB), "r", LIMITS)
    assert (run.info.run, run.info.experiment, run.info.state) == ("yu88mdya", "digits", "ok")
    assert run.info.params == {"lr": 0.001, "seed": 0, "opt/name": "sgd", "opt/alpha": 0.0001}
    assert [column.name for column in run.tables[0].columns][:3] == ["step", "wall_time", "runtime"]
    assert run.tables[0].rows == 120
    assert run.tables[0].notes[0].endswith("are left out: cm, hist/weights")


def test_a_log_that_is_cut_is_read_up_to_there() -> None:
    run = read_wandb(memoryview(WANDB[: len(WANDB) // 2]), "r", LIMITS)
    assert run.info.state == "unfinished"
    assert 50 < run.tables[0].rows < 120
    assert run.tables[0].skipped_bytes > 0


def test_rows_may_nest_and_hold_nan() -> None:
    rows = (
        history(item("_step", value=0), item("a", value={"b": 1.5}), item("c", "d", value=2)),
        history(
            item("_step", value=1), item("a", value={"b": float("nan")}), item("list", value=[1])
        ),
    )
    run = read_wandb(memoryview(log(*rows)), "r", LIMITS)
    assert values(run, "step") == [0, 1]
    assert values(run, "c/d") == [2, None]
    assert math.isnan(values(run, "a/b")[1])  # type: ignore[arg-type]
    assert run.tables[0].notes[0].endswith("are left out: list")


def test_records_that_lie_are_left_out() -> None:
    good = history(item("_step", value=1), item("a", value=1))
    bad = (
        b"\xff" * 9,
        history(field(1, 2, field(2, 2, b"k") + b"\x82\x01\x03{{{")),
        field(2, 0, b"\x01"),
    )
    run = read_wandb(memoryview(log(*bad, good)), "r", LIMITS)
    assert values(run, "a") == [1]
    assert "3 records are damaged" in " ".join(run.tables[0].notes)
    with pytest.raises(DataError) as caught:
        read_wandb(memoryview(b"not a log"), "r", LIMITS)
    assert caught.value.code == codes.BAD_WANDB
