"""The whole way of an add: a real confined child reads, the host keeps bytes it never looks at."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import logger2
from plotter2.datter.store import Store
from plotter2.errors import DataError, HostError
from plotter2.orchestrator import Orchestrator, Outcome, Task, TaskLimits
from plotter2.staging import AddReport
from plotter2.wire.codes import CPU_LIMIT
from plotter2.wire.messages import ReadJob
from reader_samples import DATA
from staging_samples import staged

pytestmark = pytest.mark.process
LIMITS = TaskLimits(wall_ms=60_000, cpu_ms=60_000, mem_mib=2048, out_mib=512)


@pytest.fixture(scope="module")
def orchestrator() -> Iterator[Orchestrator]:
    with Orchestrator() as running:
        yield running


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "root") as opened:
        yield opened


def add(
    orchestrator: Orchestrator, store: Store, *paths: Path, limits: TaskLimits = LIMITS
) -> AddReport:
    def submit(job: ReadJob, fds: tuple[int, ...]) -> Outcome:
        return orchestrator.submit(Task(job, fds, limits))

    return staged(paths, None, submit, store)


def test_twenty_five_runs_go_through_one_child(
    orchestrator: Orchestrator, store: Store, tmp_path: Path
) -> None:
    for number in range(25):
        folder = tmp_path / "sweep" / f"lr={number}_seed=0"
        shutil.copytree(DATA / "sklearn_sweep" / "lr=10_seed=0", folder)
        with (folder / "epochs.csv").open("a") as file:
            file.write(f"12,{number},1,1,1,1,1,1\n")
    add(orchestrator, store, DATA / "inflammation")  # the zygote is up
    report = add(orchestrator, store, tmp_path / "sweep")
    assert len(report.bundles) == 26
    assert store.schema_of("sweep/*/epochs").rows == 25 * 13
    assert store.verify("sweep/*/epochs") >= 25


def test_a_recorded_run_goes_through(
    orchestrator: Orchestrator, store: Store, tmp_path: Path
) -> None:
    with logger2.run("digits", {"lr": 0.1, "seed": 1}, axes=["lr"], dir=tmp_path) as run:
        for step in range(100):
            run.log(step, loss=1 / (step + 1))
    report = add(orchestrator, store, tmp_path / "digits")
    assert [bundle.name for bundle in report.bundles] == ["digits", "digits/lr=0.1,seed=1"]
    assert store.schema_of("digits/*").rows == 100


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("ragged.csv", b"a,b\n1,2\n3\n", "P2-D0844"),
        ("binary.csv", b"\x00\x01\x02", "P2-D0841"),
        ("empty.csv", b"", "P2-D0840"),
        ("no_rows.csv", b"a,b\n", "P2-D0835"),
        ("bad.jsonl", b'{"a": 1}\n{"a": \n', "P2-D0846"),
    ],
)
def test_bad_files_are_refused_with_their_own_message(
    orchestrator: Orchestrator, store: Store, tmp_path: Path, name: str, content: bytes, code: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError) as caught:
        add(orchestrator, store, tmp_path / name)
    assert caught.value.code == code
    assert name in caught.value.message
    assert caught.value.help
    assert store.list() == ()
    assert list(store.layout.temp.iterdir()) == []


def test_the_host_loads_no_library_that_could_parse_data() -> None:
    code = (
        "import sys, plotter2.staging, plotter2.datter.store;"
        "print([m for m in ('polars', 'numpy', 'csv', 'matplotlib', 'scipy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_file_at_which_a_library_never_ends_is_named(
    orchestrator: Orchestrator, store: Store
) -> None:
    short = TaskLimits(wall_ms=30_000, cpu_ms=1_000, mem_mib=2048, out_mib=64)
    with pytest.raises(HostError) as caught:
        add(orchestrator, store, DATA / "hdf5" / "endless.h5", limits=short)
    assert caught.value.code == CPU_LIMIT
    assert caught.value.where == "endless.h5"
