"""Adding files, folders and recorded runs: which bundles come of them, and what is refused."""

from __future__ import annotations

import io
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import polars as pl
import pytest

import logger2
from plotter2.datter.store import Store
from plotter2.errors import DataError, HostError
from plotter2.staging import AddReport, quarantine, reading
from plotter2.staging.grounds import Grounds
from plotter2.staging.tokens import params_in
from plotter2.wire.codes import TOO_MANY_MESSAGES
from plotter2.wire.messages import ColumnFound, LineRefused, ReadJob, TableFound
from reader_samples import DATA, Answered, read_here
from staging_samples import staged


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "root") as opened:
        yield opened


def add(store: Store, *paths: Path, name: str | None = None) -> AddReport:
    return staged(paths, name, read_here, store)


def refusal(store: Store, *paths: Path, name: str | None = None) -> DataError:
    before = {path for path in store.layout.source.rglob("*") if path.is_file()}
    with pytest.raises(DataError) as caught:
        add(store, *paths, name=name)
    assert caught.value.help
    assert {path for path in store.layout.source.rglob("*") if path.is_file()} == before
    assert list(store.layout.temp.iterdir()) == []
    assert store.list() == ()
    return caught.value


def values(store: Store, path: str, column: str) -> list[object]:
    """Read a column back as the child of a run would."""
    found: list[object] = []
    for part in store.bind(path, [column]):
        if column in part.columns:
            for chunk in part.columns[column]:
                found += pl.read_ipc(io.BytesIO(chunk.path.read_bytes()))[column].to_list()
        else:
            found += [part.constants.get(column)] * part.rows
    return found


def names(report: AddReport) -> dict[str, str]:
    return {bundle.name: bundle.outcome for bundle in report.bundles}


def record(folder: Path, experiment: str = "digits", **params: float) -> Path:
    with logger2.run(experiment, params, axes=["lr"], dir=folder) as run:
        run.define("loss", unit="nat")
        for step in range(4):
            run.log(step, loss=params["lr"] / (step + 1))
    return folder / experiment


# ------------------------------------------------------------ files
def test_a_csv_file_becomes_a_bundle_with_one_table(store: Store) -> None:
    report = add(store, DATA / "palmerpenguins" / "penguins_head.csv")
    (bundle,) = report.bundles
    assert (bundle.name, bundle.outcome) == ("penguins_head", "added")
    assert bundle.tables["main"]["rows"] == 29
    assert bundle.tables["main"]["cols"]["bill_length_mm"].startswith("number?")
    assert values(store, "penguins_head", "species")[0] == "Adelie"
    source = store.bundle(bundle.id).provenance.files[0]
    assert source.name == "penguins_head.csv"
    assert report.as_json()["bundles"][0]["outcome"] == "added"


def test_a_name_can_be_given(store: Store) -> None:
    add(store, DATA / "palmerpenguins" / "penguins_head.csv", name="birds/2007")
    assert store.schema_of("birds/2007").rows == 29
    assert store.schema_of("birds/*").rows == 29


def test_several_paths_come_below_the_given_name(store: Store) -> None:
    files = sorted((DATA / "inflammation").iterdir())
    report = add(store, *files, name="study")
    assert list(names(report)) == ["study", "study/inflammation-01", "study/small-01"]
    assert store.schema_of("study/*").rows == 62


def test_the_same_file_again_is_found_again_and_a_changed_one_is_a_new_attempt(
    store: Store, tmp_path: Path
) -> None:
    path = tmp_path / "x.csv"
    path.write_text("a,b\n1,2\n")
    assert names(add(store, path)) == {"x": "added"}
    shutil.copy(path, tmp_path / "other.csv")
    assert names(add(store, path)) == {"x": "already there"}
    path.write_text("a,b\n1,2\n3,4\n")
    report = add(store, path)
    assert names(report) == {"x": "new attempt"}
    assert report.bundles[0].attempt == 2
    assert store.schema_of("x").rows == 2


# ------------------------------------------------------------ folders
def test_a_sweep_becomes_an_experiment_with_params_from_its_files(
    store: Store, tmp_path: Path
) -> None:
    sweep = shutil.copytree(DATA / "sklearn_sweep", tmp_path / "sweep")
    (sweep / "lr=0.001_seed=2" / "steps.jsonl").unlink()
    report = add(store, sweep)
    assert names(report)["sweep"] == "added"
    assert len(report.bundles) == 7
    schema = store.schema_of("sweep/*/epochs")
    assert str(schema["lr"]) == "number"
    assert str(schema["seed"]) == "int"
    assert schema.rows == sum(
        path.read_text().count("\n") - 1 for path in sweep.rglob("epochs.csv")
    )
    bundle = store.bundle(store.find("sweep/lr=10_seed=0")[0].id)
    assert bundle.params["batch_size"] == 64
    assert bundle.repeat == ("seed",)
    assert {stream: table.rows for stream, table in bundle.tables.items()} == {
        "epochs": 12, "steps": 48
    }  # fmt: skip
    assert report.left_alone == ()
    of_run = next(one for one in report.bundles if one.name == "sweep/lr=0.001_seed=2")
    assert of_run.files["status.json"]["media"] == "application/json"
    losses = values(store, "sweep/lr=10_seed=0/steps", "batch/loss")
    assert losses[1] == float("inf")
    assert str(store.schema_of("sweep/*/steps")["batch/loss"]) == "number?"
    assert str(store.schema_of("sweep/lr=0.01_seed=0/steps")["batch/loss"]) == "number"
    empty = store.bundle(store.find("sweep/lr=1e+300_seed=0")[0].id)
    assert empty.tables["epochs"].rows == 0


def test_params_come_from_the_names_of_folders_when_no_file_holds_them(
    store: Store, tmp_path: Path
) -> None:
    for rate in ("0.1", "0.01"):
        for seed in (0, 1):
            folder = tmp_path / "exp" / f"lr={rate}" / f"seed_{seed}"
            folder.mkdir(parents=True)
            (folder / "progress.csv").write_text(f"step,loss\n0,{rate}\n1,{seed}\n")
    add(store, tmp_path / "exp")
    assert store.schema_of("exp/**").rows == 8
    assert values(store, "exp/**", "seed") == [0, 0, 1, 1, 0, 0, 1, 1]
    assert values(store, "exp/**", "lr") == [0.01] * 4 + [0.1] * 4


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("lr=0.0001_seed=2", {"lr": 0.0001, "seed": 2}),
        ("lr=1e+300,seed=0", {"lr": 1e300, "seed": 0}),
        ("criterion=gini,model.depth=8,seed=0", {"criterion": "gini", "model.depth": 8, "seed": 0}),
        ("batch_size=64_opt=adam", {"batch_size": 64, "opt": "adam"}),
        ("flag=true act=leaky_relu", {"flag": True, "act": "leaky_relu"}),
        ("seed_3", {"seed": 3}),
        ("ppo-seed3", {"seed": 3}),
        ("fold-7", {"fold": 7}),
        ("run7", {}),
        ("Acrobot-v1_1", {}),
    ],
)
def test_params_in_names(name: str, params: dict[str, object]) -> None:
    assert params_in(name) == params


def test_an_empty_table_beside_others_is_kept_and_alone_it_is_refused(
    store: Store, tmp_path: Path
) -> None:
    error = refusal(store, DATA / "sb3_monitor" / "ars-0.monitor.csv")
    assert error.code == "P2-D0835"
    assert error.message == "ars-0.monitor.csv has column names but no rows"
    report = add(store, DATA / "sb3_monitor", name="monitors")
    assert report.bundles[0].tables["ars-0.monitor"]["rows"] == 0
    assert store.schema_of("monitors/a2c-1.monitor").rows == 38


def test_links_and_hidden_files_are_left_alone_and_foreign_files_kept(
    store: Store, tmp_path: Path
) -> None:
    folder = tmp_path / "exp"
    (folder / "empty").mkdir(parents=True)
    (folder / "a.csv").write_text("a\n1\n")
    (folder / ".hidden.csv").write_text("a\n1\n")
    (folder / "notes.txt").write_text("text")
    (folder / "link.csv").symlink_to(folder / "a.csv")
    (folder / "loop").symlink_to(folder)
    report = add(store, folder)
    assert list(report.bundles[0].tables) == ["a"]
    assert report.left_alone == (
        "exp/.hidden.csv (hidden)", "exp/link.csv (a symbolic link)", "exp/loop (a symbolic link)"
    )  # fmt: skip
    assert report.bundles[0].files == {"notes.txt": {"bytes": 4, "media": "text/plain"}}


def test_folders_whose_names_become_the_same_stay_apart(store: Store, tmp_path: Path) -> None:
    for name in ("Run 1", "run-1"):
        (tmp_path / "exp" / name).mkdir(parents=True)
        (tmp_path / "exp" / name / "a.csv").write_text(f"a\n{len(name)}\n")
        (tmp_path / "exp" / name / "a.tsv").write_text("a\n1\n")
    report = add(store, tmp_path / "exp")
    assert list(names(report)) == ["exp", "exp/run-1", "exp/run-1-2"]
    assert sorted(report.bundles[1].tables) == ["a.csv", "a.tsv"]


# ------------------------------------------------------------ recorded runs
def test_an_experiment_that_logger2_recorded(store: Store, tmp_path: Path) -> None:
    for rate in (0.1, 0.01):
        for seed in (0, 1):
            experiment = record(tmp_path, lr=rate, seed=seed)
    report = add(store, experiment)
    assert list(names(report)) == [
        "digits", "digits/lr=0.1,seed=0", "digits/lr=0.1,seed=1", "digits/lr=0.01,seed=0",
        "digits/lr=0.01,seed=1",
    ]  # fmt: skip
    schema = store.schema_of("digits/*")
    assert schema.rows == 16
    assert str(schema["loss"]) == "number[nat]"
    assert str(schema["lr"]) == "number"
    bundle = store.bundle(report.bundles[1].id)
    assert (bundle.repeat, bundle.axes) == (("seed",), ("lr",))
    assert bundle.meta["state"] == "ok"
    assert set(names(add(store, experiment)).values()) == {"already there"}
    record(tmp_path, lr=0.5, seed=0)
    outcomes = names(add(store, experiment))
    assert outcomes.pop("digits/lr=0.5,seed=0") == "added"
    assert set(outcomes.values()) == {"already there"}


def test_one_run_directory_gets_the_name_it_would_have_in_its_experiment(
    store: Store, tmp_path: Path
) -> None:
    (run,) = record(tmp_path, lr=0.1, seed=0).iterdir()
    assert names(add(store, run)) == {"digits/lr=0.1,seed=0": "added"}
    assert names(add(store, run, name="mine")) == {"mine": "added"}
    (segment,) = run.glob("*.l2.jsonl")
    assert names(add(store, segment, name="segment")) == {"segment": "added"}
    assert values(store, "segment", "step") == [0, 1, 2, 3]


def test_runs_with_equal_params_are_numbered_by_age(store: Store, tmp_path: Path) -> None:
    for _ in range(3):
        experiment = record(tmp_path, lr=0.1)
        time.sleep(0.002)
    report = add(store, experiment)
    assert list(names(report))[1:] == ["digits/lr=0.1", "digits/lr=0.1-2", "digits/lr=0.1-3"]
    assert values(store, "digits/*", "run")[4] == "lr=0.1-2"


# ------------------------------------------------------------ refusals
def test_bad_content_names_its_file_and_nothing_is_stored(store: Store, tmp_path: Path) -> None:
    (tmp_path / "bad.jsonl").write_text('{"a": 1}\n{"a": \n{"a": \n')
    error = refusal(store, tmp_path / "bad.jsonl")
    assert (error.code, error.where) == ("P2-D0846", "bad.jsonl:2")
    (tmp_path / "bad.csv").write_text("a,b\n1,2\n3\n")
    assert refusal(store, tmp_path / "bad.csv").code == "P2-D0844"


def test_a_bad_line_is_kept_in_quarantine_and_told_and_the_rows_are_stored(store: Store) -> None:
    for outcome in ("added", "already there"):
        report = add(store, DATA / "sklearn_sweep")
        (told,) = [note for bundle in report.bundles for note in bundle.notes if "line 37" in note]
        assert {bundle.outcome for bundle in report.bundles} == {outcome}
        (reason,) = quarantine.listed(Grounds(store.layout.root))
        assert told.startswith(
            "sklearn_sweep/lr=0.001_seed=2/steps.jsonl: left out: line 37: it is"
        )
        assert told.endswith(f"it is kept in quarantine/{reason.id}")
    assert (reason.kind, reason.code) == ("lines", "P2-D0846")
    file = DATA / "sklearn_sweep" / "lr=0.001_seed=2" / "steps.jsonl"
    kept = quarantine.kept_at(Grounds(store.layout.root), reason)
    assert kept.read_bytes() == file.read_bytes().splitlines(keepends=True)[36]


def test_bad_paths_are_refused_with_a_remedy(store: Store, tmp_path: Path) -> None:
    assert refusal(store, tmp_path / "nowhere").code == "P2-D0830"
    (tmp_path / "empty").mkdir()
    assert refusal(store, tmp_path / "empty").code == "P2-D0831"
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "a.png").write_bytes(b"")
    assert "foreign/a.png" in refusal(store, tmp_path / "foreign").message
    (tmp_path / "model.pkl").write_bytes(b"\x80\x04N.")
    pickle = refusal(store, tmp_path / "model.pkl")
    assert (pickle.code, "numpy.savez" in pickle.help) == ("P2-D0834", True)
    (tmp_path / "good.csv").write_text("a\n1\n")
    (tmp_path / "link.csv").symlink_to(tmp_path / "good.csv")
    linked = refusal(store, tmp_path / "link.csv")
    assert linked.code == "P2-D0832"
    assert str(tmp_path / "good.csv") in linked.help
    os.mkfifo(tmp_path / "pipe.csv")
    assert refusal(store, tmp_path / "pipe.csv").code == "P2-D0832"
    assert refusal(store, tmp_path / "good.csv", name="Bad Name").code == "P2-D0815"


def test_two_paths_that_would_get_the_same_name_are_refused(store: Store, tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.csv").write_text("a\n1\n")
    error = refusal(store, tmp_path / "one" / "x.csv", tmp_path / "two" / "x.csv")
    assert error.code == "P2-D0838"
    assert "--name" in error.help


def test_a_file_over_the_limit_is_refused_before_it_is_read(store: Store, tmp_path: Path) -> None:
    with (tmp_path / "huge.csv").open("wb") as file:
        file.truncate(5 << 30)
    assert refusal(store, tmp_path / "huge.csv").code == "P2-D0833"


# ------------------------------------------------------------ children that lie or fail
def altered(change):  # type: ignore[no-untyped-def]
    def submit(job: ReadJob, fds: tuple[int, ...]) -> Answered:
        answer = read_here(job, fds)
        return Answered([change(message) for message in answer.messages], answer.output)

    return submit


@pytest.mark.parametrize(
    "change",
    [
        lambda m: _with(m, TableFound, rows=7),
        lambda m: _with(m, ColumnFound, table="other"),
        lambda m: _with(m, ColumnFound, dtype="object"),
        lambda m: _with(m, ColumnFound, nulls=99),
        lambda m: _with(m, TableFound, table="other"),
        lambda m: LineRefused(table="other", line=1, offset=0, length=0, code="P2-D0846", why=""),
    ],
)
def test_an_answer_that_does_not_fit_together_is_refused(store: Store, change: object) -> None:
    with pytest.raises(DataError) as caught:
        staged([DATA / "inflammation" / "small-01.csv"], None, altered(change), store)
    assert caught.value.code == "P2-D0837"
    assert store.list() == ()


def _with(message: object, kind: type, **fields: object) -> object:
    return msgspec.structs.replace(message, **fields) if isinstance(message, kind) else message


def test_a_batch_that_is_too_much_for_one_child_is_halved(store: Store, tmp_path: Path) -> None:
    sizes: list[int] = []

    def choosy(job: ReadJob, fds: tuple[int, ...]) -> Answered:
        sizes.append(len(job.files))
        if len(job.files) > 2:
            raise HostError(TOO_MANY_MESSAGES, "too many messages")
        return read_here(job, fds)

    for number in range(5):
        folder = tmp_path / "exp" / f"run{number}"
        folder.mkdir(parents=True)
        (folder / "a.csv").write_text(f"a\n{number}\n")
    staged([tmp_path / "exp"], None, choosy, store)
    assert values(store, "exp/*", "a") == [0, 1, 2, 3, 4]
    assert sizes == [5, 2, 3, 1, 2]


def test_many_files_go_in_several_batches(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "BATCH_FILES", 2)
    jobs: list[int] = []

    def counting(job: ReadJob, fds: tuple[int, ...]) -> Answered:
        jobs.append(len(job.files))
        return read_here(job, fds)

    for number in range(5):
        folder = tmp_path / "exp" / f"run{number}"
        folder.mkdir(parents=True)
        (folder / "a.csv").write_text(f"a\n{number}\n")
    staged([tmp_path / "exp"], None, counting, store)
    assert jobs == [2, 2, 1]
    assert values(store, "exp/*", "a") == [0, 1, 2, 3, 4]


def test_twenty_five_runs_are_added_together(store: Store, tmp_path: Path) -> None:
    source = DATA / "sklearn_sweep" / "lr=0.01_seed=0"
    for number in range(25):
        run = shutil.copytree(source, tmp_path / "sweep" / f"lr={number}_seed=0")
        (run / "epochs.csv").write_text(
            (run / "epochs.csv").read_text().replace("0.9", f"0.9{number}")
        )
    report = add(store, tmp_path / "sweep")
    assert len(report.bundles) == 26
    assert set(report.timings_ms) == {"find", "read", "store"}


# ------------------------------------------------------------ what columns mean
def test_roles_and_units_are_kept_with_the_columns(store: Store, tmp_path: Path) -> None:
    for rate in (0.1, 0.01):
        for seed in (0, 1):
            experiment = record(tmp_path, lr=rate, seed=seed)
    report = add(store, experiment)
    assert report.bundles[1].tables["main"]["roles"] == {
        "step": "step", "wall_time": "time", "loss": "metric"
    }  # fmt: skip
    columns = {column.name: column for column in store.describe("digits/*").columns}
    assert (columns["loss"].role, columns["loss"].type.unit) == ("metric", "nat")
    assert columns["wall_time"].type.unit == "s"
    assert (columns["lr"].source, columns["seed"].source) == ("param", "param")
    table = store.bundle(report.bundles[1].id).tables["main"]
    assert (table.x, table.other_x) == ("step", ("wall_time",))
    (row,) = store.find("digits/lr=0.1,seed=0")
    assert (row.repeat, row.axes) == (("seed",), ("lr",))


def test_units_in_names_become_units_of_columns(store: Store) -> None:
    add(store, DATA / "palmerpenguins" / "penguins_raw_head.csv", name="birds")
    schema = store.schema_of("birds")
    assert str(schema["Culmen Length (mm)"]) == "number?[mm]"
    assert {c.name: c.role for c in store.describe("birds").columns}["Species"] in (
        "category", "constant"
    )  # fmt: skip
