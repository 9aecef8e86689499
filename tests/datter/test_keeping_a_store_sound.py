"""fsck, scrub, gc, quarantine, and runs whose process died."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from datter_samples import PATIENCE_S, add_run, add_sweep, begun, curve
from plotter2.datter import quarantine
from plotter2.datter.auditing import audit
from plotter2.datter.collecting import GRACE_S, object_files
from plotter2.datter.locks import locked
from plotter2.datter.objects import Incoming
from plotter2.datter.scrubbing import scrub
from plotter2.datter.store import Store
from plotter2.errors import DataError


def overwrite(path: Path, data: bytes) -> None:
    path.chmod(0o644)
    path.write_bytes(data)


def flip_a_bit(path: Path, generator: random.Random) -> None:
    data = bytearray(path.read_bytes())
    data[generator.randrange(len(data))] ^= 1 << generator.randrange(8)
    overwrite(path, bytes(data))


def age(path: Path) -> None:
    old = time.time() - 2 * GRACE_S
    os.utime(path, (old, old))


# ------------------------------------------------------------ scrub and quarantine
def test_every_flipped_bit_in_200_objects_is_detected(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        add_sweep(store, "exp", 210)
        files = object_files(store.layout)
        assert scrub(store.layout).damaged == ()
        generator = random.Random(7)
        hurt = sorted(generator.sample(files, 200))
        for path in hurt:
            flip_a_bit(path, generator)
        assert sorted(scrub(store.layout).damaged) == hurt
        thirtieths = [scrub(store.layout, (n, 30)) for n in range(1, 31)]
        assert sum(part.objects for part in thirtieths) == len(files)
        assert sorted(path for part in thirtieths for path in part.damaged) == hurt


def test_damage_that_is_set_aside_is_healed_by_adding_again(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        add_sweep(store, "exp", 3)
        path = object_files(store.layout)[0]
        flip_a_bit(path, random.Random(1))
        (item,) = scrub(store.layout, set_aside=True).aside
        assert (item.kind, item.name) == ("object", path.name)
        assert not path.exists()
        (problem,) = audit(tmp_path, PATIENCE_S).problems
        assert problem.code == "P2-D0816"
        assert "exp/run" in problem.message
        add_sweep(store, "exp", 3)
        assert scrub(store.layout).damaged == ()
        assert audit(tmp_path, PATIENCE_S).problems == ()
        with pytest.raises(DataError) as caught:
            quarantine.release(store.layout, item.id)
        assert caught.value.code == "P2-D0827"
        quarantine.drop(store.layout, item.id)
        assert quarantine.listed(store.layout) == ()


def test_only_right_bytes_are_released(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        add_sweep(store, "exp", 3)
        path = object_files(store.layout)[0]
        whole = path.read_bytes()
        flip_a_bit(path, random.Random(1))
        (item,) = scrub(store.layout, set_aside=True).aside
        with pytest.raises(DataError) as caught:
            quarantine.release(store.layout, item.id)
        assert caught.value.code == "P2-D0829"
        overwrite(item.file, whole)
        quarantine.release(store.layout, item.id.lower())
        assert path.read_bytes() == whole
        assert audit(tmp_path, PATIENCE_S).problems == ()
        with pytest.raises(DataError) as caught:
            quarantine.find(store.layout, item.id)
        assert caught.value.code == "P2-D0828"


@pytest.mark.parametrize("item", ["", "..", "../objects", "x" * 26, "01M8633SYAZZ2HS115MPGX0MCR"])
def test_an_item_that_is_not_there_is_refused(tmp_path: Path, item: str) -> None:
    with Store.open(tmp_path) as store, pytest.raises(DataError) as caught:
        quarantine.drop(store.layout, item)
    assert caught.value.code == "P2-D0828"


# ------------------------------------------------------------ fsck
def test_fsck_names_each_kind_of_damage(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        add_sweep(store, "exp", 3)
        layout = store.layout
        store._registry._run("UPDATE bundles SET name='wrong' WHERE name='exp/run1'", ())
    assert [p.code for p in audit(tmp_path, PATIENCE_S).problems] == ["P2-D0806"]
    (layout.registry / "registry.db").write_bytes(b"no database" * 999)
    assert [p.code for p in audit(tmp_path, PATIENCE_S).problems] == ["P2-D0806"]
    object_files(layout)[0].unlink()
    overwrite(object_files(layout)[0], b"short")
    codes = [p.code for p in audit(tmp_path, PATIENCE_S).problems]
    assert codes == ["P2-D0806", "P2-D0816", "P2-D0816"]
    bundle = next(path for path in layout.source.glob("0*/bundle.json"))
    overwrite(bundle, b"{}")
    assert "P2-D0817" in [p.code for p in audit(tmp_path, PATIENCE_S).problems]
    event = next(layout.commits.iterdir())
    overwrite(event, b"{}")
    assert {p.code for p in audit(tmp_path, PATIENCE_S).problems} == {"P2-D0817"}


# ------------------------------------------------------------ gc
def test_gc_tells_first_and_removes_only_what_is_old_and_not_needed(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        add_sweep(store, "exp", 3)
        store.archive("exp/run1")
        needed = set(object_files(store.layout))
        for path in needed:
            age(path)
        left = store.layout.objects / "ab" / ("ab" * 32)
        young = store.layout.objects / "ab" / ("ab" * 31 + "cd")
        folder = store.layout.source / store.new_id()
        left.parent.mkdir(exist_ok=True)
        folder.mkdir()
        for path in (left, young, folder / "bundle.json"):
            path.write_bytes(b"left by a dead process")
        for path in (left, folder):
            age(path)
        found = store.garbage(GRACE_S, remove=False)
        assert (found.objects, found.folders, found.young) == ((left,), (folder,), 1)
        assert left.exists()
        store.garbage(GRACE_S, remove=True)
        assert set(object_files(store.layout)) == needed | {young}
        assert not folder.exists()
        store.garbage(0, remove=True)
        assert set(object_files(store.layout)) == needed
        assert audit(tmp_path, PATIENCE_S).problems == ()


def test_gc_keeps_every_object_when_nobody_can_say_what_is_needed(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        add_sweep(store, "exp", 3)
        (row,) = store.find("exp/run1")
        overwrite(store.layout.bundle_file(row.id), b"{}")
        found = store.garbage(0, remove=True)
        assert (found.unreadable, found.count) == (1, 0)
        assert found.kept >= 1
        assert len(object_files(store.layout)) == 4


def test_what_an_add_relies_on_is_young_again(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store, store.adding() as adding:
        (path,) = [store.layout.object_file(add_object(store, b"values"))]
        age(path)
        adding.put(b"values")
        assert store.garbage(GRACE_S, remove=True).objects == ()
        path.unlink()
        with pytest.raises(DataError) as caught:
            adding.commit([], PATIENCE_S)
        assert caught.value.code == "P2-D0816"


def add_object(store: Store, data: bytes) -> str:
    folder = store.layout.temp / "by-hand"
    folder.mkdir()
    incoming = Incoming(store.layout, folder)
    digest, _ = incoming.put(data)
    incoming.publish()
    shutil.rmtree(folder)
    return digest


# ------------------------------------------------------------ runs, locks, roots to read
RUNNER = """
import sys, time
from plotter2.datter.bodies import Run
from plotter2.datter.requested import Asking
from plotter2.datter.store import Store
store = Store.open(sys.argv[1])
work = store.begin(Asking("run", "x.p2", Run(script="x.p2", sha256="")), 60)
work.begin_run(store.new_id(), "x.p2", {"script": "x.p2"})
print("started", flush=True)
time.sleep(60)
"""


@pytest.mark.process
def test_a_run_whose_process_was_killed_is_broken_off_at_the_next_start(tmp_path: Path) -> None:
    command = [sys.executable, "-c", RUNNER, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        with Store.open(tmp_path) as store:
            assert [run.state for run in store.runs()] == ["started"]
        process.kill()
    with Store.open(tmp_path) as store:
        (run,) = store.runs()
        assert run.state == "broken off"
        assert run.record["error"]["code"] == "P2-H0920"
        assert run.record["script"] == "x.p2"
        assert list(store.layout.temp.iterdir()) == []


def test_a_run_that_lives_in_another_store_of_the_root_goes_on(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        with begun(store) as work:
            work.begin_run(store.new_id(), "x.p2", {})
            Store.open(tmp_path).close()
            work.done_run({}, lambda: None, "x.p2", 1)
        assert [run.state for run in store.runs()] == ["done"]
        assert list(store.layout.temp.iterdir()) == []


HOLDER = """
import sys, time
from pathlib import Path
from plotter2.datter.locks import locked
with locked(Path(sys.argv[1]), 1):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.mark.process
def test_who_holds_the_store_is_told_to_who_waits(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLDER, str(tmp_path / "lock")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        with pytest.raises(DataError) as caught, locked(tmp_path / "lock", 0.05):
            pass
        process.kill()
    assert caught.value.code == "P2-D0808"
    assert f"process {process.pid} on {os.uname().nodename} since " in caught.value.message
    with locked(tmp_path / "lock", 0.05):
        pass


def times_of(folder: Path) -> dict[Path, int]:
    """Give when each file was changed, but for SQLite's own: it may write here after all."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path: path.stat().st_mtime_ns for path in files if path.suffix != ".db-shm"}


def test_a_root_that_may_only_be_read_can_be_listed_and_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "root"
    with Store.open(root) as store:
        add_sweep(store, "exp", 3)
        before, schema = store.list(), store.schema_of("exp/*")
        copied = tmp_path / "with-a-log"
        shutil.copytree(root, copied, ignore=shutil.ignore_patterns("*-shm"))
    lacking = tmp_path / "without-registry"
    shutil.copytree(root, lacking, ignore=shutil.ignore_patterns("registry.db*"))
    monkeypatch.setattr(os, "access", lambda *_: False)
    for folder in (root, copied, lacking):
        files = times_of(folder)
        with Store.open_to_read(folder) as store:
            assert (store.list(), store.schema_of("exp/*")) == (before, schema)
        assert audit(folder, PATIENCE_S).problems == ()
        assert times_of(folder) == files
    with pytest.raises(DataError) as caught:
        Store.open(root)
    assert caught.value.code == "P2-D0802"


def test_attempts_are_kept_by_an_archive_of_the_newest(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        add_run(store, "exp")
        add_run(store, "exp", curve(9))
        store.archive("exp")
        third = add_run(store, "exp", curve(11))
        assert (third.attempt, store.find("exp")[0].id) == (3, third.id)
