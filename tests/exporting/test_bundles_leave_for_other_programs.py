"""Bundles as CSV, Parquet and NPZ files, as a Frictionless data package and as an RO-Crate."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
import polars as pl
import pytest

from commandline import p2, p2_json
from plotter2.cli.packages import FORMATS
from plotter2.config.settings import settings
from plotter2.datter.adding import Draft
from plotter2.datter.bundle import Column, Table
from plotter2.datter.locks import PATIENCE_S
from plotter2.datter.store import Store
from plotter2.exporting import tables
from plotter2.exporting.wanted import Exported, ToExport
from plotter2.host.host import Host

pytestmark = pytest.mark.process

LINES = [
    {"step": 0, "loss": 1.5, "word": 'é, "q"', "flag": True, "count": 3},
    {"step": 1, "loss": None, "word": None, "flag": None, "count": None},
    {"step": 2, "loss": math.inf, "word": "x", "flag": False, "count": 2**53},
]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a root with the bundle `lab/study`: a table of its own, and two runs below it."""
    folder = tmp_path_factory.mktemp("made")
    write_lines(folder / "own" / "all.jsonl", LINES)
    p2_json(folder / "root", "add", folder / "own" / "all.jsonl", "--name", "lab/study")
    for run in ("run1", "run2"):
        write_lines(folder / run / "steps.jsonl", LINES[:2])
        write_lines(folder / run / "notes.jsonl", [{"n": 1}])
        (folder / run / "config.json").write_text(json.dumps({"lr": 0.5, "name": run}))
        p2_json(folder / "root", "add", folder / run, "--name", f"lab/study/{run}")
    return folder / "root"


@pytest.fixture(scope="module")
def host(root: Path) -> Iterator[Host]:
    with Host(settings(root)) as host:
        yield host


def export(host: Host, bundle: str, form: str, to: Path, *, attempts: bool = False) -> Exported:
    module, _, name = FORMATS[form][0].partition(":")
    write = getattr(import_module(f"plotter2.exporting.{module}"), name)
    return host.export(write, ToExport(bundle, to, attempts))


def write_lines(path: Path, lines: list[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


def files_in(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def test_each_bundle_is_a_folder_with_a_file_for_each_table(host: Host, tmp_path: Path) -> None:
    to = tmp_path / "out"
    told = export(host, "lab/study", "csv", to)
    inside = ["bundle.json", "notes.csv", "steps.csv"]
    expected = ["bundle.json", "main.csv", *(f"run{n}/{name}" for n in (1, 2) for name in inside)]
    assert files_in(to) == sorted(expected)
    assert (told.bundles, told.files) == (3, len(expected))
    about = json.loads((to / "run1" / "bundle.json").read_text())
    assert about["params"] == {"lr": 0.5, "name": "run1"}
    assert about["tables"]["steps"]["file"] == "steps.csv"
    assert [c["name"] for c in about["tables"]["steps"]["columns"]] == list(LINES[0])


def test_csv_values_come_back(host: Host, tmp_path: Path) -> None:
    to = tmp_path / "out"
    export(host, "lab/study", "csv", to)
    assert pl.read_csv(to / "main.csv").rows(named=True) == LINES
    assert (to / "main.csv").read_bytes().splitlines()[2] == b"1,,,,"


def test_parquet_values_and_types_come_back(host: Host, tmp_path: Path) -> None:
    export(host, "lab/study", "parquet", tmp_path / "out")
    found = pl.read_parquet(tmp_path / "out" / "main.parquet")
    assert found.rows(named=True) == LINES
    assert found.schema["step"] == pl.Int64
    assert found.schema["flag"] == pl.Boolean


def test_npz_holds_an_array_for_each_column_and_says_what_is_missing(
    host: Host, tmp_path: Path
) -> None:
    export(host, "lab/study", "npz", tmp_path / "out")
    with np.load(tmp_path / "out" / "main.npz", allow_pickle=False) as found:
        assert found["step"].tolist() == [0, 1, 2]
        assert found["loss"][0] == 1.5
        assert np.isnan(found["loss"][1])
        assert found["word"].tolist() == ['é, "q"', "", "x"]
        assert found["count"].tolist() == [3, 0, 2**53]
        for name in ("loss", "word", "flag", "count"):
            assert found[f"{name}.missing"].tolist() == [False, True, False]
        assert "step.missing" not in found


def test_the_same_bundle_gives_the_same_bytes(host: Host, tmp_path: Path) -> None:
    for form in ("csv", "parquet", "npz", "frictionless", "ro-crate"):
        for place in ("a", "b"):
            (tmp_path / place).mkdir(exist_ok=True)
            export(host, "lab/study", form, tmp_path / place / form)
        for name in files_in(tmp_path / "a" / form):
            one, other = ((tmp_path / place / form / name).read_bytes() for place in ("a", "b"))
            assert one == other, (form, name)


def test_one_table_is_one_file_when_a_file_is_named(host: Host, root: Path, tmp_path: Path) -> None:
    export(host, "lab/study/run1", "csv", tmp_path / "two.csv")
    assert (tmp_path / "two.csv").is_dir()  # it has two tables
    write_lines(tmp_path / "one.jsonl", LINES)
    p2_json(root, "add", tmp_path / "one.jsonl", "--name", "alone")
    told = export(host, "alone", "parquet", tmp_path / "one.parquet")
    assert told.files == 1
    assert pl.read_parquet(tmp_path / "one.parquet").height == 3


def test_what_is_there_is_kept(root: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("mine")
    for form in ("csv", "ro-crate", "frictionless"):
        done = p2(root, "export", "lab/study", "--as", form, "-o", tmp_path / "out")
        assert done.code != 0
        assert "P2-D0899" in done.err
    assert files_in(tmp_path) == ["out/mine"]


def test_a_data_package_types_each_column(host: Host, tmp_path: Path) -> None:
    to = tmp_path / "out"
    told = export(host, "lab/study", "frictionless", to)
    assert any("licence" in note for note in told.notes)
    package = json.loads((to / "datapackage.json").read_text())
    assert package["profile"] == "tabular-data-package"
    names = [resource["name"] for resource in package["resources"]]
    assert len(set(names)) == len(names) == 5
    for resource in package["resources"]:
        data = (to / resource["path"]).read_bytes()
        assert resource["hash"] == f"sha256:{hashlib.sha256(data).hexdigest()}"
        assert resource["bytes"] == len(data)
        header = data.split(b"\n", 1)[0].decode().split(",")
        assert [field["name"] for field in resource["schema"]["fields"]] == header
    (own,) = (r for r in package["resources"] if r["path"] == "main.csv")
    assert [f["type"] for f in own["schema"]["fields"]] == [
        "integer", "number", "string", "boolean", "integer",
    ]  # fmt: skip
    assert own["schema"]["fields"][0]["constraints"] == {"required": True}
    assert "constraints" not in own["schema"]["fields"][1]


def test_a_crate_describes_each_file_and_nothing_points_nowhere(host: Host, tmp_path: Path) -> None:
    to = tmp_path / "out"
    export(host, "lab/study", "ro-crate", to)
    crate = json.loads((to / "ro-crate-metadata.json").read_text())
    entities = {entity["@id"]: entity for entity in crate["@graph"]}
    assert len(entities) == len(crate["@graph"])
    assert entities["ro-crate-metadata.json"]["about"] == {"@id": "./"}
    outside = {"https://w3id.org/ro/crate/1.1"}
    assert set(pointed_at(crate["@graph"])) - outside <= set(entities)
    assert {unquote(name) for name, e in entities.items() if e["@type"] == "File"} == {
        name for name in files_in(to) if name.endswith(".csv")
    }
    for name, entity in entities.items():
        if entity["@type"] == "File":
            assert hashlib.sha256((to / unquote(name)).read_bytes()).hexdigest() == entity["sha256"]
    assert {part["@id"] for part in entities["./"]["hasPart"]} == {"main.csv", "run1/", "run2/"}
    params = [entities[p["@id"]] for p in entities["run1/"]["additionalProperty"]]
    assert {p["name"]: p["value"] for p in params} == {"lr": 0.5, "name": "run1"}


def test_arrays_leave_with_what_they_lie_along(tmp_path: Path) -> None:
    root = tmp_path / "root"
    p2_json(root, "add", Path(__file__).parents[1] / "data" / "hdf5" / "weather.nc")
    with Host(settings(root)) as host:
        for form in ("csv", "ro-crate", "frictionless"):
            export(host, "weather", form, tmp_path / form)
    assert np.load(tmp_path / "csv" / "coordinates" / "lat.npy").tolist() == [-45, 0, 45]
    lat = {"name": "lat", "unit": "degrees_north", "coordinate": "coordinates/lat.npy"}
    described = json.loads((tmp_path / "csv" / "bundle.json").read_text())
    assert described["arrays"]["T"]["axes"][1] == lat
    assert described["arrays"]["time_bnds"]["axes"][1] == {"name": "nv"}
    package = json.loads((tmp_path / "frictionless" / "datapackage.json").read_text())
    (field,) = (r for r in package["resources"] if r["path"] == "T.npy")
    assert field["axes"][1] == lat
    graph = json.loads((tmp_path / "ro-crate" / "ro-crate-metadata.json").read_text())["@graph"]
    entities = {entity["@id"]: entity for entity in graph}
    assert len(entities) == len(graph)
    assert set(pointed_at(graph)) - {"https://w3id.org/ro/crate/1.1"} <= set(entities)
    said = entities[entities["T.npy"]["variableMeasured"][1]["@id"]]
    assert said["valueReference"] == {"@id": "coordinates/lat.npy"}
    assert (said["name"], said["unitText"]) == ("lat", "degrees_north")


def pointed_at(value: Any) -> list[str]:
    if isinstance(value, list):
        return [name for one in value for name in pointed_at(one)]
    if not isinstance(value, dict):
        return []
    if set(value) == {"@id"}:
        return [value["@id"]]
    return [name for one in value.values() for name in pointed_at(one)]


def test_older_attempts_have_folders_of_their_own(host: Host, root: Path, tmp_path: Path) -> None:
    write_lines(tmp_path / "one.jsonl", LINES[:1])
    p2_json(root, "add", tmp_path / "one.jsonl", "--name", "twice")
    write_lines(tmp_path / "one.jsonl", LINES[:2])
    p2_json(root, "add", tmp_path / "one.jsonl", "--name", "twice")
    for form in ("csv", "ro-crate"):
        export(host, "twice", form, tmp_path / form, attempts=True)
        assert pl.read_csv(tmp_path / form / "twice" / "main.csv").height == 1
        assert pl.read_csv(tmp_path / form / "twice-attempt-2" / "main.csv").height == 2
    crate = json.loads((tmp_path / "ro-crate" / "ro-crate-metadata.json").read_text())
    (top,) = (e for e in crate["@graph"] if e["@id"] == "./")
    assert {p["@id"] for p in top["hasPart"]} == {"twice/", "twice-attempt-2/"}


def test_names_that_differ_in_case_or_are_taken_get_numbers(tmp_path: Path) -> None:
    empty = Table(rows=0, columns=(Column(name="n", kind="null", nullable=True),))
    streams = {"Steps": empty, "steps": empty, "a/b": empty, "..": empty}
    with Store.open(tmp_path / "root") as store, store.adding() as adding:
        drafts = [Draft("odd", tables=streams), Draft("odd/steps.csv", tables={"main": empty})]
        adding.commit(drafts, PATIENCE_S)
    with Host(settings(tmp_path / "root")) as host:
        found = host.export(tables.csv, ToExport("odd", tmp_path / "out"))
    assert found.files == 7
    names = files_in(tmp_path / "out")
    assert len({name.lower() for name in names}) == 7
    assert not [name for name in names if ".." in name.split("/")]


def test_an_unknown_bundle_is_told(root: Path, tmp_path: Path) -> None:
    done = p2(root, "export", "nothing-there", "--as", "csv", "-o", tmp_path / "out")
    assert "P2-D0810" in done.err
    assert not (tmp_path / "out").exists()


def test_nothing_is_left_when_a_column_is_damaged(tmp_path: Path) -> None:
    write_lines(tmp_path / "one.jsonl", LINES)
    p2_json(tmp_path / "root", "add", tmp_path / "one.jsonl", "--name", "one")
    victim = max((tmp_path / "root" / "source" / "objects").rglob("??/*"))
    victim.chmod(0o644)
    victim.write_bytes(b"x" * victim.stat().st_size)
    done = p2(tmp_path / "root", "export", "one", "--as", "csv", "-o", tmp_path / "out")
    assert done.code != 0
    assert "P2-" in done.err
    assert "Traceback" not in done.err
    assert not [path for path in tmp_path.iterdir() if "out" in path.name]
