"""Folders of trackers and files with groups become bundles with names, params and tables."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest

from binary_samples import SOUND_PNG
from plotter2.datter.store import Store
from plotter2.errors import DataError
from plotter2.staging import AddReport, Inbox, Told
from reader_samples import DATA, read_here
from staging_samples import drop, staged


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "root") as opened:
        yield opened


def add(store: Store, *paths: Path) -> AddReport:
    return staged(paths, None, read_here, store)


def named(report: AddReport) -> dict[str, dict[str, object]]:
    return {bundle.name: bundle.params for bundle in report.bundles}


def test_runs_of_mlflow_are_called_after_experiment_and_params(store: Store) -> None:
    report = add(store, DATA / "trackers" / "mlflow")
    run = "mlflow/mlruns/digits-mlp/hidden=32,lr=0.01,seed=0,solver=adam"
    assert set(named(report)) == {
        "mlflow",
        "mlflow/mlruns",
        run,
        "mlflow/mlruns/digits-mlp/hidden=0",
    }
    assert named(report)[run]["hidden"] == 32
    assert store.schema_of(run).rows == 10
    again = add(store, DATA / "trackers" / "mlflow")
    assert {bundle.outcome for bundle in again.bundles} == {"already there"}


def test_runs_of_wandb_are_called_after_their_config(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "wandb" / "offline-run-20261123_033020-yu88mdya"
    (folder / "logs").mkdir(parents=True)
    (folder / "logs" / "debug.log").write_text("hello\n")
    shutil.copy(DATA / "trackers" / "wandb" / "run-yu88mdya.wandb", folder)
    report = add(store, tmp_path / "wandb")
    assert list(named(report)) == ["wandb", "wandb/lr=0.001,seed=0,opt-name=sgd,opt-alpha=0.0001"]
    assert report.bundles[1].tables["main"]["roles"]["step"] == "step"


def test_event_files_of_a_folder_and_of_groups_in_it_are_one_table(store: Store) -> None:
    report = add(store, DATA / "trackers" / "tensorboard" / "s0")
    (bundle,) = report.bundles
    assert bundle.params == {"seed": 0, "lr": 0.01}
    assert {"norms/fc1", "train/loss"} <= set(bundle.tables["main"]["cols"])
    assert any("a picture" in note for note in bundle.notes)


def test_one_event_file_or_log_can_be_named_itself(store: Store) -> None:
    (file,) = (DATA / "trackers" / "tensorboard" / "duplicate_steps").iterdir()
    assert add(store, file).bundles[0].tables["main"]["rows"] == 210
    (log,) = (DATA / "trackers" / "wandb").iterdir()
    assert add(store, log).bundles[0].tables["main"]["rows"] == 120


def test_groups_of_a_file_are_bundles_below(store: Store) -> None:
    report = add(store, DATA / "hdf5" / "diabetes_sgd.h5")
    assert list(named(report)) == ["diabetes_sgd", *(f"diabetes_sgd/run_0{n}" for n in range(4))]
    assert named(report)["diabetes_sgd/run_03"] == {"eta0": 0.001, "seed": 3}
    assert store.schema_of("diabetes_sgd/*").rows == 120


def test_groups_of_several_files_are_told_apart_by_their_file(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "both"
    folder.mkdir()
    for name in ("a", "b"):
        with h5py.File(folder / f"{name}.h5", "w") as file:
            file["run/x"] = np.arange(3)
    assert list(named(add(store, folder))) == ["both", "both/a/run", "both/b/run"]


def test_groups_of_files_in_the_inbox_stay_with_their_file(store: Store, tmp_path: Path) -> None:
    told: list[Told] = []
    inbox = Inbox(store, read_here, told.append, still_s=0)
    with inbox.held():
        for name in ("a", "b"):
            with h5py.File(tmp_path / f"{name}.h5", "w") as file:
                file["x"] = np.arange(2)
                file["run/y"] = np.arange(3)
            drop(store.layout.root, f"{name}.h5", (tmp_path / f"{name}.h5").read_bytes())
        drop(store.layout.root, "c.csv", "v\n1\n")
        inbox.step()
        inbox.step()
    names = [line.bundle.name for line in store.list()]
    assert names == ["a", "a/run", "b", "b/run", "c"]


def test_a_picture_that_is_named_itself_is_kept_and_read(store: Store, tmp_path: Path) -> None:
    picture = tmp_path / "photo.png"
    picture.write_bytes(SOUND_PNG)
    (bundle,) = add(store, picture).bundles
    assert bundle.params == {"format": "PNG", "mode": "RGB", "width": 4, "height": 2}
    assert bundle.tables["main"]["rows"] == 8
    assert bundle.files["photo.png"]["media"] == "image/png"


def test_the_file_that_cannot_be_read_is_named(store: Store, tmp_path: Path) -> None:
    (tmp_path / "good.csv").write_text("a\n1\n")
    (tmp_path / "torn.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(90))
    with pytest.raises(DataError) as caught:
        add(store, tmp_path)
    assert caught.value.where.endswith("torn.h5")
