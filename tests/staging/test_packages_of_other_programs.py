"""Files of other programs travel in packages as they are, and bring there what adding them brings."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from plotter2.datter.bundle import Bundle
from plotter2.datter.store import Store
from plotter2.staging.intake import AddReport
from plotter2.staging.packing import Label, pack
from plotter2.staging.shipping import write_container
from reader_samples import DATA, read_here
from staging_samples import staged

LABEL = Label("2026-11-24", "13:05:00", "UTC", "ada", "plotter2")


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[tuple[Store, Store]]:
    with Store.open(tmp_path / "root") as one, Store.open(tmp_path / "other") as two:
        yield one, two


def add(store: Store, path: Path) -> AddReport:
    return staged([path], None, read_here, store)


def held(store: Store, report: AddReport) -> dict[str, Bundle]:
    return {each.name: store.bundle(each.id) for each in report.bundles}


def mixed(folder: Path) -> None:
    (folder / "run1").mkdir(parents=True)
    shutil.copy(DATA / "numpy" / "evaluations.npz", folder / "run1")
    shutil.copy(DATA / "hdf5" / "diabetes_sgd.h5", folder / "run1")
    np.save(folder / "run1" / "images.npy", np.zeros((2, 3, 4)))
    pl.DataFrame({"x": [1, 2]}).write_parquet(folder / "run1" / "late.parquet")
    (folder / "run1" / "notes.md").write_text("it went well")


@pytest.mark.parametrize(
    "what",
    ["trackers/mlflow", "trackers/wandb", "trackers/tensorboard/s0", "numpy", "mixed"],
)
def test_a_package_brings_what_adding_its_files_does(
    stores: tuple[Store, Store], tmp_path: Path, what: str
) -> None:
    folder = tmp_path / "exp"
    if what == "mixed":
        mixed(folder)
    else:
        shutil.copytree(DATA / what, folder, ignore=shutil.ignore_patterns("endless.h5"))
    package = tmp_path / "exp.p2b"
    write_container(pack([folder], None, LABEL).cargo, package)
    added, carried = (
        held(stores[0], add(stores[0], folder)),
        held(stores[1], add(stores[1], package)),
    )
    assert sorted(added) == sorted(carried)
    for name, one in added.items():
        two = carried[name]
        assert (one.tables, one.arrays, one.files) == (two.tables, two.arrays, two.files)
        assert (one.params, one.repeat, one.axes) == (two.params, two.repeat, two.axes)
    again = add(stores[0], package)
    assert {bundle.outcome for bundle in again.bundles} == {"already there"}
