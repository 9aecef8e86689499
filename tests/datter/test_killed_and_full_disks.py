"""kill -9 at random moments, a full disk, a disk that fails: whole or absent, and adding again works."""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from datter_samples import (
    PATIENCE_S,
    add_run,
    add_sweep,
    begun,
    curve,
    published,
    published_run,
    recorded_run,
    table,
)
from plotter2.datter import durable, registry
from plotter2.datter.adding import Draft
from plotter2.datter.auditing import audit
from plotter2.datter.bodies import Add
from plotter2.datter.living import Work
from plotter2.datter.output import Artefact
from plotter2.datter.rebuild import rebuild
from plotter2.datter.store import Store
from plotter2.errors import DataError
from plotter2.relay.source import moment_of

ADDER = Path(__file__).with_name("killed_adder.py")


def source_files(store: Store) -> set[str]:
    return {str(path) for path in store.layout.source.rglob("*") if path.is_file()}


def assert_whole_or_absent(store: Store) -> set[str]:
    names = {line.bundle.name for line in store.list()}
    for experiment in {name.split("/")[0] for name in names}:
        assert {n for n in names if n.startswith(experiment + "/")} == {
            f"{experiment}/run{number}" for number in range(4)
        }
        store.verify(f"{experiment}/*")
        store.bind(f"{experiment}/*", ["step", "loss"])
        for row in store.find(f"{experiment}/*"):
            store.bundle(row.id)
    return {name for name in names if "/" not in name}


@pytest.mark.process
@pytest.mark.slow
def test_a_process_killed_while_adding_leaves_bundles_whole_or_absent(tmp_path: Path) -> None:
    generator = random.Random(20)
    acknowledged: set[str] = set()
    landed = 0
    for turn in range(25):
        command = [sys.executable, str(ADDER), str(tmp_path), str(turn * 1000), "1000000"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            begun = process.stdout.readline()
            time.sleep(generator.uniform(0, 0.06))
            process.send_signal(signal.SIGKILL)
            told = begun + process.stdout.read()
        done = {f"exp{line.split()[1]}" for line in told.splitlines() if line.startswith("done")}
        acknowledged |= done
        landed += len(told.splitlines()) > 2 * len(done)
        with Store.open(tmp_path) as store:
            assert acknowledged <= assert_whole_or_absent(store)
            assert list(store.layout.temp.iterdir()) == []
            store.check()
            begun_last = told.splitlines()[-1].split()[1]
            outcomes = {entered.outcome for entered in add_sweep(store, f"exp{begun_last}", 4)}
            assert outcomes in ({"added"}, {"already there"})
            acknowledged.add(f"exp{begun_last}")
    assert landed >= 10, "too few kills came while an add was under way"
    assert rebuild(tmp_path, PATIENCE_S).runs_kept
    with Store.open(tmp_path) as store:
        assert acknowledged <= assert_whole_or_absent(store)


def test_an_add_that_died_between_its_event_and_the_registry_is_finished_at_the_next_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def died(*_: object) -> None:
        raise KeyboardInterrupt

    with Store.open(tmp_path) as store:
        monkeypatch.setattr(registry.Registry, "add", died)
        with pytest.raises(KeyboardInterrupt):
            add_sweep(store, "exp", 2)
        monkeypatch.undo()
        assert store.list() == ()
    with Store.open(tmp_path) as store:
        assert {line.bundle.name for line in store.list()} == {"exp", "exp/run0", "exp/run1"}
        assert {entered.outcome for entered in add_sweep(store, "exp", 2)} == {"already there"}


# ------------------------------------------------------------ every step of an add may fail
class FailingDisk:
    """Lets the n-th call of a kind fail with an error, once; counts the calls."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, kind: str, error: int) -> None:
        self._original = getattr(os, kind)
        self._error = error
        self._lock = threading.Lock()
        self.fail_at = -1
        self.calls = 0
        monkeypatch.setattr(durable.os, kind, self)

    def __call__(self, *arguments: object, **options: object) -> object:
        with self._lock:
            self.calls += 1
            fails = self.calls == self.fail_at
        if fails:
            raise OSError(self._error, os.strerror(self._error))
        return self._original(*arguments, **options)


@pytest.mark.parametrize(
    ("kind", "error", "code"),
    [
        ("write", errno.ENOSPC, "P2-D0801"),
        ("link", errno.ENOSPC, "P2-D0801"),
        ("fsync", errno.EIO, "P2-D0803"),
        ("fsync", errno.ENOSPC, "P2-D0801"),
    ],
)
def test_whatever_call_fails_nothing_is_left_and_adding_again_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, error: int, code: str
) -> None:
    with Store.open(tmp_path / "count") as store:
        disk = FailingDisk(monkeypatch, kind, error)
        add_sweep(store, "exp", 2)
        calls = disk.calls
        monkeypatch.undo()
    assert calls >= 4
    for number in range(1, calls + 1):
        with Store.open(tmp_path / "root") as store:
            before = source_files(store)
            disk = FailingDisk(monkeypatch, kind, error)
            disk.fail_at = number
            with pytest.raises(DataError) as caught:
                add_sweep(store, "exp", 2)
            monkeypatch.undo()
            assert caught.value.code == code
            assert source_files(store) == before
            assert list(store.layout.temp.iterdir()) == []
            assert store.list() == ()
    with Store.open(tmp_path / "root") as store:
        assert {entered.outcome for entered in add_sweep(store, "exp", 2)} == {"added"}


def test_a_failed_sync_is_not_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = FailingDisk(monkeypatch, "fsync", errno.EIO)
    disk.fail_at = 1
    with pytest.raises(DataError) as caught:
        durable.write_new(tmp_path / "file", (b"bytes",))
    assert caught.value.code == "P2-D0803"
    assert disk.calls == 1
    assert list(tmp_path.iterdir()) == []


def test_short_writes_are_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    original = os.write
    monkeypatch.setattr(durable.os, "write", lambda fd, data: original(fd, data[:3]))
    durable.write_new(tmp_path / "file", (b"0123456789", b"abcdef"))
    assert (tmp_path / "file").read_bytes() == b"0123456789abcdef"


def test_a_file_is_replaced_whole_or_stays_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    final = tmp_path / "settings"
    (tmp_path / ".settings.new").write_bytes(b"left by a dead process")
    durable.replace(final, b"first")
    assert final.read_bytes() == b"first"
    disk = FailingDisk(monkeypatch, "fsync", errno.EIO)
    disk.fail_at = 1
    with pytest.raises(DataError):
        durable.replace(final, b"second")
    assert final.read_bytes() == b"first"
    assert {path.name for path in tmp_path.iterdir()} == {"settings", ".settings.new"}


# ------------------------------------------------------------ a disk that is really full
def put_much(store: Store) -> None:
    with store.adding() as adding:
        for number in range(100):
            adding.put(bytes([number]) * 100_000)


def fill_up(ballast: Path) -> None:
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))


def refusal_of_a_sweep(store: Store) -> str:
    try:
        add_sweep(store, "exp", 3)
    except DataError as error:
        return error.code
    return ""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    mount = shutil.which("mount")
    if os.geteuid() != 0 or mount is None:
        pytest.skip("mounting a small file system needs root")
    folder = tmp_path / "small"
    folder.mkdir()
    command = [mount, "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(folder)]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    if made.returncode:
        pytest.skip(f"this machine does not let root mount a tmpfs: {made.stderr.strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_is_said_clearly_and_leaves_nothing(small_disk: Path) -> None:
    with Store.open(small_disk / "root") as store:
        add_run(store, "exp/a")
        before = source_files(store)
        with pytest.raises(DataError) as caught:
            put_much(store)
        assert caught.value.code == "P2-D0801"
        assert "free some space" in caught.value.help
        assert source_files(store) == before
        add_run(store, "exp/b")
        assert len(store.describe("exp/*").parts) == 2


def test_a_disk_that_is_full_to_the_last_page_loses_no_bundle(small_disk: Path) -> None:
    with Store.open(small_disk / "root") as store:
        add_run(store, "exp/a")
        ballast = small_disk / "ballast"
        full = 0
        for free_kib in (0, 4, 8, 16, 24, 32, 48, 64, 96, 128):
            fill_up(ballast)
            os.truncate(ballast, max(0, ballast.stat().st_size - free_kib * 1024))
            names = {line.bundle.name for line in store.list()}
            if refusal_of_a_sweep(store) == "P2-D0801":
                full += 1
                assert {line.bundle.name for line in store.list()} == names
        assert full >= 1
        ballast.unlink()
    with Store.open(small_disk / "root") as store:
        add_sweep(store, "exp", 3)
        assert store.verify("exp/*") > 0
        assert len(store.describe("exp/*").parts) == 4


def test_a_full_disk_can_be_looked_at(small_disk: Path) -> None:
    with Store.open(small_disk / "root") as store:
        add_run(store, "exp/a")
    fill_up(small_disk / "ballast")
    with pytest.raises(DataError, match="the disk is full"):
        Store.open(small_disk / "root")
    with Store.open_to_read(small_disk / "root") as store:
        assert [line.bundle.name for line in store.list()] == ["exp/a"]
        assert store.verify("exp/a") > 0
        with moment_of(store) as source:
            assert {item.kind for item in source.items()} >= {
                "object",
                "bundle",
                "event",
                "registry",
            }
    assert audit(small_disk / "root", PATIENCE_S, deep=True).problems == ()


def test_what_nobody_needs_can_be_removed_from_a_full_disk(small_disk: Path) -> None:
    root = small_disk / "root"
    with Store.open(root) as store:
        add_run(store, "exp/a")
        run = recorded_run(store, {})
        kept = published(store, run, [Artefact("a", "png", b"1")])[0]
        loose = store.layout.object_file("ab" * 32)
        loose.parent.mkdir(exist_ok=True)
        loose.write_bytes(bytes(200_000))
    fill_up(small_disk / "ballast")
    with pytest.raises(DataError, match="the disk is full"):
        Store.open(root)
    with Store.open_to_read(root) as store:
        assert store.garbage(0, remove=False).objects == (loose,)
    with Store.open_to_free(root) as store:
        assert store.garbage(0, remove=True).objects == (loose,)
    with Store.open(root) as store:
        assert store.runs()[0].id == run
        add_run(store, "exp/b")
        assert store.verify("exp/*") > 0
    assert kept.exists()


def test_artefacts_appear_all_or_none_when_the_disk_is_full(small_disk: Path) -> None:
    with Store.open(small_disk / "root") as store:
        run = store.new_id()
        good = Artefact("curve", "png", b"png")
        with pytest.raises(DataError) as caught:
            published(store, run, [good, Artefact("big", "pdf", bytes(9_000_000))])
        assert caught.value.code == "P2-D0801"
        assert list(store.layout.output.iterdir()) == []
        assert list(store.layout.temp.iterdir()) == []
        (path,) = published(store, run, [good])
        assert path.read_bytes() == b"png"


def test_what_finds_no_room_is_not_asked_and_what_is_asked_is_kept(small_disk: Path) -> None:
    with Store.open(small_disk / "root") as store:
        kept: set[str] = set()
        with pytest.raises(DataError) as caught:
            ask_for_ever(store, kept)
        assert caught.value.code == "P2-D0801"
        assert {request.id for request in store.requests.listed(limit=-1)} == kept
    grow(small_disk)
    with Store.open(small_disk / "root") as store:
        assert {request.id for request in store.requests.listed(limit=-1)} == kept
        store.check()


def ask_for_ever(store: Store, kept: set[str]) -> None:
    for number in itertools.count():
        kept.add(store.requests.ask("add", f"{number}", Add(paths=("x" * 1_000,))).id)


def test_an_end_that_finds_no_room_is_written_before_the_next_work(small_disk: Path) -> None:
    with Store.open(small_disk / "root") as store:
        work = begun(store, key="key")
        run = store.new_id()
        work.begin_run(run, "x.p2", {})
        with pytest.raises(DataError) as caught:
            end_at_length(store, work, small_disk / "ballast")
        assert caught.value.code == "P2-D0801"
        assert store.requests.find("key").state == "leased"
        grow(small_disk)
        with begun(store, key="key") as again:
            shown = published_run(store, again)
        assert [path.name for path in store.layout.output.iterdir()] == [shown]
        assert [(r.id, r.state) for r in store.runs()] == [(shown, "done"), (run, "failed")]
        assert store.requests.find("key").crashes == 1
        assert list(store.layout.temp.iterdir()) == []


def end_at_length(store: Store, work: Work, ballast: Path) -> None:
    with work:
        fill_up(ballast)
        work.done({"much": "x" * 100_000})


def grow(disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,size=30m", str(disk)], check=True)


# ------------------------------------------------------------ a root that may not be written
def test_a_root_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "root").write_text("not a folder")
    with pytest.raises(DataError) as caught:
        Store.open(tmp_path / "root")
    assert caught.value.code == "P2-D0804"
    assert "--root" in caught.value.help


def test_a_root_on_a_read_only_disk_is_refused_with_a_remedy(small_disk: Path) -> None:
    Store.open(small_disk / "old").close()
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    for root in ("old", "new"):
        with pytest.raises(DataError) as caught:
            Store.open(small_disk / root)
        assert caught.value.code == "P2-D0802"
        assert "--root" in caught.value.help


def test_a_table_added_after_a_refused_one_is_whole(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        with contextlib.suppress(ZeroDivisionError), store.adding() as adding:
            table(adding, curve())
            raise ZeroDivisionError
        with store.adding() as adding:
            made = table(adding, curve())
            adding.commit([Draft(name="exp", tables={"main": made})], PATIENCE_S)
        assert store.verify("exp") == 2


@pytest.mark.process
def test_processes_that_add_the_same_at_once_agree(tmp_path: Path) -> None:
    command = [sys.executable, str(ADDER), str(tmp_path), "0", "12"]
    adders = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(3)]
    for adder in adders:
        adder.communicate(timeout=60)
        assert adder.returncode == 0
    with Store.open(tmp_path) as store:
        assert len(assert_whole_or_absent(store)) == 12
        assert {line.bundle.attempt for line in store.list()} == {1}
        assert len(list(store.layout.commits.iterdir())) == 12
